"""The seven emotions, and what one model says about one turn.

The label set is Ekman's six basic emotions plus neutral (Ekman 1992, "An argument for basic
emotions"), in the one order that every array of the product follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multimodal.errors import InvalidInputError

FloatArray = NDArray[np.float32]


class Emotion(StrEnum):
    """One of the seven emotions; the order of the members is the order of every array."""

    NEUTRAL = "neutral"
    HAPPY = "happy"
    SAD = "sad"
    ANGRY = "angry"
    SURPRISE = "surprise"
    DISGUST = "disgust"
    FEAR = "fear"


EMOTIONS: tuple[Emotion, ...] = tuple(Emotion)
CHINESE_NAMES: Mapping[Emotion, str] = MappingProxyType(
    dict(zip(EMOTIONS, ("平静", "高兴", "难过", "生气", "惊讶", "厌恶", "恐惧"), strict=True))
)
POSITIVE: tuple[Emotion, ...] = (Emotion.HAPPY,)
NEGATIVE: tuple[Emotion, ...] = (Emotion.SAD, Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR)
UNKNOWN: Literal["unknown"] = "unknown"
"""The fused label of a turn for which no modality is usable. It is not an emotion."""

_ALIASES: Mapping[Emotion, str] = {
    Emotion.NEUTRAL: "none calm neutral",
    Emotion.HAPPY: "joy happiness happy like relaxed grateful positive-other",
    Emotion.SAD: "sadness sad depress",
    Emotion.ANGRY: "anger angry",
    Emotion.SURPRISE: "astonished surprise surprised",
    Emotion.DISGUST: "disgust disgusted",
    Emotion.FEAR: "fear fearful worried",
}
_BY_NAME: Mapping[str, Emotion] = {
    name: emotion for emotion, names in _ALIASES.items() for name in names.split()
} | {CHINESE_NAMES[emotion]: emotion for emotion in EMOTIONS}


def emotion_from_label(label: str) -> Emotion | None:
    """The emotion that a corpus label stands for, or None where it has no place among the seven.

    One definition for training and evaluation alike. `negative-other` (CPED) gives None.
    """
    return _BY_NAME.get(label.strip().lower())


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model gave an answer.

    Attributes:
        name: The checkpoint's name, for instance `bert`.
        version: The checkpoint's version, for instance `1.0.0`.
        sha256: Hex digest over the checkpoint's weights and configuration.
        terms: `open` or `research`: what the training data's licences allow.
    """

    name: str
    version: str
    sha256: str = ""
    terms: Literal["open", "research"] = "research"

    @property
    def release(self) -> str:
        """Name and version, as people write them."""
        return f"{self.name}@{self.version}"

    @property
    def key(self) -> str:
        """The release and the start of the digest: a turn has one score per modality and key."""
        return self.release + (f"+{self.sha256[:12]}" if self.sha256 else "")

    def to_json(self) -> dict[str, str]:
        """The fields as a JSON object."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "terms": self.terms,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ModelInfo:
        """The inverse of `to_json`."""
        return cls(**{key: data[key] for key in ("name", "version", "sha256", "terms")})


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a model's answer rests on.

    Attributes:
        kind: `word` (a span of the turn's text), `prosody` (a feature of the voice), `moment` (a
            time at which the face showed it) or `quality` (what is wrong with the sound).
        name: The word itself, the feature (`pitch`, `energy`, `rate`, ...), the emotion's label or
            the flag (see `audio.quality`).
        weight: How much it moved the answer, in [-1, 1]; negative where it spoke against it.
        start: Characters from the start of the turn's text for a word, seconds from the start of
            the conversation for the others; None where it holds for the whole turn.
        end: The end of the half-open span, in the unit of `start`.
        value: The measured deviation where there is one (semitones, dB, ratio), else None.
    """

    kind: Literal["word", "prosody", "moment", "quality"]
    name: str
    weight: float
    start: float | None = None
    end: float | None = None
    value: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The fields that are set, as a JSON object."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True, slots=True, eq=False)
