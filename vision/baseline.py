"""The simple baseline that the network has to beat: local binary patterns and a linear model.

Ojala et al. 2002, "Multiresolution gray-scale and rotation invariant texture classification with
local binary patterns"; Shan et al. 2009 use their histograms over a grid for expressions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.corpora import TaggedFaces
from vision.expression import EXPRESSIONS, SIDE
from vision.metrics import ferplus_metrics

_CELL = 8
PATTERNS = 59
"""Patterns with at most two changes, and one for all others."""
_NEIGHBOURS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


def local_binary_patterns(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Histograms of the 59 uniform patterns in each of 6 x 6 cells.

    Args:
        faces: Grey uint8 (n, SIDE, SIDE).

    Returns:
        float32 (n, 36 * PATTERNS), the square roots of the shares.
    """
    padded = np.pad(faces, ((0, 0), (1, 1), (1, 1)), mode="edge")
    code = np.zeros(faces.shape, np.uint8)
    for bit, (row, column) in enumerate(_NEIGHBOURS):
        neighbour = padded[:, row : row + SIDE, column : column + SIDE]
        code |= (neighbour >= faces).astype(np.uint8) << bit
    pattern = uniform_patterns()[code]
    cells = SIDE // _CELL
    grid = np.arange(SIDE) // _CELL
    cell = grid[:, None] * cells + grid[None, :]
    histograms = np.stack(
        [
            np.bincount((cell * PATTERNS + one).ravel(), minlength=cells * cells * PATTERNS)
            for one in pattern.astype(np.int64)
        ]
    )
    return np.sqrt(histograms / _CELL**2).astype(np.float32)


def linear_baseline(training: TaggedFaces, test: TaggedFaces) -> dict[str, Any]:
    """Figures of a ridge classifier on local binary patterns, with balanced classes.

    Its scores are made probabilities by a softmax, which is not calibrated; ECE says nothing here.
    """
    from sklearn.linear_model import RidgeClassifier

    classifier = RidgeClassifier(alpha=10.0, class_weight="balanced")
    classifier.fit(local_binary_patterns(training.faces), training.majority)
    scores = np.full((len(test), len(EXPRESSIONS)), -np.inf)
    decided = classifier.decision_function(local_binary_patterns(test.faces))
    if decided.ndim == 1:  # of two classes scikit-learn gives the second one's score alone
        decided = np.stack([-decided, decided], axis=1)
    scores[:, classifier.classes_] = decided
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return ferplus_metrics(probabilities, test)


def uniform_patterns() -> NDArray[np.uint8]:
    """From each of 256 codes to one of 59: those with at most two changes, and all others."""
    codes = np.arange(256)
    bits = (codes[:, None] >> np.arange(8)) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    table = np.full(256, PATTERNS - 1, np.uint8)
    table[uniform] = np.arange(58)
    return table
