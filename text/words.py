"""The n-gram half of a text model, as it is trained: one linear head a task, and its vocabulary."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from text.dataset import Dataset, build_vocabulary, vectorise
from text.features import Normalised, Vocabulary
from text.linear import LinearHead, fit

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WordRecipe:
    """How one head's n-gram classifier is fitted; chosen on development items.

    Attributes:
        least: In how many of its texts an n-gram must occur to be kept.
        penalty: See `text.linear.fit`.
        balance: See `text.linear.fit`.
    """

    least: int
    penalty: float
    balance: float


class WordModels:
    """Fits n-gram heads on parts of the training sets; the vocabulary is common to all.

    Args:
        datasets: Head to its items.
        recipes: Head to how it is fitted.
    """

    def __init__(self, datasets: Mapping[str, Dataset], recipes: Mapping[str, WordRecipe]) -> None:
        self._datasets, self._recipes = datasets, recipes
        self.vocabulary: Vocabulary = build_vocabulary(
            (dataset, recipes[head].least) for head, dataset in datasets.items()
        )
        self.features: dict[str, Any] = {
            head: vectorise(self.vocabulary, dataset.texts) for head, dataset in datasets.items()
        }
        _log.info("%d n-grams", len(self.vocabulary))

    def fit(
        self,
        head: str,
        targets: NDArray[np.float32],
        weights: NDArray[np.float32],
        rows: NDArray[np.bool_],
    ) -> LinearHead:
        """A head fitted to some of its items.

        Args:
            head: Which.
            targets: float32 (n, classes), what all its items are to be answered with.
            weights: float32 (n,), how much each counts.
            rows: bool (n,), the items to learn from.
        """
        recipe = self._recipes[head]
        return fit(
            self.features[head][rows],
            targets[rows],
            self._datasets[head].allowed[rows],
            weights=weights[rows],
            penalty=recipe.penalty,
            balance=recipe.balance,
        )

    def scores(self, head: LinearHead, texts: str | list[Normalised]) -> NDArray[np.float32]:
        """Class scores float32 (n, classes) of a head's own items (by its name) or other texts."""
        rows = self.features[texts] if isinstance(texts, str) else vectorise(self.vocabulary, texts)
        return np.asarray(rows @ head.weight + head.bias, dtype=np.float32)
