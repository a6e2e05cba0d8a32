"""Excel: a sheet with one row a turn, under the same headers as CSV.

The header may stand below a title, and on any sheet; the first sheet that has one is read. A
workbook is a ZIP of XML from a stranger: what it unpacks to is limited before it is unpacked.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.table import Header, conversations, header_of

MAX_UNPACKED = 400 * 2**20
"""Bytes that a workbook may unpack to."""
MAX_ROWS = 2**20
MAX_COLUMNS = 200
HEADER_ROWS = 10
"""Rows of a sheet in which its header is looked for."""
ZIP = b"PK\x03\x04"
"""How a workbook begins, and no recording does."""


def is_workbook(data: bytes) -> bool:
    """Whether bytes are, or begin, a workbook."""
    return data.startswith(ZIP) and b"xl/" in data


def sheets(data: bytes, name: str, rows: int = MAX_ROWS) -> Iterator[tuple[str, list[list[str]]]]:
    """The name of each sheet and its first rows as texts: dates in ISO 8601, empty cells as "".

    Args:
        data: The workbook.
        name: How messages name the file.
        rows: How many rows of each sheet are read at most.

    Raises:
        TranscriptError: If it is no workbook that can be read, or unpacks to too much.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise TranscriptError(
                    f"the workbook unpacks to more than {MAX_UNPACKED // 2**20} MB.",
                    where=name,
                    remedy="Split it into several files, or save it as CSV.",
                )
        with warnings.catch_warnings():
            # openpyxl warns of styles and extensions that it passes over.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                found = sheet.iter_rows(max_row=rows, max_col=MAX_COLUMNS, values_only=True)
                yield sheet.title, [_texts(row) for row in found]
    except EmotionMonitorError:
        raise
    except Exception as error:  # Anything: openpyxl does not say what damage makes it raise.
        raise TranscriptError(
            f"the workbook is damaged ({type(error).__name__}).",
            where=name,
            remedy="Open it in Excel, save it again as .xlsx, or save it as CSV.",
        ) from error


def _texts(row: tuple[Any, ...]) -> list[str]:
    if row.count(None) == len(row):  # As are most rows of a sheet that claims a million.
        return []
    cells = [_text(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() if abs(value) >= 10**15 and _rounded(value):
            return f"{value:.14e}"  # Not an id: what Excel made of one.
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
        case timedelta():
            return str(value.total_seconds())
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _rounded(value: int) -> bool:
    """Whether nothing is left of a number behind its 15th digit: Excel keeps no more."""
    return value % int(10 ** (len(str(abs(value))) - 15)) == 0


def _table(data: bytes, name: str, rows: int) -> tuple[str, Header, int, list[list[str]]] | None:
    """The first sheet with a header: its name, the header, its row, and what stands below."""
    for title, found in sheets(data, name, rows):
        for number, cells in islice(enumerate(found, start=1), HEADER_ROWS):
            header = header_of(cells)
            if header is not None:
                return title, header, number, found[number:]
    return None


def _detect(source: Source) -> bool:
    """A workbook with a table of turns; one that cannot be opened is left to the reader."""
    if not is_workbook(source.data):
        return False
    try:
        return _table(source.data, source.name, HEADER_ROWS) is not None
    except TranscriptError:
        return True


def _read(source: Source) -> Iterator[Item]:
    found = _table(source.data, source.name, MAX_ROWS)
    if found is None:
        raise TranscriptError(
            "no sheet has a header that names a column of words and of speakers.",
            where=source.name,
            remedy="Name the columns, for instance 说话人, 开始时间, 内容.",
        )
    title, header, number, rows = found
    lines = [
        (line, cells)
        for line, cells in enumerate(rows, start=number + 1)
        if any(cell.strip() for cell in cells)
    ]
    yield from conversations(lines, header, f"{source.name}, sheet {title[:40]!r}", "xlsx")


XLSX = Format(
    name="xlsx",
    zh="Excel 工作簿，一行一句，表头同 CSV",
    en="Excel workbook, one row a turn, with the headers of CSV",
    detect=_detect,
    read=_read,
)
