"""Amazon: Transcribe Call Analytics, and Connect Contact Lens for voice and for chat.

The three look alike and differ in key names. Roles stand in the turn (`ParticipantRole`), or
behind its `ParticipantId` in `Participants[]`; newer voice files hold the role itself as the id.
Chats have no offsets: `AbsoluteTime` counts from the first event of the chat.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import make_conversation, make_turn


def _kind(source: Source) -> str:
    """Which of the three it is, or an empty string."""
    document = source.outline
    items = document.get("Transcript") if isinstance(document, dict) else None
    if not isinstance(items, list):
        return ""
    keys = {key for item in items if isinstance(item, dict) for key in item}
    if document.get("Channel") == "CHAT" or "AbsoluteTime" in keys:
        return "contact_lens_chat"
    if "ParticipantId" in keys or (not keys and "Version" in document):
        return "contact_lens_voice"
    return "aws_transcribe" if "ParticipantRole" in keys or "JobStatus" in document else ""


def _read_transcribe(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = []
    for item in node.objects("Transcript", "turn"):
        role = item.text("ParticipantRole")
        attributes = _vendor(item) | item.kept(vendor_loudness="LoudnessScores")
        confidence = _confidence(item)
        if confidence is not None:
            attributes["confidence"] = confidence
        turns.append(_spoken(item, role_of(role), role, attributes))
    yield make_conversation(
        turns,
        source.name,
        source=_source(node, "aws_transcribe"),
        external_id=node.text("JobName") or node.text("SessionId"),
        channel=Channel.PHONE,
        language=node.text("LanguageCode", "en"),
        attributes=_overall(node),
    )


def _read_voice(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    roles = {
        party.text("ParticipantId"): party.text("ParticipantRole")
        for party in node.objects("Participants")
    }
    turns = []
    for item in node.objects("Transcript", "turn"):
        speaker = item.text("ParticipantId")
        attributes = _vendor(item) | item.kept(vendor_loudness="LoudnessScore")
        turns.append(_spoken(item, role_of(roles.get(speaker) or speaker), speaker, attributes))
    yield make_conversation(
        turns,
        source.name,
        source=_source(node, "contact_lens_voice"),
        external_id=_contact_id(node),
        channel=Channel.PHONE,
        language=node.text("LanguageCode", "en"),
        attributes=_overall(node),
    )


def _read_chat(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    sentiment = _sentiment_by_id(node)
    items = node.objects("Transcript", "item")
    moments = [_moment(item) for item in items]
    zero = min((moment for moment in moments if moment), default=None)
    turns = []
    for item, moment in zip(items, moments, strict=True):
        if "Content" not in item:
            continue  # An event: somebody joined or left.
        role = item.text("ParticipantRole")
        turn = make_turn(
            item.where,
            role=role_of(role),
            text=item.text("Content"),
            start=(moment - zero) / timedelta(seconds=1) if moment and zero else None,
            speaker=item.text("DisplayName") or role,
            attributes=_vendor(item) | sentiment.get(item.text("Id"), {}),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source=_source(node, "contact_lens_chat"),
        external_id=_contact_id(node),
        channel=Channel.CHAT,
        started_at=zero,
        timezone="UTC",
        language=node.text("LanguageCode", "en"),
        attributes=_overall(node),
    )


def _spoken(item: Node, role: Role, speaker: str, attributes: dict[str, Any]) -> Turn:
    return make_turn(
        item.where,
        role=role,
        text=item.text("Content"),
        start=item.seconds("BeginOffsetMillis"),
        end=item.seconds("EndOffsetMillis"),
        speaker=speaker,
        attributes=attributes,
    )


def _vendor(item: Node) -> dict[str, Any]:
    return item.kept(vendor_id="Id", vendor_sentiment="Sentiment")


def _confidence(item: Node) -> float | None:
    """Mean confidence of the words; punctuation has none."""
    words = [word for word in item.objects("Items") if word.text("Type") == "pronunciation"]
    known = [value for word in words if (value := word.number("Confidence")) is not None]
    return round(sum(known) / len(known), 4) if known else None


def _overall(node: Node) -> dict[str, Any]:
    """What the file says of the conversation as a whole."""
    sentiment = node.object("ConversationCharacteristics").object("Sentiment")
    overall = sentiment.attributes("OverallSentiment")
    return {
        "redacted": _redacted(node),
        **node.object("Categories").kept(vendor_categories="MatchedCategories"),
        "vendor_sentiment_overall": overall.get("DetailsByParticipantRole", overall),
    }


def _sentiment_by_id(node: Node) -> dict[str, dict[str, Any]]:
    sentiment = node.object("ConversationCharacteristics").object("Sentiment")
    return {
        item.text("Id"): group.kept(
            vendor_sentiment="Sentiment", vendor_sentiment_score="ProgressiveScore"
        )
        for group in sentiment.objects("DetailsByTranscriptItemGroup")
        for item in group.objects("TranscriptItems")
    }


def _redacted(node: Node) -> bool:
    return node.object("ContentMetadata").text("Output") == "Redacted"


def _source(node: Node, name: str) -> str:
    """Amazon writes one contact twice, raw and redacted: both keep its id, told apart by source."""
    return f"{name}_redacted" if _redacted(node) else name


def _contact_id(node: Node) -> str:
    return node.object("CustomerMetadata").text("ContactId")


def _moment(item: Node) -> datetime | None:
    if "AbsoluteTime" not in item:
        return None
    try:
        moment = datetime.fromisoformat(item.text("AbsoluteTime"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise item.wrong("AbsoluteTime", "a time such as 2022-10-27T03:31:50.735Z") from None


AWS_TRANSCRIBE = Format(
    name="aws_transcribe",
    zh="AWS Transcribe 呼叫分析",
    en="AWS Transcribe Call Analytics",
    detect=lambda source: _kind(source) == "aws_transcribe",
    read=_read_transcribe,
)
CONTACT_LENS_VOICE = Format(
    name="contact_lens_voice",
    zh="Amazon Connect Contact Lens 语音",
    en="Amazon Connect Contact Lens, voice",
    detect=lambda source: _kind(source) == "contact_lens_voice",
    read=_read_voice,
)
CONTACT_LENS_CHAT = Format(
    name="contact_lens_chat",
    zh="Amazon Connect Contact Lens 在线聊天",
    en="Amazon Connect Contact Lens, chat",
    detect=lambda source: _kind(source) == "contact_lens_chat",
    read=_read_chat,
)
