"""Alerts: opened and raised by rules, acknowledged and closed by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store import events, webhooks
from app.store.alert_tables import AlertRow
from app.store.comments import require_comment
from app.store.excerpt import excerpt
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow
from multimodal.conversation import storable
from multimodal.errors import InvalidInputError, NotFoundError

SEVERITIES = ("notice", "warning", "critical")
"""Least first."""
OUTCOMES = ("intervened", "false_alarm", "no_action", "to_complaint")
"""What became of an alert, in the order of the keys 1 to 4."""

Change = Literal["opened", "raised", "acknowledged", "closed"]


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that a conversation met.

    Attributes:
        rule_id: The rule.
        name: What the alert is called, Chinese.
        name_en: The same in English.
        severity: One of `SEVERITIES`.
        cool_down: Seconds after an alert of this rule was closed in which none is opened again.
        turn: Number of the turn that caused it.
        words: At most 20 characters of it.
    """

    rule_id: int
    name: str
    name_en: str
    severity: str
    cool_down: float
    turn: int
    words: str


@dataclass(frozen=True, slots=True, eq=False)
class ListedAlert:
    """An alert in a list.

    Attributes:
        alert: The alert.
        conversation: Its conversation.
        start: Seconds at which the turn that caused it starts, where that is known.
        pushed: Whether it was within the budget of whoever asks, in the hour it was opened in.
    """

    alert: AlertRow
    conversation: ConversationRow
    start: float | None
    pushed: bool


