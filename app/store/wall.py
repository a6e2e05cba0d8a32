"""The wall: every open conversation with what a supervisor must know of it at a glance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, select, tuple_
from sqlalchemy.orm import Session

from app.store import events
from app.store.alert_tables import AlertRow
from app.store.alerts import see
from app.store.excerpt import excerpt
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import (
    AnswerRow,
    CarriedStateRow,
    ConversationRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from app.store.urgency import Urgency
from multimodal.conversation import Role
from multimodal.emotions import UNKNOWN
from multimodal.errors import ConflictError, NotFoundError

REPEAT_DAYS = 7
"""Days within which a customer who comes back is a repeat caller."""
TREND_TURNS = 8
"""Latest turns of the customer whose sentiment is shown."""

Place = tuple[int, int]
"""A conversation and the number of one of its turns."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenConversation:
    """A row of the wall.

    Attributes:
        row: Metadata, state and summary.
        urgency: What its place on the wall follows from.
        alert: Its open alert, if there is one.
        turn: Number of the turn that caused the level or the alert; None where nothing did.
        start: Seconds at which that turn starts, where it is known.
        words: At most 20 characters of it.
        basis: Modalities that the answer to that turn rests on, the weightiest first.
        agent_id: Id of the agent who spoke last.
        agent_name: Their name, where the source gives it.
        trend: Valence of the customer's latest turns, oldest first, each in [-1, 1].
        repeats: Conversations of the same customer in the seven days before.
        duration: Seconds since it began.
        waiting: Seconds for which the customer has had no answer; None where they have one.
        silence: Seconds in which nobody spoke; None where turns have no times.
        overlap: Seconds in which both spoke at once; None where turns have no times.
    """

    row: ConversationRow
    urgency: Urgency
    alert: AlertRow | None
    turn: int | None
    start: float | None
    words: str
    basis: tuple[str, ...]
    agent_id: str
    agent_name: str
    trend: tuple[float, ...]
    repeats: int
    duration: float
    waiting: float | None
    silence: float | None
    overlap: float | None


