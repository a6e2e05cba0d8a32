"""Open conversations: turns are appended and scored one by one."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from app.api import present
from app.api.schemas import Appended, ConversationOut, Problem, TurnIn
from app.api.services import IdPath, ScopeDep, ServicesDep, StrictJsonRoute, WriteKeyDep
from app.store.writing import require_open
from multimodal.formats import conversation_from_json
from multimodal.formats.results import scored_to_json
from multimodal.pipeline import LiveConversation
from multimodal.states import view

router = APIRouter(prefix="/conversations", tags=["live"], route_class=StrictJsonRoute)

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Appended, "description": "The same key did it before."},
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
    given = {"turns": [body.model_dump(exclude_unset=True)]}
    turn = conversation_from_json(given, where="body").turns[0]
    with services.live(conversation_id):
        saved = services.store.replayed(scope, key)
        stored = services.store.get(conversation_id, scope)
        if saved is None:
            require_open(stored.row)
            live = LiveConversation.resume(services.monitor, stored.scored)
            live.add(turn)
            scored = live.scored
            saved = services.store.append(conversation_id, scored, scope, key=key)
        else:
            scored = stored.scored
            response.status_code = 200
    number = saved.number or 1
    seen = view(scored)
    one = scored.turns[number - 1]
    return {
        "conversation_id": conversation_id,
        "turn": present.turn(number, scored_to_json(scored)["turns"][number - 1], one),
        "risk": one.risk,
        "level": seen.level.value,
        "view_state": seen.state.value,
    }


@router.post("/{conversation_id}/close", response_model=ConversationOut)
def close(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Closes a conversation: no turn can be appended any more. Again does nothing."""
    services.store.close_conversation(conversation_id, scope)
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)
