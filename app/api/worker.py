"""Scores queued conversations in this process, one at a time."""

from __future__ import annotations

import logging
import threading

from app.store import LOCAL, DatabaseUnavailableError, Store
from multimodal.errors import ConflictError, EmotionMonitorError
from multimodal.masking import Masker
from multimodal.pipeline import EmotionMonitor

log = logging.getLogger(__name__)

_MASKER = Masker()
RETRY_SECONDS = 5.0
"""How long to wait for a database that does not answer."""


class Worker:
    """A thread that scores what is queued, from the oldest on.

    What was queued or half scored when the process before ended is scored first.

    Args:
        store: Where the queue is.
        monitor: Scores.
    """

    def __init__(self, store: Store, monitor: EmotionMonitor) -> None:
        self._store = store
        self._monitor = monitor
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def notify(self) -> None:
        """Says that something was queued."""
        self._wake.set()

    def stop(self) -> None:
        """Ends after the conversation that is being scored; what is queued stays queued."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        resumed = False
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if not resumed:
                    self._store.requeue()
                    resumed = True
                while not self._stopping.is_set() and (claimed := self._store.claim()):
                    self._score(claimed)
            except (DatabaseUnavailableError, OSError) as error:
                log.warning("the queue waits: %s", type(error).__name__)
                self._stopping.wait(RETRY_SECONDS)
                resumed = False
                continue
            self._wake.wait()

    def _score(self, conversation_id: int) -> None:
        try:
            conversation = self._store.get(conversation_id, LOCAL).scored.conversation
            self._store.record(conversation_id, self._monitor.score(conversation), LOCAL)
        except DatabaseUnavailableError:
            raise
        except ConflictError:
            # Its roles were exchanged while it was scored: once more, under the new ones.
            self._store.requeue()
        except EmotionMonitorError as error:
            self._store.fail(conversation_id, str(_MASKER.error(error)))
        except Exception as error:
            # One conversation that brings a scorer down must not stop the queue.
            log.exception("conversation %d could not be scored", conversation_id)
            self._store.fail(conversation_id, f"scoring failed ({type(error).__name__})")
