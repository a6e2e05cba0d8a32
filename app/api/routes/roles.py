"""Who is the agent: a preview of what phrases say, and customer and agent exchanged."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from app.api import present
from app.api.conversation_schemas import ConversationOut
from app.api.intake_schemas import RolesPreview, SourceSwapIn, SourceSwapOut
from app.api.schemas import Problem
from app.api.services import IdPath, ScopeDep, Services, ServicesDep, StrictJsonRoute
from app.store import Scope
from multimodal.errors import ConflictError
from multimodal.roles import preview

router = APIRouter(tags=["roles"], route_class=StrictJsonRoute)

_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "It is open, or its words have been deleted."}
}


@router.get("/conversations/{conversation_id}/roles", response_model=RolesPreview)
def show(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Who is who by their phrases, with a confidence; nothing is changed."""
    stored = services.store.get(conversation_id, scope)
    return asdict(preview(stored.scored.conversation))


@router.post(
    "/conversations/{conversation_id}/roles/swap",
    response_model=ConversationOut,
    responses=_CONFLICT,
)
def swap(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Exchanges customer and agent and scores again; the same once more undoes it."""
    services.store.swap_roles(conversation_id, scope)
    return _scored_again(conversation_id, services, scope)


@router.post(
    "/conversations/{conversation_id}/roles/confirm",
    response_model=ConversationOut,
    responses=_CONFLICT,
)
def confirm(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Takes inferred roles as a person's word and scores again, with voice and face."""
    services.store.confirm_roles(conversation_id, scope)
    return _scored_again(conversation_id, services, scope)


@router.post("/sources/roles/swap", status_code=202, response_model=SourceSwapOut)
def swap_source(body: SourceSwapIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Exchanges customer and agent in every closed conversation of a source; they are queued."""
    queued, skipped = services.store.swap_source(body.source, scope)
    services.worker.notify()
    return {"queued": len(queued), "skipped": skipped}


def _scored_again(conversation_id: int, services: Services, scope: Scope) -> dict[str, Any]:
    with services.uploads:
        conversation = services.store.get(conversation_id, scope).scored.conversation
        try:
            services.store.record(conversation_id, services.monitor.score(conversation), scope)
        except ConflictError:
            services.worker.notify()  # Exchanged once more meanwhile: the queue has it.
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)
