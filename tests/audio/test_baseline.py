"""The speaker's running normal."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from audio.baseline import Baseline, Population
from multimodal.errors import InvalidInputError

TURNS = np.random.default_rng(0).normal(3, 2, (40, 6)).astype(np.float32)
POPULATION = Population(
    mean=np.arange(6, dtype=np.float32)[None],
    spread=np.full((1, 6), 1.5, dtype=np.float32),
    prior=4.0,
    strength=np.full(6, 0.25, dtype=np.float32),
    project=np.eye(6, dtype=np.float32),
    restore=np.eye(6, dtype=np.float32),
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


def test_two_parts_joined_equal_the_whole() -> None:
    joined = learnt(TURNS[:13]).joined(learnt(TURNS[13:]))
    whole = learnt(TURNS)
    assert joined.count == 40
    np.testing.assert_allclose(joined.mean, whole.mean, rtol=1e-9)
    np.testing.assert_allclose(joined.m2, whole.m2, rtol=1e-9)
    nobody = Baseline.empty(6)
    assert nobody.joined(nobody).count == 0
    np.testing.assert_array_equal(nobody.joined(whole).mean, whole.mean)


def test_an_unheard_speaker_is_the_population() -> None:
    mean, spread = Baseline.empty(6).normal(POPULATION)
    np.testing.assert_allclose(mean, POPULATION.mean[0])
    np.testing.assert_allclose(spread, POPULATION.spread[0])


def test_where_speakers_differ_a_quarter_as_much_as_turns_four_turns_go_half_way() -> None:
    mean, _ = learnt(TURNS[:4]).normal(POPULATION)
    halfway = (TURNS[:4].mean(axis=0) + POPULATION.mean[0]) / 2
    np.testing.assert_allclose(mean, halfway, rtol=1e-6)


def test_many_turns_outweigh_the_population() -> None:
    mean, spread = learnt(np.tile(TURNS, (50, 1))).normal(POPULATION)
    np.testing.assert_allclose(mean, TURNS.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(spread, TURNS.std(axis=0), atol=0.02)


def test_what_moods_change_is_learnt_more_slowly_than_what_people_differ_in() -> None:
    # Along the sum of two features people differ, along their difference moods do.
    turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
    population = Population(
        mean=np.zeros((1, 2), np.float32),
        spread=np.ones((1, 2), np.float32),
        prior=4.0,
        strength=np.array([9.0, 0.0], np.float32),
        project=turn.T.astype(np.float32),
        restore=turn.astype(np.float32),
    )
    baseline = Baseline.empty(2).update(np.array([3.0, 1.0], np.float32))
    mean, _ = baseline.normal(population)
    np.testing.assert_allclose(mean, [1.8, 1.8], atol=1e-6)


def test_a_voice_is_shrunk_to_the_corpus_that_it_resembles() -> None:
    population = replace(
        POPULATION,
        mean=np.array([[-5.0] * 6, [5.0] * 6], np.float32),
        spread=np.array([[1.0] * 6, [2.0] * 6], np.float32),
    )
    nobody, _ = Baseline.empty(6).normal(population)
    np.testing.assert_allclose(nobody, 0)
    baseline = Baseline.empty(6).update(np.full(6, 4.0, np.float32))
    mean, spread = baseline.normal(population)
    np.testing.assert_allclose(mean, 4.8, atol=1e-3)
    np.testing.assert_allclose(spread, np.sqrt(4 * 4 / 5), atol=1e-3)


def test_a_population_is_kept_in_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", allow_pickle=False, **asdict(POPULATION))
    back = Population.load(tmp_path / "p.npz")
    assert back.prior == POPULATION.prior
    np.testing.assert_array_equal(back.mean, POPULATION.mean)
    np.testing.assert_array_equal(back.restore, POPULATION.restore)


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
