"""One key for each emotion of a turn, for a page that shows a conversation."""

from __future__ import annotations

import streamlit as st

from app.dashboard import client
from app.dashboard.review.texts import t

EMOTIONS = ("neutral", "happy", "sad", "angry", "surprise", "disgust", "fear")


def turn_keys(conversation: int, turn: int) -> None:
    """Draws a button for each emotion of one turn, with the keys 1 to 7.

    A page may draw it once: for the turn that its person is at.

    Args:
        conversation: The conversation.
        turn: The turn's number, from 1; a customer's.
    """
    with st.container(horizontal=True, gap="small", key="turn-keys"):
        for key, emotion in enumerate(EMOTIONS, start=1):
            st.button(
                t(emotion),
                key=f"turn-key-{conversation}-{turn}-{emotion}",
                shortcut=str(key),
                on_click=_correct,
                args=(conversation, turn, emotion),
            )


def _correct(conversation: int, turn: int, emotion: str) -> None:
    try:
        client.correct(conversation, turn, emotion)
    except client.ApiError as error:
        st.toast(error.what, icon=":material/error:")
