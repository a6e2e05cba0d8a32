"""Trends: how things go over time, by queue, channel and hour; noise is called noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard.client import ApiError, groups, show_error
from app.dashboard.trends import charts, client
from app.dashboard.trends.reports import queue_report
from app.dashboard.trends.texts import t

BY = ("day", "week", "queue", "channel", "hour")
PERIODS = (7, 30, 90, 0)
CHANNELS = ("phone", "video", "chat")
_QUIET = {"displayModeBar": False}


def page() -> None:
    """Draws the page."""
    st.title(t("trends"))
    st.caption(t("intro"))
    try:
        by, filters = _filters()
        found = client.trends(by, filters)
        if not found["all"]["calls"]:
            with st.container(border=True, horizontal_alignment="center"):
                st.subheader(t("none"))
                st.write(t("none_hint"))
            return
        _numbers(found["all"])
        _groups(found)
        left, right = st.columns(2, gap="large")
        with left:
            _course(found["quarters"])
        with right:
            _words(client.words(filters))
        _heat(client.hours(filters))
    except ApiError as error:
        show_error(error)
        return
    st.warning(t("warning"), icon=":material/info:")
    queue_report(filters)


def _filters() -> tuple[str, dict[str, Any]]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        by = st.segmented_control(
            t("by"), BY, default="day", format_func=lambda b: t(f"by_{b}"), required=True,
            key="trends_by",
        )  # fmt: skip
        days = st.segmented_control(
            t("period"), PERIODS, default=30, format_func=lambda n: t(f"days_{n}"), required=True,
            key="trends_days",
        )  # fmt: skip
        queue = st.selectbox(
            t("queue"), ["", *groups()["queues"]], format_func=lambda q: q or t("all_queues"),
            key="trends_queue", width=220,
        )  # fmt: skip
        channel = st.selectbox(
            t("channel"), ["", *CHANNELS], format_func=lambda c: t(c) if c else t("all_channels"),
            key="trends_channel", width=160,
        )  # fmt: skip
    filters: dict[str, Any] = {"queue": queue, "channel": channel}
    if days:
        # From midnight on, so that the same day asks the same thing.
        start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        filters["started_from"] = (start - timedelta(days=days)).isoformat()
    return by or "day", {name: value for name, value in filters.items() if value}


def _numbers(whole: dict[str, Any]) -> None:
    calls, bad, recovery, shift = st.columns(4)
    calls.metric(t("calls"), f"{whole['calls']:,}", border=True)
    for place, name, one, help_ in (
        (bad, "bad", whole["dissatisfied"], None),
        (recovery, "recovery", whole["recovery"], t("recovery_help")),
    ):
        value = f"{one['share']:.0%}" if one["n"] else "–"
        place.metric(t(name), value, share_interval(one), delta_color="off", delta_arrow="off",
                     help=help_, border=True)  # fmt: skip
    one = whole["shift"]
    known = one["low"] is not None
    shift.metric(
        t("shift"),
        f"{one['mean']:+.1f}" if known else "–",
        t("interval", low=f"{one['low']:+.1f}", high=f"{one['high']:+.1f}")
        if known
        else t("too_few"),
        delta_color="off",
        delta_arrow="off",
        help=t("shift_help"),
        border=True,
    )


def share_interval(one: dict[str, Any]) -> str:
    """The interval of a share in words; that there are too few where there are none."""
    if not one["n"]:
        return t("too_few")
    return t("interval", low=f"{one['low']:.0%}", high=f"{one['high']:.0%}")


def _groups(found: dict[str, Any]) -> None:
    rows, by = found["data"], found["by"]
    names = [_name(row["name"], by) for row in rows]
    st.subheader(t("over_groups"))
    st.caption(t("over_groups_help"))
    st.plotly_chart(
        charts.shares(rows, names, found["all"]["dissatisfied"]["share"]),
        key="trend-shares",
        config=_QUIET,
        alt=t("over_groups"),
    )
    table = pd.DataFrame(
        {
            t("name"): names,
            t("reading"): [t("news") if row["news"] else t("noise") for row in rows],
            t("calls"): [row["calls"] for row in rows],
            t("bad"): [row["dissatisfied"]["share"] for row in rows],
            t("interval_of"): [_range(row["dissatisfied"]) for row in rows],
            t("recovery"): [_value(row["recovery"], "share", ".0%") for row in rows],
            t("shift"): [_value(row["shift"], "mean", "+.1f") for row in rows],
        }
    )
    shares = st.column_config.ProgressColumn(min_value=0, max_value=1, format="percent")
    st.dataframe(
        table,
        hide_index=True,
        column_config={t("bad"): shares},
        height="content" if len(rows) <= 12 else 420,
    )


def _name(name: str, by: str) -> str:
    if by == "channel":
        return t(name)
    return f"{name}:00" if by == "hour" else name or t("none_named")


def _range(one: dict[str, Any]) -> str:
    return f"{one['low']:.0%} – {one['high']:.0%}"


def _value(one: dict[str, Any], name: str, form: str) -> str:
    if not one["n"] or one["low"] is None:
        return "–"
    digits = 4 if "%" in form else 1
    # Rounded first, so that there is no -0.0.
    value, low, high = (
        format(round(one[key], digits) + 0.0, form) for key in (name, "low", "high")
    )
    return f"{value} ({low} – {high})"


def _course(means: list[dict[str, Any]]) -> None:
    st.subheader(t("course"))
    st.plotly_chart(charts.course(means), key="trend-course", config=_QUIET, alt=t("course"))


def _heat(found: dict[str, Any]) -> None:
    st.subheader(t("heat"))
    if all(row["dissatisfied"] is None for row in found["data"]):
        st.caption(t("no_heat", least=found["least"]))
        return
    st.caption(t("heat_help", least=found["least"]))
    st.plotly_chart(charts.heat(found["data"]), key="trend-heat", config=_QUIET, alt=t("heat"))


def _words(rows: list[dict[str, Any]]) -> None:
    st.subheader(t("words"), help=t("words_help"))
    if not rows:
        st.write(t("no_words"))
        return
    share = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        pd.DataFrame(
            {
                t("word"): [row["text"] for row in rows],
                t("among_bad"): [row["dissatisfied"] for row in rows],
                t("among_others"): [row["others"] for row in rows],
                t("calls"): [row["count"] for row in rows],
                t("surely"): [round(row["z"], 1) for row in rows],
            }
        ),
        hide_index=True,
        column_config={t("among_bad"): share, t("among_others"): share},
        height=240,
    )
