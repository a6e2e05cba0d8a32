"""How what was deleted is made to be gone from the database's files too.

SQLite overwrites what it deletes (`secure_delete`); here its index of words is merged, its free
pages are given back and its log is emptied. PostgreSQL keeps deleted rows in its files until a
table is rewritten, in its statistics, and in its write-ahead log until a segment is removed: tables
are rewritten, the log is switched and checkpointed. The last two need a superuser or
`pg_checkpoint`; where they are refused, the answer says so. `wal_recycle=off` makes PostgreSQL
delete old segments rather than use their files again with what is in them. Backups, archived WAL
and replicas are out of reach: they age out by their own rule.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.store.tables import Base

_MERGE = "INSERT INTO turn_search(turn_search) VALUES ('optimize')"
"""The index of words marks what was deleted from it, and drops it when its parts are merged."""
LOCK_SECONDS = 30
TRIES = 20
WAIT_SECONDS = 0.25
SQLITE_BUSY = (
    "另有程序正在读数据库，日志尚未清空：稍后再运行一次 (a reader keeps the log; run it again)"
)
TABLE_BUSY = (
    "有表正在使用，未能重写：行已删除，请稍后执行 VACUUM FULL"
    " (a table was in use and could not be rewritten; the rows are deleted: run VACUUM FULL later)"
)
WAL_KEPT = (
    "没有权限清空 PostgreSQL 的预写日志或统计：请由管理员执行 CHECKPOINT"
    " (no right to empty the write-ahead log or the statistics: ask the administrator)"
)
WAL_RECYCLED = (
    "PostgreSQL 会复用旧日志文件，其中内容要被覆盖才消失：建议 wal_recycle=off"
    " (old log files are used again with what is in them; set wal_recycle=off)"
)


def purge(engine: Engine) -> list[str]:
    """Removes what was deleted from the database's files.

    Args:
        engine: The database; nothing of this thread may be in a transaction.

    Returns:
        What could not be done, for a person to read; empty where all was.
    """
    if engine.dialect.name == "sqlite":
        return _purge_sqlite(engine)
    return _purge_postgresql(engine)


def empty_log(engine: Engine) -> None:
    """Writes SQLite's log back where nobody reads it just now; elsewhere does nothing.

    What is deleted was overwritten, and what the log has of it goes. PostgreSQL's autovacuum does
    its part by itself: rewriting tables several times a day would lock everybody out.
    """
    if engine.dialect.name == "sqlite":
        with _driver(engine) as driver:
            driver.execute(_MERGE)
            _truncate_log(driver)


def _purge_sqlite(engine: Engine) -> list[str]:
    with _driver(engine) as driver:
        try:
            driver.execute(_MERGE)
            driver.execute("VACUUM")
        except sqlite3.OperationalError:
            return [SQLITE_BUSY]
        for _ in range(TRIES):
            if _truncate_log(driver):
                return []
            time.sleep(WAIT_SECONDS)
    return [SQLITE_BUSY]


def _truncate_log(driver: sqlite3.Connection) -> bool:
    """Writes the log back and empties it, unless somebody reads it; whether that was done.

    It does not wait for readers: while it did, nobody could write.
    """
    (waits,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout=0")
    try:
        busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout={waits}")
    return not busy


@contextmanager
def _driver(engine: Engine) -> Iterator[sqlite3.Connection]:
    """The driver's own connection, outside of any transaction: SQLAlchemy would begin one."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        yield driver


def _purge_postgresql(engine: Engine) -> list[str]:
    notes = []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_SECONDS}s'")
            for table in _tables():
                connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{table}"')
        except DBAPIError:
            notes.append(TABLE_BUSY)
        try:
            for statement in (
                "VACUUM FULL pg_catalog.pg_statistic",
                "SELECT pg_switch_wal()",
                "CHECKPOINT",
                "SELECT pg_switch_wal()",
                "CHECKPOINT",
            ):
                connection.exec_driver_sql(statement)
        except DBAPIError:
            notes.append(WAL_KEPT)
        recycles = connection.exec_driver_sql("SHOW wal_recycle").scalar()
    return [*notes, *([WAL_RECYCLED] if recycles == "on" else [])]


def _tables() -> Iterable[str]:
    return sorted(set(Base.metadata.tables) - {"model", "notice", "audit"})
