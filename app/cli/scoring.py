"""`emotion-monitor score`, `demo` and `evaluate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import Json, say
from multimodal.errors import EmotionMonitorError, InvalidInputError

if TYPE_CHECKING:
    from app.ingest import Ingested, IngestOptions
    from app.intake.sources import SourceProfile
    from app.store import Store
    from multimodal.conversation import Conversation
    from multimodal.scoring import ScoredConversation

SHOWN = 100
"""Conversations that a table in the terminal shows; all are written with --out and --json."""


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
    experimental_voices: Annotated[
        bool,
        typer.Option(
            "--experimental-voices",
            help="Tell two voices of a mono recording apart; unreliable, roles stay unknown.",
        ),
    ] = False,
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
        tell_voices_apart=experimental_voices,
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


def demo(as_json: Json = False) -> None:
    """Score the bundled sample conversations and keep them for the dashboard."""
    from app.accounts.first_admin import first_admin, welcome
    from app.ingest import IngestOptions
    from app.settings import Settings
    from app.store import Store

    folder = Path(__file__).resolve().parents[2] / "data" / "samples"
    if not folder.is_dir():
        raise InvalidInputError(
            "the sample conversations are not part of an installed package.",
            where=str(folder),
            remedy="Run the demo in a checkout of the project, or score files of your own.",
        )
    good = _score([str(folder)], IngestOptions(), out=None, save=True, as_json=as_json)
    with Store(Settings()) as store:
        if password := first_admin(store):
            say(welcome(password))
    if not good:
        raise typer.Exit(1)


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

    from app.terminal import print_table

    table = Table("metric", "value", title=f"{task}: {result['checkpoint']}, n = {result['n']:,}")
    for name, value in result["metrics"].items():
        if not isinstance(value, dict):
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    for label, row in result["metrics"].get("per_class", {}).items():
        table.add_row(f"  {label}", "  ".join(f"{k} {v:.3g}" for k, v in row.items()))
    print_table(table)


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
        monitor = monitor.remembering(store.earlier)
        options = replace(options, profile=_profile(store, options))

    def conversations() -> Iterator[Any]:
        for item in _ingest(paths, options):
            if item.error is not None:
                failures.append(item)
                say(f"failed: {item.error}")
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
                    say(f"failed: {error}")
            if not as_json and out is None and len(shown) < SHOWN:
                shown.append(scored)
            yield Reviewed(scored, link)

    try:
        if out is not None:
            write_results(results(), out, layout=layout)
            say(f"written: {out}")
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
        say(f"{len(failures)} item(s) failed; the others were scored.")
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
