"""A turn and what was said before it, as the tokens that an encoder reads.

    [CLS] the turn [SEP] 服 what the agent said last [SEP] 客 what the customer said [SEP] ...

The turn is segment 0, its context segment 1, the newest utterance first, so that a context that is
cut loses what is longest ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from multimodal.conversation import Role, Turn
from text.features import Normalised, normalise
from text.tokens import CLS, MASK, PAD, SEP, special_ids

TURN, CONTEXT, PADDING = 0, 1, 2
"""Values of `Batch.segments`."""
WINDOW = 256
"""Characters of a turn that are read: where it has more, its first and its last half window."""
UTTERANCE = 20
"""Characters of an utterance of the context that are read, likewise."""
_SPEAKERS: Mapping[Role, str] = {Role.CUSTOMER: "客", Role.AGENT: "服", Role.BOT: "服"}


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """What an encoder reads of one turn.

    Attributes:
        text: The turn, normalised.
        ids: Token ids of the turn with [CLS] in front and [SEP] behind, then of its context.
        turn: How many of `ids` are the turn's.
        spans: Of each of the turn's own tokens (without [CLS] and [SEP]) the half-open span in
            `text.characters`.
    """

    text: Normalised
    ids: tuple[int, ...]
    turn: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Token sequences of like length, padded to the longest.

    Attributes:
        ids: int64 (n, length).
        segments: int64 (n, length): `TURN`, `CONTEXT` or `PADDING`.
    """

    ids: NDArray[np.int64]
    segments: NDArray[np.int64]


class TurnEncoder:
    """Turns into tokens; holds nothing but the tokeniser.

    Args:
        tokenizer: The encoder's own.
        context: Tokens of context at most, 0 for none.
    """

    def __init__(self, tokenizer: Tokenizer, context: int) -> None:
        self._tokenizer = tokenizer
        self._context = context
        ids = special_ids(tokenizer)
        self._cls, self._sep, self._pad, self._mask = (ids[t] for t in (CLS, SEP, PAD, MASK))

    def encode(self, turns: Sequence[tuple[str, Sequence[Turn]]]) -> list[Tokens]:
        """Tokens of each turn, given its text and the turns before it, oldest first."""
        texts = [normalise(text, WINDOW) for text, _ in turns]
        found = self._tokenizer.encode_batch(
            [text.characters[1:-1] for text in texts], add_special_tokens=False
        )
        contexts = self._contexts([previous for _, previous in turns])
        return [
            Tokens(
                text,
                (self._cls, *tokens.ids, self._sep, *context),
                len(tokens.ids) + 2,
                # Offsets count from the first character behind the start mark.
                tuple((start + 1, end + 1) for start, end in tokens.offsets),
            )
            for text, tokens, context in zip(texts, found, contexts, strict=True)
        ]

    def batch(self, tokens: Sequence[Tokens]) -> Batch:
        """Pads sequences to the longest of them."""
        length = max(len(one.ids) for one in tokens)
        ids = np.full((len(tokens), length), self._pad, dtype=np.int64)
        segments = np.full((len(tokens), length), PADDING, dtype=np.int64)
        for row, one in enumerate(tokens):
            ids[row, : len(one.ids)] = one.ids
            segments[row, : one.turn] = TURN
            segments[row, one.turn : len(one.ids)] = CONTEXT
        return Batch(ids, segments)

    def masked(self, batch: Batch, share: float, random: np.random.Generator) -> Batch:
        """A batch in which a share of the tokens, drawn at random, is read as [MASK]."""
        drawn = random.random(batch.ids.shape) < share
        drawn &= ~np.isin(batch.ids, (self._cls, self._sep, self._pad))
        return Batch(np.where(drawn, self._mask, batch.ids), batch.segments)

    def _contexts(self, previous: Sequence[Sequence[Turn]]) -> list[list[int]]:
        if not self._context:
            return [[] for _ in previous]
        # A conversation's utterances are the context of several of its turns: each is read once.
        wanted: dict[str, None] = {}
        chosen = []
        for turns in previous:
            lines = []
            room = self._context
            for turn in reversed(turns):
                if room <= 0:
                    break
                text = normalise(turn.text, UTTERANCE)
                if turn.role in _SPEAKERS and not text.is_blank:
                    lines.append(_SPEAKERS[turn.role] + text.characters[1:-1])
                    room -= len(lines[-1]) + 1  # A token is a character or more.
            chosen.append(lines)
            wanted |= dict.fromkeys(lines)
        found = self._tokenizer.encode_batch(list(wanted), add_special_tokens=False)
        ids = dict(zip(wanted, (one.ids for one in found), strict=True))
        return [
            [token for line in lines for token in (*ids[line], self._sep)][: self._context]
            for lines in chosen
        ]
