"""A transcript file as the readers of the formats see it: its name, its text, its JSON."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from multimodal.conversation import Conversation
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.documents import outline, parse_json

Item = Conversation | EmotionMonitorError
"""What reading gives: a conversation, or what was wrong with the one that stood in its place."""


@dataclass(frozen=True)
class Source:
    """One transcript file, or its beginning.

    Attributes:
        name: How messages name the file.
        text: What is in it, decoded.
        base: The folder that relative media paths start from; None where there is none (an upload).
        data: The bytes that the text was decoded from, for formats that are not text.
    """

    name: str
    text: str
    base: Path | None = None
    data: bytes = b""

    @cached_property
    def document(self) -> Any:
        """The whole file as JSON.

        Raises:
            TranscriptError: If it is no valid JSON.
        """
        return parse_json(self.text, self.name)

    @cached_property
    def outline(self) -> Any:
        """As much of the JSON as is there, also of a truncated file; None where it is no JSON."""
        try:
            return self.document
        except TranscriptError:
            return outline(self.text)

    def at(self, *keys: str) -> Any:
        """What stands in the outline under these keys, one within the other; None where nothing is.

        A list on the way, but not at the end, stands for its first item.
        """
        value = self.outline
        for key in keys:
            if isinstance(value, list) and value:
                value = value[0]
            value = value.get(key) if isinstance(value, dict) else None
        return value

    def first(self, *keys: str) -> Mapping[str, Any] | None:
        """The first object of the list under these keys; empty for an empty list, None for none."""
        value = self.at(*keys) if keys else self.outline
        if not isinstance(value, list):
            return None
        return value[0] if value and isinstance(value[0], dict) else {}


@dataclass(frozen=True)
class Format:
    """One transcript format.

    Attributes:
        name: Its key, which is also the `source` of conversations whose files name none
            (`<name>_redacted` for Amazon's redacted copies).
        zh: What it is, in Chinese.
        en: What it is, in English.
        detect: Whether a source is of this format, from its content alone; never raises.
        read: Its conversations. Raises an `EmotionMonitorError` where nothing can be read at all;
            yields one in the place of a conversation that is wrong while others are fine.
    """

    name: str
    zh: str
    en: str
    detect: Callable[[Source], bool]
    read: Callable[[Source], Iterator[Item]]


def decode(data: bytes) -> str:
    """Text from UTF-8, UTF-8 with BOM, UTF-16 with BOM, or GB18030 (which contains GBK).

    Damaged bytes become U+FFFD: one broken character does not lose a conversation. UTF-8 that is
    merely damaged is told from GB18030 by most of its non-ASCII characters still being whole.
    """
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    non_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if non_ascii - damaged > damaged:
        return text
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return text
