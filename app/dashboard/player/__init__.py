"""The player of a conversation: sound or picture, timeline and words, with one time for all."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from app.dashboard.browser import SHARED, joined
from app.dashboard.player.texts import player_texts
from app.dashboard.session import api_address, may
from app.dashboard.texts import language
from app.dashboard.theme import EMOTION_COLOURS, LEVEL_COLOURS

PARTS = (
    "vendor/wavesurfer-8.0.1.min.js", "clock.js", "waveform.js", "timeline.js", "transcript.js",
    "turn.js", "controls.js", "player.js", "mount.js",
)  # fmt: skip
"""One module for the browser, in this order, after what components share; no build step."""
_HERE = Path(__file__).parent


def script() -> str:
    """The browser's part."""
    return joined([*SHARED, *(_HERE / name for name in PARTS)])


def player(conversation: dict[str, Any], link: dict[str, str]) -> None:
    """Draws the player; it asks the API itself for what it shows.

    Args:
        conversation: As the API gives it.
        link: The page's address, which may name a moment: `t` in seconds, or a `turn`.
    """
    seen = ("turn_count", "state", "status", "scored_at")
    _component()(
        data={
            "api": api_address(),
            "id": conversation["id"],
            # What is another than before is asked for anew.
            "revision": " ".join(str(conversation[name]) for name in seen),
            "link": {name: link[name] for name in ("t", "turn") if name in link},
            "reviews": may("reviewer"),
            "language": language(),
            "texts": player_texts(),
            "colours": dict(EMOTION_COLOURS),
            "levels": dict(LEVEL_COLOURS),
        },
        key=f"player-{conversation['id']}",
    )


@cache
def _component() -> Any:
    css = (_HERE / "player.css").read_text("utf-8")
    return st.components.v2.component("emotion_monitor_player", css=css, js=script())
