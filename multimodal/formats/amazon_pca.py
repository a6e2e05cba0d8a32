"""AWS Post Call Analytics: the parsed result of that open-source solution.

Speakers are `spk_n`, named in `SpeakerLabels`; times are seconds; `Duration` is a text. `GUID` and
`Agent` are described the wrong way round in its documentation and are used as they are written.

https://github.com/aws-samples/amazon-transcribe-post-call-analytics (output_json_structure.md)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import file_name, known, make_conversation, make_turn


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    overall = node.object("ConversationAnalytics")
    labels = {
        label.text("Speaker"): (label.text("DisplayText"), label.name("UserId"))
        for label in overall.objects("SpeakerLabels", "label")
    }
    turns = [
        _turn(item, labels, overall.name("Agent"))
        for item in node.objects("SpeechSegments", "segment")
    ]
    jobs = [item.object("TranscribeJobInfo") for item in overall.objects("SourceInformation")]
    job = jobs[0] if jobs else Node({}, source.name)
    zone, started_at = _started(overall)
    trends = overall.object("SentimentTrends")
    sentiment = {
        labels.get(speaker, ("", ""))[0] or speaker: trends.object(speaker).numeric(
            "SentimentScore"
        )
        for speaker in trends.value
    }
    categories = [item.text("Name") for item in overall.objects("CategoriesDetected")]
    yield make_conversation(
        turns,
        source.name,
        source="aws_pca",
        external_id=overall.name("GUID") or job.text("TranscriptionJobName"),
        channel=Channel.PHONE,
        started_at=started_at,
        timezone=zone,
        language=overall.text("LanguageCode", "en"),
        attributes=known(
            duration_seconds=overall.numeric("Duration"),
            vendor_sentiment_overall=known(**sentiment),
            vendor_categories=[name for name in categories if name],
            recording=file_name(job.text("MediaOriginalUri") or job.text("MediaFileUri")),
        ),
    )


def _turn(item: Node, labels: dict[str, tuple[str, str]], agent: str) -> Turn:
    speaker = item.text("SegmentSpeaker")
    name, user = labels.get(speaker, ("", ""))
    role = Role.BOT if _flag(item, "IVRSegment") else role_of(name or speaker)
    positive, negative = _flag(item, "SentimentIsPositive"), _flag(item, "SentimentIsNegative")
    label = "MIXED" if positive and negative else "POSITIVE" if positive else "NEGATIVE"
    judged = "SentimentIsPositive" in item or "SentimentIsNegative" in item
    return make_turn(
        item.where,
        role=role,
        text=item.text("DisplayText") or item.text("OriginalText"),
        start=item.numeric("SegmentStartTime"),
        end=item.numeric("SegmentEndTime"),
        speaker=name or speaker,
        agent_id=(user or agent) if role is Role.AGENT else "",
        attributes=known(
            vendor_sentiment=(label if positive or negative else "NEUTRAL") if judged else None,
            vendor_sentiment_score=_score(item, positive, negative),
            vendor_interruption=_flag(item, "SegmentInterruption") or None,
            **item.kept(vendor_loudness="LoudnessScores"),
        ),
    )


def _score(item: Node, positive: bool, negative: bool) -> float | None:
    """In [-5, 5]. Some versions write its size and leave the sign to the two flags."""
    score = item.numeric("SentimentScore")
    return -score if score is not None and score > 0 and negative and not positive else score


def _flag(item: Node, key: str) -> bool:
    """True for true and 1."""
    value = item.value.get(key)
    if value is None or isinstance(value, bool):
        return bool(value)
    return item.numeric(key) == 1


def _started(overall: Node) -> tuple[str, datetime | None]:
    """The zone that the file names, UTC where it names none, and when the call began."""
    zone = overall.text("ConversationLocation") or "UTC"
    try:
        place = ZoneInfo(zone)
    except (ValueError, LookupError, OSError):
        raise overall.wrong("ConversationLocation", "a time zone such as Asia/Shanghai") from None
    text = overall.text("ConversationTime")
    if not text:
        return zone, None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise overall.wrong("ConversationTime", "a time such as 2021-11-25 08:00:55") from None
    return zone, moment if moment.tzinfo else moment.replace(tzinfo=place)


def _detect(source: Source) -> bool:
    first: Any = source.first("SpeechSegments")
    return first is not None and (
        "SegmentSpeaker" in first or isinstance(source.at("ConversationAnalytics"), dict)
    )


AWS_PCA = Format(
    name="aws_pca",
    zh="AWS Post Call Analytics（PCA）的 JSON",
    en="JSON of AWS Post Call Analytics (PCA)",
    detect=_detect,
    read=_read,
)
