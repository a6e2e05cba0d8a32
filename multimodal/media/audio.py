"""The sound of a recording: in blocks, or cut into turns, decoded once and in constant memory."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame

from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError, MediaError
from multimodal.media.container import (
    DEFAULT_LIMITS,
    MediaLimits,
    Recording,
    decoded,
    lacking,
    open_recording,
    too_long,
)

MAX_TURN_SECONDS = 30.0
"""What is kept of one turn's sound; emotion in a longer turn is judged by its first part."""
_GAP_SECONDS = 0.05
"""Timestamps may jitter by this much (coarse clocks) without anything being missing."""
_RESET_SECONDS = 1.0
"""Timestamps that jump back by more than this were restarted; the sound simply goes on."""


def audio_blocks(
    path: Path, *, seconds: float = 10.0, limits: MediaLimits = DEFAULT_LIMITS
) -> Iterator[FloatArray]:
    """The sound of a recording from its second 0, block by block.

    Where the file has a gap (sound that starts after the picture, lost packets) there is silence,
    so that the n-th sample is always the one at n / rate seconds.

    Args:
        path: The file.
        seconds: Length of each block but the last.
        limits: Enforced while decoding, whatever the header says.

    Yields:
        float32 (n, channels) at the file's own rate, in [-1, 1]; NaN and infinite samples of a
        floating-point file are left as they are.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `probe`; MediaError also for a recording
            without sound, and if nothing of it can be decoded.
    """
    with open_recording(path, limits) as recording:
        yield from _blocks(recording, seconds)


