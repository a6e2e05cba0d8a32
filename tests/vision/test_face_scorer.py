from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal.conversation import Role, Turn
from multimodal.scoring import Frame, Scorer, TurnInput
from vision.detection import FaceDetector
from vision.expression import EXPRESSIONS, SIDE, ExpressionModel, fold_contempt
from vision.scorer import FaceScorer, moments
from vision.tracking import FaceTracker, prominence

Image = NDArray[np.uint8]
STEP = 0.2


@pytest.fixture(scope="module")
def scorer() -> FaceScorer:
    return FaceScorer()


def turn_of(images: Sequence[Image]) -> TurnInput:
    def frames() -> Iterator[Frame]:
        return (Frame(10 + i * STEP, image) for i, image in enumerate(images))

    return TurnInput(Turn(Role.CUSTOMER, start=10.0, end=20.0), frames=frames)


def beside(left: Image, right: Image) -> Image:
    return np.concatenate([left, right], axis=1)


def test_is_a_scorer_that_reads_nothing_but_frames(scorer: FaceScorer) -> None:
    assert isinstance(scorer, Scorer)
    assert scorer.needs == {"frames"}
    assert scorer.info.terms == "research"


def test_a_smile_is_happy(scorer: FaceScorer, astronaut: Image) -> None:
    (answer,) = scorer.score([turn_of([astronaut] * 8)])
    assert answer.label == "happy"
    assert answer.reliability > 0.8
    assert answer.valence is not None
    assert answer.valence > 0.5
    assert answer.model == scorer.info
    assert [item.kind for item in answer.evidence] == ["moment"] * 2
    for item in answer.evidence:
        assert item.name == "happy"
        assert item.start is not None
        assert item.end is not None
        assert 10 <= item.start < item.end <= 12


def test_order_length_batch_and_determinism(scorer: FaceScorer, astronaut: Image) -> None:
    black = np.zeros_like(astronaut)
    smaller = np.asarray(cv2.resize(astronaut, (200, 200)), np.uint8)
    inputs = [turn_of([astronaut]), turn_of([black]), turn_of([smaller] * 3), turn_of([])]
    together, again = scorer.score(inputs), scorer.score(inputs)
    alone = [scorer.score([item])[0] for item in inputs]
    assert [answer.is_missing for answer in together] == [False, True, False, True]
    for one, two, three in zip(together, again, alone, strict=True):
        assert one.probabilities == pytest.approx(two.probabilities, abs=0)
        assert one.probabilities == pytest.approx(three.probabilities, abs=1e-5)
        assert one.reliability == two.reliability == three.reliability
    assert scorer.score([]) == []


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        ([], "no pictures"),
        ([np.zeros((90, 160, 3), np.uint8)] * 2, "black"),
        ([np.zeros((1, 1, 3), np.uint8)], "black"),
        ([np.full((1, 1, 3), 200, np.uint8)], "no usable face in 1"),
        ([np.full((90, 160, 3), 200, np.uint8)] * 2, "no usable face in 2"),
    ],
)
def test_missing_says_why(scorer: FaceScorer, images: list[Image], reason: str) -> None:
    (answer,) = scorer.score([turn_of(images)])
    assert answer.is_missing
    assert reason in answer.reason


def test_without_frames_nothing_is_looked_at(scorer: FaceScorer) -> None:
    (answer,) = scorer.score([TurnInput(Turn(Role.CUSTOMER), reason="policy: no notice")])
    assert answer.reason == "policy: no notice"


def test_half_the_pictures_without_a_face_halve_the_reliability(
    scorer: FaceScorer, astronaut: Image
) -> None:
    wall = np.full_like(astronaut, 180)
    whole, half = scorer.score([turn_of([astronaut] * 4), turn_of([astronaut] * 4 + [wall] * 4)])
    assert 0.4 < half.reliability / whole.reliability < 0.6
    assert half.label == whole.label


def test_the_tracker_stays_with_its_face(astronaut: Image, detector: FaceDetector) -> None:
    small = np.full_like(astronaut, 180)
    small[100:400, 100:400] = cv2.resize(astronaut, (300, 300))
    tracker = FaceTracker(detector)
    first = tracker.follow(beside(small, np.full_like(astronaut, 180)))
    assert first is not None
    # A larger face comes in beside it; the one that is followed stays.
    seen = [tracker.follow(beside(small, astronaut)) for _ in range(7)]
    assert all(sight is not None and sight.face.box[2] < 512 for sight in seen)
    (fresh,) = [FaceTracker(detector).follow(beside(small, astronaut))]
    assert fresh is not None
    assert fresh.face.box[0] > 512


def test_a_new_face_is_taken_when_the_old_one_is_gone(
    astronaut: Image, detector: FaceDetector
) -> None:
    wall = np.full_like(astronaut, 180)
    tracker = FaceTracker(detector)
    assert tracker.follow(beside(astronaut, wall)) is not None
    seen = [tracker.follow(beside(wall, astronaut)) for _ in range(7)]
    assert seen[0] is None
    assert seen[-1] is not None


def test_a_central_face_is_more_prominent_than_one_at_the_edge(
    astronaut: Image, detector: FaceDetector
) -> None:
    (face,) = detector.detect(astronaut)
    assert prominence(face, (236, 448)) > prominence(face, (1000, 2000))


def test_moments_are_the_clearest_ones_and_lie_apart() -> None:
    times = np.linspace(0.0, 3.8, 20)
    each = np.full((20, 7), 0.1, np.float32)
    each[[4, 5, 15], 1] = [0.8, 0.9, 0.7]
    found = moments(times, np.ones(20), each, 1)
    assert [item.start for item in found] == pytest.approx([1.0, 3.0])
    assert [item.weight for item in found] == pytest.approx([0.9, 0.7])


def test_contempt_goes_to_disgust() -> None:
    folded = fold_contempt(np.eye(len(EXPRESSIONS), dtype=np.float32))
    assert folded.sum(axis=1) == pytest.approx(1.0)
    assert (folded.argmax(axis=1) == [0, 1, 4, 2, 3, 5, 6, 5]).all()


def test_the_network_does_not_mind_light_or_batch() -> None:
    model = ExpressionModel()
    faces = np.random.default_rng(0).integers(60, 120, (70, SIDE, SIDE)).astype(np.uint8)
    together = model.predict(faces)
    alone = np.concatenate([model.predict(faces[i : i + 1]) for i in range(70)])
    assert together == pytest.approx(alone, abs=1e-5)
    assert together.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert model.predict(faces + 100) == pytest.approx(together, abs=1e-3)
    assert model.predict(faces[:0]).shape == (0, 8)


def test_serving_loads_no_torch_and_changes_no_thread_count() -> None:
    code = """
import json, sys, cv2, numpy as np
before = cv2.getNumThreads()
from multimodal.conversation import Role, Turn
from multimodal.scoring import Frame, TurnInput
from vision.scorer import FaceScorer
picture = np.full((90, 160, 3), 200, np.uint8)
frames = lambda: iter([Frame(0.0, picture)])
FaceScorer().score([TurnInput(Turn(Role.CUSTOMER), frames=frames)])
heavy = {"torch", "transformers", "tensorflow", "mtcnn"}
print(json.dumps([before, cv2.getNumThreads(), sorted(heavy & set(sys.modules))]))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after, loaded = json.loads(run.stdout)
    assert before == after
    assert loaded == []
