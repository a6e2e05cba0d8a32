"""People's rights: notices, erasure, retention, the audit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from app.api.governance_schemas import (
    Audit,
    ErasedOut,
    EraseIn,
    NoticeEndIn,
    NoticeIn,
    NoticeOut,
    Notices,
    SweptOut,
)
from app.api.schemas import Problem
from app.api.services import ScopeDep, ServicesDep, StrictJsonRoute
from app.store.tables import NoticeRow

router = APIRouter(tags=["people's rights"], route_class=StrictJsonRoute)

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Another notice has this reference."}
}


@router.post("/customers/erase", response_model=ErasedOut)
def erase(body: EraseIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Erases a customer for good: conversations, scores, corrections, recordings.

    The number is in the body, so that it stands in no address and in no log of addresses.
    """
    erased = services.store.erase(services.masker.reference(body.customer), scope)
    return asdict(erased)


@router.post("/retention/sweep", response_model=SweptOut)
def sweep(
    services: ServicesDep,
    scope: ScopeDep,
    dry_run: Annotated[bool, Query(description="Only count what would go.")] = False,
) -> dict[str, Any]:
    """Deletes what is kept no longer; the service does it by itself several times a day."""
    swept = services.store.sweep(services.settings, dry_run=dry_run, who=scope.who)
    return asdict(swept)


@router.get("/notices", response_model=Notices)
def list_notices(services: ServicesDep) -> dict[str, Any]:
    """The notices, the latest first."""
    zone = services.settings.zone
    return {"data": [_shown(row, count, zone) for row, count in services.store.notices()]}


@router.post("/notices", status_code=201, response_model=NoticeOut, responses=_CONFLICT)
def add_notice(body: NoticeIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Records a notice or consent: its reference, its words, since when, until when."""
    zone = services.settings.zone
    row = services.store.add_notice(
        body.reference,
        body.text,
        scope,
        valid_from=_aware(body.valid_from, zone),
        valid_until=_aware(body.valid_until, zone),
    )
    return _shown(row, 0, zone)


@router.post("/notices/end", response_model=NoticeOut)
def end_notice(body: NoticeEndIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Ends a notice: conversations that begin from then on are not analysed under it."""
    zone = services.settings.zone
    row = services.store.end_notice(body.reference, scope, _aware(body.at, zone))
    return _shown(row, 0, zone)


@router.get("/audit", response_model=Audit)
def audit(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    who: Annotated[str, Query(max_length=200, description="Of this person or key alone.")] = "",
    action: Annotated[str, Query(max_length=50, description="Of this kind alone.")] = "",
) -> dict[str, Any]:
    """Who viewed, replayed, exported, erased or changed what; never about whom."""
    zone = services.settings.zone
    return {
        "data": [
            {
                "at": row.at.astimezone(zone),
                "who": row.who,
                "action": row.action,
                "detail": row.detail,
            }
            for row in services.store.audit(limit, who=who, action=action)
        ]
    }


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment


def _shown(row: NoticeRow, count: int, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "text": row.text,
        "valid_from": row.valid_from.astimezone(zone),
        "valid_until": row.valid_until.astimezone(zone) if row.valid_until else None,
        "author": row.author,
        "conversations": count,
    }
