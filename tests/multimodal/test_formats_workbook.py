"""Excel in: the table of turns with the headers of CSV, on any sheet, also below a title."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from multimodal.conversation import Channel, Conversation, Role
from multimodal.errors import EmotionMonitorError, TranscriptError, UnknownFormatError
from multimodal.formats import detect_format, parse_transcript, read_transcript


def workbook(rows: Sequence[Sequence[Any]], *others: Sequence[Sequence[Any]]) -> bytes:
    """A workbook with one sheet for each list of rows."""
    book = openpyxl.Workbook(write_only=True)
    for sheet_rows in (rows, *others):
        sheet = book.create_sheet()
        for row in sheet_rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


ROWS: list[list[Any]] = [
    ["通话流水号", "说话人", "开始时间", "结束时间", "内容", "工号", "备注"],
    ["0012345678901234567", "客服", 0.5, 2, "您好", 8801, None],
    ["0012345678901234567", "客户", 2.5, 4.25, "=太慢了", None, "大声"],
    ["c-2", "客户", time(0, 0, 3), time(0, 1, 2), "喂", None, None],
]


def one(items: Sequence[Any]) -> Conversation:
    (conversation,) = items
    assert isinstance(conversation, Conversation)
    return conversation


def test_a_table_of_turns(tmp_path: Path) -> None:
    path = tmp_path / "turns.dat"
    path.write_bytes(workbook(ROWS))
    assert detect_format(path.read_bytes()) == "xlsx"
    first, second = read_transcript(path)
    assert isinstance(first, Conversation)
    assert isinstance(second, Conversation)
    assert (first.external_id, first.source) == ("0012345678901234567", "xlsx")
    assert first.channel is Channel.PHONE
    found = [(t.role, t.start, t.end, t.agent_id) for t in first.turns]
    assert found == [(Role.AGENT, 0.5, 2.0, "8801"), (Role.CUSTOMER, 2.5, 4.25, "")]
    assert first.turns[1].attributes == {"备注": "大声"}
    assert [(t.start, t.end) for t in second.turns] == [(3.0, 62.0)]


def test_dates_a_title_and_a_second_sheet() -> None:
    table: list[list[Any]] = [
        ["6 月通话明细"],
        [],
        ["role", "time", "text"],
        ["customer", datetime(2026, 6, 30, 23, 50), "你好"],
        ["agent", datetime(2026, 6, 30, 23, 51, 0, 500_000), "您好"],
    ]
    conversation = one(parse_transcript(workbook([["说明"], ["无"]], table), "x"))
    assert conversation.started_at == datetime.fromisoformat("2026-06-30T23:50:00+08:00")
    assert [t.start for t in conversation.turns] == [0.0, 60.5]


def test_an_error_names_sheet_and_row() -> None:
    rows = [[*ROWS[0][:4], "内容"], ["c", "客户", "soon", None, "喂"]]
    with pytest.raises(TranscriptError, match=r"x\.xlsx, sheet 'Sheet', line 2: start is 'soon'"):
        parse_transcript(workbook(rows), "x.xlsx")


def test_a_workbook_that_is_no_transcript_is_none() -> None:
    with pytest.raises(UnknownFormatError):
        detect_format(workbook([["通话流水号", "技能组"], ["1", "售后"]]))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("word/document.xml", "<a/>")
    with pytest.raises(UnknownFormatError):
        detect_format(archive.getvalue())


def test_the_beginning_is_enough_to_tell_a_workbook() -> None:
    data = workbook(ROWS + [["c-3", "客户", 1, 2, f"{n}" * 50, None, None] for n in range(3000)])
    assert detect_format(data[:64_000]) == "xlsx"
    with pytest.raises(TranscriptError, match=r"half\.xlsx: the workbook is damaged.*save it"):
        parse_transcript(data[: len(data) // 2], "half.xlsx")


def packed(sheet: str, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """A workbook whose one sheet is this XML."""
    template = io.BytesIO(workbook([["x"]]))
    out = io.BytesIO()
    with zipfile.ZipFile(template) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, sheet if entry.filename == name else old.read(entry))
    return out.getvalue()


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>speaker</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>text</t></is></c></row>'
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "row",
    [
        '<row r="999999999999"><c r="A999999999999" t="inlineStr"><is><t>x</t></is></c></row>',
        '<row r="2"><c r="ZZZ2" t="inlineStr"><is><t>x</t></is></c></row>',
        '<row r="x"><c r="B2"><v>1</v></c></row>',
        '<row r="2"><c r="B2" t="s"><v>77</v></c></row>',
        '<row r="2"><c r="B2" t="d"><v>never</v></c></row>',
        '<row r="2"><c r="B2"><v>1e999</v></c></row>',
        '<row r="2"><c r="A2" t="e"><v>#REF!</v></c><c r="B2"><f>1/0</f></c></row>',
    ],
)
def test_odd_cells_neither_hang_nor_crash(row: str) -> None:
    data = packed(f"{SHEET}{HEADER}{row}</sheetData></worksheet>")
    try:
        items = parse_transcript(data, "odd.xlsx")
    except EmotionMonitorError as error:
        items = [error]
    for item in items:
        assert isinstance(item, Conversation) or "odd.xlsx" in str(item)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    big = f"{SHEET}{HEADER}</sheetData><!--{' ' * 2**24}--></worksheet>"
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    laughs = (
        f'<!DOCTYPE w [<!ENTITY a0 "ha">{entities}]>{SHEET}{HEADER}&a8;</sheetData></worksheet>'
    )
    with pytest.raises(TranscriptError, match="the workbook is damaged"):
        parse_transcript(packed(laughs), "laughs.xlsx")
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr("multimodal.formats.workbook.MAX_UNPACKED", 2**20)
        with pytest.raises(TranscriptError, match="unpacks to more than 1 MB.*Split it"):
            parse_transcript(packed(big), "big.xlsx")
