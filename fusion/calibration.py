"""Fits what service dialogues in words teach: the prior of their emotions, and the risk's scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import Case
from fusion.evaluation import SHARES, trajectory_report
from fusion.loglinear import Array, softmax
from fusion.risk import OUTCOMES, RiskModel
from fusion.trajectory import EMOTIONS_OF, outcomes

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
    """One corpus of service dialogues as models read it.

    Attributes:
        cases: The dialogues.
        sentiments: Of each dialogue float64 (turns, 3).
    """

    cases: Sequence[Case]
    sentiments: Sequence[Array]

    def predicted(self, model: RiskModel) -> list[Array]:
        """After each turn, how the conversation will end: float64 (turns, 3) per dialogue."""
        return [
            outcomes(model, case.conversation.turns, sentiment)
            for case, sentiment in zip(self.cases, self.sentiments, strict=True)
        ]

    def report(self, predicted: Sequence[Array]) -> dict[str, Any]:
        """See `fusion.evaluation.trajectory_report`."""
        return trajectory_report([case.outcome for case in self.cases], predicted)


def calibrate(
    model: RiskModel, samples: Sequence[Sample]
) -> tuple[RiskModel, list[dict[str, Any]]]:
    """Fits the calibration; every corpus counts the same, and so does every share of `SHARES`.

    Args:
        model: Not yet calibrated: its scale is 1 and its biases are 0.
        samples: The corpora.

    Returns:
        The model fitted on all dialogues, and of each corpus the report of answers that were
        calibrated on other dialogues (in `FOLDS` folds).
    """
    plain = [sample.predicted(model) for sample in samples]
    fold = [np.random.default_rng(0).permutation(len(s.cases)) % FOLDS for s in samples]
    unseen = [list(predicted) for predicted in plain]
    for k in range(FOLDS):
        scale, bias = _scaling(samples, plain, [numbers != k for numbers in fold])
        for numbers, predicted, answers in zip(fold, plain, unseen, strict=True):
            for i in np.flatnonzero(numbers == k).tolist():
                answers[i] = softmax(scale * np.log(predicted[i]) + bias)
    scale, bias = _scaling(samples, plain, [np.ones(len(numbers), bool) for numbers in fold])
    fitted = replace(model, scale=np.array([scale], np.float32), scale_bias=bias.astype(np.float32))
    return fitted, [s.report(answers) for s, answers in zip(samples, unseen, strict=True)]


def _scaling(
    samples: Sequence[Sample], plain: Sequence[Sequence[Array]], chosen: Sequence[NDArray[np.bool_]]
) -> tuple[float, Array]:
    """The scale and the biases (3,) of greatest likelihood."""
    from scipy.optimize import minimize

    rows, truth, weights = [], [], []
    for sample, predicted, mask in zip(samples, plain, chosen, strict=True):
        for i in np.flatnonzero(mask).tolist():
            p = predicted[i]
            rows += [np.log(p[-(-share * len(p) // 100) - 1]) for share in SHARES]
            truth += [sample.cases[i].outcome] * len(SHARES)
            weights += [1 / mask.sum()] * len(SHARES)
    log_p, target = np.array(rows), np.eye(len(OUTCOMES))[truth]
    weight = np.array(weights)[:, None]

    def loss(x: Array) -> float:
        answer = np.log(softmax(x[0] * log_p + x[1:]))
        return -float((weight * target * answer).sum())

    best = minimize(loss, np.array([1.0, 0.0, 0.0, 0.0])).x
    return float(best[0]), best[1:] - best[1:].mean()
