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

connection: Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most of a table in place.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    user_module_prefix="tables.",
)
context.run_migrations()
