"""Links to other systems, made of templates such as `https://pbx/listen?callId={external_id}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

FIELDS = ("id", "source", "external_id", "agent_id")
"""What a template may name, in braces."""

_FIELD = re.compile("{(" + "|".join(FIELDS) + ")}")


def check_template(template: str) -> str:
    """The template, if links can be made of it; an empty one makes none.

    Raises:
        ValueError: If it is no http(s) address, or names what there is not.
    """
    if not template:
        return template
    parts = urlsplit(template)
    if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
        raise ValueError(f"{template!r} does not begin with http:// or https:// and a host")
    if set(_FIELD.sub("", template)) & set("{} \t\r\n"):
        fields = ", ".join("{" + name + "}" for name in FIELDS)
        raise ValueError(f"{template!r} names something else than {fields}")
    return template


def filled(template: str, values: Mapping[str, str]) -> str:
    """The link for one conversation; values are encoded, so that none can change the address.

    Args:
        template: One that `check_template` passed.
        values: By name, each of `FIELDS`.
    """
    return _FIELD.sub(lambda field: quote(values[field[1]], safe=""), template)
