"""Webhooks: who outside is told of alerts, a test, and what became of each message."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query

from app.alerts.messages import new_secret
from app.alerts.posting import check_url
from app.api.alert_schemas import Deliveries, DeliveryOut, WebhookIn, WebhookOut, Webhooks
from app.api.schemas import Problem
from app.api.services import LARGEST_ID, ScopeDep, Services, ServicesDep, StrictJsonRoute
from app.store.alert_tables import DeliveryRow, WebhookRow
from multimodal.errors import InvalidInputError

router = APIRouter(prefix="/webhooks", tags=["alerts"], route_class=StrictJsonRoute)

WebhookId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The webhook.")]
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "There are too many."}
}


@router.get("", response_model=Webhooks)
def list_webhooks(services: ServicesDep) -> dict[str, Any]:
    """All webhooks, without their secrets."""
    return {"data": [_shown(row, services) for row in services.store.webhooks.all()]}


@router.post("", status_code=201, response_model=WebhookOut, responses=_CONFLICT)
def add_webhook(body: WebhookIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Adds a webhook. The secret that is made for a generic one is shown in this answer alone."""
    if not body.url:
        raise InvalidInputError("the webhook has no address.", where="url")
    values = _values(body, services)
    made = ""
    if body.vendor == "generic" and not body.secret:
        made = values["secret"] = new_secret()
    return _shown(services.store.webhooks.add(values, scope), services) | {"secret": made}


@router.put("/{webhook_id}", response_model=WebhookOut)
def change_webhook(
    webhook_id: WebhookId, body: WebhookIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Changes a webhook; an empty address or secret keeps the one that there was."""
    values = _values(body, services)
    kept = {name: value for name, value in values.items() if value or name not in _KEPT}
    return _shown(services.store.webhooks.change(webhook_id, kept, scope), services)


@router.delete("/{webhook_id}", status_code=204)
def remove_webhook(webhook_id: WebhookId, services: ServicesDep, scope: ScopeDep) -> None:
    """Deletes a webhook with what is kept of its messages."""
    services.store.webhooks.remove(webhook_id, scope)


@router.post("/{webhook_id}/test", response_model=DeliveryOut)
def test_webhook(webhook_id: WebhookId, services: ServicesDep) -> dict[str, Any]:
    """Sends a test message now, and says how it went."""
    return _delivery(services.sender.test(webhook_id), services)


@router.get("/{webhook_id}/deliveries", response_model=Deliveries)
def deliveries(
    webhook_id: WebhookId,
    services: ServicesDep,
    scope: ScopeDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The latest messages to a webhook, newest first."""
    found = services.store.webhooks.log(webhook_id, scope, limit)
    return {"data": [_delivery(row, services) for row in found]}


_KEPT = ("url", "secret")


def _values(body: WebhookIn, services: Services) -> dict[str, Any]:
    if body.url:
        check_url(body.url, internal=services.settings.webhook_internal)
    return body.model_dump(mode="json")


def _shown(row: WebhookRow, services: Services) -> dict[str, Any]:
    parts = urlsplit(row.url)
    same = ("id", "name", "vendor", "least_severity", "teams", "with_words", "enabled", "author")
    return {
        **{name: getattr(row, name) for name in same},
        # The rest of a robot's address is its password.
        "url": f"{parts.scheme}://{parts.hostname}/…{row.url[-4:]}",
        "signed": bool(row.secret),
        "changed_at": row.changed_at.astimezone(services.settings.zone),
    }


def _delivery(row: DeliveryRow, services: Services) -> dict[str, Any]:
    zone = services.settings.zone
    same = ("id", "alert_id", "change", "state", "attempts", "status", "error", "seconds")
    return {
        **{name: getattr(row, name) for name in same},
        "made_at": row.made_at.astimezone(zone),
        "due_at": row.due_at.astimezone(zone),
    }
