"""The documented table, line by line."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.states import Level, State, state_of, view


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
