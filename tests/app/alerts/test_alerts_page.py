"""Alerts and rules in a real browser, over the real API with the real models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.test_dashboard import PATIENCE, browser
from tests.app.wall.site import Site, opened_page, press_until

__all__ = ["browser"]  # A fixture.


@pytest.fixture(scope="module")
def site(live_site: Site) -> Iterator[Site]:
    """With the product's rules as they were, afterwards."""
    before = live_site.client.get("/rules").json()["data"]
    yield live_site
    only(live_site, *(one["rule"]["name"] for one in before if one["enabled"]))


@pytest.fixture
def page(site: Site, browser: Browser) -> Iterator[Page]:
    with opened_page(site, browser) as page:
        yield page


def only(site: Site, *names: str) -> None:
    """Switches off all rules but these."""
    for one in site.client.get("/rules").json()["data"]:
        body = {"rule": one["rule"], "enabled": one["rule"]["name"] in names}
        site.client.put(f"/rules/{one['id']}", json=body).raise_for_status()


def alerts(site: Site, state: str) -> list[dict[str, Any]]:
    return list(site.client.get("/alerts", params={"state": state}).json()["data"])


def test_a_rule_is_made_tried_and_fires_once(site: Site, page: Page) -> None:
    only(site)
    before = site.opened("before", "我要退款")
    site.client.post(f"/conversations/{before}/close").raise_for_status()
    page.goto(f"{site.pages}/rules?lang=zh")
    page.get_by_role("button", name="新建规则").click()
    page.get_by_role("textbox", name="词（每行一个").fill("退款\n退钱")
    page.get_by_role("textbox", name="名称", exact=True).fill("退款着急")
    page.keyboard.press("Tab")
    expect(page.get_by_text("说到“退款、退钱”")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="试运行").click()
    expect(page.get_by_text("1 / 1", exact=True)).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="保存并启用").click()
    expect(page.get_by_text("退款着急")).to_be_visible(timeout=PATIENCE)
    number = site.opened("live", *["太让人生气了，我要退款！"] * 20)
    (one,) = alerts(site, "open")
    assert (one["conversation_id"], one["rule"], one["hits"]) == (number, "退款着急", 20)
    page.goto(f"{site.pages}/alerts?lang=zh")
    expect(page.get_by_text("命中 20 次")).to_have_count(1, timeout=PATIENCE)
    press_until(page, "a", page.get_by_text("tester 已确认"))
    page.keyboard.press("2")
    expect(page.get_by_text("没有待处理的预警")).to_be_visible(timeout=PATIENCE)
    (closed,) = alerts(site, "closed")
    assert (closed["outcome"], closed["acknowledged_by"]) == ("false_alarm", "tester")


def test_alerts_come_by_themselves_and_keys_move_between_them(site: Site, page: Page) -> None:
    only(site, "投诉或监管用语")
    page.goto(f"{site.pages}/alerts?lang=en")
    expect(page.get_by_text("No open alerts")).to_be_visible(timeout=PATIENCE)
    for name in ("first", "second"):
        site.opened(name, f"<b>我要投诉</b>{name}", queue="售后")
    marked = page.locator(".st-key-alert-current")
    expect(marked).to_contain_text("<b>我要投诉</b>first", timeout=PATIENCE)
    expect(page.get_by_role("button", name="To complaints")).to_have_count(2, timeout=PATIENCE)
    press_until(page, "j", marked.get_by_text("second").first)
    page.keyboard.press("4")
    expect(page.get_by_role("button", name="To complaints")).to_have_count(1, timeout=PATIENCE)
    expect(marked).to_contain_text("first")
    assert alerts(site, "closed")[0]["outcome"] == "to_complaint"
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("/replay"), timeout=PATIENCE)
    only(site)
    for one in alerts(site, "open"):
        site.client.post(f"/alerts/{one['id']}/close", json={"outcome": "no_action"})


def test_keys_that_come_at_once_meet_one_alert_after_the_other(site: Site, page: Page) -> None:
    only(site, "投诉或监管用语")
    for number in range(5):
        site.opened(f"fast {number}", "我要投诉")
    names = [one["external_id"] for one in alerts(site, "open")]
    page.goto(f"{site.pages}/alerts?lang=en")
    expect(page.get_by_role("button", name="To complaints")).to_have_count(5, timeout=PATIENCE)
    marked = page.locator(".st-key-alert-current")
    press_until(page, "j", marked.get_by_text(names[1]))  # The first one is passed over.
    for key in "kja1a23j4":
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="To complaints")).to_have_count(1, timeout=PATIENCE)
    expect(marked).to_contain_text(names[0])
    closed = {one["external_id"]: one for one in alerts(site, "closed")}
    outcomes = ["intervened", "false_alarm", "no_action", "to_complaint"]
    assert [closed[name]["outcome"] for name in names[1:]] == outcomes
    only(site)
    (left,) = alerts(site, "open")
    site.client.post(f"/alerts/{left['id']}/close", json={"outcome": "no_action"})


def test_a_rule_is_switched_off_and_a_wrong_expression_says_so(site: Site, page: Page) -> None:
    only(site, "辱骂")
    page.goto(f"{site.pages}/rules?lang=zh")
    row = page.locator("[class*=st-key-rule-]").filter(has_text="辱骂").first
    row.locator("label").first.click()
    expect(row.get_by_role("checkbox").or_(row.get_by_role("switch"))).not_to_be_checked()
    page.get_by_role("button", name="新建规则").click()
    page.get_by_role("radio", name="正则表达式").click()
    page.get_by_role("textbox", name="正则表达式（RE2 语法）").fill("(退款")
    page.keyboard.press("Tab")
    expect(page.get_by_text("正则表达式有误")).to_be_visible(timeout=PATIENCE)
    found = {o["rule"]["name"]: o["enabled"] for o in site.client.get("/rules").json()["data"]}
    assert not found["辱骂"]


def test_a_webhook_is_added_and_tested(site: Site, page: Page) -> None:
    page.goto(f"{site.pages}/rules?lang=zh")
    page.get_by_role("radio", name="推送（Webhook）").click()
    expect(page.get_by_text("还没有推送").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="新建推送").click()
    page.get_by_role("textbox", name="名称").fill("班长群")
    page.get_by_role("textbox", name="Webhook 地址").fill("http://127.0.0.1:9/robot")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("local network")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("textbox", name="Webhook 地址").fill("https://robot.invalid/send?key=abcd")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("https://robot.invalid/…abcd")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="发测试消息").click()
    expect(page.get_by_text("测试失败")).to_be_visible(timeout=PATIENCE)
