"""The character n-gram model: TF-IDF of 1- to 3-grams, one linear softmax layer a head.

Wang and Manning 2012, "Baselines and bigrams: simple, good sentiment and topic classification",
is why such a model comes first: on short texts it is hard to beat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from multimodal.checkpoints import Checkpoint
from multimodal.emotions import Evidence
from multimodal.errors import CheckpointError
from multimodal.scoring import TurnInput
from text.corpora import CLASSES, EMOTION
from text.features import Grams, Normalised, Vocabulary, normalise, window_note
from text.linear import LinearHead, softmax
from text.model import Reading

VOCABULARY_FILE = "vocabulary.txt"
MODEL_FILE = "model.npz"
LEAST_RELIABILITY = 0.05
"""Reliability of a text in which the model knows next to nothing."""
_SPANS = 5
_CONTRAST = 0.2
"""Characters that moved the answer less than this share of the strongest are left out."""


class NgramModel:
    """Scores texts with a checkpoint of kind `ngram`.

    Args:
        checkpoint: The verified folder.

    Raises:
        CheckpointError: If its files do not fit together.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        try:
            grams = checkpoint.file(VOCABULARY_FILE).read_text("utf-8").split("\n")[:-1]
            with np.load(checkpoint.file(MODEL_FILE), allow_pickle=False) as arrays:
                tables = {name: arrays[name].astype(np.float32) for name in arrays.files}
            self._vocabulary = Vocabulary(grams, tables["idf"])
            self._sizes = {head: len(CLASSES[head]) for head in checkpoint.config["heads"]}
            self._weight = np.hstack([tables[f"{head}.weight"] for head in self._sizes])
            self._bias = np.hstack([tables[f"{head}.bias"] for head in self._sizes])
        except (KeyError, ValueError) as error:
            raise CheckpointError(
                f"it cannot be read: {error}.", where=str(checkpoint.path)
            ) from error
        columns = sum(self._sizes.values())
        if self._weight.shape != (len(grams), columns) or self._bias.shape != (columns,):
            raise CheckpointError(
                f"its weights have shape {self._weight.shape}, expected {(len(grams), columns)}.",
                where=str(checkpoint.path),
            )

    def read(self, inputs: Sequence[TurnInput]) -> list[Reading | None]:
        """See `TextModel.read`; turns are read one by one, without their context."""
        return [self._read(item.turn.text) for item in inputs]

    def _read(self, source: str) -> Reading | None:
        text = normalise(source)
        if text.is_blank:
            return None
        grams = self._vocabulary.find(text)
        ids, values = self._vocabulary.weigh(grams)
        rows = self._weight[ids]
        scores = values @ rows + self._bias
        heads = {}
        column = 0
        for head, size in self._sizes.items():
            heads[head] = softmax(scores[column : column + size])
            column += size
        logits = rows[:, : self._sizes[EMOTION]]
        moved = values * (logits[:, heads[EMOTION].argmax()] - logits.mean(axis=1))
        occurrence = np.searchsorted(ids, grams.ids)
        part = moved[occurrence] / np.bincount(occurrence)[occurrence]
        return Reading(
            heads,
            _reliability(text, grams),
            _evidence(source, text, grams, part),
            window_note(source),
        )


def save_ngram_model(
    folder: Path, vocabulary: Vocabulary, heads: Mapping[str, LinearHead]
) -> list[str]:
    """Writes a model's two files, in float16 and with the temperatures worked in.

    Returns:
        The names of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"idf": vocabulary.idf.astype(np.float16)}
    for name, head in heads.items():
        arrays[f"{name}.weight"] = (head.weight / head.temperature).astype(np.float16)
        arrays[f"{name}.bias"] = (head.bias / head.temperature).astype(np.float16)
    (folder / VOCABULARY_FILE).write_text(
        "".join(f"{gram}\n" for gram in vocabulary.grams), "utf-8"
    )
    np.savez_compressed(folder / MODEL_FILE, allow_pickle=False, **arrays)
    return [VOCABULARY_FILE, MODEL_FILE]


def _reliability(text: Normalised, grams: Grams) -> float:
    """Share of known character pairs times the share of Chinese among the letters."""
    chinese = text.han / text.letters if text.letters else 0.0
    return max(LEAST_RELIABILITY, grams.known * chinese)


def _evidence(
    source: str, text: Normalised, grams: Grams, part: NDArray[np.float32]
) -> tuple[Evidence, ...]:
    """Spans of the source that moved the answer most.

    Args:
        source: The turn's text.
        text: The same, normalised.
        grams: Its known n-grams, n of them.
        part: float32 (n,), how much each moved the answer; it is shared by its characters.
    """
    if not len(grams.ids):
        return ()
    share = part.astype(np.float64) / (grams.ends - grams.starts)
    steps = np.zeros(len(text.characters) + 1)
    np.add.at(steps, grams.starts, share)
    np.add.at(steps, grams.ends, -share)
    by_character = np.cumsum(steps)[1:-2]
    strongest = np.abs(by_character).max(initial=0.0)
    if strongest == 0.0:
        return ()
    signs = np.sign(by_character) * (np.abs(by_character) >= _CONTRAST * strongest)
    scale = np.abs(by_character).sum()
    spans = []
    gaps = np.diff(np.array(text.places[1:-1])) > 1  # A span never runs over what was not read.
    cuts = np.flatnonzero((np.diff(signs) != 0) | gaps) + 1
    edges = [0, *cuts.tolist(), len(signs)]
    for first, behind in pairwise(edges):
        start, end = text.places[first + 1], text.places[behind] + 1
        words = source[start:end]
        if signs[first] and words.strip():
            weight = float(np.clip(by_character[first:behind].sum() / scale, -1, 1))
            spans.append(Evidence("word", words, round(weight, 4), start, end))
    return tuple(sorted(spans, key=lambda span: -abs(span.weight))[:_SPANS])
