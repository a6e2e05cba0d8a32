"""Review, trends and reports over 1,000 conversations of 30 turns: routes, pages, one key.

    python -m benchmarks.review

It scores them with the real models into an empty folder, serves the API and the dashboard, and
measures the best of three: how long each route takes, how long a page takes from its address to
its first useful content in a real browser, and how long after a key the next turn is marked.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.accounts import SESSION_COOKIE
from app.monitor import build_monitor
from app.settings import Settings
from app.store import Store
from multimodal.conversation import Conversation, Role, Turn
from tests.app.test_dashboard import CHROMIUM, FLAGS
from tests.app.wall.site import Site

CONVERSATIONS, CUSTOMER_TURNS, AT_ONCE, TIMES = 1000, 15, 50, 3
CALM = ("您好，我想查一下宽带套餐", "好的，谢谢", "明白了", "那就这样办理吧", "请问什么时候能装好")
ANGRY = ("都等了五天了还没人上门", "太让人生气了，我要投诉你们！", "这是什么态度！", "气死我了")
ROUTES = (
    "/reviews/queues", "/reviews/accuracy", "/trends?by=day", "/trends?by=queue", "/trends/hours",
    "/trends/words", "/models/checkpoints", "/conversations/1/report?format=html",
    "/conversations/1/report?format=pdf", "/reports/queue?format=pdf",
)  # fmt: skip
PAGES = {
    "review": "section.desk .turn.here",
    "trends": "[data-testid=stMetric]",
    "models": "[data-testid=stExpander]",
}
"""What is to be seen of each page before it is of use."""
MARKED = """
() => new Promise(resolve => {
  const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.desk'));
  const at = () => root.shadowRoot.querySelector('.turn.here')?.textContent.slice(0, 12);
  const before = at(), start = performance.now();
  document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j' }));
  (function look() {
    if (at() !== before) requestAnimationFrame(() => resolve(performance.now() - start));
    else requestAnimationFrame(look);
  })();
})
"""
"""Milliseconds from a key to the frame after the next turn is marked."""


def measure() -> dict[str, Any]:
    """Milliseconds by route and by page, and of one key."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(Path(folder))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            _fill(Settings(data_dir=Path(folder)))
            site.start()
            found: dict[str, Any] = {
                route: _best(partial(site.client.get, route)) for route in ROUTES
            }
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.context.add_cookies(
                [{"name": SESSION_COOKIE, "value": site.token, "url": site.pages}]
            )
            for name, useful in PAGES.items():
                found[f"page {name}"] = _best(partial(_open, page, site, name, useful))
            _open(page, site, "review", PAGES["review"])
            found["key"] = round(page.evaluate(MARKED), 1)
            return found
        finally:
            browser.close()
            site.stop()


def _fill(settings: Settings) -> None:
    chance, monitor, now = random.Random(1), build_monitor(settings), datetime.now(UTC)
    with Store(settings) as store:
        for start in range(0, CONVERSATIONS, AT_ONCE):
            store.save_many(
                [
                    monitor.score(_conversation(number, chance, now))
                    for number in range(start, start + AT_ONCE)
                ]
            )


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


def _best(what: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        start = time.perf_counter()
        what()
        took.append((time.perf_counter() - start) * 1000)
    return round(min(took), 1)


def _open(page: Page, site: Site, name: str, useful: str) -> None:
    page.goto(f"{site.pages}/{name}")
    page.locator(useful).first.wait_for(timeout=60_000)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1, ensure_ascii=False))
