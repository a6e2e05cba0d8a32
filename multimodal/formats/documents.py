"""JSON from strangers: parsed strictly, and read through getters that complain in plain words."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from reprlib import repr as short
from typing import Any, TypeVar

from multimodal.conversation import storable
from multimodal.errors import TranscriptError

Choice = TypeVar("Choice", bound=StrEnum)

_INTEGER_LIMIT = 2**63
_NUMERIC = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?")
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[\[\]{},]', re.DOTALL)


def parse_json(text: str, where: str) -> Any:
    """The JSON value in `text`.

    Stricter than `json.loads`: no NaN or Infinity, no key twice in one object (which of the two was
    meant?), no number that does not fit 64 bits.

    Raises:
        TranscriptError: If it is no such JSON; the message names `where`, line and column.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        place = f"{where}, {line}column {error.colno}"
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            raise TranscriptError(
                "the JSON ends in the middle.",
                where=place,
                remedy="The file is incomplete; export or copy it again.",
            ) from error
        raise TranscriptError(f"no valid JSON: {error.msg}.", where=place) from error
    except ValueError as error:
        raise TranscriptError(f"no valid JSON: {error}.", where=where) from error
    except RecursionError as error:
        raise TranscriptError("the JSON is nested too deeply.", where=where) from error


def outline(text: str) -> Any:
    """As much of a JSON value as stands at the start of `text`, or None where there is none.

    A truncated value is cut behind its last whole member and its brackets are closed, so that the
    beginning of a long file is enough to tell what it is.
    """
    closers: list[str] = []
    cut = 0
    for match in _STRUCTURE.finditer(text):
        sign = match[0][0]
        if sign in "[{":
            closers.append("]" if sign == "[" else "}")
            cut = match.end()
        elif sign in "]}" and closers:
            closers.pop()
            cut = match.end()
        elif sign == ",":
            cut = match.start()
    try:
        # Every change of `closers` moves `cut`, so that the brackets open at the end are those
        # open at the cut.
        return json.loads(text[:cut] + "".join(reversed(closers)))
    except (ValueError, RecursionError):
        return None


def json_value(value: Any, where: str) -> Any:
    """The value with what no database stores replaced in its texts.

    Raises:
        TranscriptError: If it is no JSON value: a number that is not finite or does not fit 64
            bits, another type, or nested too deeply.
    """
    try:
        return _json_value(value, where)
    except RecursionError as error:
        raise TranscriptError("the JSON is nested too deeply.", where=where) from error


def _json_value(value: Any, where: str) -> Any:
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [_json_value(item, where) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {storable(key): _json_value(item, where) for key, item in value.items()}
    raise TranscriptError(f"{short(value)} is no JSON value.", where=where)


class Node:
    """One JSON object of a file, with its place.

    Args:
        value: What stands there.
        where: The place, for messages.

    Raises:
        TranscriptError: From the constructor and every getter, if something else stands there.
    """

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise TranscriptError(f"{short(value)} stands where an object should.", where=where)
        self.value: Mapping[str, Any] = value
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self.value.get(key) is not None

    def text(self, key: str, default: str = "") -> str:
        """The text under `key`, or the default where it is absent or null."""
        value = self.value.get(key)
        return default if value is None else self._expect(key, value, str, "text")

    def number(self, key: str) -> float | None:
        """The finite number under `key`, or None where it is absent or null."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.wrong(key, "a number")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.wrong(key, "a finite number")
        return number

    def numeric(self, key: str) -> float | None:
        """The number under `key`, also where it stands in quotes; None where it is absent."""
        value = self.value.get(key)
        if not isinstance(value, str):
            return self.number(key)
        if not value.strip():
            return None
        if not _NUMERIC.fullmatch(value.strip()):
            raise self.wrong(key, "a number")
        number = float(value)
        if not math.isfinite(number):
            raise self.wrong(key, "a finite number")
        return number

    def scaled(self, key: str, factor: float) -> float | None:
        """The number under `key` times `factor`, rounded to 6 digits; None where it is absent."""
        number = self.numeric(key)
        if number is None:
            return None
        if not math.isfinite(number * factor):
            raise self.wrong(key, "a smaller number")
        return round(number * factor, 6)

    def name(self, key: str) -> str:
        """The text or whole number under `key` as text, empty where it is absent or null."""
        value = self.value.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.text(key)

    def seconds(self, key: str) -> float | None:
        """The milliseconds under `key` in seconds, or None where they are absent or null."""
        milliseconds = self.number(key)
        return None if milliseconds is None else milliseconds / 1000

    def integer(self, key: str) -> int | None:
        """The whole number under `key`, or None where it is absent or null."""
        value = self.value.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self.wrong(key, "a whole number")
        return value

    def choice(self, key: str, default: Choice) -> Choice:
        """The member of the default's enumeration under `key`."""
        if key not in self:
            return default
        kind = type(default)
        try:
            return kind(self.text(key))
        except ValueError:
            raise self.wrong(key, f"one of {', '.join(kind)}") from None

    def items(self, key: str) -> list[Any]:
        """The list under `key`, empty where it is absent or null."""
        value = self.value.get(key)
        return [] if value is None else self._expect(key, value, list, "a list")

    def objects(self, key: str, noun: str = "") -> list[Node]:
        """The objects in the list under `key`; messages call the third `noun 3`."""
        return [
            Node(value, _join(self.where, f"{noun or key} {number}"))
            for number, value in enumerate(self.items(key), start=1)
        ]

    def object(self, key: str) -> Node:
        """The object under `key`, empty where it is absent or null."""
        value = self.value.get(key)
        return Node({} if value is None else value, _join(self.where, key))

    def attributes(self, key: str) -> dict[str, Any]:
        """The free JSON object under `key`, storable, empty where it is absent or null."""
        node = self.object(key)
        values: dict[str, Any] = json_value(node.value, node.where)
        return values

    def kept(self, **names: str) -> dict[str, Any]:
        """What stands under the given keys, by new names; absent and null ones are left out."""
        return {
            name: json_value(self.value[key], self.where)
            for name, key in names.items()
            if key in self
        }

    def require_only(self, known: frozenset[str]) -> None:
        """Refuses keys that are not known: a misspelt one must not vanish in silence."""
        unknown = sorted(str(key) for key in self.value if key not in known)
        if unknown:
            raise TranscriptError(
                f"unknown field {short(unknown[0])}; known are {', '.join(sorted(known))}.",
                where=self.where,
                remedy="Put fields of your own under attributes.",
            )

    def wrong(self, key: str, expected: str) -> TranscriptError:
        """The error that something else stands under `key`."""
        return TranscriptError(
            f"{key} is {short(self.value.get(key))}, expected {expected}.", where=self.where
        )

    def _expect(self, key: str, value: Any, kind: type[Any], expected: str) -> Any:
        if not isinstance(value, kind):
            raise self.wrong(key, expected)
        return value


def _join(where: str, place: str) -> str:
    return f"{where}, {place}" if where else place


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {short(twice)} stands twice in one object")
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= 20 else _INTEGER_LIMIT
    if not -_INTEGER_LIMIT <= value < _INTEGER_LIMIT:
        raise ValueError(f"the number {short(digits)} does not fit 64 bits")
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {short(digits)} does not fit 64 bits")
    return value
