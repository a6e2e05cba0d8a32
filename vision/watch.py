"""Watching a video as it runs: capture, detection and recognition side by side.

Each stage is a thread, and between two of them there is room for one picture. Live, a newer picture
takes the place of one that nobody has fetched yet, so that what is seen is never old, however slow
a stage is; a file that is to be read whole makes the stages wait for each other instead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from vision.detection import FaceDetector
from vision.expression import ExpressionModel, fold_contempt
from vision.tracking import FaceTracker, Sight

Source = Callable[[], Iterator[tuple[float, NDArray[np.uint8]]]]
"""Gives pictures as they come: seconds since the start, and RGB uint8 (height, width, 3)."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One picture and what was seen in it.

    Attributes:
        time: Seconds since the start of the video.
        image: RGB uint8 (height, width, 3).
        taken: When it was captured, in seconds of `time.perf_counter`.
        sight: The face that is followed, None where it is not to be seen.
        emotions: Its probabilities, float32 (7,), in the order of `EMOTIONS`; None without a face.
        labelled: When the answer was there, on the same clock as `taken`.
    """

    time: float
    image: NDArray[np.uint8]
    taken: float
    sight: Sight | None = None
    emotions: FloatArray | None = None
    labelled: float = 0.0

    @property
    def latency(self) -> float:
        """Seconds from capture to label."""
        return self.labelled - self.taken


class Slot(Generic[Item]):
    """A queue between two threads with one place.

    Args:
        lossless: Whether who puts waits until the place is free. Else what lies there is replaced.

    Attributes:
        dropped: How many items were replaced before they were fetched.
    """

    def __init__(self, *, lossless: bool) -> None:
        self._lossless = lossless
        self._changed = threading.Condition()
        self._items: list[Item] = []
        self._closed = False
        self.dropped = 0

    def put(self, item: Item) -> bool:
        """Lays an item into the place; False if the slot is closed."""
        with self._changed:
            if self._lossless:
                self._changed.wait_for(lambda: self._closed or not self._items)
            if self._closed:
                return False
            self.dropped += len(self._items)
            self._items = [item]
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """No more items are taken; the last one can still be fetched."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Item]:
        """Items as they come, until the slot is closed and empty."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or bool(self._items))
                if not self._items:
                    return
                item = self._items.pop()
                self._changed.notify_all()
            yield item


class Watch:
    """Pictures of a source with the most prominent face in them; to be run once.

    Only one face is followed, as when a turn is scored: the customer's, whom the picture was
    declared to show.

    Args:
        source: Where pictures come from; it is called in the capturing thread.
        detector: What finds faces.
        model: What names their expressions.
        lossless: Whether every picture is looked at, however long it takes, instead of the latest.
    """

    def __init__(
        self, source: Source, detector: FaceDetector, model: ExpressionModel, *, lossless: bool
    ) -> None:
        self._source = source
        self._tracker = FaceTracker(detector)
        self._model = model
        self._captured: Slot[Seen] = Slot(lossless=lossless)
        self._detected: Slot[Seen] = Slot(lossless=lossless)
        self._recognised: Slot[Seen] = Slot(lossless=lossless)
        self._error: BaseException | None = None

    @property
    def dropped(self) -> int:
        """Pictures so far that were never shown, because newer ones had come."""
        return sum(slot.dropped for slot in self._slots)

    @property
    def _slots(self) -> tuple[Slot[Seen], ...]:
        return self._captured, self._detected, self._recognised

    def run(self) -> Generator[Seen, None, None]:
        """Pictures in their order, each as soon as its face has an answer. Close it to end early.

        Raises:
            Exception: What any stage raised, after the pictures that it had finished.
        """
        threads = [
            threading.Thread(target=self._guarded, args=(stage, slot), name=f"watch-{name}")
            for name, stage, slot in (
                ("capture", self._capture, self._captured),
                ("detect", self._detect, self._detected),
                ("recognise", self._recognise, self._recognised),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._recognised
        finally:
            for slot in self._slots:
                slot.close()
            for thread in threads:
                thread.join()
        if self._error is not None:
            raise self._error

    def _guarded(self, stage: Callable[[], None], slot: Slot[Seen]) -> None:
        """Runs a stage; however it ends, the ones behind it come to their end too."""
        try:
            stage()
        except BaseException as error:
            self._error = self._error or error
        finally:
            slot.close()

    def _capture(self) -> None:
        for at, image in self._source():
            if not self._captured.put(Seen(at, image, time.perf_counter())):
                return

    def _detect(self) -> None:
        for seen in self._captured:
            if not self._detected.put(replace(seen, sight=self._tracker.follow(seen.image))):
                return

    def _recognise(self) -> None:
        for seen in self._detected:
            emotions = None
            if seen.sight is not None:
                emotions = fold_contempt(self._model.predict(seen.sight.crop[None]))[0]
            done = replace(seen, emotions=emotions, labelled=time.perf_counter())
            if not self._recognised.put(done):
                return
