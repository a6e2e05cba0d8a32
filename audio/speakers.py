"""Experimental: which turns of a mono recording are one voice and which another.

Without a network that was trained to know speakers this is unreliable (`benchmarks/audio_cost.py`
measures it on one real call). So it names voices, never roles, and states how well the two groups
are separated. A list of who speaks when (RTTM, or a transcript with speakers) is better in every
case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.prosody import NAMES, measure
from multimodal.conversation import Turn
from multimodal.emotions import FloatArray
from multimodal.media import DEFAULT_LIMITS, MediaLimits, probe, turn_audio

CONFIDENCE = "speaker_confidence"
"""Attribute of a turn whose speaker was told by its voice: the turn's silhouette, in [0, 1]."""
VOICES = ("voice-1", "voice-2")
_COLUMNS = [
    index for index, name in enumerate(NAMES) if name.startswith("mfcc") and name.endswith("_mean")
] + [NAMES.index(name) for name in ("pitch_p10", "pitch_mean", "centroid_mean", "tilt_mean")]
_FEWEST = 4  # turns, below which nothing can be told


def tell_voices_apart(
    path: Path, turns: Sequence[Turn], limits: MediaLimits = DEFAULT_LIMITS
) -> list[Turn]:
    """Names the voice of each turn of a mono recording, the first to speak `voice-1`.

    Turns in which too little is voiced keep no speaker. Roles are left as they are.

    Args:
        path: The recording.
        turns: Turns with start and end, in the order of their start.
        limits: What the recording may have at most.

    Raises:
        InputFileError, MediaLimitError, MediaError: As `multimodal.media.turn_audio`.
    """
    audio = probe(path, limits).audio
    if audio is None:
        return list(turns)
    spans = [(turn.start or 0.0, turn.end or 0.0) for turn in turns]
    features = np.full((len(turns), len(_COLUMNS)), np.nan, dtype=np.float32)
    for index, sound in turn_audio(path, spans, [0] * len(spans), limits):
        if sound.size and np.isfinite(sound).all():
            features[index] = measure(sound, audio.rate).features[_COLUMNS]
    heard = np.flatnonzero(~np.isnan(features).any(axis=1))
    if len(heard) < _FEWEST:
        return list(turns)
    groups, confidence = two_groups(features[heard])
    named = list(turns)
    for row, index in enumerate(heard.tolist()):
        given = {**turns[index].attributes, CONFIDENCE: round(float(confidence[row]), 2)}
        voice = VOICES[int(groups[row] != groups[0])]
        named[index] = replace(turns[index], speaker=voice, attributes=given)
    return named


def two_groups(features: FloatArray) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Splits rows into two groups by 2-means from the two ends of the first principal axis.

    Args:
        features: float32 (n, d), n >= 2, finite.

    Returns:
        The group of each row and its silhouette (Rousseeuw 1987), in [0, 1]: 0 where it might as
        well belong to the other group.
    """
    x = features.astype(np.float64)
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-9)
    axis = np.linalg.svd(x, full_matrices=False)[2][0]
    group: NDArray[np.bool_] = x @ axis > np.median(x @ axis)
    for _ in range(50):
        if group.all() or not group.any():
            return group, np.zeros(len(x))
        away = [np.linalg.norm(x - x[rows].mean(axis=0), axis=1) for rows in (~group, group)]
        moved: NDArray[np.bool_] = away[1] < away[0]
        if (moved == group).all():
            break
        group = moved
    if group.all() or not group.any():
        return group, np.zeros(len(x))
    distance = np.linalg.norm(x[:, None] - x, axis=2)
    same = group[:, None] == group
    own = (distance * same).sum(axis=1) / np.maximum(same.sum(axis=1) - 1, 1)
    other = (distance * ~same).sum(axis=1) / (~same).sum(axis=1)
    return group, np.clip((other - own) / np.maximum(np.maximum(own, other), 1e-9), 0, 1)
