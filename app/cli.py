"""`emotion-monitor`: the command line.

Progress and messages go to stderr, data to stdout. Exit status: 0 all fine, 1 some items failed,
2 the command was used wrongly, 3 a model is missing, 130 interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.intake.commands import inbox, manifest
from multimodal.errors import EmotionMonitorError, InvalidInputError, ModelMissingError

if TYPE_CHECKING:
    from app.ingest import Ingested, IngestOptions
    from app.intake.sources import SourceProfile
    from app.settings import Settings
    from app.store import Store
    from multimodal.conversation import Conversation
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
app.command()(inbox)
app.command()(manifest)
retention = typer.Typer(help="What is kept how long.", no_args_is_help=True)
app.add_typer(retention, name="retention")
roles_commands = typer.Typer(
    help="Who is the agent and who the customer. 客服/客户互换。", no_args_is_help=True
)
app.add_typer(roles_commands, name="roles")
notice_commands = typer.Typer(
    help="Notices and consents under which conversations are analysed.", no_args_is_help=True
)
app.add_typer(notice_commands, name="notice")

SHOWN = 100
"""Conversations that a table in the terminal shows; all are written with --out and --json."""
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def main() -> None:
    """Runs the command line and ends the process with its exit status."""
    try:
        app()
    except ModelMissingError as error:
        _say(f"model missing: {error}")
        sys.exit(3)
    except InvalidInputError as error:
        _say(f"error: {_masked(error)}")
        sys.exit(2)
    except EmotionMonitorError as error:
        _say(f"error: {_masked(error)}")
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
    template: Annotated[
        str, typer.Option(help="Pattern of file names: {date}_{agent}_{caller}_{call_id}.wav")
    ] = "",
    transcriber: Annotated[
        str,
        typer.Option(help="Write down recordings: funasr, sherpa-onnx or faster-whisper."),
    ] = "",
    transcriber_model: Annotated[
        Path | None, typer.Option(help="Folder of the transcriber's model on this machine.")
    ] = None,
    transcriber_command: Annotated[
        str,
        typer.Option(
            help="Write down recordings with a program that prints a known transcript format, for "
            "instance: my-asr --json {audio}"
        ),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write results to a .xlsx, .csv, .jsonl or .parquet file.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of an Excel workbook: zh or en.")] = "zh",
    save: Annotated[
        bool, typer.Option("--save", help="Keep the results in the database for the dashboard.")
    ] = False,
    keep_recordings: Annotated[
        bool,
        typer.Option(
            help="Keep recordings with --save; personal data are masked in words, not in sound."
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Score conversations: words, voice and face of every customer turn, in one answer."""
    from app.ingest import IngestOptions
    from app.intake.sources import SourceProfile
    from app.monitor import build_transcriber
    from app.settings import Settings
    from multimodal.conversation import Role
    from multimodal.media import parse_channel_map

    if role and role not in set(Role):
        raise InvalidInputError(f"--role is {role!r}, expected one of {', '.join(Role)}.")
    if language not in ("zh", "en"):
        raise InvalidInputError(f"--language is {language!r}, expected zh or en.")
    options = IngestOptions(
        notice=notice,
        channels=parse_channel_map(channels) if channels else {},
        role=Role(role) if role else None,
        source=source,
        profile=SourceProfile(source, template=template),
        media=media,
    )
    given: dict[str, Any] = {
        "transcriber": transcriber,
        "transcriber_model": transcriber_model,
        "transcriber_command": transcriber_command,
    }
    settings = Settings(**{name: value for name, value in given.items() if value})
    options = replace(options, transcriber=build_transcriber(settings))
    if not _score(
        paths,
        options,
        out=out,
        save=save,
        keep_recordings=keep_recordings,
        as_json=as_json,
        language=language,
    ):
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
    from app.evaluate import evaluate as run

    result = run(task, data, checkpoint or None)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    from rich.table import Table

    from app.terminal import print_table

    table = Table("metric", "value", title=f"{task}: {result['checkpoint']}, n = {result['n']:,}")
    for name, value in result["metrics"].items():
        if not isinstance(value, dict):
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    for label, row in result["metrics"].get("per_class", {}).items():
        table.add_row(f"  {label}", "  ".join(f"{k} {v:.3g}" for k, v in row.items()))
    print_table(table)


