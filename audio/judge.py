"""What the network says about measured turns, given each speaker's normal.

Serving runs it over ONNX Runtime, cross-validation over PyTorch: the same arithmetic around both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audio.baseline import Baseline, Population
from multimodal.emotions import FloatArray

Network = Callable[
    [FloatArray, FloatArray, FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]
]
"""Features, the speaker's mean and spread (each float32 (n, d)), number of turns (n, 1) and prior
of the corpora (n, c), to probabilities (n, 7) and arousal (n,): see `audio.model.ProsodyNet`."""
_ELSEWHERE = -20.0  # logit of a corpus in another language


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What the model says about rows of features.

    Attributes:
        probabilities: float32 (n, 7), each row summing to 1.
        arousal: float32 (n,), in [0, 1].
    """

    probabilities: FloatArray
    arousal: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """A network with the arithmetic of the speaker baseline around it.

    Attributes:
        network: The trained network.
        population: How voices are in general.
        languages: The language of each corpus, as in BCP 47 its first part; empty where unknown.
    """

    network: Network
    population: Population
    languages: tuple[str, ...]

    def judge(
        self,
        features: FloatArray,
        baselines: Sequence[Baseline],
        language: str | Sequence[str] = "",
    ) -> Judgement:
        """Judges measured turns.

        Args:
            features: float32 (n, d), in the order of `audio.prosody.FEATURES`; NaN where there was
                too little voice, which counts as the speaker's normal.
            baselines: The speaker's baseline for each row.
            language: BCP 47 tag of what is spoken, or one for each row. Experts of other languages
                are then not asked; in one that no corpus has, the voice's likeness decides.
        """
        # Of a voice that was never heard, the turn itself is the first thing known.
        known = [
            baseline if baseline.count else baseline.update(row)
            for baseline, row in zip(baselines, features, strict=True)
        ]
        normals = [baseline.normal(self.population) for baseline in known]
        mean = np.stack([mean for mean, _ in normals])
        spread = np.stack([spread for _, spread in normals])
        count = np.array([[baseline.count] for baseline in known], dtype=np.float32)
        filled = np.where(np.isnan(features), mean, features).astype(np.float32)
        tags = [language] * len(features) if isinstance(language, str) else language
        prior = np.array([self._prior(tag) for tag in tags], dtype=np.float32)
        return Judgement(*self.network(filled, mean, spread, count, prior))

    def _prior(self, tag: str) -> list[float]:
        spoken = tag.lower().split("-")[0]
        if not spoken or spoken not in self.languages:
            return [0.0] * len(self.languages)
        return [0.0 if language == spoken else _ELSEWHERE for language in self.languages]
