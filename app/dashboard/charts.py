"""The plots of the replay page."""

from __future__ import annotations

import plotly.graph_objects as go

from app.dashboard.theme import EMOTION_COLOURS, clock


def quarters(sentiment: list[float | None]) -> go.Figure:
    """Customer sentiment of the four quarters, each in [-5, 5]; an unknown one has no bar.

    Args:
        sentiment: Four values, None where a quarter has no usable turn.
    """
    figure = go.Figure()
    figure.add_bar(
        x=["1", "2", "3", "4"],
        y=sentiment,
        text=["" if value is None else f"{value:+.1f}" for value in sentiment],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [
                EMOTION_COLOURS["happy" if (value or 0) > 0 else "angry"] for value in sentiment
            ]
        },
        hoverinfo="skip",
    )
    figure.update_layout(
        height=150,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"range": [-6.2, 6.2], "tickvals": [-5, 0, 5], "zeroline": True, "fixedrange": True},
        showlegend=False,
    )
    return figure


def loudness(curve: list[list[float]]) -> go.Figure:
    """Level of each customer's turn over time.

    Args:
        curve: Start in seconds and level in dB re full scale, one or more.
    """
    times, levels = [at for at, _ in curve], [level for _, level in curve]
    figure = go.Figure()
    figure.add_scatter(
        x=times,
        y=levels,
        mode="lines+markers",
        line={"color": EMOTION_COLOURS["sad"], "width": 1},
        marker={"size": 5},
        text=[f"{clock(at)} · {level:.1f} dB" for at, level in curve],
        hovertemplate="%{text}<extra></extra>",
    )
    ticks = [times[0], times[-1]]
    figure.update_layout(
        height=120,
        margin={"l": 10, "r": 10, "t": 6, "b": 10},
        xaxis={
            "tickvals": ticks,
            "ticktext": [clock(tick) for tick in ticks],
            "zeroline": False,
            "fixedrange": True,
        },
        yaxis={
            "range": [min(levels) - 3, max(levels) + 3],
            "nticks": 3,
            "ticksuffix": " dB",
            "zeroline": False,
            "fixedrange": True,
        },
        showlegend=False,
    )
    return figure
