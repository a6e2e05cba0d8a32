"""What a rule may say, and when it holds."""

from __future__ import annotations

import math
from datetime import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.alerts.defaults import DEFAULTS
from app.alerts.rules import METRICS, Rule


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metric": "mood"}, "level"),
        ({"metric": "risk"}, "threshold"),
        ({"metric": "risk", "threshold": 1.2}, "0.05 to 1"),
        ({"metric": "risk", "threshold": math.nan}, "threshold"),
        ({"metric": "risk", "threshold": 0.5, "words": ["a"]}, "no words"),
        ({"metric": "level", "choices": ["watch", "heated"]}, "exactly one"),
        ({"metric": "level", "choices": ["calm"]}, "expected watch"),
        ({"metric": "state"}, "needs a choice"),
        ({"metric": "state", "choices": ["undecided"]}, "expected calm"),
        ({"metric": "state", "choices": ["anger"], "needed": 3, "window": 2}, "3 of 2"),
        ({"metric": "state", "choices": ["anger"], "window": 2, "seconds": 9}, "several turns"),
        ({"metric": "silence", "threshold": 30, "window": 2}, "several turns"),
        ({"metric": "words", "words": ["a"], "seconds": 5}, "does not last"),
        ({"metric": "tag"}, "needs a choice"),
        ({"metric": "tag", "choices": ["anger"]}, "expected thanks"),
        ({"metric": "tag", "choices": ["abuse"], "seconds": 5}, "does not last"),
        ({"metric": "words"}, "either words"),
        ({"metric": "words", "words": ["a"], "pattern": "a"}, "either words"),
        ({"metric": "words", "pattern": "(a"}, "missing )"),
        ({"metric": "words", "pattern": r"(a)\1"}, "RE2"),
        ({"metric": "words", "words": ["x" * 41]}, "at most 40"),
        ({"metric": "words", "words": ["a"], "hours": ["9:00", "18:00"]}, "09:00"),
        ({"metric": "words", "words": ["a"], "hours": ["09:00", "24:00"]}, "09:00"),
        ({"metric": "words", "words": ["a"], "agent": "1007"}, "Extra"),
    ],
)
def test_what_cannot_be(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace(")", r"\)")):
        Rule.model_validate({"name": "x", **given})


def test_words_are_cleaned() -> None:
    rule = Rule(name=" x ", metric="words", words=(" 投  诉 ", "", "投 诉", "a\0"))
    assert rule.name == "x"
    assert rule.words == ("投 诉", "a�")


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        (None, "03:00", True),
        (("09:00", "18:00"), "09:00", True),
        (("09:00", "18:00"), "18:00", False),
        (("22:00", "06:00"), "23:30", True),
        (("22:00", "06:00"), "05:59", True),
        (("22:00", "06:00"), "06:00", False),
        (("08:00", "08:00"), "03:00", True),
    ],
)
def test_hours(hours: tuple[str, str] | None, at: str, holds: bool) -> None:
    rule = Rule(name="x", metric="words", words=("a",), hours=hours)
    assert rule.holds_at(time.fromisoformat(at)) is holds


def test_the_defaults_survive_json() -> None:
    for rule in DEFAULTS.values():
        assert Rule.model_validate(rule.model_dump(mode="json")) == rule


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
json_values = scalars | st.lists(scalars, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {"name": st.just("x"), "metric": st.sampled_from(sorted(METRICS))},
        optional={
            name: json_values for name in Rule.model_fields if name not in ("name", "metric")
        },
    )
)
def test_whatever_is_sent_is_a_rule_or_refused(given: dict[str, Any]) -> None:
    try:
        rule = Rule.model_validate(given)
    except ValidationError:
        return
    assert Rule.model_validate(rule.model_dump(mode="json")) == rule
    assert rule.needed <= rule.window
