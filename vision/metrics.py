"""The figures by which the face model is judged on FER+, for training and `evaluate` alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from multimodal.emotions import EMOTIONS, FloatArray, emotion_from_label
from multimodal.metrics import classification_report
from vision.corpora import TAGGERS, FerPlus
from vision.expression import EXPRESSIONS, fold_contempt


def ferplus_metrics(probabilities: FloatArray, data: FerPlus) -> dict[str, Any]:
    """Figures over the eight expressions; where votes tie, any of the top labels counts.

    Args:
        probabilities: (n, 8), in the order of `EXPRESSIONS`.
        data: The n images; n >= 1.

    Returns:
        The keys of `classification_report`, and `accuracy_strict` (images where more than half of
        the taggers agree; `n_strict` of them) and `fer2013_accuracy` (the seven emotions against
        the label of FER2013, where there is one; `n_fer2013` of them). The last two are None where
        there are no such images.
    """
    guess = probabilities.argmax(axis=1)
    rows = np.arange(len(data))
    hit = data.votes[rows, guess] == data.votes.max(axis=1)
    truth = np.where(hit, guess, data.majority)
    strict = data.votes.max(axis=1) > TAGGERS // 2
    emotions = fold_contempt(probabilities).argmax(axis=1)
    fer2013 = [
        EMOTIONS[emotions[row]] == emotion_from_label(name)
        for row, name in enumerate(data.fer2013)
        if name is not None
    ]
    return {
        **classification_report(truth, probabilities, EXPRESSIONS),
        "accuracy_strict": float(hit[strict].mean()) if strict.any() else None,
        "n_strict": int(strict.sum()),
        "fer2013_accuracy": float(np.mean(fer2013)) if fer2013 else None,
        "n_fer2013": len(fer2013),
    }
