"""Batches of files, before, while and after they are scored; and what is kept about sources."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, UploadFile

from app.api.intake_schemas import (
    BatchList,
    BatchOptions,
    BatchOut,
    FileList,
    FilePreview,
    FileState,
    ProfileIn,
    ProfileOut,
    Profiles,
)
from app.api.routes.imports import safe_name
from app.api.schemas import Problem
from app.api.services import LARGEST_ID, NumberPath, ScopeDep, Services, ServicesDep
from app.intake.batches import ingest_options, spooled
from app.intake.detect import format_name, show
from app.intake.sources import SourceProfile
from app.store import Scope
from app.store.batch_tables import BatchItemRow
from app.store.batches import NewItem, Progress
from multimodal.conversation import storable
from multimodal.errors import InvalidInputError

router = APIRouter(tags=["batches"])

MOST_FILES = 20_000
"""Files that a batch may have."""
PAGE = 500
BatchPath = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The batch.", examples=[4])]
SourcePath = Annotated[str, Path(min_length=1, max_length=100, description="The source.")]
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "It is in a state in which that cannot be done."}
}


@router.post("/batches", status_code=201, response_model=BatchOut)
def create(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Makes an empty batch, to which files are added."""
    return _shown(services, services.store.batches.create(scope), scope)


@router.get("/batches", response_model=BatchList)
def latest(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """The latest batches, newest first."""
    zone = services.settings.zone
    return {"data": [_batch(one, zone) for one in services.store.batches.latest(scope)]}


@router.post(
    "/batches/{batch_id}/files", status_code=201, response_model=FileList, responses=_CONFLICT
)
def add(
    batch_id: BatchPath, files: list[UploadFile], services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Adds files to a batch that has not been started, and says what each of them is.

    Nothing is scored yet. A copy of a file that is there already is named and left out.
    """
    with services.uploads:
        there = services.store.batches.items(batch_id, scope)
        if len(there) + len(files) > MOST_FILES:
            raise InvalidInputError(
                f"the batch would have {len(there) + len(files):,} files, expected at most "
                f"{MOST_FILES:,}.",
                where=f"batch {batch_id}",
                remedy="Make a second batch, or use `emotion-monitor inbox`.",
            )
        seen = {item.sha256: item.name for item in there if item.state != "duplicate"}
        items: list[NewItem] = []
        for number, file in enumerate(files, start=len(there) + 1):
            name = safe_name(file.filename or "", number)
            shown = storable(file.filename or name)[:200]
            item = spooled(
                services.store, services.settings, batch_id, number, name, shown, file.file, seen
            )
            seen.setdefault(item.sha256, item.name)
            items.append(item)
        services.store.batches.add(batch_id, items, scope)
    numbers = {item.number for item in items}
    rows = services.store.batches.items(batch_id, scope, offset=len(there))
    return {"data": [_file(row, {}) for row in rows if row.number in numbers]}


@router.get("/batches/{batch_id}", response_model=BatchOut)
def get(batch_id: BatchPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """How far a batch is."""
    return _shown(services, batch_id, scope)


@router.get("/batches/{batch_id}/files", response_model=FileList)
def files(
    batch_id: BatchPath,
    services: ServicesDep,
    scope: ScopeDep,
    state: FileState | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    offset: Annotated[int, Query(ge=0, le=MOST_FILES)] = 0,
) -> dict[str, Any]:
    """Files of a batch, with what became of each."""
    found = services.store.batches.items(batch_id, scope, state=state, limit=limit, offset=offset)
    came = services.store.batches.conversations(batch_id, [row.number for row in found])
    return {"data": [_file(row, came.get(row.number, {})) for row in found]}


@router.post("/batches/{batch_id}/files/{number}/preview", response_model=FilePreview)
def preview(
    batch_id: BatchPath,
    number: NumberPath,
    body: BatchOptions,
    services: ServicesDep,
    scope: ScopeDep,
) -> dict[str, Any]:
    """What is in a file: its first turns, or how a table of calls is understood."""
    item = services.store.batches.item(batch_id, number, scope)
    path = services.store.batches.folder(batch_id) / item.path
    if not item.path or not path.is_file():
        return {}
    options = ingest_options(body.model_dump(), services.settings, services.store)
    return show(path, item.kind, options)


@router.post("/batches/{batch_id}/start", response_model=BatchOut, responses=_CONFLICT)
def start(
    batch_id: BatchPath, body: BatchOptions, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Starts a batch; what was chosen holds for all its files."""
    given = {name: value for name, value in body.model_dump().items() if value not in ("", {})}
    ingest_options(given, services.settings, services.store)
    services.store.batches.start(batch_id, given, scope)
    services.batch_worker.notify()
    return _shown(services, batch_id, scope)


@router.post("/batches/{batch_id}/pause", response_model=BatchOut, responses=_CONFLICT)
def pause(batch_id: BatchPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Stops a batch after the files that are being scored."""
    services.store.batches.pause(batch_id, scope)
    return _shown(services, batch_id, scope)


@router.post("/batches/{batch_id}/resume", response_model=BatchOut, responses=_CONFLICT)
def resume(batch_id: BatchPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Goes on with a batch that was paused."""
    services.store.batches.start(batch_id, None, scope)
    services.batch_worker.notify()
    return _shown(services, batch_id, scope)


@router.delete("/batches/{batch_id}", status_code=204, responses=_CONFLICT)
def delete(batch_id: BatchPath, services: ServicesDep, scope: ScopeDep) -> None:
    """Deletes a batch with its files; the conversations that came of it stay."""
    services.store.batches.delete(batch_id, scope)
    services.batch_worker.discard(batch_id)


@router.get("/sources", response_model=Profiles)
def sources(services: ServicesDep) -> dict[str, Any]:
    """Every source that something is kept about."""
    return {"data": [_profile(one) for one in services.store.sources.all()]}


@router.get("/sources/{name}", response_model=ProfileOut)
def source(name: SourcePath, services: ServicesDep) -> dict[str, Any]:
    """What is kept about a source; the defaults where nothing is."""
    return _profile(services.store.sources.get(name))


@router.put("/sources/{name}", response_model=ProfileOut)
def keep_source(name: SourcePath, body: ProfileIn, services: ServicesDep) -> dict[str, Any]:
    """Keeps how the files of a source are read, for this batch and every one after it."""
    given = {field: value for field, value in body.model_dump().items() if value}
    profile = SourceProfile(storable(name), **given)
    services.store.sources.save(profile)
    return _profile(profile)


def _shown(services: Services, batch_id: int, scope: Scope) -> dict[str, Any]:
    return _batch(services.store.batches.progress(batch_id, scope), services.settings.zone)


def _batch(one: Progress, zone: ZoneInfo) -> dict[str, Any]:
    made: datetime = one.row.made_at
    return {
        "id": one.row.id,
        "state": one.row.state,
        "made_at": made.astimezone(zone),
        "files": sum(one.counts.values()),
        "counts": one.counts,
        "conversations": one.outcomes,
        "seconds_left": one.seconds_left,
        "options": one.row.options,
    }


def _file(row: BatchItemRow, conversations: dict[int, str]) -> dict[str, Any]:
    zh, en = format_name(row.format)
    return {
        "number": row.number,
        "name": row.name,
        "kind": row.kind,
        "format": row.format,
        "format_zh": zh,
        "format_en": en,
        "size": row.size,
        "state": row.state,
        "detail": row.detail,
        "error": row.error or None,
        "conversations": list(conversations),
        "unchanged": sum(outcome == "unchanged" for outcome in conversations.values()),
    }


def _profile(one: SourceProfile) -> dict[str, Any]:
    return {
        "name": one.name,
        "timezone": one.timezone,
        "columns": dict(one.columns),
        "template": one.template,
    }
