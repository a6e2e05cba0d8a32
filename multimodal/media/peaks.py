"""The outline of a recording's sound: how loud it is, channel by channel, for a waveform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.media.audio import audio_blocks
from multimodal.media.container import DEFAULT_LIMITS, MediaLimits, lacking, probe

MOST_PEAKS = 2400
"""Values per channel: a screen is hardly wider, and three hours are as quick to load as one."""
_FINE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """The largest amplitude in each of equally long parts of a recording.

    Attributes:
        seconds: Length of the sound, as decoded.
        values: uint8 (channels, n), n at most `MOST_PEAKS`; 255 is the loudest of the recording.
    """

    seconds: float
    values: NDArray[np.uint8]

    def to_json(self) -> dict[str, Any]:
        """The outline as a JSON object."""
        return {"seconds": round(self.seconds, 3), "channels": self.values.tolist()}


def peaks(path: Path, limits: MediaLimits = DEFAULT_LIMITS) -> Peaks:
    """The outline of a recording, decoded once and in constant memory.

    Args:
        path: The file.
        limits: Enforced while decoding, whatever the header says.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `audio_blocks`.
    """
    audio = probe(path, limits).audio
    if audio is None:
        raise lacking(path, "sound")
    step = max(1, round(audio.rate * _FINE_SECONDS))
    found, samples = [], 0
    for block in audio_blocks(path, limits=limits):
        level = np.nan_to_num(np.abs(block), nan=0.0, posinf=0.0)
        found.append(np.maximum.reduceat(level, np.arange(0, len(block), step)))
        samples += len(block)
    fine = np.concatenate(found).T
    starts = np.linspace(0, fine.shape[1], min(fine.shape[1], MOST_PEAKS), endpoint=False)
    coarse = np.maximum.reduceat(fine, starts.astype(np.intp), axis=1)
    loudest = float(coarse.max()) or 1.0
    values = np.rint(np.minimum(coarse / loudest, 1.0) * 255).astype(np.uint8)
    return Peaks(samples / audio.rate, values)
