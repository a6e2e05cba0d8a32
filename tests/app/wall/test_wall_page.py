"""The wall in a real browser, over the real API with the real models."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.store import Store
from tests.app.conftest import session_token
from tests.app.test_dashboard import PATIENCE, browser
from tests.app.wall.site import ANGRY, CALM, STILL, Site, opened_page

__all__ = ["browser"]  # A fixture.


HEATED = re.compile("^heated")
"""With or without an alert: rules open one for it a moment later."""


@pytest.fixture
def site(live_site: Site) -> Site:
    live_site.close_all()
    return live_site


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with opened_page(site, browser) as page:
        yield page


def rows(page: Page) -> Locator:
    return page.locator(".wall tbody tr")


def show(page: Page, site: Site, count: int, query: str = "") -> None:
    page.goto(f"{site.pages}/?lang=zh{query}")
    expect(rows(page)).to_have_count(count, timeout=PATIENCE)


def test_a_conversation_turns_red_within_two_seconds_of_the_turn(site: Site, page: Page) -> None:
    number = site.opened("call-1", CALM, team="一组", queue="售后", customer_display="138****1234")
    show(page, site, 1)
    row = rows(page).first
    expect(row).to_have_class("calm")
    assert page.title() == "客服情绪监测"
    site.said(number, ANGRY)
    site.said(number, ANGRY)
    expect(row).to_have_class(HEATED, timeout=2000)
    expect(row.get_by_role("rowheader")).to_contain_text("激烈")
    expect(row).to_contain_text("还没人上门")
    expect(row).to_contain_text("一组 · 售后")
    expect(row.get_by_role("link", name="监听")).to_have_attribute(
        "href", "https://pbx.example/listen?callId=call-1"
    )
    expect(page.locator(".wall [aria-live=assertive]")).to_contain_text("需要处理：激烈")


def test_the_keyboard_alone(site: Site, page: Page) -> None:
    calm = site.opened("call-calm", CALM)
    hot = site.opened("call-hot", CALM, ANGRY, ANGRY)
    show(page, site, 2)
    page.keyboard.press("ArrowDown")
    focused = page.locator(".wall tbody tr:focus")
    expect(focused).to_have_attribute("data-id", str(hot))
    page.keyboard.press("ArrowDown")
    expect(focused).to_have_attribute("data-id", str(calm))
    page.keyboard.press("ArrowUp")
    expect(focused).to_contain_text(
        "预警：连续愤怒"
    )  # One of the rules that there are from the start.
    page.keyboard.press("a")
    expect(focused).to_contain_text("tester 已确认")
    page.keyboard.press("t")
    expect(focused).to_contain_text("tester 处理中")
    expect(page.locator(".wall .said")).to_contain_text("已由你处理")
    page.keyboard.press("a")
    expect(page.locator(".wall .said")).to_contain_text("没有待确认的预警")
    # It sinks when nobody is at it any more.
    expect(rows(page).first).to_have_attribute("data-id", str(hot))
    page.locator(".wall .bar select").first.focus()
    expect(rows(page).first).to_have_attribute("data-id", str(calm), timeout=8000)
    page.keyboard.press("Escape")
    page.locator(".wall thead").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("确认预警")
    page.keyboard.press("Escape")
    rows(page).last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".turn.here").first).to_contain_text("都等了五天", timeout=PATIENCE)
    assert parse_qs(urlsplit(page.url).query)["external_id"] == ["call-hot"]


def test_an_open_conversation_is_followed_and_one_that_is_deleted_says_so(
    site: Site, page: Page
) -> None:
    number = site.opened("call-2", CALM, ANGRY)
    show(page, site, 1)
    rows(page).first.locator("a.words").click()
    expect(page.get_by_text("会话进行中")).to_be_visible(timeout=PATIENCE)
    site.said(number, "再等下去我就不要了")
    said = page.get_by_text("再等下去我就不要了", exact=True)  # An alert quotes it too.
    expect(said).to_be_visible(timeout=PATIENCE)
    site.client.delete(f"/conversations/{number}").raise_for_status()
    expect(page.get_by_text("这个会话已不存在")).to_be_visible(timeout=PATIENCE)


def test_a_conversation_that_ends_or_is_deleted_says_so_on_the_wall(site: Site, page: Page) -> None:
    ended = site.opened("ended", CALM, ANGRY)
    erased = site.opened("erased", CALM, ANGRY)
    site.opened("stays", CALM)
    show(page, site, 3)
    rows(page).last.hover()  # So that no row goes away.
    site.client.post(f"/conversations/{ended}/close").raise_for_status()
    site.client.delete(f"/conversations/{erased}").raise_for_status()
    expect(rows(page).filter(has_text="会话已结束")).to_have_attribute(
        "data-id", str(ended), timeout=4000
    )
    gone = rows(page).filter(has_text="会话已删除")
    expect(gone).to_have_attribute("data-id", str(erased), timeout=4000)
    expect(gone).not_to_contain_text("五天")


def test_what_times_out_says_so_on_the_wall(site: Site, page: Page) -> None:
    site.opened("forgotten", CALM)
    show(page, site, 1)
    rows(page).first.hover()
    with Store(site.settings) as store:
        assert store.wall.close_idle(datetime.now(UTC)) == 1
    expect(rows(page).filter(has_text="已超时")).to_have_count(1, timeout=8000)


def test_who_may_not_act_has_nothing_to_act_with(site: Site, browser: Browser) -> None:
    site.opened("call", ANGRY, ANGRY)
    token = session_token(site.settings, "reader", "viewer")
    with opened_page(site, browser, token) as page:
        show(page, site, 1)
        expect(rows(page).first).to_have_class(HEATED)
        expect(rows(page).get_by_role("link", name="监听")).to_be_visible()
        for name in ("确认", "处理", "交回"):
            expect(rows(page).get_by_role("button", name=name)).to_have_count(0)
        rows(page).first.focus()
        page.keyboard.press("t")
        expect(page.locator(".wall .said")).to_contain_text("需要班长权限")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("打开会话")
        expect(page.get_by_role("dialog")).not_to_contain_text("确认预警")


def test_a_session_that_is_over_says_so_and_leads_back(site: Site, browser: Browser) -> None:
    number = site.opened("leaving", CALM)
    token = session_token(site.settings, "leaver", "supervisor")
    with opened_page(site, browser, token) as page:
        show(page, site, 1, "&level=calm")
        ended = httpx.delete(f"{site.api}/session", headers={"Authorization": f"Bearer {token}"})
        assert ended.status_code == 204
        site.said(number, CALM)
        expect(page.locator(".wall .status")).to_contain_text("登录已过期", timeout=PATIENCE)
        expect(rows(page)).to_have_count(1)
        link = page.locator(".wall").get_by_role("link", name="重新登录")
        expect(link).to_have_attribute("href", re.compile("/sign-in.next=.*level%3Dcalm"))


def test_names_and_words_are_text(site: Site, page: Page) -> None:
    bad = "<img src=x onerror=document.title='hacked'>"
    number = site.opened("<b>call</b>", customer_display=bad, team=bad, queue="<script>1</script>",
                         business_type="<i>退款</i>")  # fmt: skip
    site.said(number, "您好", role="agent", agent_id="<u>7</u>",
              attributes={"agent_name": "<script>document.title='hacked'</script>"})  # fmt: skip
    site.said(number, "<b>气死我了</b>！")
    site.said(number, "<b>气死我了</b>，太气人了！")
    show(page, site, 1)
    for text in (bad, "<u>7</u>", "<i>退款</i>", "<b>气死我了</b>"):
        expect(rows(page).first).to_contain_text(text)
    assert page.title() != "hacked"
    assert rows(page).first.locator("img, script, b, u").count() == 0


def test_filters_live_in_the_address(site: Site, page: Page) -> None:
    site.opened("one", CALM, ANGRY, ANGRY, team="一组", channel="phone")
    site.opened("two", CALM, team="二组")
    show(page, site, 2)
    page.get_by_label("班组").select_option("一组")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name=re.compile("激烈")).click()
    query = parse_qs(urlsplit(page.url).query)
    assert (query["team"], query["level"]) == (["一组"], ["heated"])
    page.reload()
    expect(rows(page)).to_have_count(1, timeout=PATIENCE)
    expect(page.get_by_role("button", name=re.compile("激烈"))).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_label("班组").select_option("")
    page.get_by_role("button", name=re.compile("激烈")).click()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name=re.compile("不满")).click()
    expect(page.get_by_text("没有符合筛选条件的会话")).to_be_visible()


def test_the_big_screen_names_nobody_and_has_nothing_to_click(site: Site, page: Page) -> None:
    number = site.opened("call-4711", CALM, ANGRY, ANGRY, team="一组", queue="售后",
                         customer_display="138****1234")  # fmt: skip
    site.said(number, "您好", role="agent", agent_id="1007", attributes={"agent_name": "王芳"})
    page.goto(f"{site.pages}/?screen=1&lang=zh")
    screen = page.locator(".screen")
    expect(screen.locator(".worst li")).to_have_count(1, timeout=PATIENCE)
    expect(screen).to_contain_text("一组 · 售后")
    text = screen.inner_text()
    for secret in ("call-4711", "1007", "王芳", "138****1234", "五天"):
        assert secret not in text
    assert screen.locator("a, button, input, select").count() == 0
    expect(page.get_by_role("navigation")).to_have_count(0)


def test_the_service_goes_and_comes_back(site: Site, page: Page, browser: Browser) -> None:
    number = site.opened("call-5", CALM)
    show(page, site, 1)
    site.stop_api()
    status = page.locator(".wall .status")
    expect(status).to_contain_text("服务没有应答", timeout=20_000)
    expect(status).to_contain_text(re.compile(r"0:\d\d 前"))
    expect(page.locator(".wall table")).to_have_class("stale")
    expect(rows(page)).to_have_count(1)
    with opened_page(site, browser) as fresh:
        fresh.goto(f"{site.pages}/?lang=zh")
        expect(fresh.get_by_text("服务没有应答")).to_be_visible(timeout=PATIENCE)
        site.start_api()
        expect(rows(fresh)).to_have_count(1, timeout=PATIENCE)  # By itself.
        expect(fresh.get_by_text("服务没有应答")).to_have_count(0)
    site.said(number, ANGRY)
    site.said(number, ANGRY)
    expect(rows(page).first).to_have_class(HEATED, timeout=15_000)
    expect(status).to_contain_text("实时")
    expect(page.locator(".wall table")).not_to_have_class("stale")


def changing(site: Site, numbers: list[int], seconds: float) -> None:
    """Turns in all conversations, angry and calm by turns, until the time is over."""
    end = time.monotonic() + seconds
    said = 0
    while time.monotonic() < end:
        said += 1
        number = numbers[said * 7 % len(numbers)]
        site.said(number, ANGRY if said * 7 // len(numbers) % 3 else CALM)
        time.sleep(0.05)


def test_nothing_moves_under_the_pointer_while_fifty_conversations_change(
    site: Site, page: Page
) -> None:
    numbers = [site.opened(f"many-{index}", CALM) for index in range(50)]
    show(page, site, 50)
    page.wait_for_timeout(500)
    rows(page).nth(4).hover()
    page.evaluate(f"() => {{ window.watched = ({STILL})(13) }}")  # Not waited for.
    changing(site, numbers, 12)
    seen: dict[str, Any] = page.evaluate("window.watched")
    assert seen["rows"] == 50
    assert seen["moved"] == 0
    # The others were sorted, and not more often than every five seconds.
    gaps = [then - first for first, then in zip(seen["sorted"], seen["sorted"][1:], strict=False)]
    assert len(seen["sorted"]) >= 2
    assert min(gaps) >= 4500  # A frame may come late on a busy machine.
