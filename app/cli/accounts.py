"""`emotion-monitor user` and `key`: who may sign in, and which programs may call."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.output import Json, listed, say
from multimodal.errors import InvalidInputError

if TYPE_CHECKING:
    from app.settings import Settings
    from app.store import Store

user = typer.Typer(help="People who may sign in. 账号。", no_args_is_help=True)
key = typer.Typer(help="Keys with which other programs call the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name, in any case.")]
Team = Annotated[
    list[str] | None, typer.Option("--team", help="A team; may be given several times.")
]
AllTeams = Annotated[bool, typer.Option("--all-teams", help="Every team.")]
Queue = Annotated[
    list[str] | None,
    typer.Option("--queue", help="A queue; may be given several times. By default every queue."),
]
Role = Annotated[str, typer.Option(help="viewer, reviewer, supervisor or admin.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin instead.")
]


@user.command("add")
def user_add(
    name: Name,
    role: Role,
    team: Team = None,
    all_teams: AllTeams = False,
    queue: Queue = None,
    display: Annotated[str, typer.Option(help="What they are called.")] = "",
    password_stdin: FromStdin = False,
    as_json: Json = False,
) -> None:
    """Add a person; their password is made and printed this once."""
    from app.accounts import passwords
    from app.store import LOCAL
    from app.store.accounts import NewUser

    teams = None if role == "admin" and not team else _teams(team, all_teams=all_teams)
    new = NewUser(name, role, teams, queue or None, display)
    password = _password(name) if password_stdin else passwords.made()
    with _opened() as (store, _):
        row = store.accounts.add(new, passwords.hashed(password), LOCAL)
    _say_once({"name": row.name}, "password", "" if password_stdin else password, as_json=as_json)


@user.command("list")
def user_list(as_json: Json = False) -> None:
    """Everybody who may sign in or might once."""
    with _opened() as (store, settings):
        rows = [
            {
                "name": row.name,
                "display": row.display,
                "role": row.role,
                **_bounds(row, as_json=as_json),
                "disabled": row.disabled,
                "signed in": _moment(row.signed_in_at, settings),
            }
            for row in store.accounts.users()
        ]
    columns = ["name", "display", "role", "teams", "queues", "disabled", "signed in"]
    listed(rows, columns, as_json=as_json)


@user.command("change")
def user_change(
    name: Name,
    role: Role = "",
    team: Team = None,
    all_teams: AllTeams = False,
    queue: Queue = None,
    all_queues: Annotated[bool, typer.Option("--all-queues", help="Every queue.")] = False,
    display: Annotated[str, typer.Option(help="What they are called.")] = "",
) -> None:
    """Change what a person is called or may do; what is not given stays."""
    from app.store import LOCAL

    changes: dict[str, Any] = {}
    if role:
        changes["role"] = role
    if team or all_teams:
        changes["teams"] = _teams(team, all_teams=all_teams)
    if queue or all_queues:
        changes["queues"] = None if all_queues else queue
    if display:
        changes["display"] = display
    if not changes:
        raise InvalidInputError("nothing to change was given.", remedy="See --help.")
    with _opened() as (store, _):
        row = store.accounts.change(name, changes, LOCAL)
    say(f"changed: {row.name}")


@user.command("disable")
def user_disable(name: Name) -> None:
    """Sign a person out for good; they stay in the audit."""
    _set_disabled(name, disabled=True)


@user.command("enable")
def user_enable(name: Name) -> None:
    """Let a person who was disabled sign in again, with the password that they had."""
    _set_disabled(name, disabled=False)


@user.command("reset-password")
def user_reset_password(
    name: Name, password_stdin: FromStdin = False, as_json: Json = False
) -> None:
    """Give a person a new password, printed this once; it unlocks and signs them out."""
    from app.accounts import passwords
    from app.store import LOCAL

    password = _password(name) if password_stdin else passwords.made()
    with _opened() as (store, _):
        store.accounts.set_password(name, passwords.hashed(password), LOCAL)
    _say_once({"name": name}, "password", "" if password_stdin else password, as_json=as_json)


@key.command("add")
def key_add(
    name: Annotated[str, typer.Argument(help="What it is for, for instance crm.")],
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            help="read, ingest, review, export or supervise; may be given several times.",
        ),
    ],
    team: Team = None,
    all_teams: AllTeams = False,
    queue: Queue = None,
    as_json: Json = False,
) -> None:
    """Make a key for a program; it is printed this once."""
    from app.accounts.sign_in import make_key
    from app.store import LOCAL
    from app.store.keys import NewKey

    new = NewKey(name, scope, _teams(team, all_teams=all_teams), queue or None)
    with _opened() as (store, _):
        row, secret = make_key(store, new, LOCAL)
    _say_once({"name": row.name}, "key", secret, as_json=as_json)


@key.command("list")
def key_list(as_json: Json = False) -> None:
    """Every key, those that were revoked too."""
    with _opened() as (store, settings):
        rows = [
            {
                "name": row.name,
                "hint": row.hint,
                "scopes": row.scopes if as_json else ", ".join(row.scopes),
                **_bounds(row, as_json=as_json),
                "made by": row.made_by,
                "used": _moment(row.used_at, settings),
                "revoked": _moment(row.revoked_at, settings),
            }
            for row in store.keys.all()
        ]
    columns = ["name", "hint", "scopes", "teams", "queues", "made by", "used", "revoked"]
    listed(rows, columns, as_json=as_json)


@key.command("revoke")
def key_revoke(name: Name) -> None:
    """Make a key worthless, at once and for good."""
    from app.store import LOCAL

    with _opened() as (store, _):
        row = store.keys.revoke(name, LOCAL)
    say(f"revoked: {row.name}")


@contextmanager
def _opened() -> Iterator[tuple[Store, Settings]]:
    from app.settings import Settings
    from app.store import Store, upgrade

    settings = Settings()
    upgrade(settings)
    with Store(settings) as store:
        yield store, settings


def _teams(given: list[str] | None, *, all_teams: bool) -> list[str] | None:
    if bool(given) == all_teams:
        raise InvalidInputError(
            "whose conversations are to be seen was not said.",
            remedy="Give --team NAME, once or several times, or --all-teams.",
        )
    return given or None


def _password(name: str) -> str:
    from app.accounts.passwords import require_good

    password = sys.stdin.readline().rstrip("\r\n")
    require_good(password, name)
    return password


def _set_disabled(name: str, *, disabled: bool) -> None:
    from app.store import LOCAL

    with _opened() as (store, _):
        row = store.accounts.change(name, {"disabled": disabled}, LOCAL)
    say(f"{'disabled' if disabled else 'enabled'}: {row.name}")


def _say_once(about: dict[str, str], what: str, secret: str, *, as_json: bool) -> None:
    """The secret on stdout, so that a script can take it; what it is on stderr."""
    if as_json:
        typer.echo(json.dumps(about | {what: secret}, ensure_ascii=False))
        return
    say(f"{about['name']}: {what} {'shown this once' if secret else 'as given'}")
    if secret:
        typer.echo(secret)


def _bounds(row: Any, *, as_json: bool) -> dict[str, Any]:
    if as_json:
        return {"teams": row.teams, "queues": row.queues}
    shown = ("all" if one is None else ", ".join(one) for one in (row.teams, row.queues))
    return dict(zip(("teams", "queues"), shown, strict=True))


def _moment(value: datetime | None, settings: Settings) -> str:
    return value.astimezone(settings.zone).isoformat(timespec="seconds") if value else ""
