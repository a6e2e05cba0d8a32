"""Whether a person's password was set by somebody else, so that they choose their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Applies it."""
    op.add_column(
        "user", sa.Column("must_change", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_column("user", "must_change")