@app.command()
def models(as_json: Json = False) -> None:
    """The checkpoints that are installed, with their terms and what they measured."""
    from multimodal.checkpoints import PACKAGES, checkpoint_folders, load_checkpoint

    rows = []
    for package in PACKAGES:
        for folder in checkpoint_folders(package):
            checkpoint = load_checkpoint(package, folder.name)
            rows.append(
                {
                    "package": package,
                    **checkpoint.info.to_json(),
                    "megabytes": round(
                        sum(f.stat().st_size for f in folder.iterdir() if f.is_file()) / 1e6, 2
                    ),
                    "card": str(folder / "README.md"),
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


@roles_commands.command("preview")
def roles_preview(
    paths: Annotated[list[Path], typer.Argument(help="Transcripts or folders of them.")],
    as_json: Json = False,
) -> None:
    """Show who the agent is by the phrases; nothing is scored or kept."""
    from dataclasses import asdict

    from app.ingest import IngestOptions, read_files
    from multimodal.roles import preview

    rows: list[dict[str, Any]] = []
    bad = False
    for item in read_files(paths, IngestOptions()):
        if item.conversation is None:
            bad = True
            _say(f"failed: {item.error}")
            continue
        seen = preview(item.conversation)
        rows += [
            {
                "conversation": item.conversation.external_id,
                **asdict(party),
                "phrases": ", ".join(party.phrases),
                "swapped": round(seen.swapped, 3),
                "confidence": round(party.confidence, 3),
            }
            for party in seen.parties
        ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        columns = ["conversation", "name", "turns", "role", "inferred", "confidence", "swapped"]
        _table(rows, [*columns, "phrases"])
    if bad:
        raise typer.Exit(1)


@roles_commands.command("swap")
def roles_swap(
    ids: Annotated[
        list[int] | None, typer.Option("--id", help="A conversation; may be given several times.")
    ] = None,
    source: Annotated[str, typer.Option(help="All conversations of this source.")] = "",
) -> None:
    """Exchange customer and agent and score again; the same once more undoes it."""
    from app.monitor import build_monitor
    from app.settings import Settings
    from app.store import LOCAL, Store

    if bool(ids) == bool(source):
        raise InvalidInputError("expected either --id or --source.")
    settings = Settings()
    monitor = build_monitor(settings)
    with Store(settings) as store:
        todo = ids or []
        skipped = 0
        for number in todo:
            store.swap_roles(number, LOCAL)
        if source:
            todo, skipped = store.swap_source(source, LOCAL)
        for number in todo:
            scored = monitor.score(store.get(number, LOCAL).scored.conversation)
            store.record(number, scored, LOCAL)
    _say(f"swapped and scored again: {len(todo)}; left alone: {skipped}.")


@retention.command("sweep")
def retention_sweep(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: Json = False,
) -> None:
    """Delete recordings, words, scores and audit entries whose time is over."""
    from dataclasses import asdict

    from app.settings import Settings
    from app.store import Store, upgrade

    settings = Settings()
    upgrade(settings)
    with Store(settings) as store:
        swept = asdict(store.sweep(settings, dry_run=dry_run, who="local"))
    if as_json:
        typer.echo(json.dumps(swept | {"dry_run": dry_run}))
        return
    days = {
        "media": settings.retention_media_days,
        "transcripts": settings.retention_transcript_days,
        "conversations": settings.retention_scores_days,
        "audit": settings.retention_audit_days,
    }
    _table(
        [
            {
                "class": name,
                "kept": f"{days[name]} d" if days.get(name) else "-",
                "would go" if dry_run else "gone": number,
            }
            for name, number in swept.items()
        ],
        ["class", "kept", "would go" if dry_run else "gone"],
    )


@app.command()
def erase(
    customer: Annotated[
        str, typer.Option(help="The customer's number as it was imported, or customer_ref.")
    ],
    as_json: Json = False,
) -> None:
    """Erase a customer: conversations, scores, recordings; for good."""
    from dataclasses import asdict

    from app.privacy import build_masker
    from app.settings import Settings
    from app.store import LOCAL, Store

    settings = Settings()
    with Store(settings) as store:
        erased = store.erase(build_masker(settings).reference(customer), LOCAL)
    if as_json:
        typer.echo(json.dumps(asdict(erased), ensure_ascii=False))
        return
    _say(f"erased: {erased.conversations} conversation(s), {erased.media} recording(s).")
    if erased.shared:
        _say(f"kept: {erased.shared} recording(s) that another customer's conversation has too.")
    for path in erased.elsewhere:
        _say(f"yours to delete, outside the media folder: {path}")
    for note in erased.notes:
        _say(f"note: {note}")


@notice_commands.command("add")
def notice_add(
    reference: Annotated[str, typer.Argument(help="What conversations name it by.")],
    text: Annotated[str, typer.Option(help="What customers are told.")],
    valid_from: Annotated[str, typer.Option(help="ISO 8601; by default now.")] = "",
    valid_until: Annotated[str, typer.Option(help="ISO 8601; by default it holds on.")] = "",
) -> None:
    """Record a notice or consent, so that conversations are bound to what was said and when."""
    from app.settings import Settings
    from app.store import LOCAL, Store, upgrade

    settings = Settings()
    upgrade(settings)
    with Store(settings) as store:
        row = store.add_notice(
            reference,
            text,
            LOCAL,
            valid_from=_moment(valid_from, settings),
            valid_until=_moment(valid_until, settings),
        )
    _say(f"recorded: {row.reference}, from {row.valid_from.astimezone(settings.zone).isoformat()}")


@notice_commands.command("end")
def notice_end(
    reference: Annotated[str, typer.Argument(help="The notice.")],
    at: Annotated[str, typer.Option(help="ISO 8601; by default now.")] = "",
) -> None:
    """End a notice: what begins from then on is not analysed under it."""
    from app.settings import Settings
    from app.store import LOCAL, Store

    settings = Settings()
    with Store(settings) as store:
        store.end_notice(reference, LOCAL, _moment(at, settings))
    _say(f"ended: {reference}")


@notice_commands.command("list")
def notice_list(as_json: Json = False) -> None:
    """The notices, and how many conversations name each."""
    from app.settings import Settings
    from app.store import Store

    settings = Settings()
    with Store(settings) as store:
        found = store.notices()
    rows = [
        {
            "reference": row.reference,
            "from": row.valid_from.astimezone(settings.zone).isoformat(),
            "until": row.valid_until.astimezone(settings.zone).isoformat()
            if row.valid_until
            else "",
            "author": row.author,
            "conversations": count,
            "text": row.text,
        }
        for row, count in found
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _table(rows, ["reference", "from", "until", "author", "conversations", "text"])


@app.command("audit")
def audit_list(as_json: Json = False) -> None:
    """What was erased, swept or changed for many, when and by whom."""
    from app.settings import Settings
    from app.store import Store

    settings = Settings()
    with Store(settings) as store:
        rows = [
            {
                "at": row.at.astimezone(settings.zone).isoformat(timespec="seconds"),
                "who": row.who,
                "action": row.action,
                "detail": row.detail,
            }
            for row in store.audit()
        ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        _table(rows, ["at", "who", "action", "detail"])


def _moment(text: str, settings: Settings) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"{text[:40]!r} is not a time, expected for instance 2026-06-30T23:50:00+08:00."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=settings.zone)


def _score(
    paths: list[str],
    options: IngestOptions,
    *,
    out: Path | None,
    save: bool,
    as_json: bool,
    keep_recordings: bool = True,
    language: str = "zh",
) -> bool:
    """Reads, scores and writes; returns whether every item went well."""
    from app.monitor import build_monitor
    from app.privacy import build_masker
    from app.settings import Settings
    from multimodal.formats.results import Layout, Reviewed, write_results

    settings = Settings()
    layout = Layout("en" if language == "en" else "zh", settings.zone)
    monitor = build_monitor(settings)
    options = replace(options, limits=settings.media_limits, masker=build_masker(settings))
    failures: list[Ingested] = []
    shown: list[ScoredConversation] = []
    store: Store | None = None
    if save:
        from app.store import Store, upgrade

        upgrade(settings)
        store = Store(settings)
        options = replace(options, profile=_profile(store, options))

    def conversations() -> Iterator[Any]:
        for item in _ingest(paths, options):
            if item.error is not None:
                failures.append(item)
                _say(f"failed: {item.error}")
            else:
                assert item.conversation is not None
                valid = store.with_valid_notice if store is not None else _as_it_is
                yield valid(item.conversation)

    def results() -> Iterator[Reviewed]:
        for scored in _with_progress(monitor.score_many(conversations())):
            link = ""
            if store is not None:
                try:
                    kept = store.save(scored, keep_recordings=keep_recordings)
                    link = settings.replay_url(kept.id)
                except EmotionMonitorError as error:
                    failures.append(_failed(scored, error))
                    _say(f"failed: {error}")
            if not as_json and out is None and len(shown) < SHOWN:
                shown.append(scored)
            yield Reviewed(scored, link)

    try:
        if out is not None:
            write_results(results(), out, layout=layout)
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
        from app.terminal import conversation_table, overview_table, print_table

        show = conversation_table(shown[0]) if len(shown) == 1 else overview_table(shown)
        print_table(show)
    if failures:
        _say(f"{len(failures)} item(s) failed; the others were scored.")
    return not failures


def _profile(store: Store, options: IngestOptions) -> SourceProfile:
    """What is kept about the source, with what was given now."""
    kept = store.sources.get(options.source)
    template = options.profile.template if options.profile is not None else ""
    return replace(kept, template=template or kept.template)


def _as_it_is(conversation: Conversation) -> Conversation:
    return conversation


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

    from app.terminal import print_table

    table = Table(*columns)
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    print_table(table)


def _masked(error: EmotionMonitorError) -> EmotionMonitorError:
    from multimodal.masking import Masker

    return Masker().error(error)


def _say(message: str) -> None:
    typer.echo(message, err=True)
