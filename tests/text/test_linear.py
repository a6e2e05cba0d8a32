"""The linear heads learn what can be learnt, and nothing about a class that a corpus lacks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from text.linear import LinearHead, fit, fit_blend, softmax


def learn(targets: np.ndarray, allowed: np.ndarray, balance: float = 0.0) -> LinearHead:
    features = csr_matrix(np.repeat(np.eye(2, dtype=np.float32), len(targets) // 2, axis=0))
    weights = np.ones(len(targets), np.float32)
    return fit(features, targets, allowed, weights=weights, penalty=1e-3, balance=balance)


def test_soft_targets_are_learnt_as_distributions() -> None:
    targets = np.repeat(np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], np.float32), 20, axis=0)
    head = learn(targets, np.ones_like(targets, dtype=np.bool_))
    np.testing.assert_allclose(softmax(head.weight + head.bias), targets[[0, -1]], atol=0.01)


def test_a_corpus_without_a_class_says_nothing_about_it() -> None:
    targets = np.repeat(np.array([[1, 0, 0], [0, 1, 0]], np.float32), 20, axis=0)
    allowed = np.tile(np.array([True, True, False]), (40, 1))
    head = learn(targets, allowed)
    assert not head.weight[:, 2].any()
    assert head.bias[2] == 0


def test_balance_raises_the_rare_class() -> None:
    targets = np.zeros((40, 2), np.float32)
    targets[:, 0] = 1
    targets[15:20] = targets[35:40] = [0, 1]
    everywhere = np.ones_like(targets, dtype=np.bool_)
    plain, balanced = learn(targets, everywhere), learn(targets, everywhere, balance=1.0)
    assert softmax(balanced.weight + balanced.bias)[0, 1] == pytest.approx(0.5, abs=0.02)
    assert softmax(plain.weight + plain.bias)[0, 1] == pytest.approx(0.25, abs=0.02)


def test_the_blend_cools_what_is_too_sure_and_leaves_out_what_knows_nothing() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4_000, 3)).astype(np.float32)
    labels = np.array([rng.choice(3, p=p / p.sum()) for p in softmax(truth).astype(np.float64)])
    targets = np.eye(3, dtype=np.float32)[labels]
    noise = rng.normal(size=truth.shape).astype(np.float32)
    everywhere, alike = np.ones_like(targets, dtype=np.bool_), np.ones(4_000, np.float32)
    sure, lost = fit_blend([truth * 3, noise], targets, everywhere, alike)
    assert sure == pytest.approx(1 / 3, rel=0.15)
    assert lost < 0.1


def test_an_item_that_weighs_nothing_teaches_nothing() -> None:
    targets = np.repeat(np.array([[1, 0], [0, 1]], np.float32), 20, axis=0)
    features = csr_matrix(np.ones((40, 1), np.float32))
    weights = np.repeat(np.array([1, 0], np.float32), 20)
    everywhere = np.ones_like(targets, dtype=np.bool_)
    head = fit(features, targets, everywhere, weights=weights, penalty=1e-3, balance=0.0)
    assert softmax(head.weight + head.bias)[0, 0] > 0.95


def test_fitting_twice_gives_the_same_weights() -> None:
    targets = np.eye(2, dtype=np.float32)[np.arange(40) % 2]
    allowed = np.ones_like(targets, dtype=np.bool_)
    first, second = learn(targets, allowed), learn(targets, allowed)
    np.testing.assert_array_equal(first.weight, second.weight)


def test_contrast_holds_back_what_is_as_frequent_everywhere() -> None:
    targets = np.repeat(np.array([[1, 0], [0, 1]], np.float32), 20, axis=0)
    # A word of one class, and one of both that chance has put a little more often into the other.
    telling = np.repeat([1.0, 0.0], 20)
    common = np.r_[np.tile([1.0, 0.0], 10), np.tile([1.0, 1.0, 0.0, 1.0], 5)]
    features = csr_matrix(np.stack([telling, common], axis=1).astype(np.float32))
    everywhere, alike = np.ones_like(targets, dtype=np.bool_), np.ones(40, np.float32)

    def part_of_the_common(*, contrast: bool) -> float:
        head = fit(
            features, targets, everywhere,
            weights=alike, penalty=1.0, balance=0.0, contrast=contrast,
        )  # fmt: skip
        sizes = np.abs(head.weight[:, 0])
        return float(sizes[1] / sizes.sum())

    assert part_of_the_common(contrast=True) < 0.7 * part_of_the_common(contrast=False)
