"""Corpora measured once: one row of prosody per clip and recording condition."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from audio.augmentation import mu_law, varied
from audio.corpora import Clip, read_audio
from audio.frames import RATE, to_telephone_rate
from audio.prosody import measure
from multimodal.emotions import EMOTIONS, FloatArray

CLEAN, TELEPHONE, VARIED = 0, 1, 2
"""As recorded; over 8 kHz mu-law; a chance telephone call (see `audio.augmentation`). The
conditions of a table, in order."""


@dataclass(frozen=True, slots=True, eq=False)
class SpeechTable:
    """Measured clips.

    Attributes:
        features: float32 (n, 2 or 3, d), NaN where a clip has too little voice.
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


def measure_clips(
    clips: Sequence[Clip], corpora: Sequence[str], jobs: int = 2, *, calls: bool = False
) -> SpeechTable:
    """Measures clips in the conditions of a table, reading each file once.

    Args:
        clips: The clips.
        corpora: The corpus of each.
        jobs: Processes that share the work.
        calls: Whether each clip is also put through a chance telephone call, to learn from; the
            same list of clips is always given the same calls.

    Raises:
        MediaError: If a file cannot be read as audio.
    """
    # Spawned, because forking a process in which a model runs its threads may hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        seeds = range(1, len(clips) + 1) if calls else [None] * len(clips)
        rows = list(pool.map(_measure, clips, seeds, chunksize=32))
    return SpeechTable(
        features=np.stack(rows),
        truth=np.array([EMOTIONS.index(clip.emotion) for clip in clips], dtype=np.int64),
        speaker=np.array([clip.speaker for clip in clips]),
        corpus=np.array(corpora),
        bound=np.array([clip.bound for clip in clips]),
    )


def _measure(clip: Clip, seed: int | None) -> FloatArray:
    audio, rate = read_audio(clip.path, clip.start, clip.end)
    samples = to_telephone_rate(audio, rate)
    rows = [measure(line, RATE).features for line in (samples, mu_law(samples))]
    if seed is not None:
        call = measure(varied(samples, RATE, np.random.default_rng(seed)), RATE).features
        # Noise may leave too little voice; the call is then a clear one.
        rows.append(rows[TELEPHONE] if np.isnan(call).any() else call)
    return np.stack(rows)
