"""The report of a queue over some time: what its template shows, from what is stored."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from app.accuracy import accuracy
from app.dashboard.theme import LEVEL_COLOURS
from app.phrases import phrases
from app.reports import figures
from app.reports.conversation import local, model_rows
from app.reports.texts import Words
from app.store import Filter, Scope, Store
from app.trends import Cell, Mean, Share, cell, cells, quarters
from multimodal.thresholds import FIXED

EXAMPLES = 8
"""Conversations that are quoted."""
DAYS = 31
"""Days up to which the report shows days; beyond it shows weeks."""


def queue_context(
    store: Store, scope: Scope, wanted: Filter, words: Words, zone: ZoneInfo
) -> tuple[dict[str, Any], list[int]]:
    """What the template of a queue shows, and which conversations it quotes.

    Args:
        store: Where they are.
        scope: Who asks.
        wanted: Which conversations.
        words: In which language.
        zone: In which times are shown.
    """
    outcomes = store.history.outcomes(wanted, scope)
    whole = cell(outcomes)
    days = cells(outcomes, "day", zone)
    weekly = len(days) > DAYS
    shown = cells(outcomes, "week", zone) if weekly else days
    quoted, _ = store.page(wanted, scope, sort="-risk", limit=EXAMPLES)
    quoted = [one for one in quoted if one.row.risk >= FIXED.watch and one.row.status == "scored"]
    title = words("weeks" if weekly else "days")
    values = {
        "facts": _facts(wanted, whole, words, zone),
        "figures": _figures(whole, words),
        "levels": figures.levels(whole.levels, words),
        "days_title": title,
        "days": figures.shares([_point(one) for one in shown], whole.dissatisfied.share, title),
        "quarters": figures.quarters([_value(one) for one in quarters(outcomes)], words),
        "sayings": [
            f"{one.text}（{one.count}）" if words.language == "zh" else f"{one.text} ({one.count})"
            for one in phrases(store.history.said(outcomes, scope))
        ],
        "examples": [
            {
                "when": local(one.row.started_at, zone),
                "id": one.row.external_id,
                "level": words.level(one.row.level),
                "colour": LEVEL_COLOURS.get(one.row.level, "#555"),
                "risk": f"{one.row.risk:.2f}",
                "words": one.reason_text,
            }
            for one in quoted
        ],
        "accuracy": _accuracy(store, scope, wanted.queue, words),
        "models": model_rows(store.models(), words),
        "notes": (),
    }
    return values, [one.row.id for one in quoted]


def _facts(wanted: Filter, whole: Cell, words: Words, zone: ZoneInfo) -> list[tuple[str, str]]:
    first, last = local(wanted.started_from, zone), local(wanted.started_to, zone)
    period = words("from_to", first=first or "…", last=last or "…")
    given = (
        ("queue", wanted.queue or words("all_queues")),
        ("period", period if first or last else words("whole_time")),
        ("conversations", f"{whole.calls:,}"),
        ("channel", words(wanted.channel) if wanted.channel else ""),
    )
    return [(words(name), value) for name, value in given if value]


def _figures(whole: Cell, words: Words) -> list[tuple[str, str, str]]:
    return [
        (words("dissatisfied"), *_share(whole.dissatisfied, words)),
        (words("recovery"), *_share(whole.recovery, words)),
        (words("shift"), *_mean(whole.shift, words)),
    ]


def _share(one: Share, words: Words) -> tuple[str, str]:
    if not one.n:
        return "–", words("too_few")
    return f"{one.share:.0%}", words("interval", low=f"{one.low:.0%}", high=f"{one.high:.0%}")


def _mean(one: Mean, words: Words) -> tuple[str, str]:
    if one.low is None or one.high is None:
        return "–", words("too_few")
    low, high = f"{one.low:+.1f}", f"{one.high:+.1f}"
    return f"{one.mean:+.1f}", words("interval", low=low, high=high)


def _value(one: Mean) -> float | None:
    return one.mean if one.n else None


def _point(one: Cell) -> figures.Point:
    share = one.dissatisfied
    return figures.Point(one.name[5:], share.share, share.low, share.high, one.news)


def _accuracy(store: Store, scope: Scope, queue: str | None, words: Words) -> str:
    by, name = ("queue", queue) if queue else ("all", "")
    for one in accuracy(store.measured.turns(scope)):
        if (one.by, one.name) == (by, name):
            return words(
                "accuracy_text",
                n=one.n,
                calls=one.conversations,
                share=f"{one.accuracy:.0%}",
                low=f"{one.low:.0%}",
                high=f"{one.high:.0%}",
            )
    return words("not_measured")
