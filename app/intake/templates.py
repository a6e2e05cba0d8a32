"""What the name of a recording says, and the folders it lies in: `{queue}/{date}_{agent}.wav`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from multimodal.errors import InvalidInputError

NAMES: Mapping[str, str] = {
    "date": "date",
    "time": "time",
    "datetime": "started_at",
    "agent": "agent_id",
    "caller": "caller",
    "callee": "callee",
    "customer": "customer",
    "call_id": "call_id",
    "queue": "queue",
    "team": "team",
    "direction": "direction",
    "business": "business_type",
    "_": "",
}
"""What can stand in braces, and the field that it is; `{_}` is passed over."""
EXAMPLE = "{date}_{agent}_{caller}_{call_id}.wav"
MAX_CHARACTERS = 300

_PART = re.compile(r"\{([^{}]*)\}")
_FIXED: Mapping[str, str] = {
    "date": r"\d{4}[-.]?\d{2}[-.]?\d{2}",
    "time": r"\d{2}[-.:]?\d{2}[-.:]?\d{2}",
    "datetime": r"\d{4}[-.]?\d{2}[-.]?\d{2}[-_ T]?\d{2}[-.:]?\d{2}[-.:]?\d{2}",
}


class NameTemplate:
    """A pattern of file names.

    Args:
        text: Names in braces with fixed characters between them; `/` separates folders, which are
            counted from the file upwards. The suffix does not matter.

    Raises:
        InvalidInputError: If a name is unknown or stands twice, or two stand side by side.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        where = f"template {self.text[:80]!r}"
        if len(self.text) > MAX_CHARACTERS:
            raise InvalidInputError(
                f"it has more than {MAX_CHARACTERS} characters.", where="template"
            )
        *folders, last = self.text.strip("/").split("/")
        if "." in last and "}" not in last[last.rindex(".") :]:
            last = last[: last.rindex(".")]
        names = [name.strip() for name in _PART.findall(self.text) if name.strip() != "_"]
        if not names or len(set(names)) < len(names):
            raise InvalidInputError(
                "it names a field twice." if names else "it names no field.",
                where=where,
                remedy=f"Write it like {EXAMPLE}.",
            )
        self._parts = [_compiled(part, where) for part in (*folders, last)]

    def match(self, path: PurePath) -> dict[str, str] | None:
        """The fields in a file's name and folders, or None where it is not named like this."""
        if len(path.parts) < len(self._parts):
            return None
        names = [*path.parts[-len(self._parts) :][:-1], path.stem]
        found: dict[str, str] = {}
        for pattern, name in zip(self._parts, names, strict=True):
            match = pattern.fullmatch(name)
            if match is None:
                return None
            found |= {NAMES[key]: value.strip() for key, value in match.groupdict().items()}
        if "date" in found:
            found["date"] = found["date"].replace(".", "-")
        if "time" in found:
            found["time"] = re.sub(r"\D", "", found["time"])
        if "started_at" in found:
            found["started_at"] = re.sub(r"\D", "", found["started_at"])
        return found


def _compiled(part: str, where: str) -> re.Pattern[str]:
    pieces = _PART.split(part)  # Fixed characters and names in turn, fixed ones first and last.
    pattern = re.escape(pieces[0])
    for index in range(1, len(pieces), 2):
        name, after = pieces[index].strip(), pieces[index + 1]
        if name not in NAMES:
            raise InvalidInputError(
                f"there is no field {{{name[:40]}}}; there are "
                f"{', '.join('{' + known + '}' for known in NAMES)}.",
                where=where,
                remedy=f"Write it like {EXAMPLE}.",
            )
        last = index + 2 >= len(pieces)
        if not after and not last and name not in _FIXED:
            raise InvalidInputError(
                f"nothing stands between {{{name}}} and the next field, so that nobody can tell "
                "where it ends.",
                where=where,
                remedy="Put the character between them that the file names have.",
            )
        # A field ends where the next fixed character comes: no pattern can take long to fail.
        free = f"[^{re.escape(after[0])}]+" if after else ".+"
        inside = _FIXED.get(name, free)
        pattern += (f"(?:{inside})" if name == "_" else f"(?P<{name}>{inside})") + re.escape(after)
    return re.compile(pattern, re.DOTALL)
