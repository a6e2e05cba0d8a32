"""What commands print: data on stdout, messages on stderr."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def say(message: str) -> None:
    """A message, on stderr."""
    typer.echo(message, err=True)


def table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    """Rows as a table, on stdout."""
    from rich.table import Table

    from app.terminal import print_table

    shown = Table(*columns)
    for row in rows:
        shown.add_row(*(str(row.get(column, "")) for column in columns))
    print_table(shown)


def listed(rows: list[dict[str, Any]], columns: list[str], *, as_json: bool) -> None:
    """Rows as JSON or as a table, on stdout."""
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        table(rows, columns)
