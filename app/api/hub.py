"""Hands what happens on to whoever follows it: one reader of the database for all followers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress

from anyio import to_thread

from app.store import LOCAL, DatabaseUnavailableError, Scope, Store
from app.store.tables import EventRow

log = logging.getLogger(__name__)

EVERY_SECONDS = 0.5
"""How late an event of another process may be seen; one of this process is seen at once."""
RETRY_SECONDS = 2.0
AT_ONCE = 500
REMEMBERED = 2000
"""Events kept in memory; whoever is further behind reads the database."""


class Hub:
    """Follows the events of the whole database, and gives each follower those of its scope.

    It belongs to one event loop. A follower is no queue but a place in what is remembered, so that
    one that reads slowly costs nothing and misses nothing.

    Args:
        store: Where events are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent: deque[EventRow] = deque(maxlen=REMEMBERED)
        self._floor = self._last = 0
        self._news = asyncio.Event()
        self._bell = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def last_id(self) -> int:
        """The id of the latest event that is known."""
        return self._last

    async def start(self) -> None:
        """Begins to follow, from now on."""
        self._floor = self._last = await to_thread.run_sync(self._store.last_event_id)
        self._store.happened = self.ring
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends every follower, and stops to follow."""
        self.end()
        if self._task is not None:
            await self._task

    def ring(self) -> None:
        """Says that there may be something new; from any thread."""
        self._loop.call_soon_threadsafe(self._bell.set)

    def end(self) -> None:
        """Ends every follower, because the service stops; from any thread or a signal handler."""
        self._ended = True
        self._loop.call_soon_threadsafe(self._bell.set)
        self._loop.call_soon_threadsafe(self._tell)

    async def follow(self, last_id: int, scope: Scope, seconds: float) -> AsyncIterator[EventRow]:
        """Every event after that of an id which the scope may see, as they come.

        Args:
            last_id: Id of the last event that the follower knows.
            scope: Who follows.
            seconds: After which it ends.
        """
        at = min(last_id, self._last)
        until = self._loop.time() + seconds
        while not self._ended and self._loop.time() < until:
            news, latest = self._news, self._last
            if at < self._floor:
                read = self._store.events_after
                rows = list(await to_thread.run_sync(read, at, scope, AT_ONCE))
                # A page that is not full holds all that there was when it was read.
                at = rows[-1].id if len(rows) == AT_ONCE else max(at, latest)
            else:
                rows = [row for row in self._recent if row.id > at]
                at = rows[-1].id if rows else at
                rows = [row for row in rows if scope.covers(row.team, row.queue)]
            for row in rows:
                at = max(at, row.id)
                yield row
            if at >= self._last and not self._ended:
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(until):
                        await news.wait()

    async def _run(self) -> None:
        wait = EVERY_SECONDS
        while not self._ended:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._bell.wait()
            self._bell.clear()
            try:
                rows = await to_thread.run_sync(
                    self._store.events_after, self._last, LOCAL, AT_ONCE
                )
            except DatabaseUnavailableError:
                log.warning("events: waiting for the database")
                wait = RETRY_SECONDS
                continue
            wait = 0.0 if len(rows) == AT_ONCE else EVERY_SECONDS
            if rows:
                self._take(list(rows))

    def _take(self, rows: list[EventRow]) -> None:
        gone = {row.conversation_id for row in rows if row.payload.get("change") == "erased"}
        kept = [row for row in self._recent if row.conversation_id not in gone]
        self._recent.clear()
        self._recent.extend(kept)
        for row in rows:
            if len(self._recent) == REMEMBERED:
                self._floor = self._recent[0].id
            self._recent.append(row)
        self._last = rows[-1].id
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
