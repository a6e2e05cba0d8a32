"""Conversations that are over, held once more: over the API, in real time or faster."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

import httpx

from multimodal.conversation import Conversation, Turn
from multimodal.errors import InvalidInputError
from multimodal.formats import conversation_from_json, conversation_to_json
from multimodal.formats.canonical import turn_to_json

API = "/api/v1"
CHARACTERS_PER_SECOND = 4.5
"""How fast turns without times are said."""
LONGEST_PAUSE = 20.0
"""Seconds that nobody says anything, at most."""
RETRY_SECONDS = 0.5
STORED = 200


@dataclass(frozen=True, slots=True)
class Posted:
    """A turn that was taken.

    Attributes:
        conversation_id: The conversation.
        number: The turn.
        text: What was said, as it was sent.
        at: `time.monotonic()` when it was first sent.
        seconds: Until it was answered.
    """

    conversation_id: int
    number: int
    text: str
    at: float
    seconds: float


@dataclass(slots=True)
class Simulation:
    """Conversations that are held at the same time.

    Args:
        client: Calls the API, with a key in its headers.
        speed: How much faster than they were held.
        posted: Called for every turn that was taken.
        patience: Seconds for which what is not answered is sent again.

    Attributes:
        conversations: How many were held.
        turns: How many turns they had.
    """

    client: httpx.AsyncClient
    speed: float = 1.0
    posted: Callable[[Posted], None] = lambda _: None
    patience: float = 60.0
    conversations: int = 0
    turns: int = 0
    _name: str = field(default_factory=lambda: secrets.token_hex(3))

    async def run(self, conversations: Sequence[Conversation], calls: int) -> None:
        """Holds so many calls at once, the conversations in turn, each from its beginning.

        They do not all begin in the same moment, but within the first ten seconds.

        Raises:
            InvalidInputError: If the API refuses something, or does not answer for a minute.
        """
        chosen = list(islice(cycle(conversations), calls))
        async with asyncio.TaskGroup() as group:
            for index, one in enumerate(chosen):
                wait = 10.0 * index / max(calls, 1) / self.speed
                group.create_task(self._hold(index, one, wait))

    async def _hold(self, index: int, conversation: Conversation, wait: float) -> None:
        await asyncio.sleep(wait)
        name = f"{self._name}-{index + 1}-{conversation.external_id}"[:200]
        opened = replace(
            conversation,
            external_id=name,
            source="simulate",
            turns=(),
            media=(),
            started_at=datetime.now(UTC),
        )
        body = conversation_to_json(opened)
        del body["media"], body["schema_version"]
        made = await self._post("/conversations?state=open", body)
        url = f"/conversations/{made['id']}"
        begun = time.monotonic()
        for due, turn in schedule(conversation.turns):
            await asyncio.sleep(max(0.0, begun + due / self.speed - time.monotonic()))
            sent = time.monotonic()
            answer = await self._post(f"{url}/turns", turn_to_json(turn))
            number = answer["turn"]["number"]
            seconds = time.monotonic() - sent
            self.posted(Posted(made["id"], number, turn.text, sent, seconds))
            self.turns += 1
        await self._post(f"{url}/close", None)
        self.conversations += 1

    async def _post(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Sends once; what is not answered is sent again, and done once by its key."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        until = time.monotonic() + self.patience
        while True:
            try:
                answer = await self.client.post(API + path, json=body, headers=headers)
                if answer.status_code < 500:
                    break
                what = f"it answers {answer.status_code}"
            except httpx.TransportError as error:
                what = type(error).__name__
            if time.monotonic() > until:
                raise InvalidInputError(
                    f"the API does not take what is said: {what}.",
                    where=str(self.client.base_url),
                    remedy="Start it with `emotion-monitor serve`.",
                )
            await asyncio.sleep(RETRY_SECONDS)
        return _checked(answer)


def schedule(turns: Sequence[Turn]) -> Iterator[tuple[float, Turn]]:
    """When each turn is known, in seconds from the beginning, and the turn: when it was said.

    Pauses of more than `LONGEST_PAUSE` are cut, but the turns keep the times that they have.
    """
    now = clock = 0.0
    for turn in turns:
        said = len(turn.text) / CHARACTERS_PER_SECOND
        at = turn.end if turn.end is not None else turn.start
        if at is not None:
            now += min(max(at - clock, 0.0), LONGEST_PAUSE)
            clock = max(clock, at)
        else:
            now += said
            clock += said
        yield now, turn


async def stored(client: httpx.AsyncClient) -> list[Conversation]:
    """The latest conversations that are kept, as the API shows them.

    Raises:
        InvalidInputError: If the API refuses, or has none.
    """
    params: dict[str, str | int] = {"sort": "-started_at", "limit": STORED}
    listed = _checked(await client.get(f"{API}/conversations", params=params))
    found = []
    for row in listed["data"]:
        if row["source"] == "simulate":
            continue
        whole = _checked(await client.get(f"{API}/conversations/{row['id']}"))
        turns = [{name: turn[name] for name in _TURN} for turn in whole["turns"]]
        fields = {name: whole[name] for name in _CONVERSATION}
        found.append(conversation_from_json(fields | {"turns": turns}))
    return found


_TURN = ("role", "text", "start", "end", "speaker", "agent_id", "channel", "attributes")
_CONVERSATION = (
    "external_id",
    "channel",
    "direction",
    "timezone",
    "queue",
    "team",
    "customer_ref",
    "customer_display",
    "business_type",
    "notice",
    "language",
)


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_success:
        data: dict[str, Any] = answer.json()
        return data
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        error = {"what": f"it answers {answer.status_code}.", "remedy": ""}
    raise InvalidInputError(
        f"the API refuses: {error['what']}",
        where=str(answer.request.url),
        remedy=error["remedy"],
    )
