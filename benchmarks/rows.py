"""Rows of a table that takes long: measured once, kept in a file as they come."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

Row = TypeVar("Row")  # anything that JSON keeps


class Rows(Generic[Row]):
    """Rows by name, in a JSON file; delete the file to measure them again.

    Args:
        path: The file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._rows: dict[str, Row] = json.loads(path.read_text("utf-8")) if path.is_file() else {}

    def get(self, name: str, run: Callable[[], Row]) -> Row:
        """A row from the file, or measured now and kept there."""
        if name not in self._rows:
            self._rows[name] = run()
            self._path.write_text(json.dumps(self._rows, ensure_ascii=False, indent=1), "utf-8")
            log.info("%s: %s", name, self._rows[name])
        return self._rows[name]


def print_table(rows: dict[str, dict[str, Any]]) -> None:
    """Prints rows as Markdown, in the order they come; the columns are those of the first row."""
    columns = list(next(iter(rows.values())))
    print("| | " + " | ".join(columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(_shown(row.get(column)) for column in columns) + " |")


def _shown(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"
