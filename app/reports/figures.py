"""The reports' figures as inline SVG: they need no script, and print as lines, not as pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from app.dashboard.theme import EMOTION_COLOURS, LEVEL_COLOURS
from app.reports.texts import Words
from multimodal.emotions import UNKNOWN
from multimodal.scoring import ScoredTurn

WIDTH = 680
FONTS = "Noto Sans CJK SC, WenQuanYi Micro Hei, PingFang SC, Microsoft YaHei, sans-serif"
"""A figure does not inherit the page's in every PDF engine."""
_LEFT, _RIGHT, _TOP = 58, 648, 12
_GREY, _INK = "#8a8f98", "#1d2129"
RISK_COLOUR = "#b04a00"


@dataclass(frozen=True, slots=True)
class Point:
    """A share of one day or week, with its interval.

    Attributes:
        name: On the axis.
        share: In [0, 1].
        low: Lower end of its interval.
        high: Upper end.
        news: Whether it differs from the whole period.
    """

    name: str
    share: float
    low: float
    high: float
    news: bool


def timeline(turns: Sequence[ScoredTurn], risk: Sequence[float], words: Words) -> Markup:
    """Valence of each scored turn, coloured by emotion, and the running risk.

    Args:
        turns: Those of the conversation.
        risk: After each turn, in [0, 1].
        words: In which language.
    """
    timed = bool(turns) and all(turn.turn.start is not None for turn in turns)
    at = [float(one.turn.start or 0.0) if timed else float(i) for i, one in enumerate(turns, 1)]
    first, last = (min(at), max(at)) if at else (0.0, 1.0)
    high, middle = 190, _TOP + 82

    def x(value: float) -> float:
        return _LEFT + 12 + (value - first) / max(last - first, 1e-9) * (_RIGHT - _LEFT - 24)

    parts = [_line(_LEFT, y, _RIGHT, y, "#d9dce1") for y in (_TOP, _TOP + 82, _TOP + 164)]
    for y, name in ((_TOP, "positive"), (middle, "neither"), (_TOP + 164, "negative")):
        parts.append(_text(_LEFT - 6, y + 4, words(name), "end"))
    for y, value in ((_TOP + 164, "0"), (middle, ".5"), (_TOP, "1")):
        parts.append(_text(_RIGHT + 6, y + 4, value, "start", RISK_COLOUR))
    steps = [(x(a), _TOP + 164 * (1 - r)) for a, r in zip(at, risk, strict=False)]
    if steps:
        path = f"M{steps[0][0]:.1f} {steps[0][1]:.1f}" + "".join(
            f"H{a:.1f}V{b:.1f}" for a, b in steps[1:]
        )
        parts.append(
            f'<path d="{path}" fill="none" stroke="{RISK_COLOUR}" stroke-width="1.6"'
            ' stroke-dasharray="3 3"/>'
        )
    scored = [(x(a), one) for a, one in zip(at, turns, strict=True) if one.answer.label != UNKNOWN]
    dots = [(a, middle - 82 * one.answer.valence, one) for a, one in scored]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b, _ in dots)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#b8bcc2"/>')
    for a, b, one in dots:
        colour, size = EMOTION_COLOURS[one.answer.label], 3.2 + 3 * one.answer.confidence
        parts.append(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="{size:.1f}" fill="{colour}" stroke="#fff"/>'
        )
    for place in (first, (first + last) / 2, last) if at else ():
        name = _clock(place) if timed else str(round(place))
        parts.append(_text(x(place), high + 4, name, "middle"))
    return _svg(high + 12, parts, words("timeline"))


def legend(labels: Sequence[str], words: Words) -> Markup:
    """The emotions that occur, with their colours, as HTML."""
    return Markup(" ").join(
        Markup('<span class="key"><i style="background:{}"></i>{}</span>').format(
            EMOTION_COLOURS[label], words.emotion(label)
        )
        for label in dict.fromkeys(labels)
    )


