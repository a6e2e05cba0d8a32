"""The people who may sign in: added, changed, disabled, given new passwords."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.accounts.fields import bounds, keep_secret, moment, show_secret, shown
from app.dashboard.session import ROLES
from app.dashboard.texts import t


def people() -> None:
    """Draws the list, and what is chosen in it."""
    found, known = client.users(), client.groups()
    show_secret()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("pick_person"), width="stretch")
        if st.button(t("add_person"), icon=":material/person_add:", type="primary"):
            _add(known)
    table = pd.DataFrame(
        {
            "user_name": [user["name"] for user in found],
            "display": [user["display"] for user in found],
            "user_role": [t(f"user_role_{user['role']}") for user in found],
            "teams": [shown(user["teams"], "all_teams") for user in found],
            "queues": [shown(user["queues"], "all_queues") for user in found],
            "account_state": [_state(user) for user in found],
            "signed_in_at": [moment(user["signed_in_at"]) for user in found],
        }
    )
    picked = st.dataframe(
        table,
        column_config={name: st.column_config.TextColumn(t(name)) for name in table.columns},
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="people",
        height="content" if len(found) <= 15 else 560,
    )
    if picked.selection.rows and picked.selection.rows[0] < len(found):
        _chosen(found[picked.selection.rows[0]], known)


def _state(user: dict[str, Any]) -> str:
    if user["disabled"]:
        return f"○ {t('account_off')}"
    return f"● {t('account_must_change' if user['must_change'] else 'account_on')}"


def _chosen(user: dict[str, Any], known: dict[str, list[str]]) -> None:
    name = user["name"]
    with st.container(border=True):
        st.subheader(f"{user['display']} · {name}", anchor=False)
        left, right = st.columns(2, gap="large")
        with left:
            display = st.text_input(t("display"), user["display"], key=f"display-{name}")
            role = _role(user["role"], f"role-{name}")
        with right:
            limits: dict[str, Any] = {"teams": None, "queues": None}
            if role != "admin":
                limits = bounds(known, f"user-{name}", user["teams"], user["queues"])
            else:
                st.caption(f"{t('all_teams')} · {t('all_queues')}")
        with st.container(horizontal=True):
            if st.button(t("save"), type="primary", icon=":material/save:", key=f"save-{name}"):
                client.change_user(name, display=display, role=role, **limits)
                _done(t("saved"))
            if st.button(
                t("reset_password"),
                icon=":material/password:",
                help=t("reset_help"),
                key=f"reset-{name}",
            ):
                keep_secret(t("new_password_of", name=name), client.reset_password(name))
                st.rerun()
            label, icon = ("enable", "person_check") if user["disabled"] else ("disable", "block")
            if st.button(t(label), icon=f":material/{icon}:", key=f"disable-{name}"):
                client.change_user(name, disabled=not user["disabled"])
                _done(t("saved"))
        if done := st.session_state.pop("people_done", None):
            st.success(done, icon=":material/done:")


def _done(text: str) -> None:
    st.session_state.people_done = text
    st.rerun()


def _role(before: str, key: str) -> str:
    return st.selectbox(
        t("user_role"),
        ROLES,
        index=ROLES.index(before),
        format_func=lambda role: t(f"user_role_{role}"),
        help=t("role_help"),
        key=key,
    )


def _add(known: dict[str, list[str]]) -> None:
    @st.dialog(t("add_person"))
    def ask() -> None:
        name = st.text_input(t("user_name"), help=t("user_name_help"))
        display = st.text_input(t("display"))
        role = _role("viewer", "role-new")
        limits: dict[str, Any] = {"teams": None, "queues": None}
        if role != "admin":
            limits = bounds(known, "user-new")
        if not st.button(t("add_person"), type="primary", disabled=not name.strip()):
            return
        try:
            password = client.add_user(name=name, display=display, role=role, **limits)
        except client.ApiError as error:
            st.error(t({409: "name_taken", 422: "user_name_help"}.get(error.status, "failed_now")))
            return
        keep_secret(t("new_password_of", name=name.strip().lower()), password)
        st.rerun()

    ask()
