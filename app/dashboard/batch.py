"""Many files at once: drop them, watch them being scored, take the results along."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.texts import language, t

CHANNELS = {
    "channels_none": {},
    "channels_agent_left": {"channels": "left=agent,right=customer"},
    "channels_customer_left": {"channels": "left=customer,right=agent"},
    "channels_customer": {"role": "customer"},
}
FORMATS = (("xlsx", "Excel"), ("csv", "CSV"), ("jsonl", "JSONL"), ("parquet", "Parquet"))


def page() -> None:
    """Draws the page."""
    st.title(t("batch"))
    files = st.file_uploader(t("drop"), accept_multiple_files=True, help=t("drop_help"))
    st.caption(t("drop_help"))
    with st.container(border=True):
        notice_column, channels_column = st.columns(2)
        notice = notice_column.text_input(t("notice_field"), help=t("notice_field_help"))
        channels = channels_column.selectbox(t("channels_field"), list(CHANNELS), format_func=t)
        keep = st.checkbox(t("keep_recordings"), value=True, help=t("keep_recordings_help"))
        st.caption(t("masking"))
    if not files:
        st.info(t("nothing_dropped"), icon=":material/lock:")
    elif st.button(t("score_files"), type="primary", icon=":material/play_arrow:"):
        kept = {} if keep else {"keep_recordings": "false"}
        fields = {"notice": notice, **CHANNELS[channels], **kept}
        st.session_state.batch = _score(files, {k: v for k, v in fields.items() if v})
    if st.session_state.get("batch"):
        _results(st.session_state.batch)


def _score(files: list[Any], fields: dict[str, str]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    bar = st.progress(0.0)
    done = 0
    for group in _groups([(file.name, file.getvalue()) for file in files]):
        name = group[0][0]
        text = t("scoring_file", name=name, done=done + 1, all=len(files))
        bar.progress(done / len(files), text=text)
        try:
            results += client.import_files(group, fields)
        except client.ApiError as error:
            problem = {"what": error.what or t("api_down"), "remedy": error.remedy}
            results.append({"file": name, "conversations": [], "error": problem})
        done += len(group)
    bar.empty()
    return results


def _groups(files: list[tuple[str, bytes]]) -> list[list[tuple[str, bytes]]]:
    """Files to be sent together: a transcript with the recordings that it names, others alone."""
    recordings = {
        name: [other for other in files if other[0] != name and other[0].encode() in content]
        for name, content in files
    }
    taken = {name for named in recordings.values() for name, _ in named}
    return [[file, *recordings[file[0]]] for file in files if file[0] not in taken]


def _results(results: list[dict[str, Any]]) -> None:
    st.subheader(t("results"))
    ids = list(dict.fromkeys(i for result in results for i in result["conversations"]))
    bad = sum(1 for result in results if result["error"])
    message = t("done", good=len(ids), bad=bad)
    (st.warning if bad else st.success)(message)
    st.dataframe(
        pd.DataFrame(
            {
                t("file"): [r["file"] for r in results],
                t("outcome"): [t("failed") if r["error"] else t("scored") for r in results],
                t("conversations"): [len(r["conversations"]) for r in results],
                t("remedy"): [
                    f"{r['error']['what']} {r['error']['remedy']}" if r["error"] else ""
                    for r in results
                ],
            }
        ),
        hide_index=True,
    )
    if not ids:
        return
    with st.container(horizontal=True):
        for form, label in FORMATS:
            st.download_button(
                label,
                # Fetched when it is clicked, not whenever the page is drawn.
                data=partial(client.results, form, language(), id=ids),
                file_name=f"emotion-monitor.{form}",
                icon=":material/download:",
                key=f"download-{form}",
            )
        st.page_link(st.session_state.pages["conversations"], icon=":material/forum:")
