"""Deepgram: utterances of a prerecorded transcription, or its words where it has none.

Speakers can be mixed within one utterance: it is cut where the speaker of its words changes.
Numbers of speakers and channels say nothing of roles.

https://developers.deepgram.com/docs/utterances
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from multimodal.conversation import Channel, Role, Turn
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.turns import (
    channel_of,
    known,
    make_conversation,
    make_turn,
    written_language,
)

PAUSE_SECONDS = 0.8
"""A pause between words after which a new turn begins, where there are no utterances."""


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    results, metadata = node.object("results"), node.object("metadata")
    turns = [
        turn for item in results.objects("utterances", "utterance") for turn in _utterance(item)
    ]
    channels = results.objects("channels", "channel")
    if "utterances" not in results:
        for index, channel in enumerate(channels):
            best = channel.objects("alternatives", "alternative")[:1]
            turns += [turn for one in best for turn in _spoken(one, index, len(channels))]
    languages = [channel.text("detected_language") for channel in channels]
    yield make_conversation(
        turns,
        source.name,
        source="deepgram",
        external_id=metadata.text("request_id") if turns else "",
        channel=Channel.PHONE,
        language=next(filter(None, languages), "") or written_language(turns),
        attributes=known(duration_seconds=metadata.number("duration")),
    )


def _utterance(item: Node) -> Iterator[Turn]:
    channel, speaker = item.integer("channel"), item.integer("speaker")
    attributes = known(
        vendor_id=item.text("id"),
        vendor_sentiment=item.text("sentiment").upper(),
        vendor_sentiment_score=item.scaled("sentiment_score", 5),
    )
    words = item.objects("words", "word")
    runs = list(_runs(words))
    if len(runs) < 2:
        yield make_turn(
            item.where,
            role=Role.UNKNOWN,
            text=item.text("transcript"),
            start=item.number("start"),
            end=item.number("end"),
            speaker=_voice(speaker, channel),
            channel=channel_of(channel),
            attributes=known(confidence=item.number("confidence"), **attributes),
        )
        return
    for run in runs:
        yield _turn(run, run[0].integer("speaker"), channel, attributes)


def _spoken(alternative: Node, channel: int, channels: int) -> Iterator[Turn]:
    """Turns from words: one ends where the speaker changes and at a pause."""
    for run in _runs(alternative.objects("words", "word"), PAUSE_SECONDS):
        yield _turn(run, run[0].integer("speaker"), channel if channels > 1 else None, {})


def _runs(words: Sequence[Node], pause: float | None = None) -> Iterator[list[Node]]:
    run: list[Node] = []
    for word in words:
        if run:
            end, start = run[-1].number("end"), word.number("start")
            paused = (
                pause is not None and end is not None and start is not None and start - end > pause
            )
            if paused or word.integer("speaker") != run[-1].integer("speaker"):
                yield run
                run = []
        run.append(word)
    if run:
        yield run


def _turn(
    run: Sequence[Node], speaker: int | None, channel: int | None, attributes: dict[str, Any]
) -> Turn:
    texts = [word.text("punctuated_word") or word.text("word") for word in run]
    return make_turn(
        run[0].where,
        role=Role.UNKNOWN,
        text=" ".join(texts),
        start=run[0].number("start"),
        end=run[-1].number("end"),
        speaker=_voice(speaker, channel),
        channel=channel_of(channel),
        attributes=known(confidence=_confidence(run), **attributes),
    )


def _voice(speaker: int | None, channel: int | None) -> str:
    """One name for one voice: speakers are numbered within their channel."""
    if speaker is None:
        return "" if channel is None else f"channel {channel}"
    return str(speaker) if not channel else f"{speaker}, channel {channel}"


def _confidence(run: Sequence[Node]) -> float | None:
    given = [value for word in run if (value := word.number("confidence")) is not None]
    return round(sum(given) / len(given), 4) if given else None


def _detect(source: Source) -> bool:
    utterance = source.first("results", "utterances")
    if utterance is not None:
        return not utterance or "transcript" in utterance
    channel = source.first("results", "channels")
    return channel is not None and "alternatives" in channel


DEEPGRAM = Format(
    name="deepgram",
    zh="Deepgram 转写 JSON",
    en="JSON of Deepgram",
    detect=_detect,
    read=_read,
)
