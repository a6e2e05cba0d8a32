"""Review in a real browser, over the real API with the real models."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from app.accounts import SESSION_COOKIE
from app.settings import Settings
from tests.app.conftest import session_token
from tests.app.test_dashboard import CHROMIUM, PATIENCE, browser
from tests.app.wall.site import Site
from tests.conftest import require

__all__ = ["browser"]  # A fixture.

SAID = (
    "都等了五天了还没人上门",
    "太让人生气了，我要投诉你们！",
    "好的，谢谢",
    "<b>这是什么态度</b>",
    "算了吧",
)
KEYS = "44214"
"""Angry, angry, happy, neutral... as somebody might hear them."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    require(CHROMIUM.is_file(), "Chromium is not installed")
    folder = tmp_path_factory.mktemp("review")
    running = Site(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()


Opens = Callable[[str, str], Page]


def drawn(page: Page) -> None:
    """Waits until the page is drawn to its end: what is pressed before may be lost."""
    expect(page.get_by_text(re.compile("模型条款|Model terms"))).to_be_visible(timeout=PATIENCE)


@pytest.fixture
def open_as(site: Site, browser: Browser) -> Iterator[Opens]:
    """Opens a browser of somebody's, with a role."""
    contexts = []

    def opens(name: str, role: str) -> Page:
        settings = Settings(data_dir=Path(site.env["EMOTION_MONITOR_DATA_DIR"]))
        token = session_token(settings, name, role)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site.pages}])
        contexts.append(context)
        return context.new_page()

    yield opens
    for context in contexts:
        context.close()


def call(site: Site, name: str, texts: Sequence[str] = SAID, **more: Any) -> int:
    turns = [{"role": "agent", "text": "您好，请讲"}]
    turns += [{"role": "customer", "text": text} for text in texts]
    body = {"external_id": name, "source": "pbx", "turns": turns, **more}
    return int(site.client.post("/conversations", json=body).raise_for_status().json()["id"])


def corrections(site: Site, numbers: list[int]) -> list[tuple[int, int, str]]:
    found = []
    for number in numbers:
        one = site.client.get(f"/conversations/{number}").json()
        found += [
            (number, c["turn"], c["label"]) for c in one["corrections"] if not c["revoked_at"]
        ]
    return found


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_twenty_turns_are_labelled_by_keyboard_alone(site: Site, open_as: Opens) -> None:
    numbers = [call(site, f"c{n}", queue="售后" if n % 2 else "宽带") for n in range(4)]
    body = {"queue": "random", "number": 4, "seed": 5, "turns": 5}
    site.client.post("/reviews/draws", json=body).raise_for_status()
    page = open_as("li", "reviewer")
    page.goto(f"{site.pages}/review?lang=zh")
    desk = page.locator("section.desk")
    expect(desk.get_by_role("button", name=re.compile("抽检"))).to_be_visible(timeout=PATIENCE)
    page.keyboard.press("]")
    for done in range(4):
        expect(desk).to_contain_text("已标注 0 / 5 句", timeout=PATIENCE)
        expect(desk.locator(".turn").nth(4)).to_contain_text("<b>这是什么态度</b>")
        expect(desk).not_to_contain_text("模型：")
        if done == 1:  # One looks at the one before once more, and goes on.
            page.keyboard.press("z")
            expect(desk.locator(".result")).to_be_visible(timeout=PATIENCE)
            page.keyboard.press("Enter")
            expect(desk).to_contain_text("已标注 0 / 5 句", timeout=PATIENCE)
        for key in KEYS:
            page.keyboard.press(key)
        expect(desk).to_contain_text("已标注 5 / 5 句")
        if not done:  # A slip of the finger: the last one was sad.
            page.keyboard.press("z")
            expect(desk).to_contain_text("已标注 4 / 5 句")
            page.keyboard.press("3")
        page.keyboard.press("q")
        expect(desk.locator(".result")).to_contain_text("客户不满", timeout=PATIENCE)
        expect(desk).to_contain_text("模型：")
        page.keyboard.press("Enter")
    expect(desk).to_contain_text("没有待抽检的会话", timeout=PATIENCE)
    found = corrections(site, numbers)
    assert len(found) == 20
    assert sum(label == "sad" for *_, label in found) == 1
    assert sum(label == "angry" for *_, label in found) == 11
    tasks = site.client.get("/reviews/tasks", params={"queue": "random", "done": True}).json()
    assert (tasks["count"], {one["taken_by"] for one in tasks["data"]}) == (4, {"li"})


