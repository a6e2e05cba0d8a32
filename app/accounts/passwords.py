"""Passwords: hashed with Argon2id (RFC 9106), checked, made."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from multimodal.errors import InvalidInputError, NotAllowedError

SHORTEST, LONGEST = 12, 128
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike: i, l, o, 0, 1."""
_GROUPS, _GROUP = 4, 4

_hasher = PasswordHash((Argon2Hasher(),))
_waiting = threading.BoundedSemaphore(10)
_working = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB and some 50 ms of every core: a flood of tries must not take them all."""


def hashed(password: str) -> str:
    """The hash of a password, in the PHC string format.

    Raises:
        NotAllowedError: If too many are being hashed or checked; `is_right` too.
    """
    with _turn():
        return _hasher.hash(password)


def is_right(password: str, expected: str | None) -> bool:
    """Whether a password is the one behind a hash.

    Args:
        password: What somebody typed.
        expected: The hash; None where there is no such person, which takes as long and is False.
    """
    with _turn():
        right = _hasher.verify(password[: LONGEST + 1], expected or _of_nobody())
    return right and expected is not None


def made() -> str:
    """A new password that can be read out: four groups of four of 31 letters, 79 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def require_good(password: str, name: str) -> None:
    """Checks a password that a person chose; length counts, not kinds of characters (NIST 800-63B).

    Raises:
        InvalidInputError: If it is too short, too long, or made of the person's name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(
            f"the password has {len(password)} characters, expected {SHORTEST} to {LONGEST}.",
            where="password",
        )
    if len(set(password)) < 5 or name.lower() in password.lower():
        raise InvalidInputError(
            "the password is easy to guess.",
            where="password",
            remedy="Take one without your name and of more than a few different characters.",
        )


@contextmanager
def _turn() -> Iterator[None]:
    if not _waiting.acquire(blocking=False):
        raise NotAllowedError("too many people sign in at this moment.", remedy="Try again.")
    try:
        with _working:
            yield
    finally:
        _waiting.release()


@cache
def _of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())
