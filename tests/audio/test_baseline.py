"""The speaker's running normal."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audio.baseline import Baseline, Population
from multimodal.errors import InvalidInputError

TURNS = np.random.default_rng(0).normal(3, 2, (40, 6)).astype(np.float32)
POPULATION = Population(
    mean=np.arange(6, dtype=np.float32), spread=np.full(6, 1.5, dtype=np.float32), prior=4.0
)


def learnt(turns: np.ndarray) -> Baseline:
    baseline = Baseline.empty(6)
    for turn in turns:
        baseline = baseline.update(turn)
    return baseline


def test_running_mean_and_deviations_equal_numpy() -> None:
    baseline = learnt(TURNS)
    assert baseline.count == 40
    np.testing.assert_allclose(baseline.mean, TURNS.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(baseline.m2 / 40, TURNS.var(axis=0), rtol=1e-6)


def test_an_unheard_speaker_is_the_population() -> None:
    mean, spread = Baseline.empty(6).normal(POPULATION)
    np.testing.assert_allclose(mean, POPULATION.mean)
    np.testing.assert_allclose(spread, POPULATION.spread)


def test_the_prior_is_the_turns_at_which_the_normal_lies_half_way() -> None:
    mean, _ = learnt(TURNS[:4]).normal(POPULATION)
    halfway = (TURNS[:4].mean(axis=0) + POPULATION.mean) / 2
    np.testing.assert_allclose(mean, halfway, rtol=1e-6)


def test_many_turns_outweigh_the_population() -> None:
    mean, spread = learnt(np.tile(TURNS, (50, 1))).normal(POPULATION)
    np.testing.assert_allclose(mean, TURNS.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(spread, TURNS.std(axis=0), atol=0.02)


def test_update_leaves_the_old_baseline_alone() -> None:
    before = learnt(TURNS[:3])
    mean = before.mean.copy()
    before.update(TURNS[3])
    assert before.count == 3
    np.testing.assert_array_equal(before.mean, mean)


def test_state_survives_json() -> None:
    baseline = learnt(TURNS)
    back = Baseline.from_state(json.loads(json.dumps(baseline.to_state())), 6)
    assert back.count == baseline.count
    np.testing.assert_array_equal(back.mean, baseline.mean)
    np.testing.assert_array_equal(back.m2, baseline.m2)


def test_no_state_is_the_empty_baseline() -> None:
    assert Baseline.from_state(None, 6).count == 0


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"count": 1, "mean": [0.0], "m2": [0.0]},
        {"count": -1, "mean": [0.0] * 6, "m2": [0.0] * 6},
        {"count": 1, "mean": [float("nan")] * 6, "m2": [0.0] * 6},
        {"count": 1, "mean": [0.0] * 6, "m2": [-1.0] * 6},
        {"count": "many", "mean": [0.0] * 6, "m2": [0.0] * 6},
    ],
)
def test_a_foreign_state_is_refused_with_a_remedy(state: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError, match="Drop it"):
        Baseline.from_state(state, 6)
