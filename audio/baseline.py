"""The speaker's normal voice, learnt from turn to turn.

An unseen speaker is compared with the population at first, and with their own normal as their
turns come in: their mean is shrunk to the population's by the number of turns (empirical Bayes;
Efron and Morris 1973), along directions that are found in the training voices: quickly where people
differ and moods do not, slowly where moods differ and people do not (the two covariances of
probabilistic linear discriminant analysis; Ioffe 2006). So a caller who is angry from the first
word is known by the size of their throat, and not taken for one who is always this loud and quick.

Every turn counts, hot ones too. Leaving out or weighing down the turns that sound hot to a head
that knows no speaker was measured (`benchmarks/audio.py`): it takes a high voice for an angry one,
and helps hot starts less than the directions do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError

POPULATION = "population.npz"
"""The file of a checkpoint that holds its `Population`."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """How voices are in general, from the training speakers: one normal distribution a corpus.

    Attributes:
        mean: float32 (c, d), by corpus the mean over speakers of their means.
        spread: float32 (c, d), > 0, the root mean square over speakers of their standard
            deviations.
        prior: Turns that the population's spread counts as.
        strength: float32 (m,), >= 0, how much more speakers of a corpus differ than the turns of
            one speaker do, as variances, by direction.
        project: float32 (d, m), from features to the directions.
        restore: float32 (m, d), back.
    """

    mean: FloatArray
    spread: FloatArray
    prior: float
    strength: FloatArray
    project: FloatArray
    restore: FloatArray

    @classmethod
    def load(cls, path: Path) -> Population:
        """The population that a checkpoint's file holds."""
        with np.load(path, allow_pickle=False) as kept:
            return cls(
                **{name: kept[name] for name in kept.files if name != "prior"},
                prior=float(kept["prior"]),
            )

    def normal(
        self, count: float, mean: NDArray[np.float64], m2: NDArray[np.float64]
    ) -> tuple[FloatArray, FloatArray]:
        """A speaker's mean and spread as they are to be expected, float32 (d,) each.

        Args:
            count: Turns known.
            mean: (d,), their mean.
            m2: (d,), their sums of squared deviations from it.
        """
        own, centres = mean @ self.project, self.mean @ self.project
        known = self.strength * count / (self.strength * count + 1)
        # The posterior of each corpus: the mean of `count` turns varies by strength + 1 / count.
        evidence = -0.5 * (count * (own - centres) ** 2 / (self.strength * count + 1)).sum(axis=1)
        weight = np.exp(evidence - evidence.max())
        weight /= weight.sum()
        centre = weight @ self.mean
        expected = centre + (((mean - centre) @ self.project) * known) @ self.restore
        usual = weight @ (self.spread.astype(np.float64) ** 2)
        variance = (m2 + self.prior * usual) / (count + self.prior)
        return expected.astype(np.float32), np.sqrt(variance).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Running mean and spread of one speaker's turns (Welford 1962). Frozen: `update` makes a new.

    Attributes:
        count: Number of turns.
        mean: float64 (d,).
        m2: float64 (d,), sums of squared deviations from the mean.
    """

    count: int
    mean: NDArray[np.float64]
    m2: NDArray[np.float64]

    @classmethod
    def empty(cls, size: int) -> Baseline:
        """The baseline of a speaker of whom nothing was heard."""
        return cls(0, np.zeros(size), np.zeros(size))

    def update(self, features: FloatArray) -> Baseline:
        """The baseline with one more turn in it; a turn that could not be measured adds nothing.

        Args:
            features: float32 (d,), in the order of `audio.prosody.FEATURES`, or with NaN in it.
        """
        if np.isnan(features).any():
            return self
        count = self.count + 1
        delta = features.astype(np.float64) - self.mean
        mean = self.mean + delta / count
        return Baseline(count, mean, self.m2 + delta * (features - mean))

    def joined(self, other: Baseline) -> Baseline:
        """The baseline of the turns of both (Chan, Golub and LeVeque 1983)."""
        count = self.count + other.count
        if not count:
            return self
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.count / count)
        m2 = self.m2 + other.m2 + delta**2 * (self.count * other.count / count)
        return Baseline(count, mean, m2)

    def normal(self, population: Population) -> tuple[FloatArray, FloatArray]:
        """Mean and spread, shrunk to the population's; float32 (d,) each."""
        return population.normal(self.count, self.mean, self.m2)

    def to_state(self) -> dict[str, Any]:
        """What `EmotionScores.state` carries: a JSON object."""
        return {"count": self.count, "mean": self.mean.tolist(), "m2": self.m2.tolist()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any] | None, size: int) -> Baseline:
        """The inverse of `to_state`; None gives the empty baseline.

        Raises:
            InvalidInputError: If the state is not one that `to_state` made for `size` features.
        """
        if state is None:
            return cls.empty(size)
        try:
            count = int(state["count"])
            mean = np.asarray(state["mean"], dtype=np.float64)
            m2 = np.asarray(state["m2"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInputError(
                f"the carried voice baseline cannot be read: {error!r}.",
                remedy="Drop it: the speaker's normal is then learnt anew.",
            ) from error
        fits = mean.shape == m2.shape == (size,) and count >= 0
        if not fits or not np.isfinite([mean, m2]).all() or (m2 < 0).any():
            raise InvalidInputError(
                f"the carried voice baseline has not {size} finite figures, or not for this model.",
                remedy="Drop it: the speaker's normal is then learnt anew.",
            )
        return cls(count, mean, m2)
