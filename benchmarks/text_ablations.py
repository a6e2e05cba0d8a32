"""The text model's ablations: one recipe changed at a time, on the same data, printed as one table.

    python -m benchmarks.text_ablations --encoder ENCODER --data ../shared/data/text --out TABLE

Emotion is learnt from one half of SMP2020's usual training file and judged on the other (by text,
near-duplicates dropped); turn satisfaction from four fifths of JDDC's dialogues, judged on the
fifth. All rows have the same seed unless they say otherwise; the two rows that differ in nothing
but their seed show how much of a difference is chance. Which corpora help, and whether what was
said before does, is asked of the n-grams: they learn all of SMP and one corpus more and are judged
on its kept file; JDDC and STC-3 are judged in five folds.

Each row is added to TABLE (a JSON object a line) when it is measured; rows that stand there are
not measured again.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModel

from text.corpora import CONVERSATION_SATISFACTION, EMOTION, TURN_SATISFACTION
from text.dataset import FOLDS, Dataset, load
from text.encode import TurnEncoder
from text.fitting import Examples, Recipe, examples_of, fit, scores_of
from text.linear import softmax
from text.measure import measure
from text.model import TextNetwork, load_encoder
from text.tokens import load_tokenizer
from text.words import WordModels, WordRecipe

_BASE = Recipe(epochs=2)
_TEACHERS = 3
_MORE = (
    "smp2020_virus",
    "nlpcc2014_weibo",
    "bmeld_zh",
    "cped",
    "../fusion/emotiontalk",
    "uss_jddc",
    "corpus/service_questions.txt.xz",
)
_WORDS = WordRecipe(8, 1.0, 0.3)
_DIALOGUES = {TURN_SATISFACTION: "uss_jddc", CONVERSATION_SATISFACTION: "stc3_helpdesk"}
ROWS: dict[str, Callable[[Recipe], Recipe]] = {
    "base": lambda r: r,
    "another seed": lambda r: replace(r, seed=2),
    "no class weights": lambda r: replace(r, balance=0.0),
    "label smoothing 0.1": lambda r: replace(r, smoothing=0.1),
    "EMA 0.998": lambda r: replace(r, ema=0.998),
    "FGM 0.5": lambda r: replace(r, fgm=0.5),
    "R-Drop 1": lambda r: replace(r, rdrop=1.0),
    "masking 0.15": lambda r: replace(r, masking=0.15),
    "masking 0.15, 4 epochs": lambda r: replace(r, masking=0.15, epochs=4),
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
        self._found: list[TextNetwork] = []

    def run(
        self, recipe: Recipe, *, recurrent: bool = False, pretrained: bool = True
    ) -> dict[str, Any]:
        """Trains by a recipe and measures."""
        return self._measured([self._trained(recipe, recurrent=recurrent, pretrained=pretrained)])

    def together(self, recipe: Recipe) -> dict[str, Any]:
        """The mean answer of several seeds."""
        return self._measured(self._teachers(recipe))

    def taught(self, recipe: Recipe) -> dict[str, Any]:
        """One student that learns the mean answers of several seeds beside the labels."""
        learnt = [self._examples.tokens[int(i)] for i in self._learnt]
        teachers = self._teachers(recipe)
        answers = np.mean([self._answers(t, learnt, self._learnt) for t in teachers], axis=0)
        return self._measured([self._trained(recipe, answers=answers)])

    def _teachers(self, recipe: Recipe) -> list[TextNetwork]:
        if not self._found:
            seeds = range(1, _TEACHERS + 1)
            self._found = [self._trained(replace(recipe, seed=seed)) for seed in seeds]
        return self._found

    def _trained(
        self,
        recipe: Recipe,
        *,
        recurrent: bool = False,
        pretrained: bool = True,
        answers: NDArray[np.float32] | None = None,
    ) -> TextNetwork:
        examples: Examples = self._examples.take(self._learnt)
        if answers is not None:
            targets = examples.targets.copy()
            targets[:, : answers.shape[1]] = (targets[:, : answers.shape[1]] + answers) / 2
            examples = replace(examples, targets=targets)
        torch.manual_seed(recipe.seed)
        encoder = load_encoder(self._path)
        if not pretrained:
            encoder = AutoModel.from_config(encoder.config, dtype=torch.float32)  # type: ignore[no-untyped-call]
        network = TextNetwork(encoder, recurrent=recurrent)
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


class Table:
    """The rows measured so far.

    Args:
        path: Its file; may be missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        self._known = {json.loads(line)["row"] for line in lines}

    def add(self, name: str, measured: Callable[[], dict[str, Any]]) -> None:
        """Measures a row, unless it is known."""
        if name not in self._known:
            start = time.monotonic()
            found = {"row": name, **measured(), "seconds": round(time.monotonic() - start)}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(found) + "\n")
            print(json.dumps(found), flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures the rows and prints each as soon as it is known."""
    parser = argparse.ArgumentParser(description="Ablations of the text model.")
    parser.add_argument("--encoder", required=True, help="folder of the pretrained encoder")
    parser.add_argument("--data", type=Path, required=True, help="folder of the text corpora")
    parser.add_argument("--out", type=Path, required=True, help="file of the table")
    options = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    table = Table(options.out)
    for name in ("", *_MORE):
        corpora = ["smp2020_usual", *([name] if name else [])]
        row = " and ".join(Path(corpus).name for corpus in corpora)
        table.add(f"n-grams: {row}", partial(_ngrams, EMOTION, options.data, corpora, _WORDS))
    contrast = replace(_WORDS, contrast=True)
    of_smp = partial(_ngrams, EMOTION, options.data, ["smp2020_usual"])
    table.add("n-grams: smp2020_usual, contrast", partial(of_smp, contrast))
    for head, corpus in _DIALOGUES.items():
        for earlier in (0.0, 0.8):
            words = WordRecipe(3, 1.0, 1.0, earlier=earlier)
            row = f"n-grams: {corpus}, weight {earlier} of what was said before"
            table.add(row, partial(_ngrams, head, options.data, [corpus], words))
    smp = load(EMOTION, [options.data / "smp2020_usual"])
    half = np.array([i % 2 == 0 for i in range(len(smp.items))]) & ~smp.held_out
    emotion = Trial(smp, half | smp.held_out, options.encoder, 0)
    for name, change in ROWS.items():
        table.add(f"emotion: {name}", partial(emotion.run, change(_BASE)))
    table.add("emotion: BiLSTM", partial(emotion.run, _BASE, recurrent=True))
    table.add("emotion: no pretraining", partial(emotion.run, _BASE, pretrained=False))
    jddc = load(TURN_SATISFACTION, [options.data / "uss_jddc"])
    for context in (0, 16, 32, 80):
        trial = Trial(jddc, jddc.fold == 0, options.encoder, context)
        recipe = replace(_BASE, epochs=6)
        table.add(f"JDDC: context of {context} tokens", partial(trial.run, recipe))
    table.add(f"emotion: {_TEACHERS} seeds together", partial(emotion.together, _BASE))
    table.add(f"emotion: student of {_TEACHERS} seeds", partial(emotion.taught, _BASE))


def _ngrams(head: str, data: Path, corpora: Sequence[str], recipe: WordRecipe) -> dict[str, Any]:
    """N-grams alone: judged on the first corpus' kept file, or where it has none in its folds."""
    dataset = load(head, [data / name for name in corpora])
    own = dataset.corpora == Path(corpora[0]).name
    models = WordModels({head: dataset}, {head: recipe})
    weights = np.ones(len(dataset.items), dtype=np.float32)
    kept = own & dataset.held_out
    parts = [kept] if kept.any() else [own & (dataset.fold == fold) for fold in range(FOLDS)]
    scores = np.zeros_like(dataset.targets)
    for judged in parts:
        learnt = dataset.without_copies_of(judged | dataset.held_out)
        scores[judged] = models.own_scores(
            head, models.fit(head, dataset.targets, weights, learnt)
        )[judged]
    judged = np.logical_or.reduce(parts)
    answers = softmax(np.where(dataset.allowed[judged], scores[judged], np.float32(-np.inf)))
    found = measure(head, [dataset.items[i] for i in np.flatnonzero(judged)], answers)
    return {k: round(v, 4) for k, v in found.items() if isinstance(v, float)}


if __name__ == "__main__":
    main()