class Alerts:
    """Alerts in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
        budget: Alerts that are pushed to one receiver in one hour.
    """

    def __init__(self, reading: Sessions, writing: Sessions, budget: int) -> None:
        self._reading = reading
        self._writing = writing
        self._budget = budget

    def meet(self, conversation_id: int, met: Sequence[Met], now: datetime | None = None) -> None:
        """Opens an alert for a conversation that met rules, or raises the one that is open.

        The same thing again (a rule met at the same turn) does nothing; a more severe rule takes
        the alert over, which then wants to be acknowledged once more.

        Args:
            conversation_id: The conversation; if it is gone or closed nothing is done.
            met: Rules that it met.
            now: The moment; by default this one.
        """
        now = now or datetime.now(UTC)
        with self._writing() as session:
            row = session.scalar(
                select(ConversationRow)
                .where(ConversationRow.id == conversation_id, ConversationRow.state == "open")
                .with_for_update()
            )
            if row is None:
                return
            of_this = AlertRow.conversation_id == conversation_id
            before = list(session.scalars(select(AlertRow).where(of_this).order_by(AlertRow.id)))
            for one in sorted(met, key=lambda one: -SEVERITIES.index(one.severity)):
                alert, change, louder = _apply(before, one, row, now)
                if alert is None or change is None:
                    continue
                if change == "opened":
                    session.add(alert)
                    before.append(alert)
                session.flush()
                _tell(session, row, alert, change)
                if louder:
                    webhooks.address(session, alert, row.team, change, self._budget, now)

    def watched(self, now: datetime, seconds: float) -> Sequence[ConversationRow]:
        """Open conversations whose last turn came in the seconds before a moment."""
        with self._reading() as session:
            return session.scalars(
                select(ConversationRow).where(
                    ConversationRow.state == "open",
                    ConversationRow.status == "scored",
                    ConversationRow.turn_count > 0,
                    ConversationRow.scored_at >= now - timedelta(seconds=seconds),
                )
            ).all()

    def page(
        self,
        scope: Scope,
        *,
        is_open: bool,
        rule_id: int | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[ListedAlert], int]:
        """A page of the alerts, and how many there are in all.

        Args:
            scope: Who asks.
            is_open: Open ones: not acknowledged first, then the most severe, then the oldest. Or
                closed ones: the latest first.
            rule_id: Those of this rule only.
            limit: Most alerts on the page.
            offset: Alerts before the page.
        """
        opened = AlertRow.closed_at.is_(None)
        wanted = scope.visible() & (opened if is_open else ~opened)
        if rule_id is not None:
            wanted &= AlertRow.rule_id == rule_id
        severity = case({name: i for i, name in enumerate(SEVERITIES)}, value=AlertRow.severity)
        unseen = case((AlertRow.acknowledged_at.is_(None), 0), else_=1)
        order = (unseen, severity.desc(), AlertRow.id) if is_open else (AlertRow.closed_at.desc(),)
        chosen = select(AlertRow, ConversationRow).join(ConversationRow).where(wanted)
        counted = select(func.count()).select_from(AlertRow).join(ConversationRow).where(wanted)
        with self._reading() as session:
            found = session.execute(chosen.order_by(*order).limit(limit).offset(offset)).all()
            pairs = [(alert, row) for alert, row in found]
            return self._listed(session, scope, pairs), session.scalar(counted) or 0

    def of(self, conversation_id: int) -> Sequence[AlertRow]:
        """The alerts of one conversation, oldest first; whoever asks has been shown it."""
        of_this = AlertRow.conversation_id == conversation_id
        with self._reading() as session:
            return session.scalars(select(AlertRow).where(of_this).order_by(AlertRow.id)).all()

    def acknowledge(self, alert_id: int, scope: Scope) -> ListedAlert:
        """Says that somebody has seen an alert; who was first stays.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            alert, row = _alert(session, alert_id, scope)
            see(session, row, alert, scope)
            return self._listed(session, scope, [(alert, row)])[0]

    def close(self, alert_id: int, outcome: str, comment: str, scope: Scope) -> ListedAlert:
        """Closes an alert with what became of it; again with another outcome mends a slip.

        Raises:
            NotFoundError: If it is not there.
            InvalidInputError: If the outcome is none, or the comment too long.
        """
        if outcome not in OUTCOMES:
            raise InvalidInputError(
                f"outcome is {outcome[:40]!r}, expected one of {', '.join(OUTCOMES)}."
            )
        require_comment(comment)
        with self._writing() as session:
            alert, row = _alert(session, alert_id, scope)
            now = datetime.now(UTC)
            if alert.acknowledged_at is None:
                alert.acknowledged_by, alert.acknowledged_at = scope.who, now
            if (alert.outcome, alert.comment) != (outcome, storable(comment)):
                alert.outcome, alert.comment = outcome, storable(comment)
                alert.closed_by = scope.who
                alert.closed_at = alert.closed_at or now
                _tell(session, row, alert, "closed")
            return self._listed(session, scope, [(alert, row)])[0]

    def outcomes_of(
        self, conversation_ids: Sequence[int], scope: Scope
    ) -> dict[int, Sequence[tuple[int, str]]]:
        """The turns of closed alerts and their outcomes, by conversation."""
        found: dict[int, list[tuple[int, str]]] = {}
        with self._reading() as session:
            for number, turn, outcome in session.execute(
                select(AlertRow.conversation_id, AlertRow.turn, AlertRow.outcome)
                .join(ConversationRow)
                .where(
                    AlertRow.conversation_id.in_(conversation_ids),
                    AlertRow.outcome != "",
                    scope.visible(),
                )
            ):
                found.setdefault(number, []).append((turn, outcome))
        return dict(found)

    def _listed(
        self,
        session: Session,
        scope: Scope,
        found: Sequence[tuple[AlertRow, ConversationRow]],
    ) -> list[ListedAlert]:
        within = self._within_budget(session, scope, {alert.hour for alert, _ in found})
        starts = webhooks.starts(session, [alert for alert, _ in found])
        return [
            ListedAlert(alert, row, starts.get(alert.id), alert.id in within)
            for alert, row in found
        ]

    def _within_budget(self, session: Session, scope: Scope, hours: set[int]) -> set[int]:
        """The first alerts of each hour among all that whoever asks may see."""
        seen: dict[int, int] = {}
        within = set()
        for number, hour in session.execute(
            select(AlertRow.id, AlertRow.hour)
            .join(ConversationRow)
            .where(AlertRow.hour.in_(hours), scope.visible())
            .order_by(AlertRow.id)
        ):
            seen[hour] = seen.get(hour, 0) + 1
            if seen[hour] <= self._budget:
                within.add(number)
        return within


def see(session: Session, row: ConversationRow, alert: AlertRow, scope: Scope) -> None:
    """Acknowledges an open alert that nobody has acknowledged, in a transaction that is open."""
    if alert.acknowledged_at is None and alert.closed_at is None:
        alert.acknowledged_by, alert.acknowledged_at = scope.who, datetime.now(UTC)
        _tell(session, row, alert, "acknowledged")


def rewrite(session: Session, conversation_id: int, texts: Mapping[int, str]) -> None:
    """Puts turns' words, masked once more, in the place of those that alerts show.

    Args:
        session: The transaction.
        conversation_id: The conversation.
        texts: Words by number of the turn.
    """
    told = (AlertRow.conversation_id == conversation_id) & AlertRow.turn.in_(texts)
    for alert in session.scalars(select(AlertRow).where(told)):
        alert.words = excerpt(texts[alert.turn])


def renumber(session: Session, conversation_id: int, first: int) -> None:
    """Counts the turns from this number on one higher: a late one has taken its place."""
    for alert in session.scalars(
        select(AlertRow).where(AlertRow.conversation_id == conversation_id)
    ):
        alert.turn += alert.turn >= first
        alert.rules = {rule: turn + (turn >= first) for rule, turn in alert.rules.items()}


def _apply(
    before: Sequence[AlertRow], met: Met, row: ConversationRow, now: datetime
) -> tuple[AlertRow | None, Change | None, bool]:
    """What a rule that was met does to a conversation's alerts.

    Returns:
        The alert that it opened or raised, what it did, and whether the alert is more severe than
        it was; None and None where it does nothing.
    """
    rule = str(met.rule_id)
    if any(alert.rules.get(rule, 0) >= met.turn for alert in before):
        return None, None, False
    alert = next((one for one in before if one.closed_at is None), None)
    if alert is not None:
        alert.rules = alert.rules | {rule: met.turn}
        alert.hits += 1
        alert.raised_at = now
        louder = SEVERITIES.index(met.severity) > SEVERITIES.index(alert.severity)
        if louder:
            alert.rule_id, alert.severity = met.rule_id, met.severity
            alert.rule_name, alert.rule_name_en = met.name, met.name_en
            alert.turn, alert.words = met.turn, met.words
            alert.acknowledged_by, alert.acknowledged_at = "", None
        return alert, "raised", louder
    for closed in before:
        rested = (now - closed.closed_at).total_seconds() if closed.closed_at else 0.0
        if rule in closed.rules and rested < met.cool_down:
            return None, None, False
    alert = AlertRow(
        conversation_id=row.id,
        rule_id=met.rule_id,
        rule_name=met.name,
        rule_name_en=met.name_en,
        severity=met.severity,
        turn=met.turn,
        words=met.words,
        rules={rule: met.turn},
        hits=1,
        opened_at=now,
        hour=webhooks.hour_of(now),
        raised_at=now,
        acknowledged_by="",
        acknowledged_at=None,
        closed_by="",
        closed_at=None,
        outcome="",
        comment="",
    )
    return alert, "opened", True


def _tell(session: Session, row: ConversationRow, alert: AlertRow, change: Change) -> None:
    # Without the words: those are masked once more if a number goes on in the next turn.
    payload = {
        "change": change,
        "id": alert.id,
        "rule": alert.rule_name,
        "rule_en": alert.rule_name_en,
        "severity": alert.severity,
        "turn": alert.turn,
        "hits": alert.hits,
        "acknowledged_by": alert.acknowledged_by,
        "outcome": alert.outcome,
    }
    events.record(session, "alert", row, payload)


def _alert(session: Session, alert_id: int, scope: Scope) -> tuple[AlertRow, ConversationRow]:
    wanted = select(AlertRow, ConversationRow).join(ConversationRow)
    wanted = wanted.where(AlertRow.id == alert_id, scope.visible()).with_for_update(of=AlertRow)
    found = session.execute(wanted).first()
    if found is None:
        raise NotFoundError(f"there is no alert {alert_id}.")
    return found[0], found[1]
