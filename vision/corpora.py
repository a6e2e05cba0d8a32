"""Reads labelled faces: FER+, a parquet of name, emotion, image, or a folder per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from multimodal.errors import InputFileError, InvalidInputError, MediaError
from vision.expression import EXPRESSIONS, SIDE

TAGGERS = 10
"""How many people labelled each image of FER+."""


@dataclass(frozen=True, slots=True, eq=False)
class FerPlus:
    """Faces of FER+ with the votes of ten people each.

    Attributes:
        faces: Grey uint8 (n, SIDE, SIDE).
        votes: int64 (n, 8), in the order of `EXPRESSIONS`; votes for `unknown` and `NF` (no face)
            are left out.
        fer2013: The label of FER2013 where the image could be matched, else None.
    """

    faces: NDArray[np.uint8]
    votes: NDArray[np.int64]
    fer2013: list[str | None]

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def majority(self) -> NDArray[np.int64]:
        """Index of the expression with the most votes, (n,); the first of those in a tie."""
        return np.asarray(self.votes.argmax(axis=1))

    def take(self, rows: NDArray[np.int64]) -> FerPlus:
        """The rows at these indices."""
        return FerPlus(self.faces[rows], self.votes[rows], [self.fer2013[i] for i in rows])


def join(parts: Sequence[FerPlus]) -> FerPlus:
    """Several files as one; at least one."""
    return FerPlus(
        np.concatenate([part.faces for part in parts]),
        np.concatenate([part.votes for part in parts]),
        [name for part in parts for name in part.fer2013],
    )


def read_ferplus(path: Path) -> FerPlus:
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
    return FerPlus(
        np.stack([to_face(face) for face in faces]),
        known[kept],
        [names[i] if isinstance(names[i], str) else None for i in kept],
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


_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def read_labelled(path: Path) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Encoded pictures with one label each.

    Args:
        path: A parquet file with the columns name, emotion and image, or a folder with one folder
            of pictures per label.

    Returns:
        Name and bytes of each picture, in the order of names, and its label as it stands there.

    Raises:
        InvalidInputError: If there are no labelled pictures.
        InputFileError: If a picture cannot be read.
    """
    if path.is_file():
        import pandas as pd

        table = pd.read_parquet(path)
        if {"name", "emotion", "image"} - set(table.columns):
            raise InvalidInputError(
                "it has neither the columns of FER+ nor name, emotion and image.", where=str(path)
            )
        pictures = list(zip(table["name"].astype(str), table["image"], strict=True))
        return pictures, [str(label) for label in table["emotion"]]
    files = sorted(f for f in path.glob("*/*") if f.suffix.lower() in _PICTURES)
    if not files:
        raise InvalidInputError("it holds no folders of pictures.", where=str(path))
    try:
        return [(str(f), f.read_bytes()) for f in files], [f.parent.name for f in files]
    except OSError as error:
        raise InputFileError(f"it cannot be read: {error}.", where=str(path)) from error
