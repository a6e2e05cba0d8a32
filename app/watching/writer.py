"""Writes drawn pictures as a video file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from numpy.typing import NDArray

from multimodal.errors import InvalidInputError, OutputError

SUFFIXES = (".mp4", ".mkv", ".mov")
_CLOCK = Fraction(1, 90_000)
_CODECS = ("libx264", "mpeg4")  # the second where FFmpeg was built without x264


class VideoWriter:
    """A video file without sound; a context manager that finishes it, whatever happens.

    Args:
        path: Where it is written; what is there is replaced.
        size: Width and height in pixels, both even; pictures of another size are scaled.

    Raises:
        InvalidInputError: If the name ends in something else than `SUFFIXES`.
        OutputError: If it cannot be written.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        if path.suffix.lower() not in SUFFIXES:
            raise InvalidInputError(
                f"the name ends in {path.suffix or 'nothing'}, expected {', '.join(SUFFIXES)}.",
                where=str(path),
            )
        codec = next(name for name in _CODECS if name in av.codecs_available)
        self._path = path
        self._last = -1
        try:
            self._container = av.open(str(path), "w")
            stream = self._container.add_stream(codec, rate=30)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        assert isinstance(stream, av.VideoStream)
        self._stream: av.VideoStream = stream
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = _CLOCK
        if codec == "libx264":
            self._stream.options = {"preset": "veryfast"}
        else:
            self._stream.bit_rate = 4_000_000

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._last >= 0:
                self._container.mux(self._stream.encode(None))
            self._container.close()
        except (av.FFmpegError, OSError) as failure:
            if kind is None:
                raise self._failed(failure) from failure

    def add(self, time: float, image: NDArray[np.uint8]) -> None:
        """Adds a picture.

        Args:
            time: Seconds since the start, not before the one in front of it.
            image: RGB uint8 (height, width, 3).

        Raises:
            OutputError: If it cannot be written, for instance because the disk is full.
        """
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        self._last = max(self._last + 1, round(max(time, 0.0) / _CLOCK))
        frame.pts, frame.time_base = self._last, _CLOCK
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> OutputError:
        reason = (getattr(error, "strerror", None) or str(error)).strip().rstrip(".")
        return OutputError(
            f"the video cannot be written ({reason}).",
            where=str(self._path),
            remedy="Check that its folder is there, may be written, and has room.",
        )
