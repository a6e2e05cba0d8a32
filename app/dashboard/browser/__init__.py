"""What our components share in the browser, and how a component's scripts become one module."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_HERE = Path(__file__).parent
SHARED = (_HERE / "elements.js", _HERE / "request.js")
"""Elements, texts, times; one way to the API."""


def joined(parts: Iterable[Path]) -> str:
    """Scripts as one module, in this order; there is no build step."""
    return "\n".join(part.read_text("utf-8") for part in parts)
