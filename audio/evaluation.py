"""How well a judge of voices does, with and without the speaker's normal: once for all who ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.baseline import Baseline
from audio.judge import Judge
from multimodal.emotions import EMOTIONS, Emotion, FloatArray
from multimodal.metrics import classification_report, masked

AROUSED = tuple(EMOTIONS.index(e) for e in (Emotion.ANGRY, Emotion.HAPPY, Emotion.SURPRISE))
CALM = tuple(EMOTIONS.index(e) for e in (Emotion.SAD, Emotion.NEUTRAL))
"""High and low arousal. Fear and disgust are neither: some act fear as a scream, those of CASIA
whisper it."""
HOT_TURNS = 5
SEEDS = range(20)
IntArray = NDArray[np.int64]


def evaluate_speech(
    judge_for: Callable[[str], Judge],
    clean: FloatArray,
    telephone: FloatArray,
    truth: IntArray,
    speakers: Sequence[str],
    language: str = "",
) -> dict[str, Any]:
    """Figures over speakers, masked to the classes that the set has.

    Args:
        judge_for: The model that judges a speaker: one for all, or in cross-validation the one that
            never heard them.
        clean: float32 (n, d), features of the clips as they are.
        telephone: float32 (n, d), features of the same clips at 8 kHz mu-law.
        truth: (n,), index of the true class in `EMOTIONS`.
        speakers: (n,), who speaks.
        language: BCP 47 tag of what they speak.

    Returns:
        `uar` (unweighted average recall without a speaker baseline); `uar_k5`, `uar_k20` and
        `uar_all` (with the baseline from 5, 20 or all turns of the speaker, drawn without looking
        at labels and staying in the test; 5 and 20 are means over the seeds 0 to 19); `uar_hot`
        (the first 5 turns are all angry); `uar_8k`, `uar_8k_all`; `uar_any`, `uar_any_all` (the
        language is not told); `arousal_uar`,
        `arousal_uar_all`; `ece` and `per_class` (of `uar`), `ece_all` and `per_class_all` (of
        `uar_all`); `per_speaker`.
    """
    who = np.asarray(speakers)
    allowed = np.unique(truth).tolist()
    judged = partial(_judged, judge_for, who)
    raw, raw_arousal = judged(clean, 0, language)
    full, full_arousal = judged(clean, None, language)
    drawn = {k: [judged(clean, k, language, seed)[0] for seed in SEEDS] for k in (5, 20)}
    angry = truth == EMOTIONS.index(Emotion.ANGRY)
    hot = [judged(clean, HOT_TURNS, language, seed, angry)[0] for seed in SEEDS]

    def recall(probabilities: FloatArray, rows: NDArray[np.bool_] | slice = slice(None)) -> float:
        guess = masked(probabilities[rows], allowed).argmax(axis=1)
        return average_recall(truth[rows], guess)

    def figures(rows: NDArray[np.bool_] | slice) -> dict[str, float]:
        means = {f"uar_k{k}": float(np.mean([recall(p, rows) for p in drawn[k]])) for k in (5, 20)}
        means["uar_hot"] = float(np.mean([recall(p, rows) for p in hot]))
        return {"uar": recall(raw, rows), **means, "uar_all": recall(full, rows)}

    names = [emotion.value for emotion in EMOTIONS]
    report = classification_report(truth, masked(raw, allowed), names)
    report_all = classification_report(truth, masked(full, allowed), names)
    return {
        **figures(slice(None)),
        "uar_8k": recall(judged(telephone, 0, language)[0]),
        "uar_8k_all": recall(judged(telephone, None, language)[0]),
        "uar_any": recall(judged(clean, 0, "")[0]),
        "uar_any_all": recall(judged(clean, None, "")[0]),
        "arousal_uar": _arousal_recall(truth, raw_arousal),
        "arousal_uar_all": _arousal_recall(truth, full_arousal),
        "ece": report["ece"],
        "ece_all": report_all["ece"],
        "per_class": report["per_class"],
        "per_class_all": report_all["per_class"],
        "per_speaker": {
            str(name): {"n": int((who == name).sum()), **figures(who == name)}
            for name in np.unique(who)
        },
    }


def average_recall(truth: IntArray, guess: IntArray) -> float:
    """Unweighted average recall over the classes that occur in `truth`."""
    return float(np.mean([(guess[truth == k] == k).mean() for k in np.unique(truth)]))


def learn_speaker(features: FloatArray, turns: int | None, seed: int = 0) -> Baseline:
    """The baseline from some of a speaker's turns, in random order.

    Args:
        features: float32 (n, d), all turns of one speaker.
        turns: How many; None for all.
        seed: Of the draw.
    """
    baseline = Baseline.empty(features.shape[1])
    count = len(features) if turns is None else min(turns, len(features))
    order = np.random.default_rng(seed).permutation(len(features))[:count]
    for row in order:
        baseline = baseline.update(features[row])
    return baseline


def _judged(
    judge_for: Callable[[str], Judge],
    who: NDArray[np.str_],
    features: FloatArray,
    turns: int | None,
    language: str,
    seed: int = 0,
    among: NDArray[np.bool_] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Probabilities and arousal of all rows, each speaker known from some of their own."""
    probabilities = np.zeros((len(features), len(EMOTIONS)), dtype=np.float32)
    arousal = np.zeros(len(features), dtype=np.float32)
    for name in np.unique(who):
        rows = who == name
        baseline = learn_speaker(features[rows if among is None else rows & among], turns, seed)
        answer = judge_for(str(name)).judge(features[rows], [baseline] * int(rows.sum()), language)
        probabilities[rows], arousal[rows] = answer.probabilities, answer.arousal
    return probabilities, arousal


def _arousal_recall(truth: IntArray, arousal: FloatArray) -> float | None:
    """UAR of high against low arousal at one half; None where the set has only one of them."""
    high, low = np.isin(truth, AROUSED), np.isin(truth, CALM)
    if not (high.any() and low.any()):
        return None
    return float(((arousal[high] > 0.5).mean() + (arousal[low] <= 0.5).mean()) / 2)
