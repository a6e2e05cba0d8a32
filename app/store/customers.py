"""What scorers learnt of a customer in earlier conversations, where the site allows to keep it.

A row belongs to the conversation in which it was learnt and holds nothing of any other: it goes
with the conversation's words, and with the customer when they are erased. A voice's normal is such
a thing (`audio.baseline`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.store.bulk import upsert
from app.store.tables import ConversationRow, CustomerStateRow
from multimodal.conversation import Conversation
from multimodal.pipeline import customer_voices
from multimodal.scoring import ScoredConversation

MOST = 20
"""Earlier conversations that are looked at: enough to know a voice, which changes with years."""


def remember(session: Session, conversation_id: int, scored: ScoredConversation) -> None:
    """Keeps what each scorer learnt of the customer in a conversation, in place of what it had.

    Nothing is kept of a conversation without a customer's reference, or in which several people
    may have spoken as the customer.
    """
    voices = customer_voices(scored.conversation)
    if not scored.conversation.customer_ref or len(voices) != 1:
        forget(session, [conversation_id])
        return
    (voice,) = voices
    models = {
        modality: scores.model.key
        for turn in scored.turns
        for modality, scores in turn.scores.items()
        if scores.model is not None
    }
    values = [
        {
            "conversation_id": conversation_id,
            "modality": modality,
            "model_key": models[modality],
            "value": dict(by_speaker[voice]),
        }
        for modality, by_speaker in scored.states.items()
        if voice in by_speaker and modality in models
    ]
    upsert(session, CustomerStateRow, values)


def earlier(
    session: Session, conversation: Conversation, modality: str, model_key: str
) -> list[Mapping[str, Any]]:
    """What a model learnt of a conversation's customer before, the latest conversation first.

    Conversations that came after it do not count, so that scoring it again gives the same.
    """
    if not conversation.customer_ref:
        return []
    row = ConversationRow
    own = select(row.id).where(
        row.source == conversation.source, row.external_id == conversation.external_id
    )
    before = row.id < func.coalesce(own.scalar_subquery(), 2**62)
    wanted = (
        select(CustomerStateRow.value)
        .join(row, row.id == CustomerStateRow.conversation_id)
        .where(
            row.customer_ref == conversation.customer_ref,
            before,
            CustomerStateRow.modality == modality,
            CustomerStateRow.model_key == model_key,
        )
        .order_by(row.id.desc())
        .limit(MOST)
    )
    return list(session.scalars(wanted))


def forget(session: Session, ids: Iterable[int]) -> None:
    """Deletes what was learnt in conversations."""
    session.execute(delete(CustomerStateRow).where(CustomerStateRow.conversation_id.in_(list(ids))))
