"""How things go over time, by queue, by channel, by hour; each with an interval.

A share that differs from the others is called news only where chance hardly does as much: Fisher's
exact test of each against all others, corrected for how many are looked at (Holm 1979). Nothing is
grouped by agent: a customer's emotion is no agent's performance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.statistics import beyond_chance, bootstrap_mean, fisher, wilson
from app.store.history import Outcome
from multimodal.states import Level

By = Literal["day", "week", "queue", "channel", "hour"]
BY: tuple[By, ...] = ("day", "week", "queue", "channel", "hour")
LEAST_CALLS = 20
"""A cell of the heat map needs more calls than this."""
FEW = 8
"""Of fewer values, resampling makes an interval that is far too narrow."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval (Wilson).

    Attributes:
        n: Out of how many.
        share: In [0, 1]; 0 where there are none.
        low: Lower end.
        high: Upper end.
    """

    n: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with its 95 % interval (bootstrap), which is None with fewer than `FEW` values."""

    n: int
    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One day, week, queue, channel or hour, or all of them.

    Attributes:
        name: `2026-06-30`, the week's Monday, a queue's name, a channel, or an hour from 0.
        calls: Conversations.
        dissatisfied: Those that ended dissatisfied or heated.
        recovery: Of those negative in the first half, those that ended well.
        shift: Last minus first quarter.
        levels: Conversations by level.
        news: Whether the share of dissatisfied ones differs from all others beyond noise.
    """

    name: str
    calls: int
    dissatisfied: Share
    recovery: Share
    shift: Mean
    levels: Mapping[str, int]
    news: bool = False


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a day of the week; without a share where it has too few calls.

    Attributes:
        weekday: 0 for Monday.
        hour: From 0.
        calls: Conversations.
        dissatisfied: Their share, or None with at most `LEAST_CALLS`.
    """

    weekday: int
    hour: int
    calls: int
    dissatisfied: Share | None


def cells(outcomes: Sequence[Outcome], by: By, zone: ZoneInfo) -> list[Cell]:
    """The groups, in the order of time or of their size, with what is news among them."""
    groups: dict[str, list[Outcome]] = {}
    name = _namer(by, zone)
    for one in outcomes:
        groups.setdefault(name(one), []).append(one)
    names = sorted(groups, key=lambda key: key if by not in ("queue", "channel") else "")
    if by in ("queue", "channel"):
        names.sort(key=lambda key: (-len(groups[key]), key))
    bad = sum(one.dissatisfied for one in outcomes)
    chances = []
    for key in names:
        here = sum(one.dissatisfied for one in groups[key])
        n = len(groups[key])
        chances.append(fisher(here, n, bad - here, len(outcomes) - n))
    found = beyond_chance(chances) if len(names) > 1 else [False] * len(names)
    return [cell(groups[key], key, news) for key, news in zip(names, found, strict=True)]


def cell(outcomes: Sequence[Outcome], name: str = "", news: bool = False) -> Cell:
    """Some conversations together."""
    shifts = [one.shift for one in outcomes if one.shift is not None]
    negative = [one.recovered for one in outcomes if one.was_negative]
    counted = Counter(one.level for one in outcomes)
    return Cell(
        name,
        len(outcomes),
        _share([one.dissatisfied for one in outcomes]),
        _share(negative),
        _mean(shifts),
        {level.value: counted[level] for level in Level},
        news,
    )


def quarters(outcomes: Sequence[Outcome]) -> list[Mean]:
    """Mean sentiment of each quarter, over the conversations in which it is known."""
    return [
        _mean([value for one in outcomes if (value := one.sentiment[index]) is not None])
        for index in range(4)
    ]


def hours(outcomes: Sequence[Outcome], zone: ZoneInfo) -> list[Hour]:
    """Every hour of the week that has calls."""
    groups: dict[tuple[int, int], list[bool]] = {}
    for one in outcomes:
        at = one.started.astimezone(zone)
        groups.setdefault((at.weekday(), at.hour), []).append(one.dissatisfied)
    return [
        Hour(day, hour, len(ended), _share(ended) if len(ended) > LEAST_CALLS else None)
        for (day, hour), ended in sorted(groups.items())
    ]


def _namer(by: By, zone: ZoneInfo) -> Callable[[Outcome], str]:
    def moment(one: Outcome) -> str:
        at = one.started.astimezone(zone)
        if by == "hour":
            return f"{at.hour:02d}"
        day = at.date() - timedelta(days=at.weekday() if by == "week" else 0)
        return day.isoformat()

    if by == "queue":
        return lambda one: one.queue
    return (lambda one: one.channel) if by == "channel" else moment


def _share(hits: Sequence[bool]) -> Share:
    n = len(hits)
    return Share(n, sum(hits) / n if n else 0.0, *wilson(sum(hits), n))


def _mean(values: Sequence[float]) -> Mean:
    mean = sum(values) / len(values) if values else 0.0
    low, high = bootstrap_mean(values) if len(values) >= FEW else (None, None)
    return Mean(len(values), mean, low, high)
