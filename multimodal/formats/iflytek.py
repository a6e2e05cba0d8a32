"""讯飞 语音转写 (lfasr): JSON within JSON within JSON, and the older list of sentences.

`orderResult` is a text that holds JSON; in it each `json_1best` is one again; words stand in
`st.rt[].ws[].cw[].w`, of which the first candidate is taken. `rl` is the number of the speaker, 0
where speakers were not told apart; `label.rl_track` says which speaker is on which track (L, R).

https://www.xfyun.cn/doc/asr/ifasr_new/API.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node, parse_json
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import known, make_conversation, make_turn, written_language

_TRACKS: Mapping[str, int] = {"L": 0, "R": 1}


def _read(source: Source) -> Iterator[Item]:
    content = Node(source.document, source.name).object("content")
    order = content.object("orderInfo")
    result = _inner(content, "orderResult")
    tracks = {
        item.name("rl"): _TRACKS.get(item.text("track").upper())
        for item in result.object("label").objects("rl_track")
    }
    lattice = result.objects("lattice") or result.objects("lattice2")
    turns = [_turn(_inner(item, "json_1best").object("st"), tracks) for item in lattice]
    yield make_conversation(
        turns,
        source.name,
        source="iflytek",
        external_id=order.name("orderId") if turns else "",
        channel=Channel.PHONE,
        language=written_language(turns),
        attributes=known(duration_seconds=order.seconds("originalDuration")),
    )


def _turn(sentence: Node, tracks: Mapping[str, int | None]) -> Turn:
    speaker = sentence.name("rl")
    words = [
        candidates[0].text("w")
        for passage in sentence.objects("rt")
        for word in passage.objects("ws")
        if (candidates := word.objects("cw"))
    ]
    return make_turn(
        sentence.where,
        role=Role.UNKNOWN,
        text="".join(words),
        start=sentence.scaled("bg", 1e-3),
        end=sentence.scaled("ed", 1e-3),
        speaker="" if speaker == "0" and not tracks else speaker,
        channel=tracks.get(speaker),
    )


def _read_legacy(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    held: Any = node.value.get("data")
    if isinstance(held, str):
        held = parse_json(held, f"{source.name}, data")
    turns = []
    for item in Node({"data": held}, source.name).objects("data", "sentence"):
        turn = make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=item.text("onebest"),
            start=item.scaled("bg", 1e-3),
            end=item.scaled("ed", 1e-3),
            speaker=item.name("speaker"),
        )
        turns.append(turn)
    yield make_conversation(
        turns,
        source.name,
        source="iflytek_legacy",
        channel=Channel.PHONE,
        language=written_language(turns),
    )


def _inner(node: Node, key: str) -> Node:
    """The object under `key`, also where it is written as a text that holds JSON."""
    value = node.value.get(key)
    if not isinstance(value, str):
        return node.object(key)
    where = f"{node.where}, {key}"
    return Node(parse_json(value, where) if value.strip() else {}, where)


def _is_legacy(source: Source) -> bool:
    held = source.at("data")
    if isinstance(held, str):
        return '"onebest"' in held
    first = source.first("data")
    return bool(first) and first is not None and "onebest" in first


IFLYTEK = Format(
    name="iflytek",
    zh="讯飞语音转写（lfasr）JSON",
    en="JSON of iFlytek long-form transcription (lfasr)",
    detect=lambda source: isinstance(source.at("content", "orderResult"), (str, dict)),
    read=_read,
)
IFLYTEK_LEGACY = Format(
    name="iflytek_legacy",
    zh="讯飞语音转写旧版句子列表",
    en="sentence list of older iFlytek transcription",
    detect=_is_legacy,
    read=_read_legacy,
)
