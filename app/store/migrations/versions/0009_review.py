"""Review: draws, tasks, verdicts, appeals; what the models said beside each correction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
STANDING = sa.text("revoked_at IS NULL")

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OF_CORRECTION: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("task_id", sa.BigInteger()),
    ("models", sa.Text()),
    ("model_label", sa.Text()),
    ("model_confidence", sa.Double()),
)


def _to(table: str, column: str, of: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{of}_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    """Applies it."""
    op.create_table(
        "review_draw",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("wanted", JSON, nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("eligible", sa.Integer(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_draw")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "review_task",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("draw_id", BIG_ID, nullable=True),
        sa.Column("conversation_id", BIG_ID, nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("turns", JSON, nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("revealed_at", MOMENT, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        _to("review_draw", "draw_id", "review_task", "SET NULL"),
        _to("conversation", "conversation_id", "review_task", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_task")),
        sa.UniqueConstraint(
            "conversation_id", "queue", "slot", name=op.f("uq_review_task_conversation_id_queue_slot")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_review_task_queue_done_at"), "review_task", ["queue", "done_at"])
    op.create_table(
        "verdict",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("task_id", BIG_ID, nullable=False),
        sa.Column("conversation_id", BIG_ID, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("dissatisfied", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("model_key", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        _to("review_task", "task_id", "verdict", "CASCADE"),
        _to("conversation", "conversation_id", "verdict", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_verdict_standing",
        "verdict",
        ["task_id"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.create_index(op.f("ix_verdict_conversation_id"), "verdict", ["conversation_id"])
    op.create_table(
        "appeal",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("verdict_id", BIG_ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("dissatisfied", sa.Boolean(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        _to("verdict", "verdict_id", "appeal", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("verdict_id", name=op.f("uq_appeal_verdict_id")),
        sqlite_autoincrement=True,
    )
    # In place, also on SQLite: a copy of the table would count its ids from another number.
    for name, kind in OF_CORRECTION:
        op.add_column("correction", sa.Column(name, kind, nullable=True))
    op.create_index(op.f("ix_correction_task_id"), "correction", ["task_id"])


def downgrade() -> None:
    """Takes it back."""
    op.drop_index(op.f("ix_correction_task_id"), "correction")
    for name, _ in reversed(OF_CORRECTION):
        op.drop_column("correction", name)
    for table in ("appeal", "verdict", "review_task", "review_draw"):
        op.drop_table(table)
