"""What a face detector is, and the two that there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray

MTCNN = "mtcnn"
"""Name of the default detector."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in a picture.

    Attributes:
        box: float32 (4,): left, top, right, bottom in pixels; may reach beyond the picture.
        landmarks: float32 (5, 2), x and y in pixels of the eye at the left of the picture, the
            other eye, the nose, the corner of the mouth at the left, the other corner.
        score: Probability in [0, 1] that this is a face.
    """

    box: FloatArray
    landmarks: FloatArray
    score: float

    @property
    def size(self) -> float:
        """Mean of width and height in pixels."""
        left, top, right, bottom = self.box
        return float(right - left + bottom - top) / 2


class FaceDetector(Protocol):
    """What finds faces in a picture."""

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces in a picture, the most probable first.

        Args:
            image: RGB uint8 (height, width, 3), of any size from 1 x 1.
        """


def open_detector(name: str = MTCNN) -> FaceDetector:
    """The detector of that name.

    Args:
        name: `mtcnn`, or the path of YuNet's ONNX file.

    Raises:
        ModelMissingError: If its weights are not there.
        CheckpointError: If they are not the known ones, or cannot be read.
    """
    if name == MTCNN:
        from vision.mtcnn import MtcnnDetector

        return MtcnnDetector()
    from vision.yunet import YuNetDetector

    return YuNetDetector(Path(name))
