"""The dashboard over 1,000 conversations of 30 turns, a call of three hours, and a long chat.

    python -m benchmarks.dashboard [--conversations 1000]

It scores them with the real models into an empty folder, serves the API and the dashboard, and
measures the median of three in milliseconds: how long each route takes; how long each page takes
from its address to its first useful content in a real browser; and how long after a person acts
what they asked for is in a frame.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
import time
import wave
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from app.accounts import SESSION_COOKIE
from app.monitor import build_monitor
from app.settings import Settings
from app.store import Store
from multimodal.conversation import Channel, Conversation, Media, Role, Turn
from tests.app.test_dashboard import CHROMIUM, FLAGS
from tests.app.wall.site import Site

CUSTOMER_TURNS, AT_ONCE, TIMES, OPEN = 15, 50, 3, 20
PATIENCE_SECONDS = 60
HOURS, RATE, CHAT_TURNS = 3, 8000, 5000
CALM = ("您好，我想查一下宽带套餐", "好的，谢谢", "明白了", "那就这样办理吧", "请问什么时候能装好")
ANGRY = ("都等了五天了还没人上门", "太让人生气了，我要投诉你们！", "这是什么态度！", "气死我了")
ROUTES = (
    "/wall", "/conversations?sort=-risk", "/conversations?q=投诉&sort=-matches",
    "/conversations?tag=complaint", "/conversations/1", "/conversations/1/replay",
    "/conversations/{call}/replay", "/conversations/{chat}/replay", "/reviews/queues",
    "/reviews/accuracy", "/trends?by=day", "/trends?by=queue", "/trends/hours", "/trends/words",
    "/models/checkpoints", "/conversations/1/report?format=html",
    "/conversations/1/report?format=pdf", "/reports/queue?format=pdf",
)  # fmt: skip
PAGES = {
    "": ".wall tbody tr",
    "conversations": "[data-testid=stDataFrame]",
    "replay?id=1": ".player .turn",
    "replay?id={call}": ".player .turn",
    "replay?id={chat}": ".player .turn",
    "alerts": ".em-alert",
    "rules": ".em-alert",
    "batch": "[data-testid=stFileUploader]",
    "review": "section.desk .turn.here",
    "trends": "[data-testid=stMetric]",
    "models": "[data-testid=stExpander]",
    "accounts": "[data-testid=stDataFrame]",
}
"""What is to be seen of each page before it is of use."""


def measure(conversations: int) -> dict[str, Any]:
    """Milliseconds by route, page and action.

    Args:
        conversations: How many are stored, beside the long ones.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(Path(folder))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            places = _fill(Settings(data_dir=Path(folder)), conversations, Path(folder))
            site.start()
            for index in range(OPEN):
                site.opened(f"open-{index}", CALM[index % len(CALM)])
            found: dict[str, Any] = {}
            for route in ROUTES:
                asked = route.format(**places)
                found[route] = _median(partial(_ask, site, asked))
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.context.add_cookies(
                [{"name": SESSION_COOKIE, "value": site.token, "url": site.pages}]
            )
            for name, useful in PAGES.items():
                asked = name.format(**places)
                found[f"page /{name}"] = _median(partial(_open, page, site, asked, useful))
            found |= _actions(page, site, places)
            return found
        finally:
            browser.close()
            site.stop()


