"""Files in: transcripts of any known format, and recordings."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, UploadFile

from app.api.errors import as_json
from app.api.schemas import Imported
from app.api.services import ScopeDep, Services, ServicesDep
from app.ingest import IngestOptions, read_files
from app.intake.customers import customer_key
from app.store import Scope, Store
from multimodal.conversation import Conversation, Media, Role, storable
from multimodal.errors import EmotionMonitorError, InvalidInputError
from multimodal.media import parse_channel_map
from multimodal.scoring import ScoredConversation

router = APIRouter(tags=["conversations"])

_NAME_BYTES = 150
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:]")

NoticeForm = Annotated[
    str, Form(max_length=200, description="Notice under which they are analysed.")
]
ChannelsForm = Annotated[
    str,
    Form(max_length=200, description="Who is on which channel: `left=agent,right=customer`."),
]
RoleForm = Annotated[
    Literal["", "customer", "agent", "bot", "unknown"],
    Form(description="Who speaks in a recording of one person."),
]


@router.post("/imports", response_model=Imported)
def imports(
    files: list[UploadFile],
    services: ServicesDep,
    scope: ScopeDep,
    notice: NoticeForm = "",
    channels: ChannelsForm = "",
    role: RoleForm = "",
    source: Annotated[str, Form(max_length=100, description="Where the files come from.")] = "",
) -> dict[str, Any]:
    """Reads, scores and keeps files; a bad one is reported, and the others are kept.

    A transcript may name a recording that is uploaded with it by its file name. The same file again
    changes nothing and gives the same ids.
    """
    options = IngestOptions(
        notice=storable(notice),
        channels=parse_channel_map(channels) if channels else {},
        role=Role(role) if role else None,
        source=storable(source),
        profile=services.store.sources.get(source),
        customer_key=customer_key(services.settings),
        limits=services.settings.media_limits,
    )
    with services.uploads, tempfile.TemporaryDirectory(prefix="emotion-monitor-") as folder:
        work = _Import(services, scope, Path(folder).resolve())
        work.run(work.unpack(files), options)
        return {"data": list(work.results.values())}


class _Import:
    """One request's files, in a folder of their own."""

    def __init__(self, services: Services, scope: Scope, folder: Path) -> None:
        self._services = services
        self._scope = scope
        self._folder = folder
        self.results: dict[Path, dict[str, Any]] = {}

    def unpack(self, files: Sequence[UploadFile]) -> list[Path]:
        """Writes the uploads under names that are safe, and says what they were called."""
        for number, file in enumerate(files):
            name = safe_name(file.filename or "", number)
            path = self._folder / name
            if path in self.results:
                path = self._folder / f"{number}" / name
                path.parent.mkdir()
            with path.open("wb") as copy:
                shutil.copyfileobj(file.file, copy)
            shown = storable(file.filename or name)[:200]
            self.results[path] = {"file": shown, "conversations": [], "failed": 0, "error": None}
        return list(self.results)

    def run(self, paths: Sequence[Path], options: IngestOptions) -> None:
        """Scores and keeps every conversation in the files."""
        origins: list[Path] = []
        conversations = self._conversations(paths, options, origins)
        for number, scored in enumerate(self._services.monitor.score_many(conversations)):
            self._keep(origins[number], scored)

    def _conversations(
        self, paths: Sequence[Path], options: IngestOptions, origins: list[Path]
    ) -> Iterator[Conversation]:
        """Those that are not there yet; `origins` gets the file of each."""
        for item in read_files(paths, options):
            if item.conversation is None:
                assert item.error is not None
                self._failed(item.path, item.error)
                continue
            try:
                conversation = self._with_kept_media(item.conversation)
                saved = self._services.store.lookup(conversation, self._scope)
            except EmotionMonitorError as error:
                self._failed(item.path, error)
                continue
            if saved is not None:
                self._kept(item.path, saved.id)
            else:
                origins.append(item.path)
                yield conversation

    def _with_kept_media(self, conversation: Conversation) -> Conversation:
        media = tuple(self._keep_media(one) for one in conversation.media)
        return replace(conversation, media=media)

    def _keep_media(self, media: Media) -> Media:
        path = media.path.resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            raise InvalidInputError(
                f"the recording {media.path.name[:80]!r} was not uploaded with it.",
                remedy="Name it by its file name alone, and upload it in the same request.",
            )
        with path.open("rb") as file:
            return replace(media, path=self._services.store.media.keep(file))

    def _keep(self, path: Path, scored: ScoredConversation) -> None:
        try:
            self._kept(path, self._services.store.save(scored, self._scope).id)
        except EmotionMonitorError as error:
            self._failed(path, error)
            discard_media(self._services.store, scored.conversation)

    def _kept(self, path: Path, conversation_id: int) -> None:
        ids = self.results[path]["conversations"]
        if conversation_id not in ids:
            ids.append(conversation_id)

    def _failed(self, path: Path, error: EmotionMonitorError) -> None:
        result = self.results[path]
        result["failed"] += 1
        if result["error"] is None:
            inside = as_json(error)
            # What is ours is no business of the caller's: the file as they called it.
            clean = {k: v.replace(str(path), result["file"]) for k, v in inside.items()}
            result["error"] = {k: v.replace(f"{self._folder}/", "") for k, v in clean.items()}


def discard_media(store: Store, conversation: Conversation) -> None:
    """Deletes kept recordings of a conversation that was not saved after all."""
    store.discard({store.media.digest_of(one.path) for one in conversation.media} - {""})


def safe_name(name: str, number: int) -> str:
    """A name for an upload that is a plain file's in any folder; the suffix stays."""
    last = storable(name).replace("\\", "/").rpartition("/")[2]
    last = _UNSAFE.sub("_", last).strip().lstrip(".")
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = last, ""
    stem = stem.encode()[:_NAME_BYTES].decode(errors="ignore") or f"upload-{number + 1}"
    return f"{stem}.{suffix}" if suffix else stem
