"""The figures by which fusion and trajectory are judged, for training and `evaluate` alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.corpora import EMOTIONTALK, Judgements
from fusion.loglinear import Array
from fusion.risk import OUTCOMES
from multimodal.emotions import EMOTIONS
from multimodal.metrics import classification_report, masked
from multimodal.scoring import DISAGREES

SHARES = (25, 50, 75, 100)
"""Percent of all turns seen, rounded up, at which the early warning is judged."""
ALERTS_PER_100 = (5, 10, 20)
RESAMPLES = 1000
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


def disagreement_report(turns: Judgements, chance: Array) -> dict[str, Any]:
    """How well contradicting channels are told.

    Args:
        turns: What people said of each channel.
        chance: (n,), as `fusion.loglinear.disagreement` gives it.

    Returns:
        `share` of contradicting turns, `auroc`, `ece`, and of the flag at `DISAGREES` its
        `flagged` share, `precision` and `recall`.
    """
    from sklearn.metrics import roc_auc_score

    event, flag = turns.contradicts, chance >= DISAGREES
    return {
        "share": float(event.mean()),
        "auroc": float(roc_auc_score(event, chance)),
        "ece": _binary_ece(event, chance),
        "flagged": float(flag.mean()),
        "precision": float(event[flag].mean()) if flag.any() else None,
        "recall": float(flag[event].mean()),
    }


def alert_report(
    outcomes: Sequence[int], predicted: Sequence[Array], per_100: Sequence[int] = ALERTS_PER_100
) -> dict[str, Any]:
    """What a supervisor gets who is alerted once per conversation, when its risk is high enough.

    Args:
        outcomes: How each conversation ended, index into `OUTCOMES`.
        predicted: As for `trajectory_report`.
        per_100: How many alerts per 100 conversations he can look at.

    Returns:
        By number of alerts (`5`, ...), and `recall_80` for the fewest alerts that find 80 % of the
        bad endings: `alerts` per 100 conversations, `threshold` of the risk, `precision`, `recall`,
        and of the bad endings that were found the median `lead_turns` (turns of both parties
        between the alert and the end) and `lead_share` (of all turns).
    """
    bad = np.asarray(outcomes, dtype=np.int64) == 0
    peaks = np.array([p[:, 0].max() for p in predicted])
    order = np.sort(peaks)[::-1]
    found: dict[str, Any] = {
        str(n): _alerts(bad, predicted, float(order[max(n * len(order) // 100, 1) - 1]))
        for n in per_100
    }
    if bad.any():
        needed = float(np.sort(peaks[bad])[::-1][-(-4 * int(bad.sum()) // 5) - 1])
        found["recall_80"] = _alerts(bad, predicted, needed)
    return found


def _alerts(
    bad: NDArray[np.bool_], predicted: Sequence[Array], threshold: float
) -> dict[str, float | None]:
    first = [np.flatnonzero(p[:, 0] >= threshold) for p in predicted]
    raised = np.array([len(turns) > 0 for turns in first])
    right = np.flatnonzero(raised & bad).tolist()
    lead = [len(predicted[i]) - 1 - int(first[i][0]) for i in right]
    share = [turns / len(predicted[i]) for turns, i in zip(lead, right, strict=True)]
    return {
        "alerts": 100 * float(raised.mean()),
        "threshold": threshold,
        "precision": len(right) / max(int(raised.sum()), 1),
        "recall": len(right) / max(int(bad.sum()), 1),
        "lead_turns": float(np.median(lead)) if lead else None,
        "lead_share": float(np.median(share)) if share else None,
    }


def clusters(turns: Judgements) -> NDArray[np.int64]:
    """What is resampled: the dialogue in EmotionTalk (few groups of speakers), else the person."""
    dialogues = np.array([turn.rpartition("_")[0] for turn in turns.ids])
    names = dialogues if turns.name == EMOTIONTALK else turns.groups
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def interval(difference: Array, cluster: NDArray[np.int64]) -> list[float]:
    """95 % bootstrap interval of a mean, resampled by cluster.

    Args:
        difference: (n,).
        cluster: (n,), numbers of the clusters from 0.
    """
    sums = np.bincount(cluster, difference)
    sizes = np.bincount(cluster)
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return [float(value) for value in np.quantile(means, [0.025, 0.975])]


def _binary_ece(event: NDArray[np.bool_], probability: Array, bins: int = 10) -> float:
    bin_of = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, event - probability)
    return float(np.abs(gaps).sum() / len(event))
