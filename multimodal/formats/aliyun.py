"""阿里云: 智能对话分析 (SCA: GetResultToReview, GetResult), 录音文件识别, SecretAsrReport.

EmotionValue is 情绪能量值: loudness in dB divided by ten, no emotion. It is kept as loudness. In
录音文件识别 keys are in PascalCase (camelCase from version 4.0 on), in SecretAsrReport in camelCase
with numbers as texts. Times of day are China's. GetResult holds many conversations.

https://help.aliyun.com/document_detail/90727.htm, https://help.aliyun.com/document_detail/305594.htm
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

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

_RESULTS = (("Data",), ("Data", "ResultInfo"))
_ZONE = "Asia/Shanghai"
_DECIBELS = 10
"""Decibels of one step of EmotionValue."""


def _read_sca(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    if source.first("Data", "Dialogues") is None:
        yield from _results(node)
        return
    data = node.object("Data")
    items = data.objects("Dialogues", "dialogue")
    turns = [_spoken(item) for item in items]
    rules = [item.text("ScoreSubName") for item in data.objects("HitRuleReviewInfoList", "rule")]
    yield make_conversation(
        turns,
        source.name,
        source="aliyun_sca",
        external_id=data.name("FileId") or data.name("Vid"),
        channel=Channel.PHONE,
        started_at=next((m for item in items if (m := _started(item)) is not None), None),
        language=written_language(turns),
        attributes=known(
            vendor_quality_score=data.numeric("TotalScore"),
            vendor_categories=[name for name in rules if name],
            recording=file_name(data.text("FileMergeName")),
        ),
    )


def _results(node: Node) -> Iterator[Item]:
    """The conversations of GetResult; a bad one is yielded as its error."""
    results = _several(node, "Data", "result")
    for result in results:
        try:
            yield _result(result)
        except EmotionMonitorError as error:
            if len(results) == 1:
                raise
            yield error


def _result(node: Node) -> Conversation:
    recording, agent = node.object("Recording"), node.object("Agent")
    turns = [
        replace(turn, agent_id=agent.name("Id")) if turn.role is Role.AGENT else turn
        for turn in map(_spoken, _several(node, "AsrResult", "sentence"))
    ]
    rules = [rule.text("Name") for rule in _several(node, "HitResult", "rule")]
    return make_conversation(
        turns,
        node.where,
        source="aliyun_sca",
        external_id=recording.name("Id") or recording.text("Name"),
        channel=Channel.PHONE,
        queue=agent.text("SkillGroup"),
        language=written_language(turns),
        attributes=known(
            vendor_quality_score=node.numeric("Score"),
            vendor_categories=[name for name in rules if name],
            recording=file_name(recording.text("Name")),
        ),
    )


def _several(node: Node, key: str, noun: str) -> list[Node]:
    """The objects of a list, which the older style of the API wraps once more in an object."""
    value = node.value.get(key)
    if isinstance(value, dict):
        inner = [name for name, held in value.items() if isinstance(held, list)]
        return node.object(key).objects(inner[0], noun) if inner else []
    return node.objects(key, noun)


def _spoken(item: Node) -> Turn:
    who = item.text("Identity") or item.text("Role")
    return make_turn(
        item.where,
        role=role_of(who),
        text=item.text("Words"),
        start=item.seconds("Begin"),
        end=item.seconds("End"),
        speaker=who,
        attributes=_measured(item, "EmotionValue", "SpeechRate", "SilenceDuration"),
    )


def _started(item: Node) -> datetime | None:
    """When the call began, from the time of day of a turn and its offset."""
    begin, text = item.seconds("Begin"), item.text("BeginTime")
    if begin is None or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(_ZONE))
        return moment - timedelta(seconds=begin)
    except (ValueError, OverflowError):
        raise item.wrong("BeginTime", "a time such as 2019-10-01 11:12:01") from None


def _read_sentences(source: Source) -> Iterator[Item]:
    node = _camel(Node(source.document, source.name))
    inner = _camel(node.object("result")) if "result" in node else node
    turns = []
    for item in map(_camel, inner.objects("sentences", "sentence")):
        channel = item.integer("channelId")
        turn = make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=item.text("text"),
            start=item.scaled("beginTime", 1e-3),
            end=item.scaled("endTime", 1e-3),
            speaker="" if channel is None else str(channel),
            channel=channel_of(channel),
            attributes=_measured(item, "emotionValue", "speechRate", "silenceDuration"),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source="aliyun_filetrans",
        external_id=node.name("callId") or node.name("taskId"),
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(duration_seconds=node.scaled("bizDuration", 1e-3)),
    )


def _measured(item: Node, energy: str, rate: str, silence: str) -> dict[str, Any]:
    return known(
        vendor_loudness=item.scaled(energy, _DECIBELS),
        vendor_rate=item.numeric(rate),
        vendor_silence=item.numeric(silence),
    )


def _camel(node: Node) -> Node:
    """The same object with every key beginning in lower case."""
    return Node({key[:1].lower() + key[1:]: value for key, value in node.value.items()}, node.where)


def _is_sca(source: Source) -> bool:
    if source.first("Data", "Dialogues") is not None:
        return True
    return any("AsrResult" in (source.first(*path) or {}) for path in _RESULTS)


def _is_sentences(source: Source) -> bool:
    for result in ((), ("Result",), ("result",)):
        for name in ("sentences", "Sentences"):
            first = source.first(*result, name)
            if first:
                keys = {key[:1].lower() + key[1:] for key in first}
                return {"beginTime", "text"} <= keys
            if first is not None:
                found = source.outline
                return isinstance(found, dict) and bool({"callId", "TaskId", "taskId"} & set(found))
    return False


ALIYUN_SCA = Format(
    name="aliyun_sca",
    zh="阿里云智能对话分析（SCA）质检结果",
    en="Alibaba Cloud conversation analysis (SCA)",
    detect=_is_sca,
    read=_read_sca,
)
ALIYUN_FILETRANS = Format(
    name="aliyun_filetrans",
    zh="阿里云录音文件识别、SecretAsrReport",
    en="Alibaba Cloud file transcription and SecretAsrReport",
    detect=_is_sentences,
    read=_read_sentences,
)
