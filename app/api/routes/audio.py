"""A call's sound, as it happens, over a WebSocket.

Close codes: 1000 the sender stopped, or the conversation was closed; 1003 or 1007 what came is no
sound; 1009 a message is too large; 1012 the service stops: come back; 4404 there is no such
conversation; 4408 nothing came for a minute; 4409 it is closed; 4413 the stream is longer than
recordings may be; 4507 the disk is full. Whatever was acknowledged is kept, also after a failure.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from anyio import to_thread
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.types import Message as Received

from app.api.services import IdPath, ScopeDep, Services, ServicesDep
from app.live.framing import AudioForm, Framing, Message, Piece, Stop
from app.live.sound import Stream
from app.store import LOCAL, Scope
from multimodal.errors import (
    ConflictError,
    EmotionMonitorError,
    InvalidInputError,
    MediaLimitError,
    NotFoundError,
    OutputError,
)

router = APIRouter(prefix="/conversations", tags=["live"])

STALL_SECONDS = 60.0
ACK_SECONDS = 1.0
"""Of sound, between two acknowledgements."""
_FOLLOW_SECONDS = 24 * 3600.0
_CODES: tuple[tuple[type[EmotionMonitorError], int], ...] = (
    (NotFoundError, 4404),
    (ConflictError, 4409),
    (MediaLimitError, 4413),
    (InvalidInputError, 1007),
    (OutputError, 4507),
)
_REASON_BYTES = 123
"""What the protocol leaves for the reason of a close."""


@router.websocket("/{conversation_id}/audio")
async def audio(
    socket: WebSocket, conversation_id: IdPath, services: ServicesDep, scope: ScopeDep
) -> None:
    """Takes the sound of an open conversation until its sender stops."""
    await socket.accept()
    call = _Call(socket, conversation_id, services, scope)
    watching = asyncio.create_task(call.watch())
    code, reason = 1000, ""
    try:
        await call.run()
    except WebSocketDisconnect:
        return
    except TimeoutError:
        code, reason = 4408, f"nothing came for {STALL_SECONDS:.0f} s"
    except EmotionMonitorError as error:
        code = next((code for kind, code in _CODES if isinstance(error, kind)), 1011)
        reason = error.what
    finally:
        watching.cancel()
        await call.finish()
    with suppress(RuntimeError, WebSocketDisconnect):  # It may be closed already.
        await socket.close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))


_ENDED = {"closed": "was closed", "timed_out": "timed out", "erased": "was erased"}


class _Call:
    """One connection."""

    def __init__(
        self, socket: WebSocket, conversation_id: int, services: Services, scope: Scope
    ) -> None:
        self._socket = socket
        self._id = conversation_id
        self._services = services
        self._scope = scope
        self._framing = Framing()
        self._since = services.hub.last_id
        self._stream: Stream | None = None
        self._acknowledged = 0.0

    async def run(self) -> None:
        """Takes message after message."""
        row = await to_thread.run_sync(self._services.store.row, self._id, self._scope)
        if row.state != "open":
            raise ConflictError("the conversation is closed.")
        while True:
            async with asyncio.timeout(STALL_SECONDS):
                received = await self._socket.receive()
            message = self._read(received)
            if isinstance(message, Stop):
                await self._acknowledge()
                return
            if isinstance(message, AudioForm):
                await self._begin(message)
            elif isinstance(message, Piece) and self._stream is not None:
                self._stream.add(message)
                if self._stream.seconds >= self._acknowledged + ACK_SECONDS:
                    await self._acknowledge()

    async def watch(self) -> None:
        """Ends the connection when the conversation is closed or erased."""
        hub = self._services.hub
        async for event in hub.follow(self._since, LOCAL, _FOLLOW_SECONDS):
            change = event.payload.get("change")
            if event.conversation_id != self._id or event.kind != "conversation":
                continue
            if change in _ENDED:
                with suppress(RuntimeError, WebSocketDisconnect):
                    await self._socket.close(1000, f"the conversation {_ENDED[change]}")
                return

    async def finish(self) -> None:
        """Makes a recording of what came."""
        if self._stream is not None:
            # Also when the service stops and cancels what still runs.
            with suppress(EmotionMonitorError):
                await asyncio.shield(
                    to_thread.run_sync(self._services.sound.finish, self._id, self._stream)
                )

    def _read(self, received: Received) -> Message:
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        text = received.get("text")
        return self._framing.binary(received["bytes"]) if text is None else self._framing.text(text)

    async def _begin(self, form: AudioForm) -> None:
        begin = self._services.sound.begin
        self._stream, media = await to_thread.run_sync(begin, self._id, form, self._scope)
        if not form.twilio:
            await self._send({"event": "started", "offset": media.offset})

    async def _acknowledge(self) -> None:
        if self._stream is None:
            return
        self._acknowledged = await to_thread.run_sync(self._stream.sync)
        assert self._framing.form is not None
        if not self._framing.form.twilio:
            await self._send({"event": "ack", "seconds": round(self._acknowledged, 3)})

    async def _send(self, message: dict[str, object]) -> None:
        try:
            await self._socket.send_text(json.dumps(message))
        except RuntimeError as error:  # It was closed meanwhile.
            raise WebSocketDisconnect from error
