"""The running risk of ending dissatisfied: boosted trees over a conversation's history.

After each turn they give the distribution over how the conversation ends, from a causal summary of
the turns so far (`fusion.history`), so the risk at a turn cannot depend on a later one. Gradient
boosting (Friedman 2001, "Greedy function approximation") with a softmax over three sums of trees.
Serving is numpy.

It learned on shops' chats with sentiments by people and on helpdesks in words. Where the sentiments
come from models, its log-probabilities are scaled and shifted (bias-corrected temperature scaling:
Alexandari, Kundaje and Shrikumar 2020) to fit real service dialogues, so that the risk is a
frequency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.arrays import read_arrays
from fusion.history import FEATURES
from fusion.loglinear import Array, softmax
from multimodal.checkpoints import load_checkpoint
from multimodal.emotions import ModelInfo
from multimodal.errors import CheckpointError

OUTCOMES = ("dissatisfied", "neutral", "satisfied")
CHARACTERS_PER_WORD = 1.6
"""Mean length of a Chinese word: the model learned on words, turns are counted in characters."""

_TREES = ("feature", "threshold", "left", "right", "value")
_ARRAYS = ("baseline", *_TREES, "scale", "scale_bias")


@dataclass(frozen=True, slots=True, eq=False)
class RiskModel:
    """A trained risk model of 3 T trees of at most N nodes; tree `i` adds to outcome `i % 3`.

    Attributes:
        baseline: float64 (3,): the sums before any tree.
        feature: int16 (3T, N): which of `FEATURES` a node asks.
        threshold: float64 (3T, N): up to it one goes left.
        left: int16 (3T, N): the next node; a leaf is its own.
        right: int16 (3T, N): likewise.
        value: float64 (3T, N): what a leaf adds.
        scale: float64 (1,): what the log-probabilities are multiplied by in `calibrated`.
        scale_bias: float64 (3,): what is then added.
        head_share: How much the text model's `turn_satisfaction` counts beside the fused emotion
            in a turn's sentiment, in [0, 1].
        info: Which model it is.
    """

    baseline: Array
    feature: NDArray[np.int16]
    threshold: Array
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: Array
    scale: Array
    scale_bias: Array
    head_share: float
    info: ModelInfo

    def outcomes(self, summaries: Array) -> Array:
        """How the conversation will end: float64 (n, 3) over `OUTCOMES`.

        Args:
            summaries: (n, F), as `fusion.history.history` makes them.
        """
        # All nodes in one row: numpy looks up by one number far faster than by two.
        trees, size = self.feature.shape
        first = np.arange(trees) * size
        children = np.stack([self.right, self.left], axis=-1) + first[:, None, None]
        of_row = np.arange(len(summaries))[:, None] * summaries.shape[1]
        node = np.broadcast_to(first, (len(summaries), trees))
        while True:
            asked = summaries.take(of_row + self.feature.take(node))
            further = children.take(2 * node + (asked <= self.threshold.take(node)))
            if np.array_equal(further, node):
                break
            node = further
        added = self.value.take(node).reshape(len(summaries), -1, len(OUTCOMES))
        return softmax(self.baseline + added.sum(axis=1))

    def calibrated(self, summaries: Array) -> Array:
        """Like `outcomes`, for sentiments that models read; calibrated on service dialogues.

        Args:
            summaries: (n, F), as `fusion.history.history` makes them.
        """
        return softmax(self.scale * np.log(self.outcomes(summaries)) + self.scale_bias)

    def save(self, path: Path) -> None:
        """Writes the arrays as `.npz`."""
        np.savez_compressed(path, **{name: getattr(self, name) for name in _ARRAYS})

    @classmethod
    def load(cls, name: str) -> RiskModel:
        """A risk model by its checkpoint's name or folder.

        Raises:
            ModelMissingError: If there is no such checkpoint.
            CheckpointError: If it is damaged or of another kind.
        """
        found = load_checkpoint("fusion", name)
        path = found.file("weights.npz")
        arrays = read_arrays(path, _ARRAYS)
        if not _fits(arrays):
            raise CheckpointError("the arrays are those of no risk model.", where=str(path))
        return cls(**arrays, head_share=float(found.config["head_share"]), info=found.info)


def _fits(arrays: dict[str, Any]) -> bool:
    """Whether the shapes belong together and every step of every tree leads down to a leaf."""
    shape = arrays["feature"].shape
    if (
        len(shape) != 2
        or shape[0] % len(OUTCOMES)
        or any(arrays[name].shape != shape for name in _TREES)
        or tuple(arrays[key].shape for key in ("baseline", "scale", "scale_bias"))
        != ((3,), (1,), (3,))
    ):
        return False
    node = np.arange(shape[1])
    left, right = arrays["left"], arrays["right"]
    leaf = (left == node) & (right == node)
    inner = (left > node) & (right > node) & (left < shape[1]) & (right < shape[1])
    known = (arrays["feature"] >= 0) & (arrays["feature"] < len(FEATURES))
    return bool((leaf | inner).all() and known.all())
