"""Opening a recording: found out by content, checked against limits, decoded packet by packet."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream as AvAudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideoStream

from multimodal.errors import InputFileError, MediaError, MediaLimitError

_PICTURE_FORMATS = {"image2", "gif", "apng", "ico"}
"""FFmpeg's names for pictures, besides those that end in `_pipe`."""
_CONVERT = "Convert it, for instance with: ffmpeg -i INPUT OUTPUT.wav (or .mp4 for video)."


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """What a recording may have at most; anything above is refused before it is decoded.

    Attributes:
        max_seconds: Length in seconds.
        max_pixels: Width times height of the picture. The default, 4096 x 2304, is the largest
            picture of H.264 level 5.1 (36,864 macroblocks): 4K, upright or across.
        max_streams: Streams of any kind in the file.
        max_channels: Audio channels.
        max_rate: Sample rate in Hz.
        max_frame_rate: Pictures per second; the default allows a telephone's slow motion.
    """

    max_seconds: float = 4 * 3600.0
    max_pixels: int = 4096 * 2304
    max_streams: int = 16
    max_channels: int = 8
    max_rate: int = 192_000
    max_frame_rate: float = 240.0


DEFAULT_LIMITS = MediaLimits()


@dataclass(frozen=True, slots=True)
class AudioStream:
    """The sound of a recording: sample rate in Hz, number of channels, FFmpeg's codec name."""

    rate: int
    channels: int
    codec: str


@dataclass(frozen=True, slots=True)
class VideoStream:
    """The moving picture of a recording.

    Attributes:
        width: Pixels, as stored (before the rotation).
        height: Pixels, as stored.
        frame_rate: Mean pictures per second; 0 where the file does not say.
        rotation: Degrees counter-clockwise (0, 90, 180, 270) that turn the stored picture upright.
        codec: FFmpeg's codec name.
    """

    width: int
    height: int
    frame_rate: float
    rotation: int
    codec: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording says about itself.

    Attributes:
        path: The file.
        container: FFmpeg's name of the container, for instance `wav` or `mov,mp4,m4a,3gp,3g2,mj2`.
        seconds: Length, > 0: as stated, or where nothing is stated, that of its packets.
        audio: The sound, None where there is none.
        video: The moving picture, None where there is none (cover art is none).
    """

    path: Path
    container: str
    seconds: float
    audio: AudioStream | None
    video: VideoStream | None


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording that is within its limits.

    Attributes:
        path: The file.
        container: PyAV's container.
        limits: What it was checked against.
        origin: The container's time in seconds that is the recording's second 0.
    """

    path: Path
    container: InputContainer
    limits: MediaLimits
    origin: float

    @property
    def audio(self) -> AvAudioStream | None:
        """The stream that a player would play: the container's default, else the first usable."""
        usable = [s for s in self.container.streams.audio if s.codec_context and s.rate]
        return min(usable, key=_default_first, default=None)

    @property
    def video(self) -> AvVideoStream | None:
        """The moving picture that a player would show; cover art is none."""
        usable = [
            s
            for s in self.container.streams.video
            if s.codec_context and s.width and not _is_cover(s)
        ]
        return min(usable, key=_default_first, default=None)


def probe(path: Path, limits: MediaLimits = DEFAULT_LIMITS) -> MediaInfo:
    """What is in a recording, from its headers.

    Nothing is decoded but, for the rotation and after all limits are checked, one picture.

    Args:
        path: The file. Its name's ending does not matter.
        limits: What it may have at most.

    Raises:
        InputFileError: If it is not there, not a file, or may not be read.
        MediaLimitError: If it is beyond a limit.
        MediaError: If it is empty, damaged, a picture, or holds neither sound nor moving picture.
    """
    with open_recording(path, limits) as recording:
        audio, video = recording.audio, recording.video
        seconds = (recording.container.duration or 0) / av.time_base
        if seconds <= 0:
            seconds = _seconds_of_packets(path, limits)
        if seconds <= 0:
            raise MediaError(
                "it has a length of 0 seconds, or no times at all.",
                where=path.name,
                remedy=_CONVERT,
            )
        return MediaInfo(
            path,
            recording.container.format.name,
            seconds,
            AudioStream(audio.rate, audio.channels, audio.codec_context.name) if audio else None,
            _video_stream(recording, video) if video else None,
        )


@contextmanager
def open_recording(path: Path, limits: MediaLimits) -> Iterator[Recording]:
    """Opens a file and checks what it states about itself; raises as `probe` does."""
    with _open_file(path) as file:
        try:
            container = av.open(
                file,
                mode="r",
                # A playlist could otherwise make FFmpeg open other files or addresses.
                container_options={"protocol_whitelist": "none"},
                # FFmpeg decodes a little to find formats out; this bounds that as well.
                options={"max_pixels": str(limits.max_pixels)},
                metadata_errors="replace",
            )
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                f"it is no recording that FFmpeg can read, or it is cut off ({_reason(error)}).",
                where=path.name,
                remedy="Check that it plays, and export it again.",
            ) from error
        with container:
            origin = (container.start_time or 0) / av.time_base
            recording = Recording(path, container, limits, origin)
            _check(recording)
            yield recording


