"""What the pages of review ask the API."""

from __future__ import annotations

from typing import Any

from app.dashboard.client import _request


def verdicts(*, appealed: bool | None, limit: int) -> dict[str, Any]:
    """Standing verdicts, latest first: `data`, `count`."""
    given: dict[str, Any] = {"limit": limit}
    if appealed is not None:
        given["appealed"] = appealed
    return dict(_request("GET", "/reviews/verdicts", params=given).json())


def appeal(verdict: int, reason: str) -> None:
    """Appeals against a verdict."""
    _request("POST", f"/reviews/verdicts/{verdict}/appeal", json={"reason": reason})


def decide(appeal: int, *, dissatisfied: bool, comment: str) -> None:
    """Decides an appeal for good."""
    body = {"dissatisfied": dissatisfied, "comment": comment}
    _request("POST", f"/reviews/appeals/{appeal}/decision", json=body)


def draw(**wanted: Any) -> dict[str, Any]:
    """Draws conversations for review; how many it drew of how many."""
    given = {name: value for name, value in wanted.items() if value not in (None, "")}
    return dict(_request("POST", "/reviews/draws", json=given).json())


def measured() -> dict[str, Any]:
    """Accuracy on the random queue, agreement, what other models change."""
    return dict(_request("GET", "/reviews/accuracy").json())


def labels(by: str, form: str) -> bytes:
    """What people labelled, as `jsonl` or `csv`, in the name of the session `by`."""
    return _request("GET", "/reviews/labels", by=by, params={"format": form}).content


def tasks(queue: str, limit: int) -> dict[str, Any]:
    """Open tasks of a queue, most urgent first: `data`, `count`."""
    given = {"queue": queue, "done": False, "limit": limit}
    return dict(_request("GET", "/reviews/tasks", params=given).json())


def assign(task: int, assignee: str) -> None:
    """Gives a task to somebody, or with an empty name to whoever comes."""
    _request("PATCH", f"/reviews/tasks/{task}", json={"assignee": assignee})


def draws() -> list[dict[str, Any]]:
    """The latest draws, newest first."""
    return list(_request("GET", "/reviews/draws").json()["data"])
