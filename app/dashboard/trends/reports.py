"""Buttons that make a report and hand it over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from app.dashboard.client import token
from app.dashboard.session import may
from app.dashboard.texts import language
from app.dashboard.trends import client
from app.dashboard.trends.texts import t


def conversation_report(number: int) -> None:
    """Buttons for the report of a conversation; nothing for whoever may not export."""
    make = {
        form: partial(client.conversation_report, token(), form, language(), number)
        for form in ("pdf", "html")
    }
    _buttons(f"report-{number}", make)


def queue_report(filters: Mapping[str, Any]) -> None:
    """Buttons for the report of what the filters leave."""
    make = {
        form: partial(client.queue_report, token(), form, language(), dict(filters))
        for form in ("pdf", "html")
    }
    _buttons("report-queue", make)


def _buttons(name: str, make: Mapping[str, Callable[[], bytes]]) -> None:
    if not may("reviewer"):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for form, content in make.items():
            st.download_button(
                f"{t('report')} {form.upper()}",
                content,
                file_name=f"{name}.{form}",
                icon=":material/description:",
                help=t("report_help"),
                key=f"{name}-{form}",
            )
