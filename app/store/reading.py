"""How a stored conversation is read back with its latest scoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store import rows
from app.store.media import MediaFolder
from app.store.tables import (
    AnswerRow,
    CarriedStateRow,
    ConversationRow,
    CorrectionRow,
    MediaRow,
    ModelRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from multimodal.scoring import ScoredConversation
from multimodal.tags import TagWords
from multimodal.thresholds import Thresholds

NOT_KEPT = "录音未保留 (a recording was scored and is not kept)"
WORDS_DELETED = "文字已按保存期限删除 (the words were deleted when their time was over)"
_PENDING = {
    "queued": "not scored yet",
    "scoring": "not scored yet",
    "failed": "scoring failed",
    "scored": "",
}


@dataclass(frozen=True, slots=True, eq=False)
class StoredConversation:
    """A conversation as it is kept.

    Attributes:
        row: Metadata, state and summary.
        scored: The conversation with its latest scoring.
        corrections: Corrections of its turns, oldest first, undone ones too.
        media: Names and hashes of its recordings; `media[k]` is `scored.conversation.media[k]`.
    """

    row: ConversationRow
    scored: ScoredConversation
    corrections: tuple[CorrectionRow, ...]
    media: tuple[MediaRow, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A conversation in a list.

    Attributes:
        row: Metadata, state and summary.
        reason_text: The words of the turn that gave the level its reason, empty where none did.
        found_turn: Number of the first turn that has a word that was searched for; None where
            nothing was, or no turn has.
        found_text: That turn's words.
    """

    row: ConversationRow
    reason_text: str
    found_turn: int | None = None
    found_text: str = ""


def load(
    session: Session,
    row: ConversationRow,
    folder: MediaFolder,
    tag_words: TagWords,
    thresholds: Thresholds,
) -> StoredConversation:
    """Reads everything that belongs to a conversation.

    Args:
        session: The transaction.
        row: The conversation's own row.
        folder: Where uploads are kept.
        tag_words: The words of the event tags.
        thresholds: From which risk on it is watched.
    """
    turns = session.scalars(
        select(TurnRow).where(TurnRow.conversation_id == row.id).order_by(TurnRow.number)
    ).all()
    media = session.scalars(
        select(MediaRow).where(MediaRow.conversation_id == row.id).order_by(MediaRow.number)
    ).all()
    kept = [one for one in media if one.path]
    notes = [*row.notes, *([] if len(kept) == len(media) else [NOT_KEPT])]
    if row.transcript_deleted_at is not None:
        notes.append(WORDS_DELETED)
    scores = session.scalars(
        select(ScoreRow).where(ScoreRow.conversation_id == row.id, ScoreRow.scoring == row.scoring)
    ).all()
    answers = session.scalars(
        select(AnswerRow).where(
            AnswerRow.conversation_id == row.id, AnswerRow.scoring == row.scoring
        )
    ).all()
    trajectory = session.get(TrajectoryRow, (row.id, row.scoring))
    states: dict[str, dict[str, Mapping[str, Any]]] = {}
    for state in session.scalars(
        select(CarriedStateRow).where(CarriedStateRow.conversation_id == row.id)
    ):
        states.setdefault(state.modality, {})[state.speaker] = state.value
    corrections = session.scalars(
        select(CorrectionRow)
        .where(CorrectionRow.conversation_id == row.id)
        .order_by(CorrectionRow.id)
    ).all()
    keys = {s.model_key for s in scores} | {a.model_key for a in answers}
    keys |= {trajectory.model_key} if trajectory is not None else set()
    models = session.scalars(select(ModelRow).where(ModelRow.key.in_(keys))).all()
    conversation = rows.conversation_from(
        row, turns, [rows.media_from(one, folder.root) for one in kept]
    )
    scored = rows.scored_from(
        conversation,
        scores,
        answers,
        trajectory,
        {model.key: model for model in models},
        notes=notes,
        states=states,
        pending=_PENDING[row.status],
        tag_words=tag_words,
        thresholds=thresholds,
    )
    return StoredConversation(row, scored, tuple(corrections), tuple(kept))
