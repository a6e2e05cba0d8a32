"""YuNet through OpenCV, a second face detector; the user supplies its file.

Wu et al. 2023, "YuNet: a tiny millisecond-level face detector"; the file is
`face_detection_yunet_2023mar.onnx` of opencv_zoo (MIT).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from multimodal.errors import CheckpointError, ModelMissingError
from vision.detection import Face

SIDE = 640
"""Longer side in pixels to which pictures are reduced."""
_SURE = 0.8
_OVERLAP = 0.3


class YuNetDetector:
    """Finds faces with YuNet.

    Args:
        path: Its ONNX file.

    Raises:
        ModelMissingError: If there is no such file.
        CheckpointError: If OpenCV cannot read it as YuNet.
    """

    def __init__(self, path: Path) -> None:
        import cv2

        if not path.is_file():
            raise ModelMissingError(
                "there is no such file, expected YuNet's ONNX file.",
                where=str(path),
                remedy="Name it, or set the face detector to mtcnn.",
            )
        said = cv2.utils.logging.getLogLevel()
        # It warns of a target that nobody asked for.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (SIDE, SIDE), _SURE, _OVERLAP)
            self.detect(np.zeros((32, 32, 3), np.uint8))
        except cv2.error as error:
            raise CheckpointError("it is not YuNet's ONNX file.", where=str(path)) from error
        finally:
            cv2.utils.logging.setLogLevel(said)

    def detect(self, image: NDArray[np.uint8]) -> list[Face]:
        """Faces in a picture, the most probable first.

        Args:
            image: RGB uint8 (height, width, 3).
        """
        import cv2

        height, width = image.shape[:2]
        scale = min(1.0, SIDE / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        reduced = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        self._network.setInputSize(size)
        _, found = self._network.detect(cv2.cvtColor(reduced, cv2.COLOR_RGB2BGR))
        if found is None:
            return []
        rows = np.asarray(found, np.float32)
        rows[:, :14] /= scale
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        # The landmarks are those of MTCNN in the same order, seen from the camera.
        faces = zip(boxes, rows[:, 4:14].reshape(-1, 5, 2), rows[:, 14].tolist(), strict=True)
        return sorted((Face(*face) for face in faces), key=lambda face: -face.score)
