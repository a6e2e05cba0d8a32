"""The figures by which fusion and trajectory are judged, for training and `evaluate` alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import Judgements
from fusion.loglinear import Array
from fusion.risk import OUTCOMES
from multimodal.emotions import EMOTIONS
from multimodal.metrics import classification_report, masked

SHARES = (25, 50, 75, 100)
"""Percent of all turns seen, rounded up, at which the early warning is judged."""
_FUSION = ("accuracy", "macro_f1", "ece")


def subsets(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Every non-empty subset of modalities, `text+voice` to its positions, smallest first."""
    return {
        "+".join(names[i] for i in chosen): chosen
        for size in range(1, len(names) + 1)
        for chosen in combinations(range(len(names)), size)
    }


def fusion_report(turns: Judgements, answers: dict[str, Array]) -> dict[str, Any]:
    """Accuracy, macro-F1, ECE, per-class figures, the same by subset, and the best single input.

    Args:
        turns: What was judged, and the truth.
        answers: By subset (see `subsets`) the fused distributions (n, 7).

    Returns:
        `accuracy`, `macro_f1`, `ece` and `per_class` with every modality there; `by_subset`, a
        map from subset to accuracy, macro_f1 and ece; `best_single_accuracy`, of the single
        modality whose own top answer, without any fusion, is most often right.
    """
    reports = {
        name: classification_report(turns.truth, masked(p, turns.allowed), list(EMOTIONS))
        for name, p in answers.items()
    }
    everything = reports["+".join(turns.modalities)]
    raw = masked(turns.probabilities.reshape(-1, len(EMOTIONS)), turns.allowed)
    tops = raw.reshape(turns.probabilities.shape).argmax(axis=-1)
    return {
        **{key: everything[key] for key in _FUSION},
        "by_subset": {name: {key: r[key] for key in _FUSION} for name, r in reports.items()},
        "best_single_accuracy": float((tops == turns.truth[:, None]).mean(axis=0).max()),
        "per_class": everything["per_class"],
    }


def trajectory_report(outcomes: Sequence[int], predicted: Sequence[Array]) -> dict[str, Any]:
    """How well the end is foreseen.

    Args:
        outcomes: How each conversation ended, index into `OUTCOMES`.
        predicted: Of each conversation, the distributions after each of its turns, (turns, 3).

    Returns:
        `accuracy`, `macro_f1` and `per_class` over the three outcomes after the last turn, and
        `auroc_25` ... `auroc_100` of "ends dissatisfied" after the first ceil(share x n) of all
        turns; these are None where all conversations end alike. `risk_ece_25` ...: by how much the
        risk misses the frequency of "ends dissatisfied", over ten bins of equal width.
    """
    from sklearn.metrics import roc_auc_score

    truth = np.asarray(outcomes, dtype=np.int64)
    at_end = classification_report(truth, np.array([p[-1] for p in predicted]), OUTCOMES)
    bad: NDArray[np.bool_] = truth == 0
    report: dict[str, Any] = {key: at_end[key] for key in ("accuracy", "macro_f1")}
    for share in SHARES:
        risk = np.array([p[-(-share * len(p) // 100) - 1, 0] for p in predicted])
        known = 0 < bad.sum() < len(bad)
        report[f"auroc_{share}"] = float(roc_auc_score(bad, risk)) if known else None
        report[f"risk_ece_{share}"] = _binary_ece(bad, risk)
    return {**report, "per_class": at_end["per_class"]}


def _binary_ece(event: NDArray[np.bool_], probability: Array, bins: int = 10) -> float:
    bin_of = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, event - probability)
    return float(np.abs(gaps).sum() / len(event))
