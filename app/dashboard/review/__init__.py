"""Review: the desk with its three queues, appeals, draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.dashboard.browser import SHARED, joined
from app.dashboard.review import accuracy, appeals, draws
from app.dashboard.review.texts import desk_texts, t
from app.dashboard.session import api_address, may
from app.dashboard.texts import language

CAUSES = ("", "transcript", "sound", "irony", "about_other", "context", "roles", "other")
VIEWS = ("desk", "appeals", "accuracy", "draws")
_HERE = Path(__file__).parent
_PARTS = (*SHARED, _HERE / "desk.js", _HERE / "draw.js")
"""One module for the browser, in this order; no build step."""


def page() -> None:
    """Draws the page."""
    view = st.segmented_control(
        t("review"),
        VIEWS if may("supervisor") else VIEWS[:3],
        default="desk",
        format_func=lambda name: t(f"view_{name}"),
        required=True,
        label_visibility="collapsed",
        key="review_view",
    )
    {
        "desk": desk,
        "appeals": appeals.section,
        "accuracy": accuracy.section,
        "draws": draws.section,
    }[view or "desk"]()


def desk() -> None:
    """The desk: one conversation at a time, one key for each answer."""
    shown = _component()(
        data={
            "api": api_address(),
            "language": language(),
            "texts": desk_texts(),
            "causes": list(CAUSES),
        },
        key="desk",
        on_open_change=lambda: None,
    )
    if shown.open:
        place = {"id": str(shown.open["id"]), "turn": str(shown.open["turn"])}
        st.session_state.pop("arrived", None)  # The same place once more is gone to once more.
        st.switch_page(st.session_state.pages["replay"], query_params=place)


@cache
def _component() -> Any:
    css = (_HERE / "desk.css").read_text("utf-8")
    script = joined(_PARTS)
    return st.components.v2.component("emotion_monitor_desk", css=css, js=script)
