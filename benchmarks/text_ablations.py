"""The text model's ablations: one recipe changed at a time, on the same data, printed as one table.

    python -m benchmarks.text_ablations --encoder ENCODER --data ../shared/data/text

Emotion is learnt from one half of SMP2020's usual training file and judged on the other (by text,
near-duplicates dropped); turn satisfaction from four fifths of JDDC's dialogues, judged on the
fifth. All rows have the same seed unless they say otherwise; the two rows that differ in nothing
but their seed show how much of a difference is chance.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from text.corpora import EMOTION, TURN_SATISFACTION
from text.dataset import Dataset, load
from text.encode import TurnEncoder
from text.fitting import Examples, Recipe, examples_of, fit, scores_of
from text.linear import softmax
from text.measure import measure
from text.model import TextNetwork, load_encoder
from text.tokens import load_tokenizer

_BASE = Recipe(epochs=2)
_TEACHERS = 3
ROWS: dict[str, Callable[[Recipe], Recipe]] = {
    "base": lambda r: r,
    "another seed": lambda r: replace(r, seed=2),
    "no class weights": lambda r: replace(r, balance=0.0),
    "label smoothing 0.1": lambda r: replace(r, smoothing=0.1),
    "EMA 0.998": lambda r: replace(r, ema=0.998),
    "FGM 0.5": lambda r: replace(r, fgm=0.5),
    "R-Drop 1": lambda r: replace(r, rdrop=1.0),
}


class Trial:
    """One task, split once, on which recipes are compared.

    Args:
        dataset: n items.
        judged: bool (n,), those that are judged.
        encoder: Folder of the pretrained encoder.
        context: Tokens of context.
    """

    def __init__(
        self, dataset: Dataset, judged: NDArray[np.bool_], encoder: str, context: int
    ) -> None:
        self._dataset, self._path = dataset, encoder
        self._encoder = TurnEncoder(load_tokenizer(Path(encoder)), context)
        weights = np.ones(len(dataset.items), dtype=np.float32)
        self._examples = examples_of(dataset, self._encoder, weights)
        self._learnt = np.flatnonzero(dataset.without_copies_of(judged))
        self._judged = np.flatnonzero(judged)

    def run(self, recipe: Recipe, *, recurrent: bool = False) -> dict[str, Any]:
        """Trains by a recipe and measures."""
        return self._measured([self._trained(recipe, recurrent, None)])

    def taught(self, recipe: Recipe) -> dict[str, dict[str, Any]]:
        """Several seeds together, and one student that learns their mean answers."""
        teachers = [
            self._trained(replace(recipe, seed=seed), False, None)
            for seed in range(1, _TEACHERS + 1)
        ]
        learnt = [self._examples.tokens[int(i)] for i in self._learnt]
        answers = np.mean([self._answers(t, learnt, self._learnt) for t in teachers], axis=0)
        student = self._trained(recipe, False, answers)
        return {
            f"{_TEACHERS} seeds together": self._measured(teachers),
            f"student of {_TEACHERS} seeds": self._measured([student]),
        }

    def _trained(
        self, recipe: Recipe, recurrent: bool, answers: NDArray[np.float32] | None
    ) -> TextNetwork:
        examples: Examples = self._examples.take(self._learnt)
        if answers is not None:
            targets = examples.targets.copy()
            targets[:, : answers.shape[1]] = (targets[:, : answers.shape[1]] + answers) / 2
            examples = replace(examples, targets=targets)
        torch.manual_seed(recipe.seed)
        network = TextNetwork(load_encoder(self._path), recurrent=recurrent)
        fit(network, self._encoder, examples, recipe)
        return network

    def _answers(
        self, network: TextNetwork, tokens: list[Any], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        scores = scores_of(network, self._encoder, tokens, self._dataset.head)
        return softmax(np.where(self._dataset.allowed[rows], scores, np.float32(-np.inf)))

    def _measured(self, networks: Sequence[TextNetwork]) -> dict[str, Any]:
        tokens = [self._examples.tokens[int(i)] for i in self._judged]
        answers = np.mean([self._answers(n, tokens, self._judged) for n in networks], axis=0)
        items = [self._dataset.items[i] for i in self._judged]
        found = measure(self._dataset.head, items, answers)
        return {k: round(v, 4) for k, v in found.items() if isinstance(v, float)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one JSON object a row, as soon as it is measured."""
    parser = argparse.ArgumentParser(description="Ablations of the text model.")
    parser.add_argument("--encoder", required=True, help="folder of the pretrained encoder")
    parser.add_argument("--data", type=Path, required=True, help="folder of the text corpora")
    options = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    smp = load(EMOTION, [options.data / "smp2020_usual"])
    half = np.array([i % 2 == 0 for i in range(len(smp.items))]) & ~smp.held_out
    emotion = Trial(smp, half | smp.held_out, options.encoder, 0)
    jddc = load(TURN_SATISFACTION, [options.data / "uss_jddc"])
    for name, change in ROWS.items():
        _print(f"emotion: {name}", emotion.run, change(_BASE))
    _print("emotion: BiLSTM", lambda r: emotion.run(r, recurrent=True), _BASE)
    for context in (0, 16, 40, 80):
        trial = Trial(jddc, jddc.fold == 0, options.encoder, context)
        _print(f"JDDC: context of {context} tokens", trial.run, replace(_BASE, epochs=6))
    for name, row in emotion.taught(_BASE).items():
        print(json.dumps({"row": f"emotion: {name}", **row}), flush=True)


def _print(name: str, run: Callable[[Recipe], dict[str, Any]], recipe: Recipe) -> None:
    start = time.monotonic()
    found = run(recipe)
    seconds = round(time.monotonic() - start)
    print(json.dumps({"row": name, **found, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
