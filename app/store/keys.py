"""Keys with which other programs call the API, in the store."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.store.account_tables import ApiKeyRow
from app.store.accounts import SEEN, Sessions, bounds
from app.store.audit import entry
from app.store.scope import Scope
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError

KEY_SCOPES = ("read", "ingest", "review", "export", "supervise")
"""What a key can be for: reading, bringing conversations in, correcting, results, live work."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key for a program.

    Attributes:
        name: What it is for, for instance `crm`; as `key:crm` it stands in the audit.
        scopes: Some of `KEY_SCOPES`.
        teams: Teams whose conversations it reads and writes; None for all.
        queues: Queues whose conversations it reads and writes; None for all.
    """

    name: str
    scopes: Sequence[str]
    teams: Sequence[str] | None
    queues: Sequence[str] | None = None


class Keys:
    """The keys in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def all(self) -> list[ApiKeyRow]:
        """Every key, those that were revoked too, the latest first."""
        with self._reading() as session:
            return list(session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id.desc())))

    def add(self, new: NewKey, digest: str, hint: str, by: Scope) -> ApiKeyRow:
        """Adds a key.

        Args:
            new: What it may do.
            digest: SHA-256 of the key.
            hint: Its first characters.
            by: Who makes it.

        Raises:
            InvalidInputError: If a field is none.
            ConflictError: If there is or was a key of this name.
        """
        name = new.name.strip().lower()
        if not _NAME.fullmatch(name):
            raise InvalidInputError(
                f"{name[:60]!r} cannot be the name of a key.",
                where="name",
                remedy="Use 1 to 50 letters a-z, digits, '.', '_' or '-', for instance crm.",
            )
        scopes = sorted(set(new.scopes), key=list(new.scopes).index)
        if not scopes or not set(scopes) <= set(KEY_SCOPES):
            raise InvalidInputError(
                f"expected one or more of {', '.join(KEY_SCOPES)}.", where="scopes"
            )
        row = ApiKeyRow(
            name=name,
            digest=digest,
            hint=hint,
            scopes=scopes,
            teams=bounds(new.teams, "teams"),
            queues=bounds(new.queues, "queues"),
            made_by=by.who,
            made_at=datetime.now(UTC),
            used_at=None,
            revoked_at=None,
        )
        try:
            with self._writing() as session:
                session.add(row)
                entry(session, by.who, "key", {"key": name, "done": "added", "scopes": scopes})
        except IntegrityError as error:
            raise ConflictError(
                "there is or was a key of this name.",
                where=f"key {name!r}",
                remedy="Choose another, so that the audit stays clear.",
            ) from error
        return row

    def revoke(self, name: str, by: Scope) -> ApiKeyRow:
        """Makes a key worthless, at once and for good; again does nothing.

        Raises:
            NotFoundError: If there is no such key.
        """
        with self._writing() as session:
            row = session.scalar(
                select(ApiKeyRow).where(ApiKeyRow.name == name.strip().lower()).with_for_update()
            )
            if row is None:
                raise NotFoundError(f"there is no key {name[:60]!r}.")
            if row.revoked_at is None:
                row.revoked_at = datetime.now(UTC)
                entry(session, by.who, "key", {"key": row.name, "done": "revoked"})
        return row

    def find(self, digest: str) -> ApiKeyRow | None:
        """The key of this SHA-256 that was not revoked, or None; it counts as used."""
        wanted = select(ApiKeyRow).where(ApiKeyRow.digest == digest, ApiKeyRow.revoked_at.is_(None))
        now = datetime.now(UTC)
        with self._reading() as session:
            row = session.scalar(wanted)
        if row is not None and (row.used_at is None or now - row.used_at > SEEN):
            with self._writing() as session:
                again = session.get(ApiKeyRow, row.id)
                if again is not None:
                    again.used_at = now
        return row
