"""Who looks at the dashboard: from the session's cookie, or by way of the page to sign in."""

from __future__ import annotations

import os
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app.dashboard import client
from app.dashboard.texts import language, listed, t

ROLES = ("viewer", "reviewer", "supervisor", "admin")
"""From the fewest rights to the most, as the API has them."""
RETRY_SECONDS = 3.0
"""How often it is tried whether an API that was not there is there again."""
_GO = '<script>window.location.replace(document.getElementById("em-sign-in").href);</script>'


def me() -> dict[str, Any]:
    """Who is signed in; the page ends here where that is nobody, or the API does not answer."""
    try:
        found = client.session()
    except client.ApiError as error:
        st.session_state.pop("me", None)
        if error.status == 401:
            _lead_to_sign_in(expired=bool(client.token()))
        else:
            client.show_error(error)
            _until_it_answers()
        st.stop()
    st.session_state.me = found
    return found


@st.fragment(run_every=RETRY_SECONDS)
def _until_it_answers() -> None:
    """Draws the page as soon as the API answers again, whatever it says."""
    try:
        client.session()
    except client.ApiError as error:
        if error.status == 0:
            return
    st.rerun()


def may(role: str) -> bool:
    """Whether whoever is signed in has a role, or one with more rights."""
    mine = st.session_state.get("me", {}).get("role")
    return mine in ROLES and ROLES.index(mine) >= ROLES.index(role)


def api_address() -> str:
    """Where the browser reaches the API: on the host of this page, at the API's port."""
    if given := os.environ.get("EMOTION_MONITOR_PUBLIC_API_URL"):
        return given.rstrip("/")
    inside = os.environ.get("EMOTION_MONITOR_API_URL", "http://127.0.0.1:8600")
    page = urlsplit(st.context.url or inside)
    host = f"[{page.hostname}]" if ":" in (page.hostname or "") else page.hostname
    return f"{page.scheme}://{host}:{urlsplit(inside).port}"


def corner() -> None:
    """The menu of whoever is signed in."""
    who = st.session_state.me
    with st.popover(who["display"], icon=":material/account_circle:", type="tertiary"):
        role, teams = t(f"user_role_{who['role']}"), who["teams"]
        st.markdown(f"**{_plain(who['display'])}** · {_plain(who['name'])}")
        st.caption(f"{role} · {t('all_teams') if teams is None else listed(map(_plain, teams))}")
        if st.button(t("change_password"), icon=":material/password:", width="stretch"):
            _password_dialog()
        if st.button(t("sign_out"), icon=":material/logout:", width="stretch"):
            _sign_out()


def _sign_out() -> None:
    try:
        client.sign_out()
    except client.ApiError as error:
        if error.status != 401:
            client.show_error(error)
            return
    st.rerun()


def _lead_to_sign_in(*, expired: bool) -> None:
    """Leads to the page on which people sign in, and from there back to this very place."""
    place = urlsplit(st.context.url or "").path or "/"
    if query := urlencode(st.query_params.to_dict()):
        place = f"{place}?{query}"
    given = {"lang": language(), "next": place} | ({"expired": "1"} if expired else {})
    address = f"{api_address()}/sign-in?{urlencode(given)}"
    link = f'<a id="em-sign-in" href="{escape(address, quote=True)}" target="_self">'
    st.html(f"<p>{link}{escape(t('to_sign_in'))}</a></p>{_GO}", unsafe_allow_javascript=True)


def _password_dialog() -> None:
    """Opened by a function of its own, because a dialog's title is in the page's language."""

    @st.dialog(t("change_password"))
    def ask() -> None:
        with st.form("password", border=False):
            old = st.text_input(t("old_password"), type="password", autocomplete="current-password")
            new = st.text_input(
                t("new_password"),
                type="password",
                autocomplete="new-password",
                help=t("password_help"),
            )
            again = st.text_input(
                t("new_password_again"), type="password", autocomplete="new-password"
            )
            if not st.form_submit_button(t("change_password"), type="primary"):
                return
        if new != again:
            st.error(t("passwords_differ"))
            return
        try:
            client.change_password(old, new)
        except client.ApiError as error:
            if error.status == 401:
                st.rerun()
            st.error(
                t({403: "old_password_wrong", 422: "password_help"}.get(error.status, "failed_now"))
            )
            return
        st.success(t("password_changed"))

    ask()


def _plain(text: str) -> str:
    """A text as it is, where Markdown would be read."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()<>#+-.!|~$:" else char for char in text)
