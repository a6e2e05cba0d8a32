"""Labelled speech on disk, as training and evaluation read it.

Three layouts of folders are told apart by their names, not by a setting:

    SPEAKER/EMOTION/clip      CASIA, nEMO, ASED, your own
    EMOTION/clip              EmoDB: the speaker is the first two characters of the file's name
    03-01-05-02-01-01-12      RAVDESS: emotion and actor are the third and seventh field

Turns of longer recordings are listed in a CSV file with the columns file, start, end, speaker,
emotion: `file` as seen from the folder of the list, `start` and `end` in seconds or both empty.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multimodal.emotions import Emotion, FloatArray, emotion_from_label
from multimodal.errors import InvalidInputError, MediaError

LANGUAGES = {"casia": "zh", "ravdess": "en", "emodb_4class": "de", "nemo": "pl", "ased": "am"}
"""What is spoken in the corpora that the project trains on."""
SUFFIXES = (".flac", ".wav", ".ogg")
_RAVDESS = re.compile(r"\d\d-\d\d-(\d\d)-\d\d-\d\d-\d\d-(\d\d)")
_RAVDESS_EMOTIONS: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
_EMODB = re.compile(r"(\d\d)[A-Za-z]\d\d\D")
_ASED_BOUND = re.compile(r"[a-z]\d-0[3-7]-\d\d-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled recording of one person.

    Attributes:
        path: The file.
        speaker: Who speaks; unique among the corpora that the project trains on.
        emotion: What was acted.
        bound: Whether its sentence occurs in this emotion only (ASED sentences 03 to 07), so that
            nothing is proved by getting it right.
        start: Seconds into the file at which it starts.
        end: Seconds into the file at which it ends; None at the end of the file.
    """

    path: Path
    speaker: str
    emotion: Emotion
    bound: bool = False
    start: float = 0.0
    end: float | None = None


def read_clips(data: Path) -> list[Clip]:
    """All labelled clips under a folder, in the order of their paths, or of a list, in its order.

    Args:
        data: A folder in one of the layouts, or a CSV file.

    Raises:
        InvalidInputError: If there are none, or a line of the list cannot be read.
    """
    if data.suffix.lower() == ".csv":
        return _listed(data)
    folder = data
    clips = [
        clip
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and (clip := _clip(path, folder))
    ]
    if not clips:
        raise InvalidInputError(
            f"there is no labelled clip ({', '.join(SUFFIXES)}) here.",
            where=str(folder),
            remedy="Expected are SPEAKER/EMOTION/, EMOTION/ or RAVDESS file names.",
        )
    return clips


def read_audio(path: Path, start: float = 0.0, end: float | None = None) -> tuple[FloatArray, int]:
    """A clip as float32 (n,) with its sample rate in Hz; several channels are averaged.

    Args:
        path: The file.
        start: Seconds at which to start.
        end: Seconds at which to end; None at the end of the file.

    Raises:
        MediaError: If libsndfile cannot read it.
    """
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            first = min(round(start * rate), file.frames)
            last = file.frames if end is None else min(round(end * rate), file.frames)
            file.seek(first)
            samples = file.read(max(last - first, 0), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise MediaError(
            f"it cannot be read as audio: {error.error_string}.",
            where=str(path),
            remedy="Expected is a file that libsndfile reads.",
        ) from error
    return np.asarray(samples.mean(axis=1), dtype=np.float32), int(rate)


def _listed(path: Path) -> list[Clip]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(
            f"the list of clips cannot be read: {error}.",
            where=str(path),
            remedy="Expected is a CSV file in UTF-8.",
        ) from error
    if not rows:
        raise InvalidInputError("the list of clips is empty.", where=str(path))
    if missing := {"file", "speaker", "emotion"} - rows[0].keys():
        raise InvalidInputError(
            f"the list of clips has no column {', '.join(sorted(missing))}.",
            where=str(path),
            remedy="Expected are file, start, end, speaker, emotion.",
        )
    return [_row(row, path, line) for line, row in enumerate(rows, 2)]


def _row(row: dict[str, str | None], path: Path, line: int) -> Clip:
    def refuse(what: str) -> InvalidInputError:
        return InvalidInputError(what, where=f"{path}, line {line}")

    name, speaker = (row.get("file") or "").strip(), (row.get("speaker") or "").strip()
    file = path.parent / name
    if not name or not file.is_file():
        raise refuse(f"there is no file {name!r}.")
    if not speaker:
        raise refuse("it names no speaker.")
    emotion = emotion_from_label((row.get("emotion") or "").strip())
    if emotion is None:
        raise refuse(f"{row.get('emotion')!r} is none of the seven emotions.")
    try:
        start = float(row.get("start") or 0)
        end = float(until) if (until := row.get("end")) else None
    except ValueError as error:
        raise refuse("start and end are not both seconds.") from error
    if not 0 <= start < (math.inf if end is None else end):
        raise refuse(f"it starts at {start:g} s and ends at {end or 0:g} s.")
    return Clip(file, speaker, emotion, start=start, end=end)


def _clip(path: Path, folder: Path) -> Clip | None:
    stem = path.stem
    if named := _RAVDESS.fullmatch(stem):
        number = int(named[1]) - 1
        if number not in range(len(_RAVDESS_EMOTIONS)):
            return None
        emotion = emotion_from_label(_RAVDESS_EMOTIONS[number])
        return Clip(path, f"actor_{named[2]}", emotion) if emotion else None
    emotion = emotion_from_label(path.parent.name)
    if emotion is None:
        return None
    above = path.relative_to(folder).parts[:-2]
    emodb = None if above else _EMODB.match(stem)
    speaker = emodb[1] if emodb else path.parent.parent.resolve().name
    return Clip(path, speaker, emotion, bound=_ASED_BOUND.fullmatch(stem) is not None)
