"""The wall under load: 50 open conversations that change, watched in a real browser.

    python -m benchmarks.wall --minutes 5

It serves the API with the real models and the dashboard from an empty folder, opens the
conversations, and posts turns in all of them, one after the other. In the browser the row under the
pointer is looked at in every frame: whether it moves, and when the others are sorted. Of every
conversation that turns heated it is measured how long after its turn was sent the row is red.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from app.accounts import SESSION_COOKIE
from tests.app.test_dashboard import CHROMIUM, FLAGS
from tests.app.wall.site import ANGRY, CALM, STILL, Site

CONVERSATIONS = 50
PAUSE_SECONDS = 0.05
"""Between two turns."""
REDDENED = """
() => {
  const root = [...document.querySelectorAll('*')].find(e => e.shadowRoot?.querySelector('.wall'));
  window.reddened = {};
  const look = () => {
    for (const row of root.shadowRoot.querySelectorAll('tbody tr.heated')) {
      window.reddened[row.dataset.id] ??= Date.now() / 1000;
    }
    requestAnimationFrame(look);
  };
  look();
}
"""
"""Notes when each row is red for the first time, in seconds since 1970."""


def measure(minutes: float) -> dict[str, Any]:
    """The figures of one run.

    Args:
        minutes: How long turns are posted.
    """
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Site(Path(folder))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            site.start()
            numbers = [site.opened(f"call-{index}", CALM) for index in range(CONVERSATIONS)]
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.context.add_cookies(
                [{"name": SESSION_COOKIE, "value": site.token, "url": site.pages}]
            )
            page.goto(site.pages)
            rows = page.locator(".wall tbody tr")
            rows.nth(CONVERSATIONS - 1).wait_for(timeout=60_000)
            rows.nth(4).hover()
            page.evaluate(f"() => {{ window.watched = ({STILL})({minutes * 60 + 1}) }}")
            page.evaluate(REDDENED)
            sent, turns = _post(site, numbers, minutes * 60)
            seen = page.evaluate("window.watched")
            red = page.evaluate("window.reddened")
        finally:
            browser.close()
            site.stop()
    delays = [red[str(number)] - at for number, at in sent.items() if str(number) in red]
    gaps = [after - first for first, after in zip(seen["sorted"], seen["sorted"][1:], strict=False)]
    return {
        "minutes": minutes,
        "conversations": CONVERSATIONS,
        "turns": turns,
        "frames_looked_at": seen["frames"],
        "frames_in_which_the_row_under_the_pointer_moved": seen["moved"],
        "times_sorted": len(seen["sorted"]),
        "least_seconds_between_sorts": round(min(gaps) / 1000, 2) if gaps else None,
        "turned_red": len(delays),
        **_spread(delays),
    }


def _spread(delays: list[float]) -> dict[str, float]:
    """Percentiles of the seconds to red; nothing where fewer than two rows turned red."""
    if len(delays) < 2:
        return {}
    return {
        "seconds_to_red_p50": round(statistics.median(delays), 2),
        "seconds_to_red_p95": round(statistics.quantiles(delays, n=20)[-1], 2),
        "seconds_to_red_max": round(max(delays), 2),
    }


def _post(site: Site, numbers: list[int], seconds: float) -> tuple[dict[int, float], int]:
    """Turns in all conversations until the time is over.

    Returns:
        When the turn was sent that made each heated, and how many turns there were.
    """
    sent: dict[int, float] = {}
    end = time.monotonic() + seconds
    turns = 0
    while time.monotonic() < end:
        turns += 1
        number = numbers[turns * 7 % len(numbers)]
        at = time.time()
        level = site.said(number, ANGRY if turns * 7 // len(numbers) % 3 else CALM)
        if level == "heated":
            sent.setdefault(number, at)
        time.sleep(PAUSE_SECONDS)
    return sent, turns


def main() -> None:
    """Prints the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=5.0)
    print(json.dumps(measure(parser.parse_args().minutes), indent=2))


if __name__ == "__main__":
    main()
