"""Reads labelled faces: FER+, a parquet of name, emotion, image, or a folder of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import emotion_from_label
from multimodal.errors import InputFileError, InvalidInputError, MediaError
from vision.alignment import align
from vision.detection import FaceDetector, open_detector
from vision.expression import CONTEMPT, EXPRESSIONS, SIDE

TAGGERS = 10
"""How many people labelled each image of FER+."""
CROPPED = 2 * SIDE
"""Pictures up to this side in pixels are taken for faces already cut out."""
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True, eq=False)
class TaggedFaces:
    """Faces with the votes of the people who looked at them.

    Attributes:
        faces: Grey uint8 (n, SIDE, SIDE).
        votes: int64 (n, 8), in the order of `EXPRESSIONS`, at most `TAGGERS` a face; votes of FER+
            for `unknown` and `NF` (no face) are left out. A face with one label has all of them.
        fer2013: The label of FER2013 where the image could be matched, else None.
        person: Who is shown, where the data say so, else empty.
    """

    faces: NDArray[np.uint8]
    votes: NDArray[np.int64]
    fer2013: list[str | None]
    person: list[str]

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def majority(self) -> NDArray[np.int64]:
        """Index of the expression with the most votes, (n,); the first of those in a tie."""
        return np.asarray(self.votes.argmax(axis=1))

    def take(self, rows: NDArray[np.int64]) -> TaggedFaces:
        """The rows at these indices."""
        return TaggedFaces(
            self.faces[rows],
            self.votes[rows],
            [self.fer2013[i] for i in rows],
            [self.person[i] for i in rows],
        )


def join(parts: Sequence[TaggedFaces]) -> TaggedFaces:
    """Several files as one; at least one."""
    return TaggedFaces(
        np.concatenate([part.faces for part in parts]),
        np.concatenate([part.votes for part in parts]),
        [name for part in parts for name in part.fer2013],
        [person for part in parts for person in part.person],
    )


def read_ferplus(path: Path) -> TaggedFaces:
    """One parquet file of FER+, without copies of training images.

    Images that most taggers called unknown or no face at all are left out.

    Raises:
        InvalidInputError: If the file lacks one of the columns.
        MediaError: If an image cannot be decoded.
    """
    import pandas as pd

    table = pd.read_parquet(path)
    lacking = {"image", "votes", "fer2013_label", "duplicate_of_training"} - set(table.columns)
    if lacking:
        raise InvalidInputError(f"it lacks the columns {sorted(lacking)}.", where=str(path))
    table = table[~table["duplicate_of_training"].astype(bool)]
    votes = np.stack([np.asarray(row, dtype=np.int64) for row in table["votes"]])
    known, unknown = votes[:, : len(EXPRESSIONS)], votes[:, len(EXPRESSIONS) :]
    kept = np.flatnonzero(known.max(axis=1) >= unknown.max(axis=1))
    images = table["image"].to_list()
    names = table["fer2013_label"].to_list()
    faces = [decode_grey(images[i], f"{path}, row {i + 1}") for i in kept]
    return TaggedFaces(
        np.stack([to_face(face) for face in faces]),
        known[kept],
        [names[i] if isinstance(names[i], str) else None for i in kept],
        [""] * len(kept),
    )


def decode_grey(data: bytes, where: str) -> NDArray[np.uint8]:
    """An encoded picture (JPEG, PNG, ...) as grey uint8 (height, width).

    Raises:
        MediaError: If it cannot be decoded.
    """
    import cv2

    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
    if image is None:
        raise MediaError("it is not a picture that can be decoded.", where=where)
    return np.asarray(image, dtype=np.uint8)


def to_face(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture that shows nothing but a face, brought to (SIDE, SIDE)."""
    import cv2

    if image.shape == (SIDE, SIDE):
        return image
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def read_faces(path: Path) -> TaggedFaces:
    """Labelled faces in any of the three forms.

    Larger pictures are searched for their largest face first; where none is found, the whole
    picture is taken. Pictures whose label is no expression are left out.

    Args:
        path: FER+ or another parquet file, a folder of parquet files, or a folder of pictures:
            EXPRESSION/picture or PERSON/EXPRESSION/picture.

    Raises:
        InvalidInputError: If there is nothing in one of these forms, or no usable label.
        InputFileError: If a file cannot be read.
        MediaError: If a picture cannot be decoded.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
    if files:
        return join(
            [read_ferplus(f) if is_ferplus(f) else _tagged(read_table(f), f) for f in files]
        )
    return _tagged(read_folder(path), path)


def is_ferplus(path: Path) -> bool:
    """Whether a file holds votes, as those of FER+ do.

    Raises:
        InvalidInputError: If it is not a parquet file.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        return "votes" in pyarrow.parquet.read_schema(path).names
    except pyarrow.ArrowInvalid as error:
        raise InvalidInputError("it is not a parquet file.", where=str(path)) from error


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture: where it lies, its label, and whom it shows if that is known."""

    where: str
    data: bytes
    label: str
    person: str


def read_table(path: Path) -> list[Picture]:
    """A parquet file with the columns name, emotion and image, and person if it is known.

    Raises:
        InvalidInputError: If it lacks one of the columns.
    """
    import pandas as pd

    table = pd.read_parquet(path)
    if {"name", "emotion", "image"} - set(table.columns):
        raise InvalidInputError(
            "it has neither the columns of FER+ nor name, emotion and image.", where=str(path)
        )
    people = table["person"].astype(str) if "person" in table.columns else [""] * len(table)
    columns = (table["name"].astype(str), table["image"], table["emotion"].astype(str), people)
    return [Picture(*row) for row in zip(*columns, strict=True)]


def read_folder(path: Path) -> list[Picture]:
    """A folder of pictures: EXPRESSION/picture or PERSON/EXPRESSION/picture, sorted by name.

    Raises:
        InvalidInputError: If there are none.
        InputFileError: If one cannot be read.
    """
    files = sorted(
        file
        for pattern in ("*/*", "*/*/*")
        for file in path.glob(pattern)
        if file.suffix.lower() in _PICTURES
    )
    if not files:
        raise InvalidInputError("it holds no folders of pictures.", where=str(path))
    pictures = []
    for file in files:
        person = file.parent.parent.name if file.parent.parent != path else ""
        try:
            pictures.append(Picture(str(file), file.read_bytes(), file.parent.name, person))
        except OSError as error:
            raise InputFileError(f"it cannot be read: {error}.", where=str(file)) from error
    return pictures


def expression_of(label: str) -> str:
    """The expression that a label stands for, or an empty string."""
    if label.strip().lower() == CONTEMPT:
        return CONTEMPT
    emotion = emotion_from_label(label)
    return emotion.value if emotion else ""


def _tagged(pictures: Sequence[Picture], path: Path) -> TaggedFaces:
    known = [(picture, expression_of(picture.label)) for picture in pictures]
    kept = [(picture, name) for picture, name in known if name]
    if not kept:
        labels = sorted({picture.label for picture in pictures})
        raise InvalidInputError(
            f"none of its labels is an expression: {', '.join(labels[:10])}.", where=str(path)
        )
    detector = open_detector()
    votes = np.zeros((len(kept), len(EXPRESSIONS)), np.int64)
    votes[np.arange(len(kept)), [EXPRESSIONS.index(name) for _, name in kept]] = TAGGERS
    return TaggedFaces(
        np.stack([_cut_out(picture, detector) for picture, _ in kept]),
        votes,
        [None] * len(kept),
        [picture.person for picture, _ in kept],
    )


def _cut_out(picture: Picture, detector: FaceDetector) -> NDArray[np.uint8]:
    image = decode_grey(picture.data, picture.where)
    if min(image.shape) > CROPPED:
        colour = np.repeat(image[:, :, None], 3, axis=2)
        found = detector.detect(colour)
        if found:
            return align(colour, max(found, key=lambda face: face.size).landmarks)
    return to_face(image)
