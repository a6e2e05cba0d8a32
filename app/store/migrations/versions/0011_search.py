"""The index of words, kept by the database itself, tags, and searches that people keep.

What was scored before has no tags in lists until it is scored again. On SQLite triggers on `turn` keep it: a later revision that copies that table has to make them anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ROW = "{0}.conversation_id << 16 | {0}.number"
_ADD = (
    "INSERT INTO turn_search(rowid, grams)"
    f" SELECT {_ROW.format('new')}, search_bigrams(new.text) WHERE new.text <> '';"
)
_REMOVE = (
    "INSERT INTO turn_search(turn_search, rowid, grams)"
    f" SELECT 'delete', {_ROW.format('old')}, search_bigrams(old.text) WHERE old.text <> '';"
)
_SQLITE = (
    # Without content and places: only which turn has which pair is stored.
    "CREATE VIRTUAL TABLE turn_search USING fts5"
    "(grams, content='', columnsize=0, detail=none, tokenize='ascii')",
    "INSERT INTO turn_search(rowid, grams)"
    f" SELECT {_ROW.format('turn')}, search_bigrams(text) FROM turn WHERE text <> ''",
    f"CREATE TRIGGER turn_search_insert AFTER INSERT ON turn BEGIN {_ADD} END",
    f"CREATE TRIGGER turn_search_delete AFTER DELETE ON turn BEGIN {_REMOVE} END",
    "CREATE TRIGGER turn_search_update AFTER UPDATE OF text ON turn WHEN old.text <> new.text"
    f" BEGIN {_REMOVE} {_ADD} END",
)
_POSTGRESQL = (
    "CREATE FUNCTION search_fold(said text) RETURNS text LANGUAGE sql"
    " IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT lower(normalize(said, NFKC)) $$",
    "CREATE FUNCTION search_bigrams(said text) RETURNS text[] LANGUAGE sql"
    " IMMUTABLE STRICT PARALLEL SAFE AS $$ SELECT coalesce(array_agg(DISTINCT a || b), '{}') FROM"
    " (SELECT c AS a, lead(c) OVER (ORDER BY at) AS b FROM"
    " unnest(string_to_array(lower(normalize(said, NFKC)), NULL)) WITH ORDINALITY AS one(c, at))"
    " AS pairs WHERE b IS NOT NULL $$",
    "CREATE INDEX ix_turn_search ON turn USING gin (search_bigrams(text))",
)


def upgrade() -> None:
    """Applies it."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)
    op.add_column("conversation", sa.Column("tags", JSON, nullable=False, server_default="[]"))
    op.create_table(
        "saved_search",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", JSON, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name=op.f("pk_saved_search")),
    )


def downgrade() -> None:
    """Takes it back."""
    op.drop_table("saved_search")
    op.drop_column("conversation", "tags")
    if op.get_bind().dialect.name == "sqlite":
        for name in ("insert", "delete", "update"):
            op.execute(f"DROP TRIGGER turn_search_{name}")
        op.execute("DROP TABLE turn_search")
    else:
        op.execute("DROP INDEX ix_turn_search")
        op.execute("DROP FUNCTION search_bigrams(text)")
        op.execute("DROP FUNCTION search_fold(text)")
