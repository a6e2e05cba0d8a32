"""Erasure, retention, notices and the audit, with units, ranges and examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import example


class EraseIn(BaseModel):
    """Whom to erase."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"customer": "13800138000"}]}
    )
    customer: str = Field(
        min_length=1,
        max_length=200,
        description="The customer's number as it was imported, or `customer_ref`.",
    )


class ErasedOut(BaseModel):
    """What was erased."""

    model_config = example(
        {"conversations": 2, "media": 1, "shared": 0, "elsewhere": [], "notes": []}
    )
    conversations: int
    media: int = Field(description="Recordings deleted from the media folder.")
    shared: int = Field(description="Recordings that another customer's conversation has too.")
    elsewhere: list[str] = Field(description="Recordings outside of it: the site's to delete.")
    notes: list[str] = Field(description="What could not be done.")


class SweptOut(BaseModel):
    """What a sweep deleted, or would delete."""

    model_config = example(
        {"media": 3, "transcripts": 1, "conversations": 0, "audit": 0, "orphans": 0, "batches": 0}
    )
    media: int = Field(description="Recordings.")
    transcripts: int = Field(description="Conversations whose words went.")
    conversations: int = Field(description="Conversations of which nothing is left.")
    audit: int = Field(description="Entries of the audit.")
    orphans: int = Field(description="Files in the media folder that nothing referred to.")
    batches: int = Field(description="Batches of files, with files that were never scored.")


_NOTICE_EXAMPLE: dict[str, Any] = {
    "reference": "IVR-2026-01",
    "text": "本次通话将被录音并用于情绪分析，以改进服务。",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "valid_until": None,
}


class NoticeIn(BaseModel):
    """A notice or consent."""

    model_config = example(_NOTICE_EXAMPLE, strict=True)
    reference: str = Field(
        min_length=1, max_length=200, description="What conversations name it by."
    )
    text: str = Field(min_length=1, max_length=20_000, description="What customers are told.")
    valid_from: datetime | None = Field(None, description="By default now.")
    valid_until: datetime | None = Field(None, description="First moment at which it has ended.")


class NoticeEndIn(BaseModel):
    """Which notice ends, and when."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reference": "IVR-2026-01"}]}
    )
    reference: str = Field(min_length=1, max_length=200)
    at: datetime | None = Field(None, description="By default now.")


class NoticeOut(BaseModel):
    """A notice as it is recorded."""

    model_config = example(_NOTICE_EXAMPLE | {"author": "local", "conversations": 128})
    reference: str
    text: str
    valid_from: datetime
    valid_until: datetime | None
    author: str = Field(description="Who recorded it.")
    conversations: int = Field(description="How many conversations name it.")


class Notices(BaseModel):
    """The notices."""

    model_config = example({"data": [_NOTICE_EXAMPLE | {"author": "local", "conversations": 128}]})
    data: list[NoticeOut]


_AUDIT_EXAMPLE: dict[str, Any] = {
    "at": "2026-07-01T09:12:00+08:00",
    "who": "local",
    "action": "erase",
    "detail": {"conversations": 2, "media": 1, "elsewhere": 0},
}


class AuditEntry(BaseModel):
    """One entry of the audit."""

    model_config = example(_AUDIT_EXAMPLE)
    at: datetime
    who: str
    action: str
    detail: dict[str, Any]


class Audit(BaseModel):
    """The audit, newest first."""

    model_config = example({"data": [_AUDIT_EXAMPLE]})
    data: list[AuditEntry]
