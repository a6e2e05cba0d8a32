r"""Log-linear fusion of any number of score vectors, and what it says about itself.

Every modality's distribution is smoothed and turned into centred log-scores

    p'_m = (1 - e_m) p_m + e_m / K           x_m = log p'_m - mean(log p'_m)

and the answer is a softmax over a sum, one term per modality, so that order cannot matter:

    z = b + \sum_m [ r_m a_m W_m x_m + s_m u_m ]
    s_m = r_m (1 - H(p'_m) / log K)          how much it has to say, in [0, 1]
    a_m = exp(-\sum_{n != m} C_mn s_n)       how far others have already said it

`W_m` is class-dependent: a voice knows anger, a face knows happiness. `u_m` corrects the prior for
the turns that the modality has an opinion on. `C` discounts evidence that the channels share, so
that one weight set is calibrated for every subset (without it the answer to two channels that
repeat each other is overconfident). A uniform score has x = 0 and s = 0, and reliability 0 has
r = s = 0: both leave the answer as if the modality were absent.

This is a logarithmic opinion pool (Genest and Zidek 1986, "Combining probability distributions")
with full matrices and a dependence discount, fitted by maximum likelihood under modality dropout
(Neverova et al. 2016, "ModDrop").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fusion.arrays import read_arrays
from multimodal.emotions import EMOTIONS, NEGATIVE, POSITIVE
from multimodal.errors import CheckpointError

Array = NDArray[np.float64]
K = len(EMOTIONS)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The parameters of a log-linear fusion, M modalities over the K = 7 emotions.

    Attributes:
        names: The modalities, in the order of the first axes below.
        prior: float64 (K,), `b`: log-odds of the emotions without any evidence.
        smoothing: float64 (M,), `e`, in (0, 1).
        matrix: float64 (M, K, K), `W`; row = emotion of the answer, column = emotion scored.
        shift: float64 (M, K), `u`.
        discount: float64 (M, M), `C`, >= 0, with a zero diagonal.
        contradiction: float64 (2,): slope and offset of the chance that channels contradict each
            other, see `disagreement`.
    """

    names: tuple[str, ...]
    prior: Any
    smoothing: Any
    matrix: Any
    shift: Any
    discount: Any
    contradiction: Any

    def extended(self, names: Sequence[str]) -> Weights:
        """The same weights in the order of `names`, with defaults for modalities never trained.

        A new modality is taken for a decent but unspecialised witness: the matrix is the identity
        scaled by half the mean diagonal of the known ones, no prior shift, and the mean smoothing
        and discount. Its package ships scores; a re-fit gives it weights of its own.
        """
        if tuple(names) == self.names:
            return self
        known = {name: i for i, name in enumerate(self.names)}
        size = len(self.names)
        off_diagonal = self.discount[~np.eye(size, dtype=bool)]
        scale = np.trace(self.matrix, axis1=1, axis2=2).mean() / K / 2
        mean_discount = float(off_diagonal.mean()) if size > 1 else 0.0
        discount = np.full((len(names), len(names)), mean_discount)
        np.fill_diagonal(discount, 0.0)
        for i, row in enumerate(names):
            for j, column in enumerate(names):
                if row in known and column in known:
                    discount[i, j] = self.discount[known[row], known[column]]
        return Weights(
            names=tuple(names),
            prior=self.prior,
            smoothing=np.array(
                [self.smoothing[known[n]] if n in known else self.smoothing.mean() for n in names]
            ),
            matrix=np.array(
                [self.matrix[known[n]] if n in known else scale * np.eye(K) for n in names]
            ).reshape(-1, K, K),
            shift=np.array(
                [self.shift[known[n]] if n in known else np.zeros(K) for n in names]
            ).reshape(-1, K),
            discount=discount,
            contradiction=self.contradiction,
        )

    def save(self, path: Path) -> None:
        """Writes the weights as `.npz`."""
        np.savez(
            path,
            names=np.array(self.names),
            **{name: getattr(self, name) for name in _ARRAYS},
        )

    @classmethod
    def load(cls, path: Path) -> Weights:
        """Reads what `save` wrote.

        Raises:
            CheckpointError: If the file is no such weights, or the shapes do not fit.
        """
        arrays = read_arrays(path, ("names", *_ARRAYS))
        names = tuple(str(name) for name in arrays.pop("names"))
        weights = cls(names, **arrays)
        m = len(names)
        shapes = ((K,), (m,), (m, K, K), (m, K), (m, m), (2,))
        found = tuple(getattr(weights, name).shape for name in _ARRAYS)
        if found != shapes:
            raise CheckpointError(
                f"fusion weights have shapes {found}, expected {shapes}.", where=str(path)
            )
        return weights


