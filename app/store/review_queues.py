"""Three queues of conversations for reviewers: what must be seen, a random part, what teaches.

    must 必看     risk or level is high, or there was an alert; the riskiest first
    random 抽检   drawn at random, by queue of the call centre; the one source of published accuracy
    learn 学习    where the models doubt or contradict each other; most doubtful first

The first and the last fill themselves: whoever asks for the next one gets the first that nobody
has. The second is drawn, and its answers are hidden until the reviewer has given theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.store.audit import entry
from app.store.review_tables import ReviewDrawRow, ReviewTaskRow
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import AlertRow, AnswerRow, ConversationRow
from multimodal.conversation import storable
from multimodal.emotions import UNKNOWN, Emotion
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError
from multimodal.states import RISK_DISSATISFIED

Queue = Literal["must", "random", "learn"]
QUEUES: tuple[Queue, ...] = ("must", "random", "learn")
FLAGGED = ("dissatisfied", "heated")
"""Levels that say that the customer is dissatisfied."""
HOLD = timedelta(minutes=30)
"""How long a conversation stays with somebody who opened it and did nothing."""
DOUBT = 0.5
"""Below this confidence, and from this disagreement on, a label teaches much."""
TURNS = 5
"""Turns of a conversation to be labelled, where nothing else is said."""
MAX_DRAW = 5000
_NEGATIVE = (Emotion.ANGRY, Emotion.SAD, Emotion.DISGUST, Emotion.FEAR)


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


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A task with its conversation."""

    row: ReviewTaskRow
    conversation: ConversationRow


