"""Tables: one row a turn, with a header in English or Chinese, of one conversation or of many.

Needed are a column of words and one of the speaker or role; times, the conversation's id and the
agent's id are read where they are there; any other column is kept in `Turn.attributes` under its
header. Times are seconds, `hh:mm:ss`, milliseconds where the header says so, or dates with a time
of day (in China's zone unless they carry their own offset).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from multimodal.conversation import Channel, Conversation, Turn
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.documents import json_value
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import make_conversation, make_turn

_HEADERS: Mapping[str, str] = {
    "text": "text content utterance message transcript words sentence 内容 文本 话术 对话内容 "
    "消息内容 发言内容 说话内容 聊天内容 通话内容 消息 语句 转写文本 文字",
    "role": "role participant participant_role 角色 身份 说话方 发送方 会话方 发言角色",
    "speaker": "speaker speaker_name name sender from 说话人 发言人 讲话人 发送人 发送者 姓名 昵称",
    "start": "start start_time begin begin_time time timestamp 开始 开始时间 起始 起始时间 时间 "
    "发送时间 消息时间 发言时间",
    "end": "end end_time stop stop_time 结束 结束时间 终止时间",
    "conversation": "conversation conversation_id call call_id session_id dialogue_id dialog_id "
    "chat_id contact_id external_id 会话 会话id 会话编号 通话id 通话编号 通话流水号 流水号 对话id "
    "对话编号",
    "agent_id": "agent_id 工号 坐席工号 座席工号 客服工号",
}
_FIELD_OF = {name: field for field, names in _HEADERS.items() for name in names.split()}
_UNIT = re.compile(r"[\s_]*[(（\[]?(ms|毫秒|milliseconds|s|sec|seconds|秒)[)）\]]?$")
_SECONDS = re.compile(r"[+-]?\d{1,12}(\.\d{0,30})?")
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,9})?)")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2}:.*)")
_ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Header:
    """Which column holds what: by field, its index; the others by their own names."""

    columns: Mapping[str, int]
    others: Mapping[str, int]
    milliseconds: frozenset[str]
    width: int


@dataclass(frozen=True)
class _Row:
    """One row's cells by field, with what the other columns hold."""

    line: int
    cells: Mapping[str, str]
    others: Mapping[str, str]


def header_of(names: Sequence[str]) -> Header | None:
    """What the columns of this name hold; None where words or speakers have no column."""
    columns: dict[str, int] = {}
    others: dict[str, int] = {}
    milliseconds = set()
    for index, name in enumerate(names):
        key = re.sub(r"\s+", "_", name.strip().casefold())
        unit = _UNIT.search(key)
        if key not in _FIELD_OF and unit:
            key = key[: unit.start()]
        field = _FIELD_OF.get(key)
        if field is None or field in columns:
            others.setdefault(name.strip(), index)
            continue
        columns[field] = index
        if unit and unit[1] in ("ms", "毫秒", "milliseconds"):
            milliseconds.add(field)
    if "text" in columns and ("role" in columns or "speaker" in columns):
        return Header(columns, others, frozenset(milliseconds), len(names))
    return None


