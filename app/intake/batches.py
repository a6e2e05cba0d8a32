"""Scores the files of batches, group after group, wherever the last process stopped.

The job is one function, `work`: it takes some files of the oldest running batch and settles them.
The server's own thread calls it; any number of processes on PostgreSQL may, because files are
claimed in the store.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from app.background import Background
from app.ingest import Ingested, IngestOptions, Joining, sort_files
from app.intake.detect import Detected, detect
from app.intake.sources import DEFAULT_ZONE, SourceProfile
from app.intake.storing import Stored, store_all
from app.monitor import build_transcriber
from app.privacy import build_masker
from app.settings import Settings
from app.store import DatabaseUnavailableError, Scope, Store
from app.store.batches import ItemState, NewItem
from multimodal.conversation import Role, storable
from multimodal.errors import EmotionMonitorError, OutputError
from multimodal.masking import Masker
from multimodal.media import parse_channel_map
from multimodal.pipeline import EmotionMonitor
from multimodal.transcription.protocol import Transcriber

log = logging.getLogger(__name__)

GROUP_SECONDS = 2.0
"""About how long a group of files may take, so that a pause is soon obeyed."""
MEND = "Mend that in the file and add it again; what was scored is not scored twice."
"""What to do about an error that has no remedy of its own."""
MOST = 64
"""Most files in one group."""


def spooled(
    store: Store,
    settings: Settings,
    batch_id: int,
    number: int,
    name: str,
    shown: str,
    file: BinaryIO,
    seen: Mapping[str, str],
) -> NewItem:
    """Writes a file into its batch's folder and says what it is.

    Args:
        store: Where the batch is.
        settings: The site's settings.
        batch_id: The batch.
        number: The file's number in it.
        name: A name that is safe in any folder.
        shown: What the caller calls it.
        file: Its content.
        seen: Names of the batch's files so far, by SHA-256.

    Raises:
        OutputError: If the disk is full.
    """
    masker = build_masker(settings)
    shown = masker.name(shown, distinct=False)
    folder = store.batches.folder(batch_id)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / name
        if path.exists():
            path = folder / f"{number}" / name
            path.parent.mkdir(exist_ok=True)
        digest = hashlib.sha256()
        size = 0
        with path.open("wb") as copy:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
                copy.write(block)
    except OSError as error:
        raise OutputError(
            f"the file could not be kept: {error.strerror}.",
            where=str(folder),
            remedy="Make room on the disk.",
        ) from error
    sha256 = digest.hexdigest()
    if sha256 in seen:
        path.unlink()
        return NewItem(
            number, shown, "", "unknown", "", size, sha256, "duplicate", {"copy_of": seen[sha256]}
        )
    found = detect(path, settings.media_limits)
    return NewItem(
        number=number,
        name=shown,
        path=str(path.relative_to(folder)),
        kind=found.kind,
        format=found.format,
        size=size,
        sha256=sha256,
        state=_first_state(found),
        detail=found.detail,
        error={} if found.error is None else described(masker.error(found.error), path, shown),
    )


def _first_state(found: Detected) -> ItemState:
    if found.kind in ("manifest", "sidecar"):
        return "joined"
    if found.error is not None and not found.detail.get("conversations"):
        return "failed"
    return "todo" if found.kind in ("transcript", "recording") else "failed"


def described(error: EmotionMonitorError, path: Path, shown: str) -> dict[str, str]:
    """An error as it is kept and shown: the file as its owner calls it."""
    fields = {"what": error.what, "where": error.where, "remedy": error.remedy or MEND}
    places = [str(path), path.name]
    # Masked errors name the file without the number that its name may hold.
    for place in (*places, *map(Masker().display, places)):
        fields = {name: text.replace(place, shown) for name, text in fields.items()}
    folder = f"{path.parent}/"
    return {name: storable(text.replace(folder, "")) for name, text in fields.items()}


def ingest_options(given: Mapping[str, Any], settings: Settings, store: Store) -> IngestOptions:
    """How the files of a batch are read, from what a person chose.

    Args:
        given: `notice`, `channels`, `role`, `source`, `timezone`, `columns`, `template`,
            `swap_roles`; empty and absent ones as they are kept for the source, or by default.
        settings: The site's settings.
        store: Where sources' profiles are kept.

    Raises:
        InvalidInputError: If one of them is none.
    """
    return IngestOptions(
        notice=storable(given.get("notice", "")),
        channels=parse_channel_map(given["channels"]) if given.get("channels") else {},
        role=Role(given["role"]) if given.get("role") else None,
        source=storable(given.get("source", "")),
        profile=profile_of(given, store),
        masker=build_masker(settings),
        limits=settings.media_limits,
        swap_roles=bool(given.get("swap_roles")),
    )


def profile_of(given: Mapping[str, Any], store: Store) -> SourceProfile:
    """The profile that is kept for a source, with what is given in its place.

    Raises:
        InvalidInputError: If something given is none.
    """
    kept = store.sources.get(given.get("source", ""))
    return SourceProfile(
        kept.name,
        given.get("timezone") or kept.timezone or DEFAULT_ZONE,
        given.get("columns") or kept.columns,
        given.get("template") or kept.template,
    )


@dataclass(eq=False)
class _Open:
    """A batch that is being worked on, with what joins its files."""

    batch_id: int
    folder: Path
    joining: Joining
    numbers: dict[Path, int]
    names: dict[int, str]
    kinds: dict[int, str]
    scope: Scope
    keep_recordings: bool = True
    recordings_alone: bool = False


class Batching:
    """Works on the batches of a store.

    Args:
        store: Where batches and conversations are.
        monitor: Scores.
        settings: The site's settings.
    """

    def __init__(self, store: Store, monitor: EmotionMonitor, settings: Settings) -> None:
        self._store = store
        self._monitor = monitor
        self._settings = settings
        self._batch: _Open | None = None
        self._most = 4

    @cached_property
    def _transcriber(self) -> Transcriber | None:
        """Loaded when the first batch is opened."""
        return build_transcriber(self._settings)

    def work(self) -> bool:
        """Scores some files of the oldest running batch; False if there is nothing to do.

        Raises:
            DatabaseUnavailableError: If the database does not answer.
            OutputError: If the disk is full.
        """
        claimed = self._store.batches.claim(self._most)
        if claimed is None:
            self._batch = None
            self._clear()
            return False
        batch_id, numbers = claimed
        if self._batch is None or self._batch.batch_id != batch_id:
            self._batch = self._opened(batch_id)
        elif self._batch.kinds[numbers[0]] == "recording" and not self._batch.recordings_alone:
            # All transcripts are through, others' too: what they took is not left any more.
            self._batch = self._opened(batch_id)
            self._batch.recordings_alone = True
        began = time.monotonic()
        try:
            self._score(self._batch, numbers)
        except (DatabaseUnavailableError, OutputError):
            raise
        except Exception as error:
            self._give_up(self._batch, numbers, error)
            return True
        taken = time.monotonic() - began
        wanted = int(len(numbers) * GROUP_SECONDS / max(taken, 1e-3))
        self._most = max(1, min(MOST, 2 * self._most, wanted))
        return True

    def _opened(self, batch_id: int) -> _Open:
        folder = self._store.batches.folder(batch_id)
        items = self._store.batches.files(batch_id)
        given = self._store.batches.options(batch_id)
        options = ingest_options(given, self._settings, self._store)
        options = replace(options, transcriber=self._transcriber)
        by_kind: dict[str, list[Path]] = {}
        numbers = {}
        for item in items:
            if item.path:
                by_kind.setdefault(item.kind, []).append(folder / item.path)
                numbers[folder / item.path] = item.number
        tables = sort_files(by_kind.get("manifest", []), options)
        for path in by_kind.get("sidecar", []):
            tables.catalogue.add_sidecar(path)
        joining = Joining(tables.catalogue, by_kind.get("recording", []), options)
        for item in items:
            if item.state == "failed" and item.path:
                # The recording of a broken transcript waits for a better one, and is none alone.
                mine = joining.candidates(folder / item.path)
                joining.used |= {path.resolve() for path in mine}
                self._store.batches.join(batch_id, [numbers[path] for path in mine])
                self._store.batches.let_go(batch_id, item.number)
        # A file's name may hold the caller's number; once its call is known, it need not.
        shown = {item.number: item.name for item in items}
        names = shown | {
            number: tables.catalogue.hide(path, shown[number]) for path, number in numbers.items()
        }
        self._store.batches.rename(
            batch_id, {number: name for number, name in names.items() if name != shown[number]}
        )
        kinds = {item.number: item.kind for item in items}
        keep = bool(given.get("keep_recordings", True))
        scope = self._store.batches.scope(batch_id)
        return _Open(batch_id, folder, joining, numbers, names, kinds, scope, keep)

    def _score(self, batch: _Open, numbers: list[int]) -> None:
        began = time.monotonic()
        paths = {path: number for path, number in batch.numbers.items() if number in set(numbers)}
        results: dict[Path, list[Stored]] = {path: [] for path in paths}
        together: dict[Path, list[Path]] = {}
        for stored in store_all(
            self._read(batch, list(paths), together),
            self._store,
            self._monitor,
            batch.scope,
            keep_recordings=batch.keep_recordings,
            within=batch.folder,
        ):
            results.setdefault(stored.path, []).append(stored)
        seconds = (time.monotonic() - began) / max(1, len(numbers))
        for path, many in results.items():
            mine = together.get(path, [])
            if path in paths and not any(one.id for one in many):
                mine = mine or batch.joining.candidates(path)
            others = [batch.numbers[one] for one in mine if one not in results]
            self._settle(batch, path, many, others, seconds)

    def _read(
        self, batch: _Open, paths: list[Path], together: dict[Path, list[Path]]
    ) -> Iterator[Ingested]:
        """The conversations of files; `together` gets which recordings went with which file."""
        joining = batch.joining
        recordings = set(joining.recordings)
        for path in paths:
            if path not in recordings:
                yield from joining.transcript(path)
                together[path] = joining.taken(path)
        groups = {path: group for group in joining.left() for path in group}
        for path in paths:
            if path in recordings and path in groups:
                group = groups[path]
                joining.used |= {one.resolve() for one in group}
                together[group[0]] = group
                for one in group:
                    groups.pop(one, None)
                yield joining.recording(group)

    def _give_up(self, batch: _Open, numbers: list[int], error: Exception) -> None:
        """One file that brings a reader or scorer down must not stop the others."""
        log.error("a group of files could not be scored: %s", type(error).__name__)
        if len(numbers) > 1:
            self._store.batches.release(batch.batch_id, numbers)
            self._most = 1  # The one at fault is found by taking each alone.
            return
        path = next(path for path, number in batch.numbers.items() if number == numbers[0])
        if isinstance(error, EmotionMonitorError):
            said = described(error, path, batch.names[numbers[0]])
        else:
            said = {
                "what": f"reading or scoring it failed ({type(error).__name__}).",
                "where": batch.names[numbers[0]],
                "remedy": "Report it; the other files were scored.",
            }
        self._store.batches.settle(
            batch.batch_id,
            numbers[0],
            "failed",
            conversations={},
            error=said,
            seconds=None,
            joined=[batch.numbers[one] for one in batch.joining.candidates(path)],
        )

    def _settle(
        self, batch: _Open, path: Path, many: list[Stored], others: list[int], seconds: float
    ) -> None:
        number = batch.numbers[path]
        errors = [one.error for one in many if one.error is not None]
        kept = {one.id: one.outcome for one in many if one.id is not None}
        error: dict[str, Any] = {}
        if errors:
            error = described(errors[0], path, batch.names[number]) | {"count": len(errors)}
        state: ItemState = "failed" if errors else "done" if kept else "joined"
        self._store.batches.settle(
            batch.batch_id,
            number,
            state,
            conversations=kept,
            error=error,
            seconds=seconds,
            joined=others,
        )

    def _clear(self) -> None:
        """Deletes the files of finished batches: what is needed of them is in the store."""
        for batch_id in self._store.batches.finished():
            folder = self._store.batches.folder(batch_id)
            if folder.exists():
                shutil.rmtree(folder, ignore_errors=True)


class BatchWorker(Background):
    """A thread that works on batches while the server runs.

    Args:
        store: Where batches and conversations are.
        monitor: Scores.
        settings: The site's settings.
    """

    def __init__(self, store: Store, monitor: EmotionMonitor, settings: Settings) -> None:
        super().__init__("batches")
        self._store = store
        self._batching = Batching(store, monitor, settings)

    def resume(self) -> None:
        """Puts back what a process that is gone had claimed."""
        self._store.batches.requeue()

    def work(self) -> bool:
        """Scores some files."""
        return self._batching.work()

    def discard(self, batch_id: int) -> None:
        """Deletes the files of a batch that is not there any more."""
        shutil.rmtree(self._store.batches.folder(batch_id), ignore_errors=True)
