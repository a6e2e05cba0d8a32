"""Open conversations: turns are appended and scored one by one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from app.api import present
from app.api.schemas import Appended, ConversationOut, Problem, TurnIn
from app.api.services import IdPath, ScopeDep, ServicesDep, StrictJsonRoute, WriteKeyDep
from app.live.turns import Added
from multimodal.formats import conversation_from_json
from multimodal.formats.results import scored_turn_to_json
from multimodal.states import view

router = APIRouter(prefix="/conversations", tags=["live"], route_class=StrictJsonRoute)

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Appended, "description": "It is there: by the same key, or said before."},
    409: {"model": Problem, "description": "It is closed, or the key stands for another turn."},
}


@router.post(
    "/{conversation_id}/turns", status_code=201, response_model=Appended, responses=_RESPONSES
)
def append(
    conversation_id: IdPath,
    body: TurnIn,
    response: Response,
    services: ServicesDep,
    scope: ScopeDep,
    key: WriteKeyDep,
) -> dict[str, Any]:
    """Appends a turn to an open conversation and scores it."""
    turn = conversation_from_json(
        {"turns": [body.model_dump(exclude_unset=True)]}, where="body"
    ).turns[0]
    added = services.turns.add(conversation_id, turn, scope, key=key)
    response.status_code = 201 if added.new else 200
    return _appended(conversation_id, added)


def _appended(conversation_id: int, added: Added) -> dict[str, Any]:
    one = added.scored.turns[added.number - 1]
    seen = view(added.scored)
    return {
        "conversation_id": conversation_id,
        "turn": present.turn(added.number, scored_turn_to_json(one), one),
        "risk": one.risk,
        "level": seen.level.value,
        "view_state": seen.state.value,
    }


@router.post("/{conversation_id}/close", response_model=ConversationOut)
def close(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Closes a conversation: no turn can be appended any more. Again does nothing."""
    services.store.close_conversation(conversation_id, scope)
    services.turns.forget(conversation_id)
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)
