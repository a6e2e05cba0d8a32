"""How a conversation's turns are written: the first ones, one more, one that comes late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, delete, insert, literal, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.store import alerts, events, rows
from app.store.alert_tables import AlertRow
from app.store.bulk import AS_IT_IS, table_of
from app.store.tables import AnswerRow, CorrectionRow, IdempotencyRow, ScoreRow, TurnRow
from multimodal.conversation import MAX_TURNS, Turn
from multimodal.scoring import ScoredConversation

NUMBERED: tuple[InstrumentedAttribute[Any], ...] = (
    ScoreRow.number,
    AnswerRow.number,
    CorrectionRow.number,
    IdempotencyRow.number,
    AlertRow.turn,
)
"""Columns, beside a `conversation_id`, that say which turn a row is about."""


def insert_turns(session: Session, conversation_id: int, turns: Mapping[int, Turn]) -> None:
    """Inserts turns by their numbers."""
    values = [
        {"conversation_id": conversation_id, "number": number, **rows.turn_values(turn)}
        for number, turn in turns.items()
    ]
    if values:
        session.execute(insert(table_of(TurnRow)), values)


def rewrite_turns(
    session: Session, conversation_id: int, scored: ScoredConversation, numbers: Sequence[int]
) -> None:
    """Writes the words of turns that were masked once more, and what evidence is left of them."""
    for number in numbers:
        turn = scored.turns[number - 1]
        at = (conversation_id, number)
        row = session.get(TurnRow, at)
        assert row is not None
        row.text = turn.turn.text
        for score in session.scalars(
            select(ScoreRow).where(
                ScoreRow.conversation_id == conversation_id, ScoreRow.number == number
            )
        ):
            left = turn.scores.get(score.modality)
            score.evidence = [one.to_json() for one in left.evidence] if left else []
    if numbers:
        texts = {number: scored.turns[number - 1].turn.text for number in numbers}
        events.rewrite(session, conversation_id, texts)
        alerts.rewrite(session, conversation_id, texts)


def make_room(session: Session, conversation_id: int, number: int) -> None:
    """Counts the turns from this number on one higher, with all that is known of them.

    For a turn that comes late: its place is by its start. A number cannot be changed in place,
    because others refer to it; the turns are copied out of the way and back.

    Args:
        session: The transaction.
        conversation_id: The conversation.
        number: The number that is to be free.
    """
    _move(session, conversation_id, number, by=MAX_TURNS)
    _move(session, conversation_id, number + MAX_TURNS, by=1 - MAX_TURNS)
    events.renumber(session, conversation_id, number)
    alerts.renumber(session, conversation_id, number)


def _move(session: Session, conversation_id: int, first: int, by: int) -> None:
    turn = table_of(TurnRow)
    there = (turn.c.conversation_id == conversation_id) & (turn.c.number >= first)
    columns = [
        (turn.c.number + literal(by, Integer)) if column is turn.c.number else column
        for column in turn.columns
    ]
    names = [column.name for column in turn.columns]
    session.execute(insert(turn).from_select(names, select(*columns).where(there)))
    for number in NUMBERED:
        table = number.class_
        about = (table.conversation_id == conversation_id) & (number >= first)
        session.execute(
            update(table).where(about).values({number: number + by}), execution_options=AS_IT_IS
        )
    old = turn.c.number < first + MAX_TURNS if by > 0 else there
    session.execute(delete(turn).where(there & old))
