"""What a masked language model reads: blocks of tokens, mixed by source, masked at each step.

Everything is a function of the seed and the step, so that a run that was interrupted goes on as if
it had not been.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from multimodal.errors import InvalidInputError
from text.features import normalise
from text.tokens import CLS, MASK, SEP, UNKNOWN, special_ids
from text.unlabelled import Dialogue, read_dialogues

HELD_OUT_SHARE = 0.005
"""Of every source, at its end; one block at least."""
MASKED_SHARE = 0.25
_SPANS = np.array([0.6, 0.25, 0.1, 0.05])
"""Shares of masked spans of 1, 2, 3 and 4 tokens (n-gram masking, Cui et al. 2020, MacBERT)."""
_BATCH = 4096
_log = logging.getLogger(__name__)


def tokens_of(
    sources: Mapping[str, Path], tokenizer: Tokenizer, cache: Path
) -> dict[str, NDArray[np.uint16]]:
    """Each source as one row of tokens, every utterance behind a [SEP]; kept in a folder.

    Args:
        sources: Name to file or folder, see `text.unlabelled.read_dialogues`.
        tokenizer: The encoder's.
        cache: Folder of `<name>.npy`; what is there already is not read again.
    """
    rows = {}
    cache.mkdir(parents=True, exist_ok=True)
    separator = special_ids(tokenizer)[SEP]
    for name, path in sources.items():
        file = cache / f"{name}.npy"
        if not file.is_file():
            pieces = []
            for batch in _batches(normalised(read_dialogues(path))):
                for found in tokenizer.encode_batch(batch, add_special_tokens=False):
                    pieces.append(np.array([*found.ids, separator], dtype=np.uint16))
            np.save(file, np.concatenate(pieces))
        rows[name] = np.load(file)
        _log.info("%s: %.2f M tokens", name, len(rows[name]) / 1e6)
    return rows


def normalised(dialogues: Iterator[Dialogue]) -> Iterator[str]:
    """The normalised utterances of dialogues, without those that are blank."""
    for dialogue in dialogues:
        for utterance in dialogue:
            text = normalise(utterance)
            if not text.is_blank:
                yield text.characters[1:-1]


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    while batch := list(islice(texts, _BATCH)):
        yield batch


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Masked blocks.

    Attributes:
        ids: int64 (blocks, length), what the encoder reads.
        places: int64 (masked,), the masked places in the flattened `ids`.
        truth: int64 (masked,), the tokens that stood there.
    """

    ids: NDArray[np.int64]
    places: NDArray[np.int64]
    truth: NDArray[np.int64]


class Mixture:
    """The blocks of several sources, each spread evenly over the run.

    Args:
        rows: Source to its tokens, uint16 (n,).
        passes: Source to how often it is read; a part of a pass reads that share of it. Each pass
            cuts the blocks elsewhere.
        tokenizer: For the ids of the special tokens.
        length: Tokens in a block, [CLS] included.
        size: Blocks in a batch.
        seed: Of order and masks.
        cap: Source to its largest share of any batch.

    Raises:
        InvalidInputError: If a capped source would be more than that.
    """

    def __init__(
        self,
        rows: Mapping[str, NDArray[np.uint16]],
        passes: Mapping[str, float],
        tokenizer: Tokenizer,
        *,
        length: int,
        size: int,
        seed: int,
        cap: Mapping[str, float],
    ) -> None:
        self._length, self._size, self._seed = length, size, seed
        ids = special_ids(tokenizer)
        self._cls, self._mask = ids[CLS], ids[MASK]
        self._fixed = np.array([ids[CLS], ids[SEP], ids[UNKNOWN]])
        self._vocabulary = tokenizer.get_vocab_size()
        self._rows = list(rows.values())
        random = np.random.default_rng(seed)
        keys, blocks, held_out = [], [], []
        for source, (name, row) in enumerate(rows.items()):
            kept = min(int(len(row) * (1 - HELD_OUT_SHARE)), len(row) - length + 1)
            starts = _starts(kept, passes[name], length - 1, random)
            keys.append((np.arange(len(starts)) + random.random(len(starts))) / max(1, len(starts)))
            blocks.append(np.stack([np.full(len(starts), source), starts], axis=1))
            ends = np.arange(kept, len(row) - length + 2, length - 1)
            held_out.append(np.stack([np.full(len(ends), source), ends], axis=1))
        order = np.argsort(np.concatenate(keys), kind="stable")
        self._blocks = np.concatenate(blocks)[order]
        self.held_out = dict(zip(rows, held_out, strict=True))
        self._check(list(rows), cap)

    def __len__(self) -> int:
        """Steps of the whole run."""
        return len(self._blocks) // self._size

    def batch(self, step: int) -> Batch:
        """The blocks of one step, in [0, len(self)), masked."""
        return self.masked(self._chosen(step), np.random.default_rng((self._seed, step)))

    def plain(self, step: int) -> NDArray[np.int64]:
        """The same blocks as they are: int64 (blocks, length)."""
        return self._ids(self._chosen(step))

    def masked(self, blocks: NDArray[np.int64], random: np.random.Generator) -> Batch:
        """Masks `MASKED_SHARE` of the tokens in spans: 80 % [MASK], 10 % another, 10 % kept."""
        ids = self._ids(blocks)
        flat = ids.reshape(-1)
        wanted = int(len(flat) * MASKED_SHARE)
        spans = random.choice(len(_SPANS), size=wanted, p=_SPANS) + 1
        starts = random.permutation(len(flat))[:wanted]
        chosen = np.zeros(len(flat) + len(_SPANS), dtype=np.bool_)
        count = int(np.searchsorted(np.cumsum(spans), wanted)) + 1
        for offset in range(len(_SPANS)):
            chosen[starts[:count][spans[:count] > offset] + offset] = True
        places = np.flatnonzero(chosen[: len(flat)] & ~np.isin(flat, self._fixed))
        truth = flat[places].copy()
        fate = random.random(len(places))
        flat[places[fate < 0.8]] = self._mask
        other = places[fate >= 0.9]
        flat[other] = random.integers(len(self._fixed), self._vocabulary, size=len(other))
        return Batch(ids, places, truth)

    def _chosen(self, step: int) -> NDArray[np.int64]:
        return self._blocks[step * self._size : (step + 1) * self._size]

    def _ids(self, blocks: NDArray[np.int64]) -> NDArray[np.int64]:
        ids = np.full((len(blocks), self._length), self._cls, dtype=np.int64)
        for row, (source, start) in zip(ids, blocks, strict=True):
            row[1:] = self._rows[source][start : start + self._length - 1]
        return ids

    def _check(self, names: list[str], cap: Mapping[str, float]) -> None:
        for name, most in cap.items():
            inside = self._blocks[: len(self) * self._size, 0] == names.index(name)
            share = inside.reshape(len(self), self._size).mean(axis=1).max(initial=0.0)
            if share > most:
                raise InvalidInputError(
                    f"{name} is {share:.0%} of a batch, expected at most {most:.0%}.",
                    remedy="Read it less often, or the others more often.",
                )


def _starts(
    tokens: int, passes: float, length: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Where the blocks of all passes over so many tokens start, in random order."""
    starts: list[NDArray[np.int64]] = []
    left = passes
    while left > 0:
        shift = int(random.integers(length)) if starts else 0
        cut = np.arange(shift, tokens - length + 1, length)
        starts.append(random.permutation(cut)[: round(len(cut) * min(1.0, left))])
        left -= 1
    return random.permutation(np.concatenate(starts)) if starts else np.zeros(0, dtype=np.int64)
