"""The wall: what is open now, most urgent first, and who takes it over."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.schemas import Problem
from app.api.services import IdPath, ScopeDep, ServicesDep
from app.api.wall_schemas import Handling, WallOut
from app.links import filled
from app.settings import Settings
from app.store.alert_tables import AlertRow
from app.store.wall import OpenConversation

router = APIRouter(tags=["wall"])

MAX_ROWS = 500
_PERSONAL: dict[str, Any] = {
    "source": "",
    "external_id": "",
    "words": "",
    "turn": None,
    "start": None,
    "agent_id": "",
    "agent_name": "",
    "customer": "",
    "repeats": 0,
    "handled_by": "",
    "handled_at": None,
    "links": {},
}
"""What a big screen, which everybody in the room reads, does not show."""
_CLOSED: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "It is closed."}}


@router.get("/wall", response_model=WallOut)
def wall(
    services: ServicesDep,
    scope: ScopeDep,
    screen: Annotated[
        bool, Query(description="For a screen that everybody sees: it names nobody.")
    ] = False,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 200,
) -> dict[str, Any]:
    """Every open conversation, most urgent first.

    An unacknowledged critical alert comes before all; what somebody handles sinks; then the level
    decides, the time in it, and the risk.
    """
    found, count = services.store.wall.rows(scope, limit=limit)
    rows = [_row(one, services.settings) for one in found]
    if screen:
        rows = [_nameless(row) for row in rows]
    return {"data": rows, "count": count, "teams": sorted(scope.teams or ())}


@router.post(
    "/conversations/{conversation_id}/handling", response_model=Handling, responses=_CLOSED
)
def take(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Takes an open conversation over, whoever had it; again changes nothing."""
    services.store.wall.take(conversation_id, scope)
    return _handling(conversation_id, services, scope)


@router.delete(
    "/conversations/{conversation_id}/handling", response_model=Handling, responses=_CLOSED
)
def release(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Gives it back, so that it needs somebody again."""
    services.store.wall.release(conversation_id, scope)
    return _handling(conversation_id, services, scope)


def _handling(conversation_id: int, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    row = services.store.get(conversation_id, scope).row
    at = row.handled_at
    return {
        "handled_by": row.handled_by or "",
        "handled_at": None if at is None else at.astimezone(services.settings.zone),
    }


def _row(one: OpenConversation, settings: Settings) -> dict[str, Any]:
    row = one.row
    at = row.handled_at
    return {
        "id": row.id,
        "source": row.source,
        "external_id": row.external_id,
        "channel": row.channel,
        "level": row.level,
        "level_seconds": one.urgency.level_seconds,
        "view_state": row.view_state,
        "risk": row.risk,
        "alert": _alert(one.alert),
        "words": one.words,
        "turn": one.turn,
        "start": one.start,
        "basis": list(one.basis),
        "agent_id": one.agent_id,
        "agent_name": one.agent_name,
        "team": row.team,
        "queue": row.queue,
        "business_type": row.business_type,
        "customer": row.customer_display,
        "repeats": one.repeats,
        "duration": one.duration,
        "waiting": one.waiting,
        "silence": one.silence,
        "overlap": one.overlap,
        "trend": list(one.trend),
        "handled": one.urgency.handled,
        "handled_by": row.handled_by or "",
        "handled_at": None if at is None else at.astimezone(settings.zone),
        "links": _links(one, settings),
    }


def _alert(alert: AlertRow | None) -> dict[str, Any] | None:
    if alert is None:
        return None
    return {
        "id": alert.id,
        "severity": alert.severity,
        "rule": alert.rule_name,
        "rule_en": alert.rule_name_en or alert.rule_name,
        "acknowledged_by": alert.acknowledged_by,
    }


def _nameless(row: dict[str, Any]) -> dict[str, Any]:
    alert = row["alert"]
    if alert is not None and alert["acknowledged_by"]:
        alert = alert | {"acknowledged_by": "-"}
    return row | _PERSONAL | {"alert": alert}


def _links(one: OpenConversation, settings: Settings) -> dict[str, str]:
    templates = {
        "listen": settings.listen_url,
        "barge": settings.barge_url,
        "ticket": settings.ticket_url,
    }
    values = {
        "id": str(one.row.id),
        "source": one.row.source,
        "external_id": one.row.external_id,
        "agent_id": one.agent_id,
    }
    return {name: filled(template, values) for name, template in templates.items() if template}
