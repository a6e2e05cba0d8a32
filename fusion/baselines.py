"""What fusion and the risk have to beat, measured beside them in the same run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import Dialogue
from fusion.evaluation import SHARES
from fusion.loglinear import Array, K

FLOOR = 0.01
"""Added to every probability before its logarithm is taken."""


def mean(probabilities: Array) -> Array:
    """The mean of the modalities' distributions (n, M, 7), float64 (n, 7)."""
    return cast(Array, probabilities.mean(axis=1))


def product(probabilities: Array) -> Array:
    """The normalised product of the modalities' distributions (n, M, 7), float64 (n, 7)."""
    answer = np.exp(_logs(probabilities).sum(axis=1))
    return cast(Array, answer / answer.sum(axis=1, keepdims=True))


def majority(probabilities: Array) -> Array:
    """The shares of the modalities' votes for their top emotions, float64 (n, 7).

    Ties go to the emotion with the higher mean probability.
    """
    votes = np.eye(K)[probabilities.argmax(axis=2)].mean(axis=1)
    return cast(Array, 0.999 * votes + 0.001 * mean(probabilities))


class Stack:
    """Logistic regression on the modalities' log-scores and on which of them are there.

    Args:
        probabilities: (n, M, 7), of training turns; each is learned from whole and with a random
            part of its modalities taken away.
        truth: (n,).
    """

    def __init__(self, probabilities: Array, truth: NDArray[np.int64]) -> None:
        from sklearn.linear_model import LogisticRegression

        n, size, _ = probabilities.shape
        kept = np.random.default_rng(0).random((n, size)) < 0.5
        present = np.concatenate([np.ones((n, size)), kept])
        inputs = _stacked(np.concatenate([probabilities, probabilities]), present)
        usable = present.any(axis=1)
        self._model = LogisticRegression(max_iter=500, C=0.3)
        self._model.fit(inputs[usable], np.concatenate([truth, truth])[usable])

    def __call__(self, probabilities: Array, chosen: Sequence[int]) -> Array:
        """The answers (n, 7) from the modalities at the positions `chosen` alone."""
        present = np.zeros(probabilities.shape[:2])
        present[:, list(chosen)] = 1
        answer = np.zeros((len(probabilities), K))
        answer[:, self._model.classes_] = self._model.predict_proba(
            _stacked(probabilities, present)
        )
        return answer


def counts_forecast(train: Sequence[Dialogue], test: Sequence[Dialogue]) -> dict[str, float]:
    """The end foreseen by logistic regression on counts of each party's sentiments.

    A regression of its own for every share of `SHARES`: unlike a running risk it knows how far
    the conversation is from its end. The agents' sentiments count where the dialogues have them.

    Returns:
        `macro_f1` at the end, and `auroc_25` ... of "ends dissatisfied".
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, roc_auc_score

    truth = np.array([d.outcome for d in train])
    expected = np.array([d.outcome for d in test])
    report: dict[str, float] = {}
    for share in SHARES:
        model = LogisticRegression(max_iter=1000).fit(_counts(train, share), truth)
        answer = model.predict_proba(_counts(test, share))
        report[f"auroc_{share}"] = float(roc_auc_score(expected == 0, answer[:, 0]))
        if share == SHARES[-1]:
            guess = answer.argmax(axis=1)
            report["macro_f1"] = float(f1_score(expected, guess, average="macro"))
    return report


def _counts(dialogues: Sequence[Dialogue], share: int) -> Any:
    counts = []
    for d in dialogues:
        seen = -(-share * len(d.sentiment) // 100)
        own = d.customer[:seen, None]
        said = d.sentiment[:seen]
        counts.append(np.concatenate([(said * own).sum(axis=0), (said * ~own).sum(axis=0)]))
    return np.array(counts)


def _logs(probabilities: Array) -> Array:
    floored = probabilities + FLOOR
    return cast(Array, np.log(floored / floored.sum(axis=-1, keepdims=True)))


def _stacked(probabilities: Array, present: Array) -> Array:
    logs = _logs(probabilities) * present[..., None]
    return np.concatenate([logs.reshape(len(logs), -1), present], axis=1)
