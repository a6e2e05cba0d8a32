"""Accounts: who is signed in, the people who may, and the keys of programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path

from app.accounts import passwords, sign_in
from app.api.access import PrincipalDep
from app.api.account_schemas import (
    Groups,
    KeyIn,
    KeyList,
    KeyMade,
    KeyOut,
    NewPassword,
    PasswordChange,
    SessionOut,
    UserChange,
    UserIn,
    UserMade,
    UserOut,
    Users,
)
from app.api.schemas import Problem
from app.api.services import ScopeDep, ServicesDep, StrictJsonRoute
from app.store.account_tables import ApiKeyRow, UserRow
from app.store.accounts import NewUser
from app.store.keys import NewKey

router = APIRouter(tags=["accounts"], route_class=StrictJsonRoute)

NamePath = Annotated[str, Path(min_length=1, max_length=200, description="The name.")]
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "The name is taken, or no admin would be left."}
}


@router.get("/session", response_model=SessionOut)
def who(principal: PrincipalDep) -> dict[str, Any]:
    """Who is signed in, and what they may see."""
    return {
        "name": principal.name,
        "display": principal.display,
        "role": principal.role,
        "teams": None if principal.teams is None else sorted(principal.teams),
        "queues": None if principal.queues is None else sorted(principal.queues),
    }


@router.delete("/session", status_code=204)
def sign_out(principal: PrincipalDep, services: ServicesDep) -> None:
    """Signs out: the session's token is worthless from now on."""
    services.store.accounts.close_session(principal.session)


@router.put("/session/password", status_code=204)
def change_password(body: PasswordChange, principal: PrincipalDep, services: ServicesDep) -> None:
    """Changes one's own password; one's other sessions end."""
    sign_in.change_password(services.store, principal, body.old, body.new)


@router.get("/users", response_model=Users)
def users(services: ServicesDep) -> dict[str, Any]:
    """Everybody who may sign in or might once, by name."""
    zone = services.settings.zone
    return {"data": [_user(row, zone) for row in services.store.accounts.users()]}


@router.post("/users", status_code=201, response_model=UserMade, responses=_CONFLICT)
def add_user(body: UserIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Adds a person; their password is in this answer and nowhere else."""
    password = passwords.made()
    new = NewUser(body.name, body.role, body.teams, body.queues, body.display)
    row = services.store.accounts.add(new, passwords.hashed(password), scope)
    return _user(row, services.settings.zone) | {"password": password}


@router.patch("/users/{name}", response_model=UserOut, responses=_CONFLICT)
def change_user(
    name: NamePath, body: UserChange, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Changes what a person is called or may do; one who is disabled is signed out at once."""
    changes = body.model_dump(exclude_unset=True)
    return _user(services.store.accounts.change(name, changes, scope), services.settings.zone)


@router.post("/users/{name}/password", response_model=NewPassword)
def reset_password(name: NamePath, services: ServicesDep, scope: ScopeDep) -> dict[str, str]:
    """Gives a person a new password, answered this once; unlocks them, and ends their sessions."""
    return {"password": sign_in.reset_password(services.store, name, scope)}


@router.get("/keys", response_model=KeyList)
def keys(services: ServicesDep) -> dict[str, Any]:
    """Every key, those that were revoked too, the latest first."""
    zone = services.settings.zone
    return {"data": [_key(row, zone) for row in services.store.keys.all()]}


@router.post("/keys", status_code=201, response_model=KeyMade, responses=_CONFLICT)
def add_key(body: KeyIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Makes a key for a program; the key is in this answer and nowhere else."""
    new = NewKey(body.name, body.scopes, body.teams, body.queues)
    row, secret = sign_in.make_key(services.store, new, scope)
    return _key(row, services.settings.zone) | {"key": secret}


@router.delete("/keys/{name}", response_model=KeyOut)
def revoke_key(name: NamePath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Makes a key worthless, at once and for good; again does nothing."""
    return _key(services.store.keys.revoke(name, scope), services.settings.zone)


@router.get("/groups", response_model=Groups)
def groups(services: ServicesDep, scope: ScopeDep) -> dict[str, list[str]]:
    """Teams and queues that conversations name, of those that are there for whoever asks."""
    teams, queues = services.store.groups(scope)
    return {"teams": teams, "queues": queues}


def _user(row: UserRow, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": row.name,
        "display": row.display,
        "role": row.role,
        "teams": row.teams,
        "queues": row.queues,
        "disabled": row.disabled,
        "must_change": row.must_change,
        "made_at": row.made_at.astimezone(zone),
        "signed_in_at": _moment(row.signed_in_at, zone),
    }


def _key(row: ApiKeyRow, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": row.name,
        "scopes": row.scopes,
        "teams": row.teams,
        "queues": row.queues,
        "hint": row.hint,
        "made_by": row.made_by,
        "made_at": row.made_at.astimezone(zone),
        "used_at": _moment(row.used_at, zone),
        "revoked_at": _moment(row.revoked_at, zone),
    }


def _moment(value: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if value is None else value.astimezone(zone)
