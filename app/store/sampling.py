"""Which conversations come into the queues of review, and which of their turns.

must      risk or level is high, or there was an alert; the riskiest first
random    any that the models answered, stratified by queue of the call centre
learn     doubtful answers and channels that contradict each other, the most so first
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from app.store.alert_tables import AlertRow
from app.store.review_tables import ReviewTaskRow
from app.store.scope import Scope
from app.store.tables import AnswerRow, ConversationRow
from multimodal.conversation import storable
from multimodal.emotions import NEGATIVE, UNKNOWN
from multimodal.errors import InvalidInputError
from multimodal.scoring import DISAGREES
from multimodal.thresholds import FIXED

Queue = Literal["must", "random", "learn"]
QUEUES: tuple[Queue, ...] = ("must", "random", "learn")
FLAGGED = ("dissatisfied", "heated")
"""Levels that say that the customer is dissatisfied."""
DOUBT = 0.5
"""Below this confidence a label teaches much; it does too where the channels disagree."""
LEARN_DAYS = 30
"""A model is taught by what came in of late, where a draw does not say otherwise."""
TURNS = 5
"""Turns of a conversation to be labelled, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What is to be drawn.

    Attributes:
        queue: One of `QUEUES`.
        number: Conversations; None where `share` says it.
        share: Part of those eligible, in (0, 1]; None where `number` says it.
        seed: The same one draws the same conversations.
        turns: Turns of each that are to be labelled, 1 to 50.
        reviewers: Who reviews, in turn; empty for whoever comes.
        second: Whether two reviewers judge each, apart from each other.
        of_queue: Conversations of this queue of the call centre only; empty for all.
        started_from: Earliest start.
        started_to: First start that is too late.
    """

    queue: Queue
    number: int | None = None
    share: float | None = None
    seed: int = 0
    turns: int = TURNS
    reviewers: tuple[str, ...] = ()
    second: bool = False
    of_queue: str = ""
    started_from: datetime | None = None
    started_to: datetime | None = None


def stratified(strata: Mapping[str, Sequence[int]], size: int, seed: int) -> list[int]:
    """A random part of each stratum in proportion to it, by largest remainders.

    Args:
        strata: Ids by stratum, each in a fixed order.
        size: Ids in all; every stratum gives at least one where that is enough.
        seed: The same one gives the same ids.
    """
    total = sum(map(len, strata.values()))
    size = min(size, total)
    names = sorted(strata)
    least = 1 if size >= len(names) else 0
    exact = {name: size * len(strata[name]) / total for name in names}
    quota = {name: max(least, int(exact[name])) for name in names}
    by_need = sorted(names, key=lambda name: (quota[name] - exact[name], name))
    while (missing := size - sum(quota.values())) != 0:
        for name in by_need if missing > 0 else reversed(by_need):
            step = 1 if missing > 0 else -1
            if least <= quota[name] + step <= len(strata[name]):
                quota[name] += step
                break
        else:
            break
        by_need.sort(key=lambda name: (quota[name] - exact[name], name))
    random = Random(seed)  # noqa: S311 (a sample to be repeated, no secret)
    return [one for name in names for one in random.sample(list(strata[name]), quota[name])]


def check(draw: Draw) -> None:
    """Checks that a draw makes sense.

    Raises:
        InvalidInputError: If not.
    """
    if (draw.number is None) == (draw.share is None):
        raise InvalidInputError("give either a number or a share of conversations.")
    names = set(draw.reviewers)
    if draw.second and names and (len(names) < 2 or len(names) < len(draw.reviewers)):
        raise InvalidInputError(
            "two reviewers are wanted for each conversation.",
            where="reviewers",
            remedy="Name at least two people, each once; or nobody.",
        )


def wanted_json(draw: Draw) -> dict[str, Any]:
    """A draw as it is kept."""
    kept = asdict(draw)
    for name in ("started_from", "started_to"):
        moment = kept[name]
        kept[name] = None if moment is None else moment.isoformat()
    return kept | {"reviewers": list(draw.reviewers)}


def candidates(draw: Draw, scope: Scope) -> Select[int, str, float]:
    """Conversations that are not in a queue and belong there: id, queue, priority; first first."""
    row = ConversationRow
    known = exists().where(
        ReviewTaskRow.conversation_id == row.id, ReviewTaskRow.queue == draw.queue
    )
    conditions: list[ColumnElement[bool]] = [
        row.state == "closed",
        row.status == "scored",
        row.transcript_deleted_at.is_(None),
        ~known,
        scope.visible(),
    ]
    if draw.of_queue:
        conditions.append(row.queue == storable(draw.of_queue))
    if draw.started_from is not None:
        conditions.append(row.started_at >= draw.started_from)
    if draw.started_to is not None:
        conditions.append(row.started_at < draw.started_to)
    if draw.queue == "must":
        alerted = exists().where(AlertRow.conversation_id == row.id)
        high = or_(row.risk >= FIXED.dissatisfied, row.level.in_(FLAGGED), alerted)
        return (
            select(row.id, row.queue, row.risk)
            .where(and_(*conditions), high)
            .order_by(row.risk.desc(), row.id)
        )
    answered = and_(
        AnswerRow.conversation_id == row.id,
        AnswerRow.scoring == row.scoring,
        AnswerRow.label != UNKNOWN,
    )
    if draw.queue == "random":
        return (
            select(row.id, row.queue, row.risk * 0)
            .where(and_(*conditions), exists().where(answered))
            .order_by(row.id)
        )
    if draw.started_from is None and draw.started_to is None:
        conditions.append(row.received_at >= datetime.now(UTC) - timedelta(days=LEARN_DAYS))
    unsure, torn = func.max(1 - AnswerRow.confidence), func.max(AnswerRow.disagreement)
    return (
        select(row.id, row.queue, unsure + torn)
        .join(AnswerRow, answered)
        .where(and_(*conditions))
        .group_by(row.id, row.queue)
        .having(or_(unsure > 1 - DOUBT, torn >= DISAGREES))
        .order_by((unsure + torn).desc(), row.id)
    )


def turns_of(
    session: Session, ids: Sequence[int], queue: Queue, count: int, seed: int
) -> dict[int, list[int]]:
    """The turns of conversations that are to be labelled, by what the queue is for."""
    answers: dict[int, list[AnswerRow]] = {number: [] for number in ids}
    rows = session.scalars(
        select(AnswerRow)
        .join(ConversationRow, ConversationRow.id == AnswerRow.conversation_id)
        .where(
            AnswerRow.conversation_id.in_(ids),
            AnswerRow.scoring == ConversationRow.scoring,
            AnswerRow.label != UNKNOWN,
        )
        .order_by(AnswerRow.conversation_id, AnswerRow.number)
    )
    for one in rows:
        answers[one.conversation_id].append(one)
    if queue == "random":
        chosen = {
            number: Random(f"{seed}:{number}").sample(found, min(count, len(found)))  # noqa: S311
            for number, found in answers.items()
        }
        return {number: sorted(one.number for one in found) for number, found in chosen.items()}
    told: set[tuple[int, int]] = set()
    if queue == "must":
        alerts = select(AlertRow.conversation_id, AlertRow.turn)
        reasons = select(ConversationRow.id, ConversationRow.reason_turn)
        for wanted in (
            alerts.where(AlertRow.conversation_id.in_(ids)),
            reasons.where(ConversationRow.id.in_(ids)),
        ):
            told |= {(number, turn or 0) for number, turn in session.execute(wanted)}

    def rank(one: AnswerRow) -> tuple[bool, float]:
        if queue == "learn":
            return False, one.confidence - one.disagreement
        return (one.conversation_id, one.number) not in told, (
            -one.confidence if one.label in NEGATIVE else 1.0
        )

    return {
        number: sorted(one.number for one in sorted(found, key=rank)[:count])
        for number, found in answers.items()
    }
