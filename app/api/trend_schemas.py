"""Bodies of the answers about trends."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Probability, example

_SHARE: dict[str, Any] = {"n": 80, "share": 0.15, "low": 0.09, "high": 0.24}
_MEAN: dict[str, Any] = {"n": 75, "mean": -0.4, "low": -0.9, "high": 0.1}
_CELL: dict[str, Any] = {
    "name": "2026-06-30",
    "calls": 80,
    "dissatisfied": _SHARE,
    "recovery": _SHARE | {"n": 20},
    "shift": _MEAN,
    "levels": {"calm": 50, "watch": 18, "dissatisfied": 9, "heated": 3},
    "news": False,
}
_PHRASE: dict[str, Any] = {
    "text": "没人上门",
    "z": 5.1,
    "dissatisfied": 0.32,
    "others": 0.02,
    "count": 14,
}


class Share(BaseModel):
    """A share with its 95 % interval (Wilson)."""

    n: int = Field(description="Out of how many.")
    share: Probability
    low: Probability
    high: Probability


class Mean(BaseModel):
    """A mean with its 95 % interval (bootstrap)."""

    n: int
    mean: float
    low: float | None = Field(description="Null where there are too few values to tell.")
    high: float | None


class Cell(BaseModel):
    """One day, week, queue, channel or hour, or all of them."""

    model_config = example(_CELL)
    name: str = Field(description="A date, a week's Monday, a queue, a channel, an hour from 00.")
    calls: int
    dissatisfied: Share = Field(description="Ended dissatisfied or heated.")
    recovery: Share = Field(description="Of those negative in the first half: ended well.")
    shift: Mean = Field(description="Sentiment of the last quarter minus the first, -10 to +10.")
    levels: dict[str, int]
    news: bool = Field(description="Differs from all others beyond noise.")


class Trends(BaseModel):
    """Groups of conversations, and all of them together."""

    model_config = example({"by": "day", "data": [_CELL], "all": _CELL, "quarters": [_MEAN] * 4})
    by: Literal["day", "week", "queue", "channel", "hour"]
    data: list[Cell]
    all: Cell
    quarters: list[Mean] = Field(description="Mean sentiment of the four quarters, -5 to +5.")


class Hour(BaseModel):
    """An hour of a day of the week."""

    weekday: int = Field(ge=0, le=6, description="0 for Monday.")
    hour: int = Field(ge=0, le=23)
    calls: int
    dissatisfied: Share | None = Field(description="Null with at most 20 calls.")


class Hours(BaseModel):
    """Every hour of the week that has calls."""

    model_config = example(
        {"data": [{"weekday": 0, "hour": 10, "calls": 31, "dissatisfied": _SHARE}], "least": 21}
    )
    data: list[Hour]
    least: int = Field(description="Calls that a cell needs to have a share.")


class Phrase(BaseModel):
    """A word that comes with dissatisfaction."""

    model_config = example(_PHRASE)
    text: str
    z: float = Field(description="How surely, in standard deviations.")
    dissatisfied: Probability = Field(description="Share of the dissatisfied that have it.")
    others: Probability = Field(description="Share of the others.")
    count: int


class Phrases(BaseModel):
    """Words that come with dissatisfaction, surest first."""

    model_config = example({"data": [_PHRASE]})
    data: list[Phrase]
