"""What a supervisor feels of the risk, what fusion has to beat, and the calibration of both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.baselines import Stack, majority, mean, product
from fusion.calibration import Sample, calibrate
from fusion.corpora import Judgements
from fusion.evaluation import alert_report, disagreement_report, interval
from fusion.history import FEATURES, history
from fusion.loglinear import Weights, opposition
from multimodal.checkpoints import load_checkpoint


def course(*risks: float) -> np.ndarray:
    return np.array([[risk, 0.9 * (1 - risk), 0.1 * (1 - risk)] for risk in risks])


def test_alerts_their_precision_recall_and_lead() -> None:
    bad, calm = course(0.1, 0.6, 0.9, 0.8), course(0.1, 0.2)
    report = alert_report(
        [0, 0, 1, 1], [bad, course(0.1, 0.3), course(0.7), calm], per_100=[25, 50]
    )
    assert report["25"] == {
        "alerts": 25.0,
        "threshold": 0.9,
        "precision": 1.0,
        "recall": 0.5,
        "lead_turns": 1.0,
        "lead_share": 0.25,
    }
    assert (report["50"]["precision"], report["50"]["recall"]) == (0.5, 0.5)
    assert report["50"]["lead_turns"] == 1.0
    assert report["recall_80"]["recall"] == 1.0
    assert report["recall_80"]["alerts"] == 75.0
    nothing = alert_report([1], [calm], per_100=[50])
    assert nothing["50"]["recall"] == 0
    assert nothing["50"]["lead_turns"] is None
    assert "recall_80" not in nothing


def test_calibration_finds_what_was_done_to_the_odds() -> None:
    rng = np.random.default_rng(0)
    honest = rng.dirichlet(np.ones(3) * 2, 3000)
    ends = [int(rng.choice(3, p=p)) for p in honest]
    bent = honest**2 * np.array([2.0, 1.0, 0.5])
    bent /= bent.sum(axis=1, keepdims=True)
    scale, bias, (unseen,) = calibrate([Sample(ends, [p[None] for p in bent])])
    assert scale == pytest.approx(0.5, abs=0.06)
    assert bias[2] - bias[0] == pytest.approx(np.log(2), abs=0.15)
    assert unseen.report()["risk_ece_100"] < 0.03


def test_naive_answers() -> None:
    p = np.full((1, 3, 7), 0.05)
    p[0, 0, 1] = p[0, 1, 1] = p[0, 2, 3] = 0.7
    for answer in (mean, product, majority):
        found = answer(p)
        assert found.argmax() == 1
        assert found.sum() == pytest.approx(1)
    assert majority(p)[0, 1] == pytest.approx(2 / 3, abs=1e-3)


def test_the_stack_learns_which_channel_to_trust() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 7, 700)
    p = rng.dirichlet(np.ones(7), (700, 2))
    p[:, 0] = 0.5 * p[:, 0] + 0.5 * np.eye(7)[truth]
    stack = Stack(p, truth)
    assert (stack(p, [0, 1]).argmax(axis=1) == truth).mean() > 0.9
    assert (stack(p, [0]).argmax(axis=1) == truth).mean() > 0.9
    assert (stack(p, [1]).argmax(axis=1) == truth).mean() < 0.4


def test_the_interval_is_wide_where_few_clusters_differ() -> None:
    difference = np.repeat([1.0, -1.0], 50)
    low, high = interval(difference, np.repeat([0, 1], 50))
    assert (low, high) == (-1.0, 1.0)
    low, high = interval(difference, np.arange(100))
    assert -0.3 < low < 0 < high < 0.3


@given(st.permutations(range(3)), st.integers(0, 2**31))
def test_opposition_has_no_order_and_needs_two_sides(order: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, strength = rng.dirichlet(np.ones(7), (4, 3)), rng.random((4, 3))
    found = opposition(p, strength)
    np.testing.assert_allclose(opposition(p[:, order], strength[:, order]), found)
    assert ((found >= 0) & (found <= 1)).all()
    neutral = p.copy()
    neutral[..., 1] = 0  # Nobody is positive, so that nobody opposes.
    np.testing.assert_allclose(opposition(neutral, strength), 0)
    assert not opposition(p, strength * np.array([1, 0, 0])).any()


def test_contradictions_are_reported() -> None:
    p = np.tile(np.eye(7)[[1, 3]], (4, 1, 1))
    turns = Judgements(
        "crema_d_votes",
        ("voice", "face"),
        p,
        np.array([1, 3, 1, 3]),
        np.array(list("abcd")),
        np.array(list("abcd")),
        tuple(range(7)),
        np.array([True, True, False, False]),
    )
    report = disagreement_report(turns, np.array([0.9, 0.1, 0.3, 0.1]))
    assert (report["share"], report["flagged"]) == (0.5, 0.5)
    assert (report["precision"], report["recall"]) == (0.5, 0.5)
    assert turns.rows(np.array([True, False, False, True])).truth.tolist() == [1, 3]


def test_the_shipped_calibration_of_contradictions_is_a_chance() -> None:
    for name in ("default", "labels", "votes"):
        weights = Weights.load(load_checkpoint("fusion", name).file("weights.npz"))
        assert weights.contradiction[0] > 0, name


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 40)), max_size=20))
def test_history_is_causal_and_whole(rows: list[tuple[bool, int, int]]) -> None:
    kinds = np.vstack([np.eye(3), np.zeros(3)])
    customer = [own for own, _, _ in rows]
    felt = np.array([kinds[k] * own for own, k, _ in rows]).reshape(-1, 3)
    words = [n for _, _, n in rows]
    whole = history(customer, felt, words)
    assert whole.shape == (len(rows), len(FEATURES))
    assert np.isfinite(whole).all()
    half = len(rows) // 2
    np.testing.assert_array_equal(history(customer[:half], felt[:half], words[:half]), whole[:half])
    turns = FEATURES.index("turns")
    assert whole[:, turns].tolist() == list(range(1, len(rows) + 1))
