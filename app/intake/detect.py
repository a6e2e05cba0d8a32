"""What a file is, before anything is scored: its format, how much is in it, its first turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from app.ingest import IngestOptions, looks_like_text, read_files
from app.intake.catalogue import manifest_in, preview, sidecar_in
from app.intake.columns import FIELDS
from app.intake.sheets import read_sheet
from app.intake.sources import SourceProfile
from multimodal.conversation import INFERRED, Conversation
from multimodal.errors import EmotionMonitorError
from multimodal.formats import FORMATS, HEAD_BYTES, detect_format, read_transcript
from multimodal.masking import Masker
from multimodal.media import MediaLimits, probe
from multimodal.roles import probability_swapped

COUNTED = 2000
"""Conversations of one file that are counted; of more it is said that there are more."""
SHOWN_TURNS = 6
SHOWN_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file is.

    Attributes:
        kind: `transcript`, `recording`, `manifest`, `sidecar` or `unknown`.
        format: The transcript format's name, empty for others.
        detail: Of a transcript `conversations`, `turns` and `more` (not all were counted); of a
            recording `seconds`, `channels` and `video`; of a manifest `rows`.
        error: What is wrong with all of it, or with the first of its conversations.
    """

    kind: str
    format: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    error: EmotionMonitorError | None = None


def detect(path: Path, limits: MediaLimits) -> Detected:
    """Says what a file is; never raises on what is in it."""
    try:
        if not looks_like_text(path):
            return _recording(path, limits)
        sheet = manifest_in(path)
        if sheet is not None:
            return Detected("manifest", detail={"rows": len(sheet.rows)})
        try:
            return _transcript(path)
        except EmotionMonitorError as error:
            if sidecar_in(path, SourceProfile(), Masker()) is not None:
                return Detected("sidecar")
            return Detected("unknown", error=error)
    except EmotionMonitorError as error:
        return Detected("unknown", error=error)


def show(path: Path, kind: str, options: IngestOptions) -> dict[str, Any]:
    """What a person sees of a file before it is scored: as it will be kept, masked and all.

    Args:
        path: The file.
        kind: As detected.
        options: How it is read.

    Raises:
        EmotionMonitorError: If it cannot be read after all.
    """
    if kind == "manifest":
        sheet = read_sheet(path.read_bytes(), path.name)
        fields = {name: {"zh": one.zh, "en": one.en} for name, one in FIELDS.items()}
        profile = options.profile or SourceProfile(options.source)
        seen = preview(sheet, profile, options.masker).to_json()
        return {"manifest": seen | {"fields": fields}}
    if kind == "transcript":
        items = (item.conversation for item in read_files([path], options))
        first = next((one for one in items if one is not None), None)
        if first is not None:
            return {"turns": _turns(first), "swapped": probability_swapped(first)}
    return {}


def _recording(path: Path, limits: MediaLimits) -> Detected:
    info = probe(path, limits)
    detail = {
        "seconds": info.seconds,
        "channels": info.audio.channels if info.audio is not None else 0,
        "video": info.video is not None,
    }
    return Detected("recording", detail=detail)


def _transcript(path: Path) -> Detected:
    with path.open("rb") as file:
        name = detect_format(file.read(HEAD_BYTES))
    conversations = turns = 0
    wrong: EmotionMonitorError | None = None
    items = read_transcript(path)
    for item in islice(items, COUNTED):
        if isinstance(item, Conversation):
            conversations += 1
            turns += len(item.turns)
        else:
            wrong = wrong or item
    detail = {
        "conversations": conversations,
        "turns": turns,
        "more": next(items, None) is not None,
    }
    return Detected("transcript", name, detail, wrong)


def _turns(conversation: Conversation) -> list[dict[str, Any]]:
    return [
        {
            "role": turn.role.value,
            "inferred": INFERRED in turn.attributes,
            "text": turn.text[:SHOWN_CHARACTERS],
        }
        for turn in conversation.turns[:SHOWN_TURNS]
    ]


def format_name(name: str) -> tuple[str, str]:
    """A format's name in Chinese and English; empty for none."""
    known = FORMATS.get(name)
    return (known.zh, known.en) if known is not None else ("", "")
