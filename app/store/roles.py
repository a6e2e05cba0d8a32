"""How roles are exchanged or agreed to, and nothing scored under others survives.

What was scored under other roles is deleted in the same transaction: an emotion, and above all a
voice score, of a turn that is the agent's now must not be there for a moment. The conversation is
queued, and scored again under its new roles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store import rows
from app.store.alert_tables import AlertRow
from app.store.media import MediaFolder
from app.store.review_tables import ReviewTaskRow
from app.store.tables import (
    AnswerRow,
    CarriedStateRow,
    ConversationRow,
    CorrectionRow,
    CustomerStateRow,
    MediaRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from app.store.writing import require_words
from multimodal.conversation import INFERRED, Conversation, Role
from multimodal.errors import ConflictError
from multimodal.scoring import ScoredConversation

_STAFF = (Role.AGENT, Role.BOT)

Change = Callable[[Conversation], Conversation]


def change(session: Session, row: ConversationRow, folder: MediaFolder, to: Change) -> None:
    """Gives a conversation's turns and channels other roles, and queues it.

    Args:
        session: The transaction.
        row: The conversation, locked.
        folder: Where recordings are kept.
        to: From the conversation to itself with other roles (`roles.swapped`, `roles.confirmed`).

    Raises:
        ConflictError: If it is open, or its words have been deleted.
    """
    if row.state == "open":
        raise ConflictError(
            "the conversation is open, and roles are exchanged when it is over.",
            where=f"conversation {row.id}",
            remedy=f"Close it first: POST /api/v1/conversations/{row.id}/close.",
        )
    require_words(row)
    turns = session.scalars(
        select(TurnRow).where(TurnRow.conversation_id == row.id).order_by(TurnRow.number)
    ).all()
    media = session.scalars(
        select(MediaRow).where(MediaRow.conversation_id == row.id).order_by(MediaRow.number)
    ).all()
    before = rows.conversation_from(
        row, turns, [rows.media_from(one, folder.root) for one in media]
    )
    after = to(before)
    for turn_row, turn in zip(turns, after.turns, strict=True):
        turn_row.role = turn.role.value
        turn_row.agent_id = turn.agent_id
        turn_row.attributes = dict(turn.attributes)
    for media_row, one in zip(media, after.media, strict=True):
        media_row.channels = {str(index): role.value for index, role in one.channels.items()}
    if [turn.role for turn in before.turns] != [turn.role for turn in after.turns]:
        _keep_regions(row, media)
    _forget_scores(session, row, after)


def require_same_roles(session: Session, row: ConversationRow, scored: ScoredConversation) -> None:
    """Checks that a scoring was made under the roles that the conversation has.

    Raises:
        ConflictError: If they were exchanged meanwhile: then it must not be kept.
    """
    if roles_of(session, row.id) != _roles(scored.conversation):
        raise ConflictError(
            "the roles of the conversation were changed, so this scoring is not kept.",
            where=f"conversation {row.id}",
            remedy="It is scored again under its new roles.",
        )


def roles_of(session: Session, conversation_id: int) -> list[tuple[str, bool]]:
    """The role of each turn as it is kept, and whether it was inferred."""
    kept = session.execute(
        select(TurnRow.role, TurnRow.attributes)
        .where(TurnRow.conversation_id == conversation_id)
        .order_by(TurnRow.number)
    )
    return [(role, INFERRED in attributes) for role, attributes in kept]


def same_roles(session: Session, row: ConversationRow, conversation: Conversation) -> bool:
    """Whether a conversation as it comes has the roles that are kept."""
    return roles_of(session, row.id) == _roles(conversation)


def _roles(conversation: Conversation) -> list[tuple[str, bool]]:
    return [(turn.role.value, INFERRED in turn.attributes) for turn in conversation.turns]


def _keep_regions(row: ConversationRow, media: Sequence[MediaRow]) -> None:
    kept = dict(row.attributes)
    earlier = kept.pop(rows.REGIONS, None)
    regions = {}
    for one in media:
        number = str(one.number)
        region = one.customer_region
        one.customer_region = (earlier or {}).get(number)
        if region is not None:
            regions[number] = region
    row.attributes = kept | ({rows.REGIONS: regions} if regions else {})


def _forget_scores(session: Session, row: ConversationRow, after: Conversation) -> None:
    # A verdict on who was taken for the customer says nothing of who is.
    kinds = (
        *(ScoreRow, AnswerRow, TrajectoryRow, CarriedStateRow, CustomerStateRow),
        *(AlertRow, ReviewTaskRow),
    )
    for kind in kinds:
        session.execute(delete(kind).where(kind.conversation_id == row.id))
    staff = [n for n, turn in enumerate(after.turns, start=1) if turn.role in _STAFF]
    session.execute(
        delete(CorrectionRow).where(
            CorrectionRow.conversation_id == row.id, CorrectionRow.number.in_(staff)
        )
    )
    for name, value in rows.conversation_summary(after).items():
        setattr(row, name, value)
    row.risk, row.sentiment = 0.0, [None] * 4
    row.level = row.view_state = row.error = ""
    row.reason_turn, row.labels, row.tags, row.notes = None, {}, [], []
    row.status, row.scored_at = "queued", None
