"""Texts of strangers in the cells of a spreadsheet."""

from __future__ import annotations

import re
from typing import Literal

_FORMULA = tuple("=+-@＝＋－＠\t\r")
_PLAIN_ID = re.compile(r"[\w.:/+-]*")


def cell_text(kind: Literal["text", "id"], value: str) -> str:
    """The text as no spreadsheet takes it for a formula; plain ids stay as they are."""
    if not value.startswith(_FORMULA) or (kind == "id" and _PLAIN_ID.fullmatch(value)):
        return value
    return f"'{value}"
