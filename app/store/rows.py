"""Conversations to table rows and back."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.store.engine import dump_json, in_utc
from app.store.tables import (
    AnswerRow,
    ConversationRow,
    MediaRow,
    ModelRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from multimodal.conversation import INFERRED, Channel, Conversation, Direction, Media, Role, Turn
from multimodal.emotions import EmotionScores, Evidence, FloatArray, ModelInfo, renormalised
from multimodal.errors import InvalidConversationError
from multimodal.formats.turns import EMOTION_KEYS
from multimodal.policy import LAPSED
from multimodal.scoring import VOICE, FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.states import view
from multimodal.tags import TagWords, tags_of
from multimodal.thresholds import Thresholds

Values = dict[str, Any]

_METADATA = (
    "source",
    "external_id",
    "timezone",
    "queue",
    "team",
    "customer_ref",
    "customer_display",
    "business_type",
    "notice",
    "language",
)
_LARGEST_CHANNEL = 1023
REGIONS = "regions_before_swap"
"""Attribute of a conversation: which part of a picture was the customer's before the roles were
exchanged. Whom it shows now is not known, until they are exchanged back."""
OWN_ATTRIBUTES = (LAPSED, REGIONS)
"""Attributes of conversations that the product writes, not the source."""


def content_hash(conversation: Conversation) -> str:
    """SHA-256 over what was said and the source's metadata.

    The notice and the recordings, and with them the channel, are no part of it: they may be added
    to the same conversation later, and it is scored once more with them.
    """
    values = metadata_values(conversation)
    del values["notice"], values["channel"]
    for name in OWN_ATTRIBUTES:
        values["attributes"].pop(name, None)
    started = values["started_at"]
    values["started_at"] = None if started is None else started.isoformat()
    values["turns"] = [_as_received(turn_values(turn)) for turn in conversation.turns]
    text = json.dumps(json.loads(dump_json(values)), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def kept_attributes(attributes: Mapping[str, Any]) -> Values:
    """Those attributes that are the product's own."""
    return {name: attributes[name] for name in OWN_ATTRIBUTES if name in attributes}


def _as_received(turn: Values) -> Values:
    """A turn's columns without a role that was inferred: another version may infer another.

    Nor with what roles decide about: a vendor's emotion, which is left out where it is an agent's.
    """
    given = turn["attributes"]
    attributes = {name: v for name, v in given.items() if name not in (INFERRED, *EMOTION_KEYS)}
    role = Role.UNKNOWN.value if INFERRED in given else turn["role"]
    return turn | {"role": role, "attributes": attributes}


def metadata_values(conversation: Conversation) -> Values:
    """The columns of `conversation` that the source gives, but for turns and recordings."""
    values: Values = {name: getattr(conversation, name) for name in _METADATA}
    started = conversation.started_at
    return values | {
        "channel": conversation.channel.value,
        "direction": conversation.direction.value,
        "started_at": None if started is None else in_utc(started),
        "attributes": dict(conversation.attributes),
    }


def conversation_summary(conversation: Conversation) -> Values:
    """The columns of `conversation` that sum up its turns, scored or not.

    `attributes["agent_ids"]` names agents of whom the source does not say which turns are theirs.
    """
    agents = [turn.agent_id for turn in conversation.turns if turn.agent_id]
    others = conversation.attributes.get("agent_ids")
    if isinstance(others, list):
        agents += [agent for agent in others if isinstance(agent, str)]
    return {
        "turn_count": len(conversation.turns),
        "duration": conversation.duration,
        "agent_ids": list(dict.fromkeys(agents)),
    }


def summary_values(scored: ScoredConversation) -> Values:
    """The columns of `conversation` that lists sort and filter by."""
    seen = view(scored)
    return conversation_summary(scored.conversation) | {
        "risk": round(scored.risk, 4),
        "sentiment": list(scored.trajectory.sentiment),
        "level": seen.level.value,
        "view_state": seen.state.value,
        "reason_turn": None if seen.reason_turn is None else seen.reason_turn + 1,
        "labels": dict(Counter(turn.answer.label for turn in scored.customer_turns)),
        "tags": [tag.value for tag in seen.tags],
        "notes": list(scored.notes),
    }


