"""One conversation: its player, and beside it how it went, who talked, and who is who."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any

import streamlit as st

from app.dashboard import client
from app.dashboard.charts import quarters
from app.dashboard.places import conversation_number
from app.dashboard.player import player
from app.dashboard.roles import roles_card
from app.dashboard.tags import signs
from app.dashboard.talk import talk_card
from app.dashboard.texts import t
from app.dashboard.theme import clock, facts, level_badge
from app.dashboard.trends.reports import conversation_report

LOOK_SECONDS = 2.0
"""How often it is looked whether an open conversation went on."""


def page() -> None:
    """Draws the page."""
    link = st.query_params.to_dict()
    try:
        number = conversation_number(link) or st.session_state.get("conversation")
        if number is None:
            _nothing_chosen()
            return
        found = client.conversations(id=number)["data"]
        if not found:
            raise client.ApiError(404, "there is no such conversation.")
    except client.ApiError as error:
        client.show_error(error)
        return
    (listed,) = found
    st.session_state.conversation = number
    if "external_id" not in link:
        st.query_params["id"] = str(number)
    _heading(listed)
    if listed["state"] == "open":
        _follow(listed)
    main, side = st.columns([2.6, 1], gap="large")
    with main:
        player(listed, link)
    with side:
        _beside(number)


def _beside(number: int) -> None:
    """What takes longer to find than the player's frame."""
    try:
        conversation = client.conversation(number)
    except client.ApiError as error:
        client.show_error(error)
        return
    # Each in a place of its own: where one draws more than before, none below stands twice.
    with st.container():
        _summary(conversation)
    with st.container():
        conversation_report(number)
    with st.container():
        talk_card(conversation)
    with st.container():
        roles_card(conversation)


@st.fragment(run_every=LOOK_SECONDS)
def _follow(conversation: dict[str, Any]) -> None:
    """Looks whether an open conversation has gone on, has ended, or is gone; says it is live."""
    st.caption(t("goes_on"))
    try:
        now = client.conversations(id=conversation["id"])["data"]
    except client.ApiError:
        return  # It looks again; the page shows what it has.
    seen = ("turn_count", "state", "status")
    if not now or any(now[0][name] != conversation[name] for name in seen):
        st.rerun()


def _nothing_chosen() -> None:
    st.title(t("replay"))
    with st.container(border=True, horizontal_alignment="center"):
        st.subheader(t("no_conversation"))
        st.write(t("no_conversation_hint"))
        st.page_link(
            st.session_state.pages["conversations"],
            label=t("to_conversations"),
            icon=":material/forum:",
        )


def _heading(conversation: dict[str, Any]) -> None:
    badge = level_badge(conversation["level"], t(conversation["level"] or conversation["status"]))
    who = conversation["customer_display"] or conversation["external_id"]
    about = " · ".join(
        part for part in (t(conversation["channel"]), conversation["business_type"]) if part
    )
    st.html(
        f'<h1 style="font-size:1.7rem;margin:0;padding:0">{badge} {escape(who)} '
        f'<span class="em-quiet">{escape(about)}</span></h1>'
    )


def _summary(conversation: dict[str, Any]) -> None:
    trajectory = conversation["trajectory"]
    risk, state = st.columns(2)
    basis = {name: t(f"basis_{value}") for name, value in conversation["basis"].items()}
    risk.metric(
        f"{t('risk')} · {basis['risk']}", f"{conversation['risk']:.2f}", help=t("risk_help")
    )
    view = conversation["view_state"]
    state.metric(
        f"{t('state')} · {basis['view_state']}",
        t(f"state_{view}") if view else "–",
        help=t("basis_help"),
    )
    signs(conversation)
    st.caption(t("quarters"))
    st.plotly_chart(
        quarters(trajectory["sentiment"]),
        key=f"quarters-{conversation['id']}",
        config={"displayModeBar": False},
        alt=t("quarters_alt"),
    )
    shift = trajectory["shift"]
    started = conversation["started_at"]
    st.html(
        facts(
            [
                (t("shift"), f"{round(shift, 1) + 0.0:+.1f}" if shift is not None else ""),
                (t("started"), _moment(started) if started else ""),
                (t("duration"), clock(conversation["duration"])),
                (t("queue"), conversation["queue"]),
                (t("team"), conversation["team"]),
                (t("agent"), ", ".join(conversation["agent_ids"])),
                (t("external_id"), conversation["external_id"]),
                (t("source"), conversation["source"]),
                (t("notice"), conversation["notice"] or t("no_notice")),
            ]
        )
    )
    if conversation["notes"]:
        st.info("\n\n".join(conversation["notes"]), icon=":material/info:")


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
