"""Brings a detected face into the position that faces have in the training images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from vision.expression import SIDE

TEMPLATE: FloatArray = np.array(
    [[14.9, 18.5], [33.1, 18.5], [16.5, 38.3], [31.5, 38.3]], dtype=np.float32
)
"""Eyes and corners of the mouth in an aligned face, (4, 2), in pixels of a SIDE x SIDE picture.

The median of what MTCNN found in 220 images of FER+, made symmetric: the images there are cut
loosely and not aligned, so that this is where the network expects a face.
"""
_POINTS = [0, 1, 3, 4]  # the nose moves most when the head turns, so it is left out
_MAX_OVERSAMPLING = 8


def similarity_transform(source: FloatArray, target: FloatArray) -> FloatArray:
    """The rotation, uniform scale and shift that brings `source` closest to `target`.

    Least squares without reflection (Umeyama 1991), written with complex numbers, for which such
    a transform is z -> a z + b.

    Args:
        source: (n, 2), n >= 2, not all the same point.
        target: (n, 2).

    Returns:
        float32 (2, 3): [[A | t]], so that A @ point + t is the target.
    """
    s = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    t = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    centred = s - s.mean()
    a = np.vdot(centred, t - t.mean()) / max(np.vdot(centred, centred).real, 1e-12)
    b = t.mean() - a * s.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]], dtype=np.float32)


def align(image: NDArray[np.uint8], landmarks: FloatArray) -> NDArray[np.uint8]:
    """The face as grey uint8 (SIDE, SIDE), its eyes and mouth on `TEMPLATE`.

    Large faces are drawn larger first and then averaged down, so that nothing is aliased. What
    lies beyond the picture repeats its border.

    Args:
        image: RGB uint8 (height, width, 3).
        landmarks: (5, 2), as in `vision.detection.Face`.
    """
    import cv2

    transform = similarity_transform(landmarks[_POINTS], TEMPLATE)
    scale = float(np.hypot(transform[0, 0], transform[1, 0]))
    factor = int(np.clip(np.ceil(1 / max(scale, 1e-6)), 1, _MAX_OVERSAMPLING))
    face = cv2.warpAffine(
        image,
        transform * factor,
        (SIDE * factor, SIDE * factor),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    small = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def visible(landmarks: FloatArray, shape: tuple[int, ...]) -> float:
    """The share of a face, from brow to chin, that lies inside its picture, in [0, 1].

    Args:
        landmarks: (5, 2), as in `vision.detection.Face`; they may lie outside.
        shape: Height and width of the picture in pixels.
    """
    across, down = np.meshgrid(np.linspace(10, 38, 15), np.linspace(12, 44, 17))
    points = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float32)
    back = similarity_transform(TEMPLATE, landmarks[_POINTS])
    x, y = back[:, :2] @ points.T + back[:, 2:]
    height, width = shape[:2]
    return float(np.mean((x >= 0) & (x < width) & (y >= 0) & (y < height)))
