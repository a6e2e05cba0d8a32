"""The running risk of ending dissatisfied: a small recurrent network over a conversation's turns.

A gated recurrent unit (Cho et al. 2014, "Learning phrase representations using RNN
encoder-decoder") reads one turn after the other and after each gives the distribution over how the
conversation ends. It reads forward only, so the risk at a turn cannot depend on a later one. It
sees the customer's sentiment as a distribution, who speaks, and how much is said; never the
agent's emotion, which the product does not infer. Serving is numpy.

It learned on shops' chats with sentiments by people. Where the sentiments come from models, its
log-probabilities are scaled and shifted (bias-corrected temperature scaling: Alexandari, Kundaje
and Shrikumar 2020) to fit real service dialogues in words, so that the risk is a frequency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fusion.arrays import read_arrays
from fusion.loglinear import Array, softmax
from multimodal.checkpoints import load_checkpoint
from multimodal.emotions import ModelInfo
from multimodal.errors import CheckpointError

INPUTS = 7
OUTCOMES = ("dissatisfied", "neutral", "satisfied")
CHARACTERS_PER_WORD = 1.6
"""Mean length of a Chinese word: the model learned on words, turns are counted in characters."""

_ARRAYS = (
    "input_weights",
    "input_bias",
    "hidden_weights",
    "hidden_bias",
    "out_weights",
    "out_bias",
    "scale",
    "scale_bias",
)


def inputs_of(customer: ArrayLike, sentiment: ArrayLike, words: ArrayLike) -> NDArray[np.float32]:
    """What the model reads of each turn, float32 (n, 7).

    Args:
        customer: bool (n,): whether the customer speaks.
        sentiment: (n, 3): P(negative), P(neutral), P(positive); zeros where it is not known and
            for agents.
        words: (n,): words in the turn; 0 where only sound is known.
    """
    speaks = np.asarray(customer, dtype=np.float32)
    length = np.log1p(np.asarray(words, dtype=np.float32)) / 3
    columns = np.column_stack([speaks, 1 - speaks, speaks * length, (1 - speaks) * length])
    sentiments = np.asarray(sentiment, dtype=np.float32).reshape(-1, 3)
    return np.concatenate([sentiments, columns], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class RiskModel:
    """A trained risk model; the arrays are float32, gates in the order reset, update, new.

    Attributes:
        input_weights: (3H, 7).
        input_bias: (3H,).
        hidden_weights: (3H, H).
        hidden_bias: (3H,).
        out_weights: (3, H).
        out_bias: (3,).
        scale: (1,): what the log-probabilities are multiplied by in `calibrated`.
        scale_bias: (3,): what is then added.
        head_share: How much the text model's `turn_satisfaction` counts beside the fused emotion
            in a turn's sentiment, in [0, 1].
        info: Which model it is.
    """

    input_weights: NDArray[np.float32]
    input_bias: NDArray[np.float32]
    hidden_weights: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    out_weights: NDArray[np.float32]
    out_bias: NDArray[np.float32]
    scale: NDArray[np.float32]
    scale_bias: NDArray[np.float32]
    head_share: float
    info: ModelInfo

    def outcomes(self, inputs: NDArray[np.float32]) -> Array:
        """After each turn, how the conversation will end: float64 (n, 3) over `OUTCOMES`.

        Args:
            inputs: (n, 7), as `inputs_of` makes them.
        """
        hidden = len(self.hidden_bias) // 3
        from_input = inputs @ self.input_weights.T + self.input_bias
        state = np.zeros(hidden, dtype=np.float32)
        states = np.empty((len(inputs), hidden), dtype=np.float32)
        for t, x in enumerate(from_input):
            h = self.hidden_weights @ state + self.hidden_bias
            gates = 0.5 + 0.5 * np.tanh(0.5 * (x[: 2 * hidden] + h[: 2 * hidden]))
            new = np.tanh(x[2 * hidden :] + gates[:hidden] * h[2 * hidden :])
            state = new + gates[hidden:] * (state - new)
            states[t] = state
        logits = states @ self.out_weights.T + self.out_bias
        return softmax(logits.astype(np.float64))

    def calibrated(self, inputs: NDArray[np.float32]) -> Array:
        """Like `outcomes`, for sentiments that models read; calibrated on service dialogues.

        Args:
            inputs: (n, 7), as `inputs_of` makes them.
        """
        scale, bias = self.scale.astype(np.float64), self.scale_bias.astype(np.float64)
        return softmax(scale * np.log(self.outcomes(inputs)) + bias)

    def save(self, path: Path) -> None:
        """Writes the arrays as `.npz`."""
        np.savez(path, **{name: getattr(self, name) for name in _ARRAYS})

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
        hidden = len(arrays["hidden_bias"]) // 3
        shapes = ((3 * hidden, INPUTS), (3 * hidden,), (3 * hidden, hidden), (3 * hidden,))
        if tuple(arrays[key].shape for key in _ARRAYS) != (
            *shapes,
            (3, hidden),
            (3,),
            (1,),
            (3,),
        ):
            raise CheckpointError("the shapes are those of no risk model.", where=str(path))
        return cls(**arrays, head_share=float(found.config["head_share"]), info=found.info)
