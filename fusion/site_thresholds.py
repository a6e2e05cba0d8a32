"""From which risk on a site's people find that a customer ends dissatisfied, from few verdicts.

Learned is one number: by how much the log-odds of the risk are too high here. It is drawn towards 0
by the same Gaussian prior as in `fusion.adaptation`, and moves all thresholds alike. Conversations
that were looked at because of their risk do not lead it astray: it is fitted given the risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fusion.adaptation import FOLDS, LEAST, PRIOR_WIDTH, compared
from fusion.loglinear import Array
from multimodal.errors import InvalidInputError
from multimodal.thresholds import Thresholds, moved


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Thresholds for a site, and what they bring on conversations that they had not seen.

    Attributes:
        by: By how much they were moved, in log-odds; see `multimodal.thresholds.moved`.
        metrics: As of `fusion.adaptation.Adapted`; `classes` are `dissatisfied` and `other`.
    """

    by: float
    metrics: Mapping[str, Any]

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds themselves."""
        return moved(self.by)


def fit_thresholds(risk: ArrayLike, dissatisfied: ArrayLike) -> Fitted:
    """Fits a site's thresholds and measures them in folds.

    Args:
        risk: (n,), of ending dissatisfied, after the last turn of each conversation.
        dissatisfied: bool (n,), what people said of it.

    Raises:
        InvalidInputError: If fewer than `LEAST` were dissatisfied, or fewer than `LEAST` were not.
    """
    said = np.asarray(dissatisfied, dtype=bool)
    bad, fine = int(said.sum()), int((~said).sum())
    if min(bad, fine) < LEAST:
        raise InvalidInputError(
            f"there are too few verdicts ({bad} dissatisfied, {fine} not): at least {LEAST} each.",
            remedy="Judge more conversations.",
        )
    chance = np.clip(np.asarray(risk, dtype=np.float64), 1e-6, 1 - 1e-6)
    odds = np.log(chance / (1 - chance))
    fold = np.random.default_rng(0).permutation(len(said)) % FOLDS
    after = np.empty_like(odds)
    for k in range(FOLDS):
        after[fold == k] = odds[fold == k] - _shift(odds[fold != k], said[fold != k])
    each = np.arange(len(said))
    metrics = compared(_answers(odds), _answers(after), said.astype(np.int64), each)
    metrics["classes"] = {"dissatisfied": bad, "other": fine}
    return Fitted(_shift(odds, said), metrics)


def _shift(odds: Array, said: NDArray[np.bool_]) -> float:
    from scipy.optimize import minimize_scalar

    def loss(by: float) -> float:
        z = odds - by
        return float(np.logaddexp(0, z).sum() - z[said].sum() + by**2 / (2 * PRIOR_WIDTH**2))

    return float(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x)


def _answers(odds: Array) -> Array:
    risk = 1 / (1 + np.exp(-odds))
    return np.stack([1 - risk, risk], axis=1)
