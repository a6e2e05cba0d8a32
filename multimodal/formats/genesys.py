"""Genesys Cloud: the transcript of a voice conversation with its analytics.

`transcripts[]` may be several, each with `phrases[]` and its own `analytics`: sentiment is joined
by `phraseIndex` within one transcript. Times are milliseconds from the start, or since 1970 in
other exports. The customer is `external`; `user` is a member of staff.

https://developer.genesys.cloud/analyticsdatamanagement/speechtextanalytics/transcript-url
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation, make_turn, written_language

_ROLES: Mapping[str, Role] = {
    "external": Role.CUSTOMER,
    "customer": Role.CUSTOMER,
    "internal": Role.AGENT,
    "agent": Role.AGENT,
    "user": Role.AGENT,
    "ivr": Role.BOT,
    "acd": Role.BOT,
    "bot": Role.BOT,
    "dialer": Role.BOT,
    "voicemail": Role.BOT,
    "workflow": Role.BOT,
}
_SENTIMENTS = {-1: "NEGATIVE", 0: "NEUTRAL", 1: "POSITIVE"}
_SINCE_1970 = 1e11
"""Milliseconds above which a time cannot be counted from the start of a conversation."""


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    begin = node.number("conversationStartTime")
    transcripts = node.objects("transcripts", "transcript")
    starts = [
        start
        for transcript in transcripts
        for item in transcript.objects("phrases", "phrase")
        if (start := item.number("startTimeMs")) is not None
    ]
    absolute = [start for start in starts if start > _SINCE_1970]
    zero = (begin or min(absolute)) if absolute else 0.0
    staff = [party for party in node.objects("participants") if _role(party) is Role.AGENT]
    turns = [turn for transcript in transcripts for turn in _turns(transcript, zero, staff)]
    languages = [transcript.text("language") for transcript in transcripts]
    events = [
        known(
            type=event.text("eventType"),
            start=_offset(event, zero),
            seconds=event.seconds("durationMs"),
            participant=event.text("participant"),
        )
        for transcript in transcripts
        for event in transcript.object("analytics").objects("acoustic")
    ]
    yield make_conversation(
        turns,
        source.name,
        source="genesys",
        external_id=node.text("conversationId"),
        channel=Channel.PHONE if node.text("mediaType", "voice") == "voice" else Channel.CHAT,
        started_at=_moment(node),
        timezone="UTC",
        language=next(filter(None, languages), "") or written_language(turns),
        attributes=known(interaction=node.text("communicationId"), vendor_events=events),
    )


def _turns(transcript: Node, zero: float, staff: list[Node]) -> Iterator[Turn]:
    sentiment = {
        item.integer("phraseIndex"): item.number("sentiment")
        for item in transcript.object("analytics").objects("sentiment")
    }
    for number, item in enumerate(transcript.objects("phrases", "phrase")):
        index = item.integer("phraseIndex")
        text = item.text("decoratedText") or item.text("text")
        if not text.strip():
            continue  # A sound or a pause: nobody said anything.
        start = _offset(item, zero)
        role = _role(item)
        yield make_turn(
            item.where,
            role=role,
            text=text,
            start=start,
            end=None if start is None else _end(item, start),
            speaker=item.text("participantPurpose"),
            agent_id=_agent(staff, item.number("startTimeMs")) if role is Role.AGENT else "",
            attributes=known(
                confidence=item.number("confidence"),
                **_sentiment(sentiment.get(number if index is None else index)),
            ),
        )


def _sentiment(value: float | None) -> dict[str, Any]:
    if value is None:
        return {}
    label = _SENTIMENTS.get(int(value)) if value == int(value) else None
    score = round(5 * min(1.0, max(-1.0, value)), 4)
    return known(vendor_sentiment=label, vendor_sentiment_score=score)


def _offset(item: Node, zero: float) -> float | None:
    start = item.number("startTimeMs")
    if start is None:
        return None
    return round((start - zero if start > _SINCE_1970 else start) / 1000, 6)


def _end(item: Node, start: float) -> float | None:
    """From the duration of the phrase, or of its words; None where neither is there."""
    length = item.object("duration").number("milliseconds")
    if length is None:
        length = item.number("durationMs")
    if length is not None:
        return round(start + length / 1000, 6)
    ends = [
        (offset + duration) / 1000
        for word in item.objects("words")
        if (offset := word.number("offsetMs")) is not None
        and (duration := word.number("durationMs")) is not None
    ]
    return round(start + max(ends), 6) if ends and max(ends) > 0 else None


def _agent(staff: list[Node], moment: float | None) -> str:
    """The user who was on the line then: calls are transferred."""
    for party in staff:
        begin, end = party.number("startTimeMs"), party.number("endTimeMs")
        after = moment is None or begin is None or begin <= moment
        if after and (moment is None or end is None or moment <= end):
            return party.text("userId")
    return ""


def _role(item: Node) -> Role:
    return _ROLES.get(item.text("participantPurpose").lower(), Role.UNKNOWN)


def _moment(node: Node) -> datetime | None:
    begin = node.number("conversationStartTime")
    if begin is None:
        return None
    try:
        return datetime.fromtimestamp(begin / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise node.wrong("conversationStartTime", "milliseconds since 1970") from None


def _detect(source: Source) -> bool:
    first = source.first("transcripts")
    return first is not None and (
        "phrases" in first or isinstance(source.at("conversationId"), str)
    )


GENESYS = Format(
    name="genesys",
    zh="Genesys Cloud 通话转写 JSON",
    en="JSON transcript of Genesys Cloud",
    detect=_detect,
    read=_read,
)
