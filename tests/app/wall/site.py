"""A site of its own for the wall's tests: an API that can be stopped and started, a dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from app.accounts import SESSION_COOKIE
from app.server import DASHBOARD
from app.settings import Settings
from app.store import upgrade
from tests.app.conftest import session_token
from tests.app.test_dashboard import CHROMIUM, COMMAND, PATIENCE, free_port

__all__ = ["CHROMIUM", "PATIENCE", "Site", "opened_page", "press_until"]

ANGRY = "都等了五天了还没人上门，太让人生气了，我要投诉你们！"
CALM = "好的，谢谢"
STILL = """
seconds => new Promise(resolve => {
  const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.wall'));
  const rows = () => [...root.shadowRoot.querySelectorAll('tbody tr')];
  const held = rows().find(row => row.matches(':hover'));
  const top = held.getBoundingClientRect().top;
  const order = () => rows().map(row => row.dataset.id).join();
  const seen = { id: held.dataset.id, moved: 0, frames: 0, sorted: [], rows: rows().length };
  let before = order();
  const end = performance.now() + seconds * 1000;
  (function look() {
    const now = performance.now();
    seen.frames += 1;
    if (!held.matches(':hover') || held.getBoundingClientRect().top !== top) seen.moved += 1;
    const after = order();
    if (after !== before && after.length === before.length) seen.sorted.push(now);
    before = after;
    if (now < end) requestAnimationFrame(look);
    else resolve(seen);
  })();
})
"""
"""Watches the row under the pointer, frame by frame, and when the others were sorted."""


class Site:
    """The servers of one site.

    Args:
        folder: Where its data lie.
        settings: Further settings, by the names of their environment variables.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.api_port, self.pages_port = free_port(), free_port()
        self.api = f"http://127.0.0.1:{self.api_port}/api/v1"
        self.pages = f"http://127.0.0.1:{self.pages_port}"
        self.env = {
            **os.environ,
            "EMOTION_MONITOR_DATA_DIR": str(folder),
            "EMOTION_MONITOR_PORT": str(self.api_port),
            "EMOTION_MONITOR_DASHBOARD_PORT": str(self.pages_port),
            "EMOTION_MONITOR_API_URL": f"http://127.0.0.1:{self.api_port}",
            **settings,
        }
        # A setting of the dashboard's, which the API does not know.
        self._api_env = {k: v for k, v in self.env.items() if k != "EMOTION_MONITOR_API_URL"}
        self._api: subprocess.Popen[bytes] | None = None
        self._pages: subprocess.Popen[bytes] | None = None
        self.settings = Settings(data_dir=folder)
        upgrade(self.settings)
        self.token = session_token(self.settings)
        headers = {"Authorization": f"Bearer {self.token}"}
        self.client = httpx.Client(base_url=self.api, timeout=60, headers=headers)

    def start(self) -> None:
        """Starts both, and waits until they answer."""
        options = ("--server.headless=true", "--server.fileWatcherType=none",
                   "--browser.gatherUsageStats=false", "--client.toolbarMode=minimal")  # fmt: skip
        command = [sys.executable, "-m", "streamlit", "run", str(DASHBOARD), *options]
        self._pages = _run([*command, f"--server.port={self.pages_port}"], self.env)
        self.start_api()
        _wait(f"{self.pages}/_stcore/health", self._pages)

    def start_api(self) -> None:
        """Starts the API alone."""
        self._api = _run([str(COMMAND), "serve", "--no-dashboard"], self._api_env)
        _wait(f"http://127.0.0.1:{self.api_port}/readyz", self._api)

    def stop_api(self) -> None:
        """Kills the API, as a crash would."""
        assert self._api is not None
        self._api.kill()
        self._api.wait(30)

    def stop(self) -> None:
        """Stops both; the dashboard, which keeps nothing, at once."""
        self.client.close()
        if self._pages is not None:
            self._pages.kill()
            self._pages.wait(30)
        if self._api is not None and self._api.poll() is None:
            self._api.terminate()
            self._api.wait(30)

    def opened(self, external_id: str, *texts: str, **metadata: Any) -> int:
        """An open conversation in which the customer said these things, by its id."""
        body = {"external_id": external_id, "source": "pbx", "turns": [], **metadata}
        answer = self.client.post("/conversations", params={"state": "open"}, json=body)
        number = int(answer.raise_for_status().json()["id"])
        for text in texts:
            self.said(number, text)
        return number

    def said(self, number: int, text: str, **turn: Any) -> str:
        """Appends a turn, of the customer where nothing else is said; the level after it."""
        body = {"role": "customer", "text": text, **turn}
        answer = self.client.post(f"/conversations/{number}/turns", json=body)
        return str(answer.raise_for_status().json()["level"])

    def close_all(self) -> None:
        """Closes what is open, so that the next test has the wall to itself."""
        for row in self.client.get("/wall", params={"limit": 500}).json()["data"]:
            self.client.post(f"/conversations/{row['id']}/close").raise_for_status()


@contextmanager
def opened_page(site: Site, browser: Browser, token: str = "") -> Iterator[Page]:
    """A page of a browser that is signed in, as the admin where no token is given."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": SESSION_COOKIE, "value": token or site.token, "url": site.pages}])
    try:
        yield context.new_page()
    finally:
        context.close()


def press_until(page: Page, key: str, seen: Locator) -> None:
    """Presses a key until it shows: once is enough, but for the first moments of a page.

    Streamlit runs a page's scripts some 0.3 s after it has drawn it.
    """
    deadline = time.monotonic() + PATIENCE / 1000
    while not seen.is_visible() and time.monotonic() < deadline:
        page.keyboard.press(key)
        with suppress(PlaywrightTimeout):
            seen.wait_for(timeout=4000)
    expect(seen).to_be_visible()


def _run(command: list[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        assert server.poll() is None, "the server ended"
        time.sleep(0.1)
