"""`emotion-monitor serve`, `models`, `doctor` and `db`."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from app.cli.output import Json, listed, say, table

db = typer.Typer(help="The database: where it is, and its migrations.", no_args_is_help=True)


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
    listed(rows, ["package", "name", "version", "terms", "megabytes", "card"], as_json=as_json)
    if not rows:
        raise typer.Exit(3)


def doctor(as_json: Json = False) -> None:
    """Check that everything the product needs is there, and say what to do where it is not."""
    from app.doctor import examine

    checks = examine()
    rows = [check.to_json() for check in checks]
    listed(rows, ["check", "state", "detail", "remedy"], as_json=as_json)
    if any(check.state == "failed" for check in checks):
        raise typer.Exit(3 if any(check.model_missing for check in checks) else 1)


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version's tables."""
    from app.settings import Settings
    from app.store import upgrade

    settings = Settings()
    upgrade(settings)
    say(f"up to date: {settings.safe_database_url}")


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
        table([{"what": k, "value": v} for k, v in facts.items()], ["what", "value"])
