"""The seven emotions and one model's answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from multimodal.emotions import (
    CHINESE_NAMES,
    EMOTIONS,
    Emotion,
    EmotionScores,
    Evidence,
    ModelInfo,
    emotion_from_label,
    valence_of,
)
from multimodal.errors import InvalidInputError

weights = arrays(np.float32, 7, elements=st.floats(0.125, 1, width=32))


def test_the_order_is_the_designs() -> None:
    assert [str(e) for e in EMOTIONS] == (
        ["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"]
    )
    assert [CHINESE_NAMES[e] for e in EMOTIONS] == [
        "平静",
        "高兴",
        "难过",
        "生气",
        "惊讶",
        "厌恶",
        "恐惧",
    ]


@pytest.mark.parametrize(
    ("label", "emotion"),
    [
        ("anger", Emotion.ANGRY),
        ("relaxed", Emotion.HAPPY),
        ("positive-other", Emotion.HAPPY),
        ("depress", Emotion.SAD),
        ("astonished", Emotion.SURPRISE),
        ("disgusted", Emotion.DISGUST),
        ("worried", Emotion.FEAR),
        ("none", Emotion.NEUTRAL),
        ("calm", Emotion.NEUTRAL),
        (" Fearful ", Emotion.FEAR),
        ("生气", Emotion.ANGRY),
        ("negative-other", None),
        ("", None),
    ],
)
def test_corpus_labels(label: str, emotion: Emotion | None) -> None:
    assert emotion_from_label(label) is emotion


@given(weights, st.floats(0, 1))
def test_json_round_trip(values: np.ndarray, reliability: float) -> None:
    scores = EmotionScores(
        values / values.sum(),
        reliability,
        valence=-0.5,
        heads={"polarity": np.array([0.2, 0.3, 0.5], dtype=np.float32)},
        evidence=(Evidence("word", "生气", 0.8, 0, 2),),
        model=ModelInfo("m", "1", "ab", "open"),
    )
    back = EmotionScores.from_json(json.loads(json.dumps(scores.to_json())))
    np.testing.assert_allclose(back.probabilities, scores.probabilities, atol=1e-4)
    assert back.reliability == pytest.approx(reliability, abs=1e-4)
    assert (back.evidence, back.model, back.valence) == (
        scores.evidence,
        scores.model,
        scores.valence,
    )


@pytest.mark.parametrize(
    "values",
    [np.full(6, 1 / 6), np.full(7, 0.5), np.full(7, np.nan), np.array([2, -1, 0, 0, 0, 0, 0])],
)
def test_what_is_no_distribution_is_refused(values: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="probabilities"):
        EmotionScores(values, 1.0)


@pytest.mark.parametrize(
    ("name", "value"), [("reliability", 1.1), ("valence", -2.0), ("arousal", -0.1)]
)
def test_a_value_outside_its_range_is_refused(name: str, value: float) -> None:
    fields: dict[str, Any] = {"reliability": 1.0, name: value}
    with pytest.raises(InvalidInputError, match=name):
        EmotionScores(np.full(7, 1 / 7, dtype=np.float32), **fields)


def test_missing_is_unreliable_and_says_why() -> None:
    scores = EmotionScores.missing("no face")
    assert scores.is_missing
    assert scores.label == "unknown"
    assert scores.reason == "no face"
    assert scores.probabilities.sum() == pytest.approx(1)


def test_scores_cannot_be_changed_from_outside() -> None:
    values = np.full(7, 1 / 7, dtype=np.float32)
    scores = EmotionScores(values, 1.0)
    values[0] = 5
    assert scores.probabilities[0] == pytest.approx(1 / 7)
    with pytest.raises(ValueError, match="read-only"):
        scores.probabilities[0] = 5


@given(weights)
def test_valence_is_bounded_and_follows_the_sides(values: np.ndarray) -> None:
    p = values / values.sum()
    assert -1 <= valence_of(p) <= 1
    assert valence_of(np.eye(7, dtype=np.float32)[EMOTIONS.index(Emotion.HAPPY)]) == 1
    assert valence_of(np.eye(7, dtype=np.float32)[EMOTIONS.index(Emotion.FEAR)]) == -1
    assert valence_of(np.eye(7, dtype=np.float32)[EMOTIONS.index(Emotion.SURPRISE)]) == 0
