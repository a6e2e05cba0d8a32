from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal.errors import CheckpointError, ModelMissingError
from vision.detection import FaceDetector
from vision.mtcnn import suppress
from vision.networks import read_weights
from vision.tracking import overlap

Image = NDArray[np.uint8]
# Drawn by hand around the face of skimage.data.astronaut(): left, top, right, bottom.
ASTRONAUT = np.array([180, 65, 268, 173], np.float32)


def test_finds_the_astronaut_where_she_is(astronaut: Image, detector: FaceDetector) -> None:
    (face,) = detector.detect(astronaut)
    assert overlap(face.box, ASTRONAUT) > 0.8
    assert 0.9 < face.score <= 1
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert left_eye[1] < nose[1] < left_mouth[1]


@pytest.mark.parametrize("shift", [(40, 0), (0, 56), (-72, 24)])
def test_a_moved_face_is_found_where_it_moved_to(
    astronaut: Image, detector: FaceDetector, shift: tuple[int, int]
) -> None:
    (face,) = detector.detect(astronaut)
    (moved,) = detector.detect(np.roll(astronaut, shift[::-1], axis=(0, 1)))
    assert overlap(moved.box, face.box + np.array([*shift, *shift])) > 0.85


@pytest.mark.parametrize("size", [(160, 160), (2048, 2048)])
def test_size_of_the_picture_does_not_matter(
    astronaut: Image, detector: FaceDetector, size: tuple[int, int]
) -> None:
    scaled = np.asarray(cv2.resize(astronaut, size, interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = detector.detect(scaled)
    assert overlap(face.box * (512 / size[0]), ASTRONAUT) > 0.7


def test_twenty_faces(astronaut: Image, detector: FaceDetector) -> None:
    tile = np.asarray(cv2.resize(astronaut[20:220, 120:320], (128, 128)), np.uint8)
    assert len(detector.detect(np.tile(tile, (4, 5, 1)))) == 20


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (12, 12, 3), (360, 640, 3)])
def test_a_picture_without_a_face(detector: FaceDetector, shape: tuple[int, ...]) -> None:
    assert detector.detect(np.zeros(shape, np.uint8)) == []


def test_noise_is_no_face(detector: FaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (180, 320, 3)).astype(np.uint8)
    assert detector.detect(noise) == []


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("multiface.jpg", 6),
        ("ivan.jpg", 1),
        ("BWPictureHuman.jpg", 1),
        ("free-mountain-vector-01.jpg", 0),
    ],
)
def test_real_photographs(shared: Path, detector: FaceDetector, name: str, count: int) -> None:
    image = cv2.imread(str(shared / "samples" / "images" / name), cv2.IMREAD_COLOR)
    assert image is not None
    rgb = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    assert len(detector.detect(rgb)) == count


def test_weights_that_are_not_the_known_ones_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "pnet.lz4").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(CheckpointError, match="not the weight file"):
        read_weights("pnet", tmp_path)
    with pytest.raises(ModelMissingError, match="no such weight file"):
        read_weights("onet", tmp_path)


def test_suppression_keeps_the_most_probable_of_overlapping_boxes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [20, 0, 30, 10], [2, 2, 5, 5]], np.float32)
    scores = np.array([0.8, 0.9, 0.5, 0.7], np.float32)
    assert suppress(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert suppress(boxes, scores, 0.5, of_smaller=True).tolist() == [1, 2]
