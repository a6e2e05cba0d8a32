"""`emotion-monitor report`: reports of a conversation and of a queue."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.output import say
from multimodal.errors import InvalidInputError

if TYPE_CHECKING:
    from app.reports.build import Report

report = typer.Typer(
    help="Reports as HTML or PDF, for people to read. 评估报告。", no_args_is_help=True
)
Out = Annotated[
    Path, typer.Option("--out", "-o", help="The file to write: its end says .html or .pdf.")
]
Lang = Annotated[str, typer.Option(help="zh or en.")]


@report.command("conversation")
def of_conversation(
    number: Annotated[int, typer.Argument(help="The conversation's id, as in its replay's URL.")],
    out: Out,
    lang: Lang = "zh",
) -> None:
    """The report of one conversation."""
    from app.reports.build import conversation_report
    from app.settings import Settings
    from app.store import LOCAL, Store

    settings, form, language = Settings(), _form(out), _language(lang)
    with Store(settings) as store:
        made = conversation_report(store, settings, LOCAL, number, form=form, language=language)
    _write(made, out)


@report.command("queue")
def of_queue(
    out: Out,
    name: Annotated[str, typer.Argument(help="The queue; none for all.")] = "",
    since: Annotated[
        datetime | None, typer.Option("--from", help="Earliest start, in the site's zone.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", help="First start that is too late.")
    ] = None,
    lang: Lang = "zh",
) -> None:
    """The report of a queue over some time."""
    from app.reports.build import queue_report
    from app.settings import Settings
    from app.store import LOCAL, Filter, Store

    settings, form, language = Settings(), _form(out), _language(lang)
    wanted = Filter(
        queue=name or None,
        started_from=since.replace(tzinfo=settings.zone) if since else None,
        started_to=until.replace(tzinfo=settings.zone) if until else None,
    )
    with Store(settings) as store:
        made = queue_report(store, settings, LOCAL, wanted, form=form, language=language)
    _write(made, out)


def _form(out: Path) -> Literal["html", "pdf"]:
    match out.suffix.lower():
        case ".pdf":
            return "pdf"
        case ".html" | ".htm":
            return "html"
    raise InvalidInputError(f"{out.name} ends in neither .html nor .pdf.", where="--out")


def _language(lang: str) -> Literal["zh", "en"]:
    match lang:
        case "zh" | "en" as known:
            return known
    raise InvalidInputError(f"the language is {lang!r}, expected zh or en.", where="--lang")


def _write(made: Report, out: Path) -> None:
    from multimodal.errors import OutputError

    try:
        out.write_bytes(made.content)
    except OSError as error:
        raise OutputError(f"it cannot be written: {error.strerror}.", where=str(out)) from error
    say(f"written: {out}")
