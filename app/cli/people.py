"""`emotion-monitor roles`, `retention`, `erase`, `notice` and `audit`: people's rights."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import Json, listed, say, table
from multimodal.errors import InvalidInputError

if TYPE_CHECKING:
    from app.settings import Settings

roles = typer.Typer(
    help="Who is the agent and who the customer. 客服/客户互换。", no_args_is_help=True
)
retention = typer.Typer(help="What is kept how long.", no_args_is_help=True)
notice = typer.Typer(
    help="Notices and consents under which conversations are analysed.", no_args_is_help=True
)


@roles.command("preview")
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
            say(f"failed: {item.error}")
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
    columns = ["conversation", "name", "turns", "role", "inferred", "confidence", "swapped"]
    listed(rows, [*columns, "phrases"], as_json=as_json)
    if bad:
        raise typer.Exit(1)


@roles.command("swap")
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
        monitor = monitor.remembering(store.earlier)
        todo = ids or []
        skipped = 0
        for number in todo:
            store.swap_roles(number, LOCAL)
        if source:
            todo, skipped = store.swap_source(source, LOCAL)
        for number in todo:
            scored = monitor.score(store.get(number, LOCAL).scored.conversation)
            store.record(number, scored, LOCAL)
    say(f"swapped and scored again: {len(todo)}; left alone: {skipped}.")


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
        "batches": settings.retention_transcript_days,
    }
    table(
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
    say(f"erased: {erased.conversations} conversation(s), {erased.media} recording(s).")
    if erased.shared:
        say(f"kept: {erased.shared} recording(s) that another customer's conversation has too.")
    for path in erased.elsewhere:
        say(f"yours to delete, outside the media folder: {path}")
    for note in erased.notes:
        say(f"note: {note}")


@notice.command("add")
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
    say(f"recorded: {row.reference}, from {row.valid_from.astimezone(settings.zone).isoformat()}")


@notice.command("end")
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
    say(f"ended: {reference}")


@notice.command("list")
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
    columns = ["reference", "from", "until", "author", "conversations", "text"]
    listed(rows, columns, as_json=as_json)


def audit(as_json: Json = False) -> None:
    """Who viewed, replayed, exported, erased or changed what, and when."""
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
    listed(rows, ["at", "who", "action", "detail"], as_json=as_json)


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
