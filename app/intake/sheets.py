"""A table of rows from CSV or XLSX: what manifests are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from multimodal.conversation import storable
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.source import decode
from multimodal.formats.table import csv_rows
from multimodal.formats.workbook import ZIP, sheets

MAX_BYTES = 100 * 2**20
"""Bytes that a table may have."""
MAX_COLUMNS = 500
HEAD_ROWS = 20
"""Rows in which the header is looked for: exports put a title above it."""
HUAWEI: tuple[str, ...] = (
    "developer",
    "account_id",
    "cc_id",
    "agent_id",
    "call_id",
    "caller_no",
    "callee_no",
    "call_begin",
    "call_end",
    "file_name",
    "task_status",
    "task_result",
    "original_file_name",
    "vdn_id",
    "call_type",
    "media_type",
    "user_wanted_skill_id",
    "current_skill_id",
)
"""Columns of Huawei's recording index, which may come without a header
(support.huaweicloud.com, api-cec, "Definitions of CDR and Recording Index Files")."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
_MEDIA = re.compile(r".+\.(wav|mp3|v3|amr|m4a|ogg|opus|flac|aac|wma|mp4|avi|mkv|webm|mov)", re.I)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    Attributes:
        name: How messages name the file.
        headers: Names of the columns, each once.
        rows: Line numbers from 1 as a person counts them, with the cells as text.
        damage: Rows that could not be read.
    """

    name: str
    headers: tuple[str, ...]
    rows: Sequence[tuple[int, tuple[str, ...]]]
    damage: Sequence[EmotionMonitorError] = ()


def read_sheet(data: bytes, name: str) -> Sheet:
    """The table in a file: CSV in UTF-8 (with or without BOM), UTF-16 or GB18030, or XLSX.

    Args:
        data: The file's content.
        name: What to call it in messages.

    Raises:
        TranscriptError: If there is no table in it.
    """
    if len(data) > MAX_BYTES:
        raise TranscriptError(
            f"the table has more than {MAX_BYTES >> 20} MB.", where=name, remedy="Split it."
        )
    damage: list[EmotionMonitorError] = []
    lines = list(_xlsx(data, name) if data.startswith(ZIP) else _csv(decode(data), name, damage))
    filled = [(line, cells) for line, cells in lines if any(cells)]
    if not filled:
        raise TranscriptError(
            "there is no table in it.",
            where=name,
            remedy="Export it as CSV or XLSX with one header row and one row a call.",
        )
    first = filled[0][1]
    if is_huawei_row(first):
        headers: Sequence[str] = HUAWEI + tuple(f"column {n}" for n in range(19, len(first) + 1))
        rows = filled
    else:
        # The header is the first row that is about as wide as the table.
        width = max(sum(map(bool, cells)) for _, cells in filled[:HEAD_ROWS])
        start = next(i for i, (_, cells) in enumerate(filled) if 2 * sum(map(bool, cells)) >= width)
        headers, rows = filled[start][1], filled[start + 1 :]
    return Sheet(name, _unique(headers[:MAX_COLUMNS]), rows, tuple(damage))


def is_huawei_row(cells: Sequence[str]) -> bool:
    """Whether a row is one of Huawei's recording index, by its places for times and file name."""
    return (
        len(cells) >= len(HUAWEI)
        and all(_DATE.fullmatch(cells[i]) for i in (7, 8))
        and bool(_MEDIA.fullmatch(cells[9]))
    )


def is_media_name(text: str) -> bool:
    """Whether a text is the name of a recording."""
    return bool(_MEDIA.fullmatch(text.strip()))


def _unique(headers: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, None] = {}
    for number, header in enumerate(headers, start=1):
        name = re.sub(r"\s+", " ", header).strip() or f"column {number}"
        seen[name if name not in seen else f"{name} ({number})"] = None
    return tuple(seen)


def _csv(
    text: str, name: str, damage: list[EmotionMonitorError]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    head = [line for line in text[:20_000].splitlines() if line.strip()][:HEAD_ROWS]
    delimiter = max(",\t;|", key=lambda sign: max((line.count(sign) for line in head), default=0))
    for line, cells in csv_rows(text, name, delimiter, damage, strict=False):
        yield line, tuple(storable(_unquoted(cell)) for cell in cells)


def _unquoted(cell: str) -> str:
    """A cell without what is there to stop Excel from rounding it: ="00123", a leading tab or '."""
    text = cell.strip().lstrip("\t")
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1]
    return text[1:] if re.fullmatch(r"['`]\d+", text) else text


def _xlsx(data: bytes, name: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows of the first sheet that has any."""
    found = next((rows for _, rows in sheets(data, name) if any(rows)), [])
    for number, cells in enumerate(found, start=1):
        yield number, tuple(storable(cell.strip()) for cell in cells)
