"""腾讯云 录音文件识别: `ResultDetail[]`, or the plain text of `Result` where it is null.

Every field of a sentence may be null. EmotionalEnergy is loudness in dB divided by ten; SpeechSpeed
is characters per second. `EmotionType` is the recognised emotion.

https://cloud.tencent.com/document/api/1093/37824
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.conversation import Channel, Role, Turn
from multimodal.errors import TranscriptError
from multimodal.formats.documents import Node, json_value
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation, make_turn, written_language

_LINE = re.compile(
    r"\[(\d{1,4}):(\d{1,2}(?:\.\d{1,6})?),(\d{1,4}):(\d{1,2}(?:\.\d{1,6})?)(?:,(\d{1,4}))?\][ \t]*"
)


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    data = (node.object("Response") if "Response" in node else node).object("Data")
    details = data.objects("ResultDetail", "sentence")
    turns = [_turn(item) for item in details] or list(_plain(data))
    yield make_conversation(
        turns,
        source.name,
        source="tencent_asr",
        external_id=data.name("TaskId") if turns else "",
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(duration_seconds=data.number("AudioDuration")),
    )


def _turn(item: Node) -> Turn:
    emotions = [json_value(name, item.where) for name in item.items("EmotionType")]
    return make_turn(
        item.where,
        role=Role.UNKNOWN,
        text=item.text("FinalSentence") or item.text("WrittenText") or item.text("SliceSentence"),
        start=item.seconds("StartMs"),
        end=item.seconds("EndMs"),
        speaker=item.name("SpeakerId"),
        attributes=known(
            vendor_emotion=emotions[0] if emotions else None,
            vendor_tags=emotions if len(emotions) > 1 else None,
            vendor_loudness=item.scaled("EmotionalEnergy", 10),
            vendor_rate=item.scaled("SpeechSpeed", 60),
        ),
    )


def _plain(data: Node) -> Iterator[Turn]:
    """The turns of `[0:0.020,0:2.380,1]  您好。` lines: start, end, speaker where it is there."""
    for number, line in enumerate(
        filter(None, map(str.strip, data.text("Result").splitlines())), 1
    ):
        match = _LINE.match(line)
        if match is None:
            raise TranscriptError(
                "a line does not begin with its times, for instance [0:0.020,0:2.380].",
                where=f"{data.where}, Result, line {number}",
            )
        minutes, seconds, end_minutes, end_seconds, speaker = match.groups()
        yield make_turn(
            f"{data.where}, Result, line {number}",
            role=Role.UNKNOWN,
            text=line[match.end() :],
            start=int(minutes) * 60 + float(seconds),
            end=int(end_minutes) * 60 + float(end_seconds),
            speaker=speaker or "",
        )


def _detect(source: Source) -> bool:
    for path in (("Data",), ("Response", "Data")):
        data = source.at(*path)
        if isinstance(data, dict) and "ResultDetail" in data:
            return True
        if isinstance(data, dict) and {"TaskId", "Result", "StatusStr"} <= data.keys():
            return True
    return False


TENCENT_ASR = Format(
    name="tencent_asr",
    zh="腾讯云录音文件识别 JSON",
    en="JSON of Tencent Cloud file transcription",
    detect=_detect,
    read=_read,
)
