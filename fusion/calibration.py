"""Fits what service dialogues in words teach: the prior of their emotions, and the risk's scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import Case
from fusion.evaluation import SHARES, alert_report, trajectory_report
from fusion.loglinear import Array, softmax
from fusion.risk import OUTCOMES
from fusion.trajectory import EMOTIONS_OF

FOLDS = 5


def service_prior(prior: Array, cases: Sequence[Case]) -> Array:
    """The frequencies of the emotions among a service's customers, float64 (7,), summing to 1.

    Customers were asked for three levels, not seven emotions: dissatisfied, neutral and satisfied
    set the total of the negative, the neutral (with surprise) and the positive emotions; within
    each the proportions of `prior` stay.

    Args:
        prior: (7,), the frequencies where the fuser was trained.
        cases: Dialogues with labelled turns.
    """
    labels = [label for case in cases for label in case.labels if label is not None]
    shares = np.bincount(labels, minlength=3) / len(labels)
    moved = prior.copy()
    for share, emotions in zip(shares, EMOTIONS_OF, strict=True):
        moved[emotions] *= share / prior[emotions].sum()
    return moved


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One corpus of service dialogues and what models foresaw that had not seen them.

    Attributes:
        outcomes: How each dialogue ended, index into `OUTCOMES`.
        predicted: Of each dialogue the distributions after each of its turns, float64 (turns, 3).
    """

    outcomes: Sequence[int]
    predicted: Sequence[Array]

    def report(self) -> dict[str, Any]:
        """See `trajectory_report` and `alert_report` in `fusion.evaluation`."""
        alerts = alert_report(self.outcomes, self.predicted)
        return {**trajectory_report(self.outcomes, self.predicted), "alerts": alerts}


def calibrate(samples: Sequence[Sample]) -> tuple[float, Array, list[Sample]]:
    """Fits the calibration; every corpus counts the same, and so does every share of `SHARES`.

    Args:
        samples: The corpora, as a model without calibration foresaw them.

    Returns:
        The scale and the biases (3,) fitted on all dialogues, and the corpora with answers that
        were calibrated on other dialogues (in `FOLDS` folds).
    """
    fold = [np.random.default_rng(0).permutation(len(s.outcomes)) % FOLDS for s in samples]
    unseen = [list(sample.predicted) for sample in samples]
    for k in range(FOLDS):
        scale, bias = _scaling(samples, [numbers != k for numbers in fold])
        for numbers, sample, answers in zip(fold, samples, unseen, strict=True):
            for i in np.flatnonzero(numbers == k).tolist():
                answers[i] = softmax(scale * np.log(sample.predicted[i]) + bias)
    everything = [np.ones(len(numbers), bool) for numbers in fold]
    return (
        *_scaling(samples, everything),
        [Sample(s.outcomes, answers) for s, answers in zip(samples, unseen, strict=True)],
    )


def _scaling(samples: Sequence[Sample], chosen: Sequence[NDArray[np.bool_]]) -> tuple[float, Array]:
    """The scale and the biases (3,) of greatest likelihood."""
    from scipy.optimize import minimize

    rows, truth, weights = [], [], []
    for sample, mask in zip(samples, chosen, strict=True):
        for i in np.flatnonzero(mask).tolist():
            p = sample.predicted[i]
            rows += [np.log(p[-(-share * len(p) // 100) - 1]) for share in SHARES]
            truth += [sample.outcomes[i]] * len(SHARES)
            weights += [1 / mask.sum()] * len(SHARES)
    log_p, target = np.array(rows), np.eye(len(OUTCOMES))[truth]
    weight = np.array(weights)[:, None]

    def loss(x: Array) -> float:
        answer = np.log(softmax(x[0] * log_p + x[1:]))
        return -float((weight * target * answer).sum())

    best = minimize(loss, np.array([1.0, 0.0, 0.0, 0.0])).x
    return float(best[0]), best[1:] - best[1:].mean()
