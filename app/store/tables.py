"""The tables, one class each, for SQLite and PostgreSQL alike.

    conversation ─┬─ turn ─┬─ score        one per turn, modality and model: what each model said
                  │        ├─ answer       one per turn, fuser and inputs: the fused answer
                  │        └─ correction   what a person said instead; never overwrites a model
                  ├─ trajectory            one per scoring: how the conversation went
                  ├─ media                 recordings: kept by content hash, or elsewhere by path
                  ├─ carried_state         what a modality wants with a speaker's next turn
                  ├─ customer_state        what it learnt of the customer, for later conversations
                  └─ idempotency_key       writes already done, so that a repeat does nothing
    model                                  every model that ever gave a stored answer
    notice                                 notices under which conversations are analysed
    audit                                  who viewed, exported, deleted or changed what
    event                                  what happened, for whoever follows it live
    saved_search                           searches that people keep, each for themselves

Those of people and their sessions stand in `account_tables`, of alerts in `alert_tables`, of files
in `batch_tables`, of reviews in `review_tables`.

Re-scoring replaces nothing. `conversation.scoring` counts the scorings; rows that the latest one
produced or confirmed carry its number, and those are the ones shown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only a column that is called INTEGER; it has 64 bits there too."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in Python, UTC in the database (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; without a zone for SQLite."""
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware moment in UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The tables' common base: names of constraints are fixed, so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 (SQLAlchemy's own name)
        str: Text(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class ConversationRow(Base):
    """A conversation's metadata, its state, and the summary that lists sort and filter by."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index(None, "risk"),
        Index(None, "started_at"),
        Index(None, "status"),
        Index(None, "state"),
        Index(None, "customer_ref"),
        # An id is never used again, so that an old link cannot lead to somebody else.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str]
    external_id: Mapped[str]
    channel: Mapped[str]
    direction: Mapped[str]
    started_at: Mapped[datetime | None]
    timezone: Mapped[str]
    queue: Mapped[str]
    team: Mapped[str]
    customer_ref: Mapped[str]
    customer_display: Mapped[str]
    business_type: Mapped[str]
    notice: Mapped[str]
    language: Mapped[str]
    attributes: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    """SHA-256 of what was said and of the metadata, as first received."""

    state: Mapped[str]
    """`open` while turns may still be appended, then `closed`."""
    status: Mapped[str]
    """`queued`, `scoring`, `scored` or `failed`."""
    error: Mapped[str]
    received_at: Mapped[datetime]
    transcript_deleted_at: Mapped[datetime | None]
    """When its words were deleted because their time was over; NULL while they are there."""
    scored_at: Mapped[datetime | None]
    scoring: Mapped[int]
    """How often it was scored; rows of the latest scoring carry this number."""

    turn_count: Mapped[int]
    duration: Mapped[float | None]
    risk: Mapped[float]
    sentiment: Mapped[list[Any]]
    """Customer sentiment per quarter, as in the trajectory."""
    level: Mapped[str]
    view_state: Mapped[str]
    """The state that a supervisor reads; empty before it is scored, like `level`."""
    reason_turn: Mapped[int | None]
    """Number of the turn that gave the level its reason."""
    level_since: Mapped[datetime | None]
    """When it came to its level, by this machine's clock; NULL where it was never open."""
    waiting_since: Mapped[datetime | None]
    """When the customer's first turn came that nobody has answered; NULL where the last is."""
    handled_by: Mapped[str | None]
    """Who has taken it over; NULL where nobody has."""
    handled_at: Mapped[datetime | None]
    agent_ids: Mapped[list[Any]]
    labels: Mapped[dict[str, Any]]
    """How many turns have which fused label, for turns whose emotion is scored at all."""
    tags: Mapped[list[Any]]
    """The event tags of its turns, each once, by the words that the site had when it was scored."""
    notes: Mapped[list[Any]]
    media_count: Mapped[int]


class TurnRow(Base):
    """One turn; `number` counts from 1."""

    __tablename__ = "turn"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    text: Mapped[str]
    start: Mapped[float | None]
    end: Mapped[float | None]
    speaker: Mapped[str]
    agent_id: Mapped[str]
    channel: Mapped[int | None]
    attributes: Mapped[dict[str, Any]]


def _turn_key() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["conversation_id", "number"],
        ["turn.conversation_id", "turn.number"],
        ondelete="CASCADE",
    )


class ModelRow(Base):
    """A model that gave a stored answer. `key` is `ModelInfo.key`."""

    __tablename__ = "model"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[str]
    terms: Mapped[str]


class ScoreRow(Base):
    """What one model said about one turn. `model_key` is empty where no model was asked."""

    __tablename__ = "score"
    __table_args__ = (_turn_key(),)

    conversation_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    modality: Mapped[str] = mapped_column(primary_key=True)
    model_key: Mapped[str] = mapped_column(primary_key=True)
    scoring: Mapped[int]
    probabilities: Mapped[list[Any] | None] = mapped_column(Json)
    """In the order of `EMOTIONS`; NULL where the score is missing."""
    reliability: Mapped[float]
    valence: Mapped[float | None]
    arousal: Mapped[float | None]
    heads: Mapped[dict[str, Any]]
    evidence: Mapped[list[Any]]
    reason: Mapped[str]


