"""Many files at once: drop them, see what they are, watch them being scored, take the results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.columns import edit_columns
from app.dashboard.roles import SURE, percent
from app.dashboard.texts import language, t
from app.dashboard.theme import clock

CHANNELS = {
    "channels_none": {},
    "channels_agent_left": {"channels": "left=agent,right=customer"},
    "channels_customer_left": {"channels": "left=customer,right=agent"},
    "channels_customer": {"role": "customer"},
}
FORMATS = (("xlsx", "Excel"), ("csv", "CSV"), ("jsonl", "JSONL"), ("parquet", "Parquet"))
GROUP_FILES = 20
GROUP_BYTES = 32 << 20
"""Files are sent in groups of this size, so that the page can say how far it is."""
LISTED = 500
"""Files that the table lists."""
LOOK_SECONDS = 1.5
SHOWN_ERRORS = 3
ZONES = ("Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "UTC", "Europe/London")


def page() -> None:
    """Draws the page for the batch that the address names, or for a new one."""
    st.title(t("batch"))
    number = st.query_params.get("batch", "")
    try:
        batch = client.batch(int(number)) if number.isdigit() else None
        if batch is None or batch["state"] == "draft":
            _draft(batch)
        elif batch["state"] == "finished":
            _finished(batch)
        else:
            _under_way(batch)
        _recent(batch)
    except client.ApiError as error:
        if error.status == 404 and number:
            _leave()
        client.show_error(error)


def _draft(batch: dict[str, Any] | None) -> None:
    """Before the start: files come, and each is shown for what it is."""
    turn = st.session_state.setdefault("drops", 0)
    files = st.file_uploader(
        t("drop") if batch is None else t("drop_more"),
        accept_multiple_files=True,
        help=t("drop_help"),
        key=f"drop-{turn}",
    )
    if files:
        _send(batch, files)
    st.caption(t("drop_help"))
    if batch is None or not batch["files"]:
        st.info(t("nothing_dropped"), icon=":material/lock:")
        return
    listed = client.batch_files(batch["id"])
    counts = batch["counts"]
    good, bad = counts.get("todo", 0), counts.get("failed", 0)
    st.markdown(
        t(
            "files_found",
            files=batch["files"],
            good=good,
            bad=bad,
            other=batch["files"] - good - bad,
        )
    )
    options = _options(batch["id"], listed)
    with st.container(horizontal=True):
        if st.button(
            t("score_files"), type="primary", icon=":material/play_arrow:", disabled=not good
        ):
            client.start(batch["id"], options)
            st.rerun()
        if st.button(t("discard"), icon=":material/delete:", type="tertiary"):
            client.discard(batch["id"])
            _leave()
    if not good:
        st.warning(t("nothing_to_score"))
    _errors(listed)
    picked = _table(listed, pick=True)
    if picked is not None:
        _look_into(batch["id"], picked, options)


def _send(batch: dict[str, Any] | None, files: list[Any]) -> None:
    """Sends what was dropped, and empties the box for more."""
    number = client.new_batch()["id"] if batch is None else batch["id"]
    bar = st.progress(0.0)
    done = 0
    # The shorter name first: of two copies the original is kept, by which others may go.
    for group in _groups(sorted(files, key=lambda file: (len(file.name), file.name))):
        bar.progress(done / len(files), t("reading_files", done=done, all=len(files)))
        client.add_files(number, [(file.name, file.getvalue()) for file in group])
        done += len(group)
    st.session_state.drops += 1
    st.query_params["batch"] = str(number)
    st.rerun()


def _groups(files: list[Any]) -> Iterator[list[Any]]:
    group: list[Any] = []
    for file in files:
        if group and (
            len(group) == GROUP_FILES or sum(one.size for one in group) + file.size > GROUP_BYTES
        ):
            yield group
            group = []
        group.append(file)
    yield group


def _options(batch: int, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """How the files are read, as chosen on the page."""
    kept = client.sources()
    with st.expander(t("how_read"), icon=":material/tune:", expanded=False):
        notice_column, channels_column = st.columns(2)
        notice = notice_column.text_input(
            t("notice_field"), help=t("notice_field_help"), key=f"notice-{batch}"
        )
        channels = channels_column.selectbox(
            t("channels_field"), list(CHANNELS), format_func=t, key=f"channels-{batch}"
        )
        source_column, zone_column, template_column = st.columns(3)
        source = source_column.selectbox(
            t("source_field"),
            sorted(kept),
            index=None,
            accept_new_options=True,
            placeholder=t("source_pick"),
            help=t("source_field_help"),
            key=f"source-{batch}",
        )
        profile = kept.get(source or "", {"timezone": "", "template": "", "columns": {}})
        zones = list(dict.fromkeys([profile["timezone"] or ZONES[0], *ZONES]))
        zone = zone_column.selectbox(t("zone_field"), zones, key=f"zone-{batch}-{source}")
        template = template_column.text_input(
            t("template_field"),
            value=profile["template"],
            placeholder="{date}_{agent}_{caller}_{call_id}.wav",
            key=f"template-{batch}-{source}",
        )
        options: dict[str, Any] = {
            "notice": notice,
            "source": (source or "").strip(),
            "timezone": zone,
            "template": template.strip(),
            **CHANNELS[channels],
            "swap_roles": st.session_state.get(f"swap-{batch}", False),
        }
        keep = st.checkbox(
            t("keep_recordings"),
            value=True,
            help=t("keep_recordings_help"),
            key=f"keep-{batch}",
        )
        st.caption(t("masking"))
    if options["swap_roles"]:
        st.info(t("roles_swapped_batch"), icon=":material/swap_horiz:")
    tables = [file for file in listed if file["kind"] == "manifest"]
    for file in tables[:1]:
        options["columns"] = edit_columns(batch, file, options)
    chosen = {name: value for name, value in options.items() if value}
    return chosen if keep else chosen | {"keep_recordings": False}


def _look_into(batch: int, file: dict[str, Any], options: dict[str, Any]) -> None:
    """The first turns of a file, with the roles that they will have."""
    if file["kind"] != "transcript":
        return
    seen = client.preview(batch, file["number"], options)
    with st.container(border=True):
        st.markdown(f"**{_plain(file['name'])}**")
        if seen["swapped"] >= SURE:
            text = t("roles_seem_swapped", percent=percent(seen["swapped"]))
            st.warning(text, icon=":material/swap_horiz:")
        for turn in seen["turns"]:
            role, words = st.columns([1, 6])
            name = t(f"role_{turn['role']}")
            role.caption(t("role_by_phrases", role=name) if turn["inferred"] else name)
            words.text(turn["text"])
        if st.button(t("roles_swap_batch"), icon=":material/swap_horiz:"):
            st.session_state[f"swap-{batch}"] = not options.get("swap_roles")
            st.rerun()


def _under_way(batch: dict[str, Any]) -> None:
    running = batch["state"] == "running"
    buttons = st.container(horizontal=True)
    st.fragment(partial(_progress, batch["id"]), run_every=LOOK_SECONDS if running else None)()
    with buttons:
        if running and st.button(t("pause"), icon=":material/pause:"):
            client.pause(batch["id"])
            st.rerun()
        if not running:
            if st.button(t("resume"), type="primary", icon=":material/play_arrow:"):
                client.resume(batch["id"])
                st.rerun()
            if st.button(t("discard"), icon=":material/delete:", type="tertiary"):
                client.discard(batch["id"])
                _leave()
    if not running:
        st.info(t("paused_help"), icon=":material/pause_circle:")
        _table(client.batch_files(batch["id"]))


def _progress(number: int) -> None:
    """How far the batch is; looks again every second, and draws the page anew at the end."""
    try:
        batch = client.batch(number)
    except client.ApiError as error:
        client.show_error(error)
        return
    counts = batch["counts"]
    left = counts.get("todo", 0) + counts.get("claimed", 0)
    done = batch["files"] - left
    values = {"done": done, "all": batch["files"]}
    if batch["state"] == "running":
        text = t("running", **values)
        if batch["seconds_left"] is not None:
            text += t("time_left", time=_duration(batch["seconds_left"]))
    else:
        text = t("paused_at", **values)
    st.progress(done / max(1, batch["files"]), text)
    if batch["state"] == "finished":
        st.rerun()
    if batch["state"] == "running":
        _table(client.batch_files(number))


def _finished(batch: dict[str, Any]) -> None:
    came = batch["conversations"]
    bad = batch["counts"].get("failed", 0)
    message = t("done", good=sum(came.values()), bad=bad)
    if came.get("unchanged"):
        message += " " + t("done_again", count=came["unchanged"])
    (st.warning if bad else st.success)(message)
    with st.container(horizontal=True, vertical_alignment="center"):
        if came:
            for index, (form, label) in enumerate(FORMATS):
                st.download_button(
                    label,
                    # Fetched when it is clicked, not whenever the page is drawn.
                    data=partial(
                        client.results, client.token(), form, language(), batch=batch["id"]
                    ),
                    file_name=f"emotion-monitor-{batch['id']}.{form}",
                    icon=":material/download:",
                    type="secondary" if index else "primary",
                    key=f"download-{form}",
                )
            st.page_link(st.session_state.pages["conversations"], icon=":material/forum:")
        if st.button(t("new_batch"), icon=":material/add:"):
            _leave()
    only_failed = bool(bad) and st.toggle(t("only_failed"), value=batch["files"] > LISTED)
    listed = client.batch_files(batch["id"], "failed" if only_failed else None)
    _errors(listed)
    _table(listed)


def _table(files: list[dict[str, Any]], *, pick: bool = False) -> dict[str, Any] | None:
    """The files, those with errors first; gives the one that was clicked."""
    files = sorted(files, key=lambda file: (file["state"] != "failed", file["name"]))
    rows = pd.DataFrame(
        {
            t("file"): [file["name"] for file in files],
            t("what_it_is"): [_kind(file) for file in files],
            t("content"): [_content(file) for file in files],
            t("status"): [t(f"state_{file['state']}") for file in files],
            t("remark"): [_remark(file) for file in files],
        }
    )
    widths = {
        t("file"): st.column_config.TextColumn(width="medium"),
        t("what_it_is"): st.column_config.TextColumn(width="medium"),
        t("remark"): st.column_config.TextColumn(width="large"),
    }
    height: Any = "content" if len(files) <= 14 else 520
    if len(files) == LISTED:
        st.caption(t("first_rows", count=LISTED))
    if not pick:
        st.dataframe(rows, hide_index=True, column_config=widths, height=height)
        return None
    st.caption(t("pick_file"))
    picked = st.dataframe(
        rows,
        hide_index=True,
        column_config=widths,
        height=height,
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        key="files",
    )
    chosen = [*picked.selection.rows, *(row for row, _ in picked.selection.cells)]
    return files[chosen[0]] if chosen and chosen[0] < len(files) else None


def _errors(files: list[dict[str, Any]]) -> None:
    """What is wrong with the first files that have errors, in full."""
    wrong = [file for file in files if file["error"]]
    for file in wrong[:SHOWN_ERRORS]:
        remark = _remark(file)
        named = remark if file["name"] in remark else f"{file['name']}: {remark}"
        st.error(_plain(named), icon=":material/error:")
    if len(wrong) > SHOWN_ERRORS:
        st.caption(t("more_failed", count=len(wrong) - SHOWN_ERRORS))


def _kind(file: dict[str, Any]) -> str:
    if file["state"] == "duplicate":
        return t("kind_duplicate")
    if file["kind"] == "transcript":
        return re.split("，|, ", file[f"format_{language()}"])[0]
    return t("kind_video" if file["detail"].get("video") else f"kind_{file['kind']}")


def _content(file: dict[str, Any]) -> str:
    detail = file["detail"]
    if file["kind"] == "transcript" and detail["conversations"]:
        more = "+" if detail["more"] else ""
        counts = {name: f"{detail[name]:,}{more}" for name in ("conversations", "turns")}
        return t("content_transcript", **counts)
    if file["kind"] == "recording":
        return t("content_recording", clock=clock(detail["seconds"]), channels=detail["channels"])
    return t("content_manifest", rows=f"{detail['rows']:,}") if "rows" in detail else ""


def _remark(file: dict[str, Any]) -> str:
    if file["error"]:
        place = f"{file['error']['where']}: " if file["error"]["where"] else ""
        return f"{place}{file['error']['what']} {file['error']['remedy']}".strip()
    if file["state"] == "duplicate":
        return t("copy_of", name=file["detail"]["copy_of"])
    if file["state"] == "joined":
        return t("joined_recording" if file["kind"] == "recording" else "joined_manifest")
    if file["unchanged"]:
        return t("already_there")
    return ""


def _recent(current: dict[str, Any] | None) -> None:
    """The latest batches, to go back to one that is under way or done."""
    others = [one for one in client.batches() if current is None or one["id"] != current["id"]]
    others = [one for one in others if one["files"]]
    if not others:
        return
    with st.expander(t("recent"), icon=":material/history:"):
        for one in others[:10]:
            made = datetime.fromisoformat(one["made_at"]).strftime("%Y-%m-%d %H:%M")
            state = t(f"batch_state_{one['state']}")
            label = t("batch_line", made=made, files=one["files"], state=state)
            if st.button(label, key=f"open-{one['id']}", type="tertiary"):
                st.query_params["batch"] = str(one["id"])
                st.rerun()


def _leave() -> None:
    st.query_params.pop("batch", None)
    st.session_state.drops = st.session_state.get("drops", 0) + 1
    st.rerun()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return t("seconds_short", n=max(1, round(seconds)))
    if seconds < 5400:
        return t("minutes_short", n=round(seconds / 60))
    return t("hours_short", n=f"{seconds / 3600:.1f}")


def _plain(text: str) -> str:
    """A file's name as text: what Markdown would read in it stays as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|~$:" else sign for sign in text)
