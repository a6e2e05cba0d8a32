"""Corpora measured once: one row of prosody per clip and recording condition."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.corpora import Clip, over_telephone, read_audio
from audio.prosody import measure
from multimodal.emotions import EMOTIONS, FloatArray

CLEAN, TELEPHONE = 0, 1
"""As recorded; over 8 kHz mu-law. The conditions of a table, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechTable:
    """Measured clips.

    Attributes:
        features: float32 (n, 2, d), NaN where a clip has too little voice.
        truth: int64 (n,), index into `EMOTIONS`.
        speaker: str (n,).
        corpus: str (n,).
        bound: bool (n,), see `audio.corpora.Clip`.
    """

    features: FloatArray
    truth: NDArray[np.int64]
    speaker: NDArray[np.str_]
    corpus: NDArray[np.str_]
    bound: NDArray[np.bool_]

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Bool (n,): which clips have enough voice in every condition."""
        return np.asarray(~np.isnan(self.features).any(axis=(1, 2)))

    def take(self, rows: NDArray[np.bool_]) -> SpeechTable:
        """Some of its rows."""
        return SpeechTable(
            self.features[rows],
            self.truth[rows],
            self.speaker[rows],
            self.corpus[rows],
            self.bound[rows],
        )


def measure_clips(clips: Sequence[Clip], corpora: Sequence[str], jobs: int = 2) -> SpeechTable:
    """Measures clips in both conditions, reading each file once.

    Args:
        clips: The clips.
        corpora: The corpus of each.
        jobs: Processes that share the work.

    Raises:
        MediaError: If a file cannot be read as audio.
    """
    # Spawned, because forking a process in which a model runs its threads may hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(_measure_file, [clip.path for clip in clips], chunksize=32))
    return SpeechTable(
        features=np.stack(rows),
        truth=np.array([EMOTIONS.index(clip.emotion) for clip in clips], dtype=np.int64),
        speaker=np.array([clip.speaker for clip in clips]),
        corpus=np.array(corpora),
        bound=np.array([clip.bound for clip in clips]),
    )


def _measure_file(path: Path) -> FloatArray:
    audio, rate = read_audio(path)
    clean, telephone = measure(audio, rate), measure(*over_telephone(audio, rate))
    return np.stack([clean.features, telephone.features])
