"""The list of conversations: searched, filtered, sorted; one click from the replay.

What is searched for stands in the page's address, by the names that the API has for it: an address
can be sent to somebody, and a kept search is nothing else.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.picking import picked
from app.dashboard.search import asked, clear, filters
from app.dashboard.session import may
from app.dashboard.texts import language, t
from app.dashboard.theme import LEVEL_SIGNS, clock

ROWS = 50
"""Conversations on one page of the list."""
FORMATS = {"xlsx": "Excel", "csv": "CSV", "jsonl": "JSONL", "parquet": "Parquet"}


def page() -> None:
    """Draws the page."""
    st.title(t("conversations"))
    wanted = filters()
    sort = wanted.get("sort") or ("-matches" if "q" in wanted else "-risk")
    chosen = asked(wanted)
    offset = st.session_state.get("offset", 0)
    try:
        found = client.conversations(**chosen, sort=sort, limit=ROWS, offset=offset)
    except client.ApiError as error:
        client.show_error(error)
        return
    if not found["count"]:
        _empty(filtered=bool(chosen))
        return
    _list(found["data"], searched="q" in wanted)
    _paging(found["count"], chosen)


def _empty(*, filtered: bool) -> None:
    with st.container(border=True, horizontal_alignment="center"):
        if filtered:
            st.subheader(t("none_match"))
            st.write(t("none_match_hint"))
            st.button(t("clear"), on_click=clear, icon=":material/filter_alt_off:")
        else:
            st.subheader(t("none_yet"))
            st.write(t("none_yet_hint"))
            if may("reviewer"):
                st.page_link(st.session_state.pages["batch"], icon=":material/upload_file:")


def _list(rows: list[dict[str, Any]], *, searched: bool) -> None:
    table = pd.DataFrame(
        {
            "level": [f"{LEVEL_SIGNS.get(r['level'], '')} {_level(r)}" for r in rows],
            "risk": [r["risk"] for r in rows],
            "cause": [r["found_text"] or ("" if searched else r["reason_text"]) for r in rows],
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
        "cause": st.column_config.TextColumn(t("found" if searched else "cause"), width="large"),
        "external_id": st.column_config.TextColumn(t("external_id"), width="medium"),
        "risk": st.column_config.ProgressColumn(
            t("risk"), help=t("risk_help"), min_value=0, max_value=1, format="%.2f"
        ),
        "trend": st.column_config.BarChartColumn(
            t("trend"), help=t("trend_help"), y_min=-5, y_max=5, width="small"
        ),
        "turns": st.column_config.NumberColumn(t("turns")),
    }
    st.caption(t("pick_found" if searched else "pick_row"))
    chosen = picked(table, "list", "content" if len(rows) <= 18 else 680, config)
    if chosen is not None:
        row = rows[chosen]
        place = {"id": str(row["id"])}
        if row["found_turn"] is not None:
            place["turn"] = str(row["found_turn"])
        st.switch_page(st.session_state.pages["replay"], query_params=place)


def _level(row: dict[str, Any]) -> str:
    """The level, or what is being done with the conversation where it has none yet."""
    return t(row["level"]) if row["level"] else t(row["status"])


def _local(moment: str | None) -> str:
    if moment is None:
        return ""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M")


def _paging(count: int, chosen: dict[str, Any]) -> None:
    offset = int(st.session_state.get("offset", 0))
    pages = -(-count // ROWS)
    left, middle, right = st.columns([3, 2, 1], vertical_alignment="center")
    left.caption(t("shown", first=offset + 1, last=min(offset + ROWS, count), count=count))
    if may("reviewer"):
        with middle.container(horizontal=True, horizontal_alignment="right", gap="small"):
            for form, name in FORMATS.items():
                _download(form, name, chosen)
    if pages > 1:
        number = right.number_input(t("page"), 1, pages, offset // ROWS + 1)
        if (number - 1) * ROWS != offset:
            st.session_state.offset = (number - 1) * ROWS
            st.rerun()


def _download(form: str, name: str, chosen: dict[str, Any]) -> None:
    st.download_button(
        name,
        # Fetched when it is clicked, not whenever the page is drawn.
        data=partial(client.results, client.token(), form, language(), **chosen),
        file_name=f"emotion-monitor.{form}",
        icon=":material/download:" if form == "xlsx" else None,
        help=t("download_help"),
        type="secondary" if form == "xlsx" else "tertiary",
    )
