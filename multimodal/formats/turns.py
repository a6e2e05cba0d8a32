"""From what a reader found to turns and conversations that keep the model's rules.

What vendors say besides is kept in `Turn.attributes` under these keys, whoever the vendor is:

    vendor_id               the vendor's id of the turn
    vendor_sentiment        its sentiment label, as it stands (POSITIVE, NEGATIVE, NEUTRAL, MIXED)
    vendor_sentiment_score  its sentiment as a number, scaled to [-5, 5] where its scale is another
    vendor_loudness         loudness in dB: a list per second of the turn, null for silence, or one
                            number for the turn (Baidu names no unit)
    vendor_rate             its speaking rate in characters per minute (Baidu names no unit)
    vendor_silence          seconds of silence that it found before the turn
    vendor_interruption     true where it says that the turn interrupts the other party
    vendor_emotion          its emotion label, as it stands (SenseVoice: ANGRY, HAPPY, ...)
    vendor_tags             all tags that stood in its text (SenseVoice)
    vendor_avg_logprob      mean log probability of the words (Whisper)
    vendor_no_speech_prob   probability that nobody spoke (Whisper), in [0, 1]
    confidence              mean confidence of the recognised words, in [0, 1]

and in `Conversation.attributes`:

    redacted                    true where the vendor removed personal data
    vendor_categories           names of the vendor's categories that matched
    vendor_sentiment_overall    its overall sentiment score per role, in [-5, 5]
    vendor_quality_score        its quality score of the whole conversation, in its own points
    vendor_events               silences and other events that it found: type, start, end in seconds
    duration_seconds            how long the recording is, as the source says
    interaction                 the vendor's id of the contact that this conversation is a part of
    recording                   the recording's name, where it is no id of the conversation
    preamble                    lines that stood before the first turn of plain text
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from multimodal.conversation import Conversation, Role, Turn
from multimodal.errors import (
    EmotionMonitorError,
    EmptyTranscriptError,
    InvalidConversationError,
)

_HAN = re.compile("[\u4e00-\u9fff]")
_HOST = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]{0,20}://[^/?#]*")
_STAFF = (Role.AGENT, Role.BOT)
EMOTION_KEYS = ("vendor_emotion", "vendor_tags")
"""Attributes of a turn that an agent's has not."""


def make_turn(where: str, **values: Any) -> Turn:
    """A turn whose errors name its place. A span without length becomes a moment (no end).

    What a vendor made of the emotion of an agent is left out: it is not kept here, whoever inferred
    it.

    Raises:
        InvalidConversationError: If a field breaks a rule.
    """
    if values.get("end") is not None and values["end"] == values.get("start"):
        values["end"] = None
    if values.get("role") in _STAFF:
        given: Mapping[str, Any] = values.get("attributes", {})
        values["attributes"] = {k: v for k, v in given.items() if k not in EMOTION_KEYS}
    try:
        return Turn(**values)
    except InvalidConversationError as error:
        raise error.at(where) from None


def with_role(turn: Turn, role: Role) -> Turn:
    """The turn as another party's; what a vendor made of an agent's emotion is left out."""
    return make_turn("", **{f.name: getattr(turn, f.name) for f in fields(turn)} | {"role": role})


def ordered(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns by their start; equal ones as they stood, one without a start behind the last."""
    keyed: list[tuple[float, Turn]] = []
    latest = float("-inf")
    for turn in turns:
        latest = latest if turn.start is None else turn.start
        keyed.append((latest, turn))
    return tuple(turn for _, turn in sorted(keyed, key=lambda pair: pair[0]))


def make_conversation(
    turns: Sequence[Turn], where: str, *, source: str, external_id: str = "", **values: Any
) -> Conversation:
    """A conversation with its turns in order, and an id of its content where it has no other.

    Raises:
        EmptyTranscriptError: If there is neither a turn nor an id.
        InvalidConversationError: If a field breaks a rule.
    """
    if not turns and not external_id:
        raise EmptyTranscriptError(
            "there is no turn in it.",
            where=where,
            remedy="Check that the export holds a transcript.",
        )
    turns = ordered(turns)
    try:
        return Conversation(
            external_id=external_id or content_id(turns), turns=turns, source=source, **values
        )
    except EmotionMonitorError as error:
        raise error.at(where) from None


def known(**values: Any) -> dict[str, Any]:
    """The attributes that have a value."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def channel_of(index: int | None) -> int | None:
    """An audio channel index, or None where it is none that a recording can have (0 to 1023)."""
    return index if index is not None and 0 <= index < 1024 else None


def loudness(attributes: Mapping[str, Any]) -> float | None:
    """A turn's mean loudness as its vendor measured it (dB), or None where it did not."""
    value = attributes.get("vendor_loudness")
    measured = [
        float(v)
        for v in (value if isinstance(value, list) else [value])
        if isinstance(v, (int, float)) and not isinstance(v, bool)
    ]
    return round(sum(measured) / len(measured), 2) if measured else None


def written_language(turns: Iterable[Turn]) -> str:
    """`zh` where something is written in Han characters, else `en`: for sources that name none."""
    return "zh" if any(_HAN.search(turn.text) for turn in turns) else "en"


def file_name(address: str) -> str:
    """The file's name in a path or URL; what follows a `?` is often a secret and is left out."""
    path = _HOST.sub("/", address.replace("\\", "/")).partition("?")[0].partition("#")[0]
    return path.rstrip("/").rpartition("/")[2][:200]


def content_id(turns: Iterable[Turn]) -> str:
    """An id made of who said what when: the same transcript twice is the same conversation.

    Returns:
        The first 16 hex digits of a SHA-256, enough for 10 million conversations with a chance of
        a collision below 1 in 100,000.
    """
    said = [[turn.role, turn.speaker, turn.text, turn.start, turn.end] for turn in turns]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
