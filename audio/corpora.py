"""Labelled speech on disk, as training and evaluation read it.

Three layouts are told apart by their names, not by a setting:

    SPEAKER/EMOTION/clip      CASIA, nEMO, ASED
    EMOTION/clip              EmoDB: the speaker is the first two characters of the file's name
    03-01-05-02-01-01-12      RAVDESS: emotion and actor are the third and seventh field
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.frames import RATE, to_telephone_rate
from multimodal.emotions import Emotion, FloatArray, emotion_from_label
from multimodal.errors import InvalidInputError, MediaError

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
    """

    path: Path
    speaker: str
    emotion: Emotion
    bound: bool = False


def read_clips(folder: Path) -> list[Clip]:
    """All labelled clips under a folder, in the order of their paths.

    Raises:
        InvalidInputError: If there are none.
    """
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


def read_audio(path: Path) -> tuple[FloatArray, int]:
    """A clip as float32 (n,) with its sample rate in Hz; several channels are averaged.

    Raises:
        MediaError: If libsndfile cannot read it.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise MediaError(
            f"it cannot be read as audio: {error.error_string}.",
            where=str(path),
            remedy="Expected is a file that libsndfile reads.",
        ) from error
    return np.asarray(samples.mean(axis=1), dtype=np.float32), int(rate)


def over_telephone(audio: FloatArray, rate: int) -> tuple[FloatArray, int]:
    """The audio as a digital telephone line carries it: 8 kHz, 8-bit mu-law (ITU-T G.711).

    The continuous companding law, mu = 255, in 256 steps.

    Args:
        audio: float32 (n,), in [-1, 1].
        rate: Its sample rate in Hz.
    """
    samples = np.clip(to_telephone_rate(audio, rate), -1, 1)
    code = np.sign(samples) * np.log1p(255 * np.abs(samples)) / np.log(256)
    code = np.round((code + 1) / 2 * 255) / 255 * 2 - 1
    expanded = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return expanded.astype(np.float32), RATE


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
