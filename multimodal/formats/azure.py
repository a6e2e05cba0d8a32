"""Azure Speech: batch transcription v3, the real-time client's list, and conversation input.

Batch: `recognizedPhrases[]`, of which `nBest[0]` is Azure's choice, whatever the confidences say.
Times stand in ticks of 100 ns (`offsetInTicks`, also as floats), in milliseconds, or as ISO 8601
(`PT0.04S`). `source` may be a signed URL, of which only the file's name is kept; `timestamp` is
when it was transcribed, not when it was spoken. Conversation input has roles and no times.

https://learn.microsoft.com/azure/ai-services/speech-service/batch-transcription-get
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.errors import EmotionMonitorError
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import (
    channel_of,
    file_name,
    known,
    make_conversation,
    make_turn,
    written_language,
)

_TICK = 1e-7
_DURATION = re.compile(
    r"PT(?:(\d{1,5})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?", re.IGNORECASE
)


def _read_batch(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = [
        turn
        for item in node.objects("recognizedPhrases", "phrase")
        if (turn := _phrase(item)) is not None
    ]
    locales = [item.text("locale") for item in node.objects("recognizedPhrases", "phrase")]
    length = _span(node, ("durationInTicks", "durationTicks"), "durationMilliseconds", "duration")
    yield make_conversation(
        turns,
        source.name,
        source="azure_batch",
        channel=Channel.PHONE,
        language=next(filter(None, locales), "") or written_language(turns),
        attributes=known(recording=file_name(node.text("source")), duration_seconds=length),
    )


def _phrase(item: Node) -> Turn | None:
    """The turn of a phrase, None where nothing was recognised."""
    choices = item.objects("nBest")
    if not choices:
        return None
    best = choices[0]
    start = _span(item, ("offsetInTicks", "offsetTicks"), "offsetMilliseconds", "offset")
    length = _span(item, ("durationInTicks", "durationTicks"), "durationMilliseconds", "duration")
    channel = channel_of(item.integer("channel"))
    speaker = item.integer("speaker")
    return make_turn(
        item.where,
        role=Role.UNKNOWN,
        text=best.text("display") or best.text("itn") or best.text("lexical"),
        start=start,
        end=None if start is None or length is None else round(start + length, 7),
        speaker=_voice(channel, speaker),
        channel=channel,
        attributes=known(confidence=best.number("confidence"), **_sentiment(best, "sentiment")),
    )


def _voice(channel: int | None, speaker: int | None) -> str:
    """One name for one voice: speakers are numbered within their channel."""
    if speaker is None:
        return "" if channel is None else f"channel {channel}"
    return str(speaker) if not channel else f"{speaker}, channel {channel}"


def _span(node: Node, ticks: Sequence[str], milliseconds: str, iso: str) -> float | None:
    """Seconds from whichever of the spellings is there."""
    for key in ticks:
        if key in node:
            return node.scaled(key, _TICK)
    if milliseconds in node:
        return node.scaled(milliseconds, 1e-3)
    if iso not in node:
        return None
    match = _DURATION.fullmatch(node.text(iso))
    if match is None:
        raise node.wrong(iso, "a duration such as PT0.04S")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _sentiment(best: Node, key: str) -> dict[str, Any]:
    """Azure's three probabilities as a label and a score; mostly they are null."""
    if not isinstance(best.value.get(key), dict):
        return {}
    node = best.object(key)
    shares = {name: node.number(name) or 0.0 for name in ("negative", "neutral", "positive")}
    score = 5 * (shares["positive"] - shares["negative"])
    return {
        "vendor_sentiment": max(shares, key=lambda name: shares[name]).upper(),
        "vendor_sentiment_score": round(score, 4),
    }


def _read_realtime(source: Source) -> Iterator[Item]:
    turns = []
    for number, value in enumerate(source.document, start=1):
        item = Node(value, f"{source.name}, result {number}")
        choices = item.objects("NBest")
        if not choices:
            continue
        best = choices[0]
        start, length = item.scaled("Offset", _TICK), item.scaled("Duration", _TICK)
        turn = make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=best.text("Display") or best.text("ITN") or best.text("Lexical"),
            start=start,
            end=None if start is None or length is None else round(start + length, 7),
            speaker=item.name("SpeakerId"),
            attributes=known(confidence=best.number("Confidence"), **_sentiment(best, "Sentiment")),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source="azure_realtime",
        channel=Channel.PHONE,
        language=written_language(turns),
    )


def _read_conversations(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    inner = node.object("analysisInput") if "analysisInput" in node else node
    conversations = inner.objects("conversations", "conversation")
    for conversation in conversations:
        try:
            yield _conversation(conversation)
        except EmotionMonitorError as error:
            if len(conversations) == 1:
                raise
            yield error


def _conversation(node: Node) -> Conversation:
    turns = []
    for item in node.objects("conversationItems", "item"):
        speaker = item.name("participantId")
        turn = make_turn(
            item.where,
            role=role_of(item.text("role")) if "role" in item else role_of(speaker),
            text=item.text("text") or item.text("itn") or item.text("lexical"),
            speaker=speaker,
            attributes=item.kept(vendor_id="id"),
        )
        turns.append(turn)
    spoken = node.text("modality") == "transcript"
    return make_conversation(
        turns,
        node.where,
        source="azure_conversation",
        external_id=node.name("id") if turns else "",
        channel=Channel.PHONE if spoken else Channel.CHAT,
        language=node.text("language") or written_language(turns),
    )


def _is_realtime(source: Source) -> bool:
    first = source.first()
    return bool(first) and first is not None and {"RecognitionStatus", "NBest"} <= first.keys()


def _is_conversations(source: Source) -> bool:
    inner = ("analysisInput",) if isinstance(source.at("analysisInput"), dict) else ()
    first = source.first(*inner, "conversations")
    return first is not None and "conversationItems" in first


AZURE_BATCH = Format(
    name="azure_batch",
    zh="Azure 语音批量转写 v3 的 JSON",
    en="JSON of Azure batch transcription v3",
    detect=lambda source: source.first("recognizedPhrases") is not None,
    read=_read_batch,
)
AZURE_REALTIME = Format(
    name="azure_realtime",
    zh="Azure 实时语音识别结果列表",
    en="list of Azure real-time recognition results",
    detect=_is_realtime,
    read=_read_realtime,
)
AZURE_CONVERSATION = Format(
    name="azure_conversation",
    zh="Azure 对话分析的输入 JSON",
    en="JSON input of Azure conversation analysis",
    detect=_is_conversations,
    read=_read_conversations,
)
