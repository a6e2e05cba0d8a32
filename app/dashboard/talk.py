"""Service metrics of one conversation: who talked how much, how fast, across whom; how loud."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from app.dashboard.charts import loudness
from app.dashboard.texts import t
from app.dashboard.theme import clock, facts

ROLES = ("customer", "agent", "bot", "unknown")


def talk_card(conversation: dict[str, Any]) -> None:
    """Draws the metrics; nothing where no turn has a time."""
    talk = conversation["talk"]
    if not talk["roles"]:
        return
    with st.container(border=True):
        st.markdown(f"**{t('service_metrics')}**", help=t("service_metrics_help"))
        st.html(_table(talk["roles"]))
        st.html(
            facts(
                [
                    (t("silence"), clock(talk["silence_seconds"])),
                    (t("longest_silence"), seconds(talk["longest_silence"])),
                    (t("overlap"), seconds(talk["overlap_seconds"])),
                ]
            )
        )
        if len(talk["loudness"]) > 1:
            st.caption(t("loudness"), help=t("loudness_help"))
            st.plotly_chart(
                loudness(talk["loudness"]),
                key=f"loudness-{conversation['id']}",
                config={"displayModeBar": False},
                alt=t("loudness_alt"),
            )


def seconds(value: float) -> str:
    """Seconds as people say them, to a tenth."""
    return t("seconds_short", n=f"{value:.1f}")


def _table(roles: dict[str, dict[str, Any]]) -> str:
    """One column per role, as HTML."""
    shown = [(role, roles[role]) for role in ROLES if role in roles]
    rows = [
        (t("talk_time"), [f"{clock(one['seconds'])} ({one['share']:.0%})" for _, one in shown]),
        (t("monologue"), [seconds(one["longest_monologue"]) for _, one in shown]),
        (t("interruptions"), [str(one["interruptions"]) for _, one in shown]),
        (t("pace"), [_pace(one["syllables_per_minute"]) for _, one in shown]),
    ]
    head = "".join(f"<th>{escape(t('role_' + role))}</th>" for role, _ in shown)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, cells in rows
    )
    return f'<table class="em-table"><tr><th></th>{head}</tr>{body}</table>'


def _pace(value: float | None) -> str:
    return f"{value:.0f} {t('syllables_unit')}" if value is not None else "–"
