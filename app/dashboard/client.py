"""The pages' only way to anything: the HTTP API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import streamlit as st

from app.dashboard.texts import t

SECONDS = 600.0
"""How long one request may take: a long recording is scored within it."""


class ApiError(Exception):
    """What the API refused, in its own words.

    Attributes:
        status: HTTP status, 0 where the API did not answer at all.
        what: What was wrong.
        remedy: What to do, empty where nothing can be done.
    """

    def __init__(self, status: int, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.remedy = remedy


@st.cache_resource
def _client() -> httpx.Client:
    base = os.environ.get("EMOTION_MONITOR_API_URL", "http://127.0.0.1:8600")
    return httpx.Client(base_url=f"{base}/api/v1", timeout=SECONDS)


def _request(method: str, path: str, **arguments: Any) -> httpx.Response:
    try:
        response = _client().request(method, path, **arguments)
    except httpx.HTTPError as error:
        raise ApiError(0, f"{type(error).__name__}: {error}") from error
    if response.is_success:
        return response
    try:
        problem = response.json()["error"]
        where = f"{problem['where']}: " if problem.get("where") else ""
        raise ApiError(response.status_code, where + problem["what"], problem.get("remedy", ""))
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError(response.status_code, response.text[:200]) from error


def conversations(**filters: Any) -> dict[str, Any]:
    """A page of the list: `data` and `count`; filters as the API names them, None left out."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    return dict(_request("GET", "/conversations", params=given).json())


def conversation(number: int) -> dict[str, Any]:
    """Everything about one conversation."""
    return dict(_request("GET", f"/conversations/{number}").json())


@st.cache_data(max_entries=4, show_spinner=False)
def recording(number: int, index: int) -> bytes:
    """A recording of a conversation, whole; a browser then gets it from the dashboard's origin."""
    return _request("GET", f"/conversations/{number}/media/{index}").content


def new_batch() -> dict[str, Any]:
    """An empty batch."""
    return dict(_request("POST", "/batches").json())


def add_files(batch: int, files: list[tuple[str, bytes]]) -> None:
    """Adds files to a batch, to be looked at and not yet scored."""
    parts = [("files", (name, content)) for name, content in files]
    _request("POST", f"/batches/{batch}/files", files=parts)


def batch(number: int) -> dict[str, Any]:
    """How far a batch is."""
    return dict(_request("GET", f"/batches/{number}").json())


def batches() -> list[dict[str, Any]]:
    """The latest batches, newest first."""
    return list(_request("GET", "/batches").json()["data"])


def batch_files(number: int, state: str | None = None) -> list[dict[str, Any]]:
    """The first files of a batch, or the first in a state."""
    given = {} if state is None else {"state": state}
    return list(_request("GET", f"/batches/{number}/files", params=given).json()["data"])


def preview(batch: int, file: int, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is in a file of a batch."""
    answer = _request("POST", f"/batches/{batch}/files/{file}/preview", json=dict(options))
    return dict(answer.json())


def start(batch: int, options: Mapping[str, Any]) -> None:
    """Starts a batch."""
    _request("POST", f"/batches/{batch}/start", json=dict(options))


def pause(batch: int) -> None:
    """Stops a batch after the files that are being scored."""
    _request("POST", f"/batches/{batch}/pause")


def resume(batch: int) -> None:
    """Goes on with a paused batch."""
    _request("POST", f"/batches/{batch}/resume")


def discard(batch: int) -> None:
    """Deletes a batch that does not run; what came of it stays."""
    _request("DELETE", f"/batches/{batch}")


def sources() -> dict[str, dict[str, Any]]:
    """What is kept about sources, by name."""
    return {one["name"]: one for one in _request("GET", "/sources").json()["data"]}


def keep_source(name: str, profile: Mapping[str, Any]) -> None:
    """Keeps how the files of a source are read."""
    _request("PUT", f"/sources/{quote(name, safe='')}", json=dict(profile))


def results(form: str, lang: str, **filters: Any) -> bytes:
    """Scored conversations as `xlsx`, `csv`, `jsonl` or `parquet`; filters as for the list.

    A download button calls it outside the page's run, where the page's language is not known.
    """
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    wanted = {"format": form, "lang": lang, **given}
    return _request("GET", "/results", params=wanted).content


def correct(number: int, turn: int, label: str) -> None:
    """Keeps what a person says about a turn, beside what the models said."""
    _request("POST", f"/conversations/{number}/turns/{turn}/corrections", json={"label": label})


def undo_correction(number: int, turn: int, correction: int) -> None:
    """Takes a correction back."""
    _request("DELETE", f"/conversations/{number}/turns/{turn}/corrections/{correction}")


def roles(number: int) -> dict[str, Any]:
    """Who is who by their phrases: `parties`, and the probability that the roles are `swapped`."""
    return dict(_request("GET", f"/conversations/{number}/roles").json())


def swap_roles(number: int) -> None:
    """Exchanges customer and agent, and scores again."""
    _request("POST", f"/conversations/{number}/roles/swap")


def confirm_roles(number: int) -> None:
    """Takes inferred roles as a person's word, and scores again."""
    _request("POST", f"/conversations/{number}/roles/confirm")


def swap_source(source: str) -> dict[str, Any]:
    """Exchanges customer and agent in every conversation of a source: `queued`, `skipped`."""
    return dict(_request("POST", "/sources/roles/swap", json={"source": source}).json())


def models() -> list[dict[str, Any]]:
    """The models in use."""
    return list(_request("GET", "/models").json()["data"])


def show_error(error: ApiError) -> None:
    """Says on the page what went wrong and what to do about it."""
    if error.status == 0:
        st.error(f"**{t('api_down')}** — {t('api_down_hint')}", icon=":material/cloud_off:")
        if st.button(t("retry"), icon=":material/refresh:"):
            st.rerun()
    elif error.status == 404:
        st.warning(t("gone"))
    else:
        st.error(f"{error.what} {error.remedy}".strip())