def decoded(
    recording: Recording, stream: AvAudioStream | AvVideoStream
) -> Iterator[AudioFrame | VideoFrame]:
    """All frames of one stream; damaged packets are left out, as a player does.

    Raises:
        MediaError: If the stream has packets and none could be decoded.
    """
    usable = False
    failure: Exception | None = None
    packets = recording.container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            found = [] if packet is None else packet.decode()
        except av.FFmpegError as error:
            failure = error
            # A decoder that fails goes on with the next packet; a file that cannot be read ends.
            if not isinstance(error, av.error.InvalidDataError):
                break
            continue
        if packet is None:
            break
        usable = usable or bool(found)
        yield from (frame for frame in found if isinstance(frame, (AudioFrame, VideoFrame)))
    if failure and not usable:
        raise MediaError(
            f"nothing of its {stream.type} could be decoded ({_reason(failure)}).",
            where=recording.path.name,
            remedy="Check that it plays, and export it again.",
        ) from failure


def too_long(path: Path, limits: MediaLimits, seconds: float) -> MediaLimitError:
    """The error for a recording that is, or turns out to be, longer than the limit."""
    return MediaLimitError(
        f"it lasts {seconds / 3600:.1f} hours or more, expected at most "
        f"{limits.max_seconds / 3600:.1f}.",
        where=path.name,
        remedy="Split it, or raise the limit in the settings.",
    )


def lacking(path: Path, what: str) -> MediaError:
    """The error for a recording that lacks its sound or its picture."""
    return MediaError(f"it has no {what}.", where=path.name, remedy="Give the recording that has.")


def _open_file(path: Path) -> BinaryIO:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputFileError("it is not a file.", where=str(path), remedy="Name a file.")
        if status.st_size == 0:
            raise MediaError("the file is empty.", where=path.name, remedy="Export it again.")
        # By descriptor, so that the file has no name and FFmpeg judges by content alone.
        return os.fdopen(os.open(path, os.O_RDONLY), "rb")
    except (InputFileError, MediaError):
        raise
    except FileNotFoundError as error:
        raise InputFileError(
            "there is no such file.", where=str(path), remedy="Check its name and its place."
        ) from error
    except (OSError, ValueError) as error:
        raise InputFileError(
            f"it cannot be read ({_reason(error)}).",
            where=str(path),
            remedy="Check the permissions of the file and of its folder.",
        ) from error


def _check(recording: Recording) -> None:
    """Raises if the recording is a picture, has nothing usable, or is beyond a limit."""
    container, limits, name = recording.container, recording.limits, recording.path.name
    audio, video = recording.audio, recording.video
    kind = container.format.name
    still = audio is None and video is not None and video.frames == 1
    if kind.endswith("_pipe") or kind in _PICTURE_FORMATS or still:
        raise MediaError(
            f"it is a picture ({kind.removesuffix('_pipe')}), not a recording, whatever its name.",
            where=name,
            remedy="Give a recording with sound or moving picture.",
        )
    for stream in container.streams.video:
        # FFmpeg leaves out the size of pictures that are beyond its option max_pixels.
        if stream.codec_context and not stream.width and not _is_cover(stream):
            raise MediaLimitError(
                f"its picture has more than {limits.max_pixels:,} pixels, or states no size.",
                where=name,
                remedy="Convert it to less, or raise the limit in the settings.",
            )
    stated: list[tuple[str, float, float]] = [
        ("streams", len(container.streams), limits.max_streams)
    ]
    if audio:
        stated.append(("audio channels", audio.channels, limits.max_channels))
        stated.append(("Hz sample rate", audio.rate, limits.max_rate))
    if video:
        stated.append(("pixels in a picture", video.width * video.height, limits.max_pixels))
        rate = float(video.average_rate or 0)
        stated.append(("pictures per second", rate, limits.max_frame_rate))
    for what, value, limit in stated:
        if value > limit:
            raise MediaLimitError(
                f"it has {value:,.0f} {what}, expected at most {limit:,.0f}.",
                where=name,
                remedy="Convert it to less, or raise the limit in the settings.",
            )
    if audio is None and video is None:
        held = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise MediaError(
            f"it holds neither sound nor moving picture that FFmpeg can decode (it holds {held}).",
            where=name,
            remedy=_CONVERT,
        )
    seconds = (container.duration or 0) / av.time_base
    if seconds > limits.max_seconds:
        raise too_long(recording.path, limits, seconds)


def _seconds_of_packets(path: Path, limits: MediaLimits) -> float:
    """The end of the last packet, for containers that state no length (a browser's WebM)."""
    end = 0.0
    with open_recording(path, limits) as recording, suppress(av.FFmpegError):
        for packet in recording.container.demux():
            if packet.pts is not None and packet.time_base is not None:
                last = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                end = max(end, last - recording.origin)
                if end > limits.max_seconds:
                    raise too_long(path, limits, end)
    return end


def _video_stream(recording: Recording, video: AvVideoStream) -> VideoStream:
    # PyAV shows the rotation on decoded pictures only.
    try:
        first = next(decoded(recording, video), None)
    except MediaError:
        first = None
    rotation = first.rotation % 360 if isinstance(first, VideoFrame) else 0
    rate = float(video.average_rate or 0)
    return VideoStream(video.width, video.height, rate, rotation, video.codec_context.name)


def _is_cover(stream: AvVideoStream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _default_first(stream: AvAudioStream | AvVideoStream) -> tuple[bool, int]:
    return not stream.disposition & Disposition.default, stream.index


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).strip().rstrip(".")
