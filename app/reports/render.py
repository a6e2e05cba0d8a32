"""From a template's values to HTML that needs nothing else, and to PDF."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.reports.texts import Words
from multimodal.errors import LibraryMissingError

_FOLDER = Path(__file__).parent / "templates"
PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""Debian's packages with what WeasyPrint draws letters with."""
FONTS = "fonts-noto-cjk"


@cache
def _templates() -> Environment:
    # What people said is in it: everything is escaped but our own figures, which escape themselves.
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html(template: str, words: Words, **values: Any) -> str:
    """A report as one HTML file: style and figures are in it, and it asks nobody for anything.

    Args:
        template: `conversation` or `queue`.
        words: In which language.
        **values: What the template shows.
    """
    style = (_FOLDER / "report.css").read_text("utf-8")
    found = _templates().get_template(f"{template}.html")
    return found.render(t=words, style=Markup(style), **values)  # noqa: S704 (our own file)


def pdf(document: str) -> bytes:
    """The same as PDF, with its letters in it.

    Raises:
        LibraryMissingError: If the system lacks Pango or a Chinese font; it names the packages.
    """
    try:
        from weasyprint import HTML
    except OSError as error:
        raise LibraryMissingError(
            f"a PDF needs Pango, a library of the system, which is not installed ({error}).",
            remedy=f"On Debian or Ubuntu run apt-get install {PACKAGES}; on macOS brew install "
            "pango. HTML needs none of it.",
        ) from error
    require_font()
    # Nothing is fetched: a report is made from what is in it.
    return bytes(HTML(string=document, url_fetcher=_refuse).write_pdf())


def require_font() -> None:
    """Checks that there is a Chinese font: else a PDF would show empty boxes.

    Raises:
        LibraryMissingError: If there is none.
    """
    program = shutil.which("fc-list")
    if program is None:
        return  # Nobody to ask; Pango takes what it finds.
    found = subprocess.run(  # noqa: S603 (a fixed command)
        [program, ":lang=zh", "family"], capture_output=True, check=False, timeout=30
    )
    if not found.stdout.strip():
        raise LibraryMissingError(
            "no Chinese font is installed, so a PDF would show empty boxes.",
            remedy=f"On Debian or Ubuntu run apt-get install {FONTS}. HTML needs none of it.",
        )


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"a report fetches nothing, and {url[:80]!r} was asked for")
