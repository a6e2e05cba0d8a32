"""Alembic's environment; `app.store.migrate` calls it with an open connection."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from app.store import (  # noqa: F401 (tables of the metadata)
    account_tables,
    alert_tables,
    batch_tables,
    review_tables,
)
from app.store.tables import Base


def _ours(
    _object: object, name: str | None, kind: str, _reflected: bool, _compared: object
) -> bool:
    """Leaves out the index of words, which no class describes; see revision 0008."""
    return not (kind in ("table", "index") and "turn_search" in (name or ""))


connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most of a table in place.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_object=_ours,
    user_module_prefix="tables.",
)
context.run_migrations()