def _actions(page: Page, site: Site, places: dict[str, int]) -> dict[str, float]:
    """From a person's act to the page that has changed; the time of the driver is in it."""
    found = {}
    _open(page, site, "conversations?lang=en", PAGES["conversations"])
    count = page.get_by_text(re.compile(r"^\d+–\d+ of \d+$"))
    words = page.get_by_role("textbox", name="Search")
    words.fill("投诉")
    found["search words"] = _changed(count.text_content, partial(words.press, "Enter"))
    words.fill("")
    found["take words back"] = _changed(count.text_content, partial(words.press, "Enter"))
    level = page.get_by_role("radio", name="Heated")
    found["filter by level"] = _changed(count.text_content, level.click)
    for name, number in {
        "": 1,
        " in three hours": places["call"],
        " in a chat": places["chat"],
    }.items():
        _open(page, site, f"replay?id={number}&lang=en", PAGES["replay?id=1"])
        page.wait_for_timeout(2000)
        stage = page.locator(".player .stage")
        place = partial(stage.get_attribute, "aria-valuenow")
        for key, act in (("n", "next hot moment"), ("ArrowRight", "five seconds on")):
            found[f"{act}{name}"] = _changed(place, partial(page.keyboard.press, key))
        box = stage.bounding_box()
        assert box is not None
        middle = (box["x"] + box["width"] / 2, box["y"] + 60)
        found[f"click on the timeline{name}"] = _changed(place, partial(page.mouse.click, *middle))
    _open(page, site, "review", PAGES["review"])
    here = page.locator("section.desk .turn.here").first
    found["next turn of a review"] = _changed(here.text_content, partial(page.keyboard.press, "j"))
    return {f"act: {name}": took for name, took in found.items()}


def _changed(seen: Callable[[], str | None], act: Callable[[], object]) -> float:
    before, start = seen(), time.perf_counter()
    act()
    while seen() == before:
        if time.perf_counter() - start > PATIENCE_SECONDS:
            raise TimeoutError(f"nothing changed from {before!r}")
    return round((time.perf_counter() - start) * 1000, 1)


def _fill(settings: Settings, conversations: int, folder: Path) -> dict[str, int]:
    """Stores the conversations; the ids of the long ones by name."""
    chance, monitor, now = random.Random(1), build_monitor(settings), datetime.now(UTC)
    with Store(settings) as store:
        for start in range(0, conversations, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, conversations))
            store.save_many([monitor.score(_conversation(n, chance, now)) for n in numbers])
        return {
            "call": store.save(monitor.score(_long_call(chance, now, folder))).id,
            "chat": store.save(monitor.score(_long_chat(chance, now))).id,
        }


def _conversation(number: int, chance: random.Random, now: datetime) -> Conversation:
    said = ANGRY if number % 6 == 0 else CALM
    turns = []
    for index in range(CUSTOMER_TURNS):
        at = index * 10.0
        turns.append(Turn(Role.AGENT, "您好，请讲", at, at + 4, agent_id="1007"))
        turns.append(Turn(Role.CUSTOMER, chance.choice(said), at + 4, at + 9))
    return Conversation(
        f"call-{number}",
        tuple(turns),
        source="pbx",
        queue=f"队列{number % 4}",
        started_at=now - timedelta(hours=number % 700),
    )


def _long_call(chance: random.Random, now: datetime, folder: Path) -> Conversation:
    """Three hours of noise for a recording, on two channels, and a turn every six seconds."""
    path = folder / "three-hours.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        minute = np.random.default_rng(1).normal(0, 800, (60 * RATE, 2)).astype("<i2").tobytes()
        for _ in range(HOURS * 60):
            file.writeframes(minute)
    turns = [
        Turn(*(Role.AGENT, "您好，请讲") if k % 2 else (Role.CUSTOMER, chance.choice(ANGRY + CALM)),
             6.0 * k, 6.0 * k + 5)
        for k in range(HOURS * 600)
    ]  # fmt: skip
    media = Media(path, {0: Role.AGENT, 1: Role.CUSTOMER})
    return Conversation("three-hours", tuple(turns), source="pbx", started_at=now, media=(media,))


def _long_chat(chance: random.Random, now: datetime) -> Conversation:
    turns = [
        Turn(Role.AGENT if k % 2 else Role.CUSTOMER, chance.choice(ANGRY + CALM), 20.0 * k)
        for k in range(CHAT_TURNS)
    ]
    return Conversation(
        "long-chat", tuple(turns), source="im", channel=Channel.CHAT, started_at=now
    )


def _ask(site: Site, route: str) -> None:
    site.client.get(route).raise_for_status()


def _median(what: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        what()
        took.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(took), 1)


def _open(page: Page, site: Site, name: str, useful: str) -> None:
    page.goto(f"{site.pages}/{name}")
    page.locator(useful).first.wait_for(timeout=PATIENCE_SECONDS * 1000)


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--conversations", type=int, default=1000)
    options = parser.parse_args()
    print(json.dumps(measure(options.conversations), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
