"""One head's training: which items are learnt from and judged, by which models, and how well."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from text.corpora import Item
from text.dataset import Dataset
from text.encode import Tokens, TurnEncoder
from text.fitting import Examples, examples_of, scores_of
from text.linear import LinearHead, fit_blend, softmax
from text.measure import measure
from text.model import TextNetwork
from text.words import WordModels

Mask = NDArray[np.bool_]
_log = logging.getLogger(__name__)


class Task:
    """One head's items with everything that training asks of them.

    Args:
        dataset: n items.
        weights: float32 (n,): the n-grams weigh an item by it, the network sees it so many times
            an epoch.
        late: bool (n,), those of the second stage, which are judged in folds.
        development: bool (n,), those that blending and calibration are fitted to.
        sharpen: Share of a soft target that goes to the item's class, in [0, 1].
    """

    def __init__(
        self,
        dataset: Dataset,
        weights: NDArray[np.float32],
        late: Mask,
        development: Mask,
        sharpen: float = 0.0,
    ) -> None:
        self.head, self.dataset, self.weights = dataset.head, dataset, weights
        self.late, self.development = late, development
        self._learnt: dict[int | None, Mask] = {}
        own = dataset.targets
        certain = np.eye(own.shape[1], dtype=np.float32)[dataset.labels]
        self.targets = ((1 - sharpen) * own + sharpen * certain).astype(np.float32)
        nobody = np.full(own.shape, np.nan, dtype=np.float32)
        self.network, self.words = nobody.copy(), nobody.copy()
        """Class scores by both halves, float32 (n, classes); NaN where nobody answered."""

    def judged(self, fold: int | None) -> Mask:
        """The rows that a run answers: without a fold that fold, the final one the kept ones."""
        if fold is None:
            return self.development | self.dataset.held_out
        inside: Mask = self.dataset.fold == fold
        return self.late & ~self.dataset.held_out & inside

    def learnt(self, fold: int | None) -> Mask:
        """The rows that a run without this fold (None: the final one) learns from."""
        if fold not in self._learnt:
            # Asked for by every stage, and looking for copies takes a while.
            judged = self.judged(None) if fold is None else self.judged(None) | self.judged(fold)
            self._learnt[fold] = self.dataset.without_copies_of(judged)
        return self._learnt[fold]

    def examples(self, encoder: TurnEncoder, rows: Mask) -> Examples:
        """Some of the items as examples; the others are not tokenised."""
        return examples_of(self.dataset, encoder, self.weights, self.targets, np.flatnonzero(rows))

    def fit_words(
        self, models: WordModels, runs: Sequence[int | None]
    ) -> dict[int | None, LinearHead]:
        """The n-gram classifier of each run, and its answers; equal ones are fitted once."""
        found: dict[int | None, LinearHead] = {}
        for fold in runs:
            if fold is None or self.judged(fold).any():
                head = models.fit(self.head, self.targets, self.weights, self.learnt(fold))
                rows = self.judged(fold)
                self.words[rows] = models.own_scores(self.head, head)[rows]
                found[fold] = head
        return found

    def answer(self, network: TextNetwork, encoder: TurnEncoder, fold: int | None) -> None:
        """Keeps what a run's network says of the rows that it is judged on."""
        rows = np.flatnonzero(self.judged(fold))
        if len(rows):
            items = [self.dataset.items[row] for row in rows]
            tokens = encoder.encode([(item.text, item.previous) for item in items])
            self.network[rows] = scores_of(network, encoder, tokens, self.head)

    def sample(self, encoder: TurnEncoder, most: int = 1000) -> list[Tokens]:
        """Development and late items as tokens, evenly taken from all of them."""
        rows = np.flatnonzero((self.development | self.late) & ~self.dataset.held_out)
        items = [self.dataset.items[row] for row in rows[:: max(1, len(rows) // most)]]
        return encoder.encode([(item.text, item.previous) for item in items])

    @property
    def known(self) -> Mask:
        """Bool (n,), the rows that both halves answered."""
        return np.asarray(np.isfinite(self.network[:, 0]) & np.isfinite(self.words[:, 0]))

    def blend(self) -> tuple[float, float]:
        """The halves' factors, from development items and out-of-fold answers.

        They are fitted to the items' classes: an answer is to be right as often as it says, also
        where the halves learnt from annotators who did not agree.
        """
        rows = self.known & ~self.dataset.held_out
        classes = np.eye(self.targets.shape[1], dtype=np.float32)[self.dataset.labels]
        network, words = fit_blend(
            [self.network[rows], self.words[rows]],
            classes[rows],
            self.dataset.allowed[rows],
            np.maximum(self.weights[rows], 1e-3),
        )
        _log.info("%s: factors network %.3f, n-grams %.3f", self.head, network, words)
        return network, words

    def figures(self, factors: tuple[float, float]) -> dict[str, dict[str, Any]]:
        """What was measured on items never seen, by set; each half alone beside the blend."""
        found: dict[str, dict[str, Any]] = {}
        dataset = self.dataset
        blended = factors[0] * self.network + factors[1] * self.words
        for corpus in dict.fromkeys(dataset.corpora.tolist()):
            inside = (dataset.corpora == corpus) & self.known
            for name, rows in (
                (f"{corpus} held-out file", inside & dataset.held_out),
                (f"{corpus} out of fold", inside & self.late & ~dataset.held_out),
                (f"{corpus} development", inside & self.development),
            ):
                if rows.any():
                    of = {"encoder": self.network, "n-grams": self.words}
                    alone = {half: self._measured(scores, rows) for half, scores in of.items()}
                    for figures in alone.values():
                        del figures["per_class"]
                    found[name] = {"n": int(rows.sum()), **self._measured(blended, rows), **alone}
                    shown = {k: round(v, 3) for k, v in found[name].items() if isinstance(v, float)}
                    _log.info("%s: %s %s", self.head, name, shown)
        return found

    def _measured(self, scores: NDArray[np.float32], rows: Mask) -> dict[str, Any]:
        allowed = np.where(self.dataset.allowed[rows], scores[rows], np.float32(-np.inf))
        items: list[Item] = [self.dataset.items[row] for row in np.flatnonzero(rows)]
        return measure(self.head, items, softmax(allowed))
