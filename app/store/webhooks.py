"""Who outside is told of alerts, and what became of each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.store.alert_tables import AlertRow, DeliveryRow, WebhookRow
from app.store.audit import entry
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow, TurnRow
from multimodal.errors import ConflictError, NotFoundError

MAX_WEBHOOKS = 50
KEEP_DAYS = 30
"""Days after which what became of a message is forgotten."""
LOST_SECONDS = 120.0
"""After this a message that is being sent counts as lost with its process, and is sent again."""
_RANK = {"notice": 0, "warning": 1, "critical": 2}


def hour_of(moment: datetime) -> int:
    """Hours from 1970 to a moment."""
    return int(moment.timestamp() // 3600)


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What is to be sent.

    Attributes:
        delivery: The message's own row.
        webhook: To whom.
        alert: Of what; None for a test.
        conversation: The alert's conversation; None for a test.
        start: Seconds at which the turn that caused the alert starts, where that is known.
    """

    delivery: DeliveryRow
    webhook: WebhookRow
    alert: AlertRow | None = None
    conversation: ConversationRow | None = None
    start: float | None = None


def address(
    session: Session, alert: AlertRow, team: str, change: str, budget: int, now: datetime
) -> None:
    """Makes a message about an alert to every webhook that wants it; none is sent here.

    Args:
        session: The transaction that opens or raises the alert.
        alert: The alert, with an id.
        team: Its conversation's team.
        change: `opened` or `raised`.
        budget: Messages that one webhook is sent in one hour; the rest are kept and not sent.
        now: The moment.
    """
    hour = hour_of(now)
    for webhook in session.scalars(select(WebhookRow).where(WebhookRow.enabled)):
        if _RANK[alert.severity] < _RANK[webhook.least_severity]:
            continue
        if webhook.teams and team not in webhook.teams:
            continue
        used = select(func.count()).select_from(DeliveryRow)
        used = used.where(
            DeliveryRow.webhook_id == webhook.id,
            DeliveryRow.hour == hour,
            DeliveryRow.change != "test",
            DeliveryRow.state != "over_budget",
        )
        over = (session.scalar(used) or 0) >= budget
        session.add(_delivery(webhook.id, alert.id, change, now, "over_budget" if over else "todo"))


def starts(session: Session, alerts: Sequence[AlertRow]) -> dict[int, float]:
    """When the turns that caused alerts start, in seconds, by alert; where that is known."""
    key = tuple_(TurnRow.conversation_id, TurnRow.number)
    places = {(alert.conversation_id, alert.turn) for alert in alerts}
    found = session.execute(
        select(TurnRow.conversation_id, TurnRow.number, TurnRow.start).where(
            key.in_(sorted(places)), TurnRow.start.is_not(None)
        )
    )
    known = {(number, turn): start for number, turn, start in found if start is not None}
    return {
        alert.id: known[place]
        for alert in alerts
        if (place := (alert.conversation_id, alert.turn)) in known
    }


