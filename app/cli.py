"""`emotion-monitor`: the command line.

Progress and messages go to stderr, data to stdout. Exit status: 0 all fine, 1 some items failed,
2 the command was used wrongly, 3 a model is missing, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from multimodal.errors import EmotionMonitorError, InvalidInputError, ModelMissingError

if TYPE_CHECKING:
    from rich.table import Table

    from app.ingest import Ingested, IngestOptions
    from app.store import Store
    from multimodal.scoring import ScoredConversation

app = typer.Typer(
    name="emotion-monitor",
    help="Emotion monitor for customer-service calls, video calls and chats. "
    "客服对话情绪监测：电话、视频、在线聊天，离线运行。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database: where it is, and its migrations.", no_args_is_help=True)
app.add_typer(db, name="db")
train = typer.Typer(
    help="Train a model on your own labelled data; needs pip install 'emotion-monitor[train]'.",
    no_args_is_help=True,
)
app.add_typer(train, name="train")

SHOWN = 100
"""Conversations that a table in the terminal shows; all are written with --out and --json."""
FILE_WIDTH = 140
"""Characters a line where stdout is no terminal."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    try:
        app()
    except ModelMissingError as error:
        _say(f"model missing: {error}")
        sys.exit(3)
    except InvalidInputError as error:
        _say(f"error: {error}")
        sys.exit(2)
    except EmotionMonitorError as error:
        _say(f"error: {error}")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # Whoever read stdout has gone: nothing more to say to them.
        sys.exit(1)


@app.command()
def score(
    paths: Annotated[
        list[str],
        typer.Argument(help="Transcripts, recordings or folders; - reads a transcript on stdin."),
    ],
    notice: Annotated[
        str,
        typer.Option(help="Reference of the notice or consent under which voice and face are read"),
    ] = "",
    role: Annotated[
        str, typer.Option(help="Who speaks in a recording of one person: customer.")
    ] = "",
    channels: Annotated[
        str, typer.Option(help="Who is on which audio channel: left=agent,right=customer.")
    ] = "",
    media: Annotated[
        Path | None, typer.Option(help="The recording that belongs to the one transcript given.")
    ] = None,
    source: Annotated[str, typer.Option(help="Name of the system the files come from.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write results to a .jsonl, .csv or .parquet file.")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the results in the database for the dashboard.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Score conversations: words, voice and face of every customer turn, in one answer."""
    from app.ingest import IngestOptions
    from multimodal.conversation import Role
    from multimodal.media import parse_channel_map

    if role and role not in set(Role):
        raise InvalidInputError(f"--role is {role!r}, expected one of {', '.join(Role)}.")
    options = IngestOptions(
        notice=notice,
        channels=parse_channel_map(channels) if channels else {},
        role=Role(role) if role else None,
        source=source,
        media=media,
    )
    if not _score(paths, options, out=out, save=save, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def demo(as_json: Json = False) -> None:
    """Score the bundled sample conversations and keep them for the dashboard."""
    from app.ingest import IngestOptions

    folder = Path(__file__).resolve().parents[1] / "data" / "samples"
    if not folder.is_dir():
        raise InvalidInputError(
            "the sample conversations are not part of an installed package.",
            where=str(folder),
            remedy="Run the demo in a checkout of the project, or score files of your own.",
        )
    if not _score([str(folder)], IngestOptions(), out=None, save=True, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; by default only this machine.")
    ] = "",
    port: Annotated[int, typer.Option(help="Port of the API.")] = 0,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard.")] = 0,
    dashboard: Annotated[bool, typer.Option(help="Serve the dashboard beside the API.")] = True,
) -> None:
    """Serve the API and the dashboard until Ctrl-C."""
    from app.server import serve as run
    from app.settings import Settings

    given: dict[str, Any] = {"host": host, "port": port, "dashboard_port": dashboard_port}
    run(Settings(**{name: value for name, value in given.items() if value}), dashboard=dashboard)


@app.command()
def evaluate(
    task: Annotated[str, typer.Argument(help="What to measure, for instance text-emotion.")],
    data: Annotated[Path, typer.Option(help="A corpus file or folder, as it lies on disk.")],
    checkpoint: Annotated[
        str, typer.Option(help="Name of a shipped checkpoint, or the path of a folder.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Measure a model on people it never saw: one JSON object, or a table."""
    from app.checkpoints import located
    from app.evaluate import PACKAGES
    from app.evaluate import evaluate as run
    from app.settings import Settings

    name = located(Settings(), PACKAGES[task], checkpoint) if task in PACKAGES else checkpoint
    result = run(task, data, name or None)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table("metric", "value", title=f"{task}: {result['checkpoint']}, n = {result['n']:,}")
    for name, value in result["metrics"].items():
        if not isinstance(value, dict):
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    for label, row in result["metrics"].get("per_class", {}).items():
        table.add_row(f"  {label}", "  ".join(f"{k} {v:.3g}" for k, v in row.items()))
    _print(table)


@app.command()
def models(as_json: Json = False) -> None:
    """The checkpoints that are installed, with their terms and what they measured."""
    from app.checkpoints import installed
    from app.settings import Settings

    rows = []
    for package, checkpoint in installed(Settings()):
        files = [file for file in checkpoint.path.iterdir() if file.is_file()]
        rows.append(
            {
                "package": package,
                **checkpoint.info.to_json(),
                "megabytes": round(sum(file.stat().st_size for file in files) / 1e6, 2),
                "card": str(checkpoint.path / "README.md"),
            }
        )
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _table(rows, ["package", "name", "version", "terms", "megabytes", "card"])
    if not rows:
        raise typer.Exit(3)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check that everything the product needs is there, and say what to do where it is not."""
    from app.doctor import examine

    checks = examine()
    if as_json:
        typer.echo(json.dumps([check.to_json() for check in checks], ensure_ascii=False, indent=1))
    else:
        _table([check.to_json() for check in checks], ["check", "state", "detail", "remedy"])
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(3 if any(check.model_missing for check in checks) else 1)


@train.command("text")
def train_text(
    data: Annotated[
        list[Path],
        typer.Option(
            help="Labelled CSV or JSON lines: columns text and emotion, and if there are any "
            "polarity, turn_satisfaction, conversation_satisfaction, conversation, role."
        ),
    ],
    encoder: Annotated[
        str,
        typer.Option(
            help="Folder or hub id of a BERT-family encoder, such as bert-base-chinese; by default "
            "the compact one that is installed. HF_HUB_OFFLINE=1 turns downloads off."
        ),
    ] = "",
    name: Annotated[str, typer.Option(help="Name of the new checkpoint.")] = "own",
    epochs: Annotated[float, typer.Option(min=0.01, help="Passes over the turns.")] = 3.0,
    terms: Annotated[
        str, typer.Option(help="What the licences of encoder and data allow: open or research.")
    ] = "research",
    as_json: Json = False,
) -> None:
    """Fine-tune the text model on your own labelled turns; the product uses it by its name."""
    from app.settings import Settings
    from app.training import train_text as run

    result = run(Settings(), data, encoder, name, epochs=epochs, terms=terms)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    _table(result["measured"], ["head", "n", "accuracy", "macro_f1", "ece"])
    _say(
        f"written: {result['folder']}. Use it with EMOTION_MONITOR_TEXT_CHECKPOINT={name}, measure "
        f"it with evaluate --checkpoint {name}."
    )


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version's tables."""
    from app.settings import Settings
    from app.store import upgrade

    settings = Settings()
    upgrade(settings)
    _say(f"up to date: {settings.safe_database_url}")


@db.command("info")
def db_info(as_json: Json = False) -> None:
    """Where the database is, its migration, and how much is in it."""
    from app.settings import Settings
    from app.store import Store

    with Store(Settings()) as store:
        facts = store.facts()
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=1))
    else:
        _table([{"what": k, "value": v} for k, v in facts.items()], ["what", "value"])


