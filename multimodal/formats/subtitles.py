"""SRT and WebVTT, with the ways in which meeting and call software writes speakers into cues.

Name: text, 名字：话     Zoom and most others
<v Name>text</v>         Teams (the WebVTT standard)
(Name) on its own line   captioning services
- at a line's start      another speaker in the same cue; both get the cue's whole span
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from multimodal.conversation import Channel, Turn, storable
from multimodal.errors import TranscriptError
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import names_in, role_of, split_name
from multimodal.formats.turns import make_conversation, make_turn

_STAMPS = re.compile(
    r"\s*(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}\s*-->\s*(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}(?:\s.*)?"
)
_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s+([^<>]*)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>")
_PAREN = re.compile(r"[(（]([^()（）]{1,40})[)）]")
_DASH = re.compile(r"[-–—]\s*(?=\D|$)")
_WIDE = re.compile("[\u2e80-\u9fff\uff00-\uffef]")


def _is_srt(source: Source) -> bool:
    head = [line for line in source.text[:4000].splitlines() if line.strip()][:3]
    return any(_STAMPS.fullmatch(line) for line in head)


def _is_vtt(source: Source) -> bool:
    return re.match(r"\s*WEBVTT(\s|$)", source.text) is not None


def _read(source: Source, kind: str) -> Iterator[Item]:
    from pysubs2 import SSAFile
    from pysubs2.exceptions import Pysubs2Error

    try:
        cues = SSAFile.from_string(_regular(source.text), format_=kind, keep_html_tags=True)
    except (Pysubs2Error, ValueError) as error:
        raise TranscriptError(
            f"the subtitles cannot be read: {error}.", where=source.name
        ) from None
    texts = [cue.text.replace("\\N", "\n") for cue in cues]
    names = names_in(_clean(line) for text in texts for line in _blocks(text)[0][:1])
    turns: list[Turn] = []
    for number, (cue, text) in enumerate(zip(cues, texts, strict=True), start=1):
        for speaker, words in _said(text, names):
            if words:
                turn = make_turn(
                    f"{source.name}, cue {number}",
                    role=role_of(speaker),
                    text=words,
                    start=cue.start / 1000,
                    end=cue.end / 1000,
                    speaker=speaker,
                )
                turns.append(turn)
    yield make_conversation(turns, source.name, source=kind, channel=Channel.PHONE)


def _regular(text: str) -> str:
    """The file with a number before every cue, and neither identifiers, comments nor gaps.

    pysubs2 knows no identifiers but numbers, and takes a number at the end of a cue's words for
    the next cue's; with one number put before every cue, and one behind the last, words stay whole.
    """
    lines = text.splitlines()
    kept: list[str] = []
    comment = False
    for index, line in enumerate(lines):
        after_gap = index == 0 or not lines[index - 1].strip()
        if not line.strip():
            comment = False
        elif after_gap and re.match(r"(NOTE|STYLE|REGION)(\s|$)", line):
            comment = True
        elif _STAMPS.fullmatch(line):
            kept += ["", "1", line]
        elif not comment and not (
            after_gap and index + 1 < len(lines) and _STAMPS.fullmatch(lines[index + 1])
        ):
            kept.append(line)
    return "\n".join([*kept, "", "1", ""])


def _said(text: str, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Speaker (empty if unnamed) and words, for each speaker of one cue."""
    before, *voices = _VOICE.split(text)
    yield from (_named(block, names) for block in _blocks(before))
    for name, words in zip(voices[::2], voices[1::2], strict=True):
        yield html.unescape(name).strip(), _joined(words.split("\n"))


def _blocks(text: str) -> list[list[str]]:
    """The lines of each speaker of a cue: a dash at a line's start begins another."""
    blocks: list[list[str]] = [[]]
    for line in text.split("\n"):
        dash = _DASH.match(line.strip())
        if dash:
            blocks.append([])
        rest = line.strip()[dash.end() :] if dash else line
        if rest.strip():
            blocks[-1].append(rest)
    return [block for block in blocks if block] or [[]]


def _named(block: Sequence[str], names: frozenset[str]) -> tuple[str, str]:
    first = _clean(block[0]) if block else ""
    alone = _PAREN.fullmatch(first)
    if alone and len(block) > 1:
        return alone[1].strip(), _joined(block[1:])
    split = split_name(first)
    if split and split[0] in names:
        return split[0], _joined([split[1], *block[1:]])
    return "", _joined(block)


def _joined(lines: Sequence[str]) -> str:
    """Lines as one: with a space between words, with none between Chinese characters."""
    text = ""
    for line in filter(None, map(_clean, lines)):
        wide = text and _WIDE.match(text[-1]) and _WIDE.match(line[0])
        text += line if not text or wide else f" {line}"
    return text


def _clean(line: str) -> str:
    return html.unescape(_TAG.sub("", storable(line))).strip()


SRT = Format(
    name="srt",
    zh="SRT 字幕",
    en="SRT subtitles",
    detect=_is_srt,
    read=lambda source: _read(source, "srt"),
)
VTT = Format(
    name="vtt",
    zh="WebVTT 字幕（Zoom、Teams 等）",
    en="WebVTT subtitles (Zoom, Teams and others)",
    detect=_is_vtt,
    read=lambda source: _read(source, "vtt"),
)
