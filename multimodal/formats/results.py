"""Results out: JSONL (complete), CSV, Excel, Parquet (for BI); streamed, atomic on disk.

A file appears under its name only when it is whole: it is written beside it and then renamed, so
that a full disk neither leaves half a file nor harms the one that was there.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from multimodal.errors import InvalidInputError, OutputError
from multimodal.explanation import explanation
from multimodal.formats.canonical import conversation_to_json, turn_to_json
from multimodal.formats.excel import ExcelWriter, Layout, Reviewed
from multimodal.formats.rows import COLUMNS, to_rows
from multimodal.formats.spreadsheet import cell_text
from multimodal.masking import Masker
from multimodal.scoring import ScoredConversation, ScoredTurn
from multimodal.talk import talk_metrics

__all__ = [
    "COLUMNS",
    "RESULT_FORMATS",
    "Layout",
    "Reviewed",
    "scored_to_json",
    "scored_turn_to_json",
    "to_rows",
    "write_results",
]

ROWS_PER_GROUP = 10_000
"""Rows that a Parquet file is buffered and grouped by."""

_MASKER = Masker()


class _Writer(Protocol):
    """Writes scored conversations to a binary stream in one format."""

    def write(self, given: Reviewed) -> None:
        """Writes one conversation."""

    def finish(self) -> None:
        """Writes what is still to be written when the last one is through."""

    def abandon(self) -> None:
        """Lets go of everything without writing any more."""


def write_results(
    results: Iterable[ScoredConversation | Reviewed],
    target: Path | BinaryIO,
    format: str | None = None,
    *,
    layout: Layout | None = None,
) -> int:
    """Writes results as they come, in constant memory.

    Args:
        results: Scored conversations, for Excel with their reviews; what their iterator raises goes
            through, and no file is left.
        target: A file, which is replaced as a whole or not at all, or a binary stream (stdout).
        format: `jsonl`, `csv`, `parquet` or `xlsx`; by default the file's suffix.
        layout: Language and zone of an Excel workbook.

    Returns:
        How many conversations were written.

    Raises:
        InvalidInputError: If there is no such format.
        OutputError: If it cannot be written; a file that was there is as it was.
    """
    if format is None:
        format = target.suffix.lstrip(".").lower() if isinstance(target, Path) else ""
    if format not in RESULT_FORMATS:
        raise InvalidInputError(
            f"there is no result format {format!r}; there are {', '.join(RESULT_FORMATS)}.",
            where=str(target) if isinstance(target, Path) else "",
            remedy="Name the file with one of these suffixes, or give the format.",
        )
    start = RESULT_FORMATS[format]
    if start is ExcelWriter and layout is not None:
        start = partial(ExcelWriter, layout=layout)
    if isinstance(target, Path):
        with _atomic(target) as stream:
            return _write(results, stream, start, str(target))
    return _write(results, target, start, getattr(target, "name", "the stream"))


def scored_to_json(scored: ScoredConversation, *, turns: bool = True) -> dict[str, Any]:
    """The complete result: the canonical conversation with what was found out about it.

    Every turn has besides `scores` (by modality), `answer`, `risk`, `tags` and `explanation`; the
    conversation has `trajectory`, `talk` and `notes`. The canonical reader passes over them, so
    that a file of results can be scored again. Without `turns` it has an empty list of them.
    """
    data = conversation_to_json(replace(scored.conversation, turns=()))
    return data | {
        "turns": [scored_turn_to_json(found) for found in scored.turns] if turns else [],
        # A telephone number in a file's name leaves the house in no export.
        "media": [one | {"path": _MASKER.name(one["path"])} for one in data["media"]],
        "trajectory": scored.trajectory.to_json(),
        "talk": talk_metrics(scored.turns).to_json(),
        "notes": list(scored.notes),
    }


def scored_turn_to_json(found: ScoredTurn) -> dict[str, Any]:
    """One turn of the complete result; see `scored_to_json`."""
    return turn_to_json(found.turn) | {
        "scores": {name: scores.to_json() for name, scores in found.scores.items()},
        "answer": found.answer.to_json(),
        "risk": round(float(found.risk), 5),
        "tags": [tagged.to_json() for tagged in found.tags],
        "explanation": {language: explanation(found, language) for language in ("zh", "en")},
    }


class _Jsonl:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, given: Reviewed) -> None:
        line = json.dumps(scored_to_json(given.scored), ensure_ascii=False, allow_nan=False)
        self._stream.write(line.encode("utf-8", "replace") + b"\n")

    def finish(self) -> None:
        self._stream.flush()

    def abandon(self) -> None:
        pass


class _Csv:
    """CSV as Excel opens it with a double click: UTF-8 with BOM, CRLF, no cell a formula."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stream.write("\ufeff".encode())
        self._rows([[column.name for column in COLUMNS]])

    def write(self, given: Reviewed) -> None:
        self._rows(
            [_cell(column.kind, row[column.name]) for column in COLUMNS]
            for row in to_rows(given.scored)
        )

    def finish(self) -> None:
        self._stream.flush()

    def abandon(self) -> None:
        pass

    def _rows(self, rows: Iterable[list[Any]]) -> None:
        buffer = io.StringIO()
        csv.writer(buffer).writerows(rows)
        self._stream.write(buffer.getvalue().encode("utf-8", "replace"))


