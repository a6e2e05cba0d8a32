"""Whose emotion may be scored, in which modality: the one gate in front of every scorer.

    role        words                          voice, face, any other signal of the body
    customer    scored                         scored if the conversation carries a notice
    agent, bot  context only; no emotion       refused; there is no setting that turns it on
    unknown     scored                         refused until the role is known

A customer whose role was inferred from phrases (`multimodal.roles`) is read in words only until a
person agrees.

The EU AI Act, Art. 5(1)(f), prohibits inferring workers' emotions from voice or face; Art. 50(3)
and PIPL Art. 28-30 ask for notice or separate consent. What is gated is the *input* (words, audio,
pictures), not a modality's name, so that no plug-in can ask its way around it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from multimodal.conversation import INFERRED, Conversation, Media, Role, Turn

LAPSED = "notice_not_valid"
"""Attribute of a conversation that names a notice which did not hold when it began."""
AGENT = "policy: 客服 · 不做情绪评分 (an agent's emotion is never scored)"
NO_NOTICE = "policy: 未告知 (no notice is recorded, so voice and face are not analysed)"
ROLE_UNKNOWN = "policy: 仅文字 (the speaker's role is not known)"
ROLE_INFERRED = "policy: 仅文字 (the role was inferred from what is said, nobody has confirmed it)"
CHANNEL_UNKNOWN = "policy: 仅文字 (it is not known which audio channel is the customer's)"
CHANNEL_NOT_CUSTOMER = "policy: 仅文字 (the audio channel is not the customer's)"
FACE_UNKNOWN = "policy: 未指明客户画面 (it is not known whose face the recording shows)"


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be read of one turn: for each input an empty string, or why it is refused."""

    words: str
    voice: str
    face: str


def permission(conversation: Conversation, turn: Turn, *, standing_notice: str = "") -> Permission:
    """What may be read of this turn.

    Args:
        conversation: The conversation, with its notice.
        turn: One of its turns.
        standing_notice: Reference of the notice that the site gives to all its customers, empty
            where there is none.
    """
    if turn.role in (Role.AGENT, Role.BOT):
        return Permission(AGENT, AGENT, AGENT)
    if turn.role is Role.UNKNOWN:
        return Permission("", ROLE_UNKNOWN, ROLE_UNKNOWN)
    if INFERRED in turn.attributes:
        return Permission("", ROLE_INFERRED, ROLE_INFERRED)
    standing = "" if LAPSED in conversation.attributes else standing_notice.strip()
    if not (conversation.notice.strip() or standing):
        return Permission("", NO_NOTICE, NO_NOTICE)
    return Permission("", "", "")


def customer_channel(
    media: Media, turn: Turn, channel_count: int, *, mixed: bool = False
) -> int | str:
    """The audio channel on which this customer's turn may be heard, or why none may be.

    A mixed recording (one channel, or channels that are copies of each other) carries both parties:
    the turn's own time is then the customer's, except where anybody else speaks at the same time
    (see `others_speak`), and a channel map says nothing unless it gives all channels to the
    customer.

    Args:
        media: The recording.
        turn: A turn for which `permission` allows the voice.
        channel_count: Number of audio channels in the recording.
        mixed: Whether all channels carry the same sound.
    """
    channels: Mapping[int, Role] = media.channels
    if mixed or channel_count == 1:
        only_others = bool(channels) and Role.CUSTOMER not in channels.values()
        return CHANNEL_NOT_CUSTOMER if only_others else 0
    if turn.channel is not None:
        known = channels.get(turn.channel)
        allowed = known is Role.CUSTOMER and turn.channel < channel_count
        return turn.channel if allowed else CHANNEL_NOT_CUSTOMER
    mapped = [i for i, role in channels.items() if role is Role.CUSTOMER and i < channel_count]
    return mapped[0] if len(mapped) == 1 else CHANNEL_UNKNOWN


def others_speak(conversation: Conversation, turn: Turn) -> list[tuple[float, float]]:
    """The spans within a turn in which somebody who is not the customer speaks, in seconds.

    On a recording with one channel these are cut out of the customer's turn before any scorer
    hears it.
    """
    if turn.start is None or turn.end is None:
        return []
    return [
        (max(other.start, turn.start), min(other.end, turn.end))
        for other in conversation.turns
        if other.role is not Role.CUSTOMER
        and other.start is not None
        and other.end is not None
        and other.start < turn.end
        and other.end > turn.start
    ]


def others_share(conversation: Conversation, turn: Turn) -> float:
    """The share of a turn in which somebody who is not the customer speaks too, in [0, 1]."""
    if turn.start is None or turn.end is None or turn.end <= turn.start:
        return 0.0
    covered, until = 0.0, turn.start
    for start, end in sorted(others_speak(conversation, turn)):
        covered += max(0.0, end - max(start, until))
        until = max(until, end)
    return covered / (turn.end - turn.start)
