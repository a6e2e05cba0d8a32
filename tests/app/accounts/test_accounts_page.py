"""The page of accounts in a real browser: people, keys and the audit, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.conftest import session_token
from tests.app.test_dashboard import PATIENCE, browser
from tests.app.wall.site import Site, opened_page

__all__ = ["browser"]  # A fixture.

OWN = "a password of my own"
SHOWN = "[data-testid=stCode] code"


@pytest.fixture
def page(live_site: Site, browser: Browser) -> Iterator[Page]:
    with opened_page(live_site, browser) as page:
        yield page


def show(page: Page, site: Site, part: str, language: str = "zh") -> None:
    page.goto(f"{site.pages}/accounts?lang={language}")
    page.get_by_role("radio", name=part).click(timeout=PATIENCE)


def choose(page: Page, row: int) -> None:
    """Selects a row of the table: it is drawn on a canvas, and its scroller takes the clicks."""
    table = page.locator("[data-testid=stDataFrame]")
    expect(table).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(500)
    table.locator(".dvn-scroller").first.click(position={"x": 16, "y": 35 * row + 17})


def test_a_person_is_added_and_chooses_a_password(
    live_site: Site, page: Page, browser: Browser
) -> None:
    show(page, live_site, "人员")
    page.get_by_role("button", name="添加人员").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="账号").fill("wu.jing")
    dialog.get_by_role("textbox", name="账号").press("Tab")
    dialog.get_by_role("textbox", name="姓名").fill("<b>吴静</b>")
    dialog.get_by_role("textbox", name="姓名").press("Tab")
    dialog.get_by_role("button", name="添加人员").click()
    expect(page.get_by_text("wu.jing 的密码")).to_be_visible(timeout=PATIENCE)
    password = page.locator(SHOWN).inner_text().strip()
    expect(page.get_by_text("只显示这一次")).to_be_visible()
    page.get_by_role("button", name="关闭").click()
    expect(page.locator(SHOWN)).to_have_count(0, timeout=PATIENCE)
    (made,) = (u for u in live_site.client.get("/users").json()["data"] if u["name"] == "wu.jing")
    assert (made["display"], made["must_change"]) == ("<b>吴静</b>", True)
    assert (made["role"], made["teams"]) == ("viewer", [])
    with opened_page(live_site, browser, "of nobody") as theirs:
        theirs.goto(f"{live_site.pages}/accounts?lang=en")
        theirs.locator("input[name=name]").fill("wu.jing", timeout=PATIENCE)
        theirs.locator("input[name=password]").fill(password)
        theirs.get_by_role("button", name="Sign in").click()
        expect(theirs.get_by_text("Somebody else set this password")).to_be_visible()
        theirs.locator("input[name=password]").fill(password)
        theirs.locator("input[name=new]").fill(OWN)
        theirs.locator("input[name=again]").fill(OWN)
        theirs.get_by_role("button", name="Set it and sign in").click()
        expect(theirs.get_by_text("<b>吴静</b>")).to_be_visible(timeout=PATIENCE)
        # Whoever is no admin has no such page.
        expect(theirs.get_by_role("link", name="Accounts")).to_have_count(0)


def test_a_person_is_disabled_and_enabled(live_site: Site, page: Page) -> None:
    token = session_token(live_site.settings, "aa.first", "reviewer", ["一组"])
    show(page, live_site, "People", "en")
    choose(page, 1)
    expect(page.get_by_role("heading", name="aa.first")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("button", name="Enable")).to_be_visible(timeout=PATIENCE)
    session = f"{live_site.api}/session"
    assert httpx.get(session, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("button", name="Disable")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Reset password").click()
    expect(page.get_by_text("The password of aa.first")).to_be_visible(timeout=PATIENCE)


def test_the_menu_leaves_room_for_a_long_name_on_a_tablet(
    live_site: Site, browser: Browser
) -> None:
    made = live_site.client.post(
        "/users", json={"name": "long", "display": "欧阳" * 20, "role": "admin", "teams": None}
    )
    made.raise_for_status()
    with opened_page(live_site, browser, session_token(live_site.settings, "long")) as page:
        page.set_viewport_size({"width": 834, "height": 900})
        page.goto(f"{live_site.pages}/conversations?lang=en")
        more = page.get_by_test_id("stTopNavSection")
        expect(more).to_be_visible(timeout=PATIENCE)
        corner = page.locator(".st-key-corner")
        expect(corner.get_by_text("欧阳")).to_be_visible()
        expect(corner).to_have_css("position", "fixed")
        beside, whole = more.bounding_box(), corner.bounding_box()
        assert beside is not None
        assert whole is not None
        assert beside["x"] + beside["width"] <= whole["x"]
        assert whole["x"] + whole["width"] <= 834
        idle = ("data-test-script-state", "notRunning")  # Drawn anew, the page closes its menu.
        expect(page.get_by_test_id("stApp")).to_have_attribute(*idle, timeout=PATIENCE)
        more.click()
        page.get_by_test_id("stTopNavDropdownLink").filter(has_text="Accounts").click()
        expect(page.get_by_role("heading", name="Accounts")).to_be_visible(timeout=PATIENCE)


def test_a_key_is_made_used_and_revoked(live_site: Site, page: Page) -> None:
    show(page, live_site, "API 密钥")
    page.get_by_role("button", name="创建密钥").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").first.fill("crm")
    dialog.get_by_role("textbox").first.press("Tab")
    dialog.locator("label").filter(has_text="全部班组").click()
    dialog.get_by_role("button", name="创建密钥").click()
    expect(page.get_by_text("只显示这一次")).to_be_visible(timeout=PATIENCE)
    key = page.locator(SHOWN).inner_text().strip()
    asked = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{live_site.api}/conversations", headers=asked).status_code == 200
    page.get_by_role("button", name="关闭").click()
    choose(page, 1)
    page.get_by_role("button", name="吊销").click(timeout=PATIENCE)
    page.get_by_role("button", name="吊销").last.click()
    expect(page.get_by_role("button", name="吊销")).to_have_count(0, timeout=PATIENCE)
    assert httpx.get(f"{live_site.api}/conversations", headers=asked).status_code == 401


def test_the_audit_names_who_did_what(live_site: Site, page: Page) -> None:
    show(page, live_site, "操作记录")
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible(timeout=PATIENCE)
    who = page.get_by_role("textbox", name="谁")
    who.fill("nobody.at.all")
    who.press("Enter")
    expect(page.get_by_text("没有符合条件的记录")).to_be_visible(timeout=PATIENCE)
