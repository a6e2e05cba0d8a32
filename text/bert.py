"""The served text model: a BERT encoder on ONNX Runtime, and character n-grams beside it.

The two halves' class scores are summed, each with its factor worked into its weights. How much each
character moved the score of the answer, through its n-grams and its token, is the evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from multimodal.checkpoints import Checkpoint
from multimodal.errors import CheckpointError
from multimodal.scoring import TurnInput
from text.corpora import CLASSES, EMOTION
from text.earlier import PARTIES, EarlierScores
from text.encode import WINDOW, Tokens, TurnEncoder
from text.evidence import spans_of
from text.features import Grams, Normalised, Vocabulary, window_note
from text.linear import softmax
from text.reading import Reading
from text.tokens import TOKENIZER_FILE

MODEL_FILE = "model.onnx"
VOCABULARY_FILE = "vocabulary.txt"
NGRAMS_FILE = "ngrams.npz"
LEAST_RELIABILITY = 0.05
"""Reliability of a text in which the model knows next to nothing."""
OCCLUSIONS = 24
"""Stretches of a turn that are left out in turn: of a longer one several tokens at a time."""
TOKENS = 2048
"""Tokens of a batch, padding included: as many as stay in the processor's caches."""


class BertModel:
    """Scores turns with a checkpoint of kind `bert`.

    Args:
        checkpoint: The verified folder.

    Raises:
        CheckpointError: If its files do not fit together.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        try:
            grams = checkpoint.file(VOCABULARY_FILE).read_text("utf-8").split("\n")[:-1]
            with np.load(checkpoint.file(NGRAMS_FILE), allow_pickle=False) as arrays:
                tables = {name: arrays[name].astype(np.float32) for name in arrays.files}
            self._sizes = {head: len(CLASSES[head]) for head in checkpoint.config["heads"]}
            self._vocabulary = Vocabulary(grams, tables["idf"])
            self._weight = np.hstack([tables[f"{head}.weight"] for head in self._sizes])
            self._bias = np.hstack([tables[f"{head}.bias"] for head in self._sizes])
            self._earlier = {
                head: {party: tables[f"{head}.{party}"] for party in PARTIES}
                for head in self._sizes
                if f"{head}.{PARTIES[0]}" in tables
            }
            self._session = onnxruntime.InferenceSession(
                checkpoint.file(MODEL_FILE), providers=["CPUExecutionProvider"]
            )
            tokenizer = Tokenizer.from_file(str(checkpoint.file(TOKENIZER_FILE)))
            self._encoder = TurnEncoder(tokenizer, int(checkpoint.config["context"]))
        except Exception as error:  # ONNX Runtime and tokenizers raise types of their own.
            raise CheckpointError(
                f"it cannot be read: {error}.", where=str(checkpoint.path)
            ) from error
        columns = sum(self._sizes.values())
        scores = self._session.get_outputs()[0].shape[-1]
        if self._weight.shape != (len(grams), columns) or scores != columns:
            raise CheckpointError(
                f"its halves have {self._weight.shape[1]} and {scores} classes, not {columns}.",
                where=str(checkpoint.path),
            )

    def read(self, inputs: Sequence[TurnInput]) -> list[Reading | None]:
        """See `TextModel.read`; turns of like length are read together."""
        tokens = self._encoder.encode([(item.turn.text, item.previous) for item in inputs])
        kept = [i for i, one in enumerate(tokens) if not one.text.is_blank]
        scores = dict(zip(kept, self._run([tokens[i] for i in kept]), strict=True))
        before = {
            head: EarlierScores(self._vocabulary, weights)
            for head, weights in self._earlier.items()
        }
        found: list[_Read] = []
        for i in kept:
            earlier = {head: one.of(inputs[i].previous) for head, one in before.items()}
            found.append(self._join(tokens[i], scores[i], self._in_columns(earlier)))
        readings: list[Reading | None] = [None] * len(inputs)
        for i, one, evidence in zip(kept, found, self._evidence(found), strict=True):
            text = inputs[i].turn.text
            readings[i] = Reading(
                one.heads,
                _reliability(one.tokens.text, one.grams),
                spans_of(text, one.tokens.text, evidence),
                window_note(text, WINDOW),
            )
        return readings

    def _run(self, turns: Sequence[Tokens]) -> NDArray[np.float32]:
        """The encoder's class scores of all heads, float32 (n, columns)."""
        found = np.zeros((len(turns), len(self._bias)), dtype=np.float32)
        order = sorted(range(len(turns)), key=lambda i: len(turns[i].ids))
        first = 0
        for behind in range(1, len(order) + 1):
            longest = len(turns[order[behind]].ids) if behind < len(order) else TOKENS
            if behind == len(order) or longest * (behind + 1 - first) > TOKENS:
                rows = order[first:behind]
                batch = self._encoder.batch([turns[i] for i in rows])
                given = {"ids": batch.ids, "segments": batch.segments}
                (found[rows],) = self._session.run(["scores"], given)
                first = behind
        return found

    def _join(
        self, tokens: Tokens, scores: NDArray[np.float32], earlier: NDArray[np.float32]
    ) -> _Read:
        """Adds the n-grams' scores to the encoder's, float32 (columns,), and to those of before."""
        grams = self._vocabulary.find(tokens.text)
        ids, values = self._vocabulary.weigh(grams)
        rows = self._weight[ids]
        heads = self._heads(scores + earlier + values @ rows + self._bias)
        logits = rows[:, : self._sizes[EMOTION]]
        return _Read(tokens, grams, heads, scores, ids, values[:, None] * logits)

    def _evidence(self, found: Sequence[_Read]) -> Iterator[NDArray[np.float64]]:
        """How much each character spoke for the answer: float64 (characters,) a turn.

        An n-gram's part in the score is exact. A token's part in the encoder's is how much the
        score falls without it (occlusion; `benchmarks.text_evidence` compares). Only turns whose
        answer is an emotion are looked into.
        """
        places = [_places(one.tokens) if one.chosen else [] for one in found]
        turns = [_without(r.tokens, *p) for r, of in zip(found, places, strict=True) for p in of]
        scores = iter(self._run(turns))
        for one, of in zip(found, places, strict=True):
            length = len(one.tokens.text.characters)
            if not of:
                yield np.zeros(length)
                continue
            moved = _margin(one.parts, one.chosen)
            occurrence = np.searchsorted(one.ids, one.grams.ids)
            by_gram = moved[occurrence] / np.bincount(occurrence)[occurrence]
            spans = list(zip(one.grams.starts.tolist(), one.grams.ends.tolist(), strict=True))
            by_character = _spread(length, spans, by_gram)
            emotions = self._sizes[EMOTION]
            whole = _margin(one.scores[None, :emotions], one.chosen)
            rest = np.stack([next(scores)[:emotions] for _ in of])
            own = one.tokens.spans
            windows = [(own[first - 1][0], own[behind - 2][1]) for first, behind in of]
            by_character += _spread(length, windows, whole - _margin(rest, one.chosen))
            yield by_character

    def _in_columns(self, parts: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Some heads' scores among all of them: float32 (classes of all heads,)."""
        return np.hstack(
            [parts.get(h, np.zeros(size, dtype=np.float32)) for h, size in self._sizes.items()]
        )

    def _heads(self, scores: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        heads, column = {}, 0
        for head, size in self._sizes.items():
            heads[head] = softmax(scores[column : column + size])
            column += size
        return heads


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A turn that was read.

    Attributes:
        tokens: What the encoder read.
        grams: The n-grams that are known.
        heads: Head to probabilities.
        scores: float32 (columns,), the encoder's alone.
        ids: int32 (k,), the distinct n-grams, ascending.
        parts: float32 (k, 7), each one's part in the scores of `emotion`.
    """

    tokens: Tokens
    grams: Grams
    heads: Mapping[str, NDArray[np.float32]]
    scores: NDArray[np.float32]
    ids: NDArray[np.int32]
    parts: NDArray[np.float32]

    @property
    def chosen(self) -> int:
        """Index of the answer; 0 is neutral."""
        return int(self.heads[EMOTION].argmax())


def _places(tokens: Tokens) -> list[tuple[int, int]]:
    """Half-open stretches of the turn's own tokens that are left out, one at a time."""
    count = tokens.turn - 2
    width = -(-count // OCCLUSIONS) or 1
    return [(i, min(i + width, count + 1)) for i in range(1, count + 1, width)]


def _without(tokens: Tokens, first: int, behind: int) -> Tokens:
    ids = tokens.ids[:first] + tokens.ids[behind:]
    return Tokens(tokens.text, ids, tokens.turn - (behind - first), ())


def _margin(scores: NDArray[np.float32], chosen: int) -> NDArray[np.float32]:
    """How far a class stands above the mean of all: float32 (n,) of float32 (n, classes)."""
    margin: NDArray[np.float32] = scores[:, chosen] - scores.mean(axis=1)
    return margin


def _spread(
    length: int, spans: Sequence[tuple[int, int]], parts: NDArray[Any]
) -> NDArray[np.float64]:
    """Shares each span's part among its characters: float64 (length,), summed over the spans."""
    steps = np.zeros(length + 1)
    if len(spans):
        starts, ends = np.array(spans).T
        share = parts.astype(np.float64) / (ends - starts)
        np.add.at(steps, starts, share)
        np.add.at(steps, ends, -share)
    return np.cumsum(steps)[:-1]


def _reliability(text: Normalised, grams: Grams) -> float:
    """Share of known character pairs times the share of Chinese among the letters."""
    chinese = text.han / text.letters if text.letters else 0.0
    return max(LEAST_RELIABILITY, grams.known * chinese)
