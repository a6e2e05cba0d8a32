"""A customer's number as it is kept: a keyed hash to find them by, and what people may see."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from app.settings import Settings
from multimodal.errors import OutputError

Key = Callable[[], bytes]
KEY_FILE = "customer.key"
_MOBILE = re.compile(r"(?:00?86)?0?(1[3-9]\d{9})")
_PHONE = re.compile(r"[+＋]?[\d\s()（）.-]{5,24}")
_MASK = re.compile(r"[*＊xX×]{2,}|[*＊]")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who called, without their number.

    Attributes:
        ref: Keyed hash, 32 hex digits: the same number gives the same one at this site only. Empty
            for a number that came masked: it may be many people's.
        display: What people may see: 138****1234.
    """

    ref: str
    display: str


def customer_of(number: str, key: Key) -> Customer:
    """The customer behind a number or id; the number itself is kept nowhere.

    Args:
        number: As a source writes it: 13812341234, +86 138-1234-1234, 010-65551234, U20931.
        key: Gives the site's key, as `customer_key` does; asked only where there is a number.
    """
    text = number.strip()
    if not text:
        return Customer("", "")
    if _MASK.search(text):
        return Customer("", text[:40])
    plain = normalised(text)
    ref = hmac.new(key(), plain.encode(), hashlib.sha256).hexdigest()[:32]
    return Customer(ref, _display(plain))


def normalised(number: str) -> str:
    """One spelling for all ways in which the same number is written."""
    text = number.strip()
    if not _PHONE.fullmatch(text):
        return text
    digits = re.sub(r"\D", "", text)
    if text[0] in "+＋" and digits.startswith("86"):
        digits = digits[2:] if digits[2:3] != "1" else "86" + digits[2:]
    mobile = _MOBILE.fullmatch(digits if not digits.startswith("86") else "00" + digits)
    return mobile[1] if mobile else digits


def _display(plain: str) -> str:
    if len(plain) >= 11:
        return f"{plain[:3]}****{plain[-4:]}"
    if len(plain) >= 7:
        return f"****{plain[-4:]}"
    return f"{plain[:1]}***"


def customer_key(settings: Settings) -> Key:
    """Gives the key of this site's customer references, which is made when it is first asked for.

    Whoever has it can try numbers, so that it lies in a file of its own that only this user reads.
    Without it no reference can be computed again: keep it with the backups.

    Raises:
        OutputError: From the key that is returned, if it can be neither read nor made.
    """
    return cache(partial(_key, settings))


def _key(settings: Settings) -> bytes:
    if settings.customer_key:
        return settings.customer_key.encode()
    path = settings.data_dir / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        return path.read_bytes().strip()
    except OSError as error:
        raise OutputError(
            f"the key of the customer references cannot be read or made: {error.strerror}.",
            where=str(path),
            remedy="Check the folder's permissions, or set EMOTION_MONITOR_CUSTOMER_KEY.",
        ) from error


def _make(path: Path) -> None:
    """Writes a new key; where another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
