"""Where the pictures come from that are watched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from multimodal.errors import MediaError
from multimodal.media import MediaLimits, frames

Picture = tuple[float, NDArray[np.uint8]]


def of_file(path: Path, limits: MediaLimits) -> Iterator[Picture]:
    """Every picture of a file, as fast as it is decoded.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `frames`.
    """
    rate = limits.max_frame_rate
    return frames(path, 0.0, limits.max_seconds, rate=rate, limits=limits)


def as_it_runs(pictures: Iterator[Picture]) -> Iterator[Picture]:
    """The same pictures, each not before its time, as a player shows them."""
    began = time.perf_counter()
    for at, image in pictures:
        time.sleep(max(0.0, began + at - time.perf_counter()))
        yield at, image


def of_camera(number: int) -> Iterator[Picture]:
    """What a camera sees, until nobody asks any more.

    Args:
        number: Number of the camera, from 0.

    Raises:
        MediaError: If it cannot be opened, or ends.
    """
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # said below
    camera = cv2.VideoCapture(number)
    try:
        if not camera.isOpened():
            raise MediaError(
                "it is not there, is in use, or may not be opened.",
                where=f"camera {number}",
                remedy="Check that it is plugged in, that no other program uses it, and that you "
                "may read it (on Linux /dev/video*, group video).",
            )
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the latest picture, not one that waited
        began = time.perf_counter()
        while True:
            good, image = camera.read()
            if not good:
                raise MediaError(
                    "it gives no more pictures.",
                    where=f"camera {number}",
                    remedy="Check its cable, and start again.",
                )
            at = time.perf_counter() - began
            yield at, np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        camera.release()
