"""A recording's turns with words: each channel by itself where it is known who speaks on it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from multimodal.conversation import Role, Turn
from multimodal.errors import EmotionMonitorError, MediaError
from multimodal.formats.turns import make_turn, ordered
from multimodal.media import DEFAULT_LIMITS, MediaLimits, audio_blocks, describe_channels, probe
from multimodal.transcription.protocol import RATE, Transcriber


def transcribed_turns(
    path: Path,
    transcriber: Transcriber,
    channels: Mapping[int, Role],
    limits: MediaLimits = DEFAULT_LIMITS,
) -> tuple[Turn, ...]:
    """What is said in a recording.

    With a channel map, each channel that is not silent is written down by itself and its turns have
    the channel's role, whatever the transcriber makes of it. Without one, and where all channels
    are identical, they are mixed, and roles are the transcriber's.

    Args:
        path: Audio or video.
        transcriber: Writes it down.
        channels: Role by channel index; empty where that is not known.
        limits: What the recording may have at most.

    Returns:
        Turns in the order of their start, within the recording.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `multimodal.media.audio_blocks`.
        TranscriptionError: If the transcriber fails.
    """
    info = probe(path, limits)
    if info.audio is None:
        raise MediaError("it has no sound.", where=path.name, remedy="Give the recording that has.")
    report = describe_channels(path, limits)
    one = info.audio.channels == 1 or report.identical
    apart = bool(channels) and not one
    heard = [c for c in range(info.audio.channels) if c not in report.silent] if apart else [0]
    agreed = {channels.get(c, Role.UNKNOWN) for c in range(info.audio.channels)}
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="emotion-monitor-") as folder:
        files = [Path(folder) / f"channel-{channel}.wav" for channel in heard]
        _write(path, files, heard if apart else None, info.audio.rate, limits)
        for channel, file in zip(heard, files, strict=True):
            role = channels.get(channel, Role.UNKNOWN) if apart else Role.UNKNOWN
            if one and len(agreed) == 1:
                role = next(iter(agreed))
            try:
                said = transcriber.transcribe(file)
            except EmotionMonitorError as error:
                raise error.at(path.name) from error
            place = channel if apart or one else None
            turns += [_fitted(turn, role, place, report.seconds, path.name) for turn in said]
    return ordered(sorted(turns, key=lambda turn: turn.start or 0.0))


def _fitted(turn: Turn, role: Role, channel: int | None, seconds: float, name: str) -> Turn:
    """The turn with its role and channel, and its times within the recording."""
    start = None if turn.start is None else min(max(turn.start, 0.0), seconds)
    end = None if turn.end is None or start is None else min(turn.end, seconds)
    return make_turn(
        name,
        role=turn.role if role is Role.UNKNOWN else role,
        text=turn.text,
        start=start,
        end=None if end is None or start is None or end <= start else end,
        speaker=turn.speaker or ("" if channel is None else f"channel {channel}"),
        channel=channel,
        attributes=turn.attributes,
    )


def _write(
    path: Path,
    files: Sequence[Path],
    channels: Sequence[int] | None,
    rate: int,
    limits: MediaLimits,
) -> None:
    """Writes channels, or the mix of all, to WAV files; one pass, in constant memory."""
    import soundfile
    import soxr

    with ExitStack() as stack:
        sounds = [
            stack.enter_context(soundfile.SoundFile(file, "w", RATE, 1, "PCM_16")) for file in files
        ]
        streams = [soxr.ResampleStream(rate, RATE, 1, dtype="float32") for _ in files]
        for block in audio_blocks(path, limits=limits):
            clean = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
            parts = [clean.mean(axis=1)] if channels is None else [clean[:, c] for c in channels]
            for sound, stream, part in zip(sounds, streams, parts, strict=True):
                sound.write(stream.resample_chunk(np.ascontiguousarray(part)))
        for sound, stream in zip(sounds, streams, strict=True):
            sound.write(stream.resample_chunk(np.zeros(0, np.float32), last=True))
