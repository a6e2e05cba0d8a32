"""Event tags and what else is a sign of its own, as chips."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.dashboard.texts import t
from app.dashboard.theme import chip

_COLOURS: Mapping[str, str] = {
    "thanks": "#007a59",
    "urge": "#8a5a00",
    "abuse": "#b3261e",
    "complaint": "#b3261e",
    "escalation": "#b3261e",
}


def tag_chip(tagged: Mapping[str, Any]) -> str:
    """One tag of a turn with what it rests on (规则, 实测), as HTML."""
    name = f"{t('tag_' + tagged['tag'])} · {t('basis_' + tagged['basis'])}"
    return chip(name, _COLOURS[tagged["tag"]], title=t("tags_help"))


def signs(conversation: Mapping[str, Any]) -> None:
    """The conversation's tags with how many turns have them, its signal, and its recovery."""
    parts = [
        chip(f"{t('tag_' + tag)} {len(turns)}", _COLOURS[tag], title=t("tags_help"))
        for tag, turns in conversation["tags"].items()
    ]
    if conversation["escalation_signal"]:
        name = f"{t('escalation_signal')} · {t('basis_rule')}"
        parts.append(chip(name, _COLOURS["escalation"], title=t("escalation_signal_help")))
    if conversation["course"]["recovered"]:
        name = f"{t('recovered')} · {t('basis_inferred')}"
        parts.append(chip(name, _COLOURS["thanks"], title=t("recovered_help")))
    if parts:
        st.html(" ".join(parts))
