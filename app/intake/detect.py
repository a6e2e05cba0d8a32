"""What a file is, before anything is scored: its format, how much is in it, its first turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from app.ingest import looks_like_text
from app.intake.catalogue import manifest_in, preview, sidecar_in
from app.intake.columns import FIELDS
from app.intake.customers import Key
from app.intake.sheets import read_sheet
from app.intake.sources import SourceProfile
from multimodal.conversation import Conversation
from multimodal.errors import EmotionMonitorError
from multimodal.formats import FORMATS, HEAD_BYTES, detect_format, read_transcript
from multimodal.media import MediaLimits, probe

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
            if sidecar_in(path, SourceProfile(), bytes) is not None:
                return Detected("sidecar")
            return Detected("unknown", error=error)
    except EmotionMonitorError as error:
        return Detected("unknown", error=error)


def show(path: Path, kind: str, profile: SourceProfile, key: Key) -> dict[str, Any]:
    """What a person sees of a file before it is scored.

    Args:
        path: The file.
        kind: As detected.
        profile: How its source is read, for manifests.
        key: The site's key of customer references.

    Raises:
        EmotionMonitorError: If it cannot be read after all.
    """
    if kind == "manifest":
        sheet = read_sheet(path.read_bytes(), path.name)
        fields = {name: {"zh": one.zh, "en": one.en} for name, one in FIELDS.items()}
        return {"manifest": preview(sheet, profile, key).to_json() | {"fields": fields}}
    if kind == "transcript":
        first = next((i for i in read_transcript(path) if isinstance(i, Conversation)), None)
        return {"turns": [] if first is None else _turns(first)}
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


def _turns(conversation: Conversation) -> list[dict[str, str]]:
    return [
        {"role": turn.role.value, "text": turn.text[:SHOWN_CHARACTERS]}
        for turn in conversation.turns[:SHOWN_TURNS]
    ]


def format_name(name: str) -> tuple[str, str]:
    """A format's name in Chinese and English; empty for none."""
    known = FORMATS.get(name)
    return (known.zh, known.en) if known is not None else ("", "")
