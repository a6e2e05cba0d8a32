"""The figures of each head of a text model, once for training and evaluation alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.metrics import classification_report
from text.corpora import CLASSES, CONVERSATION_SATISFACTION, EMOTION, TURN_SATISFACTION, Item

_KEYS = {
    EMOTION: ("accuracy", "macro_f1", "weighted_f1", "ece", "majority_accuracy"),
}


def measure(
    head: str, items: Sequence[Item], probabilities: NDArray[np.floating[Any]]
) -> dict[str, Any]:
    """Accuracy and macro-F1 of n items, and what is customary for their head besides.

    All heads: ECE. Emotion: weighted F1 and the accuracy of the most frequent class. Turn
    satisfaction: the AUROC of "dissatisfied". Conversation satisfaction: Spearman's rank
    correlation of the answer's expected value with the annotators' mean. A figure that is not
    defined (AUROC with one class, correlation of a constant) is None.

    Args:
        head: One of `CLASSES`.
        items: n labelled turns.
        probabilities: (n, classes), each row summing to 1 over the classes that the set has.
    """
    truth = np.array([item.label for item in items])
    report = classification_report(truth, probabilities, CLASSES[head])
    figures = {key: report[key] for key in _KEYS.get(head, ("accuracy", "macro_f1", "ece"))}
    if head == TURN_SATISFACTION:
        figures["auroc_dissatisfied"] = _auroc(truth == 0, probabilities[:, 0])
    if head == CONVERSATION_SATISFACTION:
        means = np.array([item.value for item in items])
        figures["spearman"] = _spearman(probabilities[:, 2] - probabilities[:, 0], means)
    return {**figures, "per_class": report["per_class"]}


def _auroc(positive: NDArray[np.bool_], score: NDArray[np.floating[Any]]) -> float | None:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(positive, score)) if 0 < positive.sum() < len(positive) else None


def _spearman(left: NDArray[np.floating[Any]], right: NDArray[np.floating[Any]]) -> float | None:
    from scipy.stats import spearmanr

    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(spearmanr(left, right).statistic)
