"""The dashboard in a real browser, over the real API with the real models."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.accounts import SESSION_COOKIE
from tests.conftest import require

CHROMIUM = Path("/usr/bin/chromium")
COMMAND = Path(sys.executable).with_name("emotion-monitor")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
PATIENCE = 60_000
"""Milliseconds: the machine that runs the tests may be a busy one."""
PASSWORD = re.compile(r"password (\S+) \(shown this once\)")
OWN = "a password of my own"
http = httpx.Client(timeout=60)
"""Asks the API in the name of the admin that the first start made."""
ANGRY = "客服：您好。\n客户：<b>等了五天</b>还没发货，太让人生气了！\n客户：我要投诉你们！\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URLs of a dashboard and its API, with the project's samples scored."""
    require(CHROMIUM.is_file(), "Chromium is not installed")
    api, pages = free_port(), free_port()
    env = {
        **os.environ,
        "EMOTION_MONITOR_DATA_DIR": str(tmp_path_factory.mktemp("site")),
        "EMOTION_MONITOR_PORT": str(api),
        "EMOTION_MONITOR_DASHBOARD_PORT": str(pages),
    }
    demo = subprocess.run([COMMAND, "demo"], env=env, check=True, capture_output=True)
    password = PASSWORD.search(demo.stderr.decode())
    assert password is not None
    server = subprocess.Popen(
        [COMMAND, "serve"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for url in (f"http://127.0.0.1:{api}/readyz", f"http://127.0.0.1:{pages}/_stcore/health"):
            deadline = time.monotonic() + 90
            while True:
                try:
                    if httpx.get(url, timeout=5).is_success:
                        break
                except httpx.HTTPError:
                    pass
                assert time.monotonic() < deadline, f"{url} does not answer"
                assert server.poll() is None, "the server ended"
                time.sleep(0.2)
        form = {"name": "admin", "password": password[1], "new": OWN, "again": OWN}
        signed = httpx.post(f"http://127.0.0.1:{api}/sign-in", data=form)
        http.headers["Authorization"] = f"Bearer {signed.cookies[SESSION_COOKIE]}"
        yield f"http://127.0.0.1:{pages}", f"http://127.0.0.1:{api}/api/v1"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require(CHROMIUM.is_file(), "Chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    yield opened
    context.close()


@pytest.fixture(autouse=True)
def signed_in(site: tuple[str, str], page: Page) -> None:
    """Every test begins as the admin."""
    token = http.headers["Authorization"].removeprefix("Bearer ")
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": site[0]}])


def conversation_id(api: str, channel: str) -> int:
    rows = http.get(f"{api}/conversations", params={"channel": channel}).json()["data"]
    return int(rows[0]["id"])


def test_the_list_in_both_languages(site: tuple[str, str], page: Page) -> None:
    page.goto(f"{site[0]}/conversations")
    expect(page.get_by_role("heading", name="会话")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile(r"第 1–\d+ 条，共 \d+ 条"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("由人作决定")).to_be_visible()
    page.get_by_role("radio", name="English").click()
    expect(page.get_by_role("heading", name="Conversations")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("a person decides")).to_be_visible()


def test_filters_and_the_empty_state(site: tuple[str, str], page: Page) -> None:
    page.goto(f"{site[0]}/conversations?lang=en")
    search = page.get_by_role("textbox", name="Search words or ids")
    search.fill("%_no such words")
    search.press("Enter")
    expect(page.get_by_text("No conversation matches these filters")).to_be_visible(
        timeout=PATIENCE
    )
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text(re.compile(r"1–\d+ of \d+"))).to_be_visible(timeout=PATIENCE)


def test_words_are_found_and_lead_to_the_moment(site: tuple[str, str], page: Page) -> None:
    said = {"role": "customer", "text": "我要转到人工，别再让机器人回答了"}
    turns = [{"role": "agent", "text": "您好"}, said, {"role": "customer", "text": "好的"}]
    http.post(f"{site[1]}/conversations", json={"external_id": "words", "turns": turns})
    page.goto(f"{site[0]}/conversations?lang=en&q=机器人")
    search = page.get_by_role("textbox", name="Search words or ids")
    expect(search).to_have_value("机器人", timeout=PATIENCE)
    search.fill("转到人工 机器人")
    search.press("Enter")
    expect(page.get_by_text("1–1 of 1")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Kept searches").click()
    page.get_by_role("textbox", name="Name").fill("robots")
    page.get_by_role("button", name="Keep these filters").click()
    expect(page.get_by_role("button", name="robots", exact=True)).to_be_visible(timeout=PATIENCE)
    page.goto(f"{site[0]}/conversations?lang=en&level=nonsense&day=soon&min_risk=9")
    expect(page.get_by_text(re.compile(r"1–\d+ of \d+"))).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Kept searches").click()
    page.get_by_role("button", name="robots", exact=True).click()
    expect(page.get_by_text("1–1 of 1")).to_be_visible(timeout=PATIENCE)
    page.wait_for_url("**q=*")
    page.goto(page.url)  # What the address says is what is shown.
    expect(page.get_by_text("1–1 of 1")).to_be_visible(timeout=PATIENCE)
    grid = page.locator("[data-testid=data-grid-canvas]")
    expect(grid).to_be_visible()
    page.wait_for_timeout(500)  # Until the table has its rows on its canvas.
    box = grid.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 160, box["y"] + 52)
    expect(page.locator(".turn.here")).to_contain_text("机器人", timeout=PATIENCE)


def test_what_the_filters_leave_goes_to_excel(
    site: tuple[str, str], page: Page, tmp_path: Path
) -> None:
    page.goto(f"{site[0]}/conversations?lang=en")
    page.get_by_role("radio", name="Video").click()
    expect(page.get_by_text("1–1 of 1")).to_be_visible(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="Excel").click()
    path = tmp_path / "list.xlsx"
    download.value.save_as(path)
    rows = list(openpyxl.load_workbook(path)["Conversations"].iter_rows(values_only=True))
    assert [row[5] for row in rows[1:]] == ["video"]
    assert str(rows[1][14]) == "replay"


def test_by_agent_and_day(site: tuple[str, str], page: Page) -> None:
    call = {"turns": [{"role": "agent", "agent_id": "4711"}, {"role": "agent", "agent_id": "4712"}]}
    late = call | {"external_id": "late", "started_at": "2031-06-30T23:50:00+08:00"}
    http.post(f"{site[1]}/conversations", json=late, timeout=60).raise_for_status()
    page.goto(f"{site[0]}/conversations?lang=en")
    for agent in ("4711", "4712"):
        page.get_by_role("textbox", name="Agent").fill(agent)
        page.get_by_role("textbox", name="Agent").press("Enter")
        expect(page.get_by_text("1–1 of 1")).to_be_visible(timeout=PATIENCE)
    for day, found in (("20310701", "No conversation matches"), ("20310630", "1–1 of 1")):
        page.get_by_role("spinbutton", name="year, Day").click()
        page.keyboard.type(day, delay=30)
        page.keyboard.press("Escape")  # Closes the calendar, and takes the day.
        expect(page.get_by_text(found)).to_be_visible(timeout=PATIENCE)


def test_who_is_signed_out_comes_to_the_moment_through_the_sign_in(
    site: tuple[str, str], page: Page
) -> None:
    person = {"name": "wang.fang", "role": "reviewer", "teams": None}
    made = http.post(f"{site[1]}/users", json=person).json()
    rows = http.get(f"{site[1]}/conversations", params={"channel": "phone"}).json()["data"]
    call = next(row for row in rows if row["media_count"])
    turns = http.get(f"{site[1]}/conversations/{call['id']}").json()["turns"]
    turn = next(turn for turn in turns if (turn["start"] or 0) > 20)
    page.context.clear_cookies()
    known = f"source={call['source']}&external_id={call['external_id']}"
    page.goto(f"{site[0]}/replay?{known}&t={turn['start'] + 0.5:.1f}&lang=en")
    page.locator("input[name=name]").fill("wang.fang", timeout=PATIENCE)
    page.locator("input[name=password]").fill("not the password")
    page.locator("form button").click()
    expect(page.locator("input[name=password]")).to_have_value("", timeout=PATIENCE)
    page.locator("input[name=password]").fill(made["password"])
    page.locator("form button").click()
    # An admin set it, so that the person chooses one of their own first.
    page.locator("input[name=new]").fill(OWN, timeout=PATIENCE)
    page.locator("input[name=again]").fill(OWN)
    page.locator("input[name=password]").fill(made["password"])
    page.locator("form button").click()
    expect(page.locator(".turn.here").first).to_contain_text(turn["text"], timeout=PATIENCE)
    assert f"external_id={call['external_id']}" in page.url


def test_a_call_has_its_service_metrics(site: tuple[str, str], page: Page) -> None:
    number = conversation_id(site[1], "phone")
    talk = http.get(f"{site[1]}/conversations/{number}").json()["talk"]
    page.goto(f"{site[0]}/replay?id={number}")
    table = page.locator(".em-table")
    expect(table).to_contain_text("最长独白", timeout=PATIENCE)
    expect(table).to_contain_text(f"{talk['roles']['customer']['longest_monologue']:.1f} 秒")
    expect(table).to_contain_text("客服")
    expect(
        page.get_by_text("与本人平时相近").or_(page.get_by_text("比本人平时")).first
    ).to_be_visible()


def test_tags_and_why_beside_a_turn(site: tuple[str, str], page: Page) -> None:
    turns = [
        {"role": "customer", "text": "都一个月了怎么还没发货，太让人生气了！"},
        {"role": "agent", "text": "您好，请稍等"},
        {"role": "customer", "text": "叫你们主管来，不然我就投诉"},
    ]
    body = {"external_id": "tagged", "source": "desk", "turns": turns}
    number = http.post(f"{site[1]}/conversations", json=body).json()["id"]
    page.goto(f"{site[0]}/replay?id={number}")
    expect(page.get_by_text("要求升级 · 规则")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("升级信号 · 规则")).to_be_visible()
    expect(page.get_by_text("催促 1")).to_be_visible()
    expect(page.get_by_text(re.compile("，把握 \\d+%：文字 100%")).first).to_be_visible()
    page.goto(f"{site[0]}/replay?id={number}&lang=en")
    expect(page.get_by_text("wants somebody higher · rule")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("sure: words 100%")).first).to_be_visible()


def test_the_video_plays_and_each_modality_has_its_answer(
    site: tuple[str, str], page: Page
) -> None:
    page.goto(f"{site[0]}/replay?id={conversation_id(site[1], 'video')}")
    expect(page.locator("video")).to_be_visible(timeout=PATIENCE)
    video = page.locator("video").element_handle()
    page.wait_for_function("v => v.readyState >= 1", arg=video, timeout=PATIENCE)
    assert page.locator("video").evaluate("v => v.videoWidth") > 0
    expect(page.get_by_text(re.compile("^表情 .+ \\d+%")).first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text(re.compile("^语音 .+ \\d+%")).first).to_be_visible()
    expect(page.locator("[data-lane=face]")).to_be_hidden()
    page.get_by_role("button", name="表情", exact=True).click()
    expect(page.locator("[data-lane=face] canvas")).to_be_visible()


def test_one_click_swaps_agent_and_customer(site: tuple[str, str], page: Page) -> None:
    turns = [
        {"role": "customer", "text": "您好，很高兴为您服务，请问有什么可以帮您？"},
        {"role": "agent", "text": "你们怎么还不发货，太让人生气了！"},
    ]
    body = {"external_id": "swapped", "source": "pbx", "turns": turns}
    number = http.post(f"{site[1]}/conversations", json=body, timeout=60).json()["id"]
    page.goto(f"{site[0]}/replay?id={number}")
    expect(page.get_by_text("客服与客户像是反了")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="客服/客户互换").click()
    expect(page.get_by_text("已互换并重新评分")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("客服与客户像是反了")).to_have_count(0)
    kept = http.get(f"{site[1]}/conversations/{number}").json()
    assert [turn["role"] for turn in kept["turns"]] == ["agent", "customer"]
    assert kept["turns"][0]["answer"]["label"] == "unknown"
    page.get_by_role("button", name="客服/客户互换").click()
    expect(page.get_by_text("客服与客户像是反了")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="互换来源“pbx”的全部会话").click()
    expect(page.get_by_text("已互换 1 个会话")).to_be_visible(timeout=PATIENCE)


def test_nobody_uploads_without_signing_in(site: tuple[str, str], page: Page) -> None:
    """Streamlit itself would take the file of whoever knows the id of a session."""
    with page.expect_request(lambda asked: "/_stcore/upload_file/" in asked.url) as asked:
        page.goto(f"{site[0]}/batch?lang=en")
        drop(page, [Path(__file__)])
    request = asked.value
    cookies = {one["name"]: one["value"] for one in page.context.cookies(site[0])}
    headers = {"X-Xsrftoken": request.headers.get("x-xsrftoken", "")}
    files = {"file": ("more.txt", b"more")}
    del cookies[SESSION_COOKIE]
    for token, status in ((None, 401), ("of nobody", 401)):
        given = cookies if token is None else cookies | {SESSION_COOKIE: token}
        answer = httpx.put(request.url, files=files, headers=headers, cookies=given)
        assert answer.status_code == status
    mine = cookies | {SESSION_COOKIE: http.headers["Authorization"].removeprefix("Bearer ")}
    answer = httpx.put(request.url, files=files, headers=headers, cookies=mine)
    assert answer.status_code == 204


def drop(page: Page, files: list[Path]) -> None:
    """Drops files on the batch page and waits until each is shown for what it is."""
    expect(page.get_by_text("nothing leaves it")).to_be_visible(timeout=PATIENCE)
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text(re.compile(rf"^{len(files)} files:"))).to_be_visible(timeout=PATIENCE)


def test_two_clicks_from_dropping_files_to_the_spreadsheet(
    site: tuple[str, str], page: Page, tmp_path: Path
) -> None:
    good, copy, bad = tmp_path / "angry.txt", tmp_path / "angry (1).txt", tmp_path / "broken.json"
    for path in (good, copy):
        path.write_text(ANGRY, "utf-8")
    bad.write_text('{"turns": [', "utf-8")
    page.goto(f"{site[0]}/batch?lang=en")
    drop(page, [good, copy, bad])
    expect(page.get_by_text("1 to be scored, 1 that describe others")).to_be_visible()
    expect(page.get_by_text("export or copy it again").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("Done: 1 conversations, 1 errors.")).to_be_visible(timeout=PATIENCE)
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    text = Path(download.value.path()).read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert "我要投诉你们" in text.decode("utf-8-sig")
    number = re.search(r"batch=(\d+)", page.url)
    assert number is not None
    listed = http.get(f"{site[1]}/batches/{number[1]}/files").json()["data"]
    assert {row["name"]: row["state"] for row in listed} == {
        "angry.txt": "done", "angry (1).txt": "duplicate", "broken.json": "failed",
    }  # fmt: skip


def test_a_transcript_its_recording_and_a_table_of_calls(
    site: tuple[str, str], page: Page, samples: Path, tmp_path: Path
) -> None:
    table = tmp_path / "calls.csv"
    table.write_bytes(
        "文件名,坐席,客户电话\ncall-bank-recovering.ogg,7001,13812341234\n".encode("gbk")
    )
    page.goto(f"{site[0]}/batch?lang=en")
    files = [samples / f"call-bank-recovering.{suffix}" for suffix in ("ogg", "jsonl")]
    drop(page, [*files, table])
    expect(page.get_by_text("Columns of the table of calls: calls.csv")).to_be_visible()
    page.get_by_text("How they are read").click()
    source = page.get_by_role("combobox", name=re.compile("Name of the source"))
    source.fill("pbx")
    source.press("Enter")
    page.get_by_role("button", name="Keep for the source").click()
    expect(page.get_by_text("it is used the next time too")).to_be_visible(timeout=PATIENCE)
    kept = http.get(f"{site[1]}/sources/pbx").json()["columns"]
    assert kept == {"文件名": "file_name", "坐席": "agent_id", "客户电话": "customer"}
    page.get_by_role("button", name="Score", exact=True).click()
    expect(page.get_by_text("Done: 1 conversations, 0 errors.")).to_be_visible(timeout=PATIENCE)
    found = http.get(f"{site[1]}/conversations", params={"agent": "7001"}).json()
    assert found["count"] == 1
    assert found["data"][0]["customer_display"] == "138****1234"


def test_a_batch_is_paused_left_and_gone_on_with(
    site: tuple[str, str], page: Page, tmp_path: Path
) -> None:
    turns = ",".join(['{"role":"customer","text":"都几天了还没有人上门！太慢了"}'] * 40)
    files = []
    for n in range(10):
        path = tmp_path / f"{n}.jsonl"
        lines = (f'{{"external_id":"p{n}-{k}","turns":[{turns}]}}' for k in range(2))
        path.write_text("\n".join(lines), "utf-8")
        files.append(path)
    page.goto(f"{site[0]}/batch?lang=en")
    drop(page, files)
    page.get_by_role("button", name="Score", exact=True).click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text(re.compile(r"Paused: \d+ of 10 files"))).to_be_visible(timeout=PATIENCE)
    left = page.url
    page.goto(f"{site[0]}/conversations?lang=en")
    page.goto(left)
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_text("Done: 20 conversations, 0 errors.")).to_be_visible(timeout=PATIENCE)


