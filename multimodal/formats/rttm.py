"""RTTM: who speaks when, as diarisation tools write it (NIST, Rich Transcription 2009, appendix A).

    SPEAKER call-17 1 12.30 4.85 <NA> <NA> customer <NA> <NA>

There are no words in it. A speaker's name gives the role where it says one (customer, 客户, agent,
坐席 ...); SPEAKER_00 stays unknown until a person says who it is. The channel is left out, because
tools write 1 for mixed recordings and for the first channel alike.
"""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.conversation import Channel, Turn
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import make_conversation, make_turn

_FIELDS = (9, 10)  # the last one, signal look-ahead, came late
_SKIPPED = ";"  # comments


def _detect(source: Source) -> bool:
    """Whether its first line that says something is a SPEAKER or SPKR-INFO line."""
    first = next((f for line in source.text.splitlines() if (f := _fields(line))), [])
    return first[:1] in (["SPEAKER"], ["SPKR-INFO"]) and len(first) in _FIELDS


def _read(source: Source) -> Iterator[Item]:
    recordings: dict[str, list[Turn]] = {}
    wrong: dict[str, EmotionMonitorError] = {}
    for number, line in enumerate(source.text.splitlines(), start=1):
        fields = _fields(line)
        if not fields or fields[0] != "SPEAKER":
            continue
        name = fields[1] if len(fields) > 1 else ""
        turns = recordings.setdefault(name, [])
        try:
            turns.append(_turn(fields, f"{source.name}, line {number}"))
        except EmotionMonitorError as error:
            wrong.setdefault(name, error)
    for name, turns in recordings.items():
        if name in wrong:
            yield wrong[name]
            continue
        yield make_conversation(
            turns,
            source.name,
            source="rttm",
            external_id="" if name == "<NA>" else name,
            channel=Channel.PHONE,
        )


def _turn(fields: list[str], where: str) -> Turn:
    try:
        start, length = float(fields[3]), float(fields[4])
        name = fields[7]
    except (IndexError, ValueError):
        raise TranscriptError(
            f"{' '.join(fields)[:80]!r} is no line of RTTM.",
            where=where,
            remedy="Expected is: SPEAKER file 1 start duration <NA> <NA> name <NA> <NA>.",
        ) from None
    speaker = "" if name == "<NA>" else name
    return make_turn(
        where, role=role_of(speaker), speaker=speaker, start=start, end=round(start + length, 6)
    )


def _fields(line: str) -> list[str]:
    return [] if line.lstrip().startswith(_SKIPPED) else line.split()


RTTM = Format(
    name="rttm",
    zh="RTTM 说话人分离结果（谁在何时说话，无文字）",
    en="RTTM from speaker diarisation (who speaks when, without words)",
    detect=_detect,
    read=_read,
)
