"""百度 语音质检: sentences with loudness and rate, in units that its documentation does not name.

`asr_result` and `detection_result` are documented as objects and come as lists; both are read.

https://cloud.baidu.com/doc/SPEECH/s/Jltpnuit6
"""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.conversation import Channel, Role
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation, make_turn, written_language


def _read(source: Source) -> Iterator[Item]:
    result = Node(source.document, source.name).object("result")
    turns = [
        make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=item.text("sentence"),
            start=item.seconds("begin_time"),
            end=item.seconds("end_time"),
            speaker=item.name("speaker_id"),
            attributes=known(
                vendor_loudness=item.number("voice_power"), vendor_rate=item.number("voice_speed")
            ),
        )
        for item in _several(result, "asr_result")
    ]
    categories = [item.text("category") for item in _several(result, "detection_result")]
    yield make_conversation(
        turns,
        source.name,
        source="baidu_quality",
        external_id=result.name("session_id"),
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(
            duration_seconds=result.number("call_duration"),
            vendor_categories=[name for name in categories if name],
        ),
    )


def _several(node: Node, key: str) -> list[Node]:
    """The objects under `key`, whether they stand in a list or one stands alone."""
    one = isinstance(node.value.get(key), dict)
    return [node.object(key)] if one else node.objects(key)


def _detect(source: Source) -> bool:
    result = source.at("result")
    if not isinstance(result, dict) or "asr_result" not in result:
        return False
    held = result["asr_result"]
    first = held[0] if isinstance(held, list) and held else held
    return not first or (isinstance(first, dict) and "sentence" in first)


BAIDU_QUALITY = Format(
    name="baidu_quality",
    zh="百度语音质检结果",
    en="Baidu speech quality inspection",
    detect=_detect,
    read=_read,
)
