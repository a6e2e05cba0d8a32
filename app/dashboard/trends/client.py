"""What the page of trends asks the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.dashboard.client import _request


def trends(by: str, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Groups of conversations (`data`), all together (`all`), and the four `quarters`."""
    return dict(_request("GET", "/trends", params={"by": by, **filters}).json())


def hours(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The hours of the week (`data`), and how many calls a cell needs (`least`)."""
    return dict(_request("GET", "/trends/hours", params=dict(filters)).json())


def words(filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Words that come with dissatisfaction, surest first."""
    return list(_request("GET", "/trends/words", params=dict(filters)).json()["data"])


def queue_report(by: str, form: str, lang: str, filters: Mapping[str, Any]) -> bytes:
    """The report of what the filters leave, in the name of the session `by`."""
    wanted = {"format": form, "lang": lang, **filters}
    return _request("GET", "/reports/queue", by=by, params=wanted).content


def conversation_report(by: str, form: str, lang: str, number: int) -> bytes:
    """The report of a conversation, in the name of the session `by`."""
    wanted = {"format": form, "lang": lang}
    return _request("GET", f"/conversations/{number}/report", by=by, params=wanted).content
