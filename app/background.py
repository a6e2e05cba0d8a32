"""Threads that work while the server runs: on a queue in the database, or now and then."""

from __future__ import annotations

import logging
import threading

from app.store import DatabaseUnavailableError
from multimodal.errors import EmotionMonitorError, OutputError

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long to wait for a database that does not answer, or for room on the disk."""


class Periodic:
    """A thread that does the same now and then, until it is stopped.

    Args:
        name: Of the thread, for logs.
        first: Seconds from the start to the first time.
        every: Seconds from one time to the next.
    """

    def __init__(self, name: str, first: float, every: float) -> None:
        self._name = name
        self._first = first
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def work(self) -> None:
        """What is done each time."""
        raise NotImplementedError

    def start(self) -> None:
        """Begins to wait for the first time."""
        self._thread.start()

    def stop(self) -> None:
        """Ends; what is being done is finished."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wait = self._first
        while not self._stopping.wait(wait):
            wait = self._every
            try:
                self.work()
            except (EmotionMonitorError, OSError) as error:
                log.warning("%s: not this time, %s", self._name, type(error).__name__)


class Background:
    """What every such thread does; `resume` and `work` say what this one works on.

    Args:
        name: Of the thread, for logs.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def resume(self) -> None:
        """Puts back what a process that is gone had claimed."""
        raise NotImplementedError

    def work(self) -> bool:
        """Does one piece of work; False if there was none."""
        raise NotImplementedError

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def notify(self) -> None:
        """Says that there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """Ends after the piece that is being worked on; the rest goes on at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        resumed = False
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if not resumed:
                    self.resume()
                    resumed = True
                while not self._stopping.is_set() and self.work():
                    pass
            except (DatabaseUnavailableError, OutputError, OSError) as error:
                log.warning("%s: waiting, %s", self._name, type(error).__name__)
                self._stopping.wait(RETRY_SECONDS)
                resumed = False
                continue
            if not self._stopping.is_set():  # Else the bell may have rung before it was cleared.
                self._wake.wait()
