"""Google Customer Experience Insights (CCAI Insights): conversations as they go in and come out.

In: `entries[]` have a start in microseconds, from the conversation's start or since 1970, and no
end. Out (the API's `Conversation`): `transcript.transcriptSegments[]` with words, whose offsets are
texts such as `1.200s`, and Google's sentiment in [-1, 1].

https://cloud.google.com/contact-center/insights/docs/conversation-data-format
https://cloud.google.com/contact-center/insights/docs/reference/rest/v1/projects.locations.conversations
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import (
    channel_of,
    known,
    make_conversation,
    make_turn,
    written_language,
)

_ROLES: Mapping[str, Role] = {
    "AGENT": Role.AGENT,
    "HUMAN_AGENT": Role.AGENT,
    "ANY_AGENT": Role.AGENT,
    "AUTOMATED_AGENT": Role.BOT,
    "CUSTOMER": Role.CUSTOMER,
    "END_USER": Role.CUSTOMER,
}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_SINCE_1970 = 1e14
"""Microseconds above which a time cannot be counted from the start of a conversation."""


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    entries = node.objects("entries", "entry")
    starts = [entry.numeric("start_timestamp_usec") for entry in entries]
    absolute = [start for start in starts if start is not None and start > _SINCE_1970]
    zero = min(absolute, default=0.0)
    turns = []
    for entry, start in zip(entries, starts, strict=True):
        role = _ROLES.get(entry.text("role").upper(), Role.UNKNOWN)
        user = entry.name("user_id")
        turn = make_turn(
            entry.where,
            role=role,
            text=entry.text("text"),
            start=None if start is None else round((start - zero) / 1e6, 6),
            speaker=user or entry.text("role"),
            agent_id=user if role is Role.AGENT else "",
        )
        turns.append(turn)
    categories = node.object("conversation_info").objects("categories", "category")
    names = [name for category in categories if (name := category.text("display_name"))]
    yield make_conversation(
        turns,
        source.name,
        source="google_insights",
        channel=Channel.CHAT,
        started_at=_moment(node, zero) if absolute else None,
        timezone="UTC",
        language=written_language(turns),
        attributes=known(vendor_categories=names),
    )


def _read_segments(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    segments = node.object("transcript").objects("transcriptSegments", "segment")
    turns = [_segment(item) for item in segments]
    languages = [item.text("languageCode") for item in segments]
    yield make_conversation(
        turns,
        source.name,
        source="google_insights",
        external_id=node.text("name").rpartition("/")[2] if turns else "",
        channel=Channel.PHONE if node.text("medium") != "CHAT" else Channel.CHAT,
        started_at=_iso(node, "startTime"),
        timezone="UTC",
        language=next(filter(None, languages), "") or written_language(turns),
        attributes=known(duration_seconds=_seconds(node, "duration")),
    )


def _segment(item: Node) -> Turn:
    participant = item.object("segmentParticipant")
    role = _ROLES.get(participant.text("role").upper(), Role.UNKNOWN)
    user = participant.name("userId") or participant.name("obfuscatedExternalUserId")
    words = item.objects("words", "word")
    starts = [start for word in words if (start := _seconds(word, "startOffset")) is not None]
    ends = [end for word in words if (end := _seconds(word, "endOffset")) is not None]
    score = item.object("sentiment").scaled("score", 5)
    channel = item.integer("channelTag")
    return make_turn(
        item.where,
        role=role,
        text=item.text("text"),
        start=min(starts, default=None),
        end=max(ends) if starts and ends and max(ends) > min(starts) else None,
        speaker=user or participant.text("role"),
        agent_id=user if role is Role.AGENT else "",
        channel=channel_of(channel - 1) if channel else None,
        attributes=known(
            confidence=item.number("confidence") or None, vendor_sentiment_score=score
        ),
    )


def _seconds(node: Node, key: str) -> float | None:
    """A duration as JSON writes it for protocol buffers: `1.200s`."""
    if key not in node:
        return None
    match = _DURATION.fullmatch(node.text(key))
    if match is None:
        raise node.wrong(key, "a duration such as 1.2s")
    return float(match[1])


def _iso(node: Node, key: str) -> datetime | None:
    if key not in node:
        return None
    try:
        moment = datetime.fromisoformat(node.text(key))
    except ValueError:
        raise node.wrong(key, "a time such as 2026-06-30T15:50:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(node: Node, microseconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC)
    except (ValueError, OverflowError, OSError):
        raise node.wrong("entries", "times in microseconds") from None


def _detect(source: Source) -> bool:
    first = source.first("entries")
    if not first:
        return first is not None and isinstance(source.at("conversation_info"), dict)
    return {"text", "role"} <= first.keys() and (
        "start_timestamp_usec" in first or "user_id" in first
    )


GOOGLE_INSIGHTS = Format(
    name="google_insights",
    zh="Google CX Insights（CCAI）对话 JSON",
    en="conversation JSON of Google CX Insights (CCAI)",
    detect=_detect,
    read=_read,
)
GOOGLE_CONVERSATION = Format(
    name="google_conversation",
    zh="Google CX Insights 导出的对话与分析",
    en="conversation that Google CX Insights gives out",
    detect=lambda source: source.first("transcript", "transcriptSegments") is not None,
    read=_read_segments,
)
