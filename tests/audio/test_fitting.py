"""The fit on voices made up so that the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from audio.calibration import HeldOut, calibrate
from audio.evaluation import average_recall, learn_speaker
from audio.fitting import fit, population_of
from audio.held_out import folds_by_speaker, judge_of, languages_of
from audio.prosody import FEATURES
from audio.speech_table import SpeechTable
from audio.training_card import trust
from multimodal.emotions import EMOTIONS

NEUTRAL, SAD, ANGRY = 0, 2, 3


def voices(speakers: int = 5, turns: int = 18) -> SpeechTable:
    """Three emotions that move two features; speakers differ by more than emotions do."""
    rng = np.random.default_rng(0)
    truth = np.tile([NEUTRAL, SAD, ANGRY], speakers * turns // 3)
    who = np.repeat(np.arange(speakers), turns)
    features = rng.normal(0, 0.3, (len(truth), 2, len(FEATURES)))
    features += rng.normal(0, 1, (speakers, 1, len(FEATURES)))[who]
    features[:, :, 0] += 2.0 * (truth == ANGRY)[:, None]
    features[:, :, 1] -= 2.0 * (truth == SAD)[:, None]
    return SpeechTable(
        features.astype(np.float32),
        truth.astype(np.int64),
        np.array([f"speaker{i}" for i in who]),
        np.array([f"corpus{i % 2}" for i in who]),
        np.zeros(len(truth), dtype=np.bool_),
    )


def test_an_unheard_speaker_is_understood_against_their_normal() -> None:
    table = voices()
    unheard = table.speaker == "speaker4"
    train, held = table.take(~unheard), table.take(unheard)
    population = population_of(train)
    net = fit(train, population)
    own = held.features[:, 0]
    answer = judge_of(net, population, languages_of(train)).judge(
        own, [learn_speaker(own, None)] * len(own)
    )
    np.testing.assert_allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    assert average_recall(held.truth, answer.probabilities.argmax(axis=1)) > 0.8
    # Angry is the one aroused emotion of the three.
    assert answer.arousal[held.truth == ANGRY].min() > answer.arousal[held.truth == SAD].mean()


def test_speakers_are_never_split_between_folds() -> None:
    table = voices()
    folds = folds_by_speaker(table)
    assert all(len(set(folds[table.speaker == name])) == 1 for name in set(table.speaker))


def test_overconfident_scores_are_cooled() -> None:
    table = voices()
    rng = np.random.default_rng(0)
    size = len(table.truth)
    guess = np.where(rng.random(size) < 0.6, table.truth, rng.permutation(table.truth))
    answers = np.full((4, size, 2, 2, len(EMOTIONS)), -9.0, np.float32)
    answers[:, np.arange(size), :, :, guess] = -0.01
    count = np.repeat(np.array([[1], [5], [20], [18]], np.float32), size, axis=1)
    found = calibrate(table, HeldOut(answers, count), np.ones(size, dtype=np.bool_))
    for first, growth in found.sharpness:
        assert 0 < first < 0.5
        assert 0 < first + growth < 0.5


def test_trust_runs_through_the_measured_recalls() -> None:
    figures: dict[str, Any] = {
        "casia": {"uar": 0.3, "uar_k5": 0.4, "uar_all": 0.6, "per_class": dict.fromkeys("abcde")}
    }
    measured = trust(figures)
    assert measured["first"] == pytest.approx(0.25)
    fifth = measured["first"] + (1 - measured["first"]) * 5 / (5 + measured["half"])
    assert fifth == pytest.approx(0.5, abs=0.01)
