"""What the pages of alerts and rules ask the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.dashboard.client import _request


def alerts(state: str, limit: int, offset: int = 0) -> dict[str, Any]:
    """A page of `open` or `closed` alerts: `data`, `count`, `budget`."""
    given = {"state": state, "limit": limit, "offset": offset}
    return dict(_request("GET", "/alerts", params=given).json())


def acknowledge(alert: int) -> None:
    """Says that somebody has seen an alert."""
    _request("POST", f"/alerts/{alert}/acknowledge")


def close(alert: int, outcome: str) -> None:
    """Closes an alert with what became of it, or changes that."""
    _request("POST", f"/alerts/{alert}/close", json={"outcome": outcome})


def rules() -> list[dict[str, Any]]:
    """All rules, and how each has done."""
    return list(_request("GET", "/rules").json()["data"])


def save_rule(number: int | None, rule: Mapping[str, Any], *, enabled: bool) -> None:
    """Adds a rule, or changes the one of that number."""
    body = {"rule": dict(rule), "enabled": enabled}
    if number is None:
        _request("POST", "/rules", json=body)
    else:
        _request("PUT", f"/rules/{number}", json=body)


def delete_rule(number: int) -> None:
    """Deletes a rule that a person made."""
    _request("DELETE", f"/rules/{number}")


def try_rule(rule: Mapping[str, Any], last: int) -> dict[str, Any]:
    """What a rule would have done in the latest conversations."""
    return dict(_request("POST", "/rules/try", json={"rule": dict(rule), "last": last}).json())


def webhooks() -> list[dict[str, Any]]:
    """All webhooks, without their secrets."""
    return list(_request("GET", "/webhooks").json()["data"])


def save_webhook(number: int | None, webhook: Mapping[str, Any]) -> dict[str, Any]:
    """Adds a webhook, or changes the one of that number."""
    if number is None:
        return dict(_request("POST", "/webhooks", json=dict(webhook)).json())
    return dict(_request("PUT", f"/webhooks/{number}", json=dict(webhook)).json())


def delete_webhook(number: int) -> None:
    """Deletes a webhook."""
    _request("DELETE", f"/webhooks/{number}")


def test_webhook(number: int) -> dict[str, Any]:
    """Sends a test message, and says how it went."""
    return dict(_request("POST", f"/webhooks/{number}/test").json())


def deliveries(number: int) -> list[dict[str, Any]]:
    """The latest messages to a webhook, newest first."""
    return list(_request("GET", f"/webhooks/{number}/deliveries").json()["data"])
