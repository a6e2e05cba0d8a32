"""How a conversation, its scorings and its idempotency keys are written; one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import insert, select, tuple_
from sqlalchemy.orm import Session

from app.store import events, media_rows, rows, turns
from app.store.bulk import insert_many, table_of, upsert
from app.store.media import MediaFolder, forgotten
from app.store.scope import Scope
from app.store.tables import (
    AnswerRow,
    Base,
    CarriedStateRow,
    ConversationRow,
    IdempotencyRow,
    MediaRow,
    ModelRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from multimodal.conversation import Conversation, Role
from multimodal.emotions import ModelInfo
from multimodal.errors import ConflictError, NotFoundError
from multimodal.scoring import ScoredConversation

State = Literal["open", "closed"]
Outcome = Literal["created", "rescored", "unchanged", "replayed"]


@dataclass(frozen=True, slots=True)
class WriteKey:
    """A caller's idempotency key.

    Attributes:
        key: What the caller chose.
        fingerprint: SHA-256 of the request, so that the key is not used for two different ones.
    """

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What a write did.

    Attributes:
        id: The conversation.
        outcome: `created`; `rescored` where it was there and a new scoring was added; `unchanged`
            where all of it was there; `replayed` where the same idempotency key did it before.
        number: The turn that was appended, None for a whole conversation.
        row: The conversation after a turn was appended, None where nothing was.
    """

    id: int
    outcome: Outcome
    number: int | None = None
    row: ConversationRow | None = None


def require_open(row: ConversationRow) -> None:
    """Checks that turns may be appended.

    Raises:
        ConflictError: If the conversation is closed or has not been scored yet.
    """
    if row.state != "open":
        raise ConflictError(
            "the conversation is closed, so no turn can be appended.",
            where=f"conversation {row.id}",
            remedy="Start a new one with `?state=open`.",
        )
    if row.status != "scored":
        raise ConflictError(
            f"the conversation is {row.status}, so no turn can be appended yet.",
            where=f"conversation {row.id}",
            remedy="Wait until it is scored.",
        )


def require_words(row: ConversationRow) -> None:
    """Checks that a conversation's words are still there.

    Raises:
        ConflictError: If they were deleted when their time was over.
    """
    if row.transcript_deleted_at is not None:
        raise ConflictError(
            "the words of the conversation have been deleted, so it cannot be scored again.",
            where=f"conversation {row.id}",
        )


def find(
    session: Session, conversation: Conversation, *, lock: bool = False
) -> ConversationRow | None:
    """The conversation that is kept under this one's source and external id."""
    wanted = select(ConversationRow).where(
        ConversationRow.source == conversation.source,
        ConversationRow.external_id == conversation.external_id,
    )
    return session.scalar(wanted.with_for_update() if lock else wanted)


def require_same(row: ConversationRow, conversation: Conversation, scope: Scope) -> None:
    """Checks that a kept conversation is this one, and one that whoever writes may see.

    Raises:
        ConflictError: If something else was said in it, or it is another team's.
    """
    if not scope.covers(row.team, row.queue):
        raise ConflictError(
            "this source and external id are another team's.",
            where=f"source {conversation.source!r}, external id {conversation.external_id!r}",
            remedy="Give it another external id, or have somebody of that team send it.",
        )
    if row.content_hash != rows.content_hash(conversation):
        raise ConflictError(
            "another conversation is kept under this source and external id.",
            where=f"source {conversation.source!r}, external id {conversation.external_id!r}",
            remedy=f"Delete conversation {row.id} first, or give this one another external id.",
        )


def redescribe(
    session: Session, row: ConversationRow, before: Conversation, after: Conversation
) -> bool:
    """Writes new metadata and agents over those of a conversation, if it is `before` still.

    Words and metadata that were deleted when their time was over do not come back.
    """
    if row.content_hash != rows.content_hash(before) or len(before.turns) != len(after.turns):
        return False
    if row.transcript_deleted_at is not None:
        return False
    values = rows.metadata_values(after)
    values["attributes"] |= rows.kept_attributes(row.attributes)
    # These follow from recordings and notices, which came with a scoring.
    del values["channel"], values["notice"]
    values["content_hash"] = rows.content_hash(after)
    values["agent_ids"] = rows.conversation_summary(after)["agent_ids"]
    for name, value in values.items():
        setattr(row, name, value)
    for number, (old, new) in enumerate(zip(before.turns, after.turns, strict=True), start=1):
        if old.agent_id != new.agent_id:
            turn = session.get(TurnRow, (row.id, number))
            assert turn is not None
            if turn.role == new.role:  # A person may have exchanged the roles.
                turn.agent_id = new.agent_id
    return True