def test_what_the_vendor_says_stands_beside_ours(site: tuple[str, str], page: Page) -> None:
    turn = {"Words": "怎么还没到", "Begin": 1000, "End": 3000, "EmotionValue": 9, "SpeechRate": 260}
    dialogues = [
        {**turn, "Identity": "客户"},
        {**turn, "Identity": "客服", "Begin": 4000, "End": 5000},
    ]
    document = {"Data": {"FileId": "sca", "Dialogues": dialogues}}
    answer = http.post(
        f"{site[1]}/imports", files={"files": ("sca.json", json.dumps(document))}, timeout=60
    )
    (number,) = answer.json()["data"][0]["conversations"]
    page.goto(f"{site[0]}/replay?id={number}")
    expect(page.get_by_text("来源平台 90 dB · 260 字/分")).to_have_count(1, timeout=PATIENCE)


def test_markup_in_a_transcript_is_shown_as_text(site: tuple[str, str], page: Page) -> None:
    made = http.post(
        f"{site[1]}/conversations",
        json={
            "external_id": "markup",
            "customer_display": "<img src=x onerror=document.title='hacked'>",
            "turns": [{"role": "customer", "text": "<script>document.title='hacked'</script>生气"}],
        },
        timeout=60,
    ).json()
    page.goto(f"{site[0]}/replay?id={made['id']}")
    expect(page.get_by_text("<script>")).to_be_visible(timeout=PATIENCE)
    assert page.title() != "hacked"


def test_a_conversation_that_is_gone_and_no_conversation(site: tuple[str, str], page: Page) -> None:
    page.goto(f"{site[0]}/replay?id=999999&lang=en")
    expect(page.get_by_text("no longer there")).to_be_visible(timeout=PATIENCE)
    page.goto(f"{site[0]}/replay?lang=en")
    expect(page.get_by_text("Choose a conversation first")).to_be_visible(timeout=PATIENCE)
