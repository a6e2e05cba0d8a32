"""Thresholds by what is usual of a customer: earlier for the calm, never later for anybody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.thresholds import (
    DISSATISFIED_FLOOR,
    FIXED,
    WATCH_FLOOR,
    thresholds_for,
)

risks = st.lists(st.floats(0, 1), max_size=20)


@given(risks)
def test_never_above_the_fixed_ones_and_never_below_the_floor(earlier: list[float]) -> None:
    found = thresholds_for(earlier)
    assert WATCH_FLOOR <= found.watch <= FIXED.watch
    assert DISSATISFIED_FLOOR <= found.dissatisfied <= FIXED.dissatisfied


def test_a_calm_customer_is_noticed_earlier() -> None:
    found = thresholds_for([0.05, 0.06, 0.04, 0.08, 0.05])
    assert (found.watch, found.dissatisfied) == (WATCH_FLOOR, DISSATISFIED_FLOOR)
    middling = thresholds_for([0.1, 0.12, 0.14, 0.1, 0.11])
    assert WATCH_FLOOR < middling.watch < FIXED.watch


def test_a_chronic_complainer_is_not_taught_away() -> None:
    assert thresholds_for([0.9] * 20) == FIXED


@pytest.mark.parametrize("earlier", [[], [0.0] * 4])
def test_too_few_conversations(earlier: list[float]) -> None:
    assert thresholds_for(earlier) == FIXED
