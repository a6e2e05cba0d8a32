"""What the risk model reads after each turn: a causal summary of the conversation so far.

It is made of the customer's sentiment (how much, how lately, how long in a row) and of who speaks
how long and how often in a row. Of the agent's words it knows the length alone; never an emotion,
which the product does not infer. How far a turn repeats an earlier one was tried (overlap of word
pairs with the party's own and the other's turns): it changed no AUROC by more than .005.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike

from fusion.loglinear import Array

RECENT = 6
"""So many of the customer's latest turns are read one by one."""
CLEAR = 0.5
"""P(negative) or P(positive) from which a turn counts as such where turns are counted."""
LONG_AGO = 50
"""Turns; what is further back, or never was, counts as this."""
LONGEST_RUN = 8
ABSENT = -2.0
"""A recent turn that has not been."""

_PARTY = ("length", "last_length", "longest_run")
FEATURES = (
    "turns",
    "customer_turns",
    "agent_turns",
    "customer_speaks",
    "run",
    "negative",
    "neutral",
    "positive",
    "mean_negative",
    "mean_positive",
    *(f"recent_{i}" for i in range(RECENT)),
    "trend",
    "slow_trend",
    "negative_run",
    "since_negative",
    "since_positive",
    "longest_negative_run",
    "sharpness",
    *(f"{party}_{name}" for party in ("customer", "agent") for name in _PARTY),
)


def history(customer: ArrayLike, sentiment: ArrayLike, words: ArrayLike) -> Array:
    """The summary after each turn, float64 (n, len(FEATURES)); row t knows turns 0 to t.

    Args:
        customer: bool (n,): whether the customer speaks.
        sentiment: (n, 3): P(negative), P(neutral), P(positive); zeros where it is not known and
            for agents.
        words: (n,): words in the turn; 0 where only sound is known.
    """
    speaks = np.asarray(customer, dtype=bool).tolist()
    felt = np.asarray(sentiment, dtype=np.float64).reshape(-1, 3).tolist()
    lengths = np.log1p(np.asarray(words, dtype=np.float64)).tolist()
    mood, of_customer, of_agent = _Mood(), _Party(), _Party()
    rows = np.empty((len(speaks), len(FEATURES)))
    run = 0
    for t, own in enumerate(speaks):
        run = min(run + 1, LONGEST_RUN) if t and own == speaks[t - 1] else 1
        (of_customer if own else of_agent).add(lengths[t], run)
        if own:
            mood.add(*felt[t])
        counts = (t + 1, of_customer.turns, of_agent.turns, own, run)
        rows[t] = [*counts, *mood.row(), *of_customer.row(), *of_agent.row()]
    return rows


class _Mood:
    """The customer's sentiment so far; turns without one are passed over."""

    def __init__(self) -> None:
        self.negative = self.neutral = self.positive = self.sharpness = 0.0
        self.known = self.run = self.longest = 0
        self.recent: deque[float] = deque(maxlen=RECENT)
        self.trend = self.slow_trend = 0.0
        self.since_negative = self.since_positive = LONG_AGO

    def add(self, negative: float, neutral: float, positive: float) -> None:
        if negative + neutral + positive == 0:
            return
        valence = positive - negative
        self.negative += negative
        self.neutral += neutral
        self.positive += positive
        self.sharpness += max(negative, neutral, positive)
        self.known += 1
        self.recent.appendleft(valence)
        self.trend += 0.3 * (valence - self.trend)
        self.slow_trend += 0.1 * (valence - self.slow_trend)
        self.run = self.run + 1 if negative >= CLEAR else 0
        self.longest = max(self.longest, self.run)
        self.since_negative = 0 if negative >= CLEAR else min(self.since_negative + 1, LONG_AGO)
        self.since_positive = 0 if positive >= CLEAR else min(self.since_positive + 1, LONG_AGO)

    def row(self) -> list[float]:
        count = max(self.known, 1)
        return [
            self.negative,
            self.neutral,
            self.positive,
            self.negative / count,
            self.positive / count,
            *self.recent,
            *[ABSENT] * (RECENT - len(self.recent)),
            self.trend,
            self.slow_trend,
            self.run,
            self.since_negative,
            self.since_positive,
            self.longest,
            self.sharpness / count,
        ]


class _Party:
    """How one party has spoken so far: how long, and how often in a row."""

    def __init__(self) -> None:
        self.turns = self.longest_run = 0
        self.length = self.last_length = 0.0

    def add(self, length: float, run: int) -> None:
        self.turns += 1
        self.length += length
        self.last_length = length
        self.longest_run = max(self.longest_run, run)

    def row(self) -> list[float]:
        return [self.length / max(self.turns, 1), self.last_length, self.longest_run]
