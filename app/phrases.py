"""Words that come with dissatisfaction more often than without.

Log-odds ratios with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin'
words", Political Analysis 16, section 3.4): the prior draws rare words to what all conversations
say, and the z-value takes what is left for what it is worth. A conversation counts a word once, so
that one caller who repeats himself makes no trend. Words are runs of 2 to 12 Chinese characters, or
words in letters: no segmenter is needed, and what is always said together is shown once, whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import NormalDist

LEAST = 5
"""Conversations that end dissatisfied in which a word has to be."""
SHOWN = 20
PRIOR_SHARE = 0.1
"""Weight of the prior against the data."""
ERROR = 0.05
"""Chance that any word is shown by chance alone (Bonferroni)."""
_RUNS = re.compile(r"[\u3400-\u9fff]+|[a-z][a-z']{2,}")
_LONGEST = 12


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word that comes with dissatisfaction.

    Attributes:
        text: The word.
        z: How surely, in standard deviations of its log-odds ratio.
        dissatisfied: Share of conversations that ended dissatisfied which have it, in [0, 1].
        others: Share of the others.
        count: Conversations that ended dissatisfied and have it.
    """

    text: str
    z: float
    dissatisfied: float
    others: float
    count: int


def phrases(conversations: Iterable[tuple[bool, Sequence[str]]]) -> list[Phrase]:
    """The words that tell most, surest first; none where nothing is beyond chance.

    Args:
        conversations: Of each whether it ended dissatisfied, and what the customer said.
    """
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    sizes = {True: 0, False: 0}
    for ended, texts in conversations:
        counts[ended].update(words(texts))
        sizes[ended] += 1
    if not sizes[True] or not sizes[False]:
        return []
    totals = {ended: sum(found.values()) for ended, found in counts.items()}
    tried = [word for word, count in counts[True].items() if count >= LEAST]
    if not tried:
        return []
    least = NormalDist().inv_cdf(1 - ERROR / len(tried))
    found = []
    for word in tried:
        z = _z(counts[True][word], totals[True], counts[False][word], totals[False])
        if z >= least:
            here, there = counts[True][word], counts[False][word]
            found.append(Phrase(word, z, here / sizes[True], there / sizes[False], here))
    return sorted(_whole(found), key=lambda one: (-one.z, one.text))[:SHOWN]


def words(texts: Iterable[str]) -> set[str]:
    """The different words in some texts."""
    found = set()
    for text in texts:
        for run in _RUNS.findall(text.lower()):
            if run[0] < "\u3400":
                found.add(run)
                continue
            for size in range(2, _LONGEST + 1):
                found.update(run[at : at + size] for at in range(len(run) - size + 1))
    return found


def _z(here: int, total_here: int, there: int, total_there: int) -> float:
    """Equations 15, 19 and 22, with the pooled counts as prior."""
    prior = PRIOR_SHARE * (here + there)
    weight = PRIOR_SHARE * (total_here + total_there)
    a, b = here + prior, there + prior
    odds = log(a / (total_here + weight - a)) - log(b / (total_there + weight - b))
    return odds / sqrt(1 / a + 1 / b)


def _whole(found: Sequence[Phrase]) -> list[Phrase]:
    """Without what is hardly said but as a part of another: 了五 beside 等了五天."""
    kept: list[Phrase] = []
    for one in sorted(found, key=lambda one: (-len(one.text), -one.z, one.text)):
        if not any(_same(one, other) for other in kept):
            kept.append(one)
    return kept


def _same(one: Phrase, other: Phrase) -> bool:
    """Whether a word is part of a longer one, or overlaps it by half, about as often."""
    if other.count < 0.8 * one.count:
        return False
    if one.text in other.text:
        return True
    half = max(2, len(one.text) // 2)
    return one.text[:half] in other.text or one.text[-half:] in other.text
