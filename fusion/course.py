"""How a customer's sentiment went: filtered while the conversation goes on, smoothed afterwards.

A local level that drifts from turn to turn (Kalman 1960) is observed through the fused valence of
each usable customer's turn, the less precisely the less confident the answer. Online, each turn's
level rests on the turns so far; offline, on all of them (Rauch, Tung and Striebel 1965).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.loglinear import Array
from multimodal.conversation import Role
from multimodal.emotions import UNKNOWN
from multimodal.scoring import ScoredConversation, ScoredTurn
from multimodal.tags import Tag

DRIFT = 0.04
"""Variance of the level's step from one of the customer's turns to the next."""
NOISE = 0.1
"""Variance of the valence of a turn that is judged with certainty."""
FIRST = 0.25
"""Variance of the level before the first turn; its mean is 0."""
BAD = -0.2
"""Level from which a conversation has gone badly, so that it can recover."""
RECOVERED = 0.1
"""Level at the end from which it has recovered."""
CLOSING = 12
"""Characters; a closing turn of so many at most that has a thanks and nothing else says nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """How the customer's sentiment went.

    Attributes:
        online: Of each turn the level in [-1, 1] from the turns so far; None before the customer's
            first usable turn.
        offline: Of each turn the level from all turns; None where there is no usable turn.
        peak: Index of the customer's turn at which the level was worst, None without any.
        recovered: Whether it had gone badly and was good at the end; a closing that only thanks
            does not count.
    """

    online: tuple[float | None, ...]
    offline: tuple[float | None, ...]
    peak: int | None
    recovered: bool

    def to_json(self) -> dict[str, Any]:
        """The fields as a JSON object; the peak is a number from 1."""
        return {
            "online": [None if v is None else round(v, 4) for v in self.online],
            "offline": [None if v is None else round(v, 4) for v in self.offline],
            "peak": None if self.peak is None else self.peak + 1,
            "recovered": self.recovered,
        }


def course(scored: ScoredConversation) -> Course:
    """The course of a conversation so far."""
    turns = scored.turns
    own = [i for i, t in enumerate(turns) if _usable(t)]
    if not own:
        nothing = (None,) * len(turns)
        return Course(nothing, nothing, None, False)
    observed = np.array([turns[i].answer.valence for i in own])
    noise = np.array([NOISE / max(turns[i].answer.confidence, 0.05) for i in own])
    online, offline = levels(observed, noise)
    last = next(
        (k for k in range(len(own) - 1, -1, -1) if not _only_thanks(turns[own[k]])), len(own) - 1
    )
    judged = levels(observed[: last + 1], noise[: last + 1])[1]
    peak = int(judged.argmin())
    return Course(
        _held(len(turns), own, online),
        _held(len(turns), own, offline, backwards=True),
        own[peak],
        bool(judged[peak] <= BAD and judged[-1] >= RECOVERED),
    )


def levels(observed: Array, noise: Array) -> tuple[Array, Array]:
    """Filtered and smoothed levels of a series, each float64 (n,), within its bounds.

    Args:
        observed: (n,), n >= 1.
        noise: (n,), variances of the observations, > 0.
    """
    size = len(observed)
    level, variance = np.empty(size), np.empty(size)
    mean, spread = 0.0, FIRST
    for i in range(size):
        gain = spread / (spread + noise[i])
        mean += gain * (observed[i] - mean)
        level[i], variance[i] = mean, (1 - gain) * spread
        spread = variance[i] + DRIFT
    smooth = level.copy()
    for i in range(size - 2, -1, -1):
        back = variance[i] / (variance[i] + DRIFT)
        smooth[i] = level[i] + back * (smooth[i + 1] - level[i])
    return level, smooth


def _usable(scored: ScoredTurn) -> bool:
    return scored.turn.role is Role.CUSTOMER and scored.answer.label != UNKNOWN


def _only_thanks(scored: ScoredTurn) -> bool:
    tags = {tagged.tag for tagged in scored.tags}
    return tags == {Tag.THANKS} and len(scored.turn.text) <= CLOSING


def _held(
    size: int, own: list[int], values: Array, *, backwards: bool = False
) -> tuple[float | None, ...]:
    """Per turn the level of the customer's latest; `backwards` fills those before the first."""
    held: list[float | None] = [None] * size
    for i, value in zip(own, values.tolist(), strict=True):
        held[i] = value
    for i in range(1, size):
        if held[i] is None:
            held[i] = held[i - 1]
    if backwards:
        for i in range(own[0]):
            held[i] = held[own[0]]
    return tuple(held)
