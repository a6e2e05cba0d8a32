"""Alerts: the open ones, dealt with by one key each; the closed ones; the precision of rules."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard.alerts import client, keys
from app.dashboard.alerts.style import STYLE, severity_badge
from app.dashboard.alerts.texts import t
from app.dashboard.client import ApiError, show_error
from app.dashboard.picking import picked
from app.dashboard.session import may
from app.dashboard.texts import language
from app.dashboard.theme import level_badge

SHOWN = 30
"""Open alerts on the page; nobody deals with more at once."""
CLOSED = 100
REFRESH_SECONDS = 2.0
OUTCOMES = ("intervened", "false_alarm", "no_action", "to_complaint")
"""In the order of their keys, 1 to 4."""
VIEWS = ("open", "closed", "precision")


def page() -> None:
    """Draws the page."""
    st.html(STYLE)
    st.title(t("alerts"))
    view = st.segmented_control(
        t("alerts"),
        VIEWS if may("supervisor") else VIEWS[:2],
        default="open",
        format_func=lambda name: t(f"view_{name}"),
        required=True,
        label_visibility="collapsed",
        key="alerts_view",
    )
    if view == "open":
        _open()
    elif view == "closed":
        _closed()
    else:
        _precision()


@st.fragment(run_every=REFRESH_SECONDS)
def _open() -> None:
    keys.listen(_press)
    try:
        found = client.alerts("open", SHOWN)
    except ApiError as error:
        show_error(error)
        return
    by_id = {one["id"]: one for one in found["data"]}
    _announce(found["data"])
    if done := st.session_state.pop("alerts_done", None):
        st.toast(done, icon=":material/done:")
    if not by_id:
        st.session_state.alerts_order = []
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("none_open"))
            st.write(t("none_open_hint"))
            if "rules" in st.session_state.pages:  # Whoever may not set rules has no such page.
                st.page_link(
                    st.session_state.pages["rules"], label=t("to_rules"), icon=":material/rule:"
                )
        return
    order = _order(list(by_id))
    chosen = st.session_state.get("alert")
    current: int = chosen if isinstance(chosen, int) and chosen in by_id else order[0]
    st.session_state.alert = current
    if st.session_state.pop("alert_to_replay", None) == current:
        _replay(by_id[current])
    _bar(order, current, found)
    for number in order:
        _card(by_id[number], current=number == current)
    if found["count"] > len(order):
        st.caption(t("more", count=found["count"] - len(order)))


def _order(numbers: list[int]) -> list[int]:
    """The order on the page: nothing moves by itself, new alerts come below until a person acts."""
    kept = st.session_state.get("alerts_order") or numbers
    order = [number for number in kept if number in numbers]
    order += [number for number in numbers if number not in order]
    st.session_state.alerts_order = order
    st.session_state.alerts_moved = sum(
        here != there for here, there in zip(order, numbers, strict=True)
    )
    return order


def _resort() -> None:
    st.session_state.alerts_order = []


def _announce(found: list[dict[str, Any]]) -> None:
    """Pops up what is new, within the person's budget of the hour."""
    told = st.session_state.get("alerts_told")
    numbers = {(one["id"], one["severity"]) for one in found}
    if told is not None:
        for one in found:
            if (one["id"], one["severity"]) not in told and one["pushed"]:
                st.toast(
                    f"**{t(one['severity'])} · {_name(one)}** {plain(one['words'])}",
                    icon=":material/notification_important:",
                    duration="long",
                )
        numbers |= told
    st.session_state.alerts_told = numbers


