"""What every face detector promises, over the two that there are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal.errors import CheckpointError, ModelMissingError
from tests.vision.test_detection import ASTRONAUT
from vision.alignment import align
from vision.detection import FaceDetector, open_detector
from vision.scorer import FaceScorer
from vision.tracking import overlap

Image = NDArray[np.uint8]


def test_a_face_its_landmarks_and_its_score(astronaut: Image, any_detector: FaceDetector) -> None:
    (face,) = any_detector.detect(astronaut)
    assert face.box.dtype == face.landmarks.dtype == np.float32
    assert (face.box.shape, face.landmarks.shape) == ((4,), (5, 2))
    assert isinstance(face.score, float)
    assert 0.8 < face.score <= 1
    assert overlap(face.box, ASTRONAUT) > 0.6
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_both_see_the_same_face(
    astronaut: Image, detector: FaceDetector, any_detector: FaceDetector
) -> None:
    ours, theirs = detector.detect(astronaut)[0], any_detector.detect(astronaut)[0]
    assert np.abs(ours.landmarks - theirs.landmarks).max() < 0.12 * ours.size
    difference = align(astronaut, ours.landmarks).astype(int) - align(astronaut, theirs.landmarks)
    assert np.abs(difference).mean() < 20


def test_colours_are_red_green_blue_and_the_picture_stays(
    astronaut: Image, any_detector: FaceDetector
) -> None:
    before = astronaut.copy()
    right = any_detector.detect(astronaut)[0].score
    swapped = any_detector.detect(np.ascontiguousarray(astronaut[:, :, ::-1]))
    assert (astronaut == before).all()
    assert right >= max((face.score for face in swapped), default=0.0) - 1e-3


@pytest.mark.parametrize("size", [200, 1400])
def test_size_of_the_picture_does_not_matter(
    astronaut: Image, any_detector: FaceDetector, size: int
) -> None:
    scaled = np.asarray(cv2.resize(astronaut, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = any_detector.detect(scaled)
    assert overlap(face.box * (512 / size), ASTRONAUT) > 0.6


def test_the_most_probable_comes_first(astronaut: Image, any_detector: FaceDetector) -> None:
    blurred = np.asarray(cv2.GaussianBlur(astronaut, (0, 0), 4), np.uint8)
    scores = [f.score for f in any_detector.detect(np.concatenate([blurred, astronaut], axis=1))]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 2


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (900, 2, 3), (360, 640, 3)])
@pytest.mark.parametrize("value", [0, 200])
def test_no_face_in_nothing(any_detector: FaceDetector, shape: tuple[int, ...], value: int) -> None:
    assert any_detector.detect(np.full(shape, value, np.uint8)) == []


def test_a_face_cut_by_the_border_stays_near_it(
    astronaut: Image, any_detector: FaceDetector
) -> None:
    for face in any_detector.detect(np.ascontiguousarray(astronaut[:, 200:])):
        assert face.box[0] > -80
        assert align(astronaut[:, 200:], face.landmarks).shape == (48, 48)


def test_a_file_that_is_not_there_or_is_no_yunet(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="YuNet"):
        open_detector(str(tmp_path / "none.onnx"))
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    with pytest.raises(CheckpointError, match="not YuNet's ONNX file"):
        open_detector(str(tmp_path / "bad.onnx"))
    other = Path(__file__).resolve().parents[2] / "vision/checkpoints/resnet/model.onnx"
    with pytest.raises(CheckpointError, match="not YuNet's ONNX file"):
        open_detector(str(other))


def test_the_scorer_takes_either(astronaut: Image, yunet_file: Path) -> None:
    from tests.vision.test_face_scorer import turn_of

    (answer,) = FaceScorer(detector=str(yunet_file)).score([turn_of([astronaut] * 4)])
    assert answer.label == "happy"
    assert answer.reliability > 0.6
