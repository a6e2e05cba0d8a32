"""The player in a real browser: sound, time, words, keys, and what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from app.accounts import SESSION_COOKIE
from app.settings import Settings
from app.store import Store
from multimodal.conversation import Channel, Conversation, Media, Role, Turn
from multimodal.formats import conversation_from_json
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import OneFuser, WordScorer
from tests.app.test_dashboard import CHROMIUM, FLAGS, PATIENCE
from tests.app.wall.site import Site
from tests.conftest import require

CUSTOMER, AGENT = Role.CUSTOMER, Role.AGENT
LONG = "很长的一句话，" * 14_000
EVIL = "<img src=x onerror=\"document.title='hacked'\">"


class Replays:
    """A site with conversations in it, by name."""

    def __init__(self, folder: Path, samples: Path) -> None:
        self.site = Site(folder)
        self.ids: dict[str, int] = {}
        self._monitor = EmotionMonitor([WordScorer()], OneFuser())
        self._settings = Settings(data_dir=folder)
        sound = samples / "call-bank-recovering.ogg"
        line = json.loads((samples / "call-bank-recovering.jsonl").read_text("utf-8"))
        call = conversation_from_json({**line, "media": []}, where="samples")
        self.turns = call.turns
        self._keep("call", call.turns, Media(sound, {0: AGENT, 1: CUSTOMER}))
        self._keep("gone", call.turns, Media(folder / "gone.wav"))
        late = (*call.turns, Turn(CUSTOMER, "怎么还不来！！", 900.0, 905.0))
        self._keep("wrong", late, Media(sound))
        chat = [("您好", AGENT, 0.0), ("还没发货！！", CUSTOMER, 2.0), (EVIL, CUSTOMER, 3600.0)]
        self._keep("chat", [Turn(role, said, at) for said, role, at in chat], chat=True)
        self._keep("untimed", [Turn(AGENT, "您好"), Turn(CUSTOMER, LONG)], chat=True)
        both = [Turn(AGENT, "您好请讲", 0.0, 5.0), Turn(CUSTOMER, "别说了！！", 2.0, 6.0)]
        self._keep("overlap", [*both, Turn(CUSTOMER, "喂", 20.0, 21.0)])
        many = (Turn(CUSTOMER if k % 2 else AGENT, f"第{k}句", 2.0 * k) for k in range(5000))
        self._keep("many", list(many), chat=True)

    def _keep(
        self, name: str, turns: list[Turn] | tuple[Turn, ...], *media: Media, chat: bool = False
    ) -> None:
        conversation = Conversation(
            name,
            tuple(turns),
            source="test",
            channel=Channel.CHAT if chat else Channel.PHONE,
            media=media,
        )
        with Store(self._settings) as store:
            self.ids[name] = store.save(self._monitor.score(conversation)).id


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Iterator[Replays]:
    require(CHROMIUM.is_file(), "Chromium is not installed")
    made = Replays(tmp_path_factory.mktemp("replays"), samples)
    made.site.start()
    yield made
    made.site.stop()


@pytest.fixture(scope="module")
def page(replays: Replays) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(PATIENCE)
        cookie = {"name": SESSION_COOKIE, "value": replays.site.token, "url": replays.site.pages}
        opened.context.add_cookies([cookie])  # type: ignore[list-item]
        yield opened
        browser.close()


def replay(page: Page, replays: Replays, name: str, more: str = "") -> None:
    page.goto(f"{replays.site.pages}/replay?id={replays.ids[name]}&lang=en{more}")
    expect(page.locator(".player .turn").first).to_be_visible(timeout=PATIENCE)


def seconds(page: Page) -> float:
    return float(page.locator(".player .stage").get_attribute("aria-valuenow") or -1)


def test_clicks_and_keys_seek(page: Page, replays: Replays) -> None:
    replay(page, replays, "call")
    audio = page.locator(".player .top audio")
    page.wait_for_function("a => a.readyState >= 1", arg=audio.element_handle())
    expect(page.locator(".wave canvas, .wave div").first).to_be_attached()
    expect(page.get_by_text("Agent · emotion is not scored").first).to_be_visible()
    index = next(k for k, turn in enumerate(replays.turns) if (turn.start or 0) > 20)
    start = replays.turns[index].start or 0.0
    row = page.locator(f".turn[data-turn='{index + 1}']")
    row.get_by_role("button", name="Play from here").click()
    assert audio.evaluate("a => a.currentTime") == pytest.approx(start, abs=0.3)
    expect(row).to_have_class(re.compile("here"))
    page.keyboard.press("ArrowRight")
    assert audio.evaluate("a => a.currentTime") == pytest.approx(start + 5, abs=0.3)
    page.locator(".player .stage").focus()
    page.keyboard.press("ArrowUp")
    assert audio.evaluate("a => a.currentTime") < start + 5
    box = page.locator(".player .markers").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    length = float(page.locator(".player .stage").get_attribute("aria-valuemax") or 0)
    assert audio.evaluate("a => a.currentTime") == pytest.approx(length / 2, abs=1.5)
    page.keyboard.press("Space")
    before = audio.evaluate("a => a.currentTime")
    page.wait_for_function("([a, t]) => a.currentTime > t", arg=[audio.element_handle(), before])
    page.keyboard.press("Space")
    assert audio.evaluate("a => a.paused")
    page.keyboard.press("+")
    assert audio.evaluate("a => a.playbackRate") == 1.25


def test_a_link_leads_to_the_moment(page: Page, replays: Replays) -> None:
    turn = next(turn for turn in replays.turns if (turn.start or 0) > 20)
    at = round((turn.start or 0) + 0.4, 1)
    known = f"{replays.site.pages}/replay?source=test&external_id=call"
    page.goto(f"{known}&t={at}&lang=en")
    expect(page.locator(".turn.here")).to_contain_text(turn.text, timeout=PATIENCE)
    for nonsense in ("t=-3", "t=nan", "t=1e999", "t=soon", "turn=0", "turn=99999"):
        page.goto(f"{known}&{nonsense}&lang=en")
        expect(page.locator(".player .turn").first).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".turn.here")).to_have_count(0)


def test_a_chat_goes_on_by_the_time_between_its_messages(page: Page, replays: Replays) -> None:
    replay(page, replays, "chat")
    expect(page.get_by_text("it is replayed as text")).to_be_visible()
    expect(page.locator(".turn").nth(2)).to_contain_text("<img src=x")
    page.keyboard.press("n")  # The angry message is a hot moment.
    expect(page.locator(".turn.here")).to_contain_text("还没发货")
    page.locator(".player .play").click()
    # An hour passes by itself: silence is skipped in a chat.
    expect(page.locator(".turn.here")).to_contain_text("<img", timeout=20_000)
    assert seconds(page) >= 3599
    assert page.title() != "hacked"


def test_words_without_times_and_a_very_long_turn(page: Page, replays: Replays) -> None:
    replay(page, replays, "untimed")
    expect(page.get_by_text("The turns have no times")).to_be_visible()
    assert len(page.locator(".turn").nth(1).inner_text()) < 1500
    page.get_by_role("button", name=f"Show all {len(LONG)} characters").click()
    assert len(page.locator(".turn").nth(1).inner_text()) >= len(LONG)


def test_what_is_wrong_with_a_recording_is_said(page: Page, replays: Replays) -> None:
    replay(page, replays, "gone")
    expect(page.get_by_text("The recording was deleted")).to_be_visible()
    page.locator(".player .play").click()
    expect(page.locator(".turn.here").first).to_be_visible()
    replay(page, replays, "wrong")
    expect(page.get_by_text(re.compile("the words at 15:05"))).to_be_visible(timeout=PATIENCE)


def test_overlaps_and_silences_are_moments(page: Page, replays: Replays) -> None:
    replay(page, replays, "overlap")
    moments = page.locator(".moments .moment")
    expect(moments).to_have_count(3)
    expect(moments.nth(0)).to_contain_text("Angry: 别说了")
    expect(moments.nth(1)).to_contain_text("Both speak, 3")
    moments.nth(2).click()
    expect(moments.nth(2)).to_contain_text("Silence of 14")
    assert seconds(page) == 6


def test_five_thousand_turns_stay_usable(page: Page, replays: Replays) -> None:
    replay(page, replays, "many", "&turn=4990")
    expect(page.locator(".turn.here")).to_contain_text("第4989句", timeout=PATIENCE)
    expect(page.locator(".turn.here")).to_be_in_viewport()
    assert page.locator(".turn").count() < 400
    page.locator(".transcript").evaluate("box => { box.scrollTop = 0; }")
    expect(page.locator(".turn[data-turn='1']")).to_be_in_viewport()
    page.get_by_label("Customer only").check()
    expect(page.locator(".turn[data-turn='1']")).to_have_count(0)
    expect(page.locator(".turn[data-turn='2']")).to_be_visible()


def test_a_correction_is_kept_and_undone_by_keys(page: Page, replays: Replays) -> None:
    replay(page, replays, "chat")
    page.locator(".person button").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Corrected: surprise")).to_be_visible()
    kept = replays.site.client.get(f"/conversations/{replays.ids['chat']}").json()
    assert [c["label"] for c in kept["corrections"] if not c["revoked_at"]] == ["surprise"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Corrected: surprise")).to_have_count(0)
    kept = replays.site.client.get(f"/conversations/{replays.ids['chat']}").json()
    assert all(c["revoked_at"] for c in kept["corrections"])
