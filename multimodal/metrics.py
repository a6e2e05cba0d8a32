"""The figures by which every model is judged, once for training and evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def classification_report(
    truth: Sequence[int] | NDArray[np.int64],
    probabilities: ArrayLike,
    labels: Sequence[str],
) -> dict[str, Any]:
    """Accuracy, macro-F1, weighted F1, macro-recall, ECE and the per-class figures.

    Args:
        truth: Index of the true class of each item, shape (n,), n >= 1.
        probabilities: Shape (n, classes); each row sums to 1 over the classes that the set has.
        labels: Names of the classes, in the order of the columns.

    Returns:
        `accuracy`, `macro_f1`, `weighted_f1`, `macro_recall`, `ece`, `majority_accuracy` (always
        answering the most frequent class) and `per_class`, a map from label to precision, recall,
        f1 and n. Means are over the classes that occur in `truth`.
    """
    from sklearn.metrics import precision_recall_fscore_support

    y = np.asarray(truth, dtype=np.int64)
    p = np.asarray(probabilities, dtype=np.float64)
    guess = p.argmax(axis=1)
    present = np.unique(y)
    precision, recall, f1, n = precision_recall_fscore_support(
        y, guess, labels=present, zero_division=0.0
    )
    return {
        "accuracy": float((guess == y).mean()),
        "macro_f1": float(f1.mean()),
        "weighted_f1": float(np.average(f1, weights=n)),
        "macro_recall": float(recall.mean()),
        "ece": expected_calibration_error(y, p),
        "majority_accuracy": float(n.max() / n.sum()),
        "per_class": {
            labels[k]: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "n": int(n[i]),
            }
            for i, k in enumerate(present)
        },
    }


def expected_calibration_error(
    truth: Sequence[int] | NDArray[np.int64], probabilities: ArrayLike, bins: int = 10
) -> float:
    """ECE over equal-width bins of the top probability (Guo et al. 2017, "On calibration").

    Args:
        truth: Index of the true class, shape (n,).
        probabilities: Shape (n, classes).
        bins: Number of bins over [0, 1].
    """
    p = np.asarray(probabilities, dtype=np.float64)
    top = p.max(axis=1)
    hit = p.argmax(axis=1) == np.asarray(truth)
    bin_of = np.minimum((top * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(bin_of):
        inside = bin_of == b
        error += inside.mean() * abs(hit[inside].mean() - top[inside].mean())
    return float(error)


def masked(probabilities: ArrayLike, allowed: Sequence[int]) -> NDArray[np.float64]:
    """Probabilities restricted to the classes that a set has, renormalised; shape unchanged."""
    p = np.asarray(probabilities, dtype=np.float64)
    out = np.zeros_like(p)
    out[:, list(allowed)] = np.maximum(p[:, list(allowed)], 1e-12)
    return np.asarray(out / out.sum(axis=1, keepdims=True))
