"""FunASR: `sentence_info` of Paraformer (key `text`) and of SenseVoice (key `sentence`, with tags).

SenseVoice writes `<|zh|><|ANGRY|><|Speech|><|withitn|>` into its text. The tags are taken out and
kept as what the vendor says. Speakers are numbers, so that roles are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.errors import EmotionMonitorError
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import make_conversation, make_turn

_TAG = re.compile(r"<\|([^|<>]*)\|>")
_EMOTIONS = frozenset(
    ["HAPPY", "SAD", "ANGRY", "NEUTRAL", "FEARFUL", "DISGUSTED", "SURPRISED", "EMO_UNKNOWN"]
)


def _detect(source: Source) -> bool:
    document = source.outline
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and "sentence_info" in first


def _read(source: Source) -> Iterator[Item]:
    document = source.document
    if not isinstance(document, list):
        document = [document]
    for number, recording in enumerate(document, start=1):
        where = source.name if len(document) == 1 else f"{source.name}, recording {number}"
        try:
            yield _conversation(Node(recording, where))
        except EmotionMonitorError as error:
            if len(document) == 1:
                raise
            yield error


def _conversation(node: Node) -> Conversation:
    return make_conversation(
        [_turn(item) for item in node.objects("sentence_info", "sentence")],
        node.where,
        source="funasr",
        channel=Channel.PHONE,
        # The key is the recording's file name, which is not unique enough for an id.
        attributes=node.kept(recording="key"),
    )


def sentence_turns(sentences: list[Any], where: str) -> list[Turn]:
    """The turns of a `sentence_info`.

    Raises:
        TranscriptError: If something else stands in it.
    """
    return [_turn(item) for item in Node({"sentence": sentences}, where).objects("sentence")]


def _turn(item: Node) -> Turn:
    text = item.text("text") or item.text("sentence")
    speaker = item.integer("spk")
    return make_turn(
        item.where,
        role=Role.UNKNOWN,
        text=_TAG.sub("", text).strip(),
        start=item.seconds("start"),
        end=item.seconds("end"),
        speaker="" if speaker is None else str(speaker),
        attributes=_tags(text),
    )


def _tags(text: str) -> dict[str, Any]:
    tags = _TAG.findall(text)
    if not tags:
        return {}
    emotions = [tag for tag in tags if tag in _EMOTIONS]
    return {"vendor_tags": tags} | ({"vendor_emotion": emotions[0]} if emotions else {})


FUNASR = Format(
    name="funasr",
    zh="FunASR（Paraformer、SenseVoice）的 JSON",
    en="JSON of FunASR (Paraformer, SenseVoice)",
    detect=_detect,
    read=_read,
)
