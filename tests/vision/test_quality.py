"""How usable a sight of a face is."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from vision.alignment import align
from vision.detection import Face, FaceDetector
from vision.tracking import frontality, quality

Image = NDArray[np.uint8]
# Millimetres to the right, down and towards the camera: eyes, nose, corners of the mouth.
HEAD = np.array(
    [[-32, -35, 0], [32, -35, 0], [0, 5, 28], [-25, 38, 5], [25, 38, 5]], dtype=np.float64
)


def seen(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> FloatArray:
    """Landmarks of a head turned by so many degrees, from far away."""
    y, p, r = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    nod = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    tilt = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray((HEAD @ (tilt @ nod @ turn).T)[:, :2] + 200, np.float32)


@pytest.mark.parametrize("roll", [-90.0, -20.0, 0.0, 35.0, 180.0])
def test_a_face_towards_the_camera_counts_in_full(roll: float) -> None:
    for yaw in (-15.0, 0.0, 15.0):
        for pitch in (-15.0, 0.0, 15.0):
            assert frontality(seen(yaw, pitch, roll)) > 0.95


@pytest.mark.parametrize("axis", ["yaw", "pitch"])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_further_it_turns_the_less_it_counts(axis: str, sign: int) -> None:
    found = [frontality(seen(**{axis: sign * degrees})) for degrees in range(0, 61, 5)]
    assert all(a >= b - 1e-6 for a, b in pairwise(found))
    assert 0.5 < found[6] < 0.9  # 30 degrees
    assert found[10] < 0.35  # 50
    assert found[-1] == pytest.approx(0.2)


def test_landmarks_that_make_no_face() -> None:
    assert frontality(np.zeros((5, 2), np.float32)) == pytest.approx(0.2)
    assert frontality(seen()[[0, 1, 2, 0, 1]]) == pytest.approx(0.2)
    upside_down = seen()
    upside_down[3:, 1] = 100
    assert frontality(upside_down) == pytest.approx(0.2)


def test_size_sharpness_pose_and_score_all_count(astronaut: Image, detector: FaceDetector) -> None:
    (face,) = detector.detect(astronaut)
    crop = align(astronaut, face.landmarks)
    shape = astronaut.shape
    best = quality(face, crop, shape)
    assert best > 0.9
    blurred = np.asarray(cv2.GaussianBlur(crop, (0, 0), 3), np.uint8)
    assert quality(face, blurred, shape) < best / 2
    box, marks = (np.asarray(one / 4, np.float32) for one in (face.box, face.landmarks))
    assert quality(Face(box, marks, face.score), crop, shape) < best / 2
    assert quality(Face(face.box, face.landmarks, face.score / 2), crop, shape) == pytest.approx(
        best / 2
    )
    turned = quality(Face(face.box, seen(yaw=60), face.score), crop, shape)
    assert turned == pytest.approx(best * 0.2 / frontality(face.landmarks))
