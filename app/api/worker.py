"""Scores queued conversations in this process, one at a time."""

from __future__ import annotations

import logging

from app.background import Background
from app.store import LOCAL, DatabaseUnavailableError, Store
from multimodal.errors import ConflictError, EmotionMonitorError
from multimodal.masking import Masker
from multimodal.pipeline import EmotionMonitor

log = logging.getLogger(__name__)

_MASKER = Masker()


class Worker(Background):
    """A thread that scores what is queued, from the oldest on.

    What was queued or half scored when the process before ended is scored first.

    Args:
        store: Where the queue is.
        monitor: Scores.
    """

    def __init__(self, store: Store, monitor: EmotionMonitor) -> None:
        super().__init__("scoring")
        self._store = store
        self._monitor = monitor

    def resume(self) -> None:
        """Puts back what a process that is gone had claimed."""
        self._store.requeue()

    def work(self) -> bool:
        """Scores the oldest conversation that is queued."""
        claimed = self._store.claim()
        if claimed is not None:
            self._score(claimed)
        return claimed is not None

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
