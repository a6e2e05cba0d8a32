"""What people said beside what the models said, for measuring, comparing and training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import AnswerRow, ConversationRow, CorrectionRow, TurnRow
from multimodal.emotions import UNKNOWN


@dataclass(frozen=True, slots=True)
class Answered:
    """One blind answer of a person beside the models'.

    Attributes:
        conversation: Its id.
        of_queue: The conversation's queue in the call centre.
        slot: Which reviewer: 1, or 2.
        item: The turn's number; 0 for the conversation as a whole.
        said: The person's label; of a conversation whether the customer was dissatisfied.
        model: The models' in the same words.
        models: Which models: fuser and inputs, or the trajectory's.
        confidence: The models' in their answer, in [0, 1]; None where it is not known.
    """

    conversation: int
    of_queue: str
    slot: int
    item: int
    said: str
    model: str
    models: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Rescored:
    """What two sets of models say of a turn that a person has labelled."""

    said: str
    before: str
    after: str
    models_before: str
    models_after: str


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """A turn of a conversation in which something was labelled."""

    conversation: str
    role: str
    text: str
    label: str
    """Empty for one that nobody labelled: it is context."""


class Measured:
    """Answers of people in the store.

    Args:
        reading: Opens a transaction that reads.
    """

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    def turns(self, scope: Scope) -> list[Answered]:
        """What was said of turns in the random queue before the models' answers were shown."""
        task, one, row = ReviewTaskRow, CorrectionRow, ConversationRow
        wanted = (
            select(task, one, row.queue)
            .join(one, one.task_id == task.id)
            .join(row, row.id == task.conversation_id)
            .where(
                task.queue == "random",
                one.made_at <= task.revealed_at,
                one.revoked_at.is_(None) | (one.revoked_at > task.revealed_at),
                one.model_label.is_not(None),
                one.model_label != UNKNOWN,
                scope.visible(),
            )
            .order_by(one.id)
        )
        with self._reading() as session:
            return [
                Answered(
                    of.conversation_id,
                    queue,
                    of.slot,
                    said.number,
                    said.label,
                    said.model_label or "",
                    said.models or "",
                    said.model_confidence,
                )
                for of, said, queue in session.execute(wanted)
            ]

    def conversations(self, scope: Scope) -> list[Answered]:
        """What was said of conversations in the random queue, first; an appeal's decision holds."""
        task, one, row = ReviewTaskRow, VerdictRow, ConversationRow
        wanted = (
            select(task, one, row.queue, AppealRow)
            .join(one, one.task_id == task.id)
            .join(row, row.id == task.conversation_id)
            .outerjoin(AppealRow, AppealRow.verdict_id == one.id)
            .where(task.queue == "random", one.made_at <= task.revealed_at, scope.visible())
            .order_by(one.id)
        )
        found = []
        with self._reading() as session:
            for of, verdict, queue, appeal in session.execute(wanted):
                says = verdict.dissatisfied
                flagged = says == (verdict.verdict == "upheld")
                if appeal is not None and appeal.dissatisfied is not None:
                    says = appeal.dissatisfied
                found.append(
                    Answered(of.conversation_id, queue, of.slot, 0, str(says), str(flagged),
                             verdict.model_key)
                )  # fmt: skip
        return found

    def rescored(self, scope: Scope) -> list[Rescored]:
        """Labelled turns that an earlier set of models has answered too, and the latest one."""
        answer, row = AnswerRow, ConversationRow
        found = []
        with self._reading() as session:
            for number, labels in _labels(session, scope):
                latest = session.scalar(select(row.scoring).where(row.id == number))
                answers = session.scalars(
                    select(answer)
                    .where(answer.conversation_id == number, answer.number.in_(labels))
                    .order_by(answer.scoring)
                ).all()
                now = {one.number: one for one in answers if one.scoring == latest}
                for one in answers:
                    after = now.get(one.number)
                    if (
                        one.scoring == latest
                        or after is None
                        or UNKNOWN in (one.label, after.label)
                    ):
                        continue
                    found.append(
                        Rescored(labels[one.number], one.label, after.label, _models(one),
                                 _models(after))
                    )  # fmt: skip
        return found

    def labelled(self, scope: Scope) -> Iterator[LabelledTurn]:
        """Every turn of conversations in which somebody labelled one, in order."""
        with self._reading() as session:
            for number, labels in _labels(session, scope):
                row = session.get_one(ConversationRow, number)
                turns = session.scalars(
                    select(TurnRow)
                    .where(TurnRow.conversation_id == number, TurnRow.text != "")
                    .order_by(TurnRow.number)
                )
                name = f"{row.source}:{row.external_id}"
                for turn in turns:
                    # One line a turn, whatever was typed in it.
                    text = " ".join(turn.text.split())
                    if text:
                        yield LabelledTurn(name, turn.role, text, labels.get(turn.number, ""))


def _labels(session: Session, scope: Scope) -> Iterator[tuple[int, dict[int, str]]]:
    """The standing labels of each conversation by turn; of several the latest."""
    wanted = (
        select(CorrectionRow)
        .join(ConversationRow, ConversationRow.id == CorrectionRow.conversation_id)
        .where(
            CorrectionRow.revoked_at.is_(None),
            ConversationRow.transcript_deleted_at.is_(None),
            scope.visible(),
        )
        .order_by(CorrectionRow.conversation_id, CorrectionRow.id)
    )
    found: dict[int, dict[int, str]] = {}
    for one in session.scalars(wanted):
        found.setdefault(one.conversation_id, {})[one.number] = one.label
    yield from found.items()


def _models(answer: AnswerRow) -> str:
    return f"{answer.model_key};{answer.inputs}"
