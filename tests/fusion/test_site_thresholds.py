"""Thresholds fitted to a site's verdicts: moved where it helps, never below the floors."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.site_thresholds import Fitted, fit_thresholds
from multimodal.errors import InvalidInputError
from multimodal.thresholds import DISSATISFIED_FLOOR, FIXED, WATCH_FLOOR, moved, thresholds_for


def site(n: int, by: float, seed: int = 0) -> Fitted:
    """Verdicts where the log-odds of the risk are `by` too high."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.5, n)
    said = rng.random(n) < 1 / (1 + np.exp(-(odds - by)))
    return fit_thresholds(1 / (1 + np.exp(-odds)), said)


@pytest.mark.parametrize("by", [-1.5, 1.5])
def test_a_site_where_the_risk_is_off(by: float) -> None:
    fitted = site(200, by)
    assert fitted.metrics["helps"]
    assert fitted.by == pytest.approx(by, abs=0.6)
    assert (fitted.thresholds.dissatisfied > FIXED.dissatisfied) == (by > 0)


def test_where_the_risk_is_right_it_seldom_helps() -> None:
    assert sum(site(80, 0.0, seed).metrics["helps"] for seed in range(24)) <= 3


def test_too_few_of_either_kind_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="4 dissatisfied, 6 not"):
        fit_thresholds([0.5] * 10, [True] * 4 + [False] * 6)
    with pytest.raises(InvalidInputError, match="too few verdicts"):
        fit_thresholds([], [])
    assert fit_thresholds([0.0, 1.0] * 5, [False, True] * 5).metrics["n"] == 10


def test_thresholds_move_alike_and_stop_at_the_floors() -> None:
    assert moved(0.0) == FIXED
    assert moved(1.0).watch == pytest.approx(0.475, abs=1e-3)
    lowest = moved(-3.0)
    assert (lowest.watch, lowest.dissatisfied) == (WATCH_FLOOR, DISSATISFIED_FLOOR)


def test_a_calm_customer_is_noticed_no_later_than_everybody_here() -> None:
    here = moved(-0.5)
    assert thresholds_for([0.9] * 5, here) == here
    assert thresholds_for([], here) == here
    assert thresholds_for([0.05] * 5, here).watch < here.watch