def keep_key(
    session: Session, scope: Scope, key: WriteKey | None, conversation_id: int, number: int | None
) -> None:
    """Remembers what was done under an idempotency key, if there is one."""
    if key is not None:
        session.add(
            IdempotencyRow(
                caller=scope.who,
                key=key.key,
                fingerprint=key.fingerprint,
                conversation_id=conversation_id,
                number=number,
                created_at=datetime.now(UTC),
            )
        )


def replay(session: Session, scope: Scope, key: WriteKey | None) -> Saved | None:
    """What this idempotency key did before, or None if it is new.

    Raises:
        ConflictError: If it was used for another request.
        NotFoundError: If what it wrote has been deleted.
    """
    if key is None:
        return None
    before = session.get(IdempotencyRow, (scope.who, key.key))
    if before is None:
        return None
    if before.fingerprint != key.fingerprint:
        raise ConflictError(
            "this Idempotency-Key was used before for another request.",
            where="header Idempotency-Key",
            remedy="Use a new key for each request; repeat a key only to repeat its request.",
        )
    if before.conversation_id is None:
        raise NotFoundError(
            "what was written under this Idempotency-Key has been deleted.",
            where="header Idempotency-Key",
        )
    return Saved(before.conversation_id, "replayed", before.number)


def insert_conversation(
    session: Session,
    conversation: Conversation,
    state: State,
    folder: MediaFolder,
    *,
    keep: bool = True,
) -> ConversationRow:
    """Inserts a conversation with its turns and recordings, to be scored."""
    row = ConversationRow(
        **rows.metadata_values(conversation),
        content_hash=rows.content_hash(conversation),
        state=state,
        status="queued",
        error="",
        received_at=datetime.now(UTC),
        transcript_deleted_at=None,
        scored_at=None,
        scoring=0,
        **rows.conversation_summary(conversation),
        risk=0.0,
        sentiment=[None] * 4,
        level="",
        view_state="",
        reason_turn=None,
        labels={},
        tags=[],
        notes=[],
        media_count=0,
    )
    session.add(row)
    session.flush()
    if state == "open":
        events.record(session, "conversation", row, {"change": "opened"})
    turns.insert_turns(session, row.id, dict(enumerate(conversation.turns, start=1)))
    media_rows.write_media(session, row, conversation.media, folder, keep=keep)
    return row


def insert_scored(
    session: Session, found: Sequence[tuple[ScoredConversation, Mapping[str, Any]]]
) -> list[int]:
    """Inserts conversations that are not there yet with their first scoring, all in few statements.

    Args:
        session: The transaction.
        found: Each with the values of its own row, from `scored_row`.

    Returns:
        Their ids, in the same order.
    """
    conversation = table_of(ConversationRow)
    inserted = session.execute(
        insert(conversation).returning(conversation.c.id, sort_by_parameter_order=True),
        [dict(values) for _, values in found],
    )
    ids = list(inserted.scalars())
    values: dict[type[Base], list[dict[str, Any]]] = {
        kind: [] for kind in (TurnRow, ScoreRow, AnswerRow, TrajectoryRow)
    }
    models: dict[str, ModelInfo] = {}
    now = datetime.now(UTC)
    for number_of, (scored, _) in zip(ids, found, strict=True):
        stamp = {"conversation_id": number_of, "scoring": 1}
        for number, turn in enumerate(scored.turns, start=1):
            at = {"conversation_id": number_of, "number": number}
            values[TurnRow].append(at | rows.turn_values(turn.turn))
            at["scoring"] = 1
            values[ScoreRow] += [at | one for one in rows.score_values(turn.scores)]
            values[AnswerRow].append(at | rows.answer_values(turn))
        trajectory = rows.trajectory_values(scored.trajectory)
        values[TrajectoryRow].append(stamp | trajectory | {"scored_at": now})
        models |= {model.key: model for model in rows.models_of(scored)}
    upsert(session, ModelRow, [_model_values(models[key]) for key in sorted(models)])
    for kind, many in values.items():
        insert_many(session, kind, many)
    return ids


def scored_row(scored: ScoredConversation, *, keep: bool = True) -> dict[str, Any]:
    """The values of a new conversation's own row, scored and closed.

    Args:
        scored: The conversation.
        keep: Whether its recordings are kept.

    Raises:
        InvalidConversationError: If it cannot be stored.
    """
    conversation = scored.conversation
    now = datetime.now(UTC)
    return {
        **rows.metadata_values(conversation),
        "content_hash": rows.content_hash(conversation),
        "state": "closed",
        "status": "scored",
        "error": "",
        "received_at": now,
        "transcript_deleted_at": None,
        "scored_at": now,
        "scoring": 1,
        **rows.summary_values(scored),
        "media_count": len(conversation.media) if keep else 0,
    }


def find_many(
    session: Session, conversations: Sequence[Conversation]
) -> dict[tuple[str, str], ConversationRow]:
    """The conversations that are kept under these ones' sources and external ids, by both."""
    keys = {(one.source, one.external_id) for one in conversations}
    both = tuple_(ConversationRow.source, ConversationRow.external_id)
    found = session.scalars(select(ConversationRow).where(both.in_(sorted(keys))))
    return {(row.source, row.external_id): row for row in found}


