"""One writer after the other, in the order in which they came.

SQLite has one writer at a time, and who waits for it asks again now and then: whoever asks in the
right moment is next, and one of many may be unlucky until its time is up ("database is locked").
Within a process writers stand in a queue instead, before they take a connection, so that those who
wait leave the connections to readers.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from weakref import WeakValueDictionary

from sqlalchemy import Engine

from app.store.engine import BUSY_SECONDS
from app.store.errors import DatabaseUnavailableError


class WriteQueue:
    """A lock that is handed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._taken = False

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Waits for its turn, and is the only one for as long as the block runs.

        Args:
            seconds: For how long it waits.

        Raises:
            DatabaseUnavailableError: If its turn did not come.
        """
        self._acquire(seconds)
        try:
            yield
        finally:
            self._release()

    def _acquire(self, seconds: float) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds):
            return
        with self._guard:
            if mine in self._waiting:
                self._waiting.remove(mine)
                raise DatabaseUnavailableError(
                    f"other writes to the database took more than {seconds:g} s.",
                    remedy="Try again; with many writers at once use PostgreSQL.",
                )
        # It was handed over in the last moment.

    def _release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


_QUEUES: WeakValueDictionary[Path, WriteQueue] = WeakValueDictionary()
_GUARD = threading.Lock()


class WritesInTurn:
    """Gives the writers to a database their turns; PostgreSQL's need none.

    Args:
        engine: The database. The same file has one queue, however many engines it has.
    """

    def __init__(self, engine: Engine) -> None:
        self._queue: WriteQueue | None = None
        if engine.dialect.name == "sqlite":
            file = Path(engine.url.database or "").resolve()
            with _GUARD:
                self._queue = _QUEUES.setdefault(file, WriteQueue())

    def __call__(self) -> AbstractContextManager[None]:
        """For one transaction that writes: entered before its connection is taken.

        Raises:
            DatabaseUnavailableError: If others write for too long.
        """
        return nullcontext() if self._queue is None else self._queue.turn(BUSY_SECONDS)
