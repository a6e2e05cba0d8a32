"""Colours and small pieces of HTML, the same on every page.

The palette is Okabe and Ito's (2008, "Color universal design"), which people with colour-blindness
can tell apart; colour never stands alone, there is always a word beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

EMOTION_COLOURS: Mapping[str, str] = {
    "neutral": "#7a7f87",
    "happy": "#009e73",
    "sad": "#0072b2",
    "angry": "#d55e00",
    "surprise": "#e69f00",
    "disgust": "#cc79a7",
    "fear": "#56b4e9",
    "unknown": "#b8bcc2",
}
LEVEL_COLOURS: Mapping[str, str] = {
    "calm": "#00775a",
    "watch": "#8a5a00",
    "dissatisfied": "#b04a00",
    "heated": "#b3001b",
}
LEVEL_SIGNS: Mapping[str, str] = {"calm": "○", "watch": "◔", "dissatisfied": "◑", "heated": "●"}
"""A shape for each level, so that a table without colours still shows it."""

STYLE = """
<style>
.block-container { padding-top: 4.2rem; padding-bottom: 2rem; }
.st-key-corner { position: fixed; top: .6rem; right: 1rem; z-index: 999991; width: auto;
  max-width: 16rem; flex-wrap: nowrap; }
.st-key-corner [data-testid=stPopover], .st-key-corner :has(> [data-testid=stPopover]) {
  min-width: 0; }
.st-key-corner [data-testid=stPopover] p { overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
[data-testid=stToolbar] { padding-right: 17rem; }
h1 { font-size: 1.7rem !important; padding: .2rem 0 .6rem !important; }
h3 { font-size: 1.25rem !important; padding: .5rem 0 .3rem !important; }
.em-chip { display: inline-block; padding: 0 .5em; border-radius: .7em; font-size: .85rem;
  line-height: 1.6; white-space: nowrap; border: 1px solid currentColor; }
.em-level { display: inline-block; padding: .05em .55em; font-size: 1.1rem; font-weight: 600;
  vertical-align: .12em; border-radius: .4em; color: #fff; white-space: nowrap; }
.em-quiet { opacity: .72; font-size: .82rem; }
.em-facts { margin: 0 !important; padding: 0 !important; display: grid; gap: .15rem .9rem;
  grid-template-columns: auto 1fr; font-size: .9rem; }
.em-facts dt { opacity: .72; white-space: nowrap; }
.em-facts dt, .em-facts dd { margin: 0 !important; padding: 0 !important; }
.em-facts dd { overflow-wrap: anywhere; }
.em-table { border-collapse: collapse; font-size: .9rem; width: 100%; }
.em-table th { font-weight: 400; opacity: .72; text-align: left; white-space: nowrap; }
.em-table th, .em-table td { padding: .1rem .5rem .1rem 0; vertical-align: top; }
</style>
"""


def menu_style(more: str) -> str:
    """What the menu of pages that have no room is called; Streamlit has it in English only."""
    button = "[data-testid=stTopNavSection]"
    return (
        f"<style>{button} p {{ display: none; }}\n"
        f'{button} [data-testid=stMarkdownContainer]::after {{ content: "{more} ▾"; }}</style>'
    )


def chip(text: str, colour: str, *, title: str = "") -> str:
    """A small outlined label, as HTML; the text is escaped."""
    hint = f' title="{escape(title, quote=True)}"' if title else ""
    return f'<span class="em-chip" style="color:{colour}"{hint}>{escape(text)}</span>'


def level_badge(level: str, name: str) -> str:
    """A filled label for a conversation's level, as HTML; contrast with white is at least 4.5:1."""
    colour = LEVEL_COLOURS.get(level, "#555")
    return (
        f'<span class="em-level" style="background:{colour}">'
        f"{LEVEL_SIGNS.get(level, '')} {escape(name)}</span>"
    )


def facts(rows: list[tuple[str, str]]) -> str:
    """A list of names and values, as HTML; both are escaped, empty values left out."""
    inside = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows if value
    )
    return f'<dl class="em-facts">{inside}</dl>'


def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss; an en dash where not known."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"
