"""Many rows in few statements, past SQLAlchemy's care for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Dialect, Executable, Table, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from app.store.tables import Base

AS_IT_IS = {"synchronize_session": False}
"""For statements that SQLAlchemy cannot evaluate on rows in memory, where there are none."""


def table_of(kind: type[Base]) -> Table:
    """The table behind a mapped class."""
    return cast(Table, kind.__table__)


def insert_many(session: Session, kind: type[Base], values: list[dict[str, Any]]) -> None:
    """Inserts many rows through the driver itself.

    For rows by the ten thousand, SQLAlchemy's care for each value takes longer than the database.
    """
    if not values:
        return
    connection = session.connection()
    statement, names, processors, positional = _plan(kind, connection.dialect)
    bound = [
        tuple(
            [
                value if process is None or value is None else process(value)
                for value, process in zip(map(row.__getitem__, names), processors, strict=True)
            ]
        )
        for row in values
    ]
    if positional:
        connection.exec_driver_sql(statement, bound)
    else:
        connection.exec_driver_sql(statement, [dict(zip(names, row, strict=True)) for row in bound])


@cache
def _plan(
    kind: type[Base], dialect: Dialect
) -> tuple[str, tuple[str, ...], tuple[Callable[[Any], Any] | None, ...], bool]:
    """An insert's text, its columns in their order, what prepares their values, and its style."""
    table = table_of(kind)
    names = [column.name for column in table.columns]
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    assert isinstance(compiled, SQLCompiler)
    if compiled.positional:
        assert compiled.positiontup is not None
        names = list(compiled.positiontup)
    processors = tuple(
        table.columns[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
    )
    return str(compiled), tuple(names), processors, compiled.positional


def upsert(session: Session, kind: type[Base], values: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows; one with the same key takes the new values."""
    if values:
        session.execute(_upsert_statement(kind, session.get_bind().dialect.name), list(values))


@cache
def _upsert_statement(kind: type[Base], dialect: str) -> Executable:
    table = table_of(kind)
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    changed = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)