def turn_audio(
    path: Path,
    spans: Sequence[tuple[float, float]],
    channels: Sequence[int],
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Iterator[tuple[int, FloatArray]]:
    """The sound of each turn, from one pass over the recording.

    Memory is bounded by `MAX_TURN_SECONDS` of the recording, however many spans overlap.

    Args:
        path: The file.
        spans: Start and end of each turn in seconds, sorted by start; they may overlap.
        channels: For each span the audio channel, from 0.
        limits: Enforced while decoding.

    Yields:
        Each span's index exactly once, in the order in which the spans end, with its samples:
        float32 (n,) at the file's own rate, at most the first `MAX_TURN_SECONDS`; empty for a
        span beyond the end of the recording.

    Raises:
        InvalidInputError: If the spans are not sorted, not finite, or name a channel that the
            recording does not have.
        InputFileError, MediaLimitError, MediaError: As `audio_blocks`.
    """
    _check_spans(path, spans, channels)
    with open_recording(path, limits) as recording:
        stream = recording.audio
        if stream is None:
            raise lacking(path, "sound")
        if channels and not 0 <= min(channels) <= max(channels) < stream.channels:
            raise InvalidInputError(
                f"a turn names audio channel {max(channels)}, but there are {stream.channels} "
                "(counted from 0).",
                where=path.name,
                remedy="Correct the channel map.",
            )
        firsts = [round(max(start, 0.0) * stream.rate) for start, _ in spans]
        longest = round(MAX_TURN_SECONDS * stream.rate)
        lasts = [
            min(max(round(end * stream.rate), first), first + longest)
            for first, (_, end) in zip(firsts, spans, strict=True)
        ]
        held: deque[tuple[int, FloatArray]] = deque()  # (first sample, block), oldest first
        waiting: list[tuple[int, int]] = []  # (last sample, index), a heap
        following, position = 0, 0
        for block in _blocks(recording, seconds=1.0):
            held.append((position, block))
            position += len(block)
            while following < len(spans) and firsts[following] < position:
                heappush(waiting, (lasts[following], following))
                following += 1
            while waiting and waiting[0][0] <= position:
                last, index = heappop(waiting)
                yield index, _cut(held, firsts[index], last, channels[index])
            if not waiting and following == len(spans):
                return
            needed = min((firsts[index] for _, index in waiting), default=position)
            while held and held[0][0] + len(held[0][1]) <= needed:
                held.popleft()
        while waiting:
            last, index = heappop(waiting)
            yield index, _cut(held, firsts[index], last, channels[index])
        for index in range(following, len(spans)):
            yield index, np.zeros(0, np.float32)


def _check_spans(path: Path, spans: Sequence[tuple[float, float]], channels: Sequence[int]) -> None:
    if len(spans) != len(channels):
        raise InvalidInputError(
            f"{len(spans)} spans and {len(channels)} channels, expected as many.", where=path.name
        )
    latest = -math.inf
    for number, (start, end) in enumerate(spans, start=1):
        if not (math.isfinite(start) and math.isfinite(end) and start >= latest):
            raise InvalidInputError(
                f"span {number} is {start} to {end} s, expected finite seconds sorted by start.",
                where=path.name,
            )
        latest = start


def _cut(held: deque[tuple[int, FloatArray]], first: int, last: int, channel: int) -> FloatArray:
    parts = [
        block[max(first - start, 0) : max(last - start, 0), channel]
        for start, block in held
        if start < last and start + len(block) > first
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _blocks(recording: Recording, seconds: float) -> Iterator[FloatArray]:
    """Regroups the decoder's pieces into blocks of equal length."""
    size = 0
    pending: list[FloatArray] = []
    count = 0
    for rate, piece in _pieces(recording):
        size = size or max(round(seconds * rate), 1)
        pending.append(piece)
        count += len(piece)
        while count >= size:
            joined = np.concatenate(pending)
            yield joined[:size]
            pending, count = [joined[size:]], count - size
    if count:
        yield np.concatenate(pending)


def _pieces(recording: Recording) -> Iterator[tuple[int, FloatArray]]:
    """The rate and (n, channels) samples, with every sample at the place its timestamp says."""
    stream = recording.audio
    if stream is None:
        raise lacking(recording.path, "sound")
    stream.codec_context.thread_count = 1
    rate, channels = stream.rate, stream.channels
    longest = recording.limits.max_seconds
    origin, position = recording.origin, 0
    for frame in decoded(recording, stream):
        assert isinstance(frame, AudioFrame)
        if frame.sample_rate != rate or frame.layout.nb_channels != channels:
            raise MediaError(
                "its sample rate or its number of channels changes on the way.",
                where=f"{recording.path.name}, {position / rate:.1f} s",
                remedy="Convert it, for instance with: ffmpeg -i INPUT OUTPUT.wav",
            )
        samples = _samples(frame, channels)
        if frame.time is not None:
            missing = round((frame.time - origin) * rate) - position
            if missing < -_RESET_SECONDS * rate:
                origin += missing / rate
            elif position == 0 or abs(missing) > _GAP_SECONDS * rate:
                if (position + missing) / rate > longest:
                    raise too_long(recording.path, recording.limits, (position + missing) / rate)
                samples = samples[max(-missing, 0) :]
                while missing > 0:
                    silence = np.zeros((min(missing, rate), channels), np.float32)
                    yield rate, silence
                    position, missing = position + len(silence), missing - len(silence)
        position += len(samples)
        if position / rate > longest:
            raise too_long(recording.path, recording.limits, position / rate)
        yield rate, samples
    if position == 0:
        raise MediaError(
            "its sound has a length of 0 seconds.",
            where=recording.path.name,
            remedy="Check that it plays, and export it again.",
        )


def _samples(frame: AudioFrame, channels: int) -> FloatArray:
    """One decoded frame as float32 (n, channels) in [-1, 1]."""
    raw = frame.to_ndarray()
    raw = raw.T if frame.format.is_planar else raw.reshape(-1, channels)
    if raw.dtype == np.uint8:
        return (raw.astype(np.float32) - 128) / np.float32(128)
    if raw.dtype.kind == "i":
        return raw.astype(np.float32) / np.float32(2 ** (8 * raw.dtype.itemsize - 1))
    samples = raw.astype(np.float32)
    # Lossy decoders overshoot; NaN and infinity stay, so that the reader can tell a broken file.
    return np.clip(samples, -1, 1, out=samples, where=np.isfinite(samples))
