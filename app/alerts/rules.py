"""What is alerted to: a rule that a supervisor edits without code, and what rules can measure.

    metric           met by a turn of the customer, or by a moment, when
    level            the level is at least the chosen one
    state            the state is one of the chosen ones
    tag              it has one of the chosen event tags, see `multimodal.tags`
    emotion          the chosen emotions together have at least this probability
    risk             the running risk of ending dissatisfied is at least this
    sentiment_drop   sentiment (-5 to +5) fell by this much, from the first three turns to the last
    disagreement     the channels contradict each other at least this much
    overlap          the turn began while somebody else spoke, and both spoke for so many seconds
    words            one of the words, or the regular expression, is in it
    silence          no turn came for so many seconds
    waiting          a chat's customer has had no answer for so many seconds

A metric of turns can be asked of several turns (`needed` of the last `window`), or, where it has a
state rather than an event, for so many `seconds` on end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from multimodal.conversation import Channel, storable
from multimodal.emotions import EMOTIONS
from multimodal.phrases import Finder
from multimodal.states import Level, State
from multimodal.tags import Tag

MAX_NAME = 60
MAX_WORDS = 500
MAX_WORD = 40
MAX_PATTERN = 500
MAX_WINDOW = 20
MAX_SECONDS = 3600.0
_CLOCK = re.compile("([01][0-9]|2[0-3]):[0-5][0-9]")

MetricName = Literal[
    "level", "state", "tag", "emotion", "risk", "sentiment_drop", "disagreement", "overlap",
    "words", "silence", "waiting",
]  # fmt: skip
Severity = Literal["notice", "warning", "critical"]
Name = Annotated[str, Field(max_length=MAX_NAME)]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric asks for.

    Attributes:
        choices: What may be chosen; empty where nothing is.
        one: Whether exactly one is chosen, instead of one or more.
        limits: Least and largest threshold; None where there is none.
        turns: Whether it is asked of turns, so that several of them can be asked for.
        lasts: Whether it can be asked for some seconds on end.
    """

    choices: tuple[str, ...] = ()
    one: bool = False
    limits: tuple[float, float] | None = None
    turns: bool = True
    lasts: bool = True


METRICS: Mapping[MetricName, Metric] = {
    "level": Metric(tuple(Level)[1:], one=True),
    "state": Metric(tuple(state for state in State if state is not State.UNDECIDED)),
    "tag": Metric(tuple(Tag), lasts=False),
    "emotion": Metric(tuple(EMOTIONS), limits=(0.05, 1.0)),
    "risk": Metric(limits=(0.05, 1.0)),
    "sentiment_drop": Metric(limits=(0.5, 10.0)),
    "disagreement": Metric(limits=(0.05, 1.0)),
    "overlap": Metric(limits=(0.2, 600.0), lasts=False),
    "words": Metric(lasts=False),
    "silence": Metric(limits=(1.0, MAX_SECONDS), turns=False, lasts=False),
    "waiting": Metric(limits=(1.0, MAX_SECONDS), turns=False, lasts=False),
}


