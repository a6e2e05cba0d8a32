"""A conversation between a customer and a call centre, as everything in the house understands it.

Time within a conversation is seconds as float from its start, and spans are half-open:
`[start, end)`. All objects here are frozen; `dataclasses.replace` makes a changed copy.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from multimodal.errors import InvalidConversationError

MAX_TURNS = 20_000
"""Turns that one conversation may have; a longer export is split by its owner."""
MAX_TURN_CHARACTERS = 100_000
"""Characters that one turn's text may have."""
INFERRED = "role_confidence"
"""Attribute of a turn whose role was inferred: with which confidence, in [0, 1]."""
Region = tuple[float, float, float, float]
"""Left, top, width, height as fractions of a picture's width and height."""
WHOLE_PICTURE: Region = (0.0, 0.0, 1.0, 1.0)
"""The customer's region of a picture that shows nobody else."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Role(StrEnum):
    """Who speaks. `unknown` is a role of its own: nothing is guessed."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    UNKNOWN = "unknown"


class Channel(StrEnum):
    """The kind of contact."""

    PHONE = "phone"
    VIDEO = "video"
    CHAT = "chat"


class Direction(StrEnum):
    """Who called whom."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Media:
    """A recording that belongs to a conversation.

    Attributes:
        path: Where the file lies. Audio and video are told apart by what is in the file.
        channels: Which role speaks on which audio channel, by channel index from 0. Empty where
            that is not known; `{0: Role.CUSTOMER}` for a recording of one person.
        customer_region: Left, top, width and height of the customer's part of the picture, as
            fractions of the picture's width and height; `WHOLE_PICTURE` declares that the recording
            shows only the customer; None where that is not known.
        offset: Seconds from the conversation's start to the start of the recording.
    """

    path: Path
    channels: Mapping[int, Role] = field(default_factory=dict)
    customer_region: Region | None = None
    offset: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))
        for index, role in self.channels.items():
            if not isinstance(index, int) or index < 0 or not isinstance(role, Role):
                raise InvalidConversationError(
                    f"channel map {dict(self.channels)!r} is not a map from channel index to role.",
                    where=f"media {self.path.name}",
                )
        if self.customer_region is not None:
            region = tuple(float(value) for value in self.customer_region)
            inside = len(region) == 4 and all(0 <= value <= 1 for value in region)
            if (
                not inside
                or region[2] <= 0
                or region[3] <= 0
                or max(region[0] + region[2], region[1] + region[3]) > 1 + 1e-6
            ):
                raise InvalidConversationError(
                    f"customer_region is {region}, expected left, top, width and height as "
                    "fractions of the picture.",
                    where=f"media {self.path.name}",
                )
            object.__setattr__(self, "customer_region", region)
        _require_finite("offset", self.offset, f"media {self.path.name}")


@dataclass(frozen=True, slots=True)
class Turn:
    """One party's uninterrupted say.

    Attributes:
        role: Who speaks.
        text: The words; empty where only sound is known. At most `MAX_TURN_CHARACTERS`. NUL and
            lone surrogates, which no database stores, become U+FFFD.
        start: Seconds from the conversation's start, or None where no time is known.
        end: Seconds, > start where both are known; None for a chat message, which has only a start.
        speaker: The name or number that the source gave the speaker, empty where it gave none.
        agent_id: Which agent speaks; it belongs to the turn because calls are transferred.
        channel: Audio channel index from 0 on which the turn was recorded, None where not known.
        attributes: What the source says about the turn besides (the vendor's own sentiment,
            loudness, confidence), as JSON values.
    """

    role: Role
    text: str = ""
    start: float | None = None
    end: float | None = None
    speaker: str = ""
    agent_id: str = ""
    channel: int | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.role, Role):
            raise InvalidConversationError(
                f"role is {self.role!r}, expected one of {', '.join(Role)}."
            )
        if len(self.text) > MAX_TURN_CHARACTERS:
            raise InvalidConversationError(
                f"the turn has {len(self.text):,} characters, expected at most "
                f"{MAX_TURN_CHARACTERS:,}.",
                remedy="Split it into the turns that were really spoken.",
            )
        for name in ("text", "speaker", "agent_id"):
            object.__setattr__(self, name, storable(getattr(self, name)))
        for name in ("start", "end"):
            _require_finite(name, getattr(self, name), "")
        if self.end is not None and (self.start is None or self.end <= self.start):
            raise InvalidConversationError(
                f"the turn ends at {self.end} s, which is not after its start at {self.start} s.",
                remedy="Check the two times; spans are [start, end) in seconds.",
            )

    @property
    def duration(self) -> float | None:
        """Seconds from start to end, or None where either is not known."""
        return None if self.start is None or self.end is None else self.end - self.start


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation with its metadata, unique by (`source`, `external_id`).

    Attributes:
        external_id: The id that the source gave it (通话流水号).
        turns: In the order of their start; turns may overlap. At most `MAX_TURNS`.
        source: Which system it comes from.
        channel: Phone, video or chat.
        direction: Who called whom.
        started_at: With a time zone, or None where not known.
        timezone: IANA name of the source's zone; times are shown in the site's.
        queue: Skill group (技能组).
        team: The agent's team (班组).
        customer_ref: Keyed hash of the customer's number, so that a repeat caller is recognised
            and can be erased.
        customer_display: The customer as people may see them, for instance 138****1234.
        business_type: What it is about (退款, 宽带, ...).
        notice: Reference of the notice or consent under which it is analysed; empty where none.
        language: BCP 47 tag of the main language.
        media: Recordings that belong to it.
        attributes: Further metadata of the source, as JSON values.

    Raises:
        InvalidConversationError: If a field breaks a rule; the message names the turn.
    """

    external_id: str
    turns: tuple[Turn, ...] = ()
    source: str = "file"
    channel: Channel = Channel.CHAT
    direction: Direction = Direction.UNKNOWN
    started_at: datetime | None = None
    timezone: str = "Asia/Shanghai"
    queue: str = ""
    team: str = ""
    customer_ref: str = ""
    customer_display: str = ""
    business_type: str = ""
    notice: str = ""
    language: str = "zh"
    media: tuple[Media, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", tuple(self.turns))
        object.__setattr__(self, "media", tuple(self.media))
        for name in _TEXT_FIELDS:
            object.__setattr__(self, name, storable(getattr(self, name)))
        where = f"conversation {self.external_id[:80]!r}"
        for name, limit in (("external_id", 200), ("source", 100)):
            if not 0 < len(getattr(self, name)) <= limit:
                raise InvalidConversationError(
                    f"{name} has {len(getattr(self, name))} characters, expected 1 to {limit}.",
                    where=where,
                )
        if len(self.turns) > MAX_TURNS:
            raise InvalidConversationError(
                f"it has {len(self.turns):,} turns, expected at most {MAX_TURNS:,}.",
                where=where,
                remedy="Split the export into its conversations.",
            )
        if self.started_at is not None and self.started_at.tzinfo is None:
            raise InvalidConversationError(
                f"started_at {self.started_at.isoformat()} has no time zone.",
                where=where,
                remedy="Write it with an offset, for instance 2026-06-30T23:50:00+08:00.",
            )
        try:
            ZoneInfo(self.timezone)
        except (ValueError, LookupError, OSError) as error:
            raise InvalidConversationError(
                f"timezone {self.timezone!r} is not an IANA time zone.",
                where=where,
                remedy="Use a name such as Asia/Shanghai.",
            ) from error
        latest = -math.inf
        for number, turn in enumerate(self.turns, start=1):
            if turn.start is not None and turn.start < latest:
                raise InvalidConversationError(
                    f"it starts at {turn.start} s, before the turn in front of it ({latest} s).",
                    where=f"{where}, turn {number}",
                    remedy="Order the turns by their start.",
                )
            latest = turn.start if turn.start is not None else latest

    @property
    def duration(self) -> float | None:
        """Seconds from the start to the end of the last timed turn, or None without times."""
        ends = [turn.end if turn.end is not None else turn.start for turn in self.turns]
        known = [end for end in ends if end is not None]
        return max(known) if known else None


_TEXT_FIELDS = (
    "external_id",
    "source",
    "queue",
    "team",
    "customer_ref",
    "customer_display",
    "business_type",
    "notice",
    "language",
)


def storable(text: str) -> str:
    """The text with NUL and lone surrogates, which no database stores, replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def _require_finite(name: str, value: float | None, where: str) -> None:
    if value is not None and not math.isfinite(value):
        raise InvalidConversationError(f"{name} is {value}, expected seconds.", where=where)
