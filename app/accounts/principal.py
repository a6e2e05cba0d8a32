"""Who makes a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.store.account_tables import ApiKeyRow, UserRow
from app.store.accounts import ROLES
from app.store.scope import Scope


@dataclass(frozen=True, slots=True)
class Principal:
    """A person who is signed in, a program with a key, or nobody.

    Attributes:
        name: Under which they stand in the audit; empty for nobody.
        display: What they are called.
        role: One of `ROLES`; empty for a program and for nobody.
        teams: Teams whose conversations they see; None for all.
        queues: Queues whose conversations they see; None for all.
        key_scopes: What a program's key is for, some of `KEY_SCOPES`; a person has none.
        session: SHA-256 of the session's token; empty without a session.
    """

    name: str
    display: str
    role: str
    teams: frozenset[str] | None
    queues: frozenset[str] | None
    key_scopes: frozenset[str] = frozenset()
    session: str = ""

    @classmethod
    def of_user(cls, user: UserRow, session: str) -> Principal:
        """A person in a session."""
        teams, queues = _bounds(user.teams), _bounds(user.queues)
        return cls(user.name, user.display, user.role, teams, queues, session=session)

    @classmethod
    def of_key(cls, key: ApiKeyRow) -> Principal:
        """A program with a key."""
        name = f"key:{key.name}"
        teams, queues = _bounds(key.teams), _bounds(key.queues)
        return cls(name, name, "", teams, queues, frozenset(key.scopes))

    @property
    def scope(self) -> Scope:
        """Which conversations are there for them."""
        return Scope(self.name, self.teams, self.queues)

    def may(self, least: str, key_scope: str) -> bool:
        """Whether they may do what takes a role, or a key's scope.

        Args:
            least: One of `ROLES`: the least of them that may.
            key_scope: One of `KEY_SCOPES`; empty for what no program may.
        """
        if self.role:
            return ROLES.index(self.role) >= ROLES.index(least)
        return key_scope in self.key_scopes


NOBODY = Principal("", "", "", frozenset(), frozenset())
"""Whoever is not signed in: sees nothing."""


def _bounds(names: Iterable[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
