"""Multinomial logistic regression on sparse features, with soft targets and missing classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class LinearHead:
    """One head: class scores are `features @ weight + bias`.

    Attributes:
        weight: float32 (features, classes).
        bias: float32 (classes,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the last axis; a score of -inf gets probability 0."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), dtype=np.float32)


def fit(
    features: Any,
    targets: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    *,
    weights: NDArray[np.float32],
    penalty: float,
    balance: float,
    contrast: bool = False,
    iterations: int = 150,
) -> LinearHead:
    """Minimises the masked cross-entropy with an L2 penalty by L-BFGS; deterministic.

    Args:
        features: scipy.sparse CSR float32 (n, features).
        targets: float32 (n, classes), each row a distribution.
        allowed: bool (n, classes): the classes that the row's corpus has. The softmax of a row is
            over these alone, so that a corpus without a class says nothing about it.
        weights: float32 (n,), how much each item counts.
        penalty: Weight of the L2 penalty relative to the summed loss.
        balance: Power of the inverse class frequency by which items are weighted: 0 keeps the
            classes as they are, 1 makes them count alike.
        contrast: Whether a feature that is as frequent in one class as in the others is held
            back: its weight costs more (Wang and Manning 2012, where the features are scaled).
        iterations: Steps at most.
    """
    from scipy.optimize import minimize

    n, everything = features.shape
    # A feature that never occurs keeps weight 0, so only the others are fitted.
    active = np.unique(features.indices)
    features = features[:, active]
    size = len(active)
    classes = targets.shape[1]
    scale = _contrast(features, targets) if contrast else np.ones(size, dtype=np.float32)
    features = features.multiply(scale).tocsr()
    frequency = targets.sum(axis=0) / targets.sum()
    weights = weights * (targets @ (np.maximum(frequency, 1e-6) ** -balance).astype(np.float32))
    weights = (weights / weights.mean())[:, None]
    mask = np.where(allowed, np.float32(0), np.float32(-np.inf))
    transposed = features.T.tocsr()

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = parameters.astype(np.float32).reshape(size + 1, classes)
        scores = features @ table[:-1] + table[-1] + mask
        probabilities = softmax(scores)
        entropy = -(weights * targets * np.log(np.maximum(probabilities, 1e-12))).sum(
            dtype=np.float64
        )
        error = weights * (probabilities - targets)
        gradient = np.vstack([transposed @ error + penalty * table[:-1], error.sum(axis=0)])
        squared = float(np.dot(table[:-1].ravel(), table[:-1].ravel()))
        return (entropy + penalty / 2 * squared) / n, gradient.astype(np.float64).ravel() / n

    start = np.zeros((size + 1) * classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": iterations})
    table = found.x.astype(np.float32).reshape(size + 1, classes)
    weight = np.zeros((everything, classes), dtype=np.float32)
    weight[active] = scale[:, None] * table[:-1]
    return LinearHead(weight, table[-1])


def _contrast(features: Any, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each feature's largest log ratio of its share in a class to that in the others, RMS 1."""
    present = (features > 0).astype(np.float32)
    counts = np.asarray(targets.T @ present, dtype=np.float64) + 1
    others = counts.sum(axis=0) - counts + 1
    shares = [np.log(part / part.sum(axis=1, keepdims=True)) for part in (counts, others)]
    ratio = np.abs(shares[0] - shares[1])[targets.sum(axis=0) > 0].max(axis=0)
    return np.asarray(ratio / np.sqrt((ratio**2).mean()), dtype=np.float32)


def fit_blend(
    scores: Sequence[NDArray[np.float32]],
    targets: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> tuple[float, ...]:
    """Factors, not negative, with which summed class scores make held-out answers most likely.

    With one kind of scores this is temperature scaling (Guo et al. 2017); with several, a product
    of experts (Hinton 2002) that is calibrated at the same time.

    Args:
        scores: Each float32 (n, classes), of items that the models never saw.
        targets: float32 (n, classes), each row a distribution.
        allowed: bool (n, classes), the classes that the row's corpus has.
        weights: float32 (n,), how much each item counts.
    """
    from scipy.optimize import minimize

    stacked = np.stack(scores).astype(np.float64)

    def loss(factors: NDArray[np.float64]) -> float:
        summed = np.where(allowed, np.tensordot(factors, stacked, axes=1), -np.inf)
        log_p = summed - np.logaddexp.reduce(summed, axis=1, keepdims=True)
        found = -(targets * np.where(allowed, log_p, 0.0)).sum(axis=1)
        return float((weights * found).sum() / weights.sum())

    start = np.full(len(scores), 1 / len(scores))
    bounds = [(0.0, 5.0)] * len(scores)
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds)
    return tuple(float(factor) for factor in found.x)