class Wall:
    """Open conversations in the store, and who has taken them over.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def rows(
        self, scope: Scope, *, limit: int, now: datetime | None = None
    ) -> tuple[list[OpenConversation], int]:
        """The open conversations, most urgent first, and how many there are in all.

        Args:
            scope: Who asks.
            limit: Most rows.
            now: The moment to which times are counted; by default this one.
        """
        now = now or datetime.now(UTC)
        with self._reading() as session:
            found = session.scalars(
                select(ConversationRow).where(ConversationRow.state == "open", scope.visible())
            ).all()
            alerts = _open_alerts(session, scope)
            urgencies = {row.id: _urgency(row, alerts.get(row.id), now) for row in found}
            first = sorted(found, key=lambda row: urgencies[row.id].key)[:limit]
            facts = _Facts(session, first, alerts, scope)
            return [facts.of(row, urgencies[row.id], now) for row in first], len(found)

    def close_idle(self, since: datetime) -> int:
        """Closes open conversations to which nothing came since a moment; says how many.

        Their platform forgot to close them, or ended itself: nobody should look at them all day.

        Args:
            since: A moment, with its zone.
        """
        last = func.coalesce(ConversationRow.scored_at, ConversationRow.received_at)
        idle = (ConversationRow.state == "open") & (last < since)
        with self._reading() as session:
            if session.scalar(select(ConversationRow.id).where(idle).limit(1)) is None:
                return 0
        with self._writing() as session:
            found = session.scalars(select(ConversationRow).where(idle).with_for_update()).all()
            for row in found:
                end(session, row, "timed_out")
            return len(found)

    def take(self, conversation_id: int, scope: Scope) -> None:
        """Takes an open conversation over: it is theirs now, whoever had it.

        With it they acknowledge its alert.

        Raises:
            NotFoundError: If it is not there, or not for whoever asks.
            ConflictError: If it is closed.
        """
        with self._writing() as session:
            row = _open_row(session, conversation_id, scope)
            alert = session.scalar(_OPEN_ALERT.where(AlertRow.conversation_id == row.id))
            if alert is not None:
                see(session, row, alert, scope)
            if row.handled_by != scope.who:
                row.handled_by, row.handled_at = scope.who, datetime.now(UTC)
                events.record(session, "conversation", row, {"change": "handled"})

    def release(self, conversation_id: int, scope: Scope) -> None:
        """Gives an open conversation back, so that it needs somebody again; twice does nothing.

        Raises:
            NotFoundError: If it is not there, or not for whoever asks.
            ConflictError: If it is closed.
        """
        with self._writing() as session:
            row = _open_row(session, conversation_id, scope)
            if row.handled_by is not None:
                row.handled_by = row.handled_at = None
                events.record(session, "conversation", row, {"change": "released"})


def end(session: Session, row: ConversationRow, change: Literal["closed", "timed_out"]) -> None:
    """Makes an open conversation one to which no turn will be appended.

    Args:
        session: A transaction of the store's `_writing`.
        row: The conversation, locked.
        change: Why, as the event says it.
    """
    row.state = "closed"
    events.record(session, "conversation", row, {"change": change})
    session.execute(delete(CarriedStateRow).where(CarriedStateRow.conversation_id == row.id))


def _open_row(session: Session, conversation_id: int, scope: Scope) -> ConversationRow:
    row = session.scalar(
        select(ConversationRow)
        .where(ConversationRow.id == conversation_id, scope.visible())
        .with_for_update()
    )
    if row is None:
        raise NotFoundError(f"there is no conversation {conversation_id}.")
    if row.state != "open":
        raise ConflictError(
            "the conversation is closed, so nobody can take it over.",
            where=f"conversation {conversation_id}",
        )
    return row


_OPEN_ALERT = select(AlertRow).where(AlertRow.closed_at.is_(None))


def _open_alerts(session: Session, scope: Scope) -> dict[int, AlertRow]:
    """The open alerts of open conversations, by conversation."""
    found = session.scalars(
        _OPEN_ALERT.join(ConversationRow).where(ConversationRow.state == "open", scope.visible())
    )
    return {alert.conversation_id: alert for alert in found}


def _urgency(row: ConversationRow, alert: AlertRow | None, now: datetime) -> Urgency:
    unseen = alert is not None and alert.acknowledged_at is None
    return Urgency(
        level=row.level,
        critical=alert is not None and alert.severity == "critical" and unseen,
        handled=row.handled_by is not None,
        level_seconds=_seconds(row.level_since or row.received_at, now),
        risk=row.risk,
        id=row.id,
    )


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


class _Facts:
    """What other tables say about some conversations, a query for each kind of thing."""

    def __init__(
        self,
        session: Session,
        rows: Sequence[ConversationRow],
        alerts: Mapping[int, AlertRow],
        scope: Scope,
    ) -> None:
        self._session = session
        self._ids = [row.id for row in rows]
        self._alerts = alerts
        causes = {row.id: row.reason_turn for row in rows if row.reason_turn}
        causes |= {number: alerts[number].turn for number in self._ids if number in alerts}
        self._causes: Mapping[int, int] = causes
        places = sorted(causes.items())
        self._said = self._turns(places)
        self._evidence, self._basis = self._reasons(places)
        self._agents = self._latest_agents()
        self._trends = self._latest_valence()
        self._repeats = self._earlier(rows, scope)
        self._spoken = self._times()

    def of(self, row: ConversationRow, urgency: Urgency, now: datetime) -> OpenConversation:
        """The row of the wall for one of them."""
        alert = self._alerts.get(row.id)
        turn = self._causes.get(row.id)
        said = self._said.get((row.id, turn)) if turn else None
        agent = self._agents.get(row.id)
        name = (agent.attributes if agent else {}).get("agent_name")
        spoken = self._spoken.get(row.id)
        # The longer of what its turns span and what has passed here since it came: the clock of
        # the source may be wrong, and a call may have gone on for a while before it came.
        duration = max(row.duration or 0.0, _seconds(row.received_at, now))
        return OpenConversation(
            row=row,
            urgency=urgency,
            alert=alert,
            turn=turn,
            start=said.start if said else None,
            words=self._words(said, alert),
            basis=self._basis.get(row.id, ()),
            agent_id=agent.agent_id if agent else str((row.agent_ids or [""])[-1]),
            agent_name=str(name or row.attributes.get("agent_name") or ""),
            trend=tuple(self._trends.get(row.id, ())),
            repeats=self._repeats.get(row.id, 0),
            duration=duration,
            waiting=_seconds(row.waiting_since, now) if row.waiting_since else None,
            silence=spoken.silence_seconds if spoken else None,
            overlap=spoken.overlap_seconds if spoken else None,
        )

    def _words(self, said: TurnRow | None, alert: AlertRow | None) -> str:
        if alert is not None and alert.words:
            return alert.words
        return excerpt(said.text, self._evidence.get(said.conversation_id, 0)) if said else ""

    def _turns(self, places: Sequence[Place]) -> dict[Place, TurnRow]:
        key = tuple_(TurnRow.conversation_id, TurnRow.number)
        found = self._session.scalars(select(TurnRow).where(key.in_(places)))
        return {(turn.conversation_id, turn.number): turn for turn in found}

    def _reasons(
        self, places: Sequence[Place]
    ) -> tuple[dict[int, int], dict[int, tuple[str, ...]]]:
        """Where the strongest word of each turn stands, and what its answer rests on."""
        score = tuple_(ScoreRow.conversation_id, ScoreRow.number)
        words: dict[int, int] = {}
        for one in self._session.scalars(
            select(ScoreRow)
            .join(ConversationRow, _latest(ScoreRow))
            .where(score.in_(places), ScoreRow.modality == "text")
        ):
            marks = [item for item in one.evidence if item.get("start") is not None]
            if marks:
                words[one.conversation_id] = int(max(marks, key=_weight)["start"])
        answer = tuple_(AnswerRow.conversation_id, AnswerRow.number)
        basis: dict[int, tuple[str, ...]] = {}
        for made in self._session.scalars(
            select(AnswerRow).join(ConversationRow, _latest(AnswerRow)).where(answer.in_(places))
        ):
            parts = sorted(made.contributions.items(), key=lambda item: -abs(item[1]))
            basis[made.conversation_id] = tuple(name for name, share in parts if share)
        return words, basis

    def _latest_agents(self) -> dict[int, TurnRow]:
        """The turn in which an agent spoke last, for those of whom one is known."""
        latest = (
            select(TurnRow.conversation_id, func.max(TurnRow.number))
            .where(
                TurnRow.conversation_id.in_(self._ids),
                TurnRow.role == Role.AGENT.value,
                TurnRow.agent_id != "",
            )
            .group_by(TurnRow.conversation_id)
        )
        key = tuple_(TurnRow.conversation_id, TurnRow.number)
        found = self._session.scalars(select(TurnRow).where(key.in_(latest)))
        return {turn.conversation_id: turn for turn in found}

    def _latest_valence(self) -> dict[int, list[float]]:
        found: dict[int, list[float]] = defaultdict(list)
        # Half of the turns are the agent's; a bound keeps a long call from being read whole.
        recent = AnswerRow.number > ConversationRow.turn_count - 4 * TREND_TURNS
        for number, valence in self._session.execute(
            select(AnswerRow.conversation_id, AnswerRow.valence)
            .join(ConversationRow, _latest(AnswerRow))
            .where(AnswerRow.conversation_id.in_(self._ids), AnswerRow.label != UNKNOWN, recent)
            .order_by(AnswerRow.conversation_id, AnswerRow.number)
        ):
            found[number].append(valence)
        return {number: values[-TREND_TURNS:] for number, values in found.items()}

    def _earlier(self, rows: Sequence[ConversationRow], scope: Scope) -> dict[int, int]:
        """How often each customer was here in the days before, as far as whoever asks may know."""
        known = [row for row in rows if row.customer_ref]
        if not known:
            return {}
        week = timedelta(days=REPEAT_DAYS)
        began = func.coalesce(ConversationRow.started_at, ConversationRow.received_at)
        times: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
        for number, reference, moment in self._session.execute(
            select(ConversationRow.id, ConversationRow.customer_ref, began).where(
                ConversationRow.customer_ref.in_({row.customer_ref for row in known}),
                began >= min(row.received_at for row in known) - week,
                scope.visible(),
            )
        ):
            times[reference].append((number, moment))
        return {
            row.id: sum(
                number != row.id and row.received_at - week <= moment <= row.received_at
                for number, moment in times[row.customer_ref]
            )
            for row in known
        }

    def _times(self) -> dict[int, TrajectoryRow]:
        """Trajectories of conversations whose turns have times."""
        found = self._session.scalars(
            select(TrajectoryRow)
            .join(ConversationRow, _latest(TrajectoryRow))
            .where(TrajectoryRow.conversation_id.in_(self._ids))
        )
        return {one.conversation_id: one for one in found if one.talk_seconds}


def _latest(table: type[ScoreRow] | type[AnswerRow] | type[TrajectoryRow]) -> ColumnElement[bool]:
    """Joins what the latest scoring of a conversation gave."""
    return (table.conversation_id == ConversationRow.id) & (
        table.scoring == ConversationRow.scoring
    )


def _weight(evidence: Mapping[str, Any]) -> float:
    return float(evidence.get("weight", 0.0))
