"""The few words of a turn that tell why."""

from __future__ import annotations

import re

EXCERPT = 20
"""Characters that a row of the wall has room for."""

_CLAUSE_END = re.compile(r"[，。！？；、,.!?;…~～\s]+")


def excerpt(text: str, at: int = 0, limit: int = EXCERPT) -> str:
    """The part of a text around a place, from the beginning of a clause.

    Args:
        text: What was said.
        at: Index of the character that must be in it.
        limit: Most characters of the result, with the `…` that stand for what is left out; at
            least 3.
    """
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    at = min(max(at, 0), len(text) - 1)
    starts = [0, *(end.end() for end in _CLAUSE_END.finditer(text))]
    # The earliest clause from which the place is still within reach.
    start = next((one for one in starts if one <= at < one + limit - 2), max(0, at - limit // 2))
    head = "…" if start else ""
    room = limit - len(head)
    rest = text[start:]
    return head + (rest if len(rest) <= room else rest[: room - 1] + "…")
