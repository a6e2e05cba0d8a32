"""Whisper: the JSON of openai-whisper, of the API's verbose_json, and of WhisperX."""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.conversation import Channel
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import make_conversation, make_turn

_LANGUAGES = {"chinese": "zh", "english": "en", "cantonese": "yue", "mandarin": "zh"}


def _detect(source: Source) -> bool:
    document = source.outline
    segments = document.get("segments") if isinstance(document, dict) else None
    if not isinstance(segments, list):
        return False
    if not segments:
        return "language" in document
    return isinstance(segments[0], dict) and {"start", "end", "text"} <= segments[0].keys()


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = []
    for item in node.objects("segments", "segment"):
        # Only WhisperX, which tells speakers apart, has the key.
        speaker = item.text("speaker")
        turn = make_turn(
            item.where,
            role=role_of(speaker),
            text=item.text("text").strip(),
            start=item.number("start"),
            end=item.number("end"),
            speaker=speaker,
            attributes=item.kept(
                vendor_avg_logprob="avg_logprob", vendor_no_speech_prob="no_speech_prob"
            ),
        )
        turns.append(turn)
    language = node.text("language", "zh").lower()
    yield make_conversation(
        turns,
        source.name,
        source="whisper",
        channel=Channel.PHONE,
        language=_LANGUAGES.get(language, language),
    )


WHISPER = Format(
    name="whisper",
    zh="Whisper / WhisperX 的 JSON",
    en="JSON of Whisper and WhisperX",
    detect=_detect,
    read=_read,
)
