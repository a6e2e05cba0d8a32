"""Who is the agent: what the phrases say, and customer and agent exchanged by one click."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.dashboard import client
from app.dashboard.session import may
from app.dashboard.texts import t

SURE = 0.9
"""From this probability on a page says that the roles seem to be swapped."""


def roles_card(conversation: dict[str, Any]) -> None:
    """Draws what the phrases say of the roles, and the buttons that change them."""
    if conversation["state"] == "open":
        return
    number = conversation["id"]
    try:
        seen = client.roles(number)
    except client.ApiError as error:
        client.show_error(error)
        return
    inferred = conversation["roles_inferred"]
    with st.container(border=True):
        st.markdown(f"**{t('roles')}**")
        for party in seen["parties"]:
            st.caption(_party(party))
        if seen["swapped"] >= SURE:
            text = t("roles_seem_swapped", percent=percent(seen["swapped"]))
            st.warning(text, icon=":material/swap_horiz:")
        if inferred:
            st.info(t("roles_inferred"), icon=":material/help:")
        if (
            inferred
            and may("reviewer")
            and st.button(
                t("roles_confirm"),
                icon=":material/check:",
                key=f"confirm-{number}",
                type="primary",
                width="stretch",
            )
        ):
            _change(client.confirm_roles, number, t("roles_confirmed"))
        if may("reviewer") and st.button(
            t("roles_swap"), icon=":material/swap_horiz:", key=f"swap-{number}", width="stretch"
        ):
            _change(client.swap_roles, number, t("roles_swapped"))
        if may("supervisor") and st.button(
            t("roles_swap_source", source=conversation["source"]),
            icon=":material/sync_alt:",
            key=f"swap-source-{number}",
            help=t("roles_swap_source_help"),
            type="tertiary",
        ):
            _change_source(conversation["source"])
        if done := st.session_state.pop("roles_done", None):
            st.success(done, icon=":material/done:")


def _party(party: dict[str, Any]) -> str:
    name = f"{party['name']} · " if party["name"] not in ("", party["role"]) else ""
    now = t(f"role_{party['role']}")
    if not party["phrases"]:
        return f"{name}{now}"
    said = t("roles_phrases", phrases="、".join(party["phrases"]))
    if party["inferred"] == "unknown":
        return f"{name}{now} · {said}"
    guess = t(f"role_{party['inferred']}")
    return f"{name}{now} · {t('roles_by_phrases')} {guess} {percent(party['confidence'])} · {said}"


def percent(probability: float) -> str:
    """As a percentage; phrases are never certain."""
    return f"{min(probability, 0.99):.0%}"


def _change(change: Any, number: int, done: str) -> None:
    try:
        with st.spinner(t("roles_scoring")):
            change(number)
    except client.ApiError as error:
        client.show_error(error)
        return
    st.session_state.roles_done = done
    st.rerun()


def _change_source(source: str) -> None:
    try:
        answer = client.swap_source(source)
    except client.ApiError as error:
        client.show_error(error)
        return
    st.session_state.roles_done = t("roles_source_swapped", count=answer["queued"])
    st.rerun()
