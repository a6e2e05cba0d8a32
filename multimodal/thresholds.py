"""From which risk on a conversation is watched: fixed, fitted to a site, or usual of the customer.

A customer whose conversations end calmly is noticed earlier, when the risk leaves their own normal
(a robust z of the risks at the ends of their earlier conversations; Iglewicz and Hoaglin 1993).
Nobody is noticed later than everybody else: a chronic complainer's own normal never raises the
thresholds, so that nobody's complaints are taught away. And no threshold falls below a floor, so
that nobody is watched for next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEAST_EARLIER = 5
"""Earlier conversations from which something is usual."""
MOST_EARLIER = 20
"""How many of the latest are looked at."""
LEAST_SPREAD = 0.03
WATCH_FLOOR = 0.15
DISSATISFIED_FLOOR = 0.3


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Risks in [0, 1] from which a conversation's level is `watch` and `dissatisfied`."""

    watch: float
    dissatisfied: float


FIXED = Thresholds(watch=0.25, dissatisfied=0.5)


def moved(by: float) -> Thresholds:
    """The fixed thresholds, moved by so much in log-odds, and not below the floors.

    Args:
        by: Above 0 fewer conversations are watched.
    """

    def to(risk: float) -> float:
        return float(1 / (1 + (1 - risk) / risk * np.exp(-by)))

    return Thresholds(
        watch=max(WATCH_FLOOR, to(FIXED.watch)),
        dissatisfied=max(DISSATISFIED_FLOOR, to(FIXED.dissatisfied)),
    )


def thresholds_for(earlier: Sequence[float], usual_here: Thresholds = FIXED) -> Thresholds:
    """The thresholds for a customer.

    Args:
        earlier: Risks at the ends of their earlier conversations; with fewer than `LEAST_EARLIER`
            the thresholds are those of everybody.
        usual_here: The thresholds of everybody.
    """
    if len(earlier) < LEAST_EARLIER:
        return usual_here
    usual = float(np.median(earlier))
    spread = max(1.4826 * float(np.median(np.abs(np.asarray(earlier) - usual))), LEAST_SPREAD)
    return Thresholds(
        watch=min(usual_here.watch, max(WATCH_FLOOR, usual + 2 * spread)),
        dissatisfied=min(usual_here.dissatisfied, max(DISSATISFIED_FLOOR, usual + 3.5 * spread)),
    )
