"""The keys with which programs call the API: made, and revoked."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.accounts.fields import bounds, keep_secret, moment, show_secret, shown
from app.dashboard.texts import listed, t

SCOPES = ("read", "ingest", "review", "export", "supervise")
"""What a key can be for, as the API has it."""


def keys() -> None:
    """Draws the list, and what is chosen in it."""
    found, known = client.keys(), client.groups()
    show_secret()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("no_keys_hint"), width="stretch")
        if st.button(t("add_key"), icon=":material/key:", type="primary"):
            _add(known)
    if not found:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("no_keys"), anchor=False)
        return
    table = pd.DataFrame(
        {
            "key_name": [key["name"] for key in found],
            "key_hint": [f"{key['hint']}…" for key in found],
            "account_state": [_state(key) for key in found],
            "key_scopes": [
                listed(t(f"key_scope_{scope}") for scope in key["scopes"]) for key in found
            ],
            "teams": [shown(key["teams"], "all_teams") for key in found],
            "queues": [shown(key["queues"], "all_queues") for key in found],
            "made_by": [key["made_by"] for key in found],
            "used_at": [moment(key["used_at"]) for key in found],
        }
    )
    config = {name: st.column_config.TextColumn(t(name)) for name in table.columns}
    picked = st.dataframe(
        table,
        column_config=config,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="keys",
        height="content" if len(found) <= 15 else 560,
    )
    if picked.selection.rows and picked.selection.rows[0] < len(found):
        _chosen(found[picked.selection.rows[0]])


def _state(key: dict[str, Any]) -> str:
    return f"○ {t('key_off')}" if key["revoked_at"] else f"● {t('key_on')}"


def _chosen(key: dict[str, Any]) -> None:
    if key["revoked_at"]:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{key['name']}** · `{key['hint']}…`")
        with st.popover(t("revoke"), icon=":material/key_off:"):
            st.write(t("revoke_sure"))
            if st.button(t("revoke"), type="primary", key=f"revoke-{key['name']}"):
                client.revoke_key(key["name"])
                st.rerun()


def _add(known: dict[str, list[str]]) -> None:
    @st.dialog(t("add_key"))
    def ask() -> None:
        name = st.text_input(t("key_name"), help=t("key_name_help"))
        scopes = st.pills(
            t("key_scopes"),
            SCOPES,
            selection_mode="multi",
            default=["read"],
            format_func=lambda scope: t(f"key_scope_{scope}"),
        )
        limits = bounds(known, "key-new")
        if not st.button(t("add_key"), type="primary", disabled=not (name.strip() and scopes)):
            return
        try:
            secret = client.add_key(name=name, scopes=list(scopes), **limits)
        except client.ApiError as error:
            st.error(t({409: "name_taken", 422: "key_name_help"}.get(error.status, "failed_now")))
            return
        keep_secret(t("new_key_of", name=name.strip().lower()), secret)
        st.rerun()

    ask()
