"""The page of rules: what is alerted to, and who outside is told."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from app.dashboard.alerts import client, editor, webhooks
from app.dashboard.alerts.describe import scope, sentence
from app.dashboard.alerts.page import rule_name
from app.dashboard.alerts.style import STYLE, severity_badge
from app.dashboard.alerts.texts import t
from app.dashboard.client import ApiError, show_error
from app.dashboard.session import may

VIEWS = ("rules", "webhooks")


def page() -> None:
    """Draws the page: the list, or the editor of one rule."""
    st.html(STYLE)
    st.title(t("rules"))
    if done := st.session_state.pop("rules_done", None):
        st.toast(done, icon=":material/done:")
    view = st.segmented_control(
        t("rules"),
        VIEWS if may("admin") else VIEWS[:1],
        default="rules",
        format_func=t,
        required=True,
        label_visibility="collapsed",
        key="rules_view",
    )
    try:
        if view == "webhooks":
            webhooks.section()
        elif "rule_edited" in st.session_state:
            editor.section()
        else:
            _list(client.rules())
    except ApiError as error:
        show_error(error)


def _list(found: list[dict[str, Any]]) -> None:
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(t("rules_intro"))
    right.button(
        t("new_rule"),
        icon=":material/add:",
        type="primary",
        width="stretch",
        on_click=editor.edit,
        args=(None,),
    )
    for one in found:
        if one["retune"]:
            name, share = rule_name(one), f"{one['precision']:.0%}"
            st.warning(t("retune", name=name, precision=share), icon=":material/tune:")
        _row(one)


def _row(one: dict[str, Any]) -> None:
    number, rule = one["id"], one["rule"]
    with st.container(border=True, key=f"rule-{number}"):
        switch, what, numbers, act = st.columns([0.7, 5, 1.5, 1.6], vertical_alignment="center")
        switch.toggle(
            t("on"),
            value=one["enabled"],
            key=f"rule-on-{number}",
            on_change=_switch,
            args=(one,),
            label_visibility="collapsed",
            help=t("on"),
        )
        what.html(
            f'<div class="em-alert">{severity_badge(rule["severity"], t(rule["severity"]))}'
            f"<b>{escape(rule_name(one))}</b></div>"
            f"<div>{escape(sentence(rule))}</div>"
            f'<div class="em-quiet">{escape(scope(rule))}</div>'
        )
        closed = sum(one["outcomes"].values())
        share = "–" if one["precision"] is None else f"{one['precision']:.0%}"
        numbers.html(
            f'<div title="{escape(t("precision_help"), quote=True)}">{escape(t("precision"))} '
            f"<b>{share}</b></div>"
            f'<div class="em-quiet">{escape(t("view_closed"))} {closed} · '
            f"{escape(t('open_count'))} {one['open']}</div>"
        )
        with act.container(horizontal=True, horizontal_alignment="right"):
            st.button(
                t("edit"),
                key=f"rule-edit-{number}",
                icon=":material/edit:",
                on_click=editor.edit,
                args=(one,),
            )
            if one["key"] is None:
                with st.popover("", icon=":material/delete:", help=t("delete"), type="tertiary"):
                    st.button(
                        t("sure"), key=f"rule-delete-{number}", on_click=_delete, args=(number,)
                    )


def _switch(one: dict[str, Any]) -> None:
    enabled = bool(st.session_state[f"rule-on-{one['id']}"])
    try:
        client.save_rule(one["id"], one["rule"], enabled=enabled)
    except ApiError as error:
        st.session_state.rules_done = error.what


def _delete(number: int) -> None:
    try:
        client.delete_rule(number)
        st.session_state.rules_done = t("deleted")
    except ApiError as error:
        st.session_state.rules_done = error.what
