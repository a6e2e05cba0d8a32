"""The served text model: a BERT encoder on ONNX Runtime, and character n-grams beside it.

The two halves' class scores are summed, each with its factor worked into its weights. Both are
linear in what they read: a token's and an n-gram's part in a score is exact, and their sum per
character is the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from multimodal.checkpoints import Checkpoint
from multimodal.errors import CheckpointError
from multimodal.scoring import TurnInput
from text.corpora import CLASSES, EMOTION
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
        found: list[Reading | None] = [None] * len(inputs)
        kept = [i for i, one in enumerate(tokens) if not one.text.is_blank]
        kept.sort(key=lambda i: len(tokens[i].ids))
        first = 0
        for behind in range(1, len(kept) + 1):
            longest = len(tokens[kept[behind]].ids) if behind < len(kept) else TOKENS
            if behind == len(kept) or longest * (behind + 1 - first) > TOKENS:
                rows = kept[first:behind]
                batch = self._encoder.batch([tokens[i] for i in rows])
                scores, parts = self._session.run(
                    ["scores", "contributions"], {"ids": batch.ids, "segments": batch.segments}
                )
                for row, i in enumerate(rows):
                    source = inputs[i].turn.text
                    found[i] = self._reading(source, tokens[i], scores[row], parts[row])
                first = behind
        return found

    def _reading(
        self,
        source: str,
        tokens: Tokens,
        scores: NDArray[np.float32],
        parts: NDArray[np.float32],
    ) -> Reading:
        """Joins the halves.

        Args:
            source: The turn's text.
            tokens: What the encoder read.
            scores: float32 (classes of all heads,), the encoder's.
            parts: float32 (length, 7), each token's part in its scores of `emotion`.
        """
        grams = self._vocabulary.find(tokens.text)
        ids, values = self._vocabulary.weigh(grams)
        rows = self._weight[ids]
        heads = self._heads(scores + values @ rows + self._bias)
        chosen = int(heads[EMOTION].argmax())
        logits = rows[:, : self._sizes[EMOTION]]
        moved = values * (logits[:, chosen] - logits.mean(axis=1))
        occurrence = np.searchsorted(ids, grams.ids)
        by_gram = moved[occurrence] / np.bincount(occurrence)[occurrence]
        own = parts[1 : tokens.turn - 1]
        by_token = own[:, chosen] - own.mean(axis=1)
        by_character = _spread(len(tokens.text.characters), tokens.spans, by_token)
        spans = list(zip(grams.starts.tolist(), grams.ends.tolist(), strict=True))
        by_character += _spread(len(tokens.text.characters), spans, by_gram)
        return Reading(
            heads,
            _reliability(tokens.text, grams),
            spans_of(source, tokens.text, by_character),
            window_note(source, WINDOW),
        )

    def _heads(self, scores: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
        heads, column = {}, 0
        for head, size in self._sizes.items():
            heads[head] = softmax(scores[column : column + size])
            column += size
        return heads


def _spread(
    length: int, spans: Sequence[tuple[int, int]], parts: NDArray[np.float32]
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
