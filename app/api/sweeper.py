"""What is done now and then while the service runs: what is kept no longer goes, and calls end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from app.background import Periodic
from app.settings import Settings
from app.store import Store

log = logging.getLogger(__name__)

FIRST_SECONDS = 60.0
"""After the start, so that a service that is only tried out is quick."""
EVERY_SECONDS = 6 * 3600.0
IDLE_CHECK_SECONDS = 15.0


class Sweeper(Periodic):
    """Sweeps by the settings' retention, several times a day.

    Args:
        store: What is swept.
        settings: How long each class is kept.
        first: Seconds from the start to the first sweep.
    """

    def __init__(self, store: Store, settings: Settings, first: float = FIRST_SECONDS) -> None:
        super().__init__("retention", first, EVERY_SECONDS)
        self._store = store
        self._settings = settings

    def work(self) -> None:
        """Sweeps once."""
        swept = self._store.sweep(self._settings)
        if swept.anything:
            log.info("retention: %s", swept)


class IdleCloser(Periodic):
    """Closes open conversations to which nothing has come for as long as the settings say.

    Args:
        store: Where they are.
        settings: Says how long.
        every: Seconds between two looks.
    """

    def __init__(self, store: Store, settings: Settings, every: float = IDLE_CHECK_SECONDS) -> None:
        super().__init__("idle", every, every)
        self._store = store
        self._idle = timedelta(minutes=settings.idle_minutes)

    def work(self) -> None:
        """Looks once."""
        if closed := self._store.wall.close_idle(datetime.now(UTC) - self._idle):
            log.info("idle: closed %d conversations", closed)
