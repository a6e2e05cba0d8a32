"""What happened, for whoever follows it live: written in the same transaction as what it tells.

Ids are given in the order in which transactions commit, so that whoever has read up to an id has
missed nothing below it. SQLite has one writer at a time; on PostgreSQL an advisory lock is taken
for the events, as the very last thing of a transaction: nobody can wait for anything else under it.

Events are a stream, not an archive. They go after `KEEP_DAYS`, and with what they tell of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, delete, func, insert, select, text
from sqlalchemy.orm import Session

from app.store.scope import Scope
from app.store.tables import ConversationRow, EventRow
from multimodal.scoring import ScoredConversation

Kind = Literal["conversation", "turn", "alert"]
KINDS: tuple[Kind, ...] = ("conversation", "turn", "alert")
KEEP_DAYS = 7
MAX_WORDS = 20
"""Characters of what was said that an event carries."""
_PENDING = "events"
_LOCK = 0x656D6F6E
"""The advisory lock under which PostgreSQL numbers events; any number that nobody else uses."""


def record(
    session: Session, kind: Kind, conversation: ConversationRow, payload: Mapping[str, Any]
) -> None:
    """Notes what happened to a conversation; written when the session's transaction commits.

    Args:
        session: A transaction of the store's `_writing`.
        kind: `conversation` (`change`: opened, handled, released, closed, timed_out or erased),
            `turn` (see `record_turn`) or `alert` (`change`: opened, raised, acknowledged or
            closed).
        conversation: Its row; it has an id.
        payload: JSON values. Whatever was said is masked and at most `MAX_WORDS` long.
    """
    session.info.setdefault(_PENDING, []).append(
        {
            "at": datetime.now(UTC),
            "kind": kind,
            "conversation_id": conversation.id,
            "team": conversation.team,
            "queue": conversation.queue,
            "payload": dict(payload),
        }
    )


def record_turn(
    session: Session, row: ConversationRow, scored: ScoredConversation, number: int
) -> None:
    """Notes that a turn of an open conversation was scored.

    Args:
        session: A transaction of the store's `_writing`.
        row: The conversation, with its summary as it is after the turn.
        scored: All of it.
        number: The turn, from 1. Where it is below `turns`, it came late, and those from it on
            count one more than before.
    """
    turn = scored.turns[number - 1].turn
    payload = {
        "number": number,
        "turns": len(scored.turns),
        "role": turn.role.value,
        "level": row.level,
        "view_state": row.view_state,
        "risk": row.risk,
        "text": turn.text[:MAX_WORDS],
    }
    record(session, "turn", row, payload)


def write_recorded(session: Session) -> bool:
    """Writes what was recorded, as the last thing before the transaction commits.

    Returns:
        Whether there was anything.
    """
    pending: list[dict[str, Any]] = session.info.pop(_PENDING, [])
    if not pending:
        return False
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    session.execute(insert(EventRow), pending)
    return True


def after(session: Session, last_id: int, scope: Scope, limit: int) -> Sequence[EventRow]:
    """The first events after an id that the scope may see, oldest first."""
    wanted = (
        select(EventRow)
        .where(EventRow.id > last_id, scope.visible(EventRow))
        .order_by(EventRow.id)
        .limit(limit)
    )
    return session.scalars(wanted).all()


def last_id(session: Session) -> int:
    """The id of the latest event of all, 0 where there is none."""
    return session.scalar(select(func.max(EventRow.id))) or 0


def forget(session: Session, conversation_ids: Sequence[int]) -> None:
    """Deletes what was told of conversations, because they or their words are deleted."""
    session.execute(delete(EventRow).where(EventRow.conversation_id.in_(conversation_ids)))


def rewrite(session: Session, conversation_id: int, texts: Mapping[int, str]) -> None:
    """Puts a turn's words, masked once more, in the place of those that its events carry.

    Args:
        session: The transaction.
        conversation_id: The conversation.
        texts: Words by number of the turn.
    """
    for row in session.scalars(_turns_of(conversation_id)):
        number = row.payload["number"]
        if number in texts:
            row.payload = {**row.payload, "text": texts[number][:MAX_WORDS]}


def renumber(session: Session, conversation_id: int, first: int) -> None:
    """Counts the turns from a number on one higher in what was told of them."""
    for row in session.scalars(_turns_of(conversation_id)):
        if row.payload["number"] >= first:
            row.payload = {**row.payload, "number": row.payload["number"] + 1}


def _turns_of(conversation_id: int) -> Select[EventRow]:
    return select(EventRow).where(
        EventRow.conversation_id == conversation_id, EventRow.kind == "turn"
    )


def delete_old(session: Session, now: datetime) -> None:
    """Deletes events that are older than `KEEP_DAYS`."""
    session.execute(delete(EventRow).where(EventRow.at < now - timedelta(days=KEEP_DAYS)))
