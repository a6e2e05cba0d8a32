"""`evaluate face`: FER+, a folder per class, or a parquet of name, emotion, image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluate import Measured
from multimodal.emotions import EMOTIONS, emotion_from_label
from multimodal.errors import InvalidInputError
from multimodal.metrics import classification_report, masked
from vision.alignment import align
from vision.corpora import decode_grey, join, read_ferplus, read_labelled, to_face
from vision.detection import FaceDetector
from vision.expression import (
    CONTEMPT,
    DEFAULT_CHECKPOINT,
    EXPRESSIONS,
    SIDE,
    ExpressionModel,
    fold_contempt,
)
from vision.metrics import ferplus_metrics

CROPPED = 2 * SIDE
"""Pictures up to this side in pixels are taken for faces already cut out."""


def evaluate(task: str, data: Path, checkpoint: str | None) -> Measured:
    """Measures a face model; see `app.evaluate`.

    FER+ is judged on the network's eight outputs. The other sets are judged on the seven emotions,
    masked to those that the set has; with a class `contempt`, on the eight outputs. Larger pictures
    are searched for their largest face first; where none is found, the whole picture is taken.

    Raises:
        InvalidInputError: If the data are in none of the three forms, or hold no usable labels.
        MediaError: If a picture cannot be decoded.
    """
    del task
    model = ExpressionModel(checkpoint or DEFAULT_CHECKPOINT)
    name = model.checkpoint.info.release
    files = [data] if data.is_file() else sorted(data.glob("*.parquet"))
    if files and all(_is_ferplus(file) for file in files):
        faces = join([read_ferplus(file) for file in files])
        return Measured(len(faces), ferplus_metrics(model.predict(faces.faces), faces), name)
    pictures, labels = [], []
    for source in files or [data]:
        some, theirs = read_labelled(source)
        pictures += some
        labels += theirs
    known = [label_name(label) for label in labels]
    kept = [i for i, label in enumerate(known) if label]
    if not kept:
        raise InvalidInputError(
            f"none of its labels is an emotion: {', '.join(sorted(set(labels))[:10])}.",
            where=str(data),
        )
    crops = _faces([pictures[i] for i in kept])
    names: Sequence[str] = EMOTIONS
    probabilities = model.predict(crops)
    if CONTEMPT in known:
        names = EXPRESSIONS
    else:
        probabilities = fold_contempt(probabilities)
    truth = np.array([names.index(known[i]) for i in kept])
    present = sorted(set(truth.tolist()))
    report = classification_report(truth, masked(probabilities, present), names)
    return Measured(len(kept), report, name)


def label_name(label: str) -> str:
    """The expression that a label stands for, or an empty string."""
    if label.strip().lower() == CONTEMPT:
        return CONTEMPT
    emotion = emotion_from_label(label)
    return emotion.value if emotion else ""


def _is_ferplus(data: Path) -> bool:
    import pyarrow
    import pyarrow.parquet

    try:
        return "votes" in pyarrow.parquet.read_schema(data).names
    except pyarrow.ArrowInvalid as error:
        raise InvalidInputError("it is not a parquet file.", where=str(data)) from error


def _faces(pictures: Sequence[tuple[str, bytes]]) -> NDArray[np.uint8]:
    detector = FaceDetector()
    faces = []
    for name, data in pictures:
        image = decode_grey(data, name)
        found = []
        if min(image.shape) > CROPPED:
            colour = np.repeat(image[:, :, None], 3, axis=2)
            found = detector.detect(colour)
        if found:
            largest = max(found, key=lambda face: face.size)
            faces.append(align(colour, largest.landmarks))
        else:
            faces.append(to_face(image))
    return np.stack(faces)
