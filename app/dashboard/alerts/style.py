"""How alerts look: a severity has a colour, a shape and a word."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

SEVERITY_COLOURS: Mapping[str, str] = {
    "notice": "#00629b",
    "warning": "#b04a00",
    "critical": "#b3001b",
}
"""Contrast with white is at least 4.5:1."""
SEVERITY_SIGNS: Mapping[str, str] = {"notice": "●", "warning": "◆", "critical": "▲"}

STYLE = """
<style>
.em-alert { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem .7rem;
  font-size: 1.05rem; line-height: 1.6; }
.em-alert-words { overflow-wrap: anywhere; font-size: 1.15rem; flex: 1 1 12rem; }
.em-alert .em-level { font-size: .85rem; }
.em-severity { color: #fff; border-radius: .4em; padding: 0 .5em; font-size: .9rem;
  font-weight: 600; white-space: nowrap; }
.em-alert-seen { display: inline-block; line-height: 2.5rem; opacity: .8; font-size: .9rem;
  white-space: nowrap; }
.st-key-alert-current { border-left: .35rem solid #00629b !important; }
</style>
"""


def severity_badge(severity: str, name: str) -> str:
    """A filled label for a severity, as HTML."""
    colour = SEVERITY_COLOURS.get(severity, "#555")
    sign = SEVERITY_SIGNS.get(severity, "")
    return f'<span class="em-severity" style="background:{colour}">{sign} {escape(name)}</span>'
