"""`emotion-monitor simulate`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import say
from multimodal.errors import InvalidInputError

if TYPE_CHECKING:
    from multimodal.conversation import Conversation

KEY = "EMOTION_MONITOR_API_KEY"


def simulate(
    what: Annotated[
        list[str],
        typer.Argument(help="Transcripts or folders; or `stored`: the latest ones that are kept."),
    ],
    speed: Annotated[
        float, typer.Option(min=0.1, max=1000, help="How much faster than they were held.")
    ] = 1.0,
    calls: Annotated[
        int, typer.Option(min=0, max=1000, help="How many at once; by default each one once.")
    ] = 0,
    api: Annotated[
        str, typer.Option(help="Address of the API.", envvar="EMOTION_MONITOR_API_URL")
    ] = "http://127.0.0.1:8600",
) -> None:
    """Hold conversations once more as if they were live, over the API of a service that runs.

    It takes a key of the scopes read and ingest in EMOTION_MONITOR_API_KEY.
    """
    asyncio.run(_simulate(what, speed, calls, api))


async def _simulate(what: list[str], speed: float, calls: int, api: str) -> None:
    import httpx

    from app.live.simulate import Simulation, stored

    key = os.environ.get(KEY, "")
    if not key:
        raise InvalidInputError(
            f"there is no key in {KEY}.",
            remedy="Make one: emotion-monitor key add simulate --scope read --scope ingest"
            " --all-teams",
        )
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=api, headers=headers, timeout=30, limits=limits
    ) as client:
        try:
            found = await stored(client) if what == ["stored"] else _read(what)
        except httpx.TransportError as error:
            raise InvalidInputError(
                f"the API at {api} does not answer.", remedy="Start it: emotion-monitor serve."
            ) from error
        if not found:
            raise InvalidInputError("there is no conversation to hold.")
        simulation = Simulation(client, speed)
        say(f"{calls or len(found)} call(s) at {speed:g} x ...")
        try:
            await simulation.run(found, calls or len(found))
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
    say(f"{simulation.conversations} conversation(s), {simulation.turns} turns")


def _read(what: list[str]) -> list[Conversation]:
    from app.ingest import IngestOptions, read_files

    found = []
    for item in read_files([Path(path) for path in what], IngestOptions()):
        if item.conversation is None:
            say(f"failed: {item.error}")
        elif item.conversation.turns:
            found.append(item.conversation)
    return found
