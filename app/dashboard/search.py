"""What the list is searched for: widgets, kept in the page's address, and kept under a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import streamlit as st

from app.dashboard import client
from app.dashboard.texts import t
from app.dashboard.theme import LEVEL_SIGNS

LEVELS = ("heated", "dissatisfied", "watch", "calm")
CHANNELS = ("phone", "video", "chat")
EMOTIONS = ("neutral", "happy", "sad", "angry", "surprise", "disgust", "fear")
SORTS = {"-risk": "sort_risk", "-started_at": "sort_started", "-duration": "sort_duration"}
TAGS = ("complaint", "escalation", "abuse", "urge", "thanks")
REVIEWS = ("waiting", "reviewed", "upheld", "false_alarm", "missed", "appealed")
CORRECTED = {"true": "corrected_yes", "false": "corrected_no"}
TEXTS = ("q", "queue", "team", "agent")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "level": LEVELS,
    "channel": CHANNELS,
    "label": EMOTIONS,
    "tag": TAGS,
    "review": REVIEWS,
    "corrected": tuple(CORRECTED),
    "sort": tuple(SORTS),
}
NUMBERS: Mapping[str, tuple[float, float]] = {
    "min_risk": (0, 1),
    "max_risk": (0, 1),
    "min_minutes": (0, 1440),
    "max_minutes": (0, 1440),
    "min_shift": (-10, 10),
    "max_shift": (-10, 10),
}
"""Least and largest value of each."""
_MORE = ("team", "label", "tag", "review", "corrected", *NUMBERS)
"""What does not stand open above the list."""


def filters() -> dict[str, str]:
    """Draws the filters and the kept searches; the address says how they were, and now are.

    Returns:
        What is asked for, by its name in the address.
    """
    for name in (*TEXTS, *CHOICES, *NUMBERS, "day"):
        st.session_state.setdefault(f"filter_{name}", _read(name, st.query_params.get(name, "")))
    words, queue, agent, day, sort = st.columns([3, 1, 1, 1, 1.2])
    with words:
        _text("q", icon=":material/search:", help=t("search_help"))
    with queue:
        _text("queue")
    with agent:
        _text("agent")
    day.date_input(
        t("day"), format="YYYY-MM-DD", help=t("day_help"), key="filter_day", on_change=_first_page
    )
    with sort:
        _choice("sort", {name: t(key) for name, key in SORTS.items()}, none=t("sort_best"))
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        _pills("level", {name: f"{LEVEL_SIGNS[name]} {t(name)}" for name in LEVELS})
        _pills("channel", {name: t(name) for name in CHANNELS})
        count = sum(bool(_written(name)) for name in _MORE)
        label = t("more_filters") + (f" ({count})" if count else "")
        with st.popover(label, icon=":material/tune:"):
            _more()
        kept = st.container(width="content")
    now = {name: _written(name) for name in (*TEXTS, *CHOICES, *NUMBERS, "day")}
    for name, value in now.items():
        if value:
            st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]
    wanted = {name: value for name, value in now.items() if value}
    with kept:
        _kept_searches(wanted)
    return wanted


def asked(wanted: Mapping[str, str]) -> dict[str, Any]:
    """The filters as the API names them: durations in seconds, without the order."""
    found: dict[str, Any] = {}
    for name, value in wanted.items():
        if name.endswith("_minutes"):
            found[name.replace("minutes", "duration")] = float(value) * 60
        elif name != "sort":
            found[name] = value
    return found


def _kept_searches(wanted: Mapping[str, str]) -> None:
    """Draws one's own kept searches, and keeps the present one."""
    with st.popover(t("kept_searches"), icon=":material/bookmark:", type="tertiary"):
        try:
            rows = client.searches()
            for row in rows:
                use, drop = st.columns([4, 1], vertical_alignment="center")
                use.button(
                    row["name"],
                    key=f"use-{row['name']}",
                    on_click=_use,
                    args=(row["query"],),
                    width="stretch",
                )
                name = t("forget_search", name=row["name"])
                if drop.button("", key=f"drop-{row['name']}", icon=":material/delete:", help=name):
                    client.forget_search(row["name"])
                    st.rerun()
            if not rows:
                st.caption(t("no_kept_searches"))
            with st.form("keep_search", border=False, clear_on_submit=True):
                name = st.text_input(t("search_name"), max_chars=80)
                if st.form_submit_button(t("keep_search"), disabled=not wanted) and name.strip():
                    client.keep_search(name.strip(), wanted)
                    st.rerun()
        except client.ApiError as error:
            client.show_error(error)


def clear() -> None:
    """Takes every filter back."""
    _use({})


def _use(query: Mapping[str, str]) -> None:
    for name in (*TEXTS, *CHOICES, *NUMBERS, "day"):
        st.session_state[f"filter_{name}"] = _read(name, query.get(name, ""))
    _first_page()


def _more() -> None:
    left, right = st.columns(2)
    with left:
        _text("team")
        _choice("label", {name: t(name) for name in EMOTIONS}, none=t("any"))
        _choice("tag", {name: t(f"tag_{name}") for name in TAGS}, none=t("any"))
    with right:
        _choice("review", {name: t(f"review_{name}") for name in REVIEWS}, none=t("any"))
        _choice("corrected", {name: t(key) for name, key in CORRECTED.items()}, none=t("any"))
    for both in (("min_risk", "max_risk"), ("min_minutes", "max_minutes"),
                 ("min_shift", "max_shift")):  # fmt: skip
        for column, name in zip((left, right), both, strict=True):
            least, most = NUMBERS[name]
            column.number_input(
                t(name),
                float(least),
                float(most),
                step=0.1 if most == 1 else 1.0,
                key=f"filter_{name}",
                on_change=_first_page,
                help=t("shift_help") if "shift" in name else None,
            )


def _text(name: str, **more: Any) -> None:
    label = t("search") if name == "q" else t(name)
    st.text_input(label, key=f"filter_{name}", on_change=_first_page, max_chars=200, **more)


def _choice(name: str, names: Mapping[str, str], *, none: str) -> None:
    st.selectbox(
        t(name if name == "sort" else f"{name}_filter"),
        ["", *names],
        format_func=lambda one: names.get(one, none),
        key=f"filter_{name}",
        on_change=_first_page,
        help=t("sort_help") if name == "sort" else None,
    )


def _pills(name: str, names: Mapping[str, str]) -> None:
    st.pills(
        t(name),
        list(names),
        format_func=lambda one: names[one],
        key=f"filter_{name}",
        on_change=_first_page,
        width="content",
    )


def _first_page() -> None:
    st.session_state.offset = 0


def _read(name: str, value: str) -> Any:
    """A widget's value from the address; what is none counts as not given."""
    if name == "day":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    if name in NUMBERS:
        least, most = NUMBERS[name]
        try:
            number = float(value)
        except ValueError:
            return None
        return number if least <= number <= most else None
    if name in CHOICES and value not in CHOICES[name]:
        return None if name in ("level", "channel") else ""
    return value[:200]


def _written(name: str) -> str:
    """A widget's value for the address; empty where nothing is asked for."""
    value = st.session_state.get(f"filter_{name}")
    if value is None or value == "":
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value).strip()
