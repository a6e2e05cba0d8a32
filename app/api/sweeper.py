"""Sweeps what is kept no longer, in this process, while the service runs."""

from __future__ import annotations

import logging
import threading

from app.settings import Settings
from app.store import Store
from multimodal.errors import EmotionMonitorError

log = logging.getLogger(__name__)

FIRST_SECONDS = 60.0
"""After the start, so that a service that is only tried out is quick."""
EVERY_SECONDS = 6 * 3600.0


class Sweeper:
    """A thread that sweeps by the settings' retention, several times a day.

    Args:
        store: What is swept.
        settings: How long each class is kept.
        first: Seconds from the start to the first sweep.
    """

    def __init__(self, store: Store, settings: Settings, first: float = FIRST_SECONDS) -> None:
        self._store = store
        self._settings = settings
        self._first = first
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Begins to wait for the first sweep."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; a sweep that runs is finished."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait = self._first
        while not self._stopping.wait(wait):
            wait = EVERY_SECONDS
            try:
                swept = self._store.sweep(self._settings)
            except (EmotionMonitorError, OSError) as error:
                log.warning("retention could not sweep: %s", type(error).__name__)
                continue
            if swept.anything:
                log.info("retention: %s", swept)
