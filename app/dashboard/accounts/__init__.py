"""Accounts, for admins: people, the keys of programs, and who did what."""

from __future__ import annotations

import streamlit as st

from app.dashboard import client
from app.dashboard.accounts.audit import audit
from app.dashboard.accounts.keys import keys
from app.dashboard.accounts.people import people
from app.dashboard.texts import t


def page() -> None:
    """Draws the page."""
    st.title(t("accounts"))
    parts = {"people": people, "api_keys": keys, "audit": audit}
    part = st.segmented_control(
        t("accounts"),
        list(parts),
        format_func=t,
        default="people",
        required=True,
        key="accounts_part",
        label_visibility="collapsed",
    )
    try:
        parts[part]()
    except client.ApiError as error:
        client.show_error(error)