def turn_values(turn: Turn) -> Values:
    """The columns of `turn` but for its key.

    Raises:
        InvalidConversationError: If its audio channel is none that a recording can have.
    """
    if turn.channel is not None and not 0 <= turn.channel <= _LARGEST_CHANNEL:
        raise InvalidConversationError(
            f"channel is {turn.channel}, expected 0 to {_LARGEST_CHANNEL}."
        )
    return {
        "role": turn.role.value,
        "text": turn.text,
        "start": turn.start,
        "end": turn.end,
        "speaker": turn.speaker,
        "agent_id": turn.agent_id,
        "channel": turn.channel,
        "attributes": dict(turn.attributes),
    }


def score_values(scores: Mapping[str, EmotionScores]) -> Iterator[Values]:
    """The rows of `score` for one turn, but for their keys."""
    for modality, one in scores.items():
        yield {
            "modality": modality,
            "model_key": _key(one.model),
            "probabilities": None if one.is_missing else _rounded(one.probabilities),
            "reliability": one.reliability,
            "valence": one.valence,
            "arousal": one.arousal,
            "heads": {name: _rounded(value) for name, value in one.heads.items()},
            "evidence": [item.to_json() for item in one.evidence],
            "reason": one.reason,
        }


def answer_values(turn: ScoredTurn) -> Values:
    """The row of `answer` for one turn, but for its key."""
    answer = turn.answer
    inputs = ((name, _key(one.model)) for name, one in sorted(turn.scores.items()))
    return {
        "model_key": _key(answer.model),
        "inputs": ";".join(f"{name}={key}" for name, key in inputs if key),
        "probabilities": _rounded(answer.probabilities) if answer.model else None,
        "label": answer.label,
        "confidence": answer.confidence,
        "valence": answer.valence,
        "contributions": dict(answer.contributions),
        "disagreement": answer.disagreement,
        "reason": answer.reason,
    }


def trajectory_values(trajectory: Trajectory) -> Values:
    """The row of `trajectory`, but for its key."""
    values = trajectory.to_json()
    del values["model"]
    return values | {"model_key": _key(trajectory.model)}


def models_of(scored: ScoredConversation) -> list[ModelInfo]:
    """Every model that answered in a conversation."""
    found: dict[str, ModelInfo] = {}
    for turn in scored.turns:
        for model in (turn.answer.model, *(one.model for one in turn.scores.values())):
            if model is not None:
                found.setdefault(model.key, model)
    if scored.trajectory.model is not None:
        found.setdefault(scored.trajectory.model.key, scored.trajectory.model)
    return list(found.values())


def media_from(row: MediaRow, folder: Path) -> Media:
    """A recording, from its row and the folder in which uploads are kept."""
    region = row.customer_region
    return Media(
        path=folder / row.path if row.sha256 else Path(row.path),
        channels={int(index): Role(role) for index, role in row.channels.items()},
        customer_region=None if region is None else (region[0], region[1], region[2], region[3]),
        offset=row.offset,
    )


def conversation_from(
    row: ConversationRow, turns: Iterable[TurnRow], media: Sequence[Media]
) -> Conversation:
    """A conversation from its rows; its times are in the source's zone."""
    started = row.started_at
    metadata: dict[str, Any] = {name: getattr(row, name) for name in _METADATA}
    return Conversation(
        **metadata,
        turns=tuple(_turn_from(turn) for turn in turns),
        channel=Channel(row.channel),
        direction=Direction(row.direction),
        started_at=None if started is None else started.astimezone(ZoneInfo(row.timezone)),
        media=tuple(media),
        attributes=row.attributes,
    )


