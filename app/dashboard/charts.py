"""The plots of the replay page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from app.dashboard.texts import t
from app.dashboard.theme import EMOTION_COLOURS, RISK_COLOUR, clock


def timeline(turns: list[dict[str, Any]], *, timed: bool) -> go.Figure:
    """Valence of each scored turn, coloured by emotion, and the running risk.

    Args:
        turns: The conversation's turns as the API gives them; `customdata` of a point is the
            turn's number.
        timed: Whether the turns have times; otherwise the axis counts turns.
    """
    scored = [turn for turn in turns if turn["answer"]["label"] != "unknown"]

    def at(turn: dict[str, Any]) -> float:
        return float(turn["start"] if timed and turn["start"] is not None else turn["number"])

    figure = go.Figure()
    figure.add_scatter(
        x=[at(turn) for turn in turns],
        y=[turn["risk"] for turn in turns],
        yaxis="y2",
        mode="lines",
        name=t("risk"),
        line={"color": RISK_COLOUR, "width": 2, "shape": "hv", "dash": "dot"},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[at(turn) for turn in scored],
        y=[turn["answer"]["valence"] for turn in scored],
        mode="lines",
        line={"color": "#b8bcc2", "width": 1},
        showlegend=False,
        hoverinfo="skip",
    )
    for label in dict.fromkeys(turn["answer"]["label"] for turn in scored):
        points = [turn for turn in scored if turn["answer"]["label"] == label]
        figure.add_scatter(
            x=[at(turn) for turn in points],
            y=[turn["answer"]["valence"] for turn in points],
            mode="markers",
            name=t(label),
            marker={
                "color": EMOTION_COLOURS[label],
                "size": [9 + 9 * turn["answer"]["confidence"] for turn in points],
                "line": {"color": "#ffffff", "width": 1},
            },
            customdata=[turn["number"] for turn in points],
            text=[_hover(turn) for turn in points],
            hovertemplate="%{text}<extra></extra>",
        )
    axis: dict[str, Any] = {"title": t("time") if timed else t("turn"), "zeroline": False}
    if timed and turns:
        end = max(at(turn) for turn in turns)
        step = max(1.0, round(end / 8 / 5) * 5.0)
        ticks = [i * step for i in range(int(end / step) + 2)]
        axis |= {"tickvals": ticks, "ticktext": [clock(tick) for tick in ticks]}
    figure.update_layout(
        height=260,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis=axis,
        yaxis={
            "range": [-1.12, 1.12],
            "zeroline": True,
            "tickvals": [-1, 0, 1],
            "ticktext": [t("negative"), t("neither"), t("positive")],
        },
        yaxis2={
            "title": t("risk"),
            "overlaying": "y",
            "side": "right",
            "range": [-0.04, 1.04],
            "tickvals": [0, 0.5, 1],
            "showgrid": False,
        },
        legend={"orientation": "h", "y": 1.18, "x": 0},
        clickmode="event+select",
        dragmode=False,
    )
    return figure


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


def _hover(turn: dict[str, Any]) -> str:
    words = turn["text"] if len(turn["text"]) <= 40 else turn["text"][:39] + "…"
    # Plotly reads HTML in hover texts: what a customer typed stays text.
    safe = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    answer = turn["answer"]
    return (
        f"{turn['number']} · {clock(turn['start'])} · {t(answer['label'])} "
        f"{answer['confidence']:.2f}<br>{safe}"
    )