def _header(text: str) -> tuple[Header, str] | None:
    """The header and the delimiter that makes one of the first line; None if there is none."""
    first = next((line for line in text[:20_000].splitlines() if line.strip()), "")
    for delimiter in ",\t;|":
        try:
            names = next(csv.reader([first], delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        header = header_of(names)
        if header is not None:
            return header, delimiter
    return None


def _read(source: Source) -> Iterator[Item]:
    found = _header(source.text)
    if found is None:
        raise TranscriptError("there is no header that names a column of words and of speakers.")
    header, delimiter = found
    damage: list[EmotionMonitorError] = []
    rows = list(csv_rows(source.text, source.name, delimiter, damage))
    yield from conversations(rows[1:], header, source.name, "csv", damage)


def conversations(
    lines: Iterable[tuple[int, Sequence[str]]],
    header: Header,
    name: str,
    kind: str,
    damage: Sequence[EmotionMonitorError] = (),
) -> Iterator[Item]:
    """The conversations in the rows below a header.

    Args:
        lines: Line numbers and cells of the rows.
        header: What the columns hold.
        name: How messages name the table.
        kind: The source of its conversations.
        damage: What was wrong with lines that are no rows.

    Raises:
        TranscriptError: If there is no turn, or the one conversation is wrong.
    """
    rows: dict[str, list[_Row]] = {}
    broken: dict[str, EmotionMonitorError] = {}
    for line, cells in lines:
        row = _Row(
            line,
            {name: cells[i].strip() for name, i in header.columns.items() if i < len(cells)},
            {name: cells[i] for name, i in header.others.items() if i < len(cells) and cells[i]},
        )
        key = row.cells.get("conversation", "")
        rows.setdefault(key, []).append(row)
        if any(cell.strip() for cell in cells[header.width :]):
            broken.setdefault(
                key,
                TranscriptError(
                    f"the row has {len(cells)} cells, expected {header.width}.",
                    where=f"{name}, line {line}",
                    remedy="Put words that contain a comma in double quotes.",
                ),
            )
    if len(rows) <= 1 and (damage or broken):
        raise [*damage, *broken.values()][0]
    yield from damage
    if not rows:
        raise TranscriptError("there is no turn below the header.", where=name)
    for key, group in rows.items():
        if key in broken:
            yield broken[key]
            continue
        try:
            yield _conversation(key, group, header, name, kind)
        except EmotionMonitorError as error:
            if len(rows) == 1:
                raise
            yield error


def csv_rows(
    text: str,
    name: str,
    delimiter: str,
    damage: list[EmotionMonitorError],
    *,
    strict: bool = True,
) -> Iterator[tuple[int, list[str]]]:
    """Line numbers and cells of the rows in which anything stands.

    Args:
        text: The table.
        name: How messages name it.
        delimiter: Between cells.
        damage: Gets what was wrong with rows that are no CSV.
        strict: Whether a quote in the wrong place makes it none.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            damage.append(
                TranscriptError(
                    f"the row is no valid CSV ({error}), and it is lost.",
                    where=f"{name}, line {reader.line_num}",
                    remedy="Check its quotes.",
                )
            )
            continue
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _conversation(
    key: str, rows: Sequence[_Row], header: Header, name: str, kind: str
) -> Conversation:
    where = f"{name}, conversation {key[:80]!r}" if key else name
    times = [(_time(row, "start", header, name), _time(row, "end", header, name)) for row in rows]
    given = [time for pair in times for time in pair if time is not None]
    moments = [time for time in given if isinstance(time, datetime)]
    if moments and len(moments) < len(given):
        raise TranscriptError("some times are dates and others are not.", where=where)
    zero = min(moments) if moments else None
    turns = [
        _turn(row, _seconds(start, zero), _seconds(end, zero), name)
        for row, (start, end) in zip(rows, times, strict=True)
    ]
    spoken = any(turn.end is not None for turn in turns)
    return make_conversation(
        turns,
        where,
        source=kind,
        external_id=key,
        channel=Channel.PHONE if spoken else Channel.CHAT,
        started_at=zero,
    )


def _turn(row: _Row, start: float | None, end: float | None, name: str) -> Turn:
    where = f"{name}, line {row.line}"
    speaker = row.cells.get("speaker", "") or row.cells.get("role", "")
    return make_turn(
        where,
        role=role_of(row.cells.get("role", "") or speaker),
        text=row.cells.get("text", ""),
        start=start,
        end=end,
        speaker=speaker,
        agent_id=row.cells.get("agent_id", ""),
        attributes=json_value(row.others, where),
    )


def _time(row: _Row, field: str, header: Header, name: str) -> float | datetime | None:
    cell = row.cells.get(field, "")
    if not cell:
        return None
    if _SECONDS.fullmatch(cell):
        return float(cell) / 1000 if field in header.milliseconds else float(cell)
    clock = _CLOCK.fullmatch(cell)
    if clock:
        hours, minutes, seconds = (
            float((part or "0").replace(",", ".")) for part in clock.groups()
        )
        return hours * 3600 + minutes * 60 + seconds
    try:
        return _moment(cell)
    except ValueError:
        raise TranscriptError(
            f"{field} is {cell[:40]!r}, expected seconds, hh:mm:ss, or a date with a time.",
            where=f"{name}, line {row.line}",
        ) from None


def _moment(cell: str) -> datetime:
    date = _DATE.fullmatch(cell)
    if date:
        clock = date[4] if date[4].index(":") == 2 else f"0{date[4]}"
        cell = f"{date[1]}-{date[2]:0>2}-{date[3]:0>2} {clock}"
    moment = datetime.fromisoformat(cell)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(_ZONE))


def _seconds(time: float | datetime | None, zero: datetime | None) -> float | None:
    if isinstance(time, datetime):
        assert zero is not None
        return (time - zero).total_seconds()
    return time


CSV = Format(
    name="csv",
    zh="CSV，一行一句，表头含说话人（或角色）与内容",
    en="CSV, one row a turn, with a header that names speaker (or role) and text",
    detect=lambda source: _header(source.text) is not None,
    read=_read,
)
