from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vision.alignment import TEMPLATE, align, similarity_transform
from vision.detection import FaceDetector
from vision.expression import SIDE

Image = NDArray[np.uint8]


@pytest.mark.parametrize("angle", [0.0, 0.3, -1.2, math.pi])
@pytest.mark.parametrize("scale", [0.1, 1.0, 7.0])
def test_recovers_rotation_scale_and_shift(angle: float, scale: float) -> None:
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    truth = np.array([[cos, -sin, 3.0], [sin, cos, -8.0]], np.float32)
    moved = TEMPLATE @ truth[:, :2].T + truth[:, 2]
    assert similarity_transform(TEMPLATE, moved) == pytest.approx(truth, abs=1e-3)


def test_never_reflects() -> None:
    mirrored = TEMPLATE * np.array([-1, 1], np.float32)
    transform = similarity_transform(mirrored, TEMPLATE)
    assert np.linalg.det(transform[:, :2]) > 0


def test_points_that_coincide_do_not_divide_by_zero() -> None:
    assert np.isfinite(similarity_transform(np.ones((4, 2), np.float32), TEMPLATE)).all()


def test_eyes_and_mouth_land_on_the_template() -> None:
    landmarks = np.zeros((5, 2), np.float32)
    landmarks[[0, 1, 3, 4]] = TEMPLATE * 5 + 100
    image = np.zeros((400, 400, 3), np.uint8)
    for x, y in landmarks[[0, 1, 3, 4]]:
        cv2.circle(image, (round(float(x)), round(float(y))), 8, (255, 255, 255), -1)
    face = align(image, landmarks)
    assert face.shape == (SIDE, SIDE)
    assert face.dtype == np.uint8
    for x, y in TEMPLATE:
        assert face[round(float(y)), round(float(x))] > 200
    assert face[28, 24] == 0


def test_a_turned_face_is_turned_back(astronaut: Image, detector: FaceDetector) -> None:
    turn = cv2.getRotationMatrix2D((224, 118), 15, 1.0)
    turned = np.asarray(cv2.warpAffine(astronaut, turn, (512, 512)), np.uint8)
    upright, back = (
        align(image, detector.detect(image)[0].landmarks) for image in (astronaut, turned)
    )
    assert np.corrcoef(upright.ravel(), back.ravel())[0, 1] > 0.9
