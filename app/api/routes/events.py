"""What happens, as it happens: a stream of server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.services import LARGEST_ID, ScopeDep, ServicesDep
from app.store.events import Kind
from app.store.tables import EventRow

router = APIRouter(tags=["live"])

LONGEST_SECONDS = 600.0
"""After which a stream ends: a client comes back, and one that may no longer see it does not."""
RETRY_MILLISECONDS = 1000


@router.get("/events", response_class=EventSourceResponse)
async def events(
    services: ServicesDep,
    scope: ScopeDep,
    kind: Annotated[
        list[Kind] | None, Query(description="Only these kinds; may be given several times.")
    ] = None,
    conversation: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="Only this conversation's.")
    ] = None,
    after: Annotated[
        int | None,
        Query(ge=0, le=LARGEST_ID, description="Id of the last event that is known already."),
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(max_length=40, description="The same; a browser sends it when it comes back."),
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What happens to conversations, from now on or from an event that is known.

    Each event has its id, its kind as `event`, and as `data` an object with `at`,
    `conversation_id` and what the kind has: `conversation` has `change` (opened, handled,
    released, closed, timed_out where nothing came for long, erased); `turn` has `number`, `role`,
    `level`, `view_state`, `risk` and the first 20 characters as
    `text`; `alert` has `change` (opened, raised, acknowledged, closed) and the alert. Events are
    kept for 7 days. A comment comes every 15 s; the stream ends after 10 minutes, or when the
    service stops, and a client that comes back with `Last-Event-ID` misses nothing.
    """
    yield ServerSentEvent(comment="ready", retry=RETRY_MILLISECONDS)
    start = _known(last_event_id, after, services.hub.last_id)
    async for row in services.hub.follow(start, scope, LONGEST_SECONDS):
        if (not kind or row.kind in kind) and conversation in (None, row.conversation_id):
            yield _event(row, services.settings.zone)


def _known(header: str | None, after: int | None, latest: int) -> int:
    """The last event that the client knows; a header that no event had counts as none."""
    if header is not None and header.isascii() and header.isdigit():
        return int(header)
    return latest if after is None else after


def _event(row: EventRow, zone: ZoneInfo) -> ServerSentEvent:
    data = {"at": row.at.astimezone(zone), "conversation_id": row.conversation_id, **row.payload}
    return ServerSentEvent(id=str(row.id), event=row.kind, data=data)
