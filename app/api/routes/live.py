"""Open conversations: turns are appended and scored one by one."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Form, Header, Request, Response, UploadFile

from app.api import present
from app.api.answer_schemas import TurnIn
from app.api.conversation_schemas import Appended, ConversationOut
from app.api.routes.media import require_usable
from app.api.schemas import Problem
from app.api.services import IdPath, ScopeDep, ServicesDep, StrictJsonRoute, WriteKeyDep
from app.live.turns import Added
from app.store import WriteKey
from multimodal.conversation import WHOLE_PICTURE, Media, Role, Turn, storable
from multimodal.errors import InvalidInputError
from multimodal.formats import conversation_from_json
from multimodal.formats.documents import parse_json
from multimodal.formats.results import scored_turn_to_json
from multimodal.states import view

router = APIRouter(prefix="/conversations", tags=["live"], route_class=StrictJsonRoute)
clips = APIRouter(prefix="/conversations", tags=["live"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": Appended, "description": "It is there: by the same key, or said before."},
    409: {"model": Problem, "description": "It is closed, or the key stands for another turn."},
}


@router.post(
    "/{conversation_id}/turns", status_code=201, response_model=Appended, responses=_RESPONSES
)
async def append(
    conversation_id: IdPath,
    body: TurnIn,
    response: Response,
    services: ServicesDep,
    scope: ScopeDep,
    key: WriteKeyDep,
) -> dict[str, Any]:
    """Appends a turn to an open conversation and scores it.

    A customer's turn with start and end is heard in the sound that comes over
    `/conversations/{conversation_id}/audio`; what has not come yet is waited for, at most 1 s. A
    turn that starts before others takes its place among them. One with the same start, role,
    channel, speaker and words as one that is there is that one.
    """
    turn = _turn(body.model_dump(exclude_unset=True))
    media = await to_thread.run_sync(services.sound.holding, conversation_id, turn, scope)
    if media is not None and turn.end is not None:
        await services.sound.arrive(media, turn.end)

    def add() -> Added:
        with services.sound.cut(media, turn) if media is not None else nullcontext(()) as heard:
            return services.turns.add(conversation_id, turn, scope, key=key, heard=heard)

    added = await to_thread.run_sync(add)
    response.status_code = 201 if added.new else 200
    return _appended(conversation_id, added)


@clips.post(
    "/{conversation_id}/turns/recorded",
    status_code=201,
    response_model=Appended,
    responses=_RESPONSES,
)
def append_recorded(
    conversation_id: IdPath,
    file: UploadFile,
    turn: Annotated[str, Form(description="The turn as JSON, as for `/turns`; its end may miss.")],
    request: Request,
    response: Response,
    services: ServicesDep,
    scope: ScopeDep,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> dict[str, Any]:
    """Appends a customer's turn with a recording of it, sound or video, and scores both.

    The recording is the customer's alone: its first audio channel is heard, its whole picture seen.
    """
    given = _clip_turn(turn)
    services.store.row(conversation_id, scope)  # Nothing is kept for what is not there.
    path = services.store.media.keep(file.file)
    added = None
    try:
        info = require_usable(path, storable(file.filename or "")[:200], services)
        if given.end is None and given.start is not None:
            given = replace(given, end=given.start + info.seconds)
        clip = Media(path, {0: Role.CUSTOMER}, WHOLE_PICTURE, given.start or 0.0)
        # Not of the whole body: what stands between its parts is new with every request.
        digest = hashlib.sha256(f"{request.url.path}\n{path.name}\n{turn}".encode()).hexdigest()
        key = WriteKey(storable(idempotency_key), digest) if idempotency_key else None
        added = services.turns.add(conversation_id, given, scope, key=key, heard=[clip], clip=clip)
    finally:
        if added is None or not added.new:
            services.store.discard({path.name})
    response.status_code = 201 if added.new else 200
    return _appended(conversation_id, added)


def _turn(data: dict[str, Any]) -> Turn:
    return conversation_from_json({"turns": [data]}, where="body").turns[0]


def _clip_turn(text: str) -> Turn:
    data = parse_json(text, "turn")
    if not isinstance(data, dict):
        raise InvalidInputError("turn is not a JSON object.", where="turn")
    turn = _turn(data)
    if turn.role is not Role.CUSTOMER:
        raise InvalidInputError(
            f"the turn is of role {turn.role}, and only a customer's comes with a recording.",
            where="turn",
            remedy="Post it without one: nobody else's voice or face is ever analysed.",
        )
    if turn.start is None:
        raise InvalidInputError(
            "the turn has no start, so its recording has no place in the conversation.",
            where="turn",
            remedy="Give it in seconds from the conversation's start.",
        )
    return turn


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
    services.sound.finish_left(conversation_id)
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)
