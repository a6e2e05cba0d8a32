"""Searches that people keep: the filters of the list, by a name of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import Problem
from app.api.services import ScopeDep, ServicesDep, StrictJsonRoute
from app.store.tables import SavedSearchRow

router = APIRouter(prefix="/searches", tags=["conversations"], route_class=StrictJsonRoute)

SearchName = Annotated[str, Path(min_length=1, max_length=80, description="Its name.")]
_QUERY: dict[str, Any] = {"q": "退款", "level": "heated"}
_SEARCH: dict[str, Any] = {
    "name": "退款",
    "query": _QUERY,
    "made_at": "2026-07-01T09:12:00+08:00",
}


_ASKED: dict[str, Any] = {"query": _QUERY}


class SearchIn(BaseModel):
    """What is searched for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ASKED]})
    query: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=200)]] = (
        Field(max_length=30, description="Filters of the list of conversations, by name.")
    )


class SearchOut(BaseModel):
    """A kept search."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SEARCH]})
    name: str
    query: dict[str, str]
    made_at: datetime


class SearchesOut(BaseModel):
    """The searches that whoever asks keeps."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"data": [_SEARCH]}]})
    data: list[SearchOut]


@router.get("", response_model=SearchesOut)
def list_(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """One's own kept searches, by name."""
    zone = services.settings.zone
    return {"data": [_search(row, zone) for row in services.store.searches.all(scope)]}


@router.put(
    "/{name}",
    response_model=SearchOut,
    responses={409: {"model": Problem, "description": "There are too many already."}},
)
def keep(
    name: SearchName, body: SearchIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Keeps a search for oneself, in place of the one of that name; its words are masked."""
    query = {key: services.masker.text(value) for key, value in body.query.items()}
    row = services.store.searches.keep(services.masker.text(name), query, scope)
    return _search(row, services.settings.zone)


@router.delete("/{name}", status_code=204)
def forget(name: SearchName, services: ServicesDep, scope: ScopeDep) -> None:
    """Deletes one of one's own kept searches."""
    services.store.searches.forget(name, scope)


def _search(row: SavedSearchRow, zone: ZoneInfo) -> dict[str, Any]:
    return {"name": row.name, "query": row.query, "made_at": row.made_at.astimezone(zone)}
