"""The product's own interchange: one conversation a line (JSONL), or one JSON document.

    {"schema_version": 1, "external_id": "c1", "source": "file", "channel": "phone",
     "direction": "inbound", "started_at": "2026-06-30T23:50:00+08:00", "timezone": "Asia/Shanghai",
     "queue": "", "team": "", "customer_ref": "", "customer_display": "138****1234",
     "business_type": "", "notice": "IVR-2026-01", "language": "zh", "attributes": {},
     "media": [{"path": "c1.wav", "channels": {"0": "agent", "1": "customer"},
                "customer_region": null, "offset": 0.0}],
     "turns": [{"role": "customer", "text": "...", "start": 1.2, "end": 3.4, "speaker": "",
                "agent_id": "", "channel": 1, "attributes": {}}]}

Only `turns`, and in each its `role`, are required; everything else has the default of
`multimodal.conversation`, and a conversation without `external_id` gets one of its content. Times
are seconds from the start; turns may come in any order. A media path is relative to the file.
An unknown field is an error, because a misspelt one must not vanish in silence; whoever has fields
of their own puts them under `attributes`. What a file of results has besides (`scores`, `answer`,
`risk`, `trajectory`, `talk`, `notes`) is passed over, so that results can be scored again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from multimodal.conversation import (
    Channel,
    Conversation,
    Direction,
    Media,
    Role,
    Turn,
    storable,
)
from multimodal.errors import EmotionMonitorError, InvalidConversationError, TranscriptError
from multimodal.formats.documents import Node, outline, parse_json
from multimodal.formats.source import Format, Item, Source, decode
from multimodal.formats.turns import make_conversation, make_turn

SCHEMA_VERSION = 1
MAX_LINE_BYTES = 64 * 2**20
"""Bytes that one line, that is one conversation, may have."""
HEAD_CHARACTERS = 64 * 2**10
"""Characters that are looked at to tell JSONL from other formats."""

_TEXTS = [
    "timezone",
    "queue",
    "team",
    "customer_ref",
    "customer_display",
    "business_type",
    "notice",
    "language",
]
_CONVERSATION = frozenset(
    [
        "schema_version",
        "external_id",
        "source",
        "channel",
        "direction",
        "started_at",
        "media",
        "attributes",
        "turns",
        "trajectory",
        "talk",
        "notes",
    ]
).union(_TEXTS)
_MEDIA = frozenset(["path", "channels", "customer_region", "offset"])
_TURN = frozenset(
    [
        "role",
        "text",
        "start",
        "end",
        "speaker",
        "agent_id",
        "channel",
        "attributes",
        "scores",
        "answer",
        "risk",
        "tags",
        "explanation",
    ]
)


def conversation_to_json(conversation: Conversation) -> dict[str, Any]:
    """The conversation as a JSON object of the canonical schema, complete.

    Media paths stand in it as they are in the conversation.
    """
    started = conversation.started_at
    return {
        "schema_version": SCHEMA_VERSION,
        "external_id": conversation.external_id,
        "source": conversation.source,
        "channel": conversation.channel.value,
        "direction": conversation.direction.value,
        "started_at": started.isoformat() if started else None,
        **{name: getattr(conversation, name) for name in _TEXTS},
        "media": [_media_to_json(media) for media in conversation.media],
        "attributes": dict(conversation.attributes),
        "turns": [turn_to_json(turn) for turn in conversation.turns],
    }


def conversation_from_json(data: Any, *, where: str = "", base: Path | None = None) -> Conversation:
    """The inverse of `conversation_to_json`.

    Args:
        data: The JSON object.
        where: The place it comes from, for messages.
        base: The folder that relative media paths start from; None leaves them as they are.

    Raises:
        TranscriptError: If it is not of the schema; the message names the field.
        InvalidConversationError: If a value breaks a rule of the model.
    """
    node = Node(data, where)
    version = data.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise TranscriptError(
            f"schema_version is {version!r:.40}, expected {SCHEMA_VERSION}.",
            where=where,
            remedy="A newer program may have written it; install its version.",
        )
    node.require_only(_CONVERSATION)
    if "turns" not in node:
        raise TranscriptError("the field turns is missing.", where=where)
    fields: dict[str, Any] = {name: node.text(name) for name in _TEXTS if name in node}
    return make_conversation(
        [_turn(turn) for turn in node.objects("turns", "turn")],
        where,
        external_id=node.text("external_id"),
        source=node.text("source", "file"),
        channel=node.choice("channel", Channel.CHAT),
        direction=node.choice("direction", Direction.UNKNOWN),
        started_at=_moment(node, "started_at"),
        media=tuple(_media(media, base) for media in node.objects("media")),
        attributes=node.attributes("attributes"),
        **fields,
    )


def read_lines(stream: BinaryIO, name: str, base: Path | None) -> Iterator[Item]:
    """The conversations of a JSONL stream, one line in memory at a time.

    A bad line is yielded as the error that it is, and the next is read.
    """
    number = 0
    while line := stream.readline(MAX_LINE_BYTES):
        number += 1
        where = f"{name}, line {number}"
        if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield TranscriptError(
                f"the line has more than {MAX_LINE_BYTES // 2**20} MB.",
                where=where,
                remedy="Write one conversation a line.",
            )
            continue
        try:
            text = decode(line).strip()
            if text:
                yield conversation_from_json(parse_json(text, where), where=where, base=base)
        except EmotionMonitorError as error:
            yield error


def is_jsonl(text: str) -> bool:
    """Whether lines of canonical conversations stand at the start of this text."""
    lines = [line for line in text[:HEAD_CHARACTERS].split("\n") if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return False
    return any(_is_conversation(outline(line)) for line in lines if line.lstrip().startswith("{"))


def _read_jsonl(source: Source) -> Iterator[Item]:
    return read_lines(BytesIO(source.text.encode()), source.name, source.base)


def _is_document(source: Source) -> bool:
    outlined = source.outline
    first = outlined[0] if isinstance(outlined, list) and outlined else outlined
    return _is_conversation(first)


def _read_document(source: Source) -> Iterator[Item]:
    document = source.document
    if not isinstance(document, list):
        yield conversation_from_json(document, where=source.name, base=source.base)
        return
    for number, data in enumerate(document, start=1):
        where = f"{source.name}, conversation {number}"
        try:
            yield conversation_from_json(data, where=where, base=source.base)
        except EmotionMonitorError as error:
            yield error


def _is_conversation(value: Any) -> bool:
    return isinstance(value, dict) and ("turns" in value or "schema_version" in value)


def _turn(node: Node) -> Turn:
    node.require_only(_TURN)
    if "role" not in node:
        raise node.wrong("role", f"one of {', '.join(Role)}")
    start, end = node.number("start"), node.number("end")
    if end is not None and end == start:
        raise node.wrong("end", f"more than the start ({start} s), or null")
    return make_turn(
        node.where,
        role=node.choice("role", Role.UNKNOWN),
        text=node.text("text"),
        start=start,
        end=end,
        speaker=node.text("speaker"),
        agent_id=node.text("agent_id"),
        channel=node.integer("channel"),
        attributes=node.attributes("attributes"),
    )


def _media(node: Node, base: Path | None) -> Media:
    node.require_only(_MEDIA)
    path = Path(storable(node.text("path")))
    if not path.name:
        raise node.wrong("path", "the path of a file")
    channels = node.object("channels")
    for index in channels.value:
        if not (index.isascii() and index.isdigit() and len(index) < 5):
            raise channels.wrong(index, "a channel index from 0 as the key")
    region = node.value.get("customer_region")
    if region is not None:
        region = [
            Node({"customer_region": value}, node.where).number("customer_region")
            for value in node.items("customer_region")
        ]
        if None in region:
            raise node.wrong("customer_region", "four numbers")
    try:
        return Media(
            path=base / path if base else path,
            channels={int(key): channels.choice(key, Role.UNKNOWN) for key in channels.value},
            customer_region=tuple(region) if region is not None else None,
            offset=node.number("offset") or 0.0,
        )
    except InvalidConversationError as error:
        raise error.at(node.where) from None


def _moment(node: Node, key: str) -> datetime | None:
    if key not in node:
        return None
    try:
        return datetime.fromisoformat(node.text(key))
    except ValueError:
        raise node.wrong(key, "a time such as 2026-06-30T23:50:00+08:00") from None


def _media_to_json(media: Media) -> dict[str, Any]:
    return {
        "path": storable(str(media.path)),
        "channels": {str(index): role.value for index, role in media.channels.items()},
        "customer_region": list(media.customer_region) if media.customer_region else None,
        "offset": media.offset,
    }


def turn_to_json(turn: Turn) -> dict[str, Any]:
    """A turn as a JSON object of the canonical schema."""
    return {
        "role": turn.role.value,
        "text": turn.text,
        "start": turn.start,
        "end": turn.end,
        "speaker": turn.speaker,
        "agent_id": turn.agent_id,
        "channel": turn.channel,
        "attributes": dict(turn.attributes),
    }


JSONL = Format(
    name="jsonl",
    zh="本产品的 JSONL，一行一通会话",
    en="this product's JSONL, one conversation a line",
    detect=lambda source: is_jsonl(source.text),
    read=_read_jsonl,
)
JSON = Format(
    name="json",
    zh="本产品的 JSON，一通会话或会话列表",
    en="this product's JSON, one conversation or a list of them",
    detect=_is_document,
    read=_read_document,
)
