"""The list of conversations: filtered, sorted by risk, one click from the replay."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.picking import picked
from app.dashboard.session import may
from app.dashboard.texts import language, t
from app.dashboard.theme import LEVEL_SIGNS, clock

ROWS = 50
"""Conversations on one page of the list."""
LEVELS = ("heated", "dissatisfied", "watch", "calm")
CHANNELS = ("phone", "video", "chat")
SORTS = {"-risk": "sort_risk", "-started_at": "sort_started", "-duration": "sort_duration"}


def page() -> None:
    """Draws the page."""
    st.title(t("conversations"))
    filters = _filters()
    try:
        found = client.conversations(
            **filters, limit=ROWS, offset=st.session_state.get("offset", 0)
        )
    except client.ApiError as error:
        client.show_error(error)
        return
    if not found["count"]:
        _empty(filtered=any(value for name, value in filters.items() if name != "sort"))
        return
    _list(found["data"])
    _paging(found["count"], {k: v for k, v in filters.items() if k != "sort"})


def _filters() -> dict[str, Any]:
    words, queue, agent, day, sort = st.columns([3, 1, 1, 1, 1])
    chosen: dict[str, Any] = {
        "q": words.text_input(
            t("search"),
            key="filter_q",
            icon=":material/search:",
            help=t("search_help"),
            on_change=_first_page,
        ),
        "queue": queue.text_input(t("queue"), key="filter_queue", on_change=_first_page),
        "agent": agent.text_input(t("agent"), key="filter_agent", on_change=_first_page),
        "day": day.date_input(
            t("day"),
            value=None,
            format="YYYY-MM-DD",
            help=t("day_help"),
            key="filter_day",
            on_change=_first_page,
        ),
        "sort": sort.selectbox(
            t("sort"), list(SORTS), format_func=lambda s: t(SORTS[s]), on_change=_first_page
        ),
    }
    with st.container(horizontal=True, gap="large"):
        chosen["level"] = st.pills(
            t("level"),
            LEVELS,
            format_func=lambda name: f"{LEVEL_SIGNS[name]} {t(name)}",
            key="filter_level",
            on_change=_first_page,
            width="content",
        )
        chosen["channel"] = st.pills(
            t("channel"),
            CHANNELS,
            format_func=t,
            key="filter_channel",
            on_change=_first_page,
            width="content",
        )
    return {name: value or None for name, value in chosen.items()}


def _first_page() -> None:
    st.session_state.offset = 0


def _clear() -> None:
    for key in ("filter_q", "filter_queue", "filter_agent"):
        st.session_state[key] = ""
    for key in ("filter_level", "filter_channel", "filter_day"):
        st.session_state[key] = None
    _first_page()


def _empty(*, filtered: bool) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        if filtered:
            st.subheader(t("none_match"))
            st.write(t("none_match_hint"))
            st.button(t("clear"), on_click=_clear, icon=":material/filter_alt_off:")
        else:
            st.subheader(t("none_yet"))
            st.write(t("none_yet_hint"))
            if may("reviewer"):
                st.page_link(st.session_state.pages["batch"], icon=":material/upload_file:")


def _list(rows: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(
        {
            "level": [f"{LEVEL_SIGNS.get(r['level'], '')} {_level(r)}" for r in rows],
            "risk": [r["risk"] for r in rows],
            "cause": [r["reason_text"] for r in rows],
            "state": [t(f"state_{r['view_state']}") if r["view_state"] else "" for r in rows],
            "trend": [[v or 0 for v in r["sentiment"]] for r in rows],
            "channel": [t(r["channel"]) for r in rows],
            "customer": [r["customer_display"] for r in rows],
            "agent": [", ".join(r["agent_ids"]) for r in rows],
            "queue": [r["queue"] for r in rows],
            "business": [r["business_type"] for r in rows],
            "started": [_local(r["started_at"]) for r in rows],
            "duration": [clock(r["duration"]) for r in rows],
            "turns": [r["turn_count"] for r in rows],
            "external_id": [r["external_id"] for r in rows],
        }
    )
    config = {
        name: st.column_config.TextColumn(t(name))
        for name in table.columns
        if name not in ("risk", "trend", "turns", "cause", "external_id")
    }
    config |= {
        "cause": st.column_config.TextColumn(t("cause"), width="large"),
        "external_id": st.column_config.TextColumn(t("external_id"), width="medium"),
        "risk": st.column_config.ProgressColumn(
            t("risk"), help=t("risk_help"), min_value=0, max_value=1, format="%.2f"
        ),
        "trend": st.column_config.BarChartColumn(
            t("trend"), help=t("trend_help"), y_min=-5, y_max=5, width="small"
        ),
        "turns": st.column_config.NumberColumn(t("turns")),
    }
    st.caption(t("pick_row"))
    chosen = picked(table, "list", "content" if len(rows) <= 18 else 680, config)
    if chosen is not None:
        number = rows[chosen]["id"]
        st.switch_page(st.session_state.pages["replay"], query_params={"id": str(number)})


def _level(row: dict[str, Any]) -> str:
    """The level, or what is being done with the conversation where it has none yet."""
    return t(row["level"]) if row["level"] else t(row["status"])


def _local(moment: str | None) -> str:
    if moment is None:
        return ""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M")


def _paging(count: int, filters: dict[str, Any]) -> None:
    offset = int(st.session_state.get("offset", 0))
    pages = -(-count // ROWS)
    left, middle, right = st.columns([3, 1, 1], vertical_alignment="center")
    left.caption(t("shown", first=offset + 1, last=min(offset + ROWS, count), count=count))
    if may("reviewer"):
        middle.download_button(
            "Excel",
            # Fetched when it is clicked, not whenever the page is drawn.
            data=partial(client.results, client.token(), "xlsx", language(), **filters),
            file_name="emotion-monitor.xlsx",
            icon=":material/download:",
            help=t("download_help"),
        )
    if pages > 1:
        number = right.number_input(t("page"), 1, pages, offset // ROWS + 1)
        if (number - 1) * ROWS != offset:
            st.session_state.offset = (number - 1) * ROWS
            st.rerun()
