"""Reports as HTML and PDF, from the API and the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.reports import render
from app.store import LOCAL
from tests.app.conftest import API, problem
from tests.app.review.calls import ANGRY, CALM, call, person, services
from tests.app.test_dashboard import COMMAND
from tests.conftest import require

HOSTILE = "<script>alert(1)</script>{{ 7*7 }}&还没发货！！！！"
WARNING = "客户情绪不等于坐席表现，不得单独作为绩效依据"


def pdf_text(content: bytes, folder: Path) -> str:
    require(shutil.which("pdftotext") is not None, "poppler-utils is not installed")
    file = folder / "report.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdftotext", "-layout", file, "-"], check=True, capture_output=True)
    return done.stdout.decode()


def test_of_a_conversation_as_html(sqlite_client: TestClient) -> None:
    client = sqlite_client
    number = call(client, "c1", HOSTILE, ANGRY, CALM, queue="售后")
    li = person(client, "reviewer", "li")
    li.judge(li.next("must")["id"], verdict="false_alarm", comment="<b>反话</b>")
    answer = li.ask("GET", f"/conversations/{number}/report", format="html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f'filename="report-{number}.html"' in answer.headers["content-disposition"]
    page = answer.text
    assert WARNING in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}&amp;" in page
    assert "<script" not in page
    assert "&lt;b&gt;反话&lt;/b&gt;" in page
    assert "li 判定：误判" in page
    assert "客服 · 不做情绪评分" in page
    assert "one@1 (开放)" in page
    assert page.count("<svg") == 2
    # It asks nobody for anything: no address in it is ever fetched.
    assert not re.findall(r"(?:src|href)=|url\(|@import", page)
    english = li.ask("GET", f"/conversations/{number}/report", format="html", lang="en").text
    assert "A customer&#39;s emotion is not an agent&#39;s performance" in english
    audit = client.get(f"{API}/audit", params={"action": "export"}).json()["data"]
    assert audit[0]["detail"] == {"format": "report.html", "conversation": number}


def test_as_pdf_with_its_letters_in_it(sqlite_client: TestClient, tmp_path: Path) -> None:
    number = call(sqlite_client, "c1", HOSTILE, ANGRY, CALM, queue="售后")
    answer = sqlite_client.get(f"{API}/conversations/{number}/report")
    assert answer.headers["content-type"] == "application/pdf"
    text = pdf_text(answer.content, tmp_path)
    for part in (WARNING, "会话评估报告", "关键时刻", "方法与局限", "<script>alert(1)</script>"):
        assert part in text
    fonts = subprocess.run(
        ["pdffonts", tmp_path / "report.pdf"], check=True, capture_output=True, text=True
    ).stdout.splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts), fonts  # Embedded.
    queue = sqlite_client.get(f"{API}/reports/queue", params={"queue": "售后"})
    text = pdf_text(queue.content, tmp_path)
    for part in (WARNING, "技能组评估报告", "等级分布", "风险最高的会话", "准确率未知"):
        assert part in text


def test_of_a_queue_as_html(sqlite_client: TestClient) -> None:
    client = sqlite_client
    for n in range(3):
        call(client, f"c{n}", *[HOSTILE] * 2, queue="售后", started_at=f"2026-06-2{n}T10:00:00Z")
    call(client, "other", CALM, queue="宽带")
    page = client.get(f"{API}/reports/queue", params={"queue": "售后", "format": "html"}).text
    assert WARNING in page
    assert "<b>100%</b>" in page
    assert "95% 区间 44% – 100%" in page
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    empty = client.get(f"{API}/reports/queue", params={"queue": "无", "format": "html"})
    assert "这一期间没有已评分的会话" in empty.text


def test_what_is_erased_while_printing_does_not_go_out(
    sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = call(sqlite_client, "c1", ANGRY, ANGRY, queue="售后")
    drawn = render.html

    def erases(*given: object, **values: object) -> str:
        document = drawn(*given, **values)  # type: ignore[arg-type]
        services(sqlite_client).store.delete(number, LOCAL)
        return document

    for path in (f"/conversations/{number}/report", "/reports/queue"):
        with monkeypatch.context() as patch:
            patch.setattr(render, "html", erases)
            error = problem(sqlite_client.get(f"{API}{path}", params={"format": "html"}), 404)
        assert "erased while its report was made" in error["what"]
        number = call(sqlite_client, "c1", ANGRY, ANGRY, queue="售后")
    problem(sqlite_client.get(f"{API}/conversations/999/report"), 404)


def test_without_a_chinese_font_it_says_which_package(
    sqlite_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require(shutil.which("fc-list") is not None, "fontconfig is not installed")
    number = call(sqlite_client, "c1", ANGRY)
    fonts = tmp_path / "fonts.conf"
    fonts.write_text("<?xml version='1.0'?><fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(fonts))
    error = problem(sqlite_client.get(f"{API}/conversations/{number}/report"), 503)
    assert "fonts-noto-cjk" in error["remedy"]


def test_from_the_command_line(sqlite_client: TestClient, tmp_path: Path) -> None:
    number = call(sqlite_client, "c1", HOSTILE, ANGRY)
    # What WeasyPrint says where Pango is missing, word for word.
    broken = tmp_path / "broken" / "weasyprint.py"
    broken.parent.mkdir()
    broken.write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")")
    env = {
        **os.environ,
        "EMOTION_MONITOR_DATA_DIR": str(services(sqlite_client).settings.data_dir),
        "PYTHONPATH": os.pathsep.join([str(broken.parent), *filter(None, sys.path)]),
    }

    def run(*given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, "report", *given], env=env, capture_output=True, text=True, check=False
        )

    page = tmp_path / "out.html"
    done = run("conversation", str(number), "--out", str(page))
    assert done.returncode == 0, done.stderr
    assert WARNING in page.read_text("utf-8")
    refused = run("queue", "--out", str(tmp_path / "out.pdf"))
    assert refused.returncode == 1
    assert "apt-get install libpango-1.0-0" in refused.stderr
    assert not (tmp_path / "out.pdf").exists()
    assert run("queue", "--out", str(tmp_path / "out.docx")).returncode == 2
