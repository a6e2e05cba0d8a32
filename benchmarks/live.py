"""Live calls: `python -m benchmarks.live [latency|kills] [--calls 50] [--database URL]`.

`latency` holds so many calls at once over the API of a service of its own, each turn 4 s after the
one before it, and follows the events: p50 and p95 from the moment that a turn is sent to the moment
that its event arrives, once with words of several calls scored together and once with each alone.

`kills` kills the service at random moments (SIGKILL) while clients post turns with idempotency keys
and repeat what was not answered; then it looks for turns that were acknowledged and are not there,
and for turns that are there twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from app.accounts.sign_in import make_key
from app.live.simulate import Posted, Simulation
from app.settings import Settings
from app.store import LOCAL, Store, upgrade
from app.store.keys import NewKey
from benchmarks.batch import AGENT, CUSTOMER
from multimodal.conversation import Channel, Conversation, Role, Turn

APART = 4.0
"""Seconds between turns."""
START_SECONDS = 60.0


def dialogues(calls: int, turns: int) -> list[Conversation]:
    """Made-up calls; no turn of a call is like another."""
    chance = random.Random(1)
    return [
        Conversation(
            f"call-{number}",
            tuple(
                Turn(
                    Role.CUSTOMER if k % 2 else Role.AGENT,
                    f"{chance.choice(CUSTOMER if k % 2 else AGENT)}（{k}）",
                    start=APART * k,
                    end=APART * k + 3.5,
                )
                for k in range(turns)
            ),
            channel=Channel.PHONE,
        )
        for number in range(calls)
    ]


@dataclass
class Service:
    """A service of its own, in a process of its own.

    Args:
        settings: Its database, folder and port.
        alone: Whether each turn's words are scored alone.
    """

    settings: Settings
    alone: bool = False
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        arguments = ["-m", "benchmarks.live", "serve", *(["--alone"] if self.alone else [])]
        given = self.settings
        environment = {
            "EMOTION_MONITOR_DATA_DIR": str(given.data_dir),
            "EMOTION_MONITOR_DATABASE_URL": given.database_url,
            "EMOTION_MONITOR_PORT": str(given.port),
        }
        self.process = subprocess.Popen(
            [sys.executable, *arguments], env={**os.environ, **environment}
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, "the service ended"
            time.sleep(0.05)
        raise TimeoutError("the service does not answer")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends it."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.settings.port}"


def ready(folder: Path, database: str = "") -> tuple[Settings, dict[str, str]]:
    """Settings of a service on a free port, and the headers of a client with a key to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(data_dir=folder / "data", database_url=database, port=port)
    upgrade(settings)
    with Store(settings) as store:
        _, secret = make_key(store, NewKey(f"live-{port}", ("read", "ingest"), None), LOCAL)
    return settings, {"Authorization": f"Bearer {secret}"}


@dataclass
class Events:
    """Follows the events, and comes back where it was cut off."""

    arrived: dict[tuple[int, int], float] = field(default_factory=dict)
    """When each turn's event came, by conversation and number."""

    async def follow(self, client: httpx.AsyncClient) -> None:
        """Until it is cancelled."""
        last = "0"
        while True:
            headers = {"Last-Event-ID": last}
            async with client.stream(
                "GET", "/api/v1/events", headers=headers, timeout=60
            ) as answer:
                fields: dict[str, str] = {}
                async for line in answer.aiter_lines():
                    name, _, value = line.partition(": ")
                    if line:
                        fields[name] = value
                        continue
                    if fields.get("event") == "turn":
                        data = json.loads(fields["data"])
                        key = (data["conversation_id"], data["number"])
                        self.arrived.setdefault(key, time.monotonic())
                    last = fields.get("id", last)
                    fields = {}


async def latency(service: Service, headers: dict[str, str], calls: int, turns: int) -> Any:
    """Seconds from sending a turn to its event, and to its answer, as p50 and p95."""
    sent: list[Posted] = []
    events = Events()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(
        base_url=service.url, headers=headers, timeout=30, limits=limits
    ) as client:
        following = asyncio.create_task(events.follow(client))
        await asyncio.sleep(1)
        simulation = Simulation(client, posted=sent.append)
        started = time.monotonic()
        await simulation.run(dialogues(calls, turns), calls)
        wall = time.monotonic() - started
        await asyncio.sleep(1)
        following.cancel()
    late = [events.arrived[one.conversation_id, one.number] - one.at for one in sent]
    return {
        "calls": calls,
        "turns": len(sent),
        "turns_per_second": round(len(sent) / wall, 1),
        "event_p50": round(float(np.percentile(late, 50)), 3),
        "event_p95": round(float(np.percentile(late, 95)), 3),
        "event_max": round(max(late), 3),
        "answer_p50": round(float(np.percentile([one.seconds for one in sent], 50)), 3),
        "load": os.getloadavg()[0],
    }


async def kills(
    service: Service, headers: dict[str, str], number: int, calls: int, turns: int
) -> dict[str, int]:
    """Kills the service so often while turns come; what was lost and what is there twice."""
    chance = random.Random(7)
    taken: list[Posted] = []
    async with httpx.AsyncClient(base_url=service.url, headers=headers, timeout=30) as client:
        simulation = Simulation(client, speed=100.0, posted=taken.append, patience=600.0)
        done = 0
        holding = asyncio.create_task(_hold(simulation, calls, turns, lambda: done < number))
        while done < number and not holding.done():
            await asyncio.sleep(chance.uniform(0.05, 1.5))
            service.end(signal.SIGKILL)
            await asyncio.to_thread(service.start)
            done += 1
        await holding
    return {"kills": done, "acknowledged": len(taken)} | _compare(service.settings, taken)


async def _hold(simulation: Simulation, calls: int, turns: int, going_on: Any) -> None:
    """Calls, and more of them for as long as there is to be killed."""
    while True:
        await simulation.run(dialogues(calls, turns), calls)
        if not going_on():
            return


def _compare(settings: Settings, taken: Sequence[Posted]) -> dict[str, int]:
    acknowledged: dict[int, Counter[str]] = {}
    for one in taken:
        acknowledged.setdefault(one.conversation_id, Counter())[one.text] += 1
    lost = twice = 0
    with Store(settings) as store:
        for number, said in acknowledged.items():
            kept = Counter(turn.turn.text for turn in store.get(number, LOCAL).scored.turns)
            lost += (said - kept).total()
            twice += sum(count - 1 for count in kept.values())
    return {"lost": lost, "duplicated": twice}


def main() -> None:
    """Runs what is asked for, and prints a line of JSON for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("latency", "kills", "serve"))
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--turns", type=int, default=30)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--database", default="")
    parser.add_argument("--alone", action="store_true")
    given = parser.parse_args()
    if given.what == "serve":
        _serve(given.alone)
        return
    for alone in (False, True) if given.what == "latency" else (False,):
        with tempfile.TemporaryDirectory() as folder:
            settings, headers = ready(Path(folder), given.database)
            service = Service(settings, alone)
            service.start()
            try:
                if given.what == "latency":
                    found = asyncio.run(latency(service, headers, given.calls, given.turns))
                    found["scored"] = "alone" if alone else "together"
                else:
                    found = asyncio.run(
                        kills(service, headers, given.kills, given.calls, given.turns)
                    )
                found["database"] = settings.safe_database_url.partition(":")[0]
                print(json.dumps(found))
            finally:
                service.end()


def _serve(alone: bool) -> None:
    from app.api import application
    from app.server import serve

    if alone:
        vars(application)["together"] = lambda monitor: monitor
    serve(Settings(), dashboard=False)


if __name__ == "__main__":
    main()
