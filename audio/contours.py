"""Small questions that prosody asks of a contour: its runs, pauses, nuclei and octave errors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray

_SHORTEST_PAUSE = 15  # frames of 10 ms
_NUCLEUS_PROMINENCE = 2.0  # dB, as de Jong and Wempe (2009) take it
_NUCLEUS_SPACING = 8  # frames: nobody speaks more than 12 syllables a second


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The half-open spans in which a mask is true, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def pause_lengths(active: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Frames of each pause of at least 150 ms between the first and the last active frame."""
    spoken = np.flatnonzero(active)
    gaps = np.diff(spoken) - 1
    return np.asarray(gaps[gaps >= _SHORTEST_PAUSE], dtype=np.int64)


def repair_octaves(pitch: FloatArray, reach: int = 20, tolerance: float = 8.0) -> FloatArray:
    """Moves pitches an octave or more from their surroundings back by whole octaves.

    Args:
        pitch: Semitones of the voiced frames, (n,).
        reach: Voiced frames on either side that make up the surroundings.
        tolerance: Semitones from the median of the surroundings that are still believed.
    """
    if pitch.size == 0:
        return pitch
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(pitch, reach, mode="reflect" if pitch.size > reach else "edge"), 2 * reach + 1
    )
    median = np.median(around, axis=1)
    octaves = np.round((pitch - median) / 12)
    wrong = np.abs(pitch - median) > tolerance
    return np.where(wrong, pitch - 12 * octaves, pitch).astype(np.float32)


def syllable_nuclei(level: FloatArray, voiced: NDArray[np.bool_]) -> int:
    """Counts voiced peaks of the level that stand at least 2 dB above the dip before them.

    After de Jong and Wempe (2009), "Praat script to detect syllable nuclei".

    Args:
        level: dB per frame, (n,).
        voiced: Which frames are voiced, (n,).
    """
    smooth = np.convolve(level, np.full(5, 0.2), mode="same")
    inner = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])
    count, last, height = 0, -_NUCLEUS_SPACING, -np.inf
    for peak in np.flatnonzero(inner) + 1:
        if not voiced[peak]:
            continue
        dip = smooth[max(last, 0) : peak].min() if count else -np.inf
        if smooth[peak] - dip >= _NUCLEUS_PROMINENCE and peak - last >= _NUCLEUS_SPACING:
            count, last, height = count + 1, int(peak), float(smooth[peak])
        elif smooth[peak] > height:
            last, height = int(peak), float(smooth[peak])
    return count
