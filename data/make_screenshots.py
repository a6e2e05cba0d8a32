"""Takes the screenshots of the documents: `python data/make_screenshots.py [--all FOLDER]`.

Needs the development install and Debian's chromium. Scores the samples into a folder of its own,
serves API and dashboard on free ports, makes up a day (`screenshot_site.py`), and photographs every
page in both languages. `--all` takes every page for somebody to look at: each language light and
dark, at 1280 px and at a tablet's width.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from app.accounts import SESSION_COOKIE

sys.path.insert(0, str(Path(__file__).parent))
import screenshot_site

OUT = Path(__file__).parent / "screenshots"
SAMPLES = Path(__file__).parent / "samples"
COMMAND = Path(sys.executable).with_name("emotion-monitor")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 120_000
PASSWORD = re.compile(r"password (\S+) \(shown this once\)")
OWN = "a password of my own"
WIDTH, TABLET = 1280, 834
SHOWN = (("light", WIDTH, ("zh", "en")),)
LOOKS = (
    ("light", WIDTH, ("zh",)),
    ("dark", TABLET, ("zh",)),
    ("dark", WIDTH, ("en",)),
    ("light", TABLET, ("en",)),
)
"""Scheme, width and languages: each pair of them is there once."""
COLOURS = 200


@dataclass(frozen=True)
class Site:
    """Where it is served, and the admin's session."""

    pages: str
    api: str
    token: str


@dataclass(frozen=True)
class View:
    """A page to photograph.

    Attributes:
        path: Its address, up to `lang`.
        height: Of the picture.
        prepare: What a person does before, given the page and its language.
        shown: Whether the documents show it.
    """

    path: str
    height: int
    prepare: Callable[[Page, str], None] = lambda *_: None
    shown: bool = True


def settled(page: Page) -> None:
    """Waits until nothing on the page is still being loaded."""
    page.wait_for_selector("[data-testid=stAppViewContainer]", timeout=PATIENCE)
    page.wait_for_selector(".st-key-footer", state="attached", timeout=PATIENCE)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stStatusWidget]')",
        timeout=PATIENCE,
    )
    page.wait_for_timeout(1500)


def _choose(zh: str, en: str) -> Callable[[Page, str], None]:
    def choose(page: Page, language: str) -> None:
        page.get_by_role("radio", name=zh if language == "zh" else en).click()
        settled(page)

    return choose


def _try_rule(page: Page, language: str) -> None:
    zh = language == "zh"
    page.get_by_role("button", name="新建规则" if zh else "New rule").click()
    settled(page)
    page.get_by_role("textbox", name="词（每行一个" if zh else "Words (one a line").fill(
        "没人来\n还没\n投诉"
    )
    name = page.get_by_role("textbox", name="名称" if zh else "Name", exact=True)
    name.fill("久等未处理" if zh else "Left waiting")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="试运行" if zh else "Try", exact=True).click()
    page.get_by_text("会触发" if zh else "An hour on average").first.wait_for(timeout=PATIENCE)
    settled(page)


def _drop_files(page: Page, _language: str) -> None:
    page.locator("input[type=file]").set_input_files(sorted(SAMPLES.glob("*.*")))
    page.wait_for_url("**batch=*", timeout=PATIENCE)
    settled(page)


def _film(page: Page, _language: str) -> None:
    film = page.locator("video").element_handle(timeout=PATIENCE)
    page.wait_for_function("video => video.readyState >= 2", arg=film, timeout=PATIENCE)


def _ever(page: Page, language: str) -> None:
    _choose("全部", "All")(page, language)
    page.locator(".js-plotly-plot").nth(1).wait_for(timeout=PATIENCE)
    settled(page)


def _unfold(page: Page, _language: str) -> None:
    page.locator("[data-testid=stExpander] summary").first.click()
    settled(page)


def views(video: int) -> dict[str, View]:
    """Every page and state, by the name of its picture."""
    return {
        "wall": View("/?", 900),
        "screen": View("/?screen=1&", 720),
        "alerts": View("/alerts?", 900),
        "alerts-closed": View("/alerts?", 700, _choose("已关闭", "Closed"), shown=False),
        "alerts-precision": View("/alerts?", 700, _choose("规则准确率", "Precision"), shown=False),
        "rules": View("/rules?", 900, shown=False),
        "rule": View("/rules?", 1250, _try_rule),
        "webhooks": View("/rules?", 700, _choose("推送（Webhook）", "Webhooks"), shown=False),
        "accounts": View("/accounts?", 760),
        "keys": View("/accounts?", 700, _choose("API 密钥", "API keys"), shown=False),
        "audit": View("/accounts?", 900, _choose("操作记录", "Audit"), shown=False),
        "conversations": View("/conversations?", 820),
        "search": View("/conversations?q=投诉&sort=&", 700),
        "replay": View(f"/replay?id={video}&", 1320, _film),
        "replay-chat": View(
            "/replay?source=samples&external_id=IM20260618-004417&", 1100, shown=False
        ),
        "review": View("/review?", 1000),
        "review-learn": View("/review?queue=learn&", 1000, shown=False),
        "trends": View("/trends?", 1300, _ever),
        "models": View("/models?", 1200, _unfold),
        "batch": View("/batch?", 900, _drop_files),
    }


