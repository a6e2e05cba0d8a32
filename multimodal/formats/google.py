"""Google Customer Experience Insights (CCAI Insights): the JSON in which conversations go in.

`entries[]` have a start in microseconds, from the conversation's start or since 1970, and no end.

https://cloud.google.com/contact-center/insights/docs/conversation-data-format
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from multimodal.conversation import Channel, Role
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation, make_turn, written_language

_ROLES: Mapping[str, Role] = {
    "AGENT": Role.AGENT,
    "HUMAN_AGENT": Role.AGENT,
    "AUTOMATED_AGENT": Role.BOT,
    "CUSTOMER": Role.CUSTOMER,
    "END_USER": Role.CUSTOMER,
}
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
