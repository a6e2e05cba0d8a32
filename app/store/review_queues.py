"""Three queues of conversations for reviewers: what must be seen, a random part, what teaches.

    must 必看     risk or level is high, or there was an alert; the riskiest first
    random 抽检   drawn at random, by queue of the call centre; the one source of published accuracy
    learn 学习    where the models doubt or contradict each other; most doubtful first

The first and the last fill themselves: whoever asks for the next one gets the first that nobody
has. The second is drawn, and its answers are hidden until the reviewer has given theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle
from zoneinfo import ZoneInfo

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from app.store.audit import entry
from app.store.review_tables import ReviewDrawRow, ReviewTaskRow
from app.store.sampling import (
    QUEUES,
    TURNS,
    Draw,
    Queue,
    candidates,
    check,
    stratified,
    turns_of,
    wanted_json,
)
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow
from multimodal.conversation import storable
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError

HOLD = timedelta(minutes=30)
"""How long a conversation stays with somebody who opened it and did nothing."""
MAX_DRAW = 5000
TRIES = 20
"""People who may ask for the next one in the same moment."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A task with its conversation.

    Attributes:
        row: The task.
        conversation: What is to be judged.
        hidden: Whether what the models said may not be shown yet: in the random queue, until
            everybody who is to judge the conversation has.
    """

    row: ReviewTaskRow
    conversation: ConversationRow
    hidden: bool


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
        check(draw)
        try:
            return self._draw(draw, scope)
        except IntegrityError:
            return self._draw(draw, scope)  # Somebody drew the same at the same time.

    def _draw(self, draw: Draw, scope: Scope) -> ReviewDrawRow:
        now = datetime.now(UTC)
        with self._writing() as session:
            found = session.execute(candidates(draw, scope)).all()
            size = draw.number or max(1, round((draw.share or 0.0) * len(found)))
            size = min(size, MAX_DRAW)
            priority = {number: float(value) for number, _, value in found}
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
                wanted=wanted_json(draw),
                drawn=len(chosen),
                eligible=len(found),
                author=scope.who,
                made_at=now,
            )
            session.add(row)
            session.flush()
            slots = (1, 2) if draw.second else (1,)
            turn = cycle(draw.reviewers or ("",))
            turns = turns_of(session, chosen, draw.queue, draw.turns, draw.seed)
            for number in chosen:
                for slot in slots:
                    session.add(
                        _task(number, draw.queue, slot, turns[number], priority[number], next(turn),
                              now, row.id)
                    )  # fmt: skip
            detail = {"queue": draw.queue, "conversations": len(chosen), "seed": draw.seed}
            entry(session, scope.who, "review_draw", detail)
        return row

    def draws(self, scope: Scope, limit: int = 20) -> Sequence[ReviewDrawRow]:
        """The latest draws, newest first; whoever is bound to teams sees their own."""
        latest = select(ReviewDrawRow).order_by(ReviewDrawRow.id.desc()).limit(limit)
        if not scope.sees_all:
            latest = latest.where(ReviewDrawRow.author == scope.who)
        with self._reading() as session:
            return session.scalars(latest).all()

    def next(self, queue: Queue, scope: Scope, *, after: int | None = None) -> Task | None:
        """The conversation that somebody is to judge next, held for them; None for none left.

        Args:
            queue: One of `QUEUES`.
            scope: Who asks.
            after: The task that they put off: it is given back and not given to them now.
        """
        for _ in range(TRIES):
            try:
                return self._next(queue, scope, after)
            except IntegrityError:
                continue  # Somebody took the same at the same time: the one after it, then.
        return None

    def _next(self, queue: Queue, scope: Scope, after: int | None) -> Task | None:
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
                fresh = session.execute(candidates(Draw(queue), scope).limit(1)).first()
                if fresh is None:
                    return None
                row = session.get_one(ConversationRow, fresh[0])
                turns = turns_of(session, [row.id], queue, TURNS, 0)[row.id]
                task = _task(row.id, queue, 1, turns, float(fresh[2]), "", now, None)
                session.add(task)
                session.flush()
            task.taken_by, task.taken_at = scope.who, now
            return _tasks(session, [(task, row)])[0]

    def take(self, task_id: int, scope: Scope) -> Task:
        """Opens one task, and holds it for whoever asks.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If somebody else has it, or has answered it: it says who, and when.
        """
        with self._writing() as session:
            return _tasks(session, [held(session, task_id, scope, self._zone)])[0]

    def get(self, task_id: int, scope: Scope) -> Task:
        """One task as it is.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._reading() as session:
            return _tasks(session, [find(session, task_id, scope)])[0]

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
            return _tasks(session, [(task, row) for task, row in rows]), count

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
            return _tasks(session, [(task, row)])[0]

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
                    fresh = candidates(Draw(queue), scope).subquery()
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


def _tasks(session: Session, found: Sequence[tuple[ReviewTaskRow, ConversationRow]]) -> list[Task]:
    blind = [task.conversation_id for task, _ in found if task.queue == "random"]
    waiting = set(
        session.scalars(
            select(ReviewTaskRow.conversation_id).where(
                ReviewTaskRow.conversation_id.in_(blind),
                ReviewTaskRow.queue == "random",
                ReviewTaskRow.done_at.is_(None),
            )
        )
    )
    return [
        Task(task, row, task.queue == "random" and task.conversation_id in waiting)
        for task, row in found
    ]


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
