"""`emotion-monitor inbox` and `emotion-monitor manifest`."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.output import Json, say
from multimodal.errors import InputFileError, InvalidInputError

if TYPE_CHECKING:
    from app.intake.inbox import Round
    from app.intake.sources import SourceProfile
    from app.settings import Settings
    from app.store import Store
    from multimodal.masking import Masker


def inbox(
    folder: Annotated[Path, typer.Argument(help="Folder in which recordings and exports arrive.")],
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 5.0,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds for which a file's size must not change.")
    ] = 2.0,
    wait: Annotated[
        float,
        typer.Option(
            min=0, help="Seconds for which a call waits for parts that are not there yet."
        ),
    ] = 0.0,
    parts: Annotated[
        str, typer.Option(help="The parts that a call waits for.")
    ] = "transcript,recording,manifest",
    source: Annotated[str, typer.Option(help="Name of the system the files come from.")] = "",
    template: Annotated[
        str, typer.Option(help="Pattern of file names: {date}_{agent}_{caller}_{call_id}.wav")
    ] = "",
    timezone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "",
    notice: Annotated[str, typer.Option(help="Notice under which voice and face are read.")] = "",
    channels: Annotated[
        str, typer.Option(help="Who is on which audio channel: left=agent,right=customer.")
    ] = "",
    keep_recordings: Annotated[
        bool,
        typer.Option(help="Keep recordings in the store; what is said in them is not masked."),
    ] = True,
) -> None:
    """Take what arrives in a folder: join, score, keep, and move it to done/ or failed/."""
    from app.ingest import IngestOptions
    from app.intake.inbox import PARTS, Inbox, InboxOptions
    from app.monitor import build_monitor, build_transcriber
    from app.settings import Settings
    from app.store import DatabaseUnavailableError, Store, upgrade
    from multimodal.media import parse_channel_map

    wanted = tuple(part.strip() for part in parts.split(",") if part.strip())
    if not set(wanted) <= set(PARTS):
        raise InvalidInputError(f"--parts is {parts!r}, expected some of {', '.join(PARTS)}.")
    settings = Settings()
    upgrade(settings)
    with Store(settings) as store:
        profile, masker = _profile(store, settings, source, template, timezone)
        options = IngestOptions(
            notice=notice,
            channels=parse_channel_map(channels) if channels else {},
            source=source,
            profile=profile,
            masker=masker,
            transcriber=build_transcriber(settings),
            limits=settings.media_limits,
        )
        when = InboxOptions(settle, wait, wanted, keep_recordings)
        monitor = build_monitor(settings).remembering(store.earlier)
        box = Inbox(folder, store, monitor, options, when)
        failed = False
        while True:
            try:
                done = box.round()
            except DatabaseUnavailableError as error:
                if not watch:
                    raise
                say(f"waiting: {error}")
                time.sleep(every)
                continue
            failed = failed or bool(done.failed)
            _say_round(done, masker, quiet=watch)
            if not watch:
                break
            time.sleep(every)
    if failed:
        raise typer.Exit(1)


def manifest(
    path: Annotated[Path, typer.Argument(help="A table of calls: CSV or XLSX.")],
    source: Annotated[str, typer.Option(help="Name of the system it comes from.")] = "",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--column", help="What a column holds where the guess is wrong: 坐席=agent_id"
        ),
    ] = None,
    template: Annotated[
        str, typer.Option(help="Pattern of file names: {date}_{agent}_{caller}_{call_id}.wav")
    ] = "",
    timezone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep all this for the source.")] = False,
    as_json: Json = False,
) -> None:
    """Show how a table of calls is understood, on its first five rows; keep it with --save."""
    from app.intake import catalogue, sheets
    from app.settings import Settings
    from app.store import Store, upgrade
    from app.terminal import manifest_tables, print_table

    settings = Settings()
    upgrade(settings)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputFileError(f"it cannot be read: {error.strerror}.", where=str(path)) from error
    sheet = sheets.read_sheet(data, path.name)
    with Store(settings) as store:
        profile, masker = _profile(store, settings, source, template, timezone)
        guessed = catalogue.columns_of(sheet, profile)
        for one in columns or []:
            header, _, name = one.rpartition("=")
            guessed = {h: n for h, n in guessed.items() if n != name} | {header: name}
        profile = replace(profile, columns=guessed)
        found = catalogue.preview(sheet, profile, masker)
        if save:
            store.sources.save(profile)
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1))
        return
    for table in manifest_tables(found):
        print_table(table)
    if save:
        say(f"kept for the source {profile.name!r}")


def _profile(
    store: Store, settings: Settings, source: str, template: str, timezone: str
) -> tuple[SourceProfile, Masker]:
    """What is kept about a source, with what is given now; and the site's masker."""
    from app.privacy import build_masker

    profile = store.sources.get(source)
    profile = replace(
        profile,
        template=template or profile.template,
        timezone=timezone or profile.timezone,
    )
    return profile, build_masker(settings)


def _say_round(done: Round, masker: Masker, *, quiet: bool) -> None:
    for path, errors in done.failed.items():
        for error in errors:
            say(f"failed: {masker.name(path.name, distinct=False)}: {error}")
    counts = [f"{count} {outcome}" for outcome, count in sorted(done.kept.items())]
    counts += [f"{done.manifests} manifest(s)"] if done.manifests else []
    counts += [f"{len(done.failed)} file(s) failed"] if done.failed else []
    if counts or not quiet:
        waiting = f"; {done.waiting} file(s) wait for the rest" if done.waiting else ""
        say((", ".join(counts) or "nothing to take") + waiting)
