"""`emotion-monitor train text`: a text model from a user's own labelled turns.

1. Read the files; put conversations (or single lines) into five folds.
2. Fine-tune the encoder, its attention and its heads, and fit the n-grams, on three folds.
3. Blend the halves on the fourth fold; measure on the fifth, which nothing was fitted to.
4. Write the checkpoint with its card.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from multimodal.checkpoints import Checkpoint
from text.card import write_checkpoint
from text.corpora import CONVERSATION_SATISFACTION
from text.encode import TurnEncoder
from text.export import Halves
from text.fitting import Examples, Recipe, fit
from text.labelled import read_labelled
from text.model import TextNetwork, load_encoder, tokenizer_of
from text.task import Task
from text.words import WordModels, WordRecipe

VERSION = "1.0.0"
CONTEXT = 32
SMALL = 384
"""Width up to which an encoder is trained at the rate of the compact ones."""
_WORDS = WordRecipe(least=2, penalty=1.0, balance=0.3)
_OF_CONVERSATIONS = replace(_WORDS, earlier=0.8)
_log = logging.getLogger(__name__)


def finetune(
    files: Sequence[Path], encoder: str, out: Path, *, epochs: float = 3, terms: str = "research"
) -> Checkpoint:
    """Trains a checkpoint that the product uses by name.

    Args:
        files: Labelled CSV or JSON lines, see `text.labelled`.
        encoder: Folder or hub id of a BERT-family encoder; safetensors, no code of its own.
        out: Folder of the new checkpoint.
        epochs: Passes over the turns.
        terms: `open` or `research`: what the licences of encoder and turns allow.

    Raises:
        InputFileError: If a file cannot be read.
        InvalidInputError: If a file is not as `text.labelled` says, or has too few items.
        ModelMissingError: If there is no such encoder.
    """
    datasets = {}
    for head, dataset in read_labelled(files).items():
        datasets[head] = replace(dataset, held_out=dataset.fold == 0)
    tasks = {
        head: Task(
            dataset,
            np.ones(len(dataset.items), dtype=np.float32),
            late=np.zeros(len(dataset.items), dtype=np.bool_),
            development=dataset.fold == 1,
        )
        for head, dataset in datasets.items()
    }
    tokenizer = tokenizer_of(encoder)
    turns = TurnEncoder(tokenizer, CONTEXT)
    torch.manual_seed(1)
    network = TextNetwork(load_encoder(encoder))
    small = int(network.encoder.config.hidden_size) <= SMALL
    recipe = Recipe(epochs=epochs, rate=4e-4 if small else 3e-5, seed=1)
    parts = [task.examples(turns, task.learnt(None)) for task in tasks.values()]
    fit(network, turns, Examples.join(parts), recipe)

    recipes = {h: _OF_CONVERSATIONS if h == CONVERSATION_SATISFACTION else _WORDS for h in datasets}
    models = WordModels(datasets, recipes)
    words = {
        head: models.tables(head, task.fit_words(models, [None])[None])
        for head, task in tasks.items()
    }
    for task in tasks.values():
        task.answer(network, turns, None)
    factors = {head: task.blend() for head, task in tasks.items()}
    metrics = {head: task.figures(factors[head]) for head, task in tasks.items()}
    halves = Halves(network, tokenizer, CONTEXT, models.vocabulary, words, factors)
    return write_checkpoint(
        out,
        halves,
        {"version": VERSION, "terms": terms, "encoder": encoder},
        datasets,
        metrics,
        f"emotion-monitor train text --encoder {encoder} --data "
        + " --data ".join(file.name for file in files),
        [turn for task in tasks.values() for turn in task.sample(turns)],
    )