def quarters(sentiment: Sequence[float | None], words: Words) -> Markup:
    """Bars of the customer's sentiment in the four quarters, each in [-5, 5]."""
    middle, unit = 60.0, 9.0
    parts = [_line(_LEFT, middle, _RIGHT, middle, _GREY)]
    for index, value in enumerate(sentiment):
        centre = _LEFT + (_RIGHT - _LEFT) * (index + 0.5) / 4
        parts.append(_text(centre, 136, words("quarter", n=index + 1), "middle"))
        if value is None:
            parts.append(_text(centre, middle - 6, "–", "middle"))
            continue
        top, height = (
            (middle - value * unit, value * unit) if value > 0 else (middle, -value * unit)
        )
        colour = EMOTION_COLOURS["happy" if value > 0 else "angry"]
        parts.append(
            f'<rect x="{centre - 28:.1f}" y="{top:.1f}" width="56" height="{height:.1f}"'
            f' fill="{colour}"/>'
        )
        below = middle + height + 13 if value <= 0 else top - 4
        parts.append(_text(centre, below, f"{value:+.1f}", "middle", _INK))
    return _svg(142, parts, words("quarters"))


def levels(counts: Mapping[str, int], words: Words) -> Markup:
    """One bar, divided by level, with the numbers below."""
    total = sum(counts.values()) or 1
    parts, at = [], float(_LEFT)
    for level, colour in LEVEL_COLOURS.items():
        width = (_RIGHT - _LEFT) * counts.get(level, 0) / total
        parts.append(f'<rect x="{at:.1f}" y="6" width="{width:.1f}" height="26" fill="{colour}"/>')
        at += width
    for index, (level, colour) in enumerate(LEVEL_COLOURS.items()):
        place = _LEFT + (_RIGHT - _LEFT) * index / 4
        count = counts.get(level, 0)
        parts.append(f'<rect x="{place:.1f}" y="44" width="11" height="11" fill="{colour}"/>')
        name = f"{words.level(level)} {count} ({count / total:.0%})"
        parts.append(_text(place + 17, 54, name, "start", _INK))
    return _svg(62, parts, words("levels"))


def shares(points: Sequence[Point], whole: float, title: str) -> Markup:
    """Shares over time with their intervals, and a line for the whole.

    Args:
        points: In the order of time.
        whole: The share over all of it.
        title: What it shows.
    """
    bottom, top = 150.0, 12.0
    most = min(1.0, max([one.high for one in points] + [0.1]))

    def y(share: float) -> float:
        return bottom - (bottom - top) * share / most

    parts = [_line(_LEFT, y(whole), _RIGHT, y(whole), RISK_COLOUR, dashed=True)]
    for share in (0.0, most / 2, most):
        parts.append(_line(_LEFT, y(share), _RIGHT, y(share), "#d9dce1"))
        parts.append(_text(_LEFT - 6, y(share) + 4, f"{share:.0%}", "end"))
    step = max(1, -(-len(points) // 10))
    for index, one in enumerate(points):
        x = _LEFT + (_RIGHT - _LEFT) * (index + 0.5) / max(len(points), 1)
        parts.append(_line(x, y(one.low), x, y(one.high), _GREY))
        fill = LEVEL_COLOURS["dissatisfied"] if one.news else "#fff"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y(one.share):.1f}" r="4" fill="{fill}"'
            f' stroke="{LEVEL_COLOURS["dissatisfied"]}" stroke-width="1.4"/>'
        )
        if index % step == 0:
            parts.append(_text(x, bottom + 18, one.name, "middle"))
    return _svg(176, parts, title)


def _svg(height: float, parts: Sequence[str], title: str) -> Markup:
    # Every part is numbers, colours of ours, and escaped text.
    return Markup(  # noqa: S704
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(title)}" '
        f'font-family="{FONTS}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dash}/>'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#5a606a") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="11">'
        f"{escape(text)}</text>"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
