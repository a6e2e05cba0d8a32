"""Open conversations: turns are appended and scored one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Response

from app.api import present
from app.api.schemas import Appended, ConversationOut, Problem, TurnIn
from app.api.services import IdPath, ScopeDep, ServicesDep, StrictJsonRoute, WriteKeyDep
from app.store.writing import require_open
from multimodal.conversation import Turn
from multimodal.emotions import EmotionScores
from multimodal.formats import conversation_from_json
from multimodal.formats.results import scored_to_json
from multimodal.masking import NEAR_TURNS, Masker
from multimodal.pipeline import LiveConversation
from multimodal.scoring import ScoredConversation
from multimodal.states import view

router = APIRouter(prefix="/conversations", tags=["live"], route_class=StrictJsonRoute)

_MASKED_TOGETHER = 4 * NEAR_TURNS
"""Turns before the new one in which a number may have begun."""
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
    given_turn = conversation_from_json(given, where="body").turns[0]
    with services.live(conversation_id):
        saved = services.store.replayed(scope, key)
        stored = services.store.get(conversation_id, scope)
        if saved is None:
            require_open(stored.row)
            before, turn, changed = masked_with(stored.scored, given_turn, services.masker)
            live = LiveConversation.resume(services.monitor, before)
            live.add(turn)
            scored = live.scored
            saved = services.store.append(conversation_id, scored, scope, key=key, changed=changed)
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


def masked_with(
    scored: ScoredConversation, turn: Turn, masker: Masker
) -> tuple[ScoredConversation, Turn, list[int]]:
    """The next turn without personal data, and the turns before it where a number goes on in it.

    Args:
        scored: The conversation so far.
        turn: The turn as it came.
        masker: Masks.

    Returns:
        The conversation so far, with the parts of the number in it masked; the next turn, masked;
        and the numbers of the turns that changed, from 1. Their evidence from words is left out
        from the change on, because it points into the text that was.
    """
    first = max(0, len(scored.turns) - _MASKED_TOGETHER)
    conversation = scored.conversation
    masked = masker.turns(
        (*conversation.turns[first:], turn),
        english=conversation.language.lower().startswith("en"),
    )
    turns, changed = list(scored.turns), []
    for index, new in enumerate(masked[:-1], start=first):
        old = turns[index]
        if new.text != old.turn.text:
            pairs = enumerate(zip(new.text, old.turn.text, strict=False))
            same = next((at for at, (one, other) in pairs if one != other), 0)
            scores = {name: _evidence_until(one, same) for name, one in old.scores.items()}
            turns[index] = replace(old, turn=new, scores=scores)
            changed.append(index + 1)
    if changed:
        conversation = replace(conversation, turns=tuple(one.turn for one in turns))
        scored = replace(scored, conversation=conversation, turns=tuple(turns))
    return scored, masked[-1], changed


def _evidence_until(scores: EmotionScores, end: int) -> EmotionScores:
    kept = tuple(
        one
        for one in scores.evidence
        if one.kind != "word" or (one.end is not None and one.end <= end)
    )
    return replace(scores, evidence=kept)


@router.post("/{conversation_id}/close", response_model=ConversationOut)
def close(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Closes a conversation: no turn can be appended any more. Again does nothing."""
    services.store.close_conversation(conversation_id, scope)
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)
