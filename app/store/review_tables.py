"""The tables of review: what is to be judged, what people said, and who appealed.

    review_draw ── review_task      conversations that wait for a reviewer, in three queues
                       ├─ verdict ── appeal    what a person said of the conversation
                       └─ correction           what they said of its turns (see `tables`)

Nothing is overwritten: an undone verdict keeps who undid it, an appeal stands beside the verdict
that it is against, and what the models said is copied beside what a person said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables import Base, BigId

_STANDING = text("revoked_at IS NULL")


class ReviewDrawRow(Base):
    """Conversations that were drawn for review together, and how."""

    __tablename__ = "review_draw"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own name)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    queue: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    """The same seed over the same conversations draws the same ones."""
    wanted: Mapped[dict[str, Any]]
    """Number or share, turns of each, days, who reviews, and whether two do."""
    drawn: Mapped[int]
    """How many conversations it gave."""
    eligible: Mapped[int]
    """Out of how many."""
    author: Mapped[str]
    made_at: Mapped[datetime]


class ReviewTaskRow(Base):
    """A conversation that one person is to judge."""

    __tablename__ = "review_task"
    __table_args__ = (
        UniqueConstraint("conversation_id", "queue", "slot"),
        Index(None, "queue", "done_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("review_draw.id", ondelete="SET NULL"))
    """NULL for one that the queue made by itself."""
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    queue: Mapped[str]
    """`must` 必看, `random` 抽检, `learn` 学习."""
    slot: Mapped[int]
    """1, or 2 for the second reviewer's."""
    turns: Mapped[list[Any]]
    """Numbers of the turns to be labelled, ascending."""
    priority: Mapped[float]
    assignee: Mapped[str]
    """Who is to do it; empty for whoever comes."""
    taken_by: Mapped[str]
    """Who has it open; empty where nobody has."""
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    """When its verdict was given; NULL while there is none."""
    revealed_at: Mapped[datetime | None]
    """When the models' answers were first shown: what was said after it measures nothing."""
    made_at: Mapped[datetime]


class VerdictRow(Base):
    """What a person said of a whole conversation; undone by `revoked_at`."""

    __tablename__ = "verdict"
    __table_args__ = (
        Index(
            "uq_verdict_standing",
            "task_id",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        Index(None, "conversation_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("review_task.id", ondelete="CASCADE"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    verdict: Mapped[str]
    """`upheld` 成立, `false_alarm` 误判, `missed` 漏判."""
    dissatisfied: Mapped[bool]
    """Whether the customer was, as the person says."""
    cause: Mapped[str]
    comment: Mapped[str]
    level: Mapped[str]
    """The conversation's level at that moment."""
    risk: Mapped[float]
    model_key: Mapped[str]
    """Which model gave the risk."""
    author: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]


class AppealRow(Base):
    """An appeal against a verdict, and its decision, which is final."""

    __tablename__ = "appeal"
    __table_args__ = (UniqueConstraint("verdict_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdict.id", ondelete="CASCADE"))
    reason: Mapped[str]
    author: Mapped[str]
    made_at: Mapped[datetime]
    decision: Mapped[str]
    """The verdict that holds from now on; empty while nobody has decided."""
    dissatisfied: Mapped[bool | None]
    comment: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None]
