"""What the player of a conversation needs: its turns in time, its moments, its waveforms."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.replay import replay
from app.api.replay_schemas import PeaksOut, ReplayOut
from app.api.routes.media import RecordingPath, recording
from app.api.services import IdPath, ScopeDep, ServicesDep
from multimodal.media import peaks

router = APIRouter(prefix="/conversations", tags=["conversations"])


@router.get("/{conversation_id}/replay", response_model=ReplayOut)
def get_replay(
    conversation_id: IdPath,
    services: ServicesDep,
    scope: ScopeDep,
    lang: Annotated[
        Literal["zh", "en"], Query(description="Of what is said of a voice, and of rules.")
    ] = "zh",
) -> Response:
    """A conversation as it is replayed; that it was viewed is noted."""
    stored = services.store.get(conversation_id, scope)
    services.watch.looked(scope, "view", conversation_id)
    shown = replay(stored, services.store.alerts.of(conversation_id), lang)
    # Not by way of the schema: to check thousands of turns takes longer than to find them.
    return _json(json.dumps(shown, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace"))


@router.get("/{conversation_id}/media/{number}/peaks", response_model=PeaksOut)
def get_peaks(
    conversation_id: IdPath, number: RecordingPath, services: ServicesDep, scope: ScopeDep
) -> Response:
    """The outline of a recording's sound; kept beside one that was uploaded."""
    path = recording(services.store.get(conversation_id, scope), number)
    folder = services.store.media
    outline = folder.outline(path)
    if outline is None:
        found = peaks(path, services.settings.media_limits).to_json()
        outline = json.dumps(found, separators=(",", ":")).encode()
        folder.keep_outline(path, outline)
    return _json(outline)


def _json(content: bytes) -> Response:
    headers = {"Cache-Control": "private, no-cache"}
    return Response(content, media_type="application/json", headers=headers)