def brings(
    session: Session,
    row: ConversationRow,
    conversation: Conversation,
    folder: MediaFolder,
    scored: ScoredConversation | None = None,
) -> bool:
    """Whether a scoring would add anything: a notice, a recording or another model.

    One that was made without a notice or recordings that are there adds nothing to show.

    Args:
        session: The transaction.
        row: The conversation as it is kept.
        conversation: The same conversation as it comes now.
        folder: Where uploads are kept.
        scored: Its scoring; None to ask before it is scored.
    """
    of_this = MediaRow.conversation_id == row.id
    kept = {r.sha256 or r.path for r in session.scalars(select(MediaRow).where(of_this))}
    given = {folder.identity_of(media.path) for media in conversation.media}
    given = {forgotten(one) if forgotten(one) in kept else one for one in given}
    if row.transcript_deleted_at is not None:
        return False
    if given - kept or (conversation.notice and conversation.notice != row.notice):
        return True
    if scored is None or kept - given or (row.notice and not conversation.notice):
        return False
    known = session.scalars(
        select(ScoreRow.model_key)
        .where(ScoreRow.conversation_id == row.id, ScoreRow.scoring == row.scoring)
        .union(
            select(AnswerRow.model_key).where(
                AnswerRow.conversation_id == row.id, AnswerRow.scoring == row.scoring
            ),
            select(TrajectoryRow.model_key).where(
                TrajectoryRow.conversation_id == row.id, TrajectoryRow.scoring == row.scoring
            ),
        )
    )
    return bool({model.key for model in rows.models_of(scored)} - set(known))


def write_scoring(
    session: Session, row: ConversationRow, scored: ScoredConversation, appended: int | None = None
) -> None:
    """Writes a scoring of the whole conversation, or of the one turn appended to the latest.

    Args:
        session: The transaction.
        row: The conversation.
        scored: All of it.
        appended: Number of the turn that was appended; None for a new scoring.

    Raises:
        ConflictError: If the conversation that is kept has more or fewer turns.
    """
    numbers = range(1, len(scored.turns) + 1) if appended is None else [appended]
    found = [(number, scored.turns[number - 1]) for number in numbers]
    if appended is None:
        if row.turn_count != len(scored.turns):
            raise ConflictError(
                f"the conversation has {row.turn_count} turns, {len(scored.turns)} were scored.",
                where=f"conversation {row.id}",
                remedy="Turns were appended meanwhile; score it again.",
            )
        row.scoring += 1
    stamp = {"conversation_id": row.id, "scoring": row.scoring}
    scores: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for number, turn in found:
        at = stamp | {"number": number}
        scores += [at | values for values in rows.score_values(turn.scores)]
        answers.append(at | rows.answer_values(turn))
    trajectory = stamp | rows.trajectory_values(scored.trajectory)
    _write_models(session, replace(scored, turns=tuple(turn for _, turn in found)))
    upsert(session, ScoreRow, scores)
    upsert(session, AnswerRow, answers)
    upsert(session, TrajectoryRow, [trajectory | {"scored_at": datetime.now(UTC)}])
    if row.state == "open":
        states = [
            {"conversation_id": row.id, "modality": m, "speaker": speaker, "value": dict(value)}
            for m, by_speaker in scored.states.items()
            for speaker, value in by_speaker.items()
        ]
        upsert(session, CarriedStateRow, states)
    now = datetime.now(UTC)
    level = row.level
    for name, value in rows.summary_values(scored).items():
        setattr(row, name, value)
    row.status, row.error, row.scored_at = "scored", "", now
    if row.state == "open":
        if row.level != level:
            row.level_since = now
        row.waiting_since = (row.waiting_since or now) if _unanswered(scored) else None
        if scored.turns:
            events.record_turn(session, row, scored, appended or len(scored.turns))


def _unanswered(scored: ScoredConversation) -> bool:
    """Whether the customer had the last word; turns of whom nobody knows do not count."""
    roles = (one.turn.role for one in reversed(scored.turns))
    return next((role for role in roles if role is not Role.UNKNOWN), None) is Role.CUSTOMER


def _write_models(session: Session, scored: ScoredConversation) -> None:
    """Writes those models that are not known; live calls would wait for each other's rows else."""
    found = {model.key: model for model in rows.models_of(scored)}
    known = set(session.scalars(select(ModelRow.key).where(ModelRow.key.in_(found))))
    # In one order, so that two writers on PostgreSQL cannot wait for each other.
    upsert(session, ModelRow, [_model_values(found[key]) for key in sorted({*found} - known)])


def _model_values(model: ModelInfo) -> dict[str, str]:
    return {"key": model.key, **model.to_json()}
