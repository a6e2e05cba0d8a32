"""Clipping: the share of a sound that stands on flat tops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray

_STEPS_PER_DB = 10
_LOWEST_DB = -60  # quieter samples stand still for other reasons
_TOP_DB = 0.3  # how near to the peak a top is


class ClippingMeter:
    """Finds flat tops block by block: samples within 0.3 dB of the peak, both neighbours equal.

    It has to hear the sound as it was recorded: resampling and lossy codecs round the tops off, and
    clipping before them is not seen.
    """

    def __init__(self) -> None:
        self._flat = np.zeros(-_LOWEST_DB * _STEPS_PER_DB + 1, dtype=np.int64)
        self._peak = 0.0
        self._count = 0
        self._last = np.zeros(0, np.float32)

    def add(self, samples: FloatArray) -> None:
        """Takes the next samples, float32 (n,), finite."""
        self._count += len(samples)
        sound = np.concatenate([self._last, samples])
        self._last = sound[-2:]
        if len(sound) < 3:
            return
        self._peak = max(self._peak, float(np.abs(sound).max()))
        same = sound[1:] == sound[:-1]
        flat = np.abs(sound[1:-1][same[1:] & same[:-1]])
        loud = flat[flat > 10 ** (_LOWEST_DB / 20)]
        self._flat += np.bincount(_steps(loud), minlength=len(self._flat))

    def share(self) -> float:
        """The share of the samples so far that stand on flat tops, in [0, 1]."""
        if self._peak <= 10 ** (_LOWEST_DB / 20):
            return 0.0
        top = int(_steps(np.array([self._peak], dtype=np.float32))[0])
        return float(self._flat[max(top - round(_TOP_DB * _STEPS_PER_DB), 0) :].sum() / self._count)


def _steps(magnitudes: FloatArray) -> NDArray[np.int64]:
    decibels = 20 * np.log10(np.minimum(magnitudes, 1))
    return np.asarray(np.floor((decibels - _LOWEST_DB) * _STEPS_PER_DB), dtype=np.int64)
