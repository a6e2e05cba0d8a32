"""Drawing conversations for review, and giving them to reviewers."""

from __future__ import annotations

import secrets
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard.client import ApiError, groups, show_error
from app.dashboard.picking import picked
from app.dashboard.review import client
from app.dashboard.review.texts import t

QUEUES = ("random", "must", "learn")
SHOWN = 200


def section() -> None:
    """Draws the form, and says what a draw gave."""
    st.caption(t("draw_intro"))
    if drawn := st.session_state.pop("drawn", None):
        st.success(t("drawn", **drawn), icon=":material/done:")
    if "draw_seed" not in st.session_state:
        st.session_state.draw_seed = secrets.randbelow(1_000_000)
    try:
        known = groups()["queues"]
    except ApiError as error:
        show_error(error)
        return
    _form(known)
    _open_tasks()
    _latest()


def _form(known: list[str]) -> None:
    with st.form("draw"):
        left, middle, right = st.columns(3, vertical_alignment="bottom")
        queue = left.selectbox(t("draw_queue"), QUEUES, format_func=lambda q: t(f"queue_{q}"))
        by = middle.segmented_control(
            t("draw_by"), ("number", "share"), default="number", format_func=t, required=True
        )
        size = right.number_input(t("draw_size"), 1, 5000, 50, help=t("draw_size_help"))
        left, middle, right = st.columns(3, vertical_alignment="bottom")
        of_queue = left.selectbox(t("queue"), ["", *known], format_func=lambda q: q or t("all"))
        turns = middle.number_input(t("draw_turns"), 1, 50, 5, help=t("draw_turns_help"))
        seed = right.number_input(
            t("seed"), 0, 2**31 - 1, key="draw_seed", help=t("seed_help"), format="%d"
        )
        reviewers = st.text_input(t("reviewers"), help=t("reviewers_help"))
        second = st.checkbox(t("second_reviewer"), help=t("second_reviewer_help"))
        if not st.form_submit_button(t("draw"), type="primary", icon=":material/casino:"):
            return
    wanted: dict[str, Any] = {
        "queue": queue,
        "number": size if by == "number" else None,
        "share": min(size, 100) / 100 if by == "share" else None,
        "of_queue": of_queue,
        "turns": turns,
        "seed": seed,
        "reviewers": reviewers.replace("，", ",").replace(",", " ").split(),
        "second": second,
    }
    try:
        found = client.draw(**wanted)
    except ApiError as error:
        show_error(error)
        return
    st.session_state.drawn = {name: found[name] for name in ("drawn", "eligible", "seed")}
    del st.session_state["draw_seed"]
    st.rerun()


def _open_tasks() -> None:
    """Open tasks, one of which can be given to somebody by hand."""
    st.subheader(t("open_tasks"))
    queue = st.segmented_control(
        t("open_tasks"), QUEUES, default="random", format_func=lambda q: t(f"queue_{q}"),
        required=True, label_visibility="collapsed", key="assign_queue",
    )  # fmt: skip
    try:
        found = client.tasks(queue or "random", SHOWN)
    except ApiError as error:
        show_error(error)
        return
    rows = found["data"]
    if not rows:
        st.caption(t("no_open_tasks"))
        return
    st.caption(t("pick_task", count=found["count"]))
    chosen = picked(
        pd.DataFrame(
            {
                t("which"): [one["external_id"] for one in rows],
                t("queue"): [one["of_queue"] for one in rows],
                t("team"): [one["team"] for one in rows],
                t("reviewer"): [one["assignee"] or t("whoever") for one in rows],
                t("opened_by"): [one["taken_by"] for one in rows],
            }
        ),
        "open-tasks",
        "content" if len(rows) <= 10 else 400,
    )
    if chosen is None:
        return
    one = rows[chosen]
    with (
        st.form("assign", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        name = st.text_input(t("give_to"), value=one["assignee"], help=t("give_to_help"))
        if st.form_submit_button(t("give"), icon=":material/person_add:"):
            try:
                client.assign(one["id"], name.strip())
            except ApiError as error:
                show_error(error)
                return
            st.rerun()


def _latest() -> None:
    """The latest draws, with the seeds by which they can be repeated."""
    try:
        rows = client.draws()
    except ApiError as error:
        show_error(error)
        return
    if not rows:
        return
    st.subheader(t("latest_draws"))
    st.dataframe(
        pd.DataFrame(
            {
                t("when"): [one["made_at"][:16].replace("T", " ") for one in rows],
                t("draw_queue"): [t(f"queue_{one['queue']}") for one in rows],
                t("drawn_of"): [f"{one['drawn']} / {one['eligible']}" for one in rows],
                t("seed"): [str(one["seed"]) for one in rows],
                t("reviewers"): [", ".join(one["wanted"]["reviewers"]) for one in rows],
                t("by_whom"): [one["author"] for one in rows],
            }
        ),
        hide_index=True,
        height="content" if len(rows) <= 8 else 320,
    )
