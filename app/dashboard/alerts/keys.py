"""Keys of a page that come faster than the server answers: none is lost, each waits for the last.

Streamlit's own shortcuts press the buttons as they stand in the browser. A second key would meet
what the first one is about to change, and be lost, or meant for the alert before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_KEY = "alert-keys"
_DONE = "alert_keys_done"


def listen(act: Callable[[str], None]) -> None:
    """Has every key of the page acted upon, in the order in which they were pressed.

    Args:
        act: Called with each key, in lower case, before the page is drawn anew.
    """

    def pressed() -> None:
        done = st.session_state.get(_DONE, 0)
        for number, key in st.session_state[_KEY].pressed or ():
            if number > done:
                st.session_state[_DONE] = number
                act(str(key))

    _component()(
        data={"done": st.session_state.get(_DONE, 0)}, key=_KEY, height=0, on_pressed_change=pressed
    )


@cache
def _component() -> Any:
    script = Path(__file__).with_name("keys.js").read_text("utf-8")
    return st.components.v2.component("emotion_monitor_alert_keys", js=script)
