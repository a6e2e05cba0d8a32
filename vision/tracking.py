"""Follows one face through the pictures of a turn, and says how usable each sight of it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from vision.alignment import align, visible
from vision.detection import Face, FaceDetector

DETECT_EVERY = 5
"""At least every so many pictures the detector looks; in between a still face is taken over."""
SAME_FACE = 0.9
"""Correlation of two aligned faces above which the face has not moved."""
LOST_AFTER = 5
"""Pictures after which a face that is gone is given up, and the most prominent one taken."""
_MIN_OVERLAP = 0.3
_REACH = 1.5  # how far around its middle a face is searched for first, in its sizes
_LEAST_FRONTAL = 0.2
# Where between eyes and mouth the nose is in a face seen from the front, and how far it is from
# there at 45 degrees: of a head with the nose 28 mm in front of eyes 64 mm apart.
_NOSE_HEIGHT = 0.55
_NOSE_RANGE = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The face in one picture.

    Attributes:
        face: Where it is.
        crop: Aligned, grey uint8 (SIDE, SIDE).
        quality: In [0, 1]; see `quality`.
    """

    face: Face
    crop: NDArray[np.uint8]
    quality: float


class FaceTracker:
    """Finds the most prominent face and stays with it. One per turn; it holds no pictures.

    Args:
        detector: What finds faces.
    """

    def __init__(self, detector: FaceDetector) -> None:
        self._detector = detector
        self._last: Sight | None = None
        self._age = 0  # pictures since the detector last saw the face

    def follow(self, image: NDArray[np.uint8]) -> Sight | None:
        """The face in the next picture, or None where it is not to be seen.

        Args:
            image: RGB uint8 (height, width, 3).
        """
        self._age += 1
        if self._last is not None and self._age < DETECT_EVERY:
            crop = align(image, self._last.face.landmarks)
            if _correlation(crop, self._last.crop) > SAME_FACE:
                return Sight(self._last.face, crop, quality(self._last.face, crop, image.shape))
        face = self._nearby(image)
        if face is None:
            face = self._choose(self._detector.detect(image), image.shape[:2])
        if face is None:
            return None
        crop = align(image, face.landmarks)
        self._last, self._age = Sight(face, crop, quality(face, crop, image.shape)), 0
        return self._last

    def _nearby(self, image: NDArray[np.uint8]) -> Face | None:
        """The face where it was last, searched for there alone, which costs a fraction."""
        if self._last is None or self._age > LOST_AFTER:
            return None
        box = self._last.face.box
        reach = np.float32(_REACH * self._last.face.size)
        height, width = image.shape[:2]
        centre = (box[:2] + box[2:]) / 2
        left, top = np.maximum(np.floor(centre - reach), 0).astype(int)
        right, bottom = np.ceil(centre + reach).astype(int)
        region = image[top:bottom, left:right]
        if region.size == 0 or region.shape[:2] == (height, width):
            return None
        shift = np.array([left, top], np.float32)
        found = self._detector.detect(np.ascontiguousarray(region))
        moved = [Face(f.box + np.tile(shift, 2), f.landmarks + shift, f.score) for f in found]
        return self._choose(moved, (height, width))

    def _choose(self, faces: list[Face], shape: tuple[int, ...]) -> Face | None:
        if self._last is not None and self._age <= LOST_AFTER:
            last = self._last.face.box
            overlaps = [(overlap(face.box, last), i) for i, face in enumerate(faces)]
            best, index = max(overlaps, default=(0.0, 0))
            return faces[index] if best >= _MIN_OVERLAP else None
        return max(faces, key=lambda face: prominence(face, shape), default=None)


def prominence(face: Face, shape: tuple[int, ...]) -> float:
    """Size of a face, counted half at the edge of the picture and whole in its middle.

    Args:
        face: The face.
        shape: Height and width of the picture in pixels.
    """
    height, width = shape[:2]
    x, y = (face.box[:2] + face.box[2:]) / 2
    distance = np.hypot(x / width - 0.5, y / height - 0.5) / np.hypot(0.5, 0.5)
    return float(face.size * (1 - 0.5 * min(1.0, distance)))


def overlap(a: FloatArray, b: FloatArray) -> float:
    """Intersection over union of two boxes (left, top, right, bottom), in [0, 1]."""
    extent = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    shared = float(np.prod(extent))
    whole = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / whole if whole > 0 else 0.0


def quality(face: Face, crop: NDArray[np.uint8], shape: tuple[int, ...]) -> float:
    """How usable a sight is: the detector's score times factors for size, sharpness, pose and cut.

    Size counts in full from 64 pixels and nothing at 16. Sharpness is the variance of the Laplacian
    (Pech-Pacheco et al. 2000) of the aligned face; below 100 it counts in proportion, down to 0.2.
    For the pose see `frontality`. Of a face that the border cuts the share that is left counts,
    squared.

    Args:
        face: What was detected.
        crop: The aligned face.
        shape: Height and width of the picture in pixels.

    Returns:
        In [0, 1].
    """
    import cv2

    size = np.clip((face.size - 16) / 48, 0, 1)
    sharpness = np.clip(cv2.Laplacian(crop, cv2.CV_64F).var() / 100, 0.2, 1)
    whole = visible(face.landmarks, shape) ** 2
    pose = frontality(face.landmarks)
    return float(np.clip(face.score * size * sharpness * pose * whole, 0, 1))


def frontality(landmarks: FloatArray) -> float:
    """How far a face looks towards the camera, judged by where its nose is.

    The nose stands out, so that it moves against the eyes when the head turns, and against the
    line from eyes to mouth when it nods. Up to about 20 degrees a face counts in full, from about
    45 degrees a fifth, in between in proportion. Tilting the head to a shoulder changes nothing.

    Args:
        landmarks: (5, 2), as in `vision.detection.Face`.

    Returns:
        In [0.2, 1].
    """
    left_eye, right_eye, nose, left_mouth, right_mouth = landmarks.astype(np.float64)
    across = (right_eye - left_eye) / 2
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    down = np.array([-across[1], across[0]])
    breadth = float(across @ across)
    height = float((mouth - eyes) @ down)
    if breadth < 1e-6 or height < 1e-6:
        return _LEAST_FRONTAL
    turned = abs(float((nose - eyes) @ across)) / breadth
    nodded = abs(float((nose - eyes) @ down) / height - _NOSE_HEIGHT) / _NOSE_RANGE
    away = np.clip((max(turned, nodded) - 0.35) / 0.65, 0, 1)
    return float(1 - (1 - _LEAST_FRONTAL) * away)


def _correlation(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    x, y = a.astype(np.float32) - a.mean(), b.astype(np.float32) - b.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / norm if norm > 0 else 0.0
