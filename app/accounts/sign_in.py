"""A name and a password become a session; a session's token or a key becomes a principal."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256

from app.accounts import passwords
from app.accounts.principal import Principal
from app.settings import Settings
from app.store import Scope, Store
from app.store.account_tables import ApiKeyRow
from app.store.keys import NewKey
from multimodal.errors import InvalidInputError, NotAllowedError, SignedOutError

KEY_PREFIX = "em_"
"""How every key begins, so that people and secret scanners recognise one."""
_HINT = len(KEY_PREFIX) + 4


class PasswordChangeError(NotAllowedError):
    """The password is right, but somebody else set it, so that a new one is needed."""


LOCKED = "this name was tried too often, and is locked for 15 minutes"


def digest(secret: str) -> str:
    """What is kept of a token or a key; both are long and random, so that no salt is needed."""
    return sha256(secret.encode()).hexdigest()


def sign_in(store: Store, settings: Settings, name: str, password: str, new: str = "") -> str:
    """Signs a person in.

    The answer and its time are the same for a name that nobody has and for a wrong password; both
    are locked after five tries.

    Args:
        store: Where people are.
        settings: How long the session lasts.
        name: Who.
        password: As it is.
        new: The password that a person chooses in place of one that somebody else set.

    Returns:
        The token of the session.

    Raises:
        SignedOutError: If the name or the password is wrong.
        PasswordChangeError: If a new password is needed.
        InvalidInputError: If the new password is not good.
        NotAllowedError: If the name is locked.
    """
    if new:
        passwords.require_good(new, name.strip())
        if new == password:
            raise InvalidInputError("the new password is the present one.", where="new")
    _require_unlocked(store, name)
    user = store.accounts.find(name)
    if not passwords.is_right(password, user.password if user else None) or user is None:
        store.note(Scope(user.name if user else ""), "sign_in_failed", {})
        raise SignedOutError("the name or the password is wrong.")
    if user.must_change:
        if not new:
            raise PasswordChangeError("this password was set by somebody else; choose a new one.")
        store.accounts.set_password(user.name, passwords.hashed(new), Scope(user.name))
    return open_session(store, settings, user.name)


def open_session(store: Store, settings: Settings, name: str) -> str:
    """Opens a session of a person whose password was right; its token is answered this once."""
    token = secrets.token_urlsafe(32)
    longest = timedelta(hours=settings.session_hours)
    store.accounts.open_session(store.accounts.user(name), digest(token), longest)
    return token


def principal_of(store: Store, settings: Settings, secret: str) -> Principal | None:
    """Whose token or key this is, or None if it is nobody's any more."""
    if secret.startswith(KEY_PREFIX):
        key = store.keys.find(digest(secret))
        return None if key is None else Principal.of_key(key)
    found = store.accounts.session(
        digest(secret),
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    return None if found is None else Principal.of_user(found, digest(secret))


def change_password(store: Store, principal: Principal, old: str, new: str) -> None:
    """Changes one's own password; one's other sessions end.

    Raises:
        InvalidInputError: If the new one is not good.
        NotAllowedError: If the old one is wrong, or was tried too often.
    """
    passwords.require_good(new, principal.name)
    _require_unlocked(store, principal.name)
    if not passwords.is_right(old, store.accounts.user(principal.name).password):
        raise NotAllowedError("the present password is wrong.", where="old")
    store.accounts.set_password(
        principal.name, passwords.hashed(new), principal.scope, keep=principal.session
    )


def reset_password(store: Store, name: str, by: Scope) -> str:
    """Gives a person a new password, which is answered this once; they are signed out everywhere.

    Raises:
        NotFoundError: If nobody has this name.
    """
    password = passwords.made()
    store.accounts.set_password(name, passwords.hashed(password), by)
    return password


def make_key(store: Store, new: NewKey, by: Scope) -> tuple[ApiKeyRow, str]:
    """Makes a key; the key itself is answered this once.

    Raises:
        InvalidInputError: If a field is none.
        ConflictError: If there is or was one of this name.
    """
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    return store.keys.add(new, digest(secret), secret[:_HINT], by), secret


def _require_unlocked(store: Store, name: str) -> None:
    if not store.accounts.count_try(name):
        raise NotAllowedError(
            LOCKED + ".", remedy="Wait, or have an admin reset the password; that unlocks it."
        )
