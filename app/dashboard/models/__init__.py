"""The models, for admins: cards, figures by class, calibration, terms, and what is in use."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.dashboard import texts
from app.dashboard.client import ApiError, _request, show_error
from app.dashboard.intervals import bars
from app.dashboard.models.texts import t
from app.dashboard.theme import EMOTION_COLOURS

_QUIET = {"displayModeBar": False}
_BAR = "#0072b2"


def page() -> None:
    """Draws the page."""
    st.title(t("models"))
    st.caption(t("intro"))
    try:
        found = dict(_request("GET", "/models/checkpoints").json())
    except ApiError as error:
        show_error(error)
        return
    st.subheader(t("calibration"))
    if found["calibration"]:
        st.caption(t("calibration_help"))
        st.plotly_chart(
            reliability(found["calibration"]),
            key="reliability",
            config=_QUIET,
            width="content",
            alt=t("calibration"),
        )
    else:
        st.caption(t("no_calibration"))
    for one in found["data"]:
        _model(one)


def _model(one: dict[str, Any]) -> None:
    name = f"{t('package_' + one['package'])} · {one['name']} {one['version']}"
    tags = [f":violet-badge[{t('terms_' + one['terms'])}]"]
    if one["in_use"]:
        tags.insert(0, f":green-badge[{t('in_use')}]")
    with st.expander(f"**{name}** {' '.join(tags)}", expanded=False):
        size, digest = f"{one['megabytes']:.1f} MB", one["sha256"][:12]
        st.caption(f"{t('size')} {size} · {t('digest')} {digest}")
        key = f"{one['package']}-{one['name']}"
        measured, card = st.tabs([t("measured"), t("card")])
        with card:
            st.markdown(one["card"])
        with measured:
            _measured(one["sets"], key)


def _measured(sets: list[dict[str, Any]], key: str) -> None:
    if not sets:
        st.write(t("no_sets"))
        return
    st.dataframe(
        pd.DataFrame(
            {
                t("which_set"): [one["name"] or t("measured") for one in sets],
                t("n"): [one["figures"].get("n") for one in sets],
                t("accuracy"): [one["figures"].get("accuracy") for one in sets],
                "macro-F1": [one["figures"].get("macro_f1") for one in sets],
                "UAR": [one["figures"].get("uar") for one in sets],
                "ECE": [one["figures"].get("ece") for one in sets],
            }
        )
        .dropna(axis="columns", how="all")
        .round(3),
        hide_index=True,
        height="content",
    )
    with_error = [one for one in sets if "ece" in one["figures"]]
    if with_error:
        st.caption(t("ece"))
        st.plotly_chart(_errors(with_error), key=f"ece-{key}", config=_QUIET, alt=t("ece"))
    chosen = st.selectbox(
        t("per_class"), range(len(sets)), format_func=lambda i: sets[i]["name"] or t("measured"),
        key=f"set-{key}",
    )  # fmt: skip
    rows = sets[chosen]["per_class"]
    st.dataframe(
        pd.DataFrame(
            {
                t("class"): [_class_name(name) for name in rows],
                t("precision"): [row.get("precision") for row in rows.values()],
                t("recall"): [row.get("recall") for row in rows.values()],
                "F1": [row.get("f1") for row in rows.values()],
                t("n"): [row.get("n") for row in rows.values()],
            }
        ).round(3),
        hide_index=True,
        height="content",
        column_config={"F1": st.column_config.ProgressColumn(min_value=0, max_value=1)},
    )


def _class_name(name: str) -> str:
    return texts.t(name) if name in EMOTION_COLOURS else name


def reliability(bins: list[dict[str, Any]]) -> go.Figure:
    """Confidence against accuracy, with intervals, beside the diagonal."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": "#8a8f98", "dash": "dot"},
        hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=[one["confidence"] for one in bins],
        y=[one["accuracy"] for one in bins],
        mode="markers",
        marker={"color": _BAR, "size": 9},
        error_y=bars(
            [one["accuracy"] for one in bins],
            [one["low"] for one in bins],
            [one["high"] for one in bins],
        ),
        text=[f"n = {one['n']}" for one in bins],
        hovertemplate="%{x:.0%} → %{y:.0%}<br>%{text}<extra></extra>",
    )
    axis = {"range": [-0.02, 1.02], "tickformat": ".0%", "fixedrange": True}
    figure.update_layout(
        width=420,
        height=380,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        xaxis=axis | {"title": t("confidence")},
        yaxis=axis | {"title": t("agreed")},
        showlegend=False,
        dragmode=False,
    )
    return figure


def _errors(sets: list[dict[str, Any]]) -> go.Figure:
    figure = go.Figure(
        go.Bar(
            x=[one["figures"]["ece"] for one in sets],
            y=[one["name"] or t("measured") for one in sets],
            orientation="h",
            marker={"color": _BAR},
            text=[f"{one['figures']['ece']:.3f}" for one in sets],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=60 + 26 * len(sets),
        margin={"l": 10, "r": 40, "t": 6, "b": 10},
        xaxis={"rangemode": "tozero", "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "automargin": True},
    )
    return figure
