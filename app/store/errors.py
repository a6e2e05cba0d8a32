"""What goes wrong with a database, in the product's own errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from multimodal.errors import EmotionMonitorError, OutputError

_FULL = ("disk is full", "DiskFull", "No space left", "disk I/O error")
_NO_TABLE = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn")


class DatabaseUnavailableError(EmotionMonitorError, OSError):
    """The database cannot be reached, is busy for too long, or is not this version's."""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raises the product's errors instead of the driver's; nothing of a statement is shown.

    Args:
        where: The database's URL without its password.

    Raises:
        OutputError: If the disk is full.
        DatabaseUnavailableError: If the database cannot be reached or lacks the tables.
    """
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else None
        said = f"{type(cause).__name__}: {cause}"
        if any(sign in said for sign in _FULL):
            raise OutputError(
                "the database could not be written: its disk is full.",
                where=where,
                remedy="Make room and try again; what was stored before is unharmed.",
            ) from error
        if any(sign in said for sign in _NO_TABLE):
            raise DatabaseUnavailableError(
                "the database does not have this version's tables.",
                where=where,
                remedy="Run `emotion-monitor db upgrade` (after a backup).",
            ) from error
        if isinstance(error, (OperationalError, InterfaceError, TimeoutError)):
            raise DatabaseUnavailableError(
                f"the database does not answer ({error.__class__.__name__}).",
                where=where,
                remedy="Check that it runs and can be reached, and try again.",
            ) from error
        raise
