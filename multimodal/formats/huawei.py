"""华为云: SIS 录音文件识别, and the result of 质检 (CCISQM).

SIS tells roles only for 8 kHz and for 16 kHz stereo recordings; elsewhere they are unknown. In 质检
`speaker` is a name or a number, and a number is not documented to mean anyone. SIS counts speed in
characters per second.

https://support.huaweicloud.com/api-sis/sis_03_0093.html, .../api-cec/cec_07_0249.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from multimodal.conversation import Channel, Role
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import (
    file_name,
    known,
    make_conversation,
    make_turn,
    written_language,
)

_ROLES: Mapping[str, Role] = {"AGENT": Role.AGENT, "USER": Role.CUSTOMER}


def _read_sis(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = []
    for item in node.objects("segments", "segment"):
        result = item.object("result")
        info = result.object("analysis_info")
        role = info.text("role")
        turn = make_turn(
            item.where,
            role=_ROLES.get(role.upper(), Role.UNKNOWN),
            text=result.text("text"),
            start=item.seconds("start_time"),
            end=item.seconds("end_time"),
            speaker=role,
            attributes=known(
                vendor_emotion=info.text("emotion"), vendor_rate=info.scaled("speed", 60)
            ),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source="huawei_sis",
        external_id=node.name("job_id") if turns else "",
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(duration_seconds=node.seconds("audio_duration")),
    )


def _read_quality(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = []
    for item in node.objects("segments", "segment"):
        speaker = item.name("speaker")
        turn = make_turn(
            item.where,
            role=role_of(speaker),
            text=item.text("asr_text"),
            start=item.seconds("start_time"),
            end=item.seconds("end_time"),
            speaker=speaker,
            attributes=known(vendor_id=item.name("segment_id")),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source="huawei_quality",
        external_id=node.name("call_id"),
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(recording=file_name(node.text("file_name"))),
    )


def _is_sis(source: Source) -> bool:
    first = source.first("segments")
    if first:
        result = first.get("result")
        return "start_time" in first and isinstance(result, dict)
    return first is not None and isinstance(source.at("audio_duration"), int)


HUAWEI_SIS = Format(
    name="huawei_sis",
    zh="华为云 SIS 录音文件识别",
    en="Huawei Cloud SIS file transcription",
    detect=_is_sis,
    read=_read_sis,
)
HUAWEI_QUALITY = Format(
    name="huawei_quality",
    zh="华为云客服质检结果",
    en="Huawei Cloud call quality inspection",
    detect=lambda source: "asr_text" in (source.first("segments") or {}),
    read=_read_quality,
)
