"""Rules, their try-out, and the alerts that people deal with."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from app.alerts.rules import Rule
from app.alerts.tryout import try_out
from app.api.alert_schemas import (
    AlertOut,
    Alerts,
    CloseIn,
    RuleIn,
    RuleOut,
    Rules,
    TryIn,
    TryOut,
)
from app.api.schemas import Problem
from app.api.services import LARGEST_ID, ScopeDep, Services, ServicesDep, StrictJsonRoute
from app.store.alert_tables import RuleRow
from app.store.alerts import ListedAlert
from app.store.rules import Judgement

router = APIRouter(tags=["alerts"], route_class=StrictJsonRoute)

RuleId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The rule.")]
AlertId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The alert.")]
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "The product's own rule, or too many rules."}
}
_NEW = Judgement({}, 0)


@router.get("/rules", response_model=Rules)
def list_rules(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """All rules, and how each has done since it was last changed."""
    judged = services.store.rules.judgements(scope)
    rows = services.store.rules.all()
    return {"data": [_rule(row, judged.get(row.id, _NEW), services) for row in rows]}


@router.post("/rules", status_code=201, response_model=RuleOut, responses=_CONFLICT)
def add_rule(body: RuleIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Adds a rule."""
    row = services.store.rules.add(_definition(body.rule), scope, enabled=body.enabled)
    return _rule(row, _NEW, services)


@router.put("/rules/{rule_id}", response_model=RuleOut)
def change_rule(
    rule_id: RuleId, body: RuleIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Changes a rule, or switches it on or off. A changed rule is judged from now on."""
    rules = services.store.rules
    row = rules.change(rule_id, _definition(body.rule), scope, enabled=body.enabled)
    return _rule(row, rules.judgements(scope).get(rule_id, _NEW), services)


@router.delete("/rules/{rule_id}", status_code=204, responses=_CONFLICT)
def remove_rule(rule_id: RuleId, services: ServicesDep, scope: ScopeDep) -> None:
    """Deletes a rule that a person made; its alerts stay, under its name."""
    services.store.rules.remove(rule_id, scope)


@router.post("/rules/try", response_model=TryOut)
def try_rule(body: TryIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """What a rule would have done in the latest conversations; nothing is kept."""
    zone = services.settings.zone
    fuser = services.monitor.fuser
    return asdict(try_out(body.rule, services.store, fuser, scope, zone, body.last))


@router.get("/alerts", response_model=Alerts)
def list_alerts(
    services: ServicesDep,
    scope: ScopeDep,
    state: Annotated[
        Literal["open", "closed"],
        Query(description="Open: not acknowledged first, most severe first. Closed: latest first."),
    ] = "open",
    rule: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Of this rule.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, Any]:
    """A page of alerts."""
    found, count = services.store.alerts.page(
        scope, is_open=state == "open", rule_id=rule, limit=limit, offset=offset
    )
    return {
        "data": [_alert(one, services) for one in found],
        "count": count,
        "budget": services.settings.alert_budget,
    }


@router.post("/alerts/{alert_id}/acknowledge", response_model=AlertOut)
def acknowledge(alert_id: AlertId, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Says that somebody has seen an alert; who was first stays."""
    return _alert(services.store.alerts.acknowledge(alert_id, scope), services)


@router.post("/alerts/{alert_id}/close", response_model=AlertOut)
def close(
    alert_id: AlertId, body: CloseIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Closes an alert with what became of it; again with another outcome mends a slip."""
    closed = services.store.alerts.close(alert_id, body.outcome, body.comment, scope)
    return _alert(closed, services)


def _definition(rule: Rule) -> dict[str, Any]:
    return rule.model_dump(mode="json")


def _rule(row: RuleRow, judged: Judgement, services: Services) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.key,
        "rule": row.definition,
        "enabled": row.enabled,
        "author": row.author,
        "changed_at": row.changed_at.astimezone(services.settings.zone),
        "open": judged.open,
        "outcomes": judged.outcomes,
        "precision": judged.precision,
        "retune": judged.retune,
    }


def _alert(one: ListedAlert, services: Services) -> dict[str, Any]:
    alert, row = one.alert, one.conversation
    zone = services.settings.zone
    times = {
        name: moment.astimezone(zone) if moment is not None else None
        for name in ("opened_at", "raised_at", "acknowledged_at", "closed_at")
        for moment in (getattr(alert, name),)
    }
    same = (
        "id", "conversation_id", "rule_id", "severity", "turn", "words", "hits",
        "acknowledged_by", "closed_by", "outcome", "comment",
    )  # fmt: skip
    of_call = (
        "source", "external_id", "channel", "queue", "team", "customer_display", "agent_ids",
        "level", "risk",
    )  # fmt: skip
    return {
        **{name: getattr(alert, name) for name in same},
        **{name: getattr(row, name) for name in of_call},
        **times,
        "conversation_state": row.state,
        "rule": alert.rule_name,
        "rule_en": alert.rule_name_en,
        "start": one.start,
        "pushed": one.pushed,
    }
