"""The live wall: open conversations, most urgent first, and the big screen for the room."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.dashboard.browser import SHARED, joined
from app.dashboard.session import api_address, may
from app.dashboard.texts import language
from app.dashboard.theme import LEVEL_SIGNS
from app.dashboard.wall.texts import wall_texts

PARTS = ("arrange.js", "feed.js", "row.js", "bar.js", "wall.js", "screen.js", "mount.js")
"""One module for the browser, in this order, after what components share; no build step."""
_HERE = Path(__file__).parent
_WALL_STYLE = """
<style>.block-container { max-width: none; padding: 3.8rem clamp(.6rem, 2vw, 1.5rem) 1rem; }</style>
"""
_SCREEN_STYLE = """
<style>
.block-container { max-width: none; padding: 0; }
header, .st-key-corner, .st-key-footer { display: none !important; }
</style>
"""


def script() -> str:
    """The browser's part."""
    return joined([*SHARED, *(_HERE / name for name in PARTS)])


def page() -> None:
    """Draws the wall, or the big screen where the address asks for it."""
    screen = st.query_params.get("screen") == "1"
    st.html(_SCREEN_STYLE if screen else _WALL_STYLE)
    wall = _component()(
        data={
            "api": api_address(),
            "acts": may("supervisor"),
            "language": language(),
            "texts": wall_texts(),
            "signs": dict(LEVEL_SIGNS),
            "replay": "/replay",
            "screen": f"/?screen=1&lang={language()}",
            "screen_mode": screen,
        },
        key="screen" if screen else "wall",
        on_open_change=lambda: None,
    )
    if wall.open:
        st.switch_page(st.session_state.pages["replay"], query_params=_place(wall.open))


@cache
def _component() -> Any:
    css = (_HERE / "wall.css").read_text("utf-8")
    return st.components.v2.component("emotion_monitor_wall", css=css, js=script())


def _place(where: dict[str, Any]) -> dict[str, str]:
    """The address of a conversation at the turn that caused its level."""
    wanted = {"source": str(where["source"]), "external_id": str(where["external_id"])}
    if where.get("start") is not None:
        return wanted | {"t": str(where["start"])}
    return wanted | ({"turn": str(where["turn"])} if where.get("turn") is not None else {})
