"""Re-fits a fuser to what a site's people say, from few examples, or says that it does not help.

Learned are one number per emotion (its frequency here) and one per modality (how far to trust it):
as much as five examples of a class can carry. Both are drawn towards the shipped weights by a
Gaussian prior, whose width is chosen nowhere: the examples have to outweigh it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.late import stacked
from fusion.loglinear import Array, K, Weights, softmax, terms
from multimodal.emotions import EMOTIONS, EmotionScores
from multimodal.errors import InvalidInputError

LEAST = 5
"""Examples of a class from which it counts."""
FOLDS = 5
PRIOR_WIDTH = 0.5
"""Standard deviation of what is learned around the shipped weights, in log-odds and as factor."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One turn that a person judged.

    Attributes:
        scores: Its scores by modality.
        label: Index of the emotion that the person gave.
        group: What it must not be parted from: the conversation.
    """

    scores: Mapping[str, EmotionScores]
    label: int
    group: str


SURE = 1.64
"""Standard errors that a gain must exceed to count: one-sided, 95 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """Weights for a site, and what they bring on examples that they had not seen.

    Attributes:
        weights: Fitted on all examples.
        metrics: `n`, `classes` (examples by emotion), and of both the shipped weights and the
            adapted ones, in folds by conversation, `log_loss` and `accuracy`; `gain`, by how much
            the log-loss fell, and its standard error `gain_se`; `helps`.
    """

    weights: Weights
    metrics: Mapping[str, Any]


def adapt(weights: Weights, examples: Sequence[Example]) -> Adapted:
    """Fits a site's weights and measures them in folds by conversation.

    They help if the log-loss of unseen examples falls by more than its standard error, and no fewer
    of them are right.

    Args:
        weights: The shipped ones.
        examples: What people said; classes with fewer than `LEAST` are left out.

    Raises:
        InvalidInputError: If fewer than two classes have that many, or all are of fewer than two
            conversations.
    """
    usable = [e for e in examples if any(not one.is_missing for one in e.scores.values())]
    counts = np.bincount([e.label for e in usable], minlength=K)
    kept = [e for e in usable if counts[e.label] >= LEAST]
    groups = np.unique([e.group for e in kept], return_inverse=True)[1] if kept else np.array([])
    if (counts >= LEAST).sum() < 2 or groups.max(initial=0) < 1:
        had = ", ".join(f"{e.value} {n}" for e, n in zip(EMOTIONS, counts, strict=True) if n)
        raise InvalidInputError(
            f"there are too few examples ({had or 'none'}): at least two emotions with {LEAST} "
            "each, from two conversations.",
            remedy="Correct more turns, or give a file of labelled turns.",
        )
    seen = {name for e in kept for name in e.scores} - set(weights.names)
    wide = weights.extended((*weights.names, *sorted(seen)))
    data = _Data.of(wide, [e.scores for e in kept], np.array([e.label for e in kept]))
    number = groups.max() + 1
    fold = np.random.default_rng(0).permutation(number)[groups] % min(FOLDS, number)
    before, after = data.answers(np.zeros(data.size)), np.zeros((len(kept), K))
    for k in np.unique(fold):
        after[fold == k] = data.rows(fold == k).answers(data.rows(fold != k).fit())
    metrics = compared(before, after, data.truth, groups)
    metrics["classes"] = {e.value: int(n) for e, n in zip(EMOTIONS, counts, strict=True) if n}
    return Adapted(data.applied(data.fit()), metrics)


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """Examples as the fuser sees them: each modality's term (n, M, 7), and the truth (n,)."""

    weights: Weights
    moved: Array
    truth: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        weights: Weights,
        turns: Sequence[Mapping[str, EmotionScores]],
        truth: NDArray[np.int64],
    ) -> _Data:
        probabilities, reliability = stacked(weights.names, turns)
        return cls(weights, terms(np, weights, probabilities, reliability)[0], truth)

    @property
    def size(self) -> int:
        """How many numbers are learned."""
        return K + len(self.weights.names)

    def rows(self, chosen: NDArray[np.bool_]) -> _Data:
        return replace(self, moved=self.moved[chosen], truth=self.truth[chosen])

    def answers(self, x: Array) -> Array:
        factors = np.exp(x[K:])[None, :, None]
        return softmax(self.weights.prior + x[:K] + (factors * self.moved).sum(axis=1))

    def fit(self) -> Array:
        from scipy.optimize import minimize

        def loss(x: Array) -> float:
            p = self.answers(x)[np.arange(len(self.truth)), self.truth]
            return float(-np.log(p + 1e-12).sum() + (x**2).sum() / (2 * PRIOR_WIDTH**2))

        found: Array = minimize(loss, np.zeros(self.size), method="L-BFGS-B").x
        return found

    def applied(self, x: Array) -> Weights:
        factors = np.exp(x[K:])
        return replace(
            self.weights,
            prior=self.weights.prior + x[:K],
            matrix=self.weights.matrix * factors[:, None, None],
            shift=self.weights.shift * factors[:, None],
        )


def compared(
    before: Array, after: Array, truth: NDArray[np.int64], groups: NDArray[np.int64]
) -> dict[str, Any]:
    """What a fit brings on examples that it had not seen; see `Adapted.metrics`.

    Args:
        before: (n, c), the shipped answers.
        after: (n, c), those of the fit.
        truth: (n,), the right class.
        groups: (n,), numbers of the conversations from 0.
    """
    rows = np.arange(len(truth))
    losses = [-np.log(p[rows, truth] + 1e-12) for p in (before, after)]
    right = [p.argmax(axis=1) == truth for p in (before, after)]
    fell = np.bincount(groups, losses[0] - losses[1])
    gain = float(fell.sum() / len(truth))
    error = float(fell.std(ddof=1) * np.sqrt(len(fell)) / len(truth))
    shipped, adapted = (
        {"log_loss": float(loss.mean()), "accuracy": float(hit.mean())}
        for loss, hit in zip(losses, right, strict=True)
    )
    return {
        "n": len(truth),
        "conversations": len(fell),
        "shipped": shipped,
        "adapted": adapted,
        "gain": gain,
        "gain_se": error,
        "helps": bool(gain > SURE * error and adapted["accuracy"] >= shipped["accuracy"]),
    }
