"""Trains the text model.

    python -m text.train text/configs/train-research.toml --out text/checkpoints/bert

1. Read the corpora; put whole dialogues (in EmotionTalk, groups of speakers) into five folds. Files
   named eval, dev or val are kept for the end; one group in twenty of the corpora without folds is
   kept for development. Near-duplicates of what is judged are never learnt from.
2. Fit the n-gram half: one linear head a task.
3. First stage: train encoder, attention and heads on the corpora of emotion and polarity.
4. Second stage, once without each judged fold and once on everything: go on from the first stage
   with the dialogue corpora, and some of the first stage's turns so that they are not forgotten.
5. Blend the halves: two factors a head, fitted to development items and out-of-fold answers.
6. Measure: the kept files by the final model, the dialogue corpora out of fold.
7. Write the ONNX file (int8), tokeniser, n-grams, configuration, metrics and card; on request the
   out-of-fold answers that fusion learns on.

Seeds are fixed. A stage that a run's folder holds already is not trained again.
"""

from __future__ import annotations

import argparse
import logging
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from multimodal.conversation import Role, Turn
from multimodal.errors import InvalidInputError
from text.card import write_checkpoint
from text.corpora import CLASSES, CONVERSATION_SATISFACTION, EMOTION, TURN_SATISFACTION
from text.dataset import load
from text.encode import WINDOW, TurnEncoder
from text.export import Halves
from text.features import normalise
from text.fitting import Examples, Recipe, fit, scores_of
from text.linear import LinearHead, softmax
from text.model import TextNetwork, load_encoder
from text.task import Task
from text.tokens import load_tokenizer
from text.words import WordModels, WordRecipe

_log = logging.getLogger("text.train")


@dataclass(frozen=True, slots=True)
class Plan:
    """A training run, as its TOML file says it.

    Attributes:
        version: Of the checkpoint.
        terms: `open` or `research`.
        data: Folder of the text corpora, relative to the file.
        encoder: Folder of the pretrained encoder, relative to the file, or its hub id.
        context: Tokens of context at most, 0 for none.
        recurrent: Whether a bidirectional LSTM stands under the attention.
        corpora: Head to corpus (below `data`) to its weight, see `text.task.Task`.
        late: The corpora of the second stage.
        folds: How many of the five folds are judged.
        replay: Share of the first stage's turns that the second stage sees in each epoch.
        sharpen: Share of a soft target that goes to the item's class. Annotators mostly say 0, so
            their distribution alone draws every dialogue to the middle.
        words: Head to how its n-gram classifier is fitted.
        first: How the first stage is fitted.
        second: How the second stage is fitted.
    """

    version: str
    terms: str
    data: Path
    encoder: str
    context: int
    recurrent: bool
    corpora: Mapping[str, Mapping[str, float]]
    late: tuple[str, ...]
    folds: int
    replay: float
    sharpen: float
    words: Mapping[str, WordRecipe]
    first: Recipe
    second: Recipe

    @classmethod
    def read(cls, path: Path, overrides: Sequence[str] = ()) -> Plan:
        """Reads a TOML file; `overrides` are more TOML lines, such as `first.epochs = 1`.

        Raises:
            InvalidInputError: If a key is unknown or missing.
        """
        table = tomllib.loads(path.read_text("utf-8"))
        for line in overrides:
            _merge(table, tomllib.loads(line))
        wanted = {field.name for field in fields(cls)}
        if set(table) != wanted:
            wrong = sorted(set(table) ^ wanted)
            raise InvalidInputError(
                f"unknown or missing keys: {', '.join(wrong)}.", where=str(path)
            )
        table["data"] = (path.parent / table["data"]).resolve()
        folder = path.parent / Path(table["encoder"]).expanduser()
        table["encoder"] = str(folder.resolve()) if folder.is_dir() else table["encoder"]
        table["late"] = tuple(table["late"])
        table["words"] = {head: WordRecipe(**recipe) for head, recipe in table["words"].items()}
        table["first"], table["second"] = Recipe(**table["first"]), Recipe(**table["second"])
        return cls(**table)


class Training:
    """The stages of a run; one that the run's folder holds already is not trained again.

    Args:
        plan: What is to be trained.
        run: Folder for the stages' weights.
    """

    def __init__(self, plan: Plan, run: Path) -> None:
        self.plan, self.run = plan, run
        run.mkdir(parents=True, exist_ok=True)
        self.tasks = {head: task_of(head, plan) for head in plan.corpora}
        self.runs: list[int | None] = [*range(plan.folds), None]
        self.tokenizer = load_tokenizer(Path(plan.encoder))
        self.encoder = TurnEncoder(self.tokenizer, plan.context)

    def first(self) -> TextNetwork:
        """The network after the first stage."""
        torch.manual_seed(self.plan.first.seed)
        network = TextNetwork(load_encoder(self.plan.encoder), recurrent=self.plan.recurrent)
        return self._stage("first", network, lambda: self._early, self.plan.first)

    def second(self, fold: int | None) -> TextNetwork:
        """The network after the second stage, without one fold or on everything."""

        def examples() -> Examples:
            early = self._early
            random = np.random.default_rng(self.plan.second.seed)
            count = round(self.plan.replay * len(early.head))
            parts = [early.take(random.permutation(len(early.head))[:count])]
            for task in self.tasks.values():
                parts.append(task.examples(self.encoder, task.learnt(fold) & task.late))
            return Examples.join(parts)

        name = "final" if fold is None else f"fold{fold}"
        return self._stage(name, self.first(), examples, self.plan.second)

    @cached_property
    def _early(self) -> Examples:
        return Examples.join(
            [
                task.examples(self.encoder, task.learnt(None) & ~task.late)
                for task in self.tasks.values()
            ]
        )

    def _stage(
        self, name: str, network: TextNetwork, examples: Callable[[], Examples], recipe: Recipe
    ) -> TextNetwork:
        path = self.run / f"{name}.pt"
        if path.is_file():
            network.load_state_dict(torch.load(path, weights_only=True))
            return network.eval()
        _log.info("stage %s", name)
        fit(network, self.encoder, examples(), recipe)
        torch.save(network.state_dict(), path)
        return network


