"""Conversations to the store: the known ones passed over, the others scored, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from app.ingest import Ingested
from app.store import LOCAL, DatabaseUnavailableError, Saved, Scope, Store
from multimodal.conversation import Conversation
from multimodal.errors import (
    EmotionMonitorError,
    InputFileError,
    InvalidInputError,
    OutputError,
)
from multimodal.pipeline import BATCH_CONVERSATIONS, EmotionMonitor


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one conversation of a file.

    Attributes:
        path: The file.
        id: Its number in the store, None where it is not there.
        outcome: `created`, `rescored` or `unchanged`, empty where it is not there.
        turns: How many turns it has.
        error: Why it is not there, None where it is.
    """

    path: Path
    id: int | None = None
    outcome: str = ""
    turns: int = 0
    error: EmotionMonitorError | None = None


def store_all(
    items: Iterable[Ingested],
    store: Store,
    monitor: EmotionMonitor,
    scope: Scope = LOCAL,
    *,
    keep_recordings: bool = True,
    within: Path | None = None,
) -> Iterator[Stored]:
    """Scores and keeps what is read, in its order and in constant memory.

    A conversation that is there already, with all that this one brings, is not scored again.

    Args:
        items: What reading gives.
        store: Where they are kept.
        monitor: Scores.
        scope: Who writes.
        keep_recordings: False where recordings are not to be kept, whatever the setting.
        within: Folder in which recordings must lie; for files from others, whose transcripts must
            not name files of this machine.

    Raises:
        DatabaseUnavailableError: If the database does not answer; what was yielded is kept.
        OutputError: If the disk is full.
    """
    source = iter(items)
    while chunk := list(islice(source, BATCH_CONVERSATIONS)):
        yield from _store(chunk, store, monitor, scope, keep_recordings, within)


def _store(
    chunk: list[Ingested],
    store: Store,
    monitor: EmotionMonitor,
    scope: Scope,
    keep_recordings: bool,
    within: Path | None,
) -> Iterator[Stored]:
    done: dict[int, Stored] = {}
    ready: list[tuple[int, Conversation]] = []
    for index, item in enumerate(chunk):
        if item.conversation is None:
            done[index] = Stored(item.path, error=item.error)
            continue
        try:
            conversation = store.with_valid_notice(item.conversation)
            ready.append((index, with_kept_media(store, conversation, within)))
        except (DatabaseUnavailableError, OutputError):
            raise
        except EmotionMonitorError as error:
            done[index] = Stored(item.path, error=error)
    todo: list[tuple[int, Conversation]] = []
    known = store.lookup_many([conversation for _, conversation in ready], scope)
    for (index, conversation), saved in zip(ready, known, strict=True):
        if saved is None:
            todo.append((index, conversation))
        else:
            done[index] = _stored(chunk[index].path, conversation, saved)
    scored = list(monitor.score_many([conversation for _, conversation in todo]))
    saves = store.save_many(scored, scope, keep_recordings=keep_recordings)
    for (index, conversation), saved in zip(todo, saves, strict=True):
        done[index] = _stored(chunk[index].path, conversation, saved)
        if isinstance(saved, EmotionMonitorError):
            discard_media(store, conversation)
    yield from (done[index] for index in range(len(chunk)))


def _stored(path: Path, conversation: Conversation, saved: Saved | EmotionMonitorError) -> Stored:
    if isinstance(saved, EmotionMonitorError):
        return Stored(path, error=saved)
    return Stored(path, saved.id, saved.outcome, len(conversation.turns))


def with_kept_media(
    store: Store, conversation: Conversation, within: Path | None = None
) -> Conversation:
    """The conversation with its recordings copied into the store's own folder.

    Args:
        store: The store.
        conversation: The conversation.
        within: Folder in which they must lie; None for anywhere on this machine.

    Raises:
        EmotionMonitorError: If one cannot be read or kept, or lies elsewhere.
    """
    kept = []
    for media in conversation.media:
        if within is not None and not _lies_in(media.path, within):
            raise InvalidInputError(
                f"the recording {media.path.name[:80]!r} was not uploaded with it.",
                remedy="Name it by its file name alone, and send it along.",
            )
        if store.media.digest_of(media.path):
            kept.append(media)
            continue
        try:
            with media.path.open("rb") as file:
                kept.append(replace(media, path=store.media.keep(file)))
        except OutputError:
            raise
        except OSError as error:
            raise InputFileError(
                f"the recording {media.path.name[:80]!r} cannot be read: {error.strerror}.",
                remedy="Put it beside its transcript under the name that it gives.",
            ) from error
    return replace(conversation, media=tuple(kept))


def discard_media(store: Store, conversation: Conversation) -> None:
    """Deletes kept recordings of a conversation that was not saved after all."""
    store.discard({store.media.digest_of(one.path) for one in conversation.media} - {""})


def _lies_in(path: Path, folder: Path) -> bool:
    resolved = path.resolve()
    return resolved.is_relative_to(folder.resolve()) and resolved.is_file()