def plain(text: str) -> str:
    """Words in a place that reads Markdown: as they are."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()<>#+-.!|~:$" else c for c in text)


def _name(one: dict[str, Any]) -> str:
    return str((one["rule_en"] if language() == "en" else "") or one["rule"])


def _bar(order: list[int], current: int, found: dict[str, Any]) -> None:
    at = order.index(current)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('open_alerts', count=found['count'])}**")
        st.button(
            t("next"),
            key="alert-next",
            shortcut="J",
            on_click=_choose,
            args=(order[min(at + 1, len(order) - 1)],),
        )
        st.button(
            t("previous"),
            key="alert-previous",
            shortcut="K",
            on_click=_choose,
            args=(order[max(at - 1, 0)],),
        )
        if moved := st.session_state.alerts_moved:
            st.button(
                t("resort", count=moved),
                key="alert-resort",
                icon=":material/sort:",
                type="primary",
                on_click=_resort,
            )
    st.caption(f"{t('keys')} {t('budget_help', budget=found['budget'])}")


def _press(key: str) -> None:
    """What a key does to the marked alert, as its button would."""
    order: list[int] = st.session_state.get("alerts_order") or []
    current = st.session_state.get("alert")
    if not isinstance(current, int) or current not in order:
        return
    if key in "jk":
        at = order.index(current) + (1 if key == "j" else -1)
        _choose(order[min(max(at, 0), len(order) - 1)])
    elif key == "o":
        st.session_state.alert_to_replay = current
    elif not may("supervisor"):
        return
    elif key == "a":
        _acknowledge(current)
    else:
        _close(current, OUTCOMES[int(key) - 1])


def _choose(number: int) -> None:
    st.session_state.alert = number


def _card(one: dict[str, Any], *, current: bool) -> None:
    number, locked = one["id"], not may("supervisor")
    with st.container(border=True, key="alert-current" if current else f"alert-{number}"):
        words = f"“{one['words']}”" if one["words"] else t("no_words")
        st.html(
            f'<div class="em-alert">{severity_badge(one["severity"], t(one["severity"]))}'
            f"<b>{escape(_name(one))}</b>"
            f'<span class="em-alert-words">{escape(words)}</span>'
            f"{level_badge(one['level'], t(one['level'])) if one['level'] else ''}</div>"
            f'<div class="em-quiet">{escape(_about(one))}</div>'
        )
        with st.container(horizontal=True, gap="small"):
            if one["acknowledged_at"]:
                st.html(
                    '<span class="em-alert-seen">✓ '
                    f"{escape(t('acknowledged', who=one['acknowledged_by']))}</span>",
                    width="content",
                )
            else:
                st.button(
                    t("acknowledge"),
                    key=f"acknowledge-{number}",
                    icon=":material/check:",
                    type="primary" if current else "secondary",
                    shortcut="A" if current else None,
                    disabled=locked,
                    on_click=_acknowledge,
                    args=(number,),
                )
            for key, outcome in enumerate(OUTCOMES, start=1):
                st.button(
                    t(outcome),
                    key=f"{outcome}-{number}",
                    shortcut=str(key) if current else None,
                    disabled=locked,
                    on_click=_close,
                    args=(number, outcome),
                )
            if st.button(
                t("replay_open"),
                key=f"replay-{number}",
                icon=":material/play_circle:",
                type="tertiary",
                shortcut="O" if current else None,
            ):
                _replay(one)


def _about(one: dict[str, Any]) -> str:
    """What a supervisor needs to find the desk."""
    agents = ", ".join(one["agent_ids"])
    parts = [
        t("opened_ago", time=_ago(one["opened_at"])),
        t(one["channel"]),
        one["queue"],
        one["team"],
        f"{t('agent')} {agents}" if agents else "",
        one["customer_display"] or one["external_id"],
        t("hits", count=one["hits"]) if one["hits"] > 1 else "",
        "" if one["pushed"] else t("over_budget"),
        t("call_over") if one["conversation_state"] == "closed" else "",
    ]
    return " · ".join(part for part in parts if part)


def _ago(moment: str) -> str:
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    if seconds < 90:
        return t("seconds_short", n=seconds)
    if seconds < 90 * 60:
        return t("minutes_short", n=seconds // 60)
    return t("hours_short", n=seconds // 3600)


def _acknowledge(number: int) -> None:
    st.session_state.alert = number
    _act(client.acknowledge, number)


def _close(number: int, outcome: str) -> None:
    if not _act(client.close, number, outcome):
        return
    st.session_state.alerts_done = t("closed_as", outcome=t(outcome))
    order = st.session_state.get("alerts_order") or []
    if number in order:  # The next one is marked, also for a key that was pressed meanwhile.
        at = order.index(number)
        order.remove(number)
        st.session_state.alert = order[min(at, len(order) - 1)] if order else None


def _act(what: Any, *arguments: Any) -> bool:
    try:
        what(*arguments)
    except ApiError as error:
        if error.status != 404:  # Else its conversation was deleted, and it goes from the page.
            st.session_state.alerts_done = error.what
        return False
    return True


def _replay(one: dict[str, Any]) -> None:
    place = {"id": str(one["conversation_id"]), "turn": str(one["turn"])}
    if one["start"] is not None:
        st.session_state.seek = {one["conversation_id"]: one["start"]}
    st.switch_page(st.session_state.pages["replay"], query_params=place)


def _closed() -> None:
    try:
        found = client.alerts("closed", CLOSED)
    except ApiError as error:
        show_error(error)
        return
    rows = found["data"]
    if not rows:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("none_closed"))
            st.write(t("none_closed_hint"))
        return
    table = pd.DataFrame(
        {
            t("when"): [clock_of(one["closed_at"]) for one in rows],
            t("severity"): [t(one["severity"]) for one in rows],
            t("rule"): [_name(one) for one in rows],
            t("words_said"): [one["words"] for one in rows],
            t("outcome"): [t(one["outcome"]) for one in rows],
            t("by_whom"): [one["closed_by"] for one in rows],
            t("conversation"): [one["customer_display"] or one["external_id"] for one in rows],
        }
    )
    st.caption(t("pick_closed"))
    chosen = picked(table, "closed-alerts", "content" if len(rows) <= 15 else 560)
    if chosen is None:
        return
    one = rows[chosen]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{t('change_outcome')}：" if language() == "zh" else t("change_outcome"))
        for outcome in OUTCOMES:
            if st.button(
                t(outcome),
                key=f"again-{outcome}-{one['id']}",
                disabled=outcome == one["outcome"] or not may("supervisor"),
            ) and _act(client.close, one["id"], outcome):
                st.rerun()
        if st.button(t("replay_open"), key="closed-replay", icon=":material/play_circle:"):
            _replay(one)


def clock_of(moment: str | None) -> str:
    """A moment as the API gives it, for a table; empty for none."""
    return datetime.fromisoformat(moment).strftime("%m-%d %H:%M:%S") if moment else ""


def _precision() -> None:
    try:
        found = client.rules()
    except ApiError as error:
        show_error(error)
        return
    for one in found:
        if one["retune"]:
            name, share = rule_name(one), f"{one['precision']:.0%}"
            st.warning(t("retune", name=name, precision=share), icon=":material/tune:")
    table = {
        t("rule"): [rule_name(one) for one in found],
        t("on"): [one["enabled"] for one in found],
        t("open_count"): [one["open"] for one in found],
        **{t(name): [one["outcomes"].get(name, 0) for one in found] for name in OUTCOMES},
        t("precision"): [one["precision"] for one in found],
    }
    st.dataframe(
        pd.DataFrame(table).astype({t("precision"): "float64"}),
        hide_index=True,
        height="content",
        column_config={
            t("precision"): st.column_config.ProgressColumn(
                t("precision"), help=t("precision_help"), min_value=0, max_value=1, format="percent"
            )
        },
    )
    st.caption(t("precision_help"))


def rule_name(one: dict[str, Any]) -> str:
    """A rule's name in the session's language."""
    rule = one["rule"]
    return str((rule["name_en"] if language() == "en" else "") or rule["name"])
