"""Scored conversations of a few words, for tests of rules."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, Emotion, ModelInfo
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.tags import tags_of

MODEL = ModelInfo("made", "1")
NOON = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)


def turn(
    label: str = "neutral",
    text: str = "嗯",
    *,
    role: Role = Role.CUSTOMER,
    start: float | None = None,
    end: float | None = None,
    risk: float = 0.0,
    p: float = 0.8,
    face: float = 0.0,
    disagreement: float = 0.0,
) -> ScoredTurn:
    """A turn whose answer has the label with probability `p`; `unknown` for none."""
    said = Turn(role, text, start=start, end=end)
    if role in (Role.AGENT, Role.BOT) or label == "unknown":
        answer = FusedAnswer.unknown("no modality is usable")
        return ScoredTurn(said, {}, answer, risk, tags_of(said))
    probabilities = np.full(7, (1 - p) / 6, dtype=np.float32)
    probabilities[EMOTIONS.index(Emotion(label))] = p
    valence = {"happy": p, "neutral": 0.0, "surprise": 0.0}.get(label, -p)
    shares = {name: share for name, share in (("text", 1 - face), ("face", face)) if share}
    answer = FusedAnswer(probabilities, label, p, valence, shares, disagreement, MODEL)
    return ScoredTurn(said, {}, answer, risk, tags_of(said))


def agent(start: float | None = None, end: float | None = None) -> ScoredTurn:
    """An agent's turn."""
    return turn("unknown", "请稍等", role=Role.AGENT, start=start, end=end)


def conversation(
    *turns: ScoredTurn, channel: Channel = Channel.CHAT, queue: str = "售后"
) -> ScoredConversation:
    """A conversation of these turns."""
    whole = Conversation(
        external_id="c",
        source="test",
        channel=channel,
        queue=queue,
        turns=tuple(one.turn for one in turns),
    )
    return ScoredConversation(whole, turns, Trajectory(tuple(one.risk for one in turns)))
