"""The pictures of a recording, a few per second, small, upright and in constant memory."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from pathlib import Path

import av
import numpy as np
from av.codec.context import ThreadType
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from multimodal.errors import InvalidInputError, MediaError, MediaLimitError
from multimodal.media.container import (
    DEFAULT_LIMITS,
    MediaLimits,
    Recording,
    decoded,
    lacking,
    open_recording,
    too_long,
)

_CLOCK = 1e-3
"""Seconds: the coarsest clock of a common container (Matroska, FLV)."""
_BURST_SECONDS = 10.0
"""Pictures worth this long may come at once before the frame rate counts as a lie."""


def frames(
    path: Path,
    start: float,
    end: float,
    *,
    rate: float,
    max_side: int = 1280,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """Pictures of a span, about `rate` a second, never more than the video has.

    Decoding begins at the key frame in front of `start`. Pictures are scaled while they are
    converted, so that no full-size RGB picture ever exists.

    Args:
        path: The file.
        start: Seconds in the recording.
        end: Seconds in the recording; the span is [start, end).
        rate: Pictures per second, > 0.
        max_side: Pixels that the longer side has at most.
        limits: Enforced while decoding, whatever the header says.

    Yields:
        Seconds in the recording, and the picture: RGB uint8 (height, width, 3), turned upright.

    Raises:
        InvalidInputError: If `start`, `end` or `rate` is no number that makes sense.
        InputFileError, MediaLimitError, MediaError: As `probe`; MediaError also for a recording
            without moving picture, and if nothing of it can be decoded.
    """
    if not (math.isfinite(start) and math.isfinite(end) and 0 < rate < math.inf):
        raise InvalidInputError(
            f"pictures from {start} to {end} s at {rate} a second, expected finite numbers and a "
            "rate above 0.",
            where=path.name,
        )
    start = max(start, 0.0)
    if end <= start:
        return
    wanted = start
    matrix: tuple[int, ...] | None = None
    for time, frame in _from_key_frame(path, start, limits):
        if time >= end:
            return
        if time >= wanted - _CLOCK:
            # Once only: a frame whose side data was read outlives its use (PyAV ties the two in a
            # cycle), and at 4K each is 12 MB.
            matrix = _display_matrix(frame) if matrix is None else matrix
            yield time, _upright(_small(frame, max_side), matrix)
            wanted = start + (math.floor((time + _CLOCK - start) * rate) + 1) / rate


def _from_key_frame(
    path: Path, start: float, limits: MediaLimits
) -> Iterator[tuple[float, VideoFrame]]:
    """Pictures from a key frame at or before `start`; from the beginning without an index."""
    if start > 0:
        found = _decoded_at(path, start, limits)
        first = next(found, None)
        if first is not None and first[0] <= start:
            yield first
            yield from found
            return
        found.close()
    yield from _decoded_at(path, 0.0, limits)


def _decoded_at(
    path: Path, target: float, limits: MediaLimits
) -> Generator[tuple[float, VideoFrame], None, None]:
    """Times and pictures from where the container's index leads; nothing if it leads nowhere."""
    with open_recording(path, limits) as recording:
        stream = recording.video
        if stream is None:
            raise lacking(path, "moving picture")
        # Slices, not frames, side by side: each further frame in flight costs 12 MB at 4K.
        stream.thread_type, stream.thread_count = ThreadType.SLICE, 2
        try:
            if target > 0:
                recording.container.seek(round((target + recording.origin) * av.time_base))
            yield from _checked(recording, stream)
        except (av.FFmpegError, MediaError) as error:
            if target == 0 or isinstance(error, MediaLimitError):
                raise


def _checked(recording: Recording, stream: VideoStream) -> Iterator[tuple[float, VideoFrame]]:
    """Decoded pictures with their times, as long as both stay within the limits."""
    limits = recording.limits
    first: float | None = None
    for count, frame in enumerate(decoded(recording, stream)):
        assert isinstance(frame, VideoFrame)
        if frame.pts is None:
            continue
        time = frame.time - recording.origin
        first = time if first is None else first
        if time > limits.max_seconds:
            raise too_long(recording.path, limits, time)
        if count > limits.max_frame_rate * (max(time - first, 0.0) + _BURST_SECONDS):
            raise MediaLimitError(
                f"it has more than {limits.max_frame_rate:,.0f} pictures per second.",
                where=f"{recording.path.name}, {time:.1f} s",
                remedy="Convert it to less, or raise the limit in the settings.",
            )
        if frame.width * frame.height > limits.max_pixels:
            raise MediaLimitError(
                f"its pictures grow to {frame.width} x {frame.height}, expected at most "
                f"{limits.max_pixels:,} pixels.",
                where=f"{recording.path.name}, {time:.1f} s",
            )
        yield time, frame


def _small(frame: VideoFrame, max_side: int) -> NDArray[np.uint8]:
    """The picture as RGB (height, width, 3), scaled down to `max_side`."""
    scale = min(1.0, max_side / max(frame.width, frame.height))
    small = frame.reformat(
        width=max(round(frame.width * scale), 1),
        height=max(round(frame.height * scale), 1),
        format="rgb24",
        interpolation=Interpolation.BILINEAR,
        threads=1,
    )
    return small.to_ndarray().astype(np.uint8, copy=False)


def _display_matrix(frame: VideoFrame) -> tuple[int, ...]:
    """The numbers a, b, c, d that map a stored point to (a x + c y, b x + d y) as displayed.

    FFmpeg (libavutil/display.h) keeps them as 16.16 fixed point at 0, 1, 3 and 4 of nine.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return (1, 0, 0, 1)
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    return (a, b, c, d)


def _upright(image: NDArray[np.uint8], matrix: tuple[int, ...]) -> NDArray[np.uint8]:
    """Applies quarter turns and mirrors; both ways of holding a telephone come with them."""
    a, b, c, d = matrix
    if abs(b) > abs(a):
        image, flip_x, flip_y = image.transpose(1, 0, 2), c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    return np.ascontiguousarray(image[:: -1 if flip_y else 1, :: -1 if flip_x else 1])
