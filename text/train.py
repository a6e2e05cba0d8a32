"""Trains the n-gram text model.

    python -m text.train --data ../shared/data/text --out text/checkpoints/ngram

1. Read the corpora; put whole dialogues (in EmotionTalk, groups of speakers) into five folds.
2. Keep the n-grams that occur often enough in the corpora of any one head.
3. Each head: fit on four folds, answer the fifth, without copies of its texts among the four;
   fit the head's temperature to these out-of-fold answers; then fit on everything but the files
   kept for evaluation (eval, dev, val) and copies of their texts.
4. Measure, write the checkpoint and its card, and on request the out-of-fold answers.

Every step is deterministic; the vocabulary and all weights are rounded to float16.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.checkpoints import save_checkpoint
from multimodal.conversation import Role
from text.card import card
from text.corpora import (
    CONVERSATION_SATISFACTION,
    EMOTION,
    POLARITY,
    TURN_SATISFACTION,
    Item,
)
from text.dataset import FOLDS, Dataset, build_vocabulary, load, vectorise
from text.features import Vocabulary, normalise
from text.linear import LinearHead, fit, fit_temperature, softmax
from text.measure import measure
from text.ngram import save_ngram_model

VERSION = "0.1.0"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one head is trained; the values were chosen on out-of-fold answers.

    Attributes:
        folders: Its corpora, relative to the data folder.
        least: In how many of its texts an n-gram must occur to be kept.
        penalty: See `text.linear.fit`.
        balance: See `text.linear.fit`.
        judged: How many of the folds are answered out of fold.
        sharpen: Share of a soft target that goes to the item's class, in [0, 1]. Annotators mostly
            say 0, so their distribution alone draws every dialogue to the middle.
    """

    folders: tuple[str, ...]
    least: int
    penalty: float
    balance: float
    judged: int = FOLDS
    sharpen: float = 0.0


