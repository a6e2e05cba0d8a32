"""What reviewers say of conversations and their turns.

A verdict is on what the product said of the whole conversation (its level is dissatisfied or
heated, or not):

    verdict              the product said   the reviewer says
    upheld 成立           either             the same
    false_alarm 误判      dissatisfied       not so
    missed 漏判           not dissatisfied   it was

In the random queue the reviewer does not see what the product said: they say whether the customer
was dissatisfied, and the verdict follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.store.comments import require_comment
from app.store.review import correction_of
from app.store.review_queues import find, held
from app.store.review_states import held_back
from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.sampling import FLAGGED
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow, CorrectionRow, TrajectoryRow
from multimodal.conversation import storable
from multimodal.emotions import EMOTIONS
from multimodal.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
)

Verdict = Literal["upheld", "false_alarm", "missed"]
CAUSES = ("", "transcript", "sound", "irony", "about_other", "context", "roles", "other")
"""Why the product was wrong, as far as the reviewer can tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A verdict with what belongs to it.

    Attributes:
        verdict: What was said first; never changed.
        task: In which task.
        conversation: Of which conversation.
        appeal: The appeal against it, and its decision; None where there is none.
        appeal_until: The last moment for an appeal.
    """

    verdict: VerdictRow
    task: ReviewTaskRow
    conversation: ConversationRow
    appeal: AppealRow | None
    appeal_until: datetime

    @property
    def dissatisfied(self) -> bool:
        """Whether the customer was; what was decided on appeal holds."""
        if self.appeal is not None and self.appeal.dissatisfied is not None:
            return self.appeal.dissatisfied
        return self.verdict.dissatisfied

    @property
    def final(self) -> bool:
        """Whether nothing can change it any more."""
        if self.appeal is not None:
            return bool(self.appeal.decision)
        return datetime.now(UTC) > self.appeal_until


class Verdicts:
    """Verdicts and labels of turns in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
        zone: In which refusals give moments.
        appeal_days: Days within which a verdict may be appealed against.
    """

    def __init__(
        self, reading: Sessions, writing: Sessions, zone: ZoneInfo, appeal_days: int
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._zone = zone
        self._within = timedelta(days=appeal_days)

    def label(self, task_id: int, number: int, label: str, scope: Scope) -> CorrectionRow:
        """Keeps what a person hears in a turn; one that they gave before is undone, not deleted.

        Args:
            task_id: The task.
            number: One of its turns.
            label: One of the seven emotions.
            scope: Who says so.

        Raises:
            NotFoundError: If there is no such task, or the turn is none of it.
            InvalidInputError: If the label is no emotion.
            ConflictError: If the task is another's.
        """
        if label not in {emotion.value for emotion in EMOTIONS}:
            raise InvalidInputError(
                f"label is {label[:40]!r}, expected one of {', '.join(EMOTIONS)}."
            )
        with self._writing() as session:
            task, row = held(session, task_id, scope, self._zone)
            _require_turn(task, number)
            before = _labels(session, task, number)
            if before and before[-1].label == label:
                return before[-1]
            _revoke(before, scope)
            return correction_of(session, row, number, label, "", scope, task.id)

    def unlabel(self, task_id: int, number: int, scope: Scope) -> None:
        """Undoes what was said of a turn in a task; again does nothing.

        Raises:
            NotFoundError: If there is no such task, or the turn is none of it.
            ConflictError: If the task is another's.
        """
        with self._writing() as session:
            task, _ = held(session, task_id, scope, self._zone)
            _require_turn(task, number)
            _revoke(_labels(session, task, number), scope)

    def labels(self, task_id: int, scope: Scope) -> dict[int, CorrectionRow]:
        """What was said of a task's turns and stands, by number of the turn.

        Raises:
            NotFoundError: If there is no such task.
        """
        with self._reading() as session:
            task, _ = find(session, task_id, scope)
            return {one.number: one for one in _labels(session, task)}

    def judge(
        self,
        task_id: int,
        scope: Scope,
        *,
        verdict: Verdict | None = None,
        dissatisfied: bool | None = None,
        cause: str = "",
        comment: str = "",
    ) -> Judged:
        """Gives the verdict on a conversation, by its name or by what the customer was.

        Raises:
            NotFoundError: If there is no such task.
            InvalidInputError: If it contradicts what the product said, or names a verdict where
                that is hidden.
            ConflictError: If the task is another's, or has its verdict already.
        """
        check_words(cause, comment)
        now = datetime.now(UTC)
        with self._writing() as session:
            task, row = held(session, task_id, scope, self._zone)
            if task.done_at is not None:
                raise ConflictError(
                    "its verdict is given.", where=f"review task {task_id}", remedy="Undo it first."
                )
            verdict, dissatisfied = _both(task, row.level in FLAGGED, verdict, dissatisfied)
            trajectory = session.get(TrajectoryRow, (row.id, row.scoring))
            made = VerdictRow(
                task_id=task.id,
                conversation_id=row.id,
                verdict=verdict,
                dissatisfied=dissatisfied,
                cause=cause,
                comment=storable(comment),
                level=row.level,
                risk=row.risk,
                model_key="" if trajectory is None else trajectory.model_key,
                author=scope.who,
                made_at=now,
                revoked_at=None,
                revoked_by="",
            )
            session.add(made)
            task.done_at = now
            task.revealed_at = task.revealed_at or now
            session.flush()
            return Judged(made, task, row, None, now + self._within)

    def withdraw(self, task_id: int, scope: Scope) -> None:
        """Undoes a verdict; it is kept, with who undid it. Where there is none it does nothing.

        Raises:
            NotFoundError: If there is no such task.
            ConflictError: If the task is another's, or somebody has appealed.
        """
        with self._writing() as session:
            task, _ = held(session, task_id, scope, self._zone)
            made = session.scalar(
                select(VerdictRow).where(
                    VerdictRow.task_id == task_id, VerdictRow.revoked_at.is_(None)
                )
            )
            if made is None:
                return
            if appeal_against(session, made.id) is not None:
                raise ConflictError(
                    "somebody has appealed against it; it is decided, and no longer undone.",
                    where=f"verdict {made.id}",
                )
            made.revoked_at, made.revoked_by = datetime.now(UTC), scope.who
            task.done_at = None

    def standing(self, task_id: int, scope: Scope) -> Judged | None:
        """The verdict of a task that stands, or None."""
        wanted = VerdictRow.revoked_at.is_(None) & scope.visible()
        with self._reading() as session:
            found = self._judged(session, wanted & (VerdictRow.task_id == task_id))
        return found[0] if found else None

    def of_conversation(self, conversation_id: int, scope: Scope) -> list[Judged]:
        """Every verdict on a conversation, undone ones too, oldest first.

        Those of two reviewers are held back until both have answered, so that neither follows the
        other.
        """
        wanted = (VerdictRow.conversation_id == conversation_id) & scope.visible()
        with self._reading() as session:
            return self._judged(session, wanted & ~held_back())

    def page(
        self, scope: Scope, *, appealed: bool | None, limit: int, offset: int
    ) -> tuple[list[Judged], int]:
        """Standing verdicts, latest first, and how many there are; see `of_conversation`.

        Args:
            scope: Who asks.
            appealed: Those with an appeal that waits for its decision; those without any; or all.
            limit: Most of them.
            offset: Those before.
        """
        wanted = VerdictRow.revoked_at.is_(None) & scope.visible() & ~held_back()
        if appealed is not None:
            wanted &= AppealRow.decision == "" if appealed else AppealRow.id.is_(None)
        with self._reading() as session:
            found = self._judged(session, wanted, limit=limit, offset=offset)
            counted = (
                select(func.count())
                .select_from(VerdictRow)
                .join(ReviewTaskRow, ReviewTaskRow.id == VerdictRow.task_id)
                .join(ConversationRow, ConversationRow.id == VerdictRow.conversation_id)
                .outerjoin(AppealRow, AppealRow.verdict_id == VerdictRow.id)
            )
            return found, session.scalar(counted.where(wanted)) or 0

    def outcomes(self, queue: str, scope: Scope) -> dict[int, bool]:
        """Whether customers were dissatisfied, by conversation; appeals are minded.

        Of several verdicts that stand the latest holds; one of which somebody appealed and nobody
        has decided counts as it is.

        Args:
            queue: Skill group; empty for all.
            scope: Who asks.
        """
        wanted = VerdictRow.revoked_at.is_(None) & scope.visible() & ~held_back()
        if queue:
            wanted &= ConversationRow.queue == queue
        with self._reading() as session:
            found = self._judged(session, wanted)
        return {one.conversation.id: one.dissatisfied for one in found}

    def _judged(
        self,
        session: Session,
        wanted: ColumnElement[bool],
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Judged]:
        order = VerdictRow.id.asc() if limit is None else VerdictRow.id.desc()
        chosen = (
            select(VerdictRow, ReviewTaskRow, ConversationRow, AppealRow)
            .join(ReviewTaskRow, ReviewTaskRow.id == VerdictRow.task_id)
            .join(ConversationRow, ConversationRow.id == VerdictRow.conversation_id)
            .outerjoin(AppealRow, AppealRow.verdict_id == VerdictRow.id)
            .where(wanted)
            .order_by(order)
            .limit(limit)
            .offset(offset)
        )
        return [
            Judged(verdict, task, row, appeal, verdict.made_at + self._within)
            for verdict, task, row, appeal in session.execute(chosen)
        ]


def named(flagged: bool, dissatisfied: bool) -> Verdict:
    """The verdict on what the product said, by what the customer was."""
    if flagged == dissatisfied:
        return "upheld"
    return "missed" if dissatisfied else "false_alarm"


def _both(
    task: ReviewTaskRow, flagged: bool, verdict: Verdict | None, dissatisfied: bool | None
) -> tuple[Verdict, bool]:
    if (verdict is None) == (dissatisfied is None):
        raise InvalidInputError("give either verdict or dissatisfied.")
    if dissatisfied is not None:
        return named(flagged, dissatisfied), dissatisfied
    assert verdict is not None
    if task.queue == "random":
        raise InvalidInputError(
            "what the product said is hidden here, so nothing can be said of it.",
            where="verdict",
            remedy="Say whether the customer was dissatisfied: `dissatisfied`.",
        )
    says = flagged if verdict == "upheld" else verdict == "missed"
    if named(flagged, says) != verdict:
        said = "said that the customer was dissatisfied" if flagged else "said no such thing"
        raise InvalidInputError(
            f"the verdict is {verdict}, and the product {said}.", where="verdict"
        )
    return verdict, says


def check_words(cause: str, comment: str) -> None:
    """Checks a cause and a comment.

    Raises:
        InvalidInputError: If one is none, or too long.
    """
    if cause not in CAUSES:
        raise InvalidInputError(
            f"cause is {cause[:40]!r}, expected one of {', '.join(CAUSES[1:])}, or none."
        )
    require_comment(comment)


def _require_turn(task: ReviewTaskRow, number: int) -> None:
    if number not in task.turns:
        raise NotFoundError(
            f"turn {number} is not among those to be labelled.", where=f"review task {task.id}"
        )


def _labels(
    session: Session, task: ReviewTaskRow, number: int | None = None
) -> Sequence[CorrectionRow]:
    wanted = select(CorrectionRow).where(
        CorrectionRow.task_id == task.id, CorrectionRow.revoked_at.is_(None)
    )
    if number is not None:
        wanted = wanted.where(CorrectionRow.number == number)
    return session.scalars(wanted.order_by(CorrectionRow.id)).all()


def _revoke(corrections: Sequence[CorrectionRow], scope: Scope) -> None:
    for one in corrections:
        one.revoked_at, one.revoked_by = datetime.now(UTC), scope.who


def appeal_against(session: Session, verdict_id: int) -> AppealRow | None:
    """The appeal against a verdict, or None."""
    return session.scalar(select(AppealRow).where(AppealRow.verdict_id == verdict_id))
