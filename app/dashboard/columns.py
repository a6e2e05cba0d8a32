"""What the columns of a table of calls hold: guessed, shown on five rows, changed, kept."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app.dashboard import client
from app.dashboard.texts import language, t

SHOWN = ("call_id", "file_name", "started_at", "agent_id", "queue", "team", "customer", "direction")


def edit_columns(batch: int, file: dict[str, Any], options: dict[str, Any]) -> dict[str, str]:
    """Shows how a table of calls is understood and lets a person change it.

    Args:
        batch: The batch.
        file: The table among its files.
        options: What was chosen for the batch so far.

    Returns:
        Field by header, as it stands now.
    """
    key = f"columns-{batch}-{file['number']}-{options['source']}"
    guessed = client.preview(batch, file["number"], options)["manifest"]
    if guessed is None:
        return {}
    names = {"": t("kept_column")} | {
        name: one[language()] for name, one in guessed["fields"].items()
    }
    by_label = {label: name for name, label in names.items()}
    with st.expander(
        t("columns_title", name=file["name"]), icon=":material/table_chart:", expanded=True
    ):
        st.caption(t("columns_help"))
        left, right = st.columns(2)
        with left:
            edited = st.data_editor(
                _cells(guessed, names),
                key=key,
                hide_index=True,
                disabled=[name for name in _cells(guessed, names).columns if name != t("holds")],
                column_config={
                    t("holds"): st.column_config.SelectboxColumn(
                        options=list(names.values()), required=True, width="medium"
                    )
                },
                height="content" if len(guessed["headers"]) <= 12 else 440,
            )
        columns = {
            header: name
            for header, label in zip(guessed["headers"], edited[t("holds")], strict=True)
            if (name := by_label[label])
        }
        with right:
            _understood(batch, file, options | {"columns": columns})
            _keep(columns, options)
    return columns


def _cells(guessed: dict[str, Any], names: dict[str, str]) -> pd.DataFrame:
    rows = guessed["cells"]
    holds = [names[guessed["columns"].get(header, "")] for header in guessed["headers"]]
    table = {t("column"): guessed["headers"], t("holds"): holds}
    for number, cells in enumerate(rows, start=1):
        table[f"{number}"] = [
            cells[index] if index < len(cells) else "" for index in range(len(holds))
        ]
    return pd.DataFrame(table)


def _understood(batch: int, file: dict[str, Any], options: dict[str, Any]) -> None:
    st.markdown(t("understood"))
    try:
        shown = client.preview(batch, file["number"], options)["manifest"]
    except client.ApiError as error:
        client.show_error(error)
        return
    fields = shown["fields"]
    records = shown["records"]
    good = [record for record in records if not record["error"]]
    table = {
        fields[name][language()]: [_shortened(record[name], name) for record in good]
        for name in SHOWN
        if any(record[name] not in ("", None, "unknown") for record in good)
    }
    st.dataframe(pd.DataFrame(table), hide_index=True)
    for record in records:
        if record["error"]:
            problem = record["error"]
            st.warning(f"{problem['where']}: {problem['what']} {problem['remedy']}")


def _shortened(value: str | None, name: str) -> str:
    if name == "direction":
        return {"inbound": t("inbound"), "outbound": t("outbound")}.get(value or "", "")
    return (value or "").replace("T", " ")[:19] if name == "started_at" else value or ""


def _keep(columns: dict[str, str], options: dict[str, Any]) -> None:
    if not options["source"]:
        st.caption(t("name_source"))
        return
    if st.button(t("save_source", name=options["source"]), icon=":material/save:"):
        profile = {name: options[name] for name in ("timezone", "template") if options[name]}
        client.keep_source(options["source"], profile | {"columns": columns})
        st.toast(t("source_kept"), icon=":material/check:")