class ReviewQueues:
    """The queues in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
        zone: In which a refusal says since when somebody has a conversation.
    """

    def __init__(self, reading: Sessions, writing: Sessions, zone: ZoneInfo) -> None:
        self._reading = reading
        self._writing = writing
        self._zone = zone

    def draw(self, draw: Draw, scope: Scope) -> ReviewDrawRow:
        """Draws conversations that are not in the queue yet, and gives them to reviewers.

        A random draw is stratified: each queue of the call centre gives its share, at least one
        where the number allows it, so that every one has a measured accuracy.

        Raises:
            InvalidInputError: If the draw makes no sense, or nothing is left to draw.
        """
        _check(draw)
        now = datetime.now(UTC)
        with self._writing() as session:
            found = session.execute(_candidates(draw, scope)).all()
            size = draw.number or max(1, round((draw.share or 0.0) * len(found)))
            size = min(size, MAX_DRAW)
            priority = dict((number, float(value)) for number, _, value in found)
            if draw.queue == "random":
                strata: dict[str, list[int]] = {}
                for number, of_queue, _ in sorted(found, key=lambda one: one[0]):
                    strata.setdefault(of_queue, []).append(number)
                chosen = stratified(strata, size, draw.seed)
            else:
                chosen = [number for number, _, _ in found[:size]]
            if not chosen:
                raise InvalidInputError(
                    "there is nothing to draw: no scored, closed conversation is left.",
                    remedy="Loosen the days or the queue, or wait for new conversations.",
                )
            row = ReviewDrawRow(
                queue=draw.queue,
                seed=draw.seed,
                wanted=_json(draw),
                drawn=len(chosen),
                eligible=len(found),
                author=scope.who,
                made_at=now,
            )
            session.add(row)
            session.flush()
            slots = (1, 2) if draw.second else (1,)
            turn = cycle(draw.reviewers or ("",))
            turns = _turns_of(session, chosen, draw.queue, draw.turns, draw.seed)
            for number in chosen:
                for slot in slots:
                    session.add(
                        _task(number, draw.queue, slot, turns[number], priority[number], next(turn),
                              now, row.id)
                    )  # fmt: skip
            detail = {"queue": draw.queue, "conversations": len(chosen), "seed": draw.seed}
            entry(session, scope.who, "review_draw", detail)
        return row

    def next(self, queue: Queue, scope: Scope, *, after: int | None = None) -> Task | None:
        """The conversation that somebody is to judge next, held for them; None for none left.

        Args:
            queue: One of `QUEUES`.
            scope: Who asks.
            after: The task that they put off: it is given back and not given to them now.
        """
        now = datetime.now(UTC)
        with self._writing() as session:
            if after is not None:
                put_off = session.get(ReviewTaskRow, after, with_for_update=True)
                if put_off is not None and put_off.taken_by == scope.who:
                    put_off.taken_by, put_off.taken_at = "", None
            wanted = _open(queue, scope, now).where(ReviewTaskRow.id != (after or 0))
            found = session.execute(
                wanted.order_by(
                    (ReviewTaskRow.taken_by == scope.who).desc(),
                    (ReviewTaskRow.assignee == scope.who).desc(),
                    ReviewTaskRow.priority.desc(),
                    ReviewTaskRow.id,
                )
                .limit(1)
                .with_for_update(of=ReviewTaskRow, skip_locked=True)
            ).first()
            if found is not None:
                task, row = found
            elif queue == "random":
                return None
            else:
                fresh = session.execute(_candidates(Draw(queue), scope).limit(1)).first()
                if fresh is None:
                    return None
                row = session.get_one(ConversationRow, fresh[0])
                turns = _turns_of(session, [row.id], queue, TURNS, 0)[row.id]
                task = _task(row.id, queue, 1, turns, float(fresh[2]), "", now, None)
                session.add(task)
                session.flush()
            task.taken_by, task.taken_at = scope.who, now
            return Task(task, row)

    def take(self, task_id: int, scope: Scope) -> Task:
        """Opens one task, and holds it for whoever asks.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If somebody else has it, or has answered it: it says who, and when.
        """
        with self._writing() as session:
            task, row = held(session, task_id, scope, self._zone)
            return Task(task, row)

    def get(self, task_id: int, scope: Scope) -> Task:
        """One task as it is.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._reading() as session:
            return Task(*find(session, task_id, scope))

    def page(
        self, scope: Scope, *, queue: Queue, done: bool | None, limit: int, offset: int
    ) -> tuple[list[Task], int]:
        """A page of tasks: open ones by priority, done ones latest first; how many there are."""
        wanted = (ReviewTaskRow.queue == queue) & scope.visible()
        if done is not None:
            wanted &= (
                ReviewTaskRow.done_at.is_not(None) if done else ReviewTaskRow.done_at.is_(None)
            )
        order = (
            (ReviewTaskRow.done_at.desc(),)
            if done
            else (ReviewTaskRow.priority.desc(), ReviewTaskRow.id)
        )
        chosen = select(ReviewTaskRow, ConversationRow).join(ConversationRow).where(wanted)
        counted = select(func.count()).select_from(ReviewTaskRow).join(ConversationRow)
        with self._reading() as session:
            rows = session.execute(chosen.order_by(*order).limit(limit).offset(offset)).all()
            count = session.scalar(counted.where(wanted)) or 0
        return [Task(task, row) for task, row in rows], count

    def assign(self, task_id: int, assignee: str, scope: Scope) -> Task:
        """Gives a task to somebody, or with an empty name to whoever comes.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is answered already.
        """
        with self._writing() as session:
            task, row = find(session, task_id, scope, lock=True)
            if task.done_at is not None:
                raise ConflictError("it is answered already.", where=f"review task {task_id}")
            task.assignee = storable(assignee)
            task.taken_by, task.taken_at = "", None
            return Task(task, row)

    def progress(self, scope: Scope) -> dict[Queue, dict[str, int]]:
        """By queue: `open` to whoever asks, `mine` of those by name, `done` by them in all."""
        now = datetime.now(UTC)
        task = ReviewTaskRow
        found: dict[Queue, dict[str, int]] = {}
        with self._reading() as session:
            for queue in QUEUES:
                waiting = _open(queue, scope, now).subquery()
                count = session.scalar(select(func.count()).select_from(waiting)) or 0
                if queue != "random":
                    fresh = _candidates(Draw(queue), scope).subquery()
                    count += session.scalar(select(func.count()).select_from(fresh)) or 0
                mine = select(func.count()).select_from(task).join(ConversationRow)
                mine = mine.where(task.queue == queue, scope.visible())
                named = mine.where(task.assignee == scope.who, task.done_at.is_(None))
                done = mine.where(task.taken_by == scope.who, task.done_at.is_not(None))
                found[queue] = {
                    "open": count,
                    "mine": session.scalar(named) or 0,
                    "done": session.scalar(done) or 0,
                }
        return found


def find(
    session: Session, task_id: int, scope: Scope, *, lock: bool = False
) -> tuple[ReviewTaskRow, ConversationRow]:
    """A task and its conversation.

    Raises:
        NotFoundError: If it is not there, or not for whoever asks.
    """
    wanted = select(ReviewTaskRow, ConversationRow).join(ConversationRow)
    wanted = wanted.where(ReviewTaskRow.id == task_id, scope.visible())
    found = session.execute(wanted.with_for_update(of=ReviewTaskRow) if lock else wanted).first()
    if found is None:
        raise NotFoundError(f"there is no review task {task_id}.")
    return found[0], found[1]


def held(
    session: Session, task_id: int, scope: Scope, zone: ZoneInfo
) -> tuple[ReviewTaskRow, ConversationRow]:
    """A task, held from now on for whoever asks.

    Raises:
        NotFoundError: If it is not there.
        ConflictError: If somebody else has it, has answered it or is to answer it, or if whoever
            asks is the other reviewer of the same conversation.
    """
    task, row = find(session, task_id, scope, lock=True)
    where, now = f"review task {task_id}", datetime.now(UTC)
    other = task.taken_by not in ("", scope.who)
    since = f"{task.taken_at.astimezone(zone):%Y-%m-%d %H:%M}" if task.taken_at else ""
    if task.done_at is not None and other:
        at = f"{task.done_at.astimezone(zone):%Y-%m-%d %H:%M}"
        raise ConflictError(f"{task.taken_by} answered it at {at}.", where=where)
    if other and task.taken_at is not None and task.taken_at > now - HOLD:
        raise ConflictError(
            f"{task.taken_by} has had it open since {since}.",
            where=where,
            remedy="Take the next one; it comes back if they leave it.",
        )
    if task.assignee not in ("", scope.who):
        raise ConflictError(f"it is {task.assignee}'s to answer.", where=where)
    sibling = session.scalar(
        select(ReviewTaskRow.id).where(
            ReviewTaskRow.conversation_id == task.conversation_id,
            ReviewTaskRow.queue == task.queue,
            ReviewTaskRow.id != task.id,
            ReviewTaskRow.taken_by == scope.who,
        )
    )
    if sibling is not None:
        raise ConflictError("you are the other reviewer of this conversation.", where=where)
    task.taken_by, task.taken_at = scope.who, now
    return task, row


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


def _check(draw: Draw) -> None:
    if (draw.number is None) == (draw.share is None):
        raise InvalidInputError("give either a number or a share of conversations.")
    names = set(draw.reviewers)
    if draw.second and names and (len(names) < 2 or len(names) < len(draw.reviewers)):
        raise InvalidInputError(
            "two reviewers are wanted for each conversation.",
            where="reviewers",
            remedy="Name at least two people, each once; or nobody.",
        )


def _json(draw: Draw) -> dict[str, Any]:
    kept = asdict(draw)
    for name in ("started_from", "started_to"):
        moment = kept[name]
        kept[name] = None if moment is None else moment.isoformat()
    return kept | {"reviewers": list(draw.reviewers)}


def _task(
    conversation_id: int,
    queue: Queue,
    slot: int,
    turns: list[int],
    priority: float,
    assignee: str,
    now: datetime,
    draw_id: int | None,
) -> ReviewTaskRow:
    return ReviewTaskRow(
        draw_id=draw_id,
        conversation_id=conversation_id,
        queue=queue,
        slot=slot,
        turns=turns,
        priority=priority,
        assignee=storable(assignee),
        taken_by="",
        taken_at=None,
        done_at=None,
        revealed_at=None,
        made_at=now,
    )


def _open(queue: Queue, scope: Scope, now: datetime) -> Select[ReviewTaskRow, ConversationRow]:
    """Tasks that whoever asks may do now."""
    task = ReviewTaskRow
    other = aliased(ReviewTaskRow)
    mine_already = exists().where(
        other.conversation_id == task.conversation_id,
        other.queue == task.queue,
        other.id != task.id,
        other.taken_by == scope.who,
    )
    free = or_(task.taken_by.in_(("", scope.who)), task.taken_at < now - HOLD)
    return (
        select(task, ConversationRow)
        .join(ConversationRow)
        .where(
            task.queue == queue,
            task.done_at.is_(None),
            task.assignee.in_(("", scope.who)),
            free,
            ~mine_already,
            ConversationRow.transcript_deleted_at.is_(None),
            scope.visible(),
        )
    )


def _candidates(draw: Draw, scope: Scope) -> Select[int, str, float]:
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
        high = or_(row.risk >= RISK_DISSATISFIED, row.level.in_(FLAGGED), alerted)
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
    unsure, torn = func.max(1 - AnswerRow.confidence), func.max(AnswerRow.disagreement)
    return (
        select(row.id, row.queue, unsure + torn)
        .join(AnswerRow, answered)
        .where(and_(*conditions))
        .group_by(row.id, row.queue)
        .having(or_(unsure > 1 - DOUBT, torn >= DOUBT))
        .order_by((unsure + torn).desc(), row.id)
    )


def _turns_of(
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
            -one.confidence if one.label in _NEGATIVE else 1.0
        )

    return {
        number: sorted(one.number for one in sorted(found, key=rank)[:count])
        for number, found in answers.items()
    }
