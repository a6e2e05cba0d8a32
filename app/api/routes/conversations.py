"""Conversations: in, list, get, delete, and corrections of their turns."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.api import present
from app.api.conversation_schemas import (
    Accepted,
    ConversationIn,
    ConversationOut,
    CorrectionIn,
    CorrectionOut,
    Page,
)
from app.api.filters import FilterDep
from app.api.schemas import Problem, State
from app.api.services import (
    LARGEST_ID,
    IdPath,
    NumberPath,
    ScopeDep,
    ServicesDep,
    StrictJsonRoute,
    WriteKeyDep,
)
from app.store.query import MAX_PAGE, SORTS
from multimodal.conversation import Conversation
from multimodal.errors import InvalidConversationError
from multimodal.formats import conversation_from_json

router = APIRouter(prefix="/conversations", tags=["conversations"], route_class=StrictJsonRoute)

_CONFLICT: dict[int | str, dict[str, Any]] = {
    200: {"model": ConversationOut, "description": "It was there already."},
    202: {"model": Accepted, "description": "It will be scored (`wait=false`)."},
    409: {"model": Problem, "description": "Its id or the key stand for something else."},
}


@router.post("", status_code=201, response_model=ConversationOut | Accepted, responses=_CONFLICT)
def create(
    body: ConversationIn,
    response: Response,
    services: ServicesDep,
    scope: ScopeDep,
    key: WriteKeyDep,
    wait: Annotated[bool, Query(description="False: answer 202 at once, score afterwards.")] = True,
    state: Annotated[State, Query(description="`open`: turns will be appended.")] = "closed",
) -> dict[str, Any]:
    """Takes in a conversation, scores it and keeps it; the same one again changes nothing."""
    conversation = services.masker.conversation(_conversation(body))
    conversation = services.store.with_valid_notice(conversation)
    saved = services.store.lookup(conversation, scope, key)
    if saved is None and wait:
        scored = services.monitor.score(conversation)
        saved = services.store.save(scored, scope, key=key, state=state)
    elif saved is None:
        saved = services.store.enqueue(conversation, scope, key=key, state=state)
        services.worker.notify()
    stored = services.store.get(saved.id, scope)
    if not wait and stored.row.status in ("queued", "scoring"):
        response.status_code = 202
        url = f"/api/v1/conversations/{saved.id}"
        return {"id": saved.id, "status": stored.row.status, "url": url}
    if saved.outcome != "created":
        response.status_code = 200
    return present.whole(stored, services.settings.zone)


@router.get("", response_model=Page)
def list_(
    services: ServicesDep,
    scope: ScopeDep,
    wanted: FilterDep,
    sort: Annotated[str, Query(description=f"One of {', '.join(SORTS)}.")] = "-risk",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
    offset: Annotated[int, Query(ge=0, le=LARGEST_ID)] = 0,
) -> dict[str, Any]:
    """One page of the conversations that the filters leave; all of them hold together."""
    found, count = services.store.page(wanted, scope, sort=sort, limit=limit, offset=offset)
    zone, words = services.settings.zone, wanted.words
    return {"data": [present.listed(one, zone, words) for one in found], "count": count}


@router.get("/{conversation_id}", response_model=ConversationOut)
def get(
    conversation_id: IdPath,
    services: ServicesDep,
    scope: ScopeDep,
    turns: Annotated[bool, Query(description="False leaves the turns out.")] = True,
) -> dict[str, Any]:
    """Everything about one conversation, with its latest scoring; that it was viewed is noted."""
    stored = services.store.get(conversation_id, scope)
    services.watch.looked(scope, "view", conversation_id)
    return present.whole(stored, services.settings.zone, turns=turns)


@router.delete("/{conversation_id}", status_code=204)
def delete(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> None:
    """Deletes a conversation with its scores, corrections and uploaded recordings."""
    services.store.delete(conversation_id, scope)


@router.post(
    "/{conversation_id}/turns/{number}/corrections",
    status_code=201,
    response_model=CorrectionOut,
)
def correct(
    conversation_id: IdPath,
    number: NumberPath,
    body: CorrectionIn,
    services: ServicesDep,
    scope: ScopeDep,
) -> dict[str, Any]:
    """Keeps what a person says about a turn, beside what the models said; twice is kept once."""
    comment = services.masker.text(body.comment)
    made = services.store.correct(conversation_id, number, body.label, comment, scope)
    return present.correction(made, services.settings.zone)


@router.delete(
    "/{conversation_id}/turns/{number}/corrections/{correction_id}", response_model=CorrectionOut
)
def undo(
    conversation_id: IdPath,
    number: NumberPath,
    correction_id: Annotated[int, Path(ge=1, le=LARGEST_ID)],
    services: ServicesDep,
    scope: ScopeDep,
) -> dict[str, Any]:
    """Undoes a correction; it is kept, with who undid it and when."""
    undone = services.store.revoke(conversation_id, number, correction_id, scope)
    return present.correction(undone, services.settings.zone)


def _conversation(body: ConversationIn) -> Conversation:
    given = body.model_dump(exclude_unset=True) | {"source": body.source}
    conversation = conversation_from_json(given, where="body")
    if conversation.media:
        raise InvalidConversationError(
            "recordings cannot be named by their path here.",
            where="body.media",
            remedy="Upload them: POST /api/v1/conversations/{id}/media or /api/v1/imports.",
        )
    return conversation
