"""Who looked at what, written into the audit once in a while and not for every click."""

from __future__ import annotations

import threading
import time

from app.store import Scope, Store

AGAIN_SECONDS = 600.0
"""A page asks anew with every click, and a player for every part: within this it is one look."""


class Watch:
    """Notes who views and who replays which conversation.

    Args:
        store: Where the audit is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._recent: dict[tuple[str, str, int], float] = {}

    def looked(self, scope: Scope, action: str, conversation_id: int) -> None:
        """Notes a look, unless it goes on from one that was noted.

        Args:
            scope: Who looks.
            action: `view` for words and scores, `replay` for a recording.
            conversation_id: At what.
        """
        key, now = (scope.who, action, conversation_id), time.monotonic()
        with self._lock:
            since = self._recent.get(key)
            if since is not None and now - since < AGAIN_SECONDS:
                return
            self._recent = {k: at for k, at in self._recent.items() if now - at < AGAIN_SECONDS}
            self._recent[key] = now
        self._store.note(scope, action, {"conversation": conversation_id})
