"""Takes the screenshots of the documents: `python data/make_screenshots.py`.

Needs the development install and Debian's chromium. Scores the samples into a folder of its own,
serves API and dashboard on free ports, and photographs every page in both languages.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parent / "screenshots"
COMMAND = Path(sys.executable).with_name("emotion-monitor")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE = 120_000


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settled(page: Page) -> None:
    """Waits until nothing on the page is still being loaded."""
    page.wait_for_selector("[data-testid=stAppViewContainer]", timeout=PATIENCE)
    page.wait_for_timeout(2000)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stStatusWidget]')",
        timeout=PATIENCE,
    )
    page.wait_for_timeout(2500)


def shoot(pages: str, api: str) -> None:
    """Photographs every page."""
    found = httpx.get(f"{api}/conversations", params={"channel": "video"}).json()["data"]
    views = {
        "conversations": ("/?", 820),
        "replay": (f"/replay?id={found[0]['id']}&", 1320),
        "batch": ("/batch?", 900),
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for language in ("zh", "en"):
            for name, (path, height) in views.items():
                page = browser.new_page(viewport={"width": 1360, "height": height})
                page.goto(f"{pages}{path}lang={language}")
                settled(page)
                if name == "batch":
                    files = sorted((Path(__file__).parent / "samples").glob("*.*"))
                    page.locator("input[type=file]").set_input_files(files)
                    page.wait_for_url("**batch=*", timeout=PATIENCE)
                    settled(page)
                if name == "replay":
                    page.wait_for_function("document.querySelector('video').readyState >= 2")
                page.screenshot(path=OUT / f"{name}-{language}.png")
                page.close()
        browser.close()


def main() -> None:
    """Serves the samples and photographs them."""
    OUT.mkdir(exist_ok=True)
    api, pages = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **os.environ,
            "EMOTION_MONITOR_DATA_DIR": folder,
            "EMOTION_MONITOR_PORT": str(api),
            "EMOTION_MONITOR_DASHBOARD_PORT": str(pages),
        }
        subprocess.run([COMMAND, "demo"], env=env, check=True)
        server = subprocess.Popen([COMMAND, "serve"], env=env)
        try:
            for url in (f"http://127.0.0.1:{api}/readyz", f"http://127.0.0.1:{pages}"):
                for _ in range(300):
                    try:
                        httpx.get(url).raise_for_status()
                        break
                    except httpx.HTTPError:
                        time.sleep(0.3)
            shoot(f"http://127.0.0.1:{pages}", f"http://127.0.0.1:{api}/api/v1")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