class Webhooks:
    """The webhooks in the store, and their messages.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def all(self) -> Sequence[WebhookRow]:
        """All webhooks, oldest first."""
        with self._reading() as session:
            return session.scalars(select(WebhookRow).order_by(WebhookRow.id)).all()

    def add(self, values: Mapping[str, Any], scope: Scope) -> WebhookRow:
        """Adds a webhook.

        Args:
            values: Its columns, but for id, author and time.
            scope: Who adds it.

        Raises:
            ConflictError: If there are `MAX_WEBHOOKS` already.
        """
        row = WebhookRow(**values, author=scope.who, changed_at=datetime.now(UTC))
        with self._writing() as session:
            if (session.scalar(select(func.count()).select_from(WebhookRow)) or 0) >= MAX_WEBHOOKS:
                raise ConflictError(
                    f"there are {MAX_WEBHOOKS} webhooks already.", remedy="Delete one of them."
                )
            session.add(row)
            session.flush()
            _note(session, scope, row, "added")
        return row

    def change(self, webhook_id: int, values: Mapping[str, Any], scope: Scope) -> WebhookRow:
        """Changes a webhook.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            row = _webhook(session, webhook_id)
            for name, value in values.items():
                setattr(row, name, value)
            row.author, row.changed_at = scope.who, datetime.now(UTC)
            _note(session, scope, row, "changed")
        return row

    def remove(self, webhook_id: int, scope: Scope) -> None:
        """Deletes a webhook with what is kept of its messages.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            row = _webhook(session, webhook_id)
            _note(session, scope, row, "deleted")
            session.delete(row)

    # Messages

    def log(self, webhook_id: int, scope: Scope, limit: int = 50) -> Sequence[DeliveryRow]:
        """The latest messages to a webhook, newest first; of alerts that whoever asks may see.

        Raises:
            NotFoundError: If there is no such webhook.
        """
        visible = select(AlertRow.id).join(ConversationRow).where(scope.visible())
        wanted = (
            select(DeliveryRow)
            .where(
                DeliveryRow.webhook_id == webhook_id,
                or_(DeliveryRow.alert_id.is_(None), DeliveryRow.alert_id.in_(visible)),
            )
            .order_by(DeliveryRow.id.desc())
            .limit(limit)
        )
        with self._reading() as session:
            _webhook(session, webhook_id)
            return session.scalars(wanted).all()

    def test(self, webhook_id: int) -> Message:
        """Makes a test message, which the caller sends.

        Raises:
            NotFoundError: If there is no such webhook.
        """
        now = datetime.now(UTC)
        with self._writing() as session:
            webhook = _webhook(session, webhook_id)
            delivery = _delivery(webhook_id, None, "test", now, "sending")
            delivery.due_at = now + timedelta(seconds=LOST_SECONDS)
            session.add(delivery)
        return Message(delivery, webhook)

    def claim(self, limit: int, busy: Sequence[int] = ()) -> list[Message]:
        """Takes messages that are due, the oldest of each webhook.

        One receiver gets one message at a time, so that they arrive in order and a slow receiver
        keeps nobody else waiting.

        Args:
            limit: Most messages.
            busy: Webhooks that are being sent something.
        """
        now = datetime.now(UTC)
        due = DeliveryRow.state.in_(("todo", "sending")) & (DeliveryRow.due_at <= now)
        oldest = (
            select(func.min(DeliveryRow.id))
            .join(WebhookRow)
            .where(due, WebhookRow.enabled, DeliveryRow.webhook_id.not_in(busy))
            .where(DeliveryRow.change != "test")
            .group_by(DeliveryRow.webhook_id)
        )
        with self._writing() as session:
            rows = session.scalars(
                select(DeliveryRow)
                .where(DeliveryRow.id.in_(oldest), due)
                .order_by(DeliveryRow.due_at)
                .limit(limit)
                .with_for_update(skip_locked=True)
            ).all()
            messages = []
            for row in rows:
                row.state, row.due_at = "sending", now + timedelta(seconds=LOST_SECONDS)
                messages.append(_message(session, row))
        return messages

    def next_due(self, busy: Sequence[int] = ()) -> datetime | None:
        """When the next message is due; None where none waits.

        Args:
            busy: Webhooks that are being sent something, which do not count.
        """
        waiting = DeliveryRow.state.in_(("todo", "sending")) & (DeliveryRow.change != "test")
        with self._reading() as session:
            return session.scalar(
                select(func.min(DeliveryRow.due_at))
                .join(WebhookRow)
                .where(waiting, WebhookRow.enabled, WebhookRow.id.not_in(busy))
            )

    def record(
        self,
        delivery_id: int,
        *,
        state: str,
        status: int | None,
        error: str,
        seconds: float,
        due_at: datetime | None = None,
    ) -> DeliveryRow | None:
        """Keeps how an attempt went; None where its alert or webhook is gone meanwhile."""
        with self._writing() as session:
            row = session.get(DeliveryRow, delivery_id)
            if row is None:
                return None
            row.state, row.status, row.error = state, status, error
            row.seconds = seconds
            row.attempts += 1
            row.due_at = due_at or row.due_at
        return row

    def forget_old(self) -> None:
        """Deletes messages that are older than `KEEP_DAYS`."""
        limit = datetime.now(UTC) - timedelta(days=KEEP_DAYS)
        with self._writing() as session:
            session.execute(delete(DeliveryRow).where(DeliveryRow.made_at < limit))


def _message(session: Session, row: DeliveryRow) -> Message:
    webhook = session.get_one(WebhookRow, row.webhook_id)
    if row.alert_id is None:
        return Message(row, webhook)
    alert = session.get_one(AlertRow, row.alert_id)
    conversation = session.get_one(ConversationRow, alert.conversation_id)
    start = starts(session, [alert]).get(alert.id)
    return Message(row, webhook, alert, conversation, start)


def _delivery(
    webhook_id: int, alert_id: int | None, change: str, now: datetime, state: str
) -> DeliveryRow:
    return DeliveryRow(
        webhook_id=webhook_id,
        alert_id=alert_id,
        change=change,
        made_at=now,
        hour=hour_of(now),
        state=state,
        attempts=0,
        due_at=now,
        status=None,
        error="",
        seconds=None,
    )


def _webhook(session: Session, webhook_id: int) -> WebhookRow:
    row = session.get(WebhookRow, webhook_id)
    if row is None:
        raise NotFoundError(f"there is no webhook {webhook_id}.")
    return row


def _note(session: Session, scope: Scope, row: WebhookRow, done: str) -> None:
    entry(session, scope.who, "webhook", {"webhook": row.id, "name": row.name, "done": done})
