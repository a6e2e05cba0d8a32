"""A table of which a person picks a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st


def picked(
    table: Any,
    key: str,
    height: int | Literal["content"],
    columns: Mapping[str, Any] | None = None,
) -> int | None:
    """Draws a table; which row was picked, by a click on any of its cells, or None.

    Args:
        table: What Streamlit shows as a table.
        key: Of the widget.
        height: In pixels, or `content`.
        columns: Streamlit's configuration of columns, by title.
    """
    shown = st.dataframe(
        table,
        column_config=columns,
        hide_index=True,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        key=key,
        height=height,
    )
    chosen = [*shown.selection.rows, *(row for row, _ in shown.selection.cells)]
    return chosen[0] if chosen else None
