"""The n-gram half of a text model, as it is trained: one linear head a task, and its vocabulary."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Turn
from text.dataset import Dataset, build_vocabulary, vectorise
from text.earlier import PARTIES, mean_rows
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
        contrast: See `text.linear.fit`.
        earlier: Weight of what was said before beside the turn, see `text.earlier`; 0 leaves it
            out.
    """

    least: int
    penalty: float
    balance: float
    contrast: bool = False
    earlier: float = 0.0


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
            head: self._rows(head, dataset.texts, [item.previous for item in dataset.items])
            for head, dataset in datasets.items()
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
            contrast=recipe.contrast,
        )

    def own_scores(self, name: str, head: LinearHead) -> NDArray[np.float32]:
        """Class scores float32 (n, classes) of all items of the head of that name."""
        return np.asarray(self.features[name] @ head.weight + head.bias, dtype=np.float32)

    def scores(
        self,
        name: str,
        head: LinearHead,
        texts: Sequence[Normalised],
        contexts: Sequence[Sequence[Turn]],
    ) -> NDArray[np.float32]:
        """Class scores float32 (n, classes) of other turns.

        Args:
            name: Which head it is.
            head: Its weights.
            texts: n turns.
            contexts: The turns before each, oldest first.
        """
        rows = self._rows(name, texts, contexts)
        return np.asarray(rows @ head.weight + head.bias, dtype=np.float32)

    def _rows(
        self, name: str, texts: Sequence[Normalised], contexts: Sequence[Sequence[Turn]]
    ) -> Any:
        from scipy.sparse import hstack

        rows = vectorise(self.vocabulary, texts)
        earlier = self._recipes[name].earlier
        if not earlier:
            return rows
        return hstack([rows, earlier * mean_rows(self.vocabulary, contexts)]).tocsr()

    def tables(self, name: str, head: LinearHead) -> dict[str, NDArray[np.float32]]:
        """A head as it is served: `bias` (classes,), and float32 (grams, classes) tables.

        `weight` is of the turn's own n-grams; where what was said before counts, `customer` and
        `agent` are of theirs.
        """
        turn, *before = np.split(head.weight, len(head.weight) // len(self.vocabulary))
        earlier = self._recipes[name].earlier
        return {"bias": head.bias, "weight": turn} | {
            party: earlier * table for party, table in zip(PARTIES, before, strict=False)
        }
