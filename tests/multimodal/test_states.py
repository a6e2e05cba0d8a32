"""The documented table, line by line."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.states import ConversationView, Level, State, state_of, view
from multimodal.tags import Tag, tags_of


def answer(label: str, confidence: float = 0.8) -> FusedAnswer:
    if label == "unknown":
        return FusedAnswer.unknown("nothing")
    return FusedAnswer(np.full(len(EMOTIONS), 1 / 7, np.float32), label, confidence, 0.0)


def scored(labels: str, risk: float = 0.0) -> ScoredConversation:
    turns = [Turn(Role.CUSTOMER, str(i)) for i, _ in enumerate(labels.split())]
    return ScoredConversation(
        Conversation("c", tuple(turns)),
        tuple(
            ScoredTurn(turn, {}, answer(label), risk)
            for turn, label in zip(turns, labels.split(), strict=True)
        ),
        Trajectory(),
    )


@pytest.mark.parametrize(
    ("labels", "risk", "level", "reason"),
    [
        ("", 0.0, Level.CALM, None),
        ("unknown", 0.9, Level.CALM, None),
        ("neutral happy", 0.1, Level.CALM, None),
        ("neutral sad", 0.1, Level.WATCH, 1),
        ("sad neutral", 0.1, Level.CALM, None),
        ("sad neutral", 0.3, Level.WATCH, 0),
        ("neutral neutral", 0.5, Level.DISSATISFIED, 0),
        ("angry neutral angry", 0.1, Level.HEATED, 2),
        ("angry unknown neutral unknown angry", 0.1, Level.HEATED, 4),
        ("angry angry neutral neutral", 0.1, Level.CALM, None),
        ("angry neutral neutral", 0.6, Level.DISSATISFIED, 0),
    ],
)
def test_levels(labels: str, risk: float, level: Level, reason: int | None) -> None:
    seen = view(scored(labels, risk))
    assert (seen.level, seen.reason_turn) == (level, reason)


@pytest.mark.parametrize(
    ("label", "confidence", "state"),
    [
        ("angry", 0.8, State.ANGER),
        ("disgust", 0.8, State.DISSATISFIED),
        ("sad", 0.8, State.LOW),
        ("fear", 0.8, State.WORRIED),
        ("happy", 0.8, State.SATISFIED),
        ("surprise", 0.8, State.SURPRISED),
        ("neutral", 0.8, State.CALM),
        ("angry", 0.2, State.UNDECIDED),
        ("unknown", 0.0, State.UNDECIDED),
    ],
)
def test_states(label: str, confidence: float, state: State) -> None:
    assert state_of(answer(label, confidence)) is state


def test_a_label_that_is_hardly_likely_raises_no_level() -> None:
    turns = [ScoredTurn(Turn(Role.CUSTOMER, "x"), {}, answer("angry", 0.3), 0.1)] * 3
    seen = view(ScoredConversation(Conversation("c"), tuple(turns), Trajectory()))
    assert (seen.level, seen.state, seen.reason_turn) == (Level.CALM, State.UNDECIDED, None)


def test_the_conversations_state_is_its_last_usable_turns() -> None:
    assert view(scored("angry happy unknown")).state is State.SATISFIED
    assert view(scored("")).state is State.UNDECIDED


def test_sad_in_an_agitated_voice_is_dissatisfied() -> None:
    def voice(arousal: float | None, reliability: float = 0.8) -> dict[str, EmotionScores]:
        p = np.full(7, 1 / 7, np.float32)
        return {"voice": EmotionScores(p, reliability, arousal=arousal)}

    assert state_of(answer("sad")) is State.LOW
    assert state_of(answer("sad"), voice(None)) is State.LOW
    assert state_of(answer("sad"), voice(0.3)) is State.LOW
    assert state_of(answer("sad"), voice(0.6)) is State.DISSATISFIED
    assert state_of(answer("sad"), voice(0.6, 0.0)) is State.LOW
    assert state_of(answer("fear"), voice(0.6)) is State.WORRIED


def test_tags_of_a_conversation_and_the_escalation_signal() -> None:
    told = tagged("谢谢", "叫你们主管来", "谢谢你")
    assert told.tags == {Tag.THANKS: (0, 2), Tag.ESCALATION: (1,)}
    assert told.escalation_signal
    assert tagged("我要投诉").escalation_signal
    assert not tagged("谢谢", "快点", "垃圾").escalation_signal
    assert list(tagged("快点", "谢谢").tags) == [Tag.THANKS, Tag.URGE]


def tagged(*texts: str) -> ConversationView:
    turns = [Turn(Role.CUSTOMER, text) for text in texts]
    scored = tuple(ScoredTurn(t, {}, answer("neutral"), 0.0, tags_of(t)) for t in turns)
    return view(ScoredConversation(Conversation("c", tuple(turns)), scored, Trajectory()))