def task_of(head: str, plan: Plan) -> Task:
    """The corpora of one head as a plan wants them."""
    weights = {Path(name).name: weight for name, weight in plan.corpora[head].items()}
    dataset = load(head, [plan.data / name for name in plan.corpora[head]])
    late = np.isin(dataset.corpora, [Path(name).name for name in plan.late])
    _log.info("%s: %d items, %d of them late", head, len(late), late.sum())
    return Task(
        dataset,
        np.array([weights[corpus] for corpus in dataset.corpora], dtype=np.float32),
        late,
        dataset.development & ~late & ~dataset.held_out,
        plan.sharpen,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the steps of the module's description."""
    parser = argparse.ArgumentParser(description="Train the text model.")
    parser.add_argument("plan", type=Path, help="TOML file, see text/configs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new checkpoint")
    parser.add_argument("--run", type=Path, required=True, help="folder for the stages' weights")
    parser.add_argument(
        "--out-of-fold", type=Path, help="folder for the out-of-fold answers that fusion learns on"
    )
    parser.add_argument("--set", action="append", default=[], help="e.g. 'second.epochs = 2'")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("text").setLevel(logging.INFO)
    training = Training(Plan.read(options.plan, options.set), options.run)
    tasks = training.tasks

    models = WordModels({h: t.dataset for h, t in tasks.items()}, training.plan.words)
    words = {head: task.fit_words(models, training.runs) for head, task in tasks.items()}
    final = training.first()
    for fold in training.runs:
        final = training.second(fold)
        for task in tasks.values():
            task.answer(final, training.encoder, fold)
    factors = {head: task.blend() for head, task in tasks.items()}
    metrics = {head: task.figures(factors[head]) for head, task in tasks.items()}
    halves = Halves(
        final,
        training.tokenizer,
        training.plan.context,
        models.vocabulary,
        {head: models.tables(head, found[None]) for head, found in words.items()},
        factors,
    )
    facts = {
        "version": training.plan.version,
        "terms": training.plan.terms,
        "data": {head: dict(weights) for head, weights in training.plan.corpora.items()},
    }
    datasets = {head: task.dataset for head, task in tasks.items()}
    command = f"python -m text.train {options.plan} --out {options.out} --run RUN"
    turns = [turn for task in tasks.values() for turn in task.sample(training.encoder)]
    write_checkpoint(options.out, halves, facts, datasets, metrics, command, turns)
    if options.out_of_fold:
        options.out_of_fold.mkdir(parents=True, exist_ok=True)
        _save_turns(options.out_of_fold / "text_oof.npz", tasks[EMOTION], factors[EMOTION])
        for head, name in ((TURN_SATISFACTION, "jddc"), (CONVERSATION_SATISFACTION, "stc3")):
            path = options.out_of_fold / f"text_oof_{name}.npz"
            _save_dialogues(path, training, models, words, factors, head)


def _save_turns(path: Path, task: Task, factors: tuple[float, float]) -> None:
    """EmotionTalk's turns by models that had not learnt from their speakers."""
    rows = np.flatnonzero((task.dataset.corpora == "emotiontalk") & task.known)
    scores = factors[0] * task.network[rows] + factors[1] * task.words[rows]
    np.savez_compressed(
        path,
        allow_pickle=False,
        id=np.array([task.dataset.items[row].id for row in rows]),
        probabilities=softmax(scores),
        label=task.dataset.labels[rows],
    )


def _save_dialogues(
    path: Path,
    training: Training,
    models: WordModels,
    words: Mapping[str, Mapping[int | None, LinearHead]],
    factors: Mapping[str, tuple[float, float]],
    head: str,
) -> None:
    """Every customer turn of the judged folds, by the models that never saw its dialogue.

    `turn` counts the customer's turns of a dialogue from 0.
    """
    task = training.tasks[head]
    last = {item.group: i for i, item in enumerate(task.dataset.items)}
    kept: dict[str, list[Any]] = {"id": [], "turn": [], head: [], EMOTION: []}
    for fold in training.runs[:-1]:
        network = training.second(fold)
        for row in last.values():
            if task.dataset.fold[row] != fold:
                continue
            item = task.dataset.items[row]
            turns = [*item.previous, Turn(Role.CUSTOMER, item.text)]
            places = [i for i, turn in enumerate(turns) if turn.role is Role.CUSTOMER]
            given = [(turns[i].text, turns[:i]) for i in places]
            tokens = training.encoder.encode(given)
            texts = [normalise(text, WINDOW) for text, _ in given]
            contexts = [previous for _, previous in given]
            for name in (head, EMOTION):
                a, b = factors[name]
                scores = a * scores_of(network, training.encoder, tokens, name)
                own = words[name].get(fold, words[name][None])
                scores += b * models.scores(name, own, texts, contexts)
                kept[name].append(softmax(scores))
            kept["id"] += [item.id] * len(places)
            kept["turn"] += range(len(places))
    arrays = {name: np.concatenate(rows) for name, rows in kept.items() if name in CLASSES}
    np.savez_compressed(
        path, allow_pickle=False, id=np.array(kept["id"]), turn=np.array(kept["turn"]), **arrays
    )


def _merge(table: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            _merge(table[key], value)
        else:
            table[key] = value


if __name__ == "__main__":
    main()