class AnswerRow(Base):
    """The fused answer of one turn, by one fuser from one set of inputs."""

    __tablename__ = "answer"
    __table_args__ = (_turn_key(),)

    conversation_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    model_key: Mapped[str] = mapped_column(primary_key=True)
    inputs: Mapped[str] = mapped_column(primary_key=True)
    """Modalities and model keys that went in: `text=bert@1.0.0+...;voice=...`."""
    scoring: Mapped[int]
    probabilities: Mapped[list[Any] | None] = mapped_column(Json)
    label: Mapped[str]
    confidence: Mapped[float]
    valence: Mapped[float]
    contributions: Mapped[dict[str, Any]]
    disagreement: Mapped[float]
    reason: Mapped[str]


class TrajectoryRow(Base):
    """How a conversation went, as one scoring saw it."""

    __tablename__ = "trajectory"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    scoring: Mapped[int] = mapped_column(primary_key=True)
    model_key: Mapped[str]
    risk: Mapped[list[Any]]
    """The running risk after each turn, in [0, 1]."""
    sentiment: Mapped[list[Any]]
    shift: Mapped[float | None]
    talk_seconds: Mapped[dict[str, Any]]
    silence_seconds: Mapped[float]
    overlap_seconds: Mapped[float]
    characters_per_minute: Mapped[float | None]
    scored_at: Mapped[datetime]


class MediaRow(Base):
    """A recording: under the media folder by its hash, or elsewhere by its path."""

    __tablename__ = "media"
    __table_args__ = (Index(None, "sha256"),)

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    """Empty for a recording that lies elsewhere."""
    path: Mapped[str]
    """Where it lies, relative to the media folder if `sha256` is set, else absolute; empty for one
    that is not kept, of which `sha256` holds the content's hash or the path's."""
    channels: Mapped[dict[str, Any]]
    customer_region: Mapped[list[Any] | None] = mapped_column(Json)
    offset: Mapped[float]


class CorrectionRow(Base):
    """What a person said about a turn instead of the models. Undone by `revoked_at`."""

    __tablename__ = "correction"
    __table_args__ = (
        _turn_key(),
        Index(None, "conversation_id", "number"),
        Index(None, "task_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(BigId)
    number: Mapped[int]
    task_id: Mapped[int | None] = mapped_column(BigInteger)
    """The review task in which it was said; NULL where it was said outside of one."""
    label: Mapped[str]
    comment: Mapped[str]
    author: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]
    models: Mapped[str | None]
    """Fuser and inputs that had answered at that moment; NULL where none had, or not known."""
    model_label: Mapped[str | None]
    """What it had answered."""
    model_confidence: Mapped[float | None]


class IdempotencyRow(Base):
    """A write that was done under a caller's key.

    It points to what was written and holds no text of it, so that erasing the conversation erases
    everything; the key stays behind, and a late repeat does not bring the conversation back.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "conversation_id"),)

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    """SHA-256 of the request's method, path and body."""
    conversation_id: Mapped[int | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="SET NULL")
    )
    number: Mapped[int | None]
    """The turn that was appended; NULL where a whole conversation was written."""
    created_at: Mapped[datetime]


class NoticeRow(Base):
    """A notice or consent under which conversations are analysed: what customers are told."""

    __tablename__ = "notice"

    reference: Mapped[str] = mapped_column(primary_key=True)
    """What `conversation.notice` names."""
    text: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    """First moment at which it no longer holds; NULL while it holds on."""
    author: Mapped[str]
    made_at: Mapped[datetime]


class AuditRow(Base):
    """Who viewed, exported, deleted or changed what, and when; never about whom."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    action: Mapped[str]
    """`view`, `replay`, `export`, `sign_in`, `user`, `key`, `erase`, `retention`, `notice`, ..."""
    detail: Mapped[dict[str, Any]]


class EventRow(Base):
    """What happened to a conversation, for whoever follows it live; see `app.store.events`.

    It carries what a scope asks for, and outlives the conversation by the news that it is gone.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index(None, "conversation_id"),
        Index(None, "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    """`conversation`, `turn` or `alert`."""
    conversation_id: Mapped[int] = mapped_column(BigId)
    team: Mapped[str]
    queue: Mapped[str]
    payload: Mapped[dict[str, Any]]


class CarriedStateRow(Base):
    """What a modality wants to be given with a speaker's next turn."""

    __tablename__ = "carried_state"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    modality: Mapped[str] = mapped_column(primary_key=True)
    speaker: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]


class CustomerStateRow(Base):
    """What a modality learnt of the customer in a conversation, where the site keeps that."""

    __tablename__ = "customer_state"

    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    modality: Mapped[str] = mapped_column(primary_key=True)
    model_key: Mapped[str]
    value: Mapped[dict[str, Any]]


class SavedSearchRow(Base):
    """A search that a person keeps."""

    __tablename__ = "saved_search"

    owner: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[dict[str, Any]]
    """Filters of the list of conversations, by name."""
    made_at: Mapped[datetime]
