"""How what was deleted is made to be gone from the database's files too.

SQLite overwrites what it deletes (`secure_delete`); here its free pages are given back and its log
is emptied. PostgreSQL keeps deleted rows in its files until a table is rewritten, in its
statistics, and in its write-ahead log until a segment is removed: tables are rewritten, the log is
switched and checkpointed. The last two need a superuser or `pg_checkpoint`; where they are
refused, the answer says so. `wal_recycle=off` makes PostgreSQL delete old segments rather than use
their files again with what is in them. Backups, archived WAL and replicas are out of reach: they
age out by their own rule.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from app.store.tables import Base

TRIES = 20
WAIT_SECONDS = 0.25
SQLITE_BUSY = (
    "另有程序正在读数据库，日志尚未清空：稍后再运行一次 (a reader keeps the log; run it again)"
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


def _purge_sqlite(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        # Outside of any transaction, where SQLAlchemy would begin one.
        driver.execute("VACUUM")
        for _ in range(TRIES):
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return []
            time.sleep(WAIT_SECONDS)
    return [SQLITE_BUSY]


def _purge_postgresql(engine: Engine) -> list[str]:
    notes = []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in _tables():
            connection.exec_driver_sql(f'VACUUM (FULL, ANALYZE) "{table}"')
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
