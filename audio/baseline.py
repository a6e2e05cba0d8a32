"""The speaker's normal voice, learnt from turn to turn.

An unseen speaker is compared with the population at first, and with their own normal as their
turns come in: mean and spread are shrunk to the population's by the number of turns (empirical
Bayes; Efron and Morris 1973). Every turn counts, hot ones too: leaving out the turns that sound hot
to a head that knows no speaker was measured and is worse for every caller, even for those who are
angry from the first word, because it takes a high voice for an angry one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """How voices are in general, from the training speakers.

    Attributes:
        mean: float32 (d,), mean over speakers of their means.
        spread: float32 (d,), > 0, root mean square over speakers of their standard deviations.
        prior: Turns that the population counts as: with that many turns of their own, a speaker's
            normal lies half-way.
    """

    mean: FloatArray
    spread: FloatArray
    prior: float


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

    def normal(self, population: Population) -> tuple[FloatArray, FloatArray]:
        """Mean and spread, shrunk to the population's; float32 (d,) each."""
        prior = population.prior
        total = self.count + prior
        mean = (self.count * self.mean + prior * population.mean) / total
        variance = (self.m2 + prior * population.spread.astype(np.float64) ** 2) / total
        return mean.astype(np.float32), np.sqrt(variance).astype(np.float32)

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
