"""Turns from a recording without transcript: who speaks when, by voice activity per channel.

Each channel is resampled to 8 kHz and judged every 30 ms by WebRTC's voice activity detector, a
Gaussian mixture over the energy of six bands from 80 Hz to 4 kHz (WebRTC, `common_audio/vad`). Its
decisions are smoothed with a hangover (Sohn, Kim and Sung 1999, "A statistical model-based voice
activity detection"): short gaps are closed, clicks are dropped. Speech of one channel is then
merged over pauses into turns; turns of different channels may overlap.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr
import webrtcvad

from multimodal.conversation import Role, Turn
from multimodal.emotions import FloatArray
from multimodal.errors import MediaError
from multimodal.media import DEFAULT_LIMITS, ChannelMeter, MediaLimits, audio_blocks, probe

Span = tuple[float, float]

MIN_TURN_SECONDS = 1.0
"""A shorter utterance is given some of the silence around it."""
MAX_TURN_SECONDS = 15.0
"""Longer speech is cut, at its longest pause."""
_MAX_PAUSE = 1.0
"""Seconds of silence that one party may make within a turn."""
_HANGOVER = 0.3
"""Seconds: a gap this short, within or between words, is speech."""
_CLICK = 0.12
"""Seconds: a burst shorter than this is no speech."""
_RATE = 8000
"""WebRTC's detector judges 8 kHz, whatever it is given; telephone speech has no more."""
_FRAME = 240
"""Samples: 30 ms, the longest frame that the detector takes."""
_FRAME_SECONDS = _FRAME / _RATE
_MODE = 3
"""The strictest: on a real call it finds 99.6 % of the loud frames, and 70 % less noise than 2."""


def turns_from_audio(
    path: Path, channels: Mapping[int, Role], limits: MediaLimits = DEFAULT_LIMITS
) -> list[Turn]:
    """The turns of a recording, without words, in the order of their start.

    Identical channels are one mono channel on which both parties speak: its turns have no known
    role, unless the channel map gives one role to all channels (a recording of one person).

    Args:
        path: The recording.
        channels: Role by channel index; a channel that is not in it has the role `unknown`.
        limits: What the recording may have at most.

    Returns:
        Turns of 1-15 s (shorter only where the recording ends), `start` and `end` in seconds of
        the recording, with their `channel`. Turns of one channel never overlap.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `multimodal.media.audio_blocks`.
    """
    audio = probe(path, limits).audio
    if audio is None:
        raise MediaError("it has no sound.", where=path.name, remedy="Give the recording that has.")
    meter = ChannelMeter(audio.rate, audio.channels)
    detectors = [VoiceActivity(audio.rate) for _ in range(audio.channels)]
    for block in audio_blocks(path, limits=limits):
        meter.add(block)
        for index, detector in enumerate(detectors):
            detector.add(block[:, index])
    report = meter.report()
    roles = {index: channels.get(index, Role.UNKNOWN) for index in range(audio.channels)}
    if report.identical:
        agreed = set(roles.values())
        roles = {0: agreed.pop() if len(agreed) == 1 else Role.UNKNOWN}
    turns = [
        Turn(role, start=start, end=end, channel=index)
        for index, role in roles.items()
        for start, end in merge_speech(detectors[index].finish(), report.seconds)
    ]
    return sorted(turns, key=lambda turn: (turn.start or 0.0, turn.channel or 0))


class VoiceActivity:
    """Finds speech on one channel, block by block; keeps one byte per 30 ms.

    Args:
        rate: Sample rate in Hz of what will be added.
    """

    def __init__(self, rate: int) -> None:
        self._resampler = soxr.ResampleStream(rate, _RATE, 1, dtype="float32", quality="MQ")
        self._detector = webrtcvad.Vad(_MODE)
        self._rest = np.zeros(0, np.float32)
        self._voiced = bytearray()

    def add(self, samples: FloatArray, *, last: bool = False) -> None:
        """Takes the next samples, float32 (n,) in [-1, 1]; NaN and infinite ones count as 0."""
        sound = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        resampled = self._resampler.resample_chunk(np.ascontiguousarray(sound), last=last)
        self._rest = np.concatenate([self._rest, resampled])
        whole = len(self._rest) // _FRAME * _FRAME
        pcm = (np.clip(self._rest[:whole], -1, 1) * 32767).astype("<i2").tobytes()
        self._rest = self._rest[whole:]
        self._voiced.extend(
            self._detector.is_speech(pcm[at : at + 2 * _FRAME], _RATE)
            for at in range(0, len(pcm), 2 * _FRAME)
        )

    def finish(self) -> list[Span]:
        """The spans of speech in seconds, in order, with short gaps closed and clicks dropped."""
        self.add(np.zeros(0, np.float32), last=True)
        padded = np.frombuffer(b"\0" + bytes(self._voiced) + b"\0", np.int8)
        edges = np.flatnonzero(np.diff(padded)) * _FRAME_SECONDS
        runs = [(float(a), float(b)) for a, b in edges.reshape(-1, 2)]
        return [(a, b) for a, b in _bridged(runs, _HANGOVER) if b - a >= _CLICK]


def merge_speech(speech: Sequence[Span], seconds: float) -> list[Span]:
    """Merges one channel's spans of speech into turns of 1-15 s that do not overlap.

    Args:
        speech: Spans in seconds, in order.
        seconds: Length of the recording.
    """
    turns: list[Span] = []
    group: list[Span] = []
    for span in speech:
        if group and span[0] - group[-1][1] > _MAX_PAUSE:
            turns.extend(_cut(group))
            group = []
        group.append(span)
    if group:
        turns.extend(_cut(group))
    return _widened(turns, seconds)


def _bridged(spans: Sequence[Span], gap: float) -> list[Span]:
    merged: list[Span] = []
    for start, end in spans:
        if merged and start - merged[-1][1] <= gap:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _cut(speech: list[Span]) -> list[Span]:
    """Cuts a group of spans at its longest pause until no part is longer than a turn may be."""
    first, last = speech[0][0], speech[-1][1]
    if last - first <= MAX_TURN_SECONDS:
        return [(first, last)]
    pauses = [
        (speech[i][0] - speech[i - 1][1], i)
        for i in range(1, len(speech))
        if speech[i - 1][1] - first >= MIN_TURN_SECONDS and last - speech[i][0] >= MIN_TURN_SECONDS
    ]
    if pauses:
        _, at = max(pauses)
        return _cut(speech[:at]) + _cut(speech[at:])
    parts = math.ceil((last - first) / MAX_TURN_SECONDS)
    marks = [first + (last - first) * i / parts for i in range(parts + 1)]
    return list(pairwise(marks))


def _widened(turns: Sequence[Span], seconds: float) -> list[Span]:
    """Widens short turns evenly, never into the turn before; the pauses leave room for it."""
    widened: list[Span] = []
    latest = 0.0
    for start, end in turns:
        missing = max(MIN_TURN_SECONDS - (end - start), 0.0)
        first = max(min(start - missing / 2, seconds - MIN_TURN_SECONDS), latest)
        latest = min(max(end + missing / 2, first + MIN_TURN_SECONDS), seconds)
        widened.append((round(first, 3), round(latest, 3)))
    return widened
