"""The tables of accounts: people, their sessions, and the keys of other programs.

    user ── session        who may sign in, and the browsers in which they are signed in
    sign_in_try            wrong passwords of the last minutes, for names that nobody has too
    api_key                programs that may call the API

No password, session token or key is kept, only what it can be recognised by.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables import Base, BigId, Json


class UserRow(Base):
    """A person who may sign in; one who left is disabled, so that the audit still names them."""

    __tablename__ = "user"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    """What they sign in with, in small letters."""
    display: Mapped[str]
    """What they are called."""
    role: Mapped[str]
    """One of `ROLES`."""
    teams: Mapped[list[Any] | None] = mapped_column(Json)
    """Teams whose conversations they see; null for all."""
    queues: Mapped[list[Any] | None] = mapped_column(Json)
    """Queues whose conversations they see; null for all."""
    password: Mapped[str]
    """Argon2id, as the PHC string format has it."""
    must_change: Mapped[bool] = mapped_column(server_default=false())
    """Whether somebody else set the password: it opens no session until they chose their own."""
    disabled: Mapped[bool]
    made_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser in which somebody is signed in."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "user_id"),)

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the token that the browser has."""
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class SignInTryRow(Base):
    """How often a name was tried with a wrong password; the same whether anybody has the name."""

    __tablename__ = "sign_in_try"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the name: some people type their password there."""
    failures: Mapped[int]
    began_at: Mapped[datetime]


class ApiKeyRow(Base):
    """A key with which a program calls the API; one that is revoked stays for the audit."""

    __tablename__ = "api_key"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str] = mapped_column(unique=True)
    """SHA-256 of the key."""
    hint: Mapped[str]
    """Its first characters, by which a person recognises it."""
    scopes: Mapped[list[Any]]
    """What it may do: some of `KEY_SCOPES`."""
    teams: Mapped[list[Any] | None] = mapped_column(Json)
    queues: Mapped[list[Any] | None] = mapped_column(Json)
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
