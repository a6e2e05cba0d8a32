"""From which risk on a conversation is watched: fixed, or by what is usual of the customer.

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


def thresholds_for(earlier: Sequence[float]) -> Thresholds:
    """The thresholds for a customer.

    Args:
        earlier: Risks at the ends of their earlier conversations; with fewer than `LEAST_EARLIER`
            the thresholds are the fixed ones.
    """
    if len(earlier) < LEAST_EARLIER:
        return FIXED
    usual = float(np.median(earlier))
    spread = max(1.4826 * float(np.median(np.abs(np.asarray(earlier) - usual))), LEAST_SPREAD)
    return Thresholds(
        watch=min(FIXED.watch, max(WATCH_FLOOR, usual + 2 * spread)),
        dissatisfied=min(FIXED.dissatisfied, max(DISSATISFIED_FLOOR, usual + 3.5 * spread)),
    )
