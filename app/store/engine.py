"""Opens the database: what SQLite and PostgreSQL need in order to behave alike and safely."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from app.store.search import add_functions
from multimodal.conversation import storable
from multimodal.errors import InvalidInputError

BUSY_SECONDS = 30.0
"""How long a write waits for another one's transaction on SQLite."""
WRITE = "emotion_monitor_write"
"""Execution option of connections that will write."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_EMPTY: Mapping[type, str] = {dict: "{}", list: "[]"}
"""Half of all values are empty."""
_ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def open_engine(url: str) -> Engine:
    """An engine for that URL; nothing is connected yet.

    Parameters are hidden in errors and logs: they hold what people said.

    SQLite runs in WAL mode, so that readers never wait for the writer, with foreign keys on, each
    commit synchronised to the disk (`synchronous=FULL`), and deleted text overwritten. Its
    transactions begin explicitly; one that will write takes the write lock at its start, because a
    reader that turns writer cannot wait for the lock.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(
            url, json_serializer=dump_json, hide_parameters=True, pool_pre_ping=True
        )
    engine = create_engine(
        url,
        json_serializer=dump_json,
        hide_parameters=True,
        connect_args={"timeout": BUSY_SECONDS},
    )
    database = engine.url.database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # Transactions are ours to begin, not the driver's.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    add_functions(connection)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        InvalidInputError: If it is outside the years 1 to 9999 there.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInputError(
            f"the time {moment.isoformat()} is outside the years 1-9999 in UTC."
        ) from error


def dump_json(value: Any) -> str:
    """JSON that both databases store: no NaN (becomes null), no NUL or lone surrogates (U+FFFD)."""
    if not value and type(value) in _EMPTY:
        return _EMPTY[type(value)]
    if type(value) is list and {*map(type, value)} == {float}:
        # Most values are probabilities, and Python writes a list of floats as JSON does.
        text = repr(value)
        if "n" not in text:  # Neither nan nor inf.
            return text
    try:
        text = _ENCODER.encode(value)
    except ValueError:
        text = _ENCODER.encode(_without_nan(value))
    if "\\u0000" in text:
        text = _ESCAPED_NUL.sub("\\1\ufffd", text)
    return text if text.isascii() else storable(text)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