class _Parquet:
    def __init__(self, stream: BinaryIO) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        types = {"number": pa.float64(), "integer": pa.int32(), "text": pa.string()}
        self._schema = pa.schema(
            [
                pa.field(c.name, types.get(c.kind, pa.string()), metadata={"meaning": c.meaning})
                for c in COLUMNS
            ]
        )
        self._table = pa.Table
        self._stream = stream
        self._writer = pq.ParquetWriter(_Counted(stream), self._schema)
        self._buffer: list[dict[str, Any]] = []

    def write(self, given: Reviewed) -> None:
        self._buffer += to_rows(given.scored)
        if len(self._buffer) >= ROWS_PER_GROUP:
            self._flush()

    def finish(self) -> None:
        if self._buffer:
            self._flush()
        self._writer.close()
        self._stream.flush()

    def abandon(self) -> None:
        # Its destructor would otherwise try once more to write the footer of a file that is gone.
        self._writer.is_open = False

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._buffer, schema=self._schema))
        self._buffer = []


class _Counted(io.RawIOBase):
    """A stream that knows its position, which Parquet asks for and a pipe does not tell."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._stream.write(data)
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Left to whoever owns the stream."""


RESULT_FORMATS: dict[str, Callable[[BinaryIO], _Writer]] = {
    "jsonl": _Jsonl,
    "csv": _Csv,
    "parquet": _Parquet,
    "xlsx": ExcelWriter,
}
"""What results can be written as, by name, which is also the file's suffix."""


def _write(
    results: Iterable[ScoredConversation | Reviewed],
    stream: BinaryIO,
    start: Callable[[BinaryIO], _Writer],
    name: str,
) -> int:
    count = 0
    with _said(name):
        writer = start(stream)
    try:
        for scored in results:
            with _said(name):
                writer.write(scored if isinstance(scored, Reviewed) else Reviewed(scored))
            count += 1
        with _said(name):
            writer.finish()
    except BaseException:
        writer.abandon()
        raise
    return count


@contextmanager
def _atomic(path: Path) -> Iterator[BinaryIO]:
    """A stream to a file that takes the path's place when everything went well."""
    name = str(path)
    beside: Path | None = None
    with _said(name):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder", name)
        if path.exists() and not path.is_file():
            file = path.open("wb")  # A pipe or a device: nothing can take its place.
        else:
            path = path.resolve()
            beside = path.with_name(f".{path.name[:50]}.{secrets.token_hex(4)}.part")
            file = beside.open("xb")
    try:
        yield file
        if beside is not None:
            with _said(name):
                os.fsync(file.fileno())
                file.close()
                beside.replace(path)
    finally:
        with suppress(OSError):
            file.close()  # What a full disk left in the buffer cannot be written here either.
        if beside is not None:
            beside.unlink(missing_ok=True)


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Turns what the system says about writing into an error that names the file and a remedy."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        remedies = {
            errno.ENOSPC: "Free some space, or write to another disk.",
            errno.EDQUOT: "Free some space, or write to another disk.",
            errno.EFBIG: "Raise the limit on the size of files, or write to another disk.",
            errno.ENOENT: "Create its folder first.",
            errno.EACCES: "Write to a folder that this user may write to.",
            errno.EROFS: "Write to a folder that this user may write to.",
            errno.EISDIR: "Name a file in it.",
        }
        raise OutputError(
            f"the results cannot be written: {error.strerror or error}.",
            where=name,
            remedy=remedies.get(error.errno or 0, "Write to another place."),
        ) from error


def _cell(kind: str, value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; numbers stay as they are."""
    return cell_text("id" if kind == "id" else "text", value) if isinstance(value, str) else value
