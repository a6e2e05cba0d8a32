"""The figures over speakers."""

from __future__ import annotations

import numpy as np
import pytest

from audio.baseline import Population
from audio.evaluation import average_recall, evaluate_speech, learn_speaker
from audio.judge import Judge
from multimodal.emotions import EMOTIONS, FloatArray

ONE = np.ones((1, 1), np.float32)
POPULATION = Population(0 * ONE, ONE, prior=1.0, strength=ONE[0], project=ONE, restore=ONE)
NEUTRAL, SAD, ANGRY = 0, 2, 3


def high_is_angry(
    features: FloatArray,
    mean: FloatArray,
    spread: FloatArray,
    count: FloatArray,
    prior: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """A network of one feature: above the speaker's normal is angry, else neutral."""
    high = (features > mean)[:, 0]
    probabilities = np.full((len(features), len(EMOTIONS)), 0.01, np.float32)
    probabilities[np.arange(len(features)), np.where(high, ANGRY, NEUTRAL)] = 0.94
    return probabilities, high.astype(np.float32)


def test_a_speakers_normal_tells_two_voices_apart() -> None:
    # A low and a high voice, each calm half of the time: without a normal both seem all one thing.
    rng = np.random.default_rng(0)
    truth = np.tile([NEUTRAL, ANGRY], 30)
    speakers = np.repeat(["low", "high"], 30)
    voice = np.where(speakers == "high", 5.0, -5.0) + np.where(truth == ANGRY, 1.0, -1.0)
    features = (voice + rng.normal(0, 0.2, 60)).astype(np.float32)[:, None]
    figures = evaluate_speech(
        lambda _: Judge(high_is_angry, POPULATION, ("zh",)),
        features,
        features,
        truth,
        speakers.tolist(),
    )
    assert figures["uar"] == pytest.approx(0.5, abs=0.02)
    assert figures["uar_all"] == figures["uar_8k_all"] == 1.0
    assert figures["uar"] < figures["uar_k5"] <= figures["uar_k20"] <= 1.0
    assert figures["uar_hot"] < figures["uar_k5"]  # the anger is taken for normal
    assert figures["arousal_uar"] == pytest.approx(0.5, abs=0.02)
    assert figures["arousal_uar_all"] == 1.0
    assert figures["ece"] == pytest.approx(0.49, abs=0.03)
    assert figures["ece_all"] < 0.02
    assert set(figures["per_class"]) == {"neutral", "angry"}
    assert set(figures["per_speaker"]) == {"low", "high"}
    assert figures["per_speaker"]["low"]["n"] == 30
    assert figures["per_speaker"]["low"]["uar_all"] == 1.0


def test_classes_that_the_set_lacks_are_masked() -> None:
    # Whoever is not angry here is sad, never neutral.
    features = np.array([[1.0], [-1.0]], np.float32)
    truth = np.array([ANGRY, SAD])
    figures = evaluate_speech(
        lambda _: Judge(high_is_angry, POPULATION, ("zh",)), features, features, truth, ["a", "a"]
    )
    assert figures["uar"] == 1.0


def test_a_draw_is_part_of_the_turns_and_depends_on_its_seed_alone() -> None:
    turns = np.arange(50, dtype=np.float32)[:, None]
    first, again, other = (learn_speaker(turns, 5, seed) for seed in (1, 1, 2))
    assert first.count == 5
    assert first.mean == again.mean
    assert first.mean != other.mean
    assert learn_speaker(turns, None).mean == pytest.approx(24.5)
    assert learn_speaker(turns[:3], 5).count == 3


def test_experts_of_other_languages_are_not_asked() -> None:
    asked: list[list[float]] = []

    def network(*inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        asked.extend(inputs[-1].tolist())
        return high_is_angry(*inputs)

    judge = Judge(network, POPULATION, ("zh", "en", ""))
    rows = np.zeros((4, 1), np.float32)
    nobody = [learn_speaker(rows, 0)] * 4
    judge.judge(rows, nobody, ["zh-CN", "EN", "ja", ""])
    assert asked[0] == [0, -20, -20]
    assert asked[1] == [-20, 0, -20]
    assert asked[2] == asked[3] == [0, 0, 0]  # The voice's likeness decides.


def test_average_recall_counts_classes_alike() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    assert average_recall(truth, np.zeros(100, dtype=np.int64)) == 0.5
