"""Since when a conversation has its level, since when its customer waits, and who took it over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (
    ("level_since", sa.DateTime(timezone=True)),
    ("waiting_since", sa.DateTime(timezone=True)),
    ("handled_by", sa.Text()),
    ("handled_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Applies it."""
    # In place, also on SQLite: a copy of the table would count its ids from another number.
    for name, kind in COLUMNS:
        op.add_column("conversation", sa.Column(name, kind, nullable=True))
    op.create_index(op.f("ix_conversation_state"), "conversation", ["state"], unique=False)
    op.execute("UPDATE conversation SET level_since = scored_at")


def downgrade() -> None:
    """Takes it back."""
    op.drop_index(op.f("ix_conversation_state"), "conversation")
    for name, _ in reversed(COLUMNS):
        op.drop_column("conversation", name)
