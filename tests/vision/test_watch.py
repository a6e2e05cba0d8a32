"""Capture, detection and recognition side by side: nothing lags, nothing hangs, nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from multimodal.errors import MediaError
from vision.detection import FaceDetector
from vision.expression import ExpressionModel
from vision.watch import Slot, Watch

Image = NDArray[np.uint8]
Pictures = Iterator[tuple[float, Image]]
PAUSE = 0.1


class Slow(ExpressionModel):
    """The real network, on a machine that is far too slow."""

    def predict(self, faces: NDArray[np.uint8]) -> FloatArray:
        time.sleep(PAUSE)
        return super().predict(faces)


@pytest.fixture(scope="module")
def model() -> ExpressionModel:
    return ExpressionModel()


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [t.name for t in threading.enumerate() if t.name.startswith("watch-")]


def camera(image: Image, count: int, step: float) -> Pictures:
    began = time.perf_counter()
    for index in range(count):
        time.sleep(max(0.0, began + index * step - time.perf_counter()))
        yield index * step, image


def test_every_picture_of_a_file_is_answered_in_order(
    astronaut: Image, detector: FaceDetector
) -> None:
    watch = Watch(lambda: camera(astronaut, 8, 0.0), detector, Slow(), lossless=True)
    seen = list(watch.run())
    assert len(seen) == 8
    assert watch.dropped == 0
    for one in seen:
        assert one.sight is not None
        assert one.emotions is not None
        assert one.emotions.shape == (7,)
        assert one.emotions.argmax() == 1  # happy
        assert one.emotions.sum() == pytest.approx(1, abs=1e-4)
        assert one.latency > PAUSE


def test_a_slow_stage_drops_pictures_and_never_lags(
    astronaut: Image, detector: FaceDetector
) -> None:
    detector.detect(astronaut)  # the first run of a network takes longer
    watch = Watch(lambda: camera(astronaut, 120, 0.01), detector, Slow(), lossless=False)
    seen = list(watch.run())
    assert len(seen) + watch.dropped == 120
    assert 5 < len(seen) < 20  # 1.2 s at 0.1 s each
    assert all(a.time < b.time for a, b in pairwise(seen))
    # One picture is waited for, one is worked on: were there a queue, the last would be 10 s old.
    assert max(one.latency for one in seen) < 4 * PAUSE
    assert seen[-1].time == pytest.approx(1.19)  # the latest one is never lost


def test_who_shows_may_be_slow_too(
    astronaut: Image, detector: FaceDetector, model: ExpressionModel
) -> None:
    watch = Watch(lambda: camera(astronaut, 60, 0.01), detector, model, lossless=False)
    old = []
    for one in watch.run():
        old.append(time.perf_counter() - one.taken)
        time.sleep(PAUSE)
    assert len(old) + watch.dropped == 60
    assert max(old) < 3 * PAUSE


def test_no_face_is_no_answer(detector: FaceDetector, model: ExpressionModel) -> None:
    wall = np.full((90, 160, 3), 200, np.uint8)
    (one,) = Watch(lambda: camera(wall, 1, 0.0), detector, model, lossless=True).run()
    assert one.sight is None
    assert one.emotions is None


@pytest.mark.parametrize("lossless", [True, False])
def test_it_can_be_left_early(
    astronaut: Image, detector: FaceDetector, model: ExpressionModel, lossless: bool
) -> None:
    ended = threading.Event()

    def endless() -> Pictures:
        try:
            yield from camera(astronaut, 10_000, 0.002)
        finally:
            ended.set()

    watch = Watch(endless, detector, model, lossless=lossless)
    with closing(watch.run()) as pictures:
        next(pictures)
    assert ended.wait(1)


def test_what_goes_wrong_in_a_thread_is_raised_after_what_was_done(
    astronaut: Image, detector: FaceDetector, model: ExpressionModel
) -> None:
    def broken() -> Pictures:
        yield 0.0, astronaut
        raise MediaError("it gives no more pictures.", where="camera 0")

    pictures = Watch(broken, detector, model, lossless=True).run()
    assert next(pictures).time == 0
    with pytest.raises(MediaError, match="camera 0"):
        next(pictures)


def test_a_stage_that_fails_ends_the_ones_in_front(
    astronaut: Image, detector: FaceDetector
) -> None:
    class Broken(ExpressionModel):
        def predict(self, faces: NDArray[np.uint8]) -> FloatArray:
            raise ZeroDivisionError

    watch = Watch(lambda: camera(astronaut, 10_000, 0.0), detector, Broken(), lossless=True)
    with pytest.raises(ZeroDivisionError):
        list(watch.run())


def test_a_slot_keeps_the_newest_and_counts_the_others() -> None:
    slot: Slot[int] = Slot(lossless=False)
    assert all(slot.put(i) for i in range(5))
    slot.close()
    assert not slot.put(9)
    assert list(slot) == [4]
    assert slot.dropped == 4