def scored_from(
    conversation: Conversation,
    scores: Iterable[ScoreRow],
    answers: Iterable[AnswerRow],
    trajectory: TrajectoryRow | None,
    models: Mapping[str, ModelRow],
    *,
    notes: Sequence[str],
    states: Mapping[str, Mapping[str, Mapping[str, Any]]],
    pending: str,
    tag_words: TagWords,
    thresholds: Thresholds,
) -> ScoredConversation:
    """A scored conversation from the rows of its latest scoring.

    Args:
        conversation: What came in.
        scores: Rows of `score`.
        answers: Rows of `answer`.
        trajectory: The row of `trajectory`; None before the first scoring.
        models: Models by key.
        notes: How it was scored.
        states: Carried state by modality and speaker.
        pending: Why turns have no answer, where they have none yet.
        tag_words: The words of the event tags.
        thresholds: From which risk on it is watched.
    """
    by_turn: dict[int, dict[str, EmotionScores]] = {}
    for score in scores:
        by_turn.setdefault(score.number, {})[score.modality] = _scores_from(score, models)
    answer_of = {row.number: _answer_from(row, models) for row in answers}
    risk = trajectory.risk if trajectory is not None else []
    turns = tuple(
        ScoredTurn(
            turn,
            by_turn.get(number, {}),
            answer_of.get(number) or FusedAnswer.unknown(pending),
            risk[number - 1] if number <= len(risk) else 0.0,
            tags_of(turn, by_turn.get(number, {}).get(VOICE), tag_words),
        )
        for number, turn in enumerate(conversation.turns, start=1)
    )
    return ScoredConversation(
        conversation, turns, _trajectory_from(trajectory, models), tuple(notes), states, thresholds
    )


def _turn_from(row: TurnRow) -> Turn:
    return Turn(
        role=Role(row.role),
        text=row.text,
        start=row.start,
        end=row.end,
        speaker=row.speaker,
        agent_id=row.agent_id,
        channel=row.channel,
        attributes=row.attributes,
    )


def _scores_from(row: ScoreRow, models: Mapping[str, ModelRow]) -> EmotionScores:
    model = _model_from(row.model_key, models)
    if row.probabilities is None:
        return EmotionScores.missing(row.reason, model=model)
    return EmotionScores(
        probabilities=renormalised(row.probabilities),
        reliability=row.reliability,
        valence=row.valence,
        arousal=row.arousal,
        heads={name: renormalised(value) for name, value in row.heads.items()},
        evidence=tuple(Evidence(**item) for item in row.evidence),
        model=model,
        reason=row.reason,
    )


def _answer_from(row: AnswerRow, models: Mapping[str, ModelRow]) -> FusedAnswer:
    if row.probabilities is None:
        return FusedAnswer.unknown(row.reason)
    return FusedAnswer(
        probabilities=renormalised(row.probabilities),
        label=row.label,
        confidence=row.confidence,
        valence=row.valence,
        contributions=row.contributions,
        disagreement=row.disagreement,
        model=_model_from(row.model_key, models),
        reason=row.reason,
    )


def _trajectory_from(row: TrajectoryRow | None, models: Mapping[str, ModelRow]) -> Trajectory:
    if row is None:
        return Trajectory()
    first, second, third, fourth = row.sentiment
    return Trajectory(
        risk=tuple(row.risk),
        sentiment=(first, second, third, fourth),
        shift=row.shift,
        talk_seconds=row.talk_seconds,
        silence_seconds=row.silence_seconds,
        overlap_seconds=row.overlap_seconds,
        characters_per_minute=row.characters_per_minute,
        model=_model_from(row.model_key, models),
    )


def _model_from(key: str, models: Mapping[str, ModelRow]) -> ModelInfo | None:
    if key not in models:
        return None
    row = models[key]
    terms = {"name": row.name, "version": row.version, "sha256": row.sha256, "terms": row.terms}
    return ModelInfo.from_json(terms)


def _key(model: ModelInfo | None) -> str:
    return model.key if model is not None else ""


def _rounded(values: FloatArray) -> list[float]:
    return [round(value, 5) for value in values.tolist()]
