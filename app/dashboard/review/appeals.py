"""Verdicts, appeals against them, and their decision."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from app.dashboard.client import ApiError, show_error
from app.dashboard.review import client
from app.dashboard.review.texts import t
from app.dashboard.session import may
from app.dashboard.theme import level_badge

SHOWN = 50


def section() -> None:
    """Draws appeals that wait for a decision, then the latest verdicts."""
    if done := st.session_state.pop("appeal_done", None):
        st.toast(done, icon=":material/done:")
    try:
        waiting = client.verdicts(appealed=True, limit=SHOWN)
        latest = client.verdicts(appealed=None, limit=SHOWN)
    except ApiError as error:
        show_error(error)
        return
    st.subheader(t("appeals_waiting", count=waiting["count"]))
    if not waiting["data"]:
        st.caption(t("no_appeals"))
    for one in waiting["data"]:
        _card(one)
    st.subheader(t("latest_verdicts"))
    st.caption(t("appeal_rule"))
    known = {one["id"] for one in waiting["data"]}
    rest = [one for one in latest["data"] if one["id"] not in known]
    if not rest:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("no_verdicts"))
            st.write(t("no_verdicts_hint"))
    for one in rest:
        _card(one)


def _card(one: dict[str, Any]) -> None:
    with st.container(border=True, key=f"verdict-{one['id']}"):
        what, act = st.columns([4, 1.6], vertical_alignment="center")
        about = (one["external_id"], one["of_queue"], one["team"], t(f"queue_{one['queue']}"))
        what.html(
            f"<div>{level_badge(one['level'], t(one['level']))} "
            f"<b>{escape(t('verdict_' + one['holds']))}</b> "
            f'<span class="em-quiet">{escape(" · ".join(part for part in about if part))}'
            f"{' · ' + escape(t('final')) if one['final'] else ''}</span></div>"
            f"{_history(one)}"
        )
        with act.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("replay"), key=f"verdict-open-{one['id']}", type="tertiary"):
                place = {"id": str(one["conversation_id"])}
                st.switch_page(st.session_state.pages["replay"], query_params=place)
            appeal = one["appeal"]
            if appeal is None and not one["final"] and may("supervisor"):
                _appeal(one)
            elif appeal is not None and not appeal["decision"]:
                _decide(one, appeal)


def _history(one: dict[str, Any]) -> str:
    """Who said what and when, as HTML; what was said first stays first."""
    cause = t(f"cause_{one['cause']}") if one["cause"] else ""
    said = t("said_verdict", who=one["author"], verdict=t(f"verdict_{one['verdict']}"))
    why = " ".join(part for part in (cause, one["comment"]) if part)
    steps = [(said, one["made_at"], why)]
    if appeal := one["appeal"]:
        steps.append((t("said_appeal", who=appeal["author"]), appeal["made_at"], appeal["reason"]))
        if appeal["decision"]:
            said = t("said_decision", who=appeal["decided_by"],
                     verdict=t(f"verdict_{appeal['decision']}"))  # fmt: skip
            steps.append((said, appeal["decided_at"], appeal["comment"]))
    elif not one["final"]:
        steps.append((t("appeal_until"), one["appeal_until"], ""))
    return "".join(
        f'<div class="em-quiet">{escape(_moment(when))} {escape(what)}'
        f"{escape('：' + why) if why else ''}</div>"
        for what, when, why in steps
    )


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")


def _appeal(one: dict[str, Any]) -> None:
    number = one["id"]
    with st.popover(t("appeal"), icon=":material/gavel:"):
        reason = st.text_area(t("appeal_reason"), key=f"appeal-reason-{number}", max_chars=2000)
        if st.button(t("appeal_send"), key=f"appeal-send-{number}", type="primary"):
            _act(t("appealed"), client.appeal, number, reason)


def _decide(one: dict[str, Any], appeal: dict[str, Any]) -> None:
    me = st.session_state.get("me", {}).get("name")
    if me in (one["author"], appeal["author"]):
        st.caption(t("not_yours_to_decide"))
        return
    number = appeal["id"]
    with st.popover(t("decide"), icon=":material/balance:", type="primary"):
        comment = st.text_input(t("decision_comment"), key=f"decide-why-{number}", max_chars=2000)
        for dissatisfied in (True, False):
            name = t("was_dissatisfied" if dissatisfied else "was_not")
            if st.button(name, key=f"decide-{number}-{dissatisfied}", width="stretch"):
                _act(t("decided"), client.decide, number, dissatisfied=dissatisfied,
                     comment=comment)  # fmt: skip


def _act(done: str, what: Any, *arguments: Any, **named: Any) -> None:
    try:
        what(*arguments, **named)
    except ApiError as error:
        show_error(error)
        return
    st.session_state.appeal_done = done
    st.rerun()
