"""Manifests as call centres export them: encodings, headers, times, numbers."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.catalogue import Catalogue, ManifestPreview, preview
from app.intake.columns import check_columns, guess_columns, is_manifest
from app.intake.moments import moment_of
from app.intake.records import CallRecord
from app.intake.sheets import Sheet, read_sheet
from app.intake.sources import SourceProfile
from multimodal.conversation import Direction
from multimodal.errors import EmotionMonitorError, InvalidInputError, TranscriptError
from multimodal.masking import Masker

MASKER = Masker(key=partial(bytes, b"a key of this test"))
SHANGHAI = ZoneInfo("Asia/Shanghai")
ZH = [
    ["录音文件名", "通话流水号", "开始时间", "结束时间", "工号", "班组", "技能组", "主叫号码",
     "被叫号码", "呼叫方向", "满意度"],
    ["a.wav", "0012345678901234567", "2026-06-30 23:50:00", "2026-07-01 00:05:00", "1007", "一班",
     "宽带售后", "13812341234", "95599", "呼入", "2"],
    ["b.wav", "0012345678901234568", "2026/7/1 9:03", "", "1008", "二班", "投诉", "01065551234",
     "13912345678", "呼出", ""],
]  # fmt: skip


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def as_xlsx(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def shown(data: bytes, profile: SourceProfile | None = None) -> ManifestPreview:
    return preview(read_sheet(data, "calls.csv"), profile or SourceProfile(), MASKER)


def records(found: ManifestPreview) -> list[CallRecord]:
    assert all(isinstance(record, CallRecord) for record in found.records), found.records
    return [record for record in found.records if isinstance(record, CallRecord)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "xlsx"])
def test_every_encoding_says_the_same(encoding: str) -> None:
    data = as_xlsx([list(row) for row in ZH]) if encoding == "xlsx" else as_csv(ZH).encode(encoding)
    first, second = records(shown(data))
    assert first.call_id == "0012345678901234567"
    assert (first.file_name, first.agent_id, first.team, first.queue) == (
        "a.wav", "1007", "一班", "宽带售后",
    )  # fmt: skip
    assert first.started_at == datetime(2026, 6, 30, 23, 50, tzinfo=SHANGHAI)
    assert first.customer.display == "138****1234"
    assert first.direction is Direction.INBOUND
    assert first.attributes == {"满意度": "2", "callee": "95599"}
    assert second.customer.display == "139****5678"
    assert second.started_at == datetime(2026, 7, 1, 9, 3, tzinfo=SHANGHAI)


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters_and_a_title_above_the_header(delimiter: str) -> None:
    text = "2026年6月通话清单\n\n" + as_csv(ZH, delimiter)
    assert records(shown(text.encode()))[0].call_id == "0012345678901234567"


@pytest.mark.parametrize("header", [True, False])
def test_huaweis_recording_index(header: bool) -> None:
    names = (
        "developer,account_id,cc_id,agent_id,call_id,caller_no,callee_no,call_begin,call_end,"
        "file_name,task_status,task_result,original_file_name,vdn_id,call_type,media_type,"
        "user_wanted_skill_id,current_skill_id\n"
    )
    row = (
        "dev,acc,1,10017,1593532200-4711,13812341234,4008001234,2026-06-30 23:50:00,"
        "2026-06-30 23:58:10,/10/1/record/100/13533/0903379.wav,0,,X:\\17\\0\\2043295.V3,100,0,5,"
        "3,7\n"
    )
    data = ((names if header else "") + row).encode()
    (record,) = records(shown(data))
    assert (record.agent_id, record.call_id, record.queue) == ("10017", "1593532200-4711", "7")
    assert record.file_name == "0903379.wav"
    assert record.customer.display == "138****1234"
    assert record.attributes["call_type"] == "0"
    assert record.started_at == datetime(2026, 6, 30, 15, 50, tzinfo=UTC)
    assert record.ended_at == datetime(2026, 6, 30, 15, 58, 10, tzinfo=UTC)


def test_columns_without_a_header_that_says_anything_are_looked_into() -> None:
    rows = [["A", "B", "C", "D"]]
    rows += [[f"x{i}.mp3", f"1381234{i:04}", f"2026-06-{i + 10} 10:00", "呼入"] for i in range(9)]
    sheet = read_sheet(as_csv(rows).encode(), "calls.csv")
    assert guess_columns(sheet) == {
        "A": "file_name", "B": "customer", "C": "started_at", "D": "direction",
    }  # fmt: skip


def test_a_mapping_is_used_where_its_headers_are_there_and_checked() -> None:
    rows = [["甲", "乙", "丙"], ["a.wav", "77", "88"]]
    profile = SourceProfile("crm", columns={"甲": "file_name", "乙": "agent_id"})
    (record,) = records(shown(as_csv(rows).encode(), profile))
    assert (record.agent_id, record.attributes) == ("77", {"丙": "88"})
    for wrong, says in (
        ({"甲": "boss"}, "no field 'boss'"),
        ({"甲": "file_name", "乙": "file_name"}, "two columns"),
        ({"甲": "agent_id"}, "can be joined"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            check_columns(wrong)


@pytest.mark.parametrize(
    "written",
    ["2026-06-30 23:50:00", "2026/6/30 23:50", "20260630235000", "2026年6月30日 23时50分",
     "2026-06-30T23:50:00+08:00", "2026-06-30T15:50:00Z", "1782834600", "1782834600000",
     "2026.6.30 23:50:00.000", "46203.993055555555"],
)  # fmt: skip
def test_moments_as_they_are_written(written: str) -> None:
    found = moment_of(written, SHANGHAI)
    assert abs(found - datetime(2026, 6, 30, 23, 50, tzinfo=SHANGHAI)) < timedelta(seconds=1)


def test_each_source_has_its_zone() -> None:
    rows = [["file", "start time"], ["a.wav", "2026-06-30 23:50:00"]]
    (record,) = records(shown(as_csv(rows).encode(), SourceProfile("uk", "Europe/London")))
    assert record.started_at == datetime(2026, 6, 30, 22, 50, tzinfo=UTC)
    with pytest.raises(InvalidInputError, match="Mars"):
        SourceProfile("x", "Mars")


def test_dates_and_times_in_two_columns_and_as_excel_keeps_them() -> None:
    rows: list[list[object]] = [
        ["文件", "日期", "时间", "流水号"],
        ["a.wav", datetime(2026, 6, 30), "23:50:00", 42],
        ["b.wav", "20260630", "235000", 43.0],
    ]
    first, second = records(shown(as_xlsx(rows)))
    assert first.started_at == second.started_at == datetime(2026, 6, 30, 23, 50, tzinfo=SHANGHAI)
    assert (first.call_id, second.call_id) == ("42", "43")


def test_what_is_wrong_in_a_row_is_said_and_costs_no_other() -> None:
    rows = [
        ["文件名", "流水号", "开始时间", "结束时间"],
        ["a.wav", "1.23457E+18", "2026-06-30 10:00", ""],
        ["b.wav", "2", "31/31/2026", ""],
        ["c.wav", "3", "2026-06-30 10:00", "2026-06-30 09:00"],
        ["d.wav", "4", "2026-06-30 10:00", "2026-06-30 10:09"],
    ]
    catalogue = Catalogue(SourceProfile(), MASKER)
    errors = catalogue.add_manifest(read_sheet(as_csv(rows).encode(), "calls.csv"))
    assert [e.where for e in errors] == [f"calls.csv, line {n}" for n in (2, 3, 4)]
    assert ["rounded by Excel" in str(errors[0]), "31/31" in str(errors[1])] == [True, True]
    assert len(catalogue) == 1
    long_number = as_xlsx([["文件名", "流水号"], ["a.wav", 1234567890123456789]])
    (error,) = shown(long_number).records
    assert isinstance(error, TranscriptError)


def test_a_transcript_is_no_manifest() -> None:
    for text in (
        "speaker,start,end,text\n客户,1,2,好\n",
        "call_id,role,内容\n1,客户,好\n",
        "a,b\n1,2\n",
    ):
        assert not is_manifest(read_sheet(text.encode(), "x"))


@pytest.mark.parametrize("data", [b"", b"\n\n,,\n", b"PK\x03\x04 no workbook"])
def test_what_is_no_table(data: bytes) -> None:
    with pytest.raises(TranscriptError):
        read_sheet(data, "x.xlsx")


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        sheet = read_sheet(data, "x")
    except EmotionMonitorError:
        return
    preview(sheet, SourceProfile(), MASKER)


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=5), min_size=1, max_size=6))
def test_no_cells_break_the_guessing(rows: list[list[str]]) -> None:
    lines = [(n, tuple(row)) for n, row in enumerate(rows[1:], start=2)]
    sheet = Sheet("x", tuple(dict.fromkeys(rows[0])), lines)
    assert set(guess_columns(sheet)) <= set(sheet.headers)
    for columns in ({}, {sheet.headers[0]: "started_at"}, {sheet.headers[0]: "customer"}):
        profile = SourceProfile(columns=columns | {"流水号": "call_id"} if columns else {})
        Catalogue(profile, MASKER).add_manifest(sheet)


@given(st.text(max_size=40))
def test_no_text_breaks_the_moments(text: str) -> None:
    with suppress(ValueError, OverflowError, OSError):
        assert moment_of(text, SHANGHAI).tzinfo is not None


def test_the_first_five_rows_are_previewed() -> None:
    rows = [["文件名", "工号"], *([f"{i}.wav", str(i)] for i in range(9))]
    found = shown(as_csv(rows).encode())
    assert (found.rows, len(found.records), len(found.cells)) == (9, 5, 5)
    assert found.columns == {"文件名": "file_name", "工号": "agent_id"}
