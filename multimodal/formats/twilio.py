"""Twilio Conversational Intelligence: the sentences of a transcript.

Times and confidences are texts, words may be null, and sentences come in pages: one file holds one
page or a list of them, and half a conversation is refused. Which party is on which `media_channel`
(1 or 2) does not stand in it.

https://www.twilio.com/docs/conversational-intelligence/api/transcript-sentence-subresource
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from multimodal.conversation import Channel, Role
from multimodal.errors import TranscriptError
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import (
    channel_of,
    known,
    make_conversation,
    make_turn,
    written_language,
)

_TRANSCRIPT = re.compile(r"/Transcripts/(GT[0-9a-f]{32})/")


def _read(source: Source) -> Iterator[Item]:
    document: Any = source.document
    several = isinstance(document, list)
    pages = [
        Node(page, f"{source.name}, page {number}" if several else source.name)
        for number, page in enumerate(document if several else [document], start=1)
    ]
    pages.sort(key=lambda page: page.object("meta").number("page") or 0)
    meta = [page.object("meta") for page in pages]
    numbers = [number for one in meta if (number := one.integer("page")) is not None]
    if "next_page_url" in meta[-1] or (numbers and numbers != list(range(len(pages)))):
        raise TranscriptError(
            "it holds some of the transcript's pages and not all.",
            where=source.name,
            remedy="Fetch every page (PageSize=1000) and put them in one list.",
        )
    turns = []
    for item in (item for page in pages for item in page.objects("sentences", "sentence")):
        channel = item.integer("media_channel")
        turn = make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=item.text("transcript"),
            start=item.numeric("start_time"),
            end=item.numeric("end_time"),
            speaker="" if channel is None else str(channel),
            channel=channel_of(None if channel is None else channel - 1),
            attributes=known(vendor_id=item.text("sid"), confidence=item.numeric("confidence")),
        )
        turns.append(turn)
    addresses = " ".join(one.text("url") + one.text("first_page_url") for one in meta)
    found = _TRANSCRIPT.search(addresses)
    yield make_conversation(
        turns,
        source.name,
        source="twilio",
        external_id=found[1] if found and turns else "",
        channel=Channel.PHONE,
        language=written_language(turns),
    )


def _detect(source: Source) -> bool:
    first = source.first("sentences")
    if not first:
        return first is not None and source.at("meta", "key") == "sentences"
    return "transcript" in first and ("media_channel" in first or "sentence_index" in first)


TWILIO = Format(
    name="twilio",
    zh="Twilio Conversational Intelligence 句子 JSON",
    en="sentences of Twilio Conversational Intelligence",
    detect=_detect,
    read=_read,
)
