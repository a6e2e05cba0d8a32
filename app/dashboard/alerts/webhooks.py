"""Webhooks: who outside is told of alerts, a test, and what became of each message."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard.alerts import client
from app.dashboard.alerts.editor import items_of
from app.dashboard.alerts.page import clock_of
from app.dashboard.alerts.style import SEVERITY_SIGNS
from app.dashboard.alerts.texts import t
from app.dashboard.client import ApiError, show_error
from app.dashboard.texts import listed

VENDORS = ("wecom", "dingtalk", "feishu", "generic")
EMPTY: dict[str, Any] = {
    "id": None,
    "name": "",
    "vendor": "wecom",
    "least_severity": "warning",
    "teams": [],
    "with_words": True,
    "enabled": True,
}


def section() -> None:
    """Draws the list of webhooks, or the form of one."""
    if secret := st.session_state.pop("webhook_secret", None):
        st.success(t("secret_made"), icon=":material/key:")
        st.code(secret, language=None)
    if "webhook_edited" in st.session_state:
        _form(st.session_state.webhook_edited)
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(t("webhooks_intro"))
    right.button(
        t("new_webhook"),
        icon=":material/add:",
        type="primary",
        width="stretch",
        on_click=_edit,
        args=(EMPTY,),
    )
    found = client.webhooks()
    if not found:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("none_webhooks"))
            st.write(t("none_webhooks_hint"))
    for one in found:
        _row(one)


def _edit(one: dict[str, Any]) -> None:
    st.session_state.webhook_edited = one


def _leave() -> None:
    st.session_state.pop("webhook_edited", None)


def _row(one: dict[str, Any]) -> None:
    number = one["id"]
    with st.container(border=True):
        what, act = st.columns([3.4, 2.6], vertical_alignment="center")
        about = " · ".join(
            part
            for part in (
                f"≥ {t(one['least_severity'])}",
                listed(one["teams"]) or t("all_teams"),
                t("signed") if one["signed"] else "",
                "" if one["with_words"] else t("without_words"),
                "" if one["enabled"] else t("off"),
            )
            if part
        )
        vendor = t(f"vendor_{one['vendor']}")
        what.html(
            f"<div><b>{escape(one['name'])}</b> {escape(vendor)}</div>"
            f'<div class="em-quiet">{escape(one["url"])}<br>{escape(about)}</div>'
        )
        with act.container(horizontal=True, horizontal_alignment="right"):
            tested = st.button(t("send_test"), key=f"hook-test-{number}", icon=":material/send:")
            st.button(
                t("edit"),
                key=f"hook-edit-{number}",
                icon=":material/edit:",
                on_click=_edit,
                args=(one,),
            )
            with st.popover("", icon=":material/delete:", help=t("delete"), type="tertiary"):
                st.button(t("sure"), key=f"hook-delete-{number}", on_click=_delete, args=(number,))
        if tested:
            _test(number)
        with st.expander(t("log"), icon=":material/list_alt:"):
            _log(number)


def _test(number: int) -> None:
    try:
        sent = client.test_webhook(number)
    except ApiError as error:
        show_error(error)
        return
    if sent["state"] == "sent":
        st.success(t("test_sent", seconds=f"{sent['seconds']:.1f}"), icon=":material/done:")
    else:
        st.error(t("test_failed", error=sent["error"]))


def _delete(number: int) -> None:
    try:
        client.delete_webhook(number)
    except ApiError as error:
        st.session_state.rules_done = error.what


def _log(number: int) -> None:
    rows = client.deliveries(number)
    if not rows:
        st.caption(t("no_log"))
        return
    st.dataframe(
        pd.DataFrame(
            {
                t("when"): [clock_of(row["made_at"]) for row in rows],
                t("change"): [t(f"change_{row['change']}") for row in rows],
                t("delivery"): [t(f"delivery_{row['state']}") for row in rows],
                t("attempts"): [row["attempts"] for row in rows],
                t("answer"): [
                    row["error"] or (f"HTTP {row['status']}" if row["status"] else "")
                    for row in rows
                ],
            }
        ),
        hide_index=True,
        height="content" if len(rows) <= 10 else 390,
    )


def _form(one: dict[str, Any]) -> None:
    kept = one["id"] is not None
    st.button(t("back"), icon=":material/arrow_back:", on_click=_leave, type="tertiary")
    with st.form("webhook"):
        left, right = st.columns(2, gap="large")
        values: dict[str, Any] = {
            "name": left.text_input(t("name"), one["name"], max_chars=60),
            "vendor": right.selectbox(
                t("vendor"),
                VENDORS,
                index=VENDORS.index(one["vendor"]),
                format_func=lambda name: t(f"vendor_{name}"),
            ),
            "url": left.text_input(
                t("url"), help=t("url_help"), placeholder=t("kept_secret") if kept else "https://"
            ),
            "secret": right.text_input(
                t("secret"),
                type="password",
                help=t("secret_help"),
                placeholder=t("kept_secret") if kept else "",
                autocomplete="off",
            ),
            "least_severity": left.segmented_control(
                t("least_severity"),
                list(SEVERITY_SIGNS),
                default=one["least_severity"],
                format_func=t,
                required=True,
            ),
            "teams": items_of(right.text_input(t("teams"), "，".join(one["teams"]))),
            "with_words": left.checkbox(t("with_words"), one["with_words"]),
            "enabled": right.checkbox(t("on"), one["enabled"]),
        }
        saved = st.form_submit_button(t("save"), type="primary", icon=":material/save:")
    if saved:
        answer = client.save_webhook(one["id"], values)
        st.session_state.webhook_secret = answer["secret"]
        st.session_state.rules_done = t("saved")
        _leave()
        st.rerun()
