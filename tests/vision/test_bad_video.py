"""Videos that are odd or broken, from the file to the answer: a score, or why there is none."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.watching.writer import VideoWriter
from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.errors import MediaError
from multimodal.media import frames
from multimodal.scoring import Frame, TurnInput
from tests.multimodal.test_media_video import write
from vision.detection import FaceDetector
from vision.scorer import FaceScorer
from vision.tracking import FaceTracker, overlap

Image = NDArray[np.uint8]
CLUSTER = bytes.fromhex("1f43b675")
"""Where a Matroska file's pictures begin, after all that it says of itself."""


@pytest.fixture(scope="module")
def scorer() -> FaceScorer:
    return FaceScorer()


@pytest.fixture(scope="module")
def head(astronaut: Image) -> Image:
    """The face with a margin, (240, 240, 3); the face itself is some 90 by 110 pixels."""
    return np.ascontiguousarray(astronaut[0:240, 104:344])


def _same(image: Image, _index: int) -> Image:
    return image


def score(scorer: FaceScorer, path: Path, end: float = 10.0) -> EmotionScores:
    turn = TurnInput(
        Turn(Role.CUSTOMER, start=0.0, end=end),
        frames=lambda: (Frame(at, image) for at, image in frames(path, 0.0, end, rate=5)),
    )
    return scorer.score([turn])[0]


def test_pictures_at_uneven_times_count_by_their_times(
    scorer: FaceScorer, head: Image, tmp_path: Path
) -> None:
    path = tmp_path / "x.mkv"
    times = [*np.arange(0.0, 1.0, 0.02), 1.7, 3.0, *np.arange(3.5, 4.0, 0.1)]
    with VideoWriter(path, (240, 240)) as writer:
        for at in times:
            writer.add(float(at), head)
    answer = score(scorer, path)
    assert answer.label == "happy"
    assert answer.reliability > 0.5
    for item in answer.evidence:
        assert item.start is not None
        assert min(abs(item.start - at) for at in times) < 0.21


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_face_that_lies_in_the_file_is_read_upright(
    scorer: FaceScorer, head: Image, tmp_path: Path, rotation: int
) -> None:
    def stored(_index: int) -> Image:  # what a player turns by `rotation` to show it upright
        return np.ascontiguousarray(np.rot90(head, -rotation // 90))

    turned = score(scorer, write(tmp_path / "turned.mp4", stored, count=25, rotation=rotation))
    lying = score(scorer, write(tmp_path / "lying.mp4", stored, count=25))
    assert turned.label == "happy"
    assert turned.reliability > 0.5
    # Upside down it is found and misread, so that the turn in the file is what makes it right.
    assert lying.is_missing or lying.label != "happy"


def test_a_video_of_one_pixel_has_no_face(scorer: FaceScorer, tmp_path: Path) -> None:
    def pixel(_index: int) -> Image:
        return np.full((1, 1, 3), 200, np.uint8)

    answer = score(scorer, write(tmp_path / "x.mkv", pixel, codec="ffv1", count=5))
    assert answer.is_missing
    assert "no usable face" in answer.reason


def test_a_video_without_pictures(scorer: FaceScorer, head: Image, tmp_path: Path) -> None:
    path = write(tmp_path / "x.mkv", lambda _index: head, codec="mpeg4", count=5)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(CLUSTER)])
    with pytest.raises(MediaError, match=r"x\.mkv: it is no recording .* or it is cut off"):
        score(scorer, path)


def test_what_is_left_of_a_video_that_was_cut_off_is_read(
    scorer: FaceScorer, head: Image, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.mkv", lambda _index: head, codec="mpeg4", count=100)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert score(scorer, path).label == "happy"


def test_a_face_cut_by_the_border_counts_less_or_not_at_all(
    scorer: FaceScorer, head: Image, tmp_path: Path
) -> None:
    found = []
    for name, left in (("whole", 0), ("cut", 110), ("gone", 180)):
        canvas = np.full_like(head, 120)
        canvas[:, : 240 - left] = head[:, left:]
        path = write(tmp_path / f"{name}.mp4", partial(_same, canvas), count=25)
        found.append(score(scorer, path))
    whole, cut, gone = found
    assert whole.reliability > 0.5
    assert cut.reliability < whole.reliability
    assert gone.is_missing


def test_of_twenty_faces_one_is_followed(
    scorer: FaceScorer, detector: FaceDetector, head: Image, tmp_path: Path
) -> None:
    small = np.asarray(cv2.resize(head, (160, 160), interpolation=cv2.INTER_AREA), np.uint8)
    crowd = np.tile(small, (4, 5, 1))
    assert len(detector.detect(crowd)) == 20
    path = write(tmp_path / "x.mp4", lambda _index: crowd, count=50)
    tracker = FaceTracker(detector)
    seen = [tracker.follow(image) for _, image in frames(path, 0.0, 2.0, rate=25)]
    boxes = [sight.face.box for sight in seen if sight is not None]
    assert len(boxes) == 50
    assert all(overlap(a, b) > 0.5 for a, b in itertools.pairwise(boxes))
    assert score(scorer, path).label == "happy"