def photograph(page: Page, path: Path) -> None:
    """A picture of few colours, which is a third as large and looks the same."""
    page.screenshot(path=path)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def shoot(site: Site, browser: Browser, folder: Path, only: set[str], *, every: bool) -> None:
    """Photographs the pages."""
    found = httpx.get(
        f"{site.api}/conversations",
        params={"channel": "video", "source": "samples"},
        headers={"Authorization": f"Bearer {site.token}"},
    ).json()["data"]
    video = next((row["id"] for row in found if row["media_count"]), 1)
    for scheme, width, languages in LOOKS if every else SHOWN:
        with _context(browser, scheme, width, site) as context:
            for name, view in views(video).items():
                if not (every or view.shown) or (only and name not in only):
                    continue
                for language in languages:
                    page = context.new_page()
                    page.set_viewport_size({"width": width, "height": view.height})
                    page.goto(f"{site.pages}{view.path}lang={language}")
                    settled(page)
                    view.prepare(page, language)
                    end = f"-{scheme}-{width}" if every else ""
                    photograph(page, folder / f"{name}-{language}{end}.png")
                    page.close()
        if not only or "sign-in" in only:
            _sign_in_page(site, browser, folder, scheme, languages, f"-{scheme}" if every else "")


@contextmanager
def _context(browser: Browser, scheme: str, width: int, site: Site) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": SESSION_COOKIE, "value": site.token, "url": site.pages}])
    yield context
    context.close()


def _sign_in_page(
    site: Site, browser: Browser, folder: Path, scheme: str, languages: Sequence[str], end: str
) -> None:
    page = browser.new_page(
        viewport={"width": 900, "height": 620},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    base = site.api.removesuffix("/api/v1")
    for language in languages:
        page.goto(f"{base}/sign-in?lang={language}&expired=1")
        photograph(page, folder / f"sign-in-{language}{end}.png")
    page.close()


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served() -> Iterator[Site]:
    """A site with the samples and a made-up day, until the block ends."""
    api, pages = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "EMOTION_MONITOR_DATA_DIR": folder,
            "EMOTION_MONITOR_PORT": str(api),
            "EMOTION_MONITOR_DASHBOARD_PORT": str(pages),
            "EMOTION_MONITOR_LISTEN_URL": "https://pbx.example/listen?callId={external_id}",
            "EMOTION_MONITOR_TICKET_URL": "https://crm.example/ticket?callId={external_id}",
        }
        demo = subprocess.run([COMMAND, "demo"], env=env, check=True, stderr=subprocess.PIPE)
        password = PASSWORD.search(demo.stderr.decode())
        assert password is not None, "the demo did not say the first admin's password"
        server = subprocess.Popen([COMMAND, "serve"], env=env)
        try:
            base = f"http://127.0.0.1:{api}"
            for url in (f"{base}/readyz", f"http://127.0.0.1:{pages}/_stcore/health"):
                _wait(url)
            form = {"name": "admin", "password": password[1], "new": OWN, "again": OWN}
            token = httpx.post(f"{base}/sign-in", data=form).cookies[SESSION_COOKIE]
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"{base}/api/v1", headers=headers, timeout=60) as client:
                screenshot_site.set_up(client)
            yield Site(f"http://127.0.0.1:{pages}", f"{base}/api/v1", token)
        finally:
            server.terminate()
            server.wait(30)


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise TimeoutError(f"{url} does not answer")


def main() -> None:
    """Serves a made-up day and photographs it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, help="Folder for every page in every look.")
    parser.add_argument("--only", nargs="*", default=[], help="Names of pictures.")
    given = parser.parse_args()
    folder: Path = given.all or OUT
    folder.mkdir(parents=True, exist_ok=True)
    with served() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        shoot(site, browser, folder, set(given.only), every=given.all is not None)
        browser.close()


if __name__ == "__main__":
    main()
