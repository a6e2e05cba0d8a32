"""NICE CXone: the Interaction Analytics data export, a batch of analysed segments.

It holds what was measured of each segment and no words: each becomes a conversation without turns,
with the vendor's sentiment to compare with. Reprocessed segments stand in it again: the last one
counts. `masterExternalId` is the contact that a segment is a part of.

https://help.nicecxone.com/content/interactionanalyticspro/configurationandadministration/reportinganddata/iaexportdata.htm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from multimodal.conversation import Channel, Conversation
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation

_CHANNELS: Mapping[str, Channel] = {
    "voice": Channel.PHONE,
    "phone": Channel.PHONE,
    "call": Channel.PHONE,
    "video": Channel.VIDEO,
}
_STARTS = ("startTime", "segmentStartTime", "startDate")


def _read(source: Source) -> Iterator[Item]:
    segments: dict[str, Node] = {}
    for number, value in enumerate(_batch(source.document), start=1):
        node = Node(value, f"{source.name}, segment {number}")
        name = node.name("segmentId") or node.name("externalId")
        if not name:
            yield TranscriptError("the segment has no segmentId.", where=node.where)
            continue
        segments.pop(name, None)  # The later analysis stands where it was made.
        segments[name] = node
    if not segments:
        raise TranscriptError(
            "there is no segment in it.",
            where=source.name,
            remedy="Check that the export covers a day with interactions.",
        )
    for name, node in segments.items():
        try:
            yield _conversation(name, node)
        except EmotionMonitorError as error:
            yield error


def _conversation(name: str, node: Node) -> Conversation:
    sentiment = {
        key: value
        for key, value in node.value.items()
        if "sentiment" in key.lower() and isinstance(value, (str, int, float))
    }
    return make_conversation(
        (),
        node.where,
        source="nice_cxone",
        external_id=name,
        channel=_CHANNELS.get(node.text("mediaType").lower(), Channel.CHAT),
        started_at=_started(node),
        timezone="UTC",
        language=node.text("language") or "en",
        attributes=known(
            interaction=node.name("masterExternalId"),
            vendor_sentiment_overall=Node(sentiment, node.where).kept(
                **{key: key for key in sentiment}
            ),
            **node.kept(vendor_resolved="resolved", vendor_resolved_score="resolvedProbability"),
        ),
    )


def _started(node: Node) -> datetime | None:
    key = next((key for key in _STARTS if key in node), "")
    if not key:
        return None
    try:
        value: Any = node.value[key]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        moment = datetime.fromisoformat(node.text(key))
    except (ValueError, OverflowError, OSError):
        raise node.wrong(key, "a time such as 2026-06-30T23:50:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _batch(document: Any) -> list[Any]:
    """The list of segments, alone or as the one list of an object."""
    if isinstance(document, dict):
        document = next((v for v in document.values() if isinstance(v, list)), [document])
    return document if isinstance(document, list) else []


def _detect(source: Source) -> bool:
    batch = _batch(source.outline)
    first = batch[0] if batch else None
    return isinstance(first, dict) and {"segmentId", "masterExternalId"} <= first.keys()


NICE_CXONE = Format(
    name="nice_cxone",
    zh="NICE CXone 交互分析数据导出",
    en="data export of NICE CXone Interaction Analytics",
    detect=_detect,
    read=_read,
)
