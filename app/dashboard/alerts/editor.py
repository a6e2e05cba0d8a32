"""One rule: written, tried on what was said, saved."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import streamlit as st

from app.alerts.rules import METRICS, MetricName
from app.dashboard.alerts import client
from app.dashboard.alerts.describe import choice_name, scope, sentence
from app.dashboard.alerts.page import clock_of, plain
from app.dashboard.alerts.style import SEVERITY_SIGNS
from app.dashboard.alerts.texts import t
from app.dashboard.client import ApiError, show_error
from multimodal.phrases import Finder
from multimodal.scoring import DISAGREES

CHANNELS = ("phone", "video", "chat")
DEFAULT_THRESHOLDS = {
    "emotion": 0.6,
    "risk": 0.6,
    "sentiment_drop": 3.0,
    "disagreement": DISAGREES,
    "overlap": 2.0,
    "silence": 30.0,
    "waiting": 60.0,
}
DEFAULT_CHOICES = {
    "level": ["heated"],
    "state": ["anger"],
    "tag": ["abuse"],
    "emotion": ["angry"],
}
TRIED, MAX_TRIED = 200, 500
_SEPARATORS = re.compile(r"[\n,，、;；]+")
_HOURS = re.compile(r"(\d{1,2}:\d{2})\s*[-–—~至到]\s*(\d{1,2}:\d{2})")
EMPTY: dict[str, Any] = {
    "name": "",
    "name_en": "",
    "metric": "words",
    "choices": [],
    "threshold": None,
    "words": [],
    "skip_negated": True,
    "pattern": "",
    "needed": 1,
    "window": 1,
    "seconds": 0.0,
    "queues": [],
    "channels": [],
    "hours": None,
    "severity": "warning",
    "cool_down": 600.0,
}


def edit(one: dict[str, Any] | None) -> None:
    """Opens the editor for a rule as the API gives it, or for a new one."""
    st.session_state.rule_edited = one
    st.session_state.rule_tried = None
    # Fields of another rule must not keep what was typed there.
    st.session_state.rule_form = st.session_state.get("rule_form", 0) + 1


def leave() -> None:
    """Goes back to the list."""
    st.session_state.pop("rule_edited", None)


def section() -> None:
    """Draws the editor."""
    one = st.session_state.rule_edited
    rule = EMPTY if one is None else one["rule"]
    st.button(t("back"), icon=":material/arrow_back:", on_click=leave, type="tertiary")
    written = _fields(rule)
    if written is None:
        return
    if missing := _missing(written):
        st.caption(f":material/info: {missing}")
        return
    st.info(plain(f"{sentence(written)}\n\n{scope(written)}"), icon=":material/rule:")
    _buttons(one, written)
    if st.session_state.rule_tried is not None:
        _tried(st.session_state.rule_tried)


def _key(name: str) -> str:
    return f"rule-{st.session_state.rule_form}-{name}"


def _fields(rule: dict[str, Any]) -> dict[str, Any] | None:
    """The fields with what is written in them; None where that cannot be read yet."""
    names = st.columns([2, 2, 1.4])
    written = dict(rule)
    written["name"] = names[0].text_input(t("name"), rule["name"], key=_key("name"), max_chars=60)
    written["name_en"] = names[1].text_input(
        t("name_en"), rule["name_en"], key=_key("name_en"), max_chars=60
    )
    written["severity"] = names[2].segmented_control(
        t("severity"),
        list(SEVERITY_SIGNS),
        default=rule["severity"],
        format_func=t,
        required=True,
        key=_key("severity"),
    )
    left, right = st.columns(2, gap="large")
    with left:
        metric = st.selectbox(
            t("metric"),
            list(METRICS),
            index=list(METRICS).index(rule["metric"]),
            format_func=lambda name: t(f"metric_{name}"),
            key=_key("metric"),
        )
        st.caption(t(f"help_{metric}", flagged=f"{DISAGREES:g}"))
        written |= _measured(rule, metric)
    with right:
        written |= _lasting(rule, metric)
        written["cool_down"] = 60.0 * st.number_input(
            t("cool_down"),
            0,
            24 * 60,
            int(rule["cool_down"] // 60),
            help=t("cool_down_help"),
            key=_key("cool_down"),
        )
    return _within(rule, written)


def _measured(rule: dict[str, Any], metric: MetricName) -> dict[str, Any]:
    """What is measured: choices, a threshold, or words."""
    same = metric == rule["metric"]
    found: dict[str, Any] = {"metric": metric, "choices": [], "threshold": None}
    found |= {"words": [], "pattern": "", "skip_negated": False}
    asked = METRICS[metric]
    if asked.choices:
        given = rule["choices"] if same and rule["choices"] else DEFAULT_CHOICES[metric]
        if asked.one:
            chosen = st.segmented_control(
                t("at_least"),
                asked.choices,
                default=given[0],
                format_func=lambda name: choice_name(metric, name),
                required=True,
                key=_key(f"choice-{metric}"),
            )
            found["choices"] = [str(chosen)]
        else:
            chosen_many = st.pills(
                t("choices"),
                asked.choices,
                default=given,
                selection_mode="multi",
                format_func=lambda name: choice_name(metric, name),
                key=_key(f"choices-{metric}"),
            )
            found["choices"] = [str(choice) for choice in chosen_many]
    if asked.limits is not None:
        given = rule["threshold"] if same else DEFAULT_THRESHOLDS[metric]
        found["threshold"] = _threshold(metric, asked.limits, given)
    if metric == "words":
        found |= _words(rule)
    return found


def _threshold(metric: str, limits: tuple[float, float], given: float) -> float:
    least, largest = limits
    if largest <= 1.0:
        return st.slider(
            t("threshold"), least, largest, float(given), 0.05, key=_key(f"threshold-{metric}")
        )
    label = t("points_unit") if metric == "sentiment_drop" else t("seconds_unit")
    step = 0.5 if metric in ("sentiment_drop", "overlap") else 5.0
    return st.number_input(
        label, least, largest, float(given), step, key=_key(f"threshold-{metric}")
    )


def _words(rule: dict[str, Any]) -> dict[str, Any]:
    kind = st.segmented_control(
        t("words_as"),
        ("words_list", "words_pattern"),
        default="words_pattern" if rule["pattern"] else "words_list",
        format_func=t,
        required=True,
        key=_key("words_as"),
    )
    if kind == "words_pattern":
        pattern = st.text_input(
            t("pattern_field"),
            rule["pattern"],
            help=t("pattern_help"),
            max_chars=500,
            key=_key("pattern"),
        )
        return {"pattern": pattern}
    text = st.text_area(t("words_field"), "\n".join(rule["words"]), height=170, key=_key("words"))
    negated = st.checkbox(t("skip_negated"), rule["skip_negated"], key=_key("skip_negated"))
    return {"words": items_of(text), "skip_negated": negated}


def items_of(text: str) -> list[str]:
    """What is listed in a text, one a line or with commas of either script."""
    return [word.strip() for word in _SEPARATORS.split(text) if word.strip()]


def _lasting(rule: dict[str, Any], metric: MetricName) -> dict[str, Any]:
    """Of how many turns, or for how long, it is asked."""
    asked = METRICS[metric]
    found = {"needed": 1, "window": 1, "seconds": 0.0}
    if not asked.turns:
        return found
    kinds = ["persist_once", "persist_turns", *(["persist_seconds"] if asked.lasts else [])]
    now = "persist_turns" if rule["window"] > 1 else "persist_once"
    now = "persist_seconds" if rule["seconds"] and asked.lasts else now
    kind = st.segmented_control(
        t("persistence"),
        kinds,
        default=now,
        format_func=t,
        required=True,
        key=_key(f"persistence-{len(kinds)}"),
    )
    if kind == "persist_turns":
        left, right = st.columns(2)
        before = (rule["needed"], rule["window"]) if rule["window"] > 1 else (2, 3)
        window = right.number_input(t("window"), 2, 20, before[1], key=_key("window"))
        most = min(window, before[0])
        needed = left.number_input(t("needed"), 1, window, most, key=_key("needed"))
        found |= {"needed": needed, "window": window}
    elif kind == "persist_seconds":
        seconds = st.number_input(
            t("seconds_field"), 1, 3600, int(rule["seconds"] or 60), 5, key=_key("seconds")
        )
        found["seconds"] = float(seconds)
    return found


def _within(rule: dict[str, Any], written: dict[str, Any]) -> dict[str, Any] | None:
    """Where and when it holds; None where the hours cannot be read."""
    hours = rule["hours"]
    with st.expander(t("scope_title"), expanded=bool(rule["queues"] or rule["channels"] or hours)):
        left, middle, right = st.columns(3)
        queues = left.text_input(t("queues"), "，".join(rule["queues"]), key=_key("queues"))
        channels = middle.pills(
            t("channels"),
            CHANNELS,
            default=rule["channels"],
            selection_mode="multi",
            format_func=t,
            key=_key("channels"),
        )
        text = right.text_input(
            t("hours"), f"{hours[0]}-{hours[1]}" if hours else "", key=_key("hours")
        ).strip()
    written |= {"queues": items_of(queues), "channels": list(channels), "hours": None}
    if text:
        found = _HOURS.fullmatch(text)
        if found is None:
            st.error(t("hours_wrong"))
            return None
        written["hours"] = [one.zfill(5) for one in found.groups()]
    return written


def _missing(written: dict[str, Any]) -> str:
    """What is still to be filled in, empty where nothing is."""
    if METRICS[written["metric"]].choices and not written["choices"]:
        return t("choose_one")
    if written["metric"] == "words":
        if not written["words"] and not written["pattern"].strip():
            return t("no_words_yet")
        try:
            Finder.of(written["words"], written["pattern"])
        except ValueError as error:
            return t("pattern_wrong", error=plain(str(error).rpartition(": ")[2]))
    return ""


def _buttons(one: dict[str, Any] | None, written: dict[str, Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        last = st.number_input(t("try_last"), 10, MAX_TRIED, TRIED, 10, key=_key("last"), width=260)
        tried = st.button(t("try"), icon=":material/science:")
        nameless = not written["name"].strip()
        help_text = t("name_missing") if nameless else None
        on = st.button(
            t("save_on"),
            icon=":material/notifications_active:",
            type="primary",
            disabled=nameless,
            help=help_text,
        )
        off = st.button(t("save_off"), disabled=nameless, help=help_text)
    try:
        if tried:
            with st.spinner(t("trying")):
                # A rule without a name can be tried.
                named = written | {"name": written["name"].strip() or "?"}
                st.session_state.rule_tried = client.try_rule(named, int(last))
        if on or off:
            client.save_rule(None if one is None else one["id"], written, enabled=on)
            st.session_state.rules_done = t("saved")
            leave()
            st.rerun()
    except ApiError as error:
        st.session_state.rule_tried = None
        show_error(error)


def _tried(tried: dict[str, Any]) -> None:
    if not tried["conversations"]:
        st.warning(t("no_conversations"))
        return
    alerts, hour, busiest, precision = st.columns(4)
    alerts.metric(
        t("would_alert"),
        t("would_alert_of", alerts=tried["alerts"], all=tried["conversations"]),
    )
    hour.metric(
        t("per_hour"),
        f"{tried['per_hour']:.1f}",
        help=t("per_hour_help", hours=tried["hours"], busiest=tried["busiest"]),
    )
    busiest.metric(t("busiest"), tried["busiest"])
    known = tried["precision"] is not None
    precision.metric(
        t("precision_reviewed"),
        f"{tried['precision']:.0%}" if known else t("not_reviewed"),
        help=t("reviewed_help", count=tried["reviewed"]),
    )
    if not tried["samples"]:
        st.info(t("would_not"))
        return
    rows = tried["samples"]
    table = pd.DataFrame(
        {
            t("when"): [clock_of(row["at"]) for row in rows],
            t("words_said"): [row["words"] for row in rows],
            t("review"): [t(row["review"]) if row["review"] else "" for row in rows],
            t("queue"): [row["queue"] for row in rows],
            t("conversation"): [row["external_id"] for row in rows],
        }
    )
    st.caption(t("pick_sample"))
    picked = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        key="tried",
        height="content",
    )
    chosen = [*picked.selection.rows, *(row for row, _ in picked.selection.cells)]
    if chosen:
        row = rows[chosen[0]]
        place = {"id": str(row["id"]), "turn": str(row["turn"])}
        st.switch_page(st.session_state.pages["replay"], query_params=place)
