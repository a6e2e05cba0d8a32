"""The masker that a site's settings ask for, and the site's secret for customers' references."""

from __future__ import annotations

import os
import secrets
from functools import cache, partial

from app.settings import Settings
from multimodal.errors import OutputError
from multimodal.masking import Masker

KEY_FILE = "customer.key"
KEY_BYTES = 32


def build_masker(settings: Settings) -> Masker:
    """A masker with the settings' types, style and key; the key is made when it is first needed.

    Args:
        settings: The site's settings.
    """
    return Masker(
        frozenset(settings.mask_types), settings.mask_style, cache(partial(_key, settings))
    )


def _key(settings: Settings) -> bytes:
    """The site's key.

    Raises:
        OutputError: If the site has none yet and none can be written.
    """
    given = settings.customer_key.get_secret_value()
    if given:
        return given.encode()
    path = settings.data_dir / KEY_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            # Whole or not there: of two processes that make it at once, the first one's counts.
            fresh = path.with_name(f".{KEY_FILE}-{secrets.token_hex(4)}")
            if not path.exists():
                handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(secrets.token_hex(KEY_BYTES))
                os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink(missing_ok=True)
        return path.read_bytes().strip()
    except OSError as error:
        raise OutputError(
            f"the key of customers' references cannot be read or made: {error.strerror}.",
            where=str(path),
            remedy="Check the folder, or give one as EMOTION_MONITOR_CUSTOMER_KEY.",
        ) from error
