"""Fields and pieces that people and keys share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.dashboard.texts import listed, t


def bounds(
    known: dict[str, list[str]],
    key: str,
    teams: Sequence[str] | None = (),
    queues: Sequence[str] | None = None,
) -> dict[str, list[str] | None]:
    """The fields for whose conversations are there.

    Args:
        known: Teams and queues that conversations name.
        key: What tells these fields from others.
        teams: Those that are chosen already; None for all.
        queues: Those that are chosen already; None for all.

    Returns:
        `teams` and `queues`, each None for all.
    """
    chosen: dict[str, list[str] | None] = {}
    for name, before in (("teams", teams), ("queues", queues)):
        every = st.toggle(t(f"all_{name}"), value=before is None, key=f"{key}-all-{name}")
        if every:
            chosen[name] = None
            continue
        chosen[name] = st.multiselect(
            t(name),
            sorted({*known[name], *(before or ())}),
            default=list(before or ()),
            accept_new_options=True,
            help=t("bounds_help"),
            placeholder=t("pick_or_type"),
            key=f"{key}-{name}",
        )
    if chosen["teams"] == []:
        st.caption(f":material/info: {t('no_bounds')}")
    return chosen


def shown(names: Sequence[str] | None, every: str) -> str:
    """Teams or queues as text; `every` where all are meant."""
    return t(every) if names is None else listed(names) or "–"


def moment(text: str | None) -> str:
    """A moment, in the site's zone."""
    if text is None:
        return t("never")
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")


def keep_secret(title: str, secret: str) -> None:
    """Remembers what is shown once, until the page is drawn."""
    st.session_state.shown_once = (title, secret)


def show_secret() -> None:
    """Shows what is shown once, until the person closes it."""
    if "shown_once" not in st.session_state:
        return
    title, secret = st.session_state.shown_once
    with st.container(border=True):
        st.markdown(f"**{title}**")
        st.code(secret, language=None)
        st.caption(f":material/visibility_off: {t('shown_once')}")
        if st.button(t("close"), key="shown-once-close"):
            del st.session_state.shown_once
            st.rerun()
