"""`evaluate face`: FER+, a parquet of name, emotion, image, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.evaluate import Measured
from multimodal.emotions import EMOTIONS
from multimodal.metrics import classification_report, masked
from vision.corpora import is_ferplus, read_faces
from vision.expression import (
    CONTEMPT,
    DEFAULT_CHECKPOINT,
    EXPRESSIONS,
    ExpressionModel,
    emotion_of,
    fold_contempt,
)
from vision.metrics import ferplus_metrics


def evaluate(task: str, data: Path, checkpoint: str | None) -> Measured:
    """Measures a face model; see `app.evaluate`.

    FER+ is judged on the network's eight outputs. The other sets are judged on the seven emotions,
    masked to those that the set has; with a class `contempt`, on the eight outputs.

    Raises:
        InvalidInputError: If the data are in none of the forms, or hold no usable labels.
        MediaError: If a picture cannot be decoded.
    """
    del task
    model = ExpressionModel(checkpoint or DEFAULT_CHECKPOINT)
    name = model.checkpoint.info.release
    faces = read_faces(data)
    probabilities = model.predict(faces.faces)
    files = [data] if data.is_file() else list(data.glob("*.parquet"))
    if files and all(is_ferplus(file) for file in files):
        return Measured(len(faces), ferplus_metrics(probabilities, faces), name)
    names: Sequence[str] = EXPRESSIONS
    truth = faces.majority
    if CONTEMPT not in {EXPRESSIONS[label] for label in truth}:
        probabilities, names = fold_contempt(probabilities), EMOTIONS
        truth = emotion_of(truth)
    present = sorted(set(truth.tolist()))
    report = classification_report(truth, masked(probabilities, present), names)
    return Measured(len(faces), report, name)
