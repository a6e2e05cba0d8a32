"""Who viewed, replayed, exported and changed what."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.account_texts import ACCOUNT_TEXTS
from app.dashboard.accounts.fields import moment
from app.dashboard.texts import t

ROWS = 500
"""Latest entries that are shown."""
ACTIONS = tuple(
    name.removeprefix("action_") for name in ACCOUNT_TEXTS if name.startswith("action_")
)


def audit() -> None:
    """Draws the latest entries, those of a person or of a kind where that is asked for."""
    st.caption(t("audit_hint"))
    who_field, action_field, _ = st.columns([1, 1, 2])
    who = who_field.text_input(t("audit_who"), key="audit_who", icon=":material/search:")
    action = action_field.selectbox(
        t("audit_action"),
        ("", *ACTIONS),
        format_func=lambda name: t(f"action_{name}") if name else t("audit_every"),
        key="audit_action",
    )
    found = client.audit(who=who.strip().lower(), action=action, limit=ROWS)
    if not found:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("audit_none"), anchor=False)
        return
    table = pd.DataFrame(
        {
            "audit_at": [moment(entry["at"]) for entry in found],
            "audit_who": [_who(entry["who"]) for entry in found],
            "audit_action": [_action(entry["action"]) for entry in found],
            "audit_detail": [_detail(entry["detail"]) for entry in found],
        }
    )
    config = {name: st.column_config.TextColumn(t(name)) for name in table.columns}
    height: Literal["content"] | int = "content" if len(found) <= 15 else 560
    st.dataframe(table, column_config=config, hide_index=True, height=height)


def _who(name: str) -> str:
    return {
        "": t("audit_nobody"),
        "local": t("audit_local"),
        "schedule": t("audit_schedule"),
    }.get(name, name)


def _action(name: str) -> str:
    return t(f"action_{name}") if name in ACTIONS else name


def _detail(detail: dict[str, Any]) -> str:
    return " · ".join(part for name, value in detail.items() if (part := _part(name, value)))


def _part(name: str, value: Any) -> str:
    """A value by its own name where it has one, else with what it is; empty where neither is."""
    for key in (f"detail_{name}_{value}", f"{name}_{value}"):
        if key in ACCOUNT_TEXTS:
            return t(key)
    return t(f"detail_{name}", value=value) if f"detail_{name}" in ACCOUNT_TEXTS and value else ""