def test_the_second_reviewer_is_told_and_sees_what_is_kept(site: Site, open_as: Opens) -> None:
    call(site, "shared", SAID[:2] * 2, team="一组")
    page = open_as("wu", "reviewer")
    page.goto(f"{site.pages}/review?lang=en")
    desk = page.locator("section.desk")
    expect(desk).to_contain_text("0 of", timeout=PATIENCE)
    rows = site.client.get("/reviews/tasks", params={"queue": "must", "done": False}).json()["data"]
    mine = next(one for one in rows if one["taken_by"] == "wu")
    site.client.patch(f"/reviews/tasks/{mine['id']}", json={"assignee": "qian"}).raise_for_status()
    page.keyboard.press("4")
    expect(desk.locator(".said")).to_contain_text("It was given to qian", timeout=PATIENCE)
    expect(desk).to_contain_text("0 of")
    site.client.patch(f"/reviews/tasks/{mine['id']}", json={"assignee": ""}).raise_for_status()


def test_an_appeal_is_made_and_decided(site: Site, open_as: Opens) -> None:
    call(site, "appealed", SAID[:2] * 2)
    reviewer = open_as("wu", "reviewer")
    reviewer.goto(f"{site.pages}/review?lang=zh")
    desk = reviewer.locator("section.desk")
    expect(desk.get_by_role("button", name="成立")).to_be_visible(timeout=PATIENCE)
    reviewer.keyboard.press("q")
    expect(desk.locator(".result")).to_contain_text("成立", timeout=PATIENCE)
    verdict = site.client.get("/reviews/verdicts").json()["data"][0]
    boss = open_as("boss", "supervisor")
    boss.goto(f"{site.pages}/review?lang=zh")
    boss.get_by_role("radio", name="结论与申诉").click()
    card = boss.locator(f".st-key-verdict-{verdict['id']}")
    card.get_by_role("button", name="申诉").click()
    boss.get_by_role("textbox", name="理由").fill("客户说的是邻居家的事")
    boss.keyboard.press("Tab")
    boss.get_by_role("button", name="提交申诉").click()
    expect(card).to_contain_text("由初审人和申诉人以外的人裁定", timeout=PATIENCE)
    judge = open_as("qian", "reviewer")
    judge.goto(f"{site.pages}/review?lang=zh")
    judge.get_by_role("radio", name="结论与申诉").click()
    card = judge.locator(f".st-key-verdict-{verdict['id']}")
    expect(card).to_contain_text("客户说的是邻居家的事", timeout=PATIENCE)
    card.get_by_role("button", name="裁定").click()
    judge.get_by_role("button", name="客户没有不满").click()
    expect(card).to_contain_text("qian 裁定：误判（最终）", timeout=PATIENCE)
    until(lambda: bool(site.client.get("/reviews/verdicts").json()["data"][0]["final"]))


def test_trends_and_a_report_of_a_conversation(site: Site, open_as: Opens, tmp_path: Path) -> None:
    page = open_as("li", "reviewer")
    page.goto(f"{site.pages}/trends?lang=zh")
    page.get_by_role("radio", name="全部", exact=True).click()
    expect(page.get_by_text("“不满或激烈”的比例")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("还没有哪个时段达到 21 通会话")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("客户情绪不等于坐席表现").first).to_be_visible()
    number = site.client.get("/conversations").json()["data"][0]["id"]
    page.goto(f"{site.pages}/replay?id={number}&lang=zh")
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="评估报告 PDF").click()
    file = tmp_path / "report.pdf"
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"%PDF-")


def test_the_models_page_is_for_admins(site: Site, open_as: Opens) -> None:
    page = open_as("root", "admin")
    page.goto(f"{site.pages}/models?lang=zh")
    first = page.locator("details").first
    expect(first).to_contain_text("使用中", timeout=PATIENCE)
    first.locator("summary").click()
    expect(first.get_by_text("模型卡")).to_be_visible(timeout=PATIENCE)
    expect(
        page.get_by_text("还没有抽检结果").or_(page.get_by_text("抽检中，模型给出"))
    ).to_be_visible()
    other = open_as("li", "reviewer")
    other.goto(f"{site.pages}/review?lang=zh")
    expect(other.locator("section.desk")).to_be_visible(timeout=PATIENCE)
    expect(other.get_by_role("link", name="模型")).to_have_count(0)
