"""What was said before a turn, as n-grams: by each party, the mean of its utterances.

How satisfied a customer is with a conversation stands in all of it, so the n-grams of that head
have weights of their own for what the customer said earlier and for what the agent said. The mean
of the utterances' TF-IDF rows is linear, so that an utterance's part in the scores is computed once
for all the turns that come after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Role, Turn
from text.features import Vocabulary, normalise

PARTIES = ("customer", "agent")
TURNS = 16
"""How many preceding turns are read; the pipeline hands on as many."""
UTTERANCE = 64
"""Characters of an utterance that are read: where it has more, its first and its last half."""
_PARTY_OF: Mapping[Role, str] = {
    Role.CUSTOMER: "customer",
    Role.AGENT: "agent",
    Role.BOT: "agent",
}


def utterances(previous: Sequence[Turn]) -> dict[str, list[str]]:
    """Party to the texts of its turns among the last ones; roles that are unknown are left out."""
    found: dict[str, list[str]] = {party: [] for party in PARTIES}
    for turn in previous[-TURNS:]:
        if turn.role in _PARTY_OF and turn.text:
            found[_PARTY_OF[turn.role]].append(turn.text)
    return found


def mean_rows(vocabulary: Vocabulary, contexts: Sequence[Sequence[Turn]]) -> Any:
    """The parties' mean rows side by side: scipy.sparse CSR float32 (n, parties * grams).

    Args:
        vocabulary: The n-grams.
        contexts: The turns before each of n turns, oldest first.
    """
    from scipy.sparse import csr_matrix, hstack

    said = [utterances(previous) for previous in contexts]
    texts: dict[str, int] = {}
    for one in said:
        for text in (text for party in PARTIES for text in one[party]):
            texts.setdefault(text, len(texts))
    rows = [vocabulary.weigh(vocabulary.find(normalise(text, UTTERANCE))) for text in texts]
    ends = np.cumsum([0, *(len(ids) for ids, _ in rows)])
    columns = np.concatenate([ids for ids, _ in rows] or [np.zeros(0, dtype=np.int32)])
    values = np.concatenate([weights for _, weights in rows] or [np.zeros(0, dtype=np.float32)])
    each = csr_matrix((values, columns, ends), shape=(len(texts), len(vocabulary)))
    means = []
    for party in PARTIES:
        of = [
            (i, texts[text], 1 / len(one[party]))
            for i, one in enumerate(said)
            for text in one[party]
        ]
        row, column, share = (np.array(part) for part in zip(*of, strict=True)) if of else ([],) * 3
        means.append(csr_matrix((share, (row, column)), shape=(len(said), len(texts))) @ each)
    return hstack(means).tocsr().astype(np.float32)


class EarlierScores:
    """The part of what was said before in the scores of one head; one object a batch.

    Args:
        vocabulary: The n-grams.
        weights: Party to float32 (grams, classes).
    """

    def __init__(self, vocabulary: Vocabulary, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._vocabulary, self._weights = vocabulary, weights
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}

    def of(self, previous: Sequence[Turn]) -> NDArray[np.float32]:
        """Its part in the scores, float32 (classes,), given the turns before, oldest first."""
        total = np.zeros(next(iter(self._weights.values())).shape[1], dtype=np.float32)
        for party, texts in utterances(previous).items():
            for text in texts:
                total += self._score(party, text) / len(texts)
        return total

    def _score(self, party: str, text: str) -> NDArray[np.float32]:
        found = self._known.get((party, text))
        if found is None:
            grams = self._vocabulary.find(normalise(text, UTTERANCE))
            ids, values = self._vocabulary.weigh(grams)
            found = np.asarray(values @ self._weights[party][ids], dtype=np.float32)
            self._known[(party, text)] = found
        return found
