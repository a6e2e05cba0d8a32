"""What is on the audio channels of a recording, and whose voice they carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multimodal.conversation import Role
from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError
from multimodal.media.audio import audio_blocks
from multimodal.media.container import DEFAULT_LIMITS, MediaLimits, lacking, probe

_SILENCE = 1e-3
"""RMS of full scale, -60 dB: line noise stays below it, the quietest speech does not."""
_WINDOW_SECONDS = 0.1
_IDENTICAL = 1e-4
"""Energy of the difference over energy, -40 dB: what a lossy codec makes of one doubled channel."""

_CHANNELS = {"left": 0, "l": 0, "左": 0, "左声道": 0, "right": 1, "r": 1, "右": 1, "右声道": 1}
_ROLES = {role.value: role for role in Role} | {
    "客户": Role.CUSTOMER,
    "坐席": Role.AGENT,
    "客服": Role.AGENT,
    "机器人": Role.BOT,
    "未知": Role.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What is on the channels of a recording.

    Attributes:
        identical: Whether all channels, more than one, carry the same sound: a mono recording
            stored twice, on which the parties cannot be told apart by channel.
        silent: The channels, from 0, on which nothing is ever to be heard.
        seconds: How much sound could really be decoded; less than `MediaInfo.seconds` where the
            file is cut off.
    """

    identical: bool
    silent: tuple[int, ...]
    seconds: float


class ChannelMeter:
    """Measures the channels of a recording block by block.

    Args:
        rate: Sample rate in Hz.
        channels: Number of channels.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._samples = 0
        self._energy = np.zeros(channels)
        self._difference = np.zeros(channels)
        self._loudest = np.zeros(channels)

    def add(self, block: FloatArray) -> None:
        """Takes the next samples, float32 (n, channels); NaN and infinite ones count as 0."""
        # One row per channel: sums along contiguous memory are several times faster.
        sound = np.nan_to_num(block.T.copy(), nan=0.0, posinf=0.0, neginf=0.0)
        samples = sound.shape[1]
        self._samples += samples
        self._energy += np.square(sound).sum(axis=1, dtype=np.float64)
        self._difference += np.square(sound - sound[0]).sum(axis=1, dtype=np.float64)
        window = max(min(round(_WINDOW_SECONDS * self._rate), samples), 1)
        whole = sound[:, : samples // window * window].reshape(len(sound), -1, window)
        # The deviation, not the level: a constant offset is not to be heard.
        self._loudest = np.maximum(self._loudest, whole.std(axis=2).max(axis=1, initial=0.0))

    def report(self) -> ChannelReport:
        """What was found in all that was added."""
        silent = tuple(int(i) for i in np.flatnonzero(self._loudest < _SILENCE))
        several = len(self._energy) > 1
        same = bool((self._difference <= _IDENTICAL * self._energy.max()).all())
        return ChannelReport(several and same, silent, self._samples / self._rate)


def describe_channels(path: Path, limits: MediaLimits = DEFAULT_LIMITS) -> ChannelReport:
    """Finds identical and silent channels in one pass over the recording.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `audio_blocks`.
    """
    audio = probe(path, limits).audio
    if audio is None:
        raise lacking(path, "sound")
    meter = ChannelMeter(audio.rate, audio.channels)
    for block in audio_blocks(path, limits=limits):
        meter.add(block)
    return meter.report()


def parse_channel_map(text: str) -> dict[int, Role]:
    """Reads which role speaks on which channel.

    A channel is `left`, `right`, 左, 右 or its number from 0; a role is one of `Role` or its name
    in Chinese: `left=agent,right=customer`, `0=agent,1=customer`, `左=客服，右=客户`.

    Raises:
        InvalidInputError: If it is no channel map, or names a channel twice.
    """
    channels: dict[int, Role] = {}
    for item in re.split("[,，、;；]", text.strip().lower()):
        name, _, role_name = (part.strip() for part in re.sub("[:：＝]", "=", item).partition("="))
        channel = int(name) if re.fullmatch("[0-9]{1,2}", name) else _CHANNELS.get(name)
        role = _ROLES.get(role_name)
        if channel is None or role is None or channel in channels:
            raise InvalidInputError(
                f"{item.strip()[:80]!r} in the channel map {text[:200]!r} is not a new channel "
                "and its role.",
                remedy="Write it like left=agent,right=customer or 左=客服,右=客户.",
            )
        channels[channel] = role
    return channels
