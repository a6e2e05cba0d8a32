"""The tables of files that come together.

source_profile                         how the files of a source are read
batch ── batch_item ── batch_result    files that came together, and what became of them
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables import Base, BigId, Json


class SourceProfileRow(Base):
    """How the manifests and file names of a source are read."""

    __tablename__ = "source_profile"

    name: Mapped[str] = mapped_column(primary_key=True)
    timezone: Mapped[str]
    columns: Mapped[dict[str, Any]]
    """Field by header."""
    template: Mapped[str]


class BatchRow(Base):
    """Files that came together, to be scored together."""

    __tablename__ = "batch"
    __table_args__ = (Index(None, "state"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    owner: Mapped[str]
    made_at: Mapped[datetime]
    state: Mapped[str]
    """`draft` while files come, `running`, `paused`, `finished`."""
    options: Mapped[dict[str, Any]]
    """Notice, channels, role, source and its profile, as the person gave them."""
    teams: Mapped[list[Any] | None] = mapped_column(Json)
    """Teams for which its owner may write; null for all."""
    queues: Mapped[list[Any] | None] = mapped_column(Json)
    """Queues for which its owner may write; null for all."""


class BatchItemRow(Base):
    """One file of a batch."""

    __tablename__ = "batch_item"
    __table_args__ = (Index(None, "batch_id", "state"),)

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    """As the caller calls the file."""
    path: Mapped[str]
    """Where it lies in the batch's folder; empty for a duplicate, and once it is through."""
    kind: Mapped[str]
    """`transcript`, `recording`, `manifest`, `sidecar` or `unknown`."""
    format: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    state: Mapped[str]
    """`todo`, `claimed`, `done`, `failed`; `joined` to a transcript or its calls; `duplicate`."""
    detail: Mapped[dict[str, Any]]
    """What detection found: conversations, turns, seconds, rows; of which file it is a copy."""
    error: Mapped[dict[str, Any]]
    """What was wrong and what to do, empty where nothing was."""
    seconds: Mapped[float | None]
    """How long it took."""


class BatchResultRow(Base):
    """A conversation that came of a file of a batch."""

    __tablename__ = "batch_result"
    __table_args__ = (
        ForeignKeyConstraint(
            ["batch_id", "number"],
            ["batch_item.batch_id", "batch_item.number"],
            ondelete="CASCADE",
        ),
        Index(None, "conversation_id"),
    )

    batch_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    outcome: Mapped[str]
    """`created`, `rescored` or `unchanged`."""
