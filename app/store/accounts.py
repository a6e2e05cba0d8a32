"""People who may sign in, and their sessions, in the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.store.account_tables import SessionRow, SignInTryRow, UserRow
from app.store.audit import entry
from app.store.bulk import table_of
from app.store.scope import Scope
from multimodal.conversation import storable
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError

Sessions = Callable[[], AbstractContextManager[Session]]

ROLES = ("viewer", "reviewer", "supervisor", "admin")
"""From the fewest rights to the most; each may do what those before it may."""
TRIES = 5
"""Wrong passwords after which a name is locked."""
LOCK = timedelta(minutes=15)
"""How long the tries of a name count, from the first of them."""
SEEN = timedelta(minutes=1)
"""How exactly it is known when a session was used last; each request would be a write."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,49}")
_RESERVED = frozenset({"local", "schedule"})
_MAX_DISPLAY, _MAX_BOUND, _MAX_BOUNDS = 100, 200, 500


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person who shall be able to sign in.

    Attributes:
        name: What they sign in with: letters, digits, `.`, `_`, `@`, `-`; in any case.
        role: One of `ROLES`.
        teams: Teams whose conversations they see; None for all, as an admin always does.
        queues: Queues whose conversations they see; None for all, as an admin always does.
        display: What they are called.
    """

    name: str
    role: str
    teams: Sequence[str] | None
    queues: Sequence[str] | None = None
    display: str = ""


class Accounts:
    """The people in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    # People

    def users(self) -> list[UserRow]:
        """Everybody who may sign in or might once, by name."""
        with self._reading() as session:
            return list(session.scalars(select(UserRow).order_by(UserRow.name)))

    def user(self, name: str) -> UserRow:
        """One person.

        Raises:
            NotFoundError: If nobody has this name.
        """
        with self._reading() as session:
            return _user(session, name)

    def find(self, name: str) -> UserRow | None:
        """The person of this name who may sign in, or None."""
        wanted = select(UserRow).where(
            UserRow.name == storable(name.strip().lower()), UserRow.disabled.is_(False)
        )
        with self._reading() as session:
            return session.scalar(wanted)

    def add(self, new: NewUser, password: str, by: Scope) -> UserRow:
        """Adds a person.

        Args:
            new: Who.
            password: The hash of their password, which they change when they sign in first.
            by: Who adds them.

        Raises:
            InvalidInputError: If a field is none.
            ConflictError: If somebody has this name.
        """
        row = UserRow(
            name=_name(new.name),
            display=_display(new.display or new.name),
            role=new.role,
            teams=bounds(new.teams, "teams"),
            queues=bounds(new.queues, "queues"),
            password=password,
            must_change=True,
            disabled=False,
            made_at=datetime.now(UTC),
            signed_in_at=None,
        )
        _require_role(row)
        try:
            with self._writing() as session:
                session.add(row)
                detail = {"user": row.name, "done": "added", "role": row.role}
                entry(session, by.who, "user", detail)
        except IntegrityError as error:
            raise ConflictError(
                "somebody has this name.",
                where=f"user {row.name!r}",
                remedy="Choose another; a person who was disabled can be enabled again.",
            ) from error
        return row

    def change(self, name: str, changes: Mapping[str, Any], by: Scope) -> UserRow:
        """Changes what a person is called or may do; one who is disabled is signed out.

        Args:
            name: Who.
            changes: `display`, `role`, `teams`, `queues`, `disabled`; what is absent stays.
            by: Who changes it.

        Raises:
            NotFoundError: If nobody has this name.
            InvalidInputError: If a value is none.
            ConflictError: If no admin would be left.
        """
        with self._writing() as session:
            row = _user(session, name, lock=True)
            for field, value in changes.items():
                if field == "display":
                    value = _display(value)
                elif field in ("teams", "queues"):
                    value = bounds(value, field)
                setattr(row, field, value)
            if row.role == "admin":
                for field in {"teams", "queues"} - set(changes):
                    setattr(row, field, None)
            _require_role(row)
            session.flush()
            _require_admin(session)
            if row.disabled:
                session.execute(delete(SessionRow).where(SessionRow.user_id == row.id))
            detail = {"user": row.name, "done": "changed", "fields": sorted(changes)}
            entry(session, by.who, "user", detail)
        return row

    def set_password(self, name: str, password: str, by: Scope, *, keep: str = "") -> None:
        """Gives a person another password; every session of theirs ends but the one to keep.

        One that somebody else sets is changed at the next sign-in.

        Args:
            name: Who.
            password: The hash of the password.
            by: Who does it.
            keep: The digest of the session that goes on, if any.

        Raises:
            NotFoundError: If nobody has this name.
        """
        with self._writing() as session:
            row = _user(session, name, lock=True)
            row.password = password
            row.must_change = by.who != row.name
            session.execute(
                delete(SessionRow).where(SessionRow.user_id == row.id, SessionRow.digest != keep)
            )
            session.execute(delete(SignInTryRow).where(SignInTryRow.digest == _hidden(row.name)))
            entry(session, by.who, "user", {"user": row.name, "done": "password"})

    # Tries to sign in

    def count_try(self, name: str) -> bool:
        """Counts a try to sign in before it is known whether it is right.

        Returns:
            Whether the name may be tried, or is locked.
        """
        now = datetime.now(UTC)
        with self._writing() as session:
            session.execute(delete(SignInTryRow).where(SignInTryRow.began_at < now - LOCK))
            postgres = session.get_bind().dialect.name == "postgresql"
            table = table_of(SignInTryRow)
            counted = (postgresql.insert if postgres else sqlite.insert)(table).values(
                digest=_hidden(name), failures=1, began_at=now
            )
            failures: int = session.execute(
                counted.on_conflict_do_update(
                    index_elements=[table.c.digest], set_={"failures": table.c.failures + 1}
                ).returning(table.c.failures)
            ).scalar_one()
            if failures == TRIES + 1:
                entry(session, "", "lock", {"minutes": LOCK.total_seconds() // 60})
            return failures <= TRIES

    # Sessions

    def open_session(self, user: UserRow, digest: str, longest: timedelta) -> None:
        """Signs a person in: what was tried before is forgotten, and sessions that are over go.

        Args:
            user: Who.
            digest: SHA-256 of the session's token.
            longest: How long a session lasts at most.
        """
        now = datetime.now(UTC)
        with self._writing() as session:
            session.execute(delete(SignInTryRow).where(SignInTryRow.digest == _hidden(user.name)))
            session.execute(delete(SessionRow).where(SessionRow.made_at < now - longest))
            row = _user(session, user.name, lock=True)
            row.signed_in_at = now
            session.add(SessionRow(digest=digest, user_id=row.id, made_at=now, seen_at=now))
            entry(session, row.name, "sign_in", {})

    def session(self, digest: str, idle: timedelta, longest: timedelta) -> UserRow | None:
        """Who is signed in, and goes on being so.

        Args:
            digest: SHA-256 of the session's token.
            idle: How long a session lasts without being used.
            longest: How long it lasts at most.

        Returns:
            The person; None if there is no such session, it is over, or they are disabled.
        """
        wanted = (
            select(UserRow, SessionRow)
            .join(SessionRow, SessionRow.user_id == UserRow.id)
            .where(SessionRow.digest == digest, UserRow.disabled.is_(False))
        )
        now = datetime.now(UTC)
        with self._reading() as session:
            found = session.execute(wanted).one_or_none()
        if found is None:
            return None
        user, opened = found
        if now - opened.seen_at > idle or now - opened.made_at > longest:
            return None
        if now - opened.seen_at > SEEN:
            with self._writing() as session:
                again = session.get(SessionRow, digest)
                if again is not None:
                    again.seen_at = now
        return user

    def close_session(self, digest: str) -> None:
        """Signs out; again does nothing."""
        with self._writing() as session:
            row = session.get(SessionRow, digest)
            if row is not None:
                user = session.get_one(UserRow, row.user_id)
                session.delete(row)
                entry(session, user.name, "sign_out", {})


def bounds(names: Sequence[str] | None, field: str) -> list[str] | None:
    """Names of teams or queues, each once and in order; None for all.

    Raises:
        InvalidInputError: If there are too many, or one is empty or too long.
    """
    if names is None:
        return None
    found = sorted({storable(name.strip()) for name in names})
    if len(found) > _MAX_BOUNDS or not all(0 < len(name) <= _MAX_BOUND for name in found):
        raise InvalidInputError(
            f"expected at most {_MAX_BOUNDS} names of 1 to {_MAX_BOUND} characters.", where=field
        )
    return found


def _hidden(name: str) -> str:
    return sha256(storable(name.strip().lower()).encode()).hexdigest()


def _name(name: str) -> str:
    name = name.strip().lower()
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidInputError(
            f"{name[:60]!r} cannot be a name to sign in with.",
            where="name",
            remedy="Use 1 to 50 letters a-z, digits, '.', '_', '@' or '-', for instance zhang.wei;"
            " local and schedule are taken.",
        )
    return name


def _display(text: str) -> str:
    text = storable(text.strip())
    if not 0 < len(text) <= _MAX_DISPLAY:
        raise InvalidInputError(f"expected 1 to {_MAX_DISPLAY} characters.", where="display")
    return text


def _user(session: Session, name: str, *, lock: bool = False) -> UserRow:
    wanted = select(UserRow).where(UserRow.name == storable(name.strip().lower()))
    row = session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise NotFoundError(f"nobody is called {name[:60]!r}.", where="user")
    return row


def _require_role(row: UserRow) -> None:
    if row.role not in ROLES:
        raise InvalidInputError(
            f"{row.role[:40]!r} is no role, expected one of {', '.join(ROLES)}.", where="role"
        )
    if row.role == "admin" and (row.teams is not None or row.queues is not None):
        raise InvalidInputError(
            "an admin sees every team and queue.", where="role", remedy="Name none for an admin."
        )


def _require_admin(session: Session) -> None:
    left = select(UserRow.id).where(UserRow.role == "admin", UserRow.disabled.is_(False))
    if session.scalars(left.with_for_update()).first() is None:
        raise ConflictError(
            "nobody would be left who is an admin.",
            where="user",
            remedy="Make somebody else an admin first.",
        )
