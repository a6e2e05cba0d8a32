"""Trends: over time, by queue, channel and hour; words that come with dissatisfaction."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.api.filters import FilterDep
from app.api.services import ScopeDep, ServicesDep
from app.api.trend_schemas import Hours, Phrases, Trends
from app.phrases import phrases
from app.trends import LEAST_CALLS, By, cell, cells, hours, quarters

router = APIRouter(prefix="/trends", tags=["trends"])


@router.get("", response_model=Trends)
def trends(
    services: ServicesDep,
    scope: ScopeDep,
    wanted: FilterDep,
    by: Annotated[By, Query(description="What is put together.")] = "day",
) -> dict[str, Any]:
    """How closed conversations that the filters leave went, with intervals; never by agent."""
    outcomes = services.store.history.outcomes(wanted, scope)
    return {
        "by": by,
        "data": cells(outcomes, by, services.settings.zone),
        "all": cell(outcomes),
        "quarters": quarters(outcomes),
    }


@router.get("/hours", response_model=Hours)
def by_hour(services: ServicesDep, scope: ScopeDep, wanted: FilterDep) -> dict[str, Any]:
    """The hours of the week; a share only where there are more than 20 calls."""
    outcomes = services.store.history.outcomes(wanted, scope)
    return {"data": hours(outcomes, services.settings.zone), "least": LEAST_CALLS + 1}


@router.get("/words", response_model=Phrases)
def by_word(services: ServicesDep, scope: ScopeDep, wanted: FilterDep) -> dict[str, Any]:
    """Words that customers say more where they end dissatisfied, in the latest 5,000."""
    history = services.store.history
    return {"data": phrases(history.said(history.outcomes(wanted, scope), scope))}
