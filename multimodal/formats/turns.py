"""From what a reader found to turns and conversations that keep the model's rules.

What vendors say besides is kept in `Turn.attributes` under these keys, whoever the vendor is:

    vendor_id               the vendor's id of the turn
    vendor_sentiment        its sentiment label, as it stands (POSITIVE, NEGATIVE, NEUTRAL, MIXED)
    vendor_sentiment_score  its sentiment score, in [-5, 5]
    vendor_loudness         loudness per second in dB, null for silence
    vendor_emotion          its emotion label, as it stands (SenseVoice: ANGRY, HAPPY, ...)
    vendor_tags             all tags that stood in its text (SenseVoice)
    vendor_avg_logprob      mean log probability of the words (Whisper)
    vendor_no_speech_prob   probability that nobody spoke (Whisper), in [0, 1]
    confidence              mean confidence of the recognised words, in [0, 1]

and in `Conversation.attributes`:

    redacted                    true where the vendor removed personal data
    vendor_categories           names of the vendor's categories that matched
    vendor_sentiment_overall    its overall sentiment score per role, in [-5, 5]
    recording                   the recording's name, where it is no id of the conversation
    preamble                    lines that stood before the first turn of plain text
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from multimodal.conversation import Conversation, Turn
from multimodal.errors import EmotionMonitorError, InvalidConversationError, TranscriptError


def make_turn(where: str, **fields: Any) -> Turn:
    """A turn whose errors name its place. A span without length becomes a moment (no end).

    Raises:
        InvalidConversationError: If a field breaks a rule.
    """
    if fields.get("end") is not None and fields["end"] == fields.get("start"):
        fields["end"] = None
    try:
        return Turn(**fields)
    except InvalidConversationError as error:
        raise error.at(where) from None


def ordered(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns by their start; equal ones as they stood, one without a start behind the last."""
    keyed: list[tuple[float, Turn]] = []
    latest = float("-inf")
    for turn in turns:
        latest = latest if turn.start is None else turn.start
        keyed.append((latest, turn))
    return tuple(turn for _, turn in sorted(keyed, key=lambda pair: pair[0]))


def make_conversation(
    turns: Sequence[Turn], where: str, *, source: str, external_id: str = "", **fields: Any
) -> Conversation:
    """A conversation with its turns in order, and an id of its content where it has no other.

    Raises:
        TranscriptError: If there is neither a turn nor an id.
        InvalidConversationError: If a field breaks a rule.
    """
    if not turns and not external_id:
        raise TranscriptError(
            "there is no turn in it.",
            where=where,
            remedy="Check that the export holds a transcript.",
        )
    turns = ordered(turns)
    try:
        return Conversation(
            external_id=external_id or content_id(turns), turns=turns, source=source, **fields
        )
    except EmotionMonitorError as error:
        raise error.at(where) from None


def content_id(turns: Iterable[Turn]) -> str:
    """An id made of who said what when: the same transcript twice is the same conversation.

    Returns:
        The first 16 hex digits of a SHA-256, enough for 10 million conversations with a chance of
        a collision below 1 in 100,000.
    """
    said = [[turn.role, turn.speaker, turn.text, turn.start, turn.end] for turn in turns]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
