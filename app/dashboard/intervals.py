"""How an interval looks in a plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def bars(middle: Sequence[float], low: Sequence[float], high: Sequence[float]) -> dict[str, Any]:
    """Plotly's error bars from the ends of intervals.

    Args:
        middle: What is drawn as a dot.
        low: Lower ends, in the same order.
        high: Upper ends.
    """
    return {
        "type": "data",
        "symmetric": False,
        "array": [up - at for at, up in zip(middle, high, strict=True)],
        "arrayminus": [at - down for at, down in zip(middle, low, strict=True)],
        "color": "#8a8f98",
        "thickness": 1.4,
        "width": 3,
    }
