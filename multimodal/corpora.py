"""Corpora of JSON lines, compressed with gzip, read as they lie on disk."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from multimodal.errors import InputFileError, InvalidInputError


def json_lines(path: Path) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    """Every object of a corpus with its place: file, line number from 1, object.

    Args:
        path: A `.jsonl.gz` file, or a folder of such files, read in the order of their names.

    Raises:
        InputFileError: If there is nothing to read, or it may not be read.
        InvalidInputError: If it is no gzip of UTF-8 JSON objects; the message names file and line.
    """
    files = sorted(path.glob("*.jsonl.gz")) if path.is_dir() else [path]
    if not files:
        raise InputFileError("there is no .jsonl.gz file in this folder.", where=str(path))
    for file in files:
        number = 0
        try:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, start=1):
                    record = json.loads(line)
                    if not isinstance(record, dict):
                        raise ValueError("a line is no JSON object")
                    yield file, number, record
        except (ValueError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidInputError(
                f"it is no gzip of UTF-8 JSON lines: {error}.",
                where=f"{file}, after line {number}",
            ) from error
        except OSError as error:
            raise InputFileError(
                f"it cannot be read: {error.strerror}.", where=str(file)
            ) from error
