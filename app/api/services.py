"""What the routes work with, and how a request gets it."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Header, HTTPException, Path, Request
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from app.alerts.sender import Sender
from app.api.access import PrincipalDep
from app.api.errors import as_json
from app.api.hub import Hub
from app.api.watch import Watch
from app.api.worker import Worker
from app.intake.batches import BatchWorker
from app.live.sound import LiveSound
from app.live.turns import LiveTurns
from app.monitor import build_transcriber
from app.settings import Settings
from app.store import Scope, Store, WriteKey
from multimodal.conversation import storable
from multimodal.errors import TranscriptError
from multimodal.masking import Masker
from multimodal.pipeline import EmotionMonitor
from multimodal.transcription.protocol import Transcriber

LARGEST_ID = 2**63 - 1


@dataclass
class Services:
    """One application's parts.

    Attributes:
        settings: The site's settings.
        store: The database and the folder of recordings.
        monitor: Scores.
        worker: Scores what is queued.
        masker: Takes personal data out of what comes in.
        batch_worker: Scores the files of batches.
        watch: Notes who looks at what.
        hub: Hands on what happens.
        turns: Adds turns to open conversations.
        sender: Sends what webhooks are told.
        sound: Their sound while it comes.
        uploads: Held while uploaded files are scored: two long recordings at a time would need
            twice the memory and take no less time.
    """

    settings: Settings
    store: Store
    monitor: EmotionMonitor
    worker: Worker
    masker: Masker
    batch_worker: BatchWorker
    watch: Watch
    hub: Hub
    turns: LiveTurns
    sender: Sender
    sound: LiveSound
    uploads: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def transcriber(self) -> Transcriber | None:
        """Writes down uploaded recordings, where the settings ask for it; loaded at first use."""
        return build_transcriber(self.settings)


def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


def _scope(principal: PrincipalDep) -> Scope:
    return principal.scope


async def _write_key(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            description="Chosen by the caller, new for each request. A repeat with the same key and"
            " body does nothing and answers 200; the same key with another body answers 409.",
            examples=["3f6c1f0e-7c1b-4b44-9c0a-2f1d3f5e8a90"],
        ),
    ] = None,
) -> WriteKey | None:
    if idempotency_key is None:
        return None
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return WriteKey(storable(idempotency_key), digest.hexdigest())


ServicesDep = Annotated[Services, Depends(_services)]
ScopeDep = Annotated[Scope, Depends(_scope)]
WriteKeyDep = Annotated[WriteKey | None, Depends(_write_key)]
IdPath = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The conversation.", examples=[12])]
NumberPath = Annotated[int, Path(ge=1, le=2**31 - 1, description="The turn, from 1.", examples=[3])]


class StrictJsonRoute(APIRoute):
    """Reads JSON bodies with the product's own reader.

    It refuses NaN, keys given twice and endless nesting, and replaces what no database stores (NUL,
    halves of surrogate pairs: chat platforms cut emoji in two), as it does in files.
    """

    def get_route_handler(self) -> Any:
        """FastAPI's handler with the reader in it."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Any:
            return await handler(_StrictRequest(request.scope, request.receive))

        return handle


class _StrictRequest(Request):
    async def json(self) -> Any:
        from multimodal.formats.documents import parse_json

        body = await self.body()
        try:
            try:
                text = body.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise TranscriptError(
                    "the body is not UTF-8.", where="body", remedy="Send JSON in UTF-8."
                ) from error
            value = parse_json(text, "body")
        except TranscriptError as error:
            detail = as_json(error) | {"type": "bad_request"}
            raise HTTPException(400, detail) from error
        return _storable(value) if "\\u" in text else value


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value
