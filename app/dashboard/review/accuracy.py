"""Measured accuracy, agreement of reviewers, and what other models change."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard.client import ApiError, show_error, token
from app.dashboard.review import client
from app.dashboard.review.texts import t


def section() -> None:
    """Draws the tables."""
    try:
        found = client.measured()
    except ApiError as error:
        show_error(error)
        return
    st.caption(t("accuracy_intro"))
    if not found["turns"] and not found["conversations"]:
        with st.container(border=True, horizontal_alignment="center"):
            st.subheader(t("nothing_measured"))
            st.write(t("nothing_measured_hint"))
    for what in ("turns", "conversations"):
        if found[what]:
            st.subheader(t(f"accuracy_{what}"))
            _table(found[what])
            _agreement(found[f"agreement_{what}"])
    st.subheader(t("changes"))
    st.caption(t("changes_help"))
    if found["changes"]:
        _changes(found["changes"])
    else:
        st.write(t("no_changes"))
    st.subheader(t("labels"))
    st.caption(t("labels_help"))
    with st.container(horizontal=True):
        for form in ("jsonl", "csv"):
            st.download_button(
                form.upper(),
                partial(client.labels, token(), form),
                file_name=f"labels-{date.today():%Y%m%d}.{form}",
                icon=":material/download:",
                key=f"labels-{form}",
            )


def _table(rows: list[dict[str, Any]]) -> None:
    names = [one["name"] or t("all" if one["by"] == "all" else "no_queue") for one in rows]
    st.dataframe(
        pd.DataFrame(
            {
                t("group"): [t(f"by_{one['by']}") for one in rows],
                t("which"): names,
                t("accuracy"): [one["accuracy"] for one in rows],
                t("interval"): [interval(one["low"], one["high"]) for one in rows],
                t("answers"): [one["n"] for one in rows],
                t("calls"): [one["conversations"] for one in rows],
            }
        ),
        hide_index=True,
        height="content",
        column_config={
            t("accuracy"): st.column_config.ProgressColumn(
                t("accuracy"), min_value=0, max_value=1, format="percent"
            )
        },
    )


def interval(low: float, high: float) -> str:
    """An interval of a share, in whole per cent."""
    return f"{low:.0%} – {high:.0%}"


def _agreement(found: dict[str, Any]) -> None:
    if not found["n"]:
        return
    kappa = "–" if found["kappa"] is None else f"{found['kappa']:.2f}"
    st.caption(t("agreement", n=found["n"], share=f"{found['share']:.0%}", kappa=kappa))


def _changes(rows: list[dict[str, Any]]) -> None:
    st.dataframe(
        pd.DataFrame(
            {
                t("before"): [one["before"] for one in rows],
                t("after"): [one["after"] for one in rows],
                t("answers"): [one["n"] for one in rows],
                t("changed"): [one["changed"] for one in rows],
                t("mended"): [one["mended"] for one in rows],
                t("broken"): [one["broken"] for one in rows],
                t("reading"): [t("noise" if one["noise"] else "no_noise") for one in rows],
            }
        ),
        hide_index=True,
        height="content",
    )