class EmotionScores:
    """What one model says about one turn.

    Attributes:
        probabilities: float32 (7,), in the order of `EMOTIONS`, each in [0, 1], summing to 1.
            Uniform where nothing usable was there.
        reliability: In [0, 1]; 0 means that nothing usable was there, and fusion ignores it.
        valence: In [-1, 1] where the model gives it, else None.
        arousal: In [0, 1] where the model gives it, else None.
        heads: Further outputs, each float32 summing to 1: `polarity` (negative, neutral, positive),
            `turn_satisfaction` and `conversation_satisfaction` (dissatisfied, neutral, satisfied).
        evidence: What the answer rests on, strongest first.
        model: Which model gave the answer; None exactly where none was asked.
        reason: Why the scores are missing, or a note on how they were made (for instance that only
            the first 512 characters were read); empty otherwise.
        state: What this modality wants to be given with the speaker's next turn (its
            `TurnInput.state`): a JSON object, or None. It is carried by the pipeline and is no
            part of the answer.

    Raises:
        InvalidInputError: If a value is outside its range.
    """

    probabilities: FloatArray
    reliability: float
    valence: float | None = None
    arousal: float | None = None
    heads: Mapping[str, FloatArray] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    model: ModelInfo | None = None
    reason: str = ""
    state: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "probabilities", _distribution("probabilities", self.probabilities, len(EMOTIONS))
        )
        heads = {name: _distribution(name, value, 3) for name, value in self.heads.items()}
        object.__setattr__(self, "heads", MappingProxyType(heads))
        for name, low, high in (("reliability", 0, 1), ("valence", -1, 1), ("arousal", 0, 1)):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InvalidInputError(f"{name} is {value}, expected a number in [{low}, {high}].")

    @classmethod
    def missing(
        cls,
        reason: str,
        *,
        model: ModelInfo | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> EmotionScores:
        """No answer, and why: silence, no face, empty text, refused by policy."""
        uniform = np.full(len(EMOTIONS), 1 / len(EMOTIONS), dtype=np.float32)
        return cls(uniform, 0.0, model=model, reason=reason, state=state)

    @property
    def is_missing(self) -> bool:
        """Whether nothing usable was there."""
        return self.reliability == 0.0

    @property
    def label(self) -> str:
        """The most probable emotion, or `unknown` where the scores are missing."""
        return UNKNOWN if self.is_missing else EMOTIONS[int(self.probabilities.argmax())].value

    def to_json(self) -> dict[str, Any]:
        """The answer as a JSON object, without the carried state."""
        return {
            "label": self.label,
            "probabilities": _rounded(self.probabilities),
            "reliability": round(self.reliability, 4),
            "valence": self.valence,
            "arousal": self.arousal,
            "heads": {name: _rounded(value) for name, value in self.heads.items()},
            "evidence": [item.to_json() for item in self.evidence],
            "model": self.model.to_json() if self.model else None,
            "reason": self.reason,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EmotionScores:
        """The inverse of `to_json` (probabilities are renormalised after rounding)."""
        return cls(
            probabilities=renormalised(data["probabilities"]),
            reliability=data["reliability"],
            valence=data["valence"],
            arousal=data["arousal"],
            heads={name: renormalised(value) for name, value in data["heads"].items()},
            evidence=tuple(Evidence(**item) for item in data["evidence"]),
            model=ModelInfo.from_json(data["model"]) if data["model"] else None,
            reason=data["reason"],
        )


def valence_of(probabilities: FloatArray) -> float:
    """Valence in [-1, 1] of a distribution over the emotions: P(positive) - P(negative).

    Surprise counts by its valence, which is unknown here, so it counts as 0.
    """
    positive = sum(float(probabilities[EMOTIONS.index(e)]) for e in POSITIVE)
    negative = sum(float(probabilities[EMOTIONS.index(e)]) for e in NEGATIVE)
    return max(-1.0, min(1.0, positive - negative))


def _distribution(name: str, values: FloatArray, size: int) -> FloatArray:
    array = np.array(values, dtype=np.float32)
    if array.shape != (size,):
        raise InvalidInputError(f"{name} has shape {array.shape}, expected ({size},).")
    if not (np.isfinite(array).all() and (array >= 0).all() and abs(array.sum() - 1) < 1e-3):
        raise InvalidInputError(f"{name} is {array}, expected numbers in [0, 1] that sum to 1.")
    array.flags.writeable = False
    return array


def _rounded(values: FloatArray) -> list[float]:
    return [round(float(value), 5) for value in values]


def renormalised(values: Sequence[float]) -> FloatArray:
    """float32 that sums to 1 again after the rounding with which it was written."""
    array = np.array(values, dtype=np.float32)
    array /= array.sum()
    return array
