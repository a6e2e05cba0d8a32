"""Turns and what the models say of them, with units, ranges and examples."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import MODEL_EXAMPLE, Label, Model, Probability, Role, example
from multimodal.tags import Basis, Tag

TURN_EXAMPLE: dict[str, Any] = {
    "role": "customer",
    "text": "都三天了还没发货！",
    "start": 2.0,
    "end": 4.5,
}
_PROBABILITIES = [0.08, 0.01, 0.12, 0.7, 0.02, 0.06, 0.01]
_ANSWER_EXAMPLE: dict[str, Any] = {
    "label": "angry",
    "probabilities": _PROBABILITIES,
    "confidence": 0.7,
    "valence": -0.88,
    "contributions": {"text": 1.0},
    "disagreement": 0.0,
    "model": MODEL_EXAMPLE,
    "reason": "",
}
_SCORES_EXAMPLE: dict[str, Any] = {
    "label": "angry",
    "probabilities": _PROBABILITIES,
    "reliability": 0.8,
    "valence": -0.88,
    "arousal": None,
    "heads": {"polarity": [0.9, 0.08, 0.02]},
    "evidence": [{"kind": "word", "name": "还没发货", "weight": 0.6, "start": 4, "end": 8}],
    "model": MODEL_EXAMPLE,
    "reason": "",
}
TURN_OUT_EXAMPLE: dict[str, Any] = {
    **TURN_EXAMPLE,
    "speaker": "",
    "agent_id": "",
    "channel": None,
    "attributes": {},
    "number": 2,
    "scores": {"text": _SCORES_EXAMPLE},
    "answer": _ANSWER_EXAMPLE,
    "risk": 0.61,
    "tags": [{"tag": "urge", "basis": "rule", "places": [[4, 8]]}],
    "explanation": {
        "zh": "愤怒，把握 70%：文字 100%（“还没发货”）。",
        "en": "Anger, 70% sure: words 100% (还没发货).",
    },
    "view_state": "anger",
}
TRAJECTORY_EXAMPLE: dict[str, Any] = {
    "risk": [0.2, 0.61],
    "sentiment": [None, None, None, -4.4],
    "shift": None,
    "talk_seconds": {"agent": 1.5, "customer": 2.5},
    "silence_seconds": 0.5,
    "overlap_seconds": 0.0,
    "characters_per_minute": 216.0,
    "model": MODEL_EXAMPLE,
}


class TurnIn(BaseModel):
    """One party's uninterrupted say."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [TURN_EXAMPLE]})
    role: Role = Field(description="Who speaks.")
    text: str = Field("", description="The words, at most 100,000 characters.")
    start: float | None = Field(None, description="Seconds from the conversation's start.")
    end: float | None = Field(None, description="Seconds, after `start`.")
    speaker: str = Field("", description="The speaker's name in the source.")
    agent_id: str = Field("", description="Which agent speaks.")
    channel: int | None = Field(
        None, ge=0, le=1023, description="Audio channel index of the recording, from 0."
    )
    attributes: dict[str, Any] = Field({}, description="What the source says besides.")


class EvidenceOut(BaseModel):
    """One thing that a model's answer rests on."""

    kind: Literal["word", "prosody", "moment", "quality"]
    name: str
    weight: float = Field(ge=-1, le=1, description="Negative where it spoke against the answer.")
    start: float | None = Field(
        None, description="Characters of the text for a word, else seconds; null: all of the turn."
    )
    end: float | None = None
    value: float | None = Field(None, description="The measured deviation, where there is one.")


class ScoresOut(BaseModel):
    """What one modality's model said about a turn."""

    model_config = example(_SCORES_EXAMPLE)
    label: Label
    probabilities: list[Probability] = Field(min_length=7, max_length=7)
    reliability: Probability = Field(description="0: nothing usable was there; see `reason`.")
    valence: float | None = Field(ge=-1, le=1)
    arousal: float | None = Field(ge=0, le=1)
    heads: dict[str, list[float]] = Field(description="Further outputs, three classes each.")
    evidence: list[EvidenceOut]
    model: Model | None
    reason: str


class AnswerOut(BaseModel):
    """The fused answer."""

    model_config = example(_ANSWER_EXAMPLE)
    label: Label = Field(description="`unknown` exactly where no modality was usable.")
    probabilities: list[Probability] = Field(min_length=7, max_length=7)
    confidence: Probability = Field(description="Calibrated probability that the label is right.")
    valence: float = Field(ge=-1, le=1)
    contributions: dict[str, float] = Field(description="By modality, summing to 1.")
    disagreement: Probability = Field(description="How far the channels contradict each other.")
    model: Model | None
    reason: str


class TagOut(BaseModel):
    """One event tag of a turn."""

    tag: Tag
    basis: Basis = Field(description="`rule`: its words. `measured`: its pitch and rate.")
    places: list[tuple[int, int]] = Field(description="Its words in the text, half-open.")


class ExplanationOut(BaseModel):
    """Why the turn was judged so, for people; empty for agents and bots."""

    zh: str
    en: str


class TurnOut(TurnIn):
    """One turn with everything that was found out about it."""

    model_config = example(TURN_OUT_EXAMPLE)
    number: int = Field(ge=1, description="From 1.")
    scores: dict[str, ScoresOut] = Field(description="By modality.")
    answer: AnswerOut
    risk: Probability = Field(description="Of ending dissatisfied, after this turn.")
    tags: list[TagOut] = Field(description="What it says or sounds like.")
    explanation: ExplanationOut
    view_state: str = Field(description="What a supervisor reads; empty for agents and bots.")


class TrajectoryOut(BaseModel):
    """How the conversation went."""

    model_config = example(TRAJECTORY_EXAMPLE)
    risk: list[Probability] = Field(description="After each turn.")
    sentiment: list[float | None] = Field(description="The customer's, per quarter, -5 to 5.")
    shift: float | None = Field(description="Last minus first known quarter, -10 to 10.")
    talk_seconds: dict[str, float] = Field(description="By role.")
    silence_seconds: float
    overlap_seconds: float
    characters_per_minute: float | None = Field(description="The customer's speaking rate.")
    model: Model | None


class CourseOut(BaseModel):
    """How the customer's sentiment went, -1 to 1."""

    online: list[float | None] = Field(description="After each turn, from the turns so far.")
    offline: list[float | None] = Field(description="At each turn, from all of them.")
    peak: int | None = Field(description="Number of the customer's turn where it was worst.")
    recovered: bool = Field(
        description="It had gone badly and ended well; a closing that only thanks does not count."
    )
