"""Files in: transcripts of any known format, and recordings."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, UploadFile

from app.api.errors import as_json
from app.api.intake_schemas import Imported
from app.api.services import ScopeDep, Services, ServicesDep
from app.ingest import IngestOptions, read_files
from app.intake.storing import discard_media, with_kept_media
from app.store import Scope
from multimodal.conversation import Conversation, Role, storable
from multimodal.errors import EmotionMonitorError
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
    keep_recordings: Annotated[
        bool,
        Form(
            description="False: recordings are deleted when they are scored. Personal data are"
            " masked in words, not in sound."
        ),
    ] = True,
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
        limits=services.settings.media_limits,
        masker=services.masker,
        transcriber=services.transcriber,
    )
    with services.uploads, tempfile.TemporaryDirectory(prefix="emotion-monitor-") as folder:
        work = _Import(services, scope, Path(folder).resolve(), keep_recordings)
        work.run(work.unpack(files), options)
        return {"data": list(work.results.values())}


class _Import:
    """One request's files, in a folder of their own."""

    def __init__(
        self, services: Services, scope: Scope, folder: Path, keep_recordings: bool
    ) -> None:
        self._keep_recordings = keep_recordings
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
                conversation = self._services.store.with_valid_notice(item.conversation)
                conversation = with_kept_media(self._services.store, conversation, self._folder)
                saved = self._services.store.lookup(conversation, self._scope)
            except EmotionMonitorError as error:
                self._failed(item.path, error)
                continue
            if saved is not None:
                self._kept(item.path, saved.id)
            else:
                origins.append(item.path)
                yield conversation

    def _keep(self, path: Path, scored: ScoredConversation) -> None:
        try:
            saved = self._services.store.save(
                scored, self._scope, keep_recordings=self._keep_recordings
            )
            self._kept(path, saved.id)
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


def safe_name(name: str, number: int) -> str:
    """A name for an upload that is a plain file's in any folder; the suffix stays."""
    last = storable(name).replace("\\", "/").rpartition("/")[2]
    last = _UNSAFE.sub("_", last).strip().lstrip(".")
    stem, dot, suffix = last.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, suffix = last, ""
    stem = stem.encode()[:_NAME_BYTES].decode(errors="ignore") or f"upload-{number + 1}"
    return f"{stem}.{suffix}" if suffix else stem
