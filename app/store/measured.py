"""What people said beside what the models said, for measuring, comparing and training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import AnswerRow, ConversationRow, CorrectionRow, TurnRow
from multimodal.emotions import UNKNOWN

_PART = 500


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
        answer = AnswerRow
        found = []
        with self._reading() as session:
            labels = dict(_labels(session, scope))
            ids = sorted(labels)
            for start in range(0, len(ids), _PART):
                columns = (
                    answer.conversation_id, answer.number, answer.label, answer.model_key,
                    answer.inputs, answer.scoring == ConversationRow.scoring,
                )  # fmt: skip
                rows = session.execute(
                    select(*columns)
                    .join(ConversationRow, ConversationRow.id == answer.conversation_id)
                    .where(
                        answer.conversation_id.in_(ids[start : start + _PART]),
                        answer.label != UNKNOWN,
                    )
                ).all()
                found += _compared(labels, rows)
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


def _compared(
    labels: Mapping[int, Mapping[int, str]],
    rows: Sequence[Row[int, int, str, str, str, bool]],
) -> list[Rescored]:
    """Each earlier answer to a labelled turn beside the latest one."""
    latest = {(call, number): (label, f"{key};{inputs}")
              for call, number, label, key, inputs, last in rows if last}  # fmt: skip
    found = []
    for call, number, label, key, inputs, last in rows:
        said = labels[call].get(number)
        now = latest.get((call, number))
        if not last and said is not None and now is not None:
            found.append(Rescored(said, label, now[0], f"{key};{inputs}", now[1]))
    return found
