"""A rule in one sentence."""

from __future__ import annotations

from typing import Any

from app.dashboard.alerts.texts import t
from app.dashboard.texts import language, listed

WORDS_SHOWN = 3


def sentence(rule: dict[str, Any]) -> str:
    """What a rule says, in the session's language."""
    parts = [_condition(rule)]
    if rule["window"] > 1:
        parts.insert(0, t("say_turns", window=rule["window"], needed=rule["needed"]))
    if rule["seconds"]:
        parts.append(t("say_seconds", seconds=f"{rule['seconds']:g}"))
    if rule["skip_negated"]:
        parts.append(t("say_negated"))
    return _joined(parts)


def scope(rule: dict[str, Any]) -> str:
    """Where and when a rule holds, and how long it rests."""
    hours = rule["hours"]
    parts = [
        listed(rule["queues"]),
        " / ".join(t(channel) for channel in rule["channels"]),
        f"{hours[0]}–{hours[1]}" if hours else "",
        t("say_cool_down", minutes=f"{rule['cool_down'] / 60:g}") if rule["cool_down"] else "",
    ]
    return " · ".join(part for part in parts if part)


def choice_name(metric: str, choice: str) -> str:
    """What a choice of a metric is called."""
    return t(f"{metric}_{choice}") if metric in ("state", "tag") else t(choice)


def _condition(rule: dict[str, Any]) -> str:
    metric = rule["metric"]
    if metric == "words":
        if rule["pattern"]:
            return t("say_pattern", words=rule["pattern"])
        words = rule["words"]
        shown = listed(words[:WORDS_SHOWN])
        key = "say_words" if len(words) <= WORDS_SHOWN else "say_many_words"
        return t(key, words=shown, count=len(words))
    names = (choice_name(metric, choice) for choice in rule["choices"])
    threshold = rule["threshold"]
    choices = ("、" if language() == "zh" else " or ").join(names)
    return t(
        f"say_{metric}",
        choices=choices,
        threshold=f"{threshold:g}" if threshold is not None else "",
    )


def _joined(parts: list[str]) -> str:
    return ("，" if language() == "zh" else ", ").join(parts)
