"""The figures by which the face model is judged on FER+, for training and `evaluate` alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import EMOTIONS, FloatArray, emotion_from_label
from multimodal.metrics import classification_report
from vision.corpora import TAGGERS, TaggedFaces
from vision.expression import EXPRESSIONS, SIDE, fold_contempt

COVERED = 0.3
_GREY = 128


def ferplus_metrics(probabilities: FloatArray, data: TaggedFaces) -> dict[str, Any]:
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


def covered(faces: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint8]:
    """Faces with a grey rectangle over 30 % of each, at random, up to twice as long as wide.

    Args:
        faces: Grey uint8 (n, SIDE, SIDE).
        seed: Of the places; the same for the same n.
    """
    random = np.random.default_rng(seed)
    result = faces.copy()
    for face in result:
        height = round(SIDE * (COVERED * 2 ** random.uniform(-1, 1)) ** 0.5)
        width = round(SIDE * SIDE * COVERED / height)
        top, left = random.integers(SIDE - height + 1), random.integers(SIDE - width + 1)
        face[top : top + height, left : left + width] = _GREY
    return result
