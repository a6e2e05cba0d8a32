"""The plots of the page of trends: every point has its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from app.dashboard.intervals import bars
from app.dashboard.theme import EMOTION_COLOURS, LEVEL_COLOURS
from app.dashboard.trends.texts import t

_BAD = LEVEL_COLOURS["dissatisfied"]
_MARGIN = {"l": 10, "r": 10, "t": 10, "b": 10}


def shares(rows: Sequence[dict[str, Any]], names: Sequence[str], whole: float) -> go.Figure:
    """The share of dissatisfied conversations of each group; filled where it is news.

    Args:
        rows: Groups as the API gives them.
        names: What they are called, in the same order.
        whole: The share over all of them, drawn as a line.
    """
    found = [row["dissatisfied"] for row in rows]
    share = [one["share"] for one in found]
    figure = go.Figure()
    figure.add_scatter(
        x=list(names),
        y=share,
        mode="markers",
        cliponaxis=False,
        marker={
            "color": [_BAD if row["news"] else "rgba(0,0,0,0)" for row in rows],
            "size": 10,
            "line": {"color": _BAD, "width": 2},
        },
        error_y=bars(share, [one["low"] for one in found], [one["high"] for one in found]),
        text=[
            f"{share:.0%} ({one['low']:.0%} – {one['high']:.0%}) · n = {one['n']}"
            for share, one in zip(share, found, strict=True)
        ],
        hovertemplate="%{x}<br>%{text}<extra></extra>",
    )
    figure.add_hline(y=whole, line={"color": "#8a8f98", "width": 1, "dash": "dot"})
    figure.update_layout(
        height=290,
        margin=_MARGIN,
        xaxis={"type": "category", "fixedrange": True, "nticks": 14},
        yaxis={"tickformat": ".0%", "rangemode": "tozero", "fixedrange": True},
        showlegend=False,
        dragmode=False,
    )
    return figure


def course(means: Sequence[dict[str, Any]]) -> go.Figure:
    """Mean sentiment of the four quarters; one without an interval is not drawn."""
    quarters = [index for index, one in enumerate(means) if one["low"] is not None]
    known = [means[index] for index in quarters]
    figure = go.Figure()
    figure.add_scatter(
        x=[t("quarter", n=index + 1) for index in quarters],
        y=[one["mean"] for one in known],
        mode="lines+markers",
        line={"color": EMOTION_COLOURS["sad"], "width": 1.5},
        marker={"size": 8},
        error_y=bars(
            [one["mean"] for one in known],
            [one["low"] for one in known],
            [one["high"] for one in known],
        ),
        text=[f"{one['mean']:+.2f} ({one['low']:+.2f} – {one['high']:+.2f})" for one in known],
        hovertemplate="%{x}<br>%{text}<extra></extra>",
    )
    figure.update_layout(
        height=240,
        margin=_MARGIN,
        xaxis={"fixedrange": True},
        yaxis={"zeroline": True, "nticks": 6, "fixedrange": True},
        showlegend=False,
        dragmode=False,
    )
    return figure


def heat(rows: Sequence[dict[str, Any]]) -> go.Figure:
    """Weekdays by hours; a cell with too few calls is empty."""
    days = t("weekdays").split()
    grid: list[list[float | None]] = [[None] * 24 for _ in range(7)]
    texts = [[""] * 24 for _ in range(7)]
    for row in rows:
        one = row["dissatisfied"]
        if one is None:
            continue
        grid[row["weekday"]][row["hour"]] = one["share"]
        texts[row["weekday"]][row["hour"]] = (
            f"{one['share']:.0%} ({one['low']:.0%} – {one['high']:.0%}) · n = {one['n']}"
        )
    figure = go.Figure(
        go.Heatmap(
            z=grid,
            x=[f"{hour:02d}" for hour in range(24)],
            y=days,
            text=texts,
            colorscale="YlOrBr",
            zmin=0,
            colorbar={"tickformat": ".0%", "thickness": 12},
            hovertemplate="%{y} %{x}:00<br>%{text}<extra></extra>",
            hoverongaps=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_layout(
        height=270,
        margin=_MARGIN,
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True},
    )
    return figure