RECIPES: Mapping[str, Recipe] = {
    EMOTION: Recipe(
        (
            "smp2020_usual",
            "smp2020_virus",
            "bmeld_zh",
            "cped",
            "nlpcc2014_weibo",
            "../fusion/emotiontalk",
        ),
        least=8,
        penalty=0.5,
        balance=0.3,
    ),
    POLARITY: Recipe(("msctd_zh", "reviews"), least=15, penalty=1.0, balance=0.0, judged=1),
    TURN_SATISFACTION: Recipe(("uss_jddc",), least=2, penalty=1.0, balance=1.0),
    CONVERSATION_SATISFACTION: Recipe(
        ("stc3_helpdesk",), least=3, penalty=1.0, balance=1.0, sharpen=0.5
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One head, finished, and its answers to items that it had not seen.

    Attributes:
        head: Fitted on all items that are not held out, with its temperature.
        folds: The heads fitted without one fold each, by fold, with the same temperature.
        out_of_fold: float32 (n, classes): each item answered by its fold's head, with the softmax
            over its corpus' classes; NaN for the folds that were not judged.
        final: float32 (n, classes): the same, answered by `head`.
    """

    head: LinearHead
    folds: tuple[LinearHead, ...]
    out_of_fold: NDArray[np.float32]
    final: NDArray[np.float32]


def train_head(dataset: Dataset, features: Any, recipe: Recipe) -> Trained:
    """Fits one head out of fold, calibrates it, and fits it on everything.

    Args:
        dataset: n items.
        features: scipy.sparse CSR float32 (n, features).
        recipe: How.
    """
    targets, allowed = dataset.targets, dataset.allowed
    certain = np.eye(targets.shape[1], dtype=np.float32)[dataset.labels]
    targets = (1 - recipe.sharpen) * targets + recipe.sharpen * certain

    def fitted(train: NDArray[np.bool_]) -> LinearHead:
        return fit(
            features[train],
            targets[train],
            allowed[train],
            penalty=recipe.penalty,
            balance=recipe.balance,
        )

    scores = np.full(targets.shape, np.nan, dtype=np.float32)
    folds = []
    for fold in range(recipe.judged):
        judged = dataset.fold == fold
        folds.append(fitted(dataset.without_copies_of(judged)))
        scores[judged] = _scores(folds[-1], features[judged])
        _log.info("%s: fold %d of %d", dataset.head, fold + 1, recipe.judged)
    known = ~np.isnan(scores[:, 0])
    temperature = fit_temperature(scores[known], targets[known], allowed[known])
    head = fitted(dataset.without_copies_of(dataset.held_out))
    _log.info("%s: temperature %.3f", dataset.head, temperature)

    def answers(raw: NDArray[np.float32]) -> NDArray[np.float32]:
        return softmax(np.where(allowed, raw / np.float32(temperature), np.float32(-np.inf)))

    return Trained(
        LinearHead(head.weight, head.bias, temperature),
        tuple(LinearHead(f.weight, f.bias, temperature) for f in folds),
        answers(scores),
        answers(_scores(head, features)),
    )


def figures(dataset: Dataset, trained: Trained) -> dict[str, Any]:
    """What was measured on items never seen: held-out files, and every corpus out of fold."""
    found: dict[str, Any] = {}
    judged = ~np.isnan(trained.out_of_fold[:, 0])
    for corpus in dict.fromkeys(dataset.corpora.tolist()):
        inside = dataset.corpora == corpus
        for name, rows, answers in (
            (f"{corpus} held-out file", inside & dataset.held_out, trained.final),
            (f"{corpus} out of fold", inside & judged, trained.out_of_fold),
        ):
            if rows.any():
                items = [dataset.items[i] for i in np.flatnonzero(rows)]
                found[name] = {
                    "n": len(items),
                    **measure(dataset.head, items, answers[rows]),
                }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the steps of the module's description."""
    parser = argparse.ArgumentParser(description="Train the n-gram text model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with the text corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder of the new checkpoint")
    parser.add_argument(
        "--out-of-fold", type=Path, help="folder for the out-of-fold answers that fusion learns on"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    datasets = {
        head: load(head, [options.data / folder for folder in recipe.folders])
        for head, recipe in RECIPES.items()
    }
    _log.info("read %s", {head: len(dataset.items) for head, dataset in datasets.items()})
    vocabulary = build_vocabulary((d, RECIPES[head].least) for head, d in datasets.items())
    _log.info("%d n-grams", len(vocabulary))

    trained: dict[str, Trained] = {}
    metrics: dict[str, Any] = {}
    for head, dataset in datasets.items():
        features = vectorise(vocabulary, dataset.texts)
        trained[head] = train_head(dataset, features, RECIPES[head])
        metrics[head] = figures(dataset, trained[head])
        _log.info("%s", {name: (f["accuracy"], f["macro_f1"]) for name, f in metrics[head].items()})
        if options.out_of_fold and head == EMOTION:
            _save_emotiontalk(options.out_of_fold, dataset, trained[head])

    files = save_ngram_model(options.out, vocabulary, {h: t.head for h, t in trained.items()})
    config = {
        "name": options.out.name,
        "version": VERSION,
        "terms": "research",
        "task": "text",
        "kind": "ngram",
        "heads": list(RECIPES),
        "temperature": {head: t.head.temperature for head, t in trained.items()},
        "data": {head: list(recipe.folders) for head, recipe in RECIPES.items()},
    }
    sizes = {name: (options.out / name).stat().st_size for name in files}
    save_checkpoint(
        options.out,
        config=config,
        metrics=metrics,
        files=files,
        card=card(options.out.name, datasets, metrics, len(vocabulary), sizes),
    )
    if options.out_of_fold:
        emotion = trained[EMOTION].head
        for head, name in ((TURN_SATISFACTION, "jddc"), (CONVERSATION_SATISFACTION, "stc3")):
            path = options.out_of_fold / f"text_oof_{name}.npz"
            _save_dialogues(path, vocabulary, datasets[head], trained[head], emotion)


def customer_turns(item: Item) -> list[str]:
    """Texts of the customer's turns of a dialogue, up to and including the item's, in order."""
    before = [turn.text for turn in item.previous if turn.role is Role.CUSTOMER]
    return [*before, item.text]


def _scores(head: LinearHead, features: Any) -> NDArray[np.float32]:
    return np.asarray(features @ head.weight + head.bias, dtype=np.float32)


def _answers(head: LinearHead, features: Any) -> NDArray[np.float32]:
    return softmax(_scores(head, features) / np.float32(head.temperature))


def _save_emotiontalk(folder: Path, dataset: Dataset, trained: Trained) -> None:
    rows = np.flatnonzero(dataset.corpora == "emotiontalk")
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / "text_oof.npz",
        id=np.array([dataset.items[i].id for i in rows]),
        probabilities=trained.out_of_fold[rows],
        label=dataset.labels[rows],
    )


def _save_dialogues(
    path: Path, vocabulary: Vocabulary, dataset: Dataset, trained: Trained, emotion: LinearHead
) -> None:
    """Every customer turn of every dialogue, answered by the head that never saw the dialogue.

    `turn` counts the customer's turns of a dialogue from 0.
    """
    last = {item.group: i for i, item in enumerate(dataset.items)}
    rows = [
        (item.id, turn, text, int(dataset.fold[i]))
        for i in last.values()
        for item in [dataset.items[i]]
        for turn, text in enumerate(customer_turns(item))
    ]
    features = vectorise(vocabulary, [normalise(text) for _, _, text, _ in rows])
    fold = np.array([row[3] for row in rows])
    satisfaction = np.zeros((len(rows), 3), dtype=np.float32)
    for index, head in enumerate(trained.folds):
        satisfaction[fold == index] = _answers(head, features[fold == index])
    arrays = {dataset.head: satisfaction, "emotion": _answers(emotion, features)}
    np.savez_compressed(
        path,
        allow_pickle=False,
        id=np.array([row[0] for row in rows]),
        turn=np.array([row[1] for row in rows]),
        **arrays,
    )


if __name__ == "__main__":
    main()