class Rule(BaseModel):
    """A rule. It says nothing about agents: nobody is alerted to how one of them speaks or looks.

    Attributes:
        name: What alerts are called, Chinese first.
        name_en: The same in English; empty for the same name.
        metric: What is measured; see the table above.
        choices: Which levels, states, tags or emotions.
        threshold: From which value on it is met; in the metric's unit.
        words: Plain words, in any case.
        skip_negated: Whether a word that is negated (`我不投诉`) does not count.
        pattern: RE2 regular expression, instead of words; its time is linear in the text's length.
        needed: How many of the last `window` turns of the customer must meet it.
        window: Over how many of the customer's turns.
        seconds: For how long on end it must be so, instead of several turns; 0 for at once.
        queues: Skill groups in which it holds; empty for all.
        channels: Channels on which it holds; empty for all.
        hours: From and until when it holds, `HH:MM` in the site's zone; may go over midnight.
        severity: `notice`, `warning` or `critical`.
        cool_down: Seconds after an alert of this rule was closed in which the same conversation
            raises none again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(min_length=1)
    name_en: Name = ""
    metric: MetricName
    choices: tuple[str, ...] = ()
    threshold: float | None = None
    words: tuple[str, ...] = Field(default=(), max_length=MAX_WORDS)
    skip_negated: bool = False
    pattern: str = Field(default="", max_length=MAX_PATTERN)
    needed: int = Field(default=1, ge=1, le=MAX_WINDOW)
    window: int = Field(default=1, ge=1, le=MAX_WINDOW)
    seconds: float = Field(default=0.0, ge=0, le=MAX_SECONDS)
    queues: tuple[Name, ...] = Field(default=(), max_length=100)
    channels: tuple[Channel, ...] = ()
    hours: tuple[str, str] | None = None
    severity: Severity = "warning"
    cool_down: float = Field(default=600.0, ge=0, le=24 * 3600)

    @field_validator("name", "name_en", "pattern", mode="before")
    @classmethod
    def _clean(cls, value: object) -> object:
        return storable(value.strip()) if isinstance(value, str) else value

    @field_validator("words", "queues", mode="after")
    @classmethod
    def _listed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        cleaned = (storable(" ".join(one.split())) for one in value)
        listed = tuple(dict.fromkeys(one for one in cleaned if one))
        for one in listed:
            if len(one) > MAX_WORD:
                raise ValueError(f"a word has {len(one)} characters, expected at most {MAX_WORD}")
        return listed

    @field_validator("hours")
    @classmethod
    def _clock(cls, value: tuple[str, str] | None) -> tuple[str, str] | None:
        if value is not None and not all(_CLOCK.fullmatch(one) for one in value):
            raise ValueError("hours are two times such as 09:00 and 18:00")
        return None if value is not None and value[0] == value[1] else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        metric = METRICS[self.metric]
        self._check_choices(metric)
        self._check_threshold(metric)
        if self.metric == "words":
            if bool(self.words) == bool(self.pattern):
                raise ValueError("give either words or a regular expression")
            self.finder()
        elif self.words or self.pattern or self.skip_negated:
            raise ValueError(f"the metric {self.metric} takes no words")
        if self.needed > self.window:
            raise ValueError(f"{self.needed} of {self.window} turns cannot be")
        if self.window > 1 and (not metric.turns or self.seconds):
            raise ValueError("several turns are asked for where none or seconds can be")
        if self.seconds and not metric.lasts:
            raise ValueError(f"the metric {self.metric} does not last, so it takes no seconds")
        return self

    def _check_choices(self, metric: Metric) -> None:
        unknown = set(self.choices) - set(metric.choices)
        if unknown:
            known = ", ".join(metric.choices) or "none"
            raise ValueError(f"choices are {sorted(unknown)}, expected {known}")
        if metric.choices and not self.choices:
            raise ValueError(f"the metric {self.metric} needs a choice")
        if metric.one and len(self.choices) != 1:
            raise ValueError(f"the metric {self.metric} takes exactly one choice")

    def _check_threshold(self, metric: Metric) -> None:
        if metric.limits is None:
            if self.threshold is not None:
                raise ValueError(f"the metric {self.metric} takes no threshold")
            return
        least, largest = metric.limits
        # Written so that NaN is refused too.
        if self.threshold is None or not least <= self.threshold <= largest:
            raise ValueError(f"threshold is {self.threshold}, expected {least:g} to {largest:g}")

    def finder(self) -> Finder:
        """What finds its words or its regular expression in a turn."""
        return Finder.of(self.words, self.pattern, skip_negated=self.skip_negated)

    @property
    def by_time(self) -> bool:
        """Whether it can be met by time that passes, without another turn."""
        return self.metric in ("silence", "waiting") or self.seconds > 0

    def holds_at(self, moment: time) -> bool:
        """Whether it holds at a time of the day in the site's zone."""
        if self.hours is None:
            return True
        begins, ends = (time.fromisoformat(one) for one in self.hours)
        if begins < ends:
            return begins <= moment < ends
        return moment >= begins or moment < ends