def _score(
    paths: list[str], options: IngestOptions, *, out: Path | None, save: bool, as_json: bool
) -> bool:
    """Reads, scores and writes; returns whether every item went well."""
    from app.monitor import build_monitor
    from app.settings import Settings
    from multimodal.formats.results import write_results

    settings = Settings()
    monitor = build_monitor(settings)
    options = replace(options, limits=settings.media_limits)
    failures: list[Ingested] = []
    shown: list[ScoredConversation] = []
    store: Store | None = None
    if save:
        from app.store import Store, upgrade

        upgrade(settings)
        store = Store(settings)

    def conversations() -> Iterator[Any]:
        for item in _ingest(paths, options):
            if item.error is not None:
                failures.append(item)
                _say(f"failed: {item.error}")
            else:
                yield item.conversation

    def results() -> Iterator[ScoredConversation]:
        for scored in _with_progress(monitor.score_many(conversations())):
            if store is not None:
                try:
                    store.save(scored)
                except EmotionMonitorError as error:
                    failures.append(_failed(scored, error))
                    _say(f"failed: {error}")
            if not as_json and out is None and len(shown) < SHOWN:
                shown.append(scored)
            yield scored

    try:
        if out is not None:
            write_results(results(), out)
            _say(f"written: {out}")
        elif as_json:
            write_results(results(), sys.stdout.buffer, "jsonl")
        else:
            for _ in results():
                pass
    finally:
        if store is not None:
            store.close()
    if shown:
        from app.terminal import conversation_table, overview_table

        show = conversation_table(shown[0]) if len(shown) == 1 else overview_table(shown)
        _print(show)
    if failures:
        _say(f"{len(failures)} item(s) failed; the others were scored.")
    return not failures


def _failed(scored: ScoredConversation, error: EmotionMonitorError) -> Ingested:
    from app.ingest import Ingested

    return Ingested(Path(scored.conversation.external_id), error=error)


def _ingest(paths: list[str], options: IngestOptions) -> Iterator[Ingested]:
    from app.ingest import read_bytes, read_files

    if "-" in paths:
        yield from read_bytes(sys.stdin.buffer.read(), "stdin", options)
    yield from read_files([Path(path) for path in paths if path != "-"], options)


def _with_progress(results: Iterable[ScoredConversation]) -> Iterator[ScoredConversation]:
    """The same results, with a counter on stderr while they come."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("scoring ...", total=None)
        turns = 0
        for count, scored in enumerate(results, start=1):
            turns += len(scored.turns)
            progress.update(task, description=f"scored {count:,} conversations, {turns:,} turns")
            yield scored


def _table(rows: list[dict[str, Any]], columns: list[str]) -> None:
    from rich.table import Table

    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    _print(table)


def _print(table: Table) -> None:
    """A table on stdout: as wide as the terminal, or as a file is comfortably read."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)


def _say(message: str) -> None:
    typer.echo(message, err=True)
