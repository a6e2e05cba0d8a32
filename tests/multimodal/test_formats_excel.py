"""Excel out: sheets, types and looks, read back through openpyxl and through LibreOffice."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores, Evidence, ModelInfo
from multimodal.formats import parse_transcript
from multimodal.formats.results import Layout, Reviewed, write_results
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.tags import Basis, Tag, Tagged
from tests.conftest import require

ID = "0012345678901234567"
HEADER = [
    "通话流水号",
    "开始时间",
    "技能组",
    "班组",
    "工号",
    "渠道",
    "时长",
    "等级",
    "主要原因",
    "客户原话",
    "峰值时刻",
    "首末变化",
    "风险",
    "复核结果",
    "回放链接",
    "事件标签",
    "升级信号",
]
TEXT_MODEL = ModelInfo("words", "1.2.0", "ab" * 32, "research")
FUSER = ModelInfo("late", "1.0.0", "cd" * 32, "open")
FORMULA = '=HYPERLINK("http://x","点我")'


def answered(turn: Turn, label: str = "angry", risk: float = 0.6) -> ScoredTurn:
    if turn.role is Role.AGENT:
        refused = EmotionScores.missing("policy: agent")
        return ScoredTurn(turn, {"text": refused}, FusedAnswer.unknown("policy: agent"), 0.1)
    shares = np.full(7, 0.05, np.float32)
    shares[[e.value for e in EMOTIONS].index(label)] = 0.7
    words = tuple(
        Evidence("word", name, weight, 0, 2) for name, weight in (("没发货", 0.6), ("您", -0.1))
    )
    text = EmotionScores(shares, 0.9, valence=-0.8, evidence=words, model=TEXT_MODEL)
    answer = FusedAnswer(shares, label, 0.7, -0.8, {"text": 0.9, "voice": 0.1}, 0.25, FUSER)
    tags = (Tagged(Tag.URGE, Basis.RULE), Tagged(Tag.ESCALATION, Basis.RULE))
    by = {"text": text, "voice": EmotionScores.missing("-")}
    return ScoredTurn(turn, by, answer, risk, tags)


def conversation(*more: Turn, external_id: str = ID, **fields: Any) -> ScoredConversation:
    turns = (
        Turn(Role.AGENT, "您好，我很生气", 0.0, 1.5, agent_id="-8801"),
        Turn(
            Role.CUSTOMER,
            FORMULA,
            2.0,
            65.5,
            attributes={
                "vendor_sentiment": "NEGATIVE",
                "vendor_sentiment_score": -2.5,
                "vendor_loudness": [60.0, None, 70.0],
                "vendor_rate": 260.0,
            },
        ),
        *more,
    )
    given: dict[str, Any] = {
        "channel": Channel.PHONE,
        "queue": "+宽带",
        "team": "一班",
        "started_at": datetime.fromisoformat("2026-06-30T15:50:00+00:00"),
    } | fields
    return ScoredConversation(
        Conversation(external_id, turns, **given),
        tuple(answered(turn) for turn in turns),
        Trajectory(risk=(0.1, *(0.6,) * (len(turns) - 1)), shift=-2.5),
    )


def book(
    results: Sequence[ScoredConversation | Reviewed], layout: Layout | None = None
) -> openpyxl.Workbook:
    stream = io.BytesIO()
    write_results(results, stream, "xlsx", layout=layout)
    return openpyxl.load_workbook(stream)


def values(sheet: Any) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_sheets_and_columns() -> None:
    given = Reviewed(conversation(), "http://127.0.0.1:8601/replay?id=7", {2: "sad"})
    found = book([given])
    assert found.sheetnames == ["会话", "客户话轮", "说明"]
    calls = found["会话"]
    header, row = values(calls)
    assert header == HEADER
    assert row == [
        ID,
        datetime(2026, 6, 30, 23, 50),
        "'+宽带",
        "一班",
        "-8801",
        "电话",
        timedelta(seconds=65.5) if isinstance(row[6], timedelta) else time(0, 1, 5, 500_000),
        "不满",
        "愤怒（文字：没发货）",
        f"'{FORMULA}",
        time(0, 0, 2) if isinstance(row[10], time) else timedelta(seconds=2),
        -2.5,
        0.6,
        "第 2 句：难过",
        "回放",
        "催促 (1)、要求升级 (1)",
        "有",
    ]
    link = calls["O2"].hyperlink
    assert (link.target, link.location) == ("http://127.0.0.1:8601/replay?id=7", None)
    assert all(cell.data_type != "f" for row in calls.iter_rows() for cell in row)


def test_tags_and_why_beside_each_turn() -> None:
    chinese, english = (
        dict(zip(*values(book([conversation()], Layout(name)).worksheets[1])[:2], strict=True))
        for name in ("zh", "en")
    )
    assert chinese["标签"] == "催促 (规则)、要求升级 (规则)"
    assert chinese["判断依据"] == "愤怒，把握 70%：文字 90%（“没发货”）；语音 10%。"
    assert english["Tags"] == "urge (rule), escalation (rule)"
    assert english["Why"] == "Anger, 70% sure: words 90% (没发货); voice 10%."


def test_a_voice_that_weighed_most_gives_the_reason_in_words() -> None:
    given = conversation()
    last = given.turns[-1]
    raised = tuple(
        Evidence("prosody", name, 0.8, value=value)
        for name, value in (("pitch", 4.2), ("rate", 20))
    )
    voice = EmotionScores(last.answer.probabilities, 0.9, evidence=raised)
    heard = replace(last.answer, contributions={"text": 0.1, "voice": 0.9})
    turns = (*given.turns[:-1], replace(last, scores={**last.scores, "voice": voice}, answer=heard))
    for layout, reason in (
        (Layout("zh"), "愤怒（语音：比本人平时高 4.2 个半音，快 20 %）"),
        (
            Layout("en"),
            "anger (voice: 4.2 semitones higher, 20 % faster than this speaker's usual)",
        ),
    ):
        sheet = book([replace(given, turns=turns)], layout).worksheets[0]
        assert values(sheet)[1][8] == reason


def test_ids_are_text_the_header_is_frozen_and_every_row_can_be_filtered() -> None:
    found = book([conversation(external_id=name) for name in (ID, "-42", "=1+1", "1e5")])
    calls, turns = found["会话"], found["客户话轮"]
    for sheet in (calls, turns):
        assert sheet.freeze_panes == "B2"
        assert all(sheet.cell(row, 1).data_type in ("s", "inlineStr") for row in range(2, 6))
    assert [cell.value for cell in calls["A"]] == ["通话流水号", ID, "-42", "'=1+1", "1e5"]
    assert calls["A2"].number_format == "@"
    assert calls.auto_filter.ref == "A1:Q5"
    assert turns.auto_filter.ref.endswith("5")
    assert calls.column_dimensions["J"].width > calls.column_dimensions["G"].width > 5


def test_the_customers_turns_with_the_vendors_measures_beside_ours() -> None:
    unknown = Turn(Role.UNKNOWN, "嗯")
    header, customer, other = values(book([conversation(unknown)])["客户话轮"])
    row = dict(zip(header, customer, strict=True))
    assert row["客户原话"] == f"'{FORMULA}"
    assert (row["情绪"], row["状态"], row["文字"], row["语音"]) == ("生气", "愤怒", "生气", None)
    assert (row["置信度"], row["倾向"], row["风险"], row["分歧"]) == (0.7, -0.8, 0.6, 0.25)
    assert (row["平台情绪"], row["平台情绪分"]) == ("NEGATIVE", -2.5)
    assert (row["平台响度"], row["平台语速"]) == (65, 260)
    assert (other[2], other[3], other[5]) == ("未知", None, "嗯")


def test_nothing_of_an_agents_mood_is_in_it() -> None:
    agent = Turn(
        Role.AGENT,
        "烦死了",
        70.0,
        71.0,
        attributes={"vendor_sentiment": "NEGATIVE", "vendor_emotion": "ANGRY"},
    )
    calm = replace(conversation(agent), turns=())
    scored = ScoredConversation(
        calm.conversation,
        tuple(answered(turn, "neutral") for turn in calm.conversation.turns),
        calm.trajectory,
    )
    everything = str([values(sheet) for sheet in book([scored]).worksheets])
    for text in ("烦死了", "我很生气", "ANGRY"):
        assert text not in everything


def test_notes_say_what_it_means_and_which_models_answered() -> None:
    notes = dict(values(book([conversation()])["说明"])[:-2])
    assert "由人" in notes["用途"]
    assert "客户情绪不等于坐席表现" in notes["坐席"]
    assert notes["风险"]
    everything = str(values(book([conversation()])["说明"]))
    assert "words 1.2.0 · 仅限研究" in everything
    assert "late 1.0.0 · 开放" in everything


def test_in_english() -> None:
    found = book([conversation(), conversation(external_id="2")], Layout("en"))
    assert found.sheetnames == ["Conversations", "Customer turns", "Notes"]
    header, row, _ = values(found["Conversations"])
    assert header[:3] == ["Call id", "Started", "Queue"]
    assert (row[5], row[7], row[8]) == ("phone", "dissatisfied", "anger (words: 没发货)")
    everything = str([values(found[name])[0] for name in found.sheetnames])
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in everything)
    assert "does not measure an agent" in str(values(found["Notes"]))


def test_starts_are_shown_in_the_sites_zone() -> None:
    found = book([conversation()], Layout("zh", ZoneInfo("UTC")))
    assert found["会话"]["B2"].value == datetime(2026, 6, 30, 15, 50)
    early = conversation(started_at=datetime.fromisoformat("1066-10-14T09:00:00+00:00"))
    assert str(book([early])["会话"]["B2"].value).startswith("1066-10-14")


HOSTILE = [
    "<r><t>x</t></r>", "<r>&</r>", "\x00\x01\x1f\x7f", "\ufffe\uffff", "_x0041_", "@SUM(1)", "\t=1",
    "&lt;", "]]>", "啊" * 40_000, "'", "  两边空格  ", "a\r\nb", "＝1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_was_said_the_workbook_opens(text: str) -> None:
    turn = Turn(Role.CUSTOMER, text, 70.0, 71.0)
    found = book([conversation(turn, external_id=text[:50] or "x", queue=text[:50])])
    cell = found["客户话轮"]["F3"]
    assert cell.data_type != "f"
    assert not str(cell.value).startswith(("=", "@", "\t", "＝"))
    if text.isprintable() and len(text) < 100 and text[0] not in "=@＝":
        assert str(cell.value).replace("_x005F_", "_").strip() == text.strip()


def test_more_turns_than_a_sheet_holds_go_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multimodal.formats.excel.MAX_ROWS", 3)
    monkeypatch.setattr("multimodal.formats.excel.MAX_LINKS", 1)
    more = [Turn(Role.CUSTOMER, f"第{n}", 70.0 + n, 71.0 + n) for n in range(4)]
    found = book(
        [Reviewed(conversation(*more), "http://a/1"), Reviewed(conversation(), "http://a/2")]
    )
    names = [name for name in found.sheetnames if name.startswith("客户话轮")]
    said = [row[5] for name in names for row in values(found[name])[1:]]
    assert names == ["客户话轮", "客户话轮 2", "客户话轮 3"]
    assert said == [f"'{FORMULA}", "第0", "第1", "第2", "第3", f"'{FORMULA}"]
    assert [found["会话"][f"O{row}"].value for row in (2, 3)] == ["回放", "http://a/2"]


def test_a_conversation_without_turns_or_times() -> None:
    empty = ScoredConversation(Conversation("leer"), (), Trajectory())
    chat = conversation()
    turns = tuple(replace(t, start=None, end=None) for t in chat.conversation.turns)
    untimed = ScoredConversation(
        replace(chat.conversation, turns=turns, started_at=None),
        tuple(map(answered, turns)),
        chat.trajectory,
    )
    _, first, second = values(book([empty, untimed])["会话"])
    assert first[0] == "leer"
    assert first[1] is first[6] is first[10] is first[11] is None
    assert (first[7], first[12]) == ("平稳", 0)
    assert (second[6], second[10]) == (None, "第 2 句")


def test_what_goes_out_can_come_in_again() -> None:
    stream = io.BytesIO()
    write_results([conversation()], stream, "xlsx")
    (again,) = parse_transcript(stream.getvalue(), "results.xlsx")
    assert isinstance(again, Conversation)
    assert (again.external_id, [t.role for t in again.turns]) == (ID, [Role.CUSTOMER])


def test_ids_and_numbers_come_back_through_libreoffice(tmp_path: Path) -> None:
    office = shutil.which("soffice") or ""
    require(bool(office), "LibreOffice Calc (Debian: libreoffice-calc-nogui) is not installed")
    path = tmp_path / "results.xlsx"
    write_results([conversation(), conversation(external_id="=1+1")], path)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [office, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run(
        [*command, "--outdir", str(tmp_path / "again"), str(path)],
        check=True,
        capture_output=True,
        timeout=120,
    )
    ours = openpyxl.load_workbook(path)
    theirs = openpyxl.load_workbook(tmp_path / "again" / "results.xlsx")
    assert theirs.sheetnames == ours.sheetnames
    row = [cell.value for cell in theirs["会话"][2]]
    assert (row[0], row[4], row[11], row[12]) == (ID, "-8801", -2.5, 0.6)
    assert row[1] == datetime(2026, 6, 30, 23, 50)
    assert row[9] == f"'{FORMULA}"
    assert theirs["会话"]["A2"].data_type == "s"
    assert theirs["会话"]["A3"].value == "'=1+1"
    turn = dict(zip(*values(theirs["客户话轮"])[:2], strict=True))
    assert (turn["通话流水号"], turn["平台情绪分"], turn["平台响度"]) == (ID, -2.5, 65)
    assert all(
        cell.data_type != "f" for sheet in theirs for row in sheet.iter_rows() for cell in row
    )
