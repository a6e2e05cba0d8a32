"""Imports, roles and batches of files, with units, ranges and examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import Probability, ProblemInside, Role, example

_IMPORT_EXAMPLE: dict[str, Any] = {
    "file": "call-1.wav",
    "conversations": [12],
    "failed": 0,
    "error": None,
}


class ImportResult(BaseModel):
    """What became of one file."""

    model_config = example(_IMPORT_EXAMPLE)
    file: str
    conversations: list[int] = Field(description="Ids, those that were there already too.")
    failed: int = Field(description="Conversations of the file that could not be read or scored.")
    error: ProblemInside | None = Field(description="What was wrong with the first of those.")


class Imported(BaseModel):
    """What became of every file."""

    model_config = example({"data": [_IMPORT_EXAMPLE]})
    data: list[ImportResult]


_PARTY_EXAMPLE: dict[str, Any] = {
    "name": "spk_0",
    "role": "unknown",
    "inferred": "agent",
    "confidence": 0.98,
    "phrases": ["为您服务", "工号"],
    "turns": 12,
}


class PartyOut(BaseModel):
    """One party, and who it is by its phrases."""

    model_config = example(_PARTY_EXAMPLE)
    name: str = Field(description="As the source calls it.")
    role: Role = Field(description="What its turns say now.")
    inferred: Role = Field(description="`unknown` below the confidence.")
    confidence: Probability
    phrases: list[str] = Field(description="What speaks for it, the strongest first.")
    turns: int


class RolesPreview(BaseModel):
    """Who is who by their phrases."""

    model_config = example({"parties": [_PARTY_EXAMPLE], "swapped": 0.02})
    parties: list[PartyOut]
    swapped: Probability = Field(description="That customer and agent stand for each other.")


class SourceSwapIn(BaseModel):
    """Of which source customer and agent are exchanged."""

    model_config = example({"source": "pbx"}, strict=True)
    source: str = Field(min_length=1, max_length=100)


class SourceSwapOut(BaseModel):
    """What is scored again."""

    model_config = example({"queued": 120, "skipped": 1})
    queued: int = Field(description="Conversations that will be scored under their new roles.")
    skipped: int = Field(description="Left alone: open, or their words have been deleted.")


_BATCH_EXAMPLE: dict[str, Any] = {
    "id": 4,
    "state": "running",
    "made_at": "2026-07-01T09:00:00+08:00",
    "files": 12,
    "counts": {"todo": 7, "done": 4, "failed": 1},
    "conversations": {"created": 4},
    "seconds_left": 21.0,
    "options": {"notice": "IVR-2026-01"},
}
_ITEM_EXAMPLE: dict[str, Any] = {
    "number": 1,
    "name": "call-1.json",
    "kind": "transcript",
    "format": "aws_transcribe",
    "format_zh": "AWS Transcribe 通话分析",
    "format_en": "AWS Transcribe Call Analytics",
    "size": 20311,
    "state": "done",
    "detail": {"conversations": 1, "turns": 30, "more": False},
    "error": None,
    "conversations": [12],
    "unchanged": 0,
}
_PROFILE_EXAMPLE: dict[str, Any] = {
    "name": "华为",
    "timezone": "Asia/Shanghai",
    "columns": {"录音文件名": "file_name", "坐席": "agent_id"},
    "template": "{date}_{agent}_{caller}_{call_id}.wav",
}
FileState = Literal["todo", "claimed", "done", "failed", "joined", "duplicate"]


class BatchOut(BaseModel):
    """Files that came together, and how far they are."""

    model_config = example(_BATCH_EXAMPLE)
    id: int
    state: Literal["draft", "running", "paused", "finished"]
    made_at: datetime
    files: int = Field(description="How many there are.")
    counts: dict[FileState, int] = Field(description="How many are in which state.")
    conversations: dict[str, int] = Field(
        description="How many were `created`, `rescored`, or there already (`unchanged`)."
    )
    seconds_left: float | None = Field(description="Estimated; null where it is not known yet.")
    options: dict[str, Any]


class BatchList(BaseModel):
    """The latest batches."""

    model_config = example({"data": [_BATCH_EXAMPLE]})
    data: list[BatchOut]


class FileProblem(BaseModel):
    """What was wrong with a file, or with the first of its conversations."""

    what: str
    where: str
    remedy: str
    count: int = Field(1, description="How many of its conversations were wrong.")


class FileOut(BaseModel):
    """One file of a batch."""

    model_config = example(_ITEM_EXAMPLE)
    number: int
    name: str
    kind: Literal["transcript", "recording", "manifest", "sidecar", "unknown"]
    format: str
    format_zh: str
    format_en: str
    size: int = Field(description="Bytes.")
    state: FileState
    detail: dict[str, Any] = Field(
        description="`conversations`, `turns`, `seconds`, `channels`, `rows`, `copy_of`, as known."
    )
    error: FileProblem | None
    conversations: list[int] = Field(description="Ids of what came of it.")
    unchanged: int = Field(description="How many of these were there already.")


class FileList(BaseModel):
    """Files of a batch."""

    model_config = example({"data": [_ITEM_EXAMPLE]})
    data: list[FileOut]


class ProfileIn(BaseModel):
    """How the files of a source are read; what is empty is guessed or by default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{k: v for k, v in _PROFILE_EXAMPLE.items() if k != "name"}]
        },
    )
    timezone: str = Field("", max_length=60, description="IANA name; of times that name none.")
    columns: dict[str, str] = Field({}, max_length=500, description="Field by header.")
    template: str = Field("", max_length=300, description="Pattern of file names.")


class BatchOptions(ProfileIn):
    """How the files of a batch are read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"notice": "IVR-2026-01"}]}
    )
    notice: str = Field("", max_length=200, description="Notice under which they are analysed.")
    channels: str = Field("", max_length=200, description="`left=agent,right=customer`.")
    role: Literal["", "customer", "agent", "bot", "unknown"] = Field(
        "", description="Who speaks in a recording of one person."
    )
    source: str = Field("", max_length=100, description="Where they come from.")
    keep_recordings: bool = Field(
        True,
        description="False: recordings are deleted when they are scored. Personal data are masked "
        "in words, not in sound.",
    )
    swap_roles: bool = Field(
        False, description="Customer and agent stand for each other in all its files."
    )


class ProfileOut(BaseModel):
    """What is kept about a source."""

    model_config = example(_PROFILE_EXAMPLE)
    name: str
    timezone: str
    columns: dict[str, str]
    template: str


class Profiles(BaseModel):
    """Every source that something is kept about."""

    model_config = example({"data": [_PROFILE_EXAMPLE]})
    data: list[ProfileOut]


class PreviewTurn(BaseModel):
    """A turn as it will be kept."""

    role: Role
    inferred: bool = Field(description="Whether the role was inferred from phrases.")
    text: str


class FilePreview(BaseModel):
    """What is in a file, before it is scored."""

    model_config = example(
        {
            "turns": [{"role": "customer", "inferred": True, "text": "都三天了！"}],
            "swapped": 0.02,
            "manifest": None,
        }
    )
    turns: list[PreviewTurn] = Field([], description="The first turns of its first conversation.")
    swapped: Probability = Field(
        0.0, description="That customer and agent stand for each other in it."
    )
    manifest: dict[str, Any] | None = Field(
        None,
        description="`headers`, `columns`, `rows`, `cells`, `records` of a table of calls, and "
        "all `fields` that a column can be.",
    )