_ARRAYS = ("prior", "smoothing", "matrix", "shift", "discount", "contradiction")


def terms(xp: Any, weights: Weights, probabilities: Any, reliability: Any) -> tuple[Any, Any]:
    """Each modality's term of the log-odds, and how much it has to say.

    The one definition for training and serving: `xp` is `numpy` or `torch`.

    Args:
        xp: The array module; the arrays below are its arrays.
        weights: Parameters, in the order of the second axis below.
        probabilities: (n, M, K), each row summing to 1.
        reliability: (n, M), in [0, 1]; 0 where the modality is absent.

    Returns:
        The terms (n, M, K), to be added to the prior, and the strengths `s` (n, M).
    """
    smoothing = weights.smoothing[:, None]
    p = (1 - smoothing) * probabilities + smoothing / K
    log_p = xp.log(p)
    strength = reliability * (1 + (p * log_p).sum(-1) / float(np.log(K)))
    trust = reliability * xp.exp(-xp.einsum("mj,nj->nm", weights.discount, strength))
    centred = log_p - log_p.mean(-1)[..., None]
    evidence = xp.einsum("mkj,nmj->nmk", weights.matrix, centred)
    return trust[..., None] * evidence + strength[..., None] * weights.shift, strength


def softmax(logits: Array) -> Array:
    """Softmax over the last axis; float64, same shape."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return cast(Array, e / e.sum(axis=-1, keepdims=True))


def posterior(weights: Weights, probabilities: Array, reliability: Array) -> Array:
    """The fused distributions, float64 (n, K); arguments as for `terms`."""
    moved, _ = terms(np, weights, probabilities, reliability)
    return softmax(weights.prior + moved.sum(axis=1))


def contributions(moved: Array, reliability: Array) -> Array:
    """How much each usable modality moved the answer, float64 (n, M), each row summing to 1.

    It is the modality's share of the total absolute change of the centred log-odds. Where nothing
    moved at all (every usable score was uniform) the usable ones share equally; a row without a
    usable modality is 0.

    Args:
        moved: Terms (n, M, K) as `terms` returns them.
        reliability: (n, M).
    """
    size = np.abs(moved - moved.mean(axis=-1, keepdims=True)).sum(axis=-1)
    size = np.where(size.sum(axis=1, keepdims=True) > 1e-12, size, reliability > 0)
    total = size.sum(axis=1, keepdims=True)
    return cast(Array, np.divide(size, total, out=np.zeros_like(size, float), where=total > 0))


def opposition(probabilities: Array, strength: Array) -> Array:
    """How far two channels stand on opposite sides, float64 (n,), in [0, 1].

    For the pair of modalities that differ most: the chance that one is positive and the other
    negative, if each is as its own scores say, times the geometric mean of how much each has to
    say. An absent, unreliable or uniform modality opposes nobody; surprise and neutral are on no
    side. On EmotionTalk this tells contradicting channels better (AUROC .81) than the
    Jensen-Shannon divergence of the channels' answers (.67).

    Args:
        probabilities: (n, M, K), as they came in.
        strength: (n, M), in [0, 1].
    """
    positive = probabilities[..., _POSITIVE].sum(axis=-1)
    negative = probabilities[..., _NEGATIVE].sum(axis=-1)
    worst = np.zeros(len(probabilities))
    for i in range(probabilities.shape[1]):
        for j in range(i + 1, probabilities.shape[1]):
            apart = positive[:, i] * negative[:, j] + negative[:, i] * positive[:, j]
            worst = np.maximum(worst, apart * np.sqrt(strength[:, i] * strength[:, j]))
    return np.clip(worst, 0.0, 1.0)


def disagreement(weights: Weights, probabilities: Array, strength: Array) -> Array:
    """The calibrated chance that the channels contradict each other, float64 (n,).

    It is that people who judge each channel alone find one positive and another one negative;
    Platt's scaling (1999) of the logarithm of `opposition`, which is 0 at 0.

    Args:
        weights: Their `contradiction` has the slope and the offset.
        probabilities: (n, M, K), as they came in.
        strength: (n, M), as `terms` returns it.
    """
    slope, offset = weights.contradiction
    odds = opposition(probabilities, strength) ** slope * np.exp(offset)
    return cast(Array, odds / (1 + odds))


_POSITIVE = [EMOTIONS.index(emotion) for emotion in POSITIVE]
_NEGATIVE = [EMOTIONS.index(emotion) for emotion in NEGATIVE]
