"""Sends what webhooks are to be told, beside everything else: a slow receiver delays nobody."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from app.alerts.messages import refusal_of, request_of
from app.alerts.posting import Answer, post
from app.settings import Settings
from app.store import Store
from app.store.alert_tables import DeliveryRow
from app.store.webhooks import Message
from multimodal.errors import EmotionMonitorError

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Messages on their way at one time, each to another receiver."""
BACKOFF_SECONDS = (5, 30, 120, 600, 3600)
"""Waits between attempts; after as many and one more a message has failed."""
RECEIVER_SECONDS = 8.0
"""How long a receiver may take to answer."""
REST_SECONDS = 30.0
"""Longest rest: another process may have made a message."""
_PASSING = (408, 425, 429)
"""Refusals that may pass; others of 400 to 499 will not."""


class Sender:
    """A thread that hands messages to a few workers, and keeps what became of them.

    Every message is sent at least once: one whose process died while it was sent is sent again.

    Args:
        store: Where messages wait.
        settings: Whether local receivers are allowed, and where the dashboard is.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._busy: set[int] = set()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begins to send."""
        self._thread.start()

    def notify(self) -> None:
        """Says that there may be something to send."""
        self._wake.set()

    def stop(self) -> None:
        """Ends; what is on its way is finished, the rest is sent after the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        self._pool.shutdown()

    def test(self, webhook_id: int) -> DeliveryRow:
        """Sends a test message now, and says how it went.

        Raises:
            NotFoundError: If there is no such webhook.
        """
        message = self._store.webhooks.test(webhook_id)
        return self._send(message) or message.delivery

    def _run(self) -> None:
        try:
            self._store.webhooks.forget_old()
        except (EmotionMonitorError, OSError) as error:
            log.warning("webhooks: old messages stay, %s", type(error).__name__)
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                wait = self._hand_out()
            except (EmotionMonitorError, OSError) as error:
                log.warning("webhooks: waiting, %s", type(error).__name__)
                wait = REST_SECONDS
            if not self._stopping.is_set():
                self._wake.wait(wait)

    def _hand_out(self) -> float:
        """Hands due messages to workers; how long to rest then, in seconds."""
        room = AT_ONCE - len(self._busy)
        if room <= 0:
            return REST_SECONDS  # A worker wakes us when it is done.
        due = self._store.webhooks.next_due(tuple(self._busy))
        if due is None:
            return REST_SECONDS
        wait = (due - datetime.now(UTC)).total_seconds()
        if wait > 0:
            return min(wait, REST_SECONDS)
        messages = self._store.webhooks.claim(room, tuple(self._busy))
        for message in messages:
            self._busy.add(message.webhook.id)
            self._pool.submit(self._work, message)
        # None, where another process was first.
        return 0.0 if messages else 1.0

    def _work(self, message: Message) -> None:
        try:
            self._send(message)
        except Exception as error:
            # Its row stays `sending` until it counts as lost, and is sent again then.
            log.warning("webhooks: a message was not kept, %s", type(error).__name__)
        finally:
            self._busy.discard(message.webhook.id)
            self._wake.set()

    def _send(self, message: Message) -> DeliveryRow | None:
        now = datetime.now(UTC)
        request = request_of(message, self._link(message), now)
        internal = self._settings.webhook_internal
        answer = post(request, internal=internal, seconds=RECEIVER_SECONDS)
        error = answer.error or refusal_of(message.webhook.vendor, answer.body)
        attempts = message.delivery.attempts
        state, due = "sent", None
        if error:
            again = message.alert is not None and _worth_another(answer)
            again = again and attempts < len(BACKOFF_SECONDS)
            state = "todo" if again else "failed"
            if again:
                due = datetime.now(UTC) + timedelta(seconds=BACKOFF_SECONDS[attempts])
        return self._store.webhooks.record(
            message.delivery.id,
            state=state,
            status=answer.status,
            error=error,
            seconds=round(answer.seconds, 3),
            due_at=due,
        )

    def _link(self, message: Message) -> str:
        row = message.conversation
        if row is None:
            return ""
        base = self._settings.replay_url(row.id).partition("?")[0]
        source, external_id = quote(row.source, safe=""), quote(row.external_id, safe="")
        link = f"{base}?source={source}&external_id={external_id}"
        if message.start is not None:
            return f"{link}&t={message.start:.1f}"
        return link if message.alert is None else f"{link}&turn={message.alert.turn}"


def _worth_another(answer: Answer) -> bool:
    refused = answer.status is not None and 400 <= answer.status < 500
    return not refused or answer.status in _PASSING
