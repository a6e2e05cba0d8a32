"""The pages' only way to anything: the HTTP API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx
import streamlit as st

from app.accounts import SESSION_COOKIE
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


def token() -> str:
    """The token of the session of whoever looks at the page; empty where nobody is signed in."""
    return st.context.cookies.get(SESSION_COOKIE, "")


def _request(method: str, path: str, *, by: str = "", **arguments: Any) -> httpx.Response:
    """Asks the API in the name of whoever looks at the page, or of the session `by`."""
    by = by or token()
    headers = {"Authorization": f"Bearer {by}"} if by else {}
    try:
        response = _client().request(method, path, headers=headers, **arguments)
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
    """Everything about one conversation but its turns, for which the player asks itself."""
    return dict(_request("GET", f"/conversations/{number}", params={"turns": False}).json())


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


def results(by: str, form: str, lang: str, **filters: Any) -> bytes:
    """Scored conversations as `xlsx`, `csv`, `jsonl` or `parquet`; filters as for the list.

    A download button calls it outside the page's run, where neither the session `by` nor the page's
    language is known.
    """
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    wanted = {"format": form, "lang": lang, **given}
    return _request("GET", "/results", by=by, params=wanted).content


def searches() -> list[dict[str, Any]]:
    """One's own kept searches: `name`, `query`."""
    return list(_request("GET", "/searches").json()["data"])


def keep_search(name: str, query: Mapping[str, str]) -> None:
    """Keeps a search for oneself, in place of the one of that name."""
    _request("PUT", f"/searches/{quote(name, safe='')}", json={"query": dict(query)})


def forget_search(name: str) -> None:
    """Deletes one of one's own kept searches."""
    _request("DELETE", f"/searches/{quote(name, safe='')}")


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


def session() -> dict[str, Any]:
    """Who is signed in: `name`, `display`, `role`, `teams`, `queues`."""
    return dict(_request("GET", "/session").json())


def sign_out() -> None:
    """Ends the session."""
    _request("DELETE", "/session")


def change_password(old: str, new: str) -> None:
    """Changes one's own password."""
    _request("PUT", "/session/password", json={"old": old, "new": new})


def users() -> list[dict[str, Any]]:
    """Everybody who may sign in or might once."""
    return list(_request("GET", "/users").json()["data"])


def add_user(**user: Any) -> str:
    """Adds a person; their password."""
    return str(_request("POST", "/users", json=user).json()["password"])


def change_user(name: str, **changes: Any) -> None:
    """Changes what a person is called or may do."""
    _request("PATCH", f"/users/{quote(name, safe='')}", json=changes)


def reset_password(name: str) -> str:
    """Gives a person a new password, which is answered."""
    return str(_request("POST", f"/users/{quote(name, safe='')}/password").json()["password"])


def keys() -> list[dict[str, Any]]:
    """Every key of a program."""
    return list(_request("GET", "/keys").json()["data"])


def add_key(**key: Any) -> str:
    """Makes a key for a program, which is answered."""
    return str(_request("POST", "/keys", json=key).json()["key"])


def revoke_key(name: str) -> None:
    """Makes a key worthless."""
    _request("DELETE", f"/keys/{quote(name, safe='')}")


def groups() -> dict[str, list[str]]:
    """Teams and queues that conversations name: `teams`, `queues`."""
    return dict(_request("GET", "/groups").json())


def audit(**wanted: Any) -> list[dict[str, Any]]:
    """The latest entries of the audit; `who`, `action`, `limit`, None left out."""
    given = {name: value for name, value in wanted.items() if value}
    return list(_request("GET", "/audit", params=given).json()["data"])


def show_error(error: ApiError) -> None:
    """Says on the page what went wrong and what to do about it."""
    if error.status == 401:
        st.rerun()  # The frame finds nobody signed in, and leads to the page for that.
    if error.status == 0:
        st.error(f"**{t('api_down')}** — {t('api_down_hint')}", icon=":material/cloud_off:")
        if st.button(t("retry"), icon=":material/refresh:"):
            st.rerun()
    elif error.status == 403:
        st.warning(t("not_allowed"), icon=":material/lock:")
    elif error.status == 404:
        st.warning(t("gone"))
    else:
        st.error(f"{error.what} {error.remedy}".strip())
