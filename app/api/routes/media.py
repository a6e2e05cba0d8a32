"""Recordings of a conversation: in, and out with ranges."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Request, Response, UploadFile
from fastapi.responses import FileResponse

from app.api import present
from app.api.conversation_schemas import ConversationOut
from app.api.routes.imports import ChannelsForm, NoticeForm, RoleForm
from app.api.schemas import Problem
from app.api.services import IdPath, ScopeDep, Services, ServicesDep
from app.intake.storing import discard_media
from app.store.media import content_type
from app.store.reading import StoredConversation
from multimodal.conversation import WHOLE_PICTURE, Media, Role, storable
from multimodal.errors import ConflictError, EmotionMonitorError, NotFoundError
from multimodal.media import MediaInfo, parse_channel_map, probe

router = APIRouter(prefix="/conversations", tags=["media"])

RecordingPath = Annotated[int, Path(ge=0, le=1000, description="The recording, from 0.")]
_RANGES = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*")


@router.api_route(
    "/{conversation_id}/media/{number}",
    methods=["GET"],
    response_class=FileResponse,
    responses={
        206: {"description": "The part that the header Range asks for."},
        416: {"model": Problem, "description": "The recording has no such part."},
    },
)
def get_media(
    conversation_id: IdPath,
    number: RecordingPath,
    request: Request,
    services: ServicesDep,
    scope: ScopeDep,
) -> Response:
    """A recording, whole or in part (Range, If-Range); that it was replayed is noted."""
    stored = services.store.get(conversation_id, scope)
    path = recording(stored, number)
    kind, found = content_type(path), path.stat()
    services.watch.looked(scope, "replay", conversation_id)
    etag = stored.media[number].sha256 or f"{found.st_mtime_ns:x}-{found.st_size:x}"
    if "if-range" not in request.headers:
        _require_range(request.headers.get("range"), found.st_size)
    return FileResponse(
        path,
        media_type=kind,
        stat_result=found,
        headers={
            "ETag": f'"{etag}"',
            "Cache-Control": "private, max-age=3600",
            "Content-Disposition": "inline",
        },
    )


@router.post("/{conversation_id}/media", status_code=201, response_model=ConversationOut)
def add_media(
    conversation_id: IdPath,
    file: UploadFile,
    response: Response,
    services: ServicesDep,
    scope: ScopeDep,
    notice: NoticeForm = "",
    channels: ChannelsForm = "",
    role: RoleForm = "",
    offset: Annotated[
        float,
        Form(
            allow_inf_nan=False,
            description="Seconds from the conversation's start to the recording's.",
        ),
    ] = 0.0,
) -> dict[str, Any]:
    """Adds a recording to a closed conversation and scores it again with it."""
    stored = services.store.get(conversation_id, scope)
    conversation = stored.scored.conversation
    if stored.row.state == "open":
        raise ConflictError(
            "the conversation is open, and a recording is added when it is over.",
            where=f"conversation {conversation_id}",
            remedy=f"Close it first: POST /api/v1/conversations/{conversation_id}/close.",
        )
    roles = parse_channel_map(channels) if channels else {}
    if not roles and role:
        roles = {0: Role(role)}
    with services.uploads:
        path = services.store.media.keep(file.file)
        added = Media(path, roles, WHOLE_PICTURE if role == "customer" else None, offset)
        if added in conversation.media:
            response.status_code = 200
            return present.whole(stored, services.settings.zone)
        more = replace(
            conversation,
            media=(*(one for one in conversation.media if one.path != path), added),
            notice=conversation.notice or storable(notice),
        )
        more = services.store.with_valid_notice(more)
        try:
            require_usable(path, storable(file.filename or "")[:200], services)
            services.store.record(conversation_id, services.monitor.score(more), scope)
        except BaseException:
            discard_media(services.store, more)
            raise
    return present.whole(services.store.get(conversation_id, scope), services.settings.zone)


def recording(stored: StoredConversation, number: int) -> FilePath:
    """Where a conversation's recording lies.

    Raises:
        NotFoundError: If it has none of that number, or the file is not there any more.
    """
    where = f"conversation {stored.row.id}"
    if number >= len(stored.media):
        raise NotFoundError(f"there is no recording {number}.", where=where)
    path = stored.scored.conversation.media[number].path
    if not path.is_file():
        raise NotFoundError(
            "the recording's file is not there any more.",
            where=where,
            remedy="Put it back where it was when it was scored, or upload it.",
        )
    return path


def require_usable(path: FilePath, name: str, services: Services) -> MediaInfo:
    """Refuses what is no recording, or over the limits, under the name that the caller gave it."""
    try:
        return probe(path, services.settings.media_limits)
    except EmotionMonitorError as error:
        raise type(error)(error.what, where=name, remedy=error.remedy) from error


def _require_range(header: str | None, size: int) -> None:
    """Answers a range that is none, or outside the file, in the one shape of errors."""
    if header is None:
        return
    if not _RANGES.fullmatch(header):
        raise HTTPException(400, "the header Range is malformed, expected bytes=FIRST-LAST")
    for first, last in re.findall(r"(\d*)-(\d*)", header):
        if first and last and int(first) > int(last):
            raise HTTPException(400, "the header Range ends before it starts")
        if (int(first) >= size) if first else (int(last) == 0 or size == 0):
            raise HTTPException(
                416, f"the recording has {size} bytes", {"Content-Range": f"bytes */{size}"}
            )
