"""What the player of a conversation is told, with units, ranges and examples."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.conversation_schemas import MediaOut
from app.api.schemas import Channel, Emotion, Label, Probability, Role, example
from multimodal.tags import Basis, Tag

_TURN: dict[str, Any] = {
    "role": "customer",
    "agent_id": "",
    "text": "都三天了还没发货！",
    "at": 2.0,
    "until": 4.5,
    "timed": True,
    "risk": 0.61,
    "label": "angry",
    "confidence": 0.7,
    "valence": -0.88,
    "state": "anger",
    "reason": "",
    "disagree": False,
    "by": {
        "text": {
            "label": "angry",
            "probability": 0.7,
            "valence": -0.88,
            "reliability": 0.8,
            "reason": "",
        }
    },
    "words": [[4, 8]],
    "tags": [{"tag": "urge", "basis": "rule"}],
    "why": "语气明显激动（比本人平时高 4.2 个半音）。",
    "sound": "",
    "face": [{"label": "angry", "at": 2.4, "weight": 0.8}],
    "vendor": {"sentiment": "NEGATIVE"},
}
_MOMENT: dict[str, Any] = {
    "kind": "anger",
    "turn": 2,
    "at": 2.0,
    "hot": True,
    "name": "",
    "severity": "",
    "words": "都三天了还没发货！",
    "seconds": None,
}


class ReplayScore(BaseModel):
    """What one modality's model said of a turn."""

    label: Label
    probability: Probability
    valence: float | None = Field(ge=-1, le=1)
    reliability: Probability = Field(description="0: nothing usable was there; see `reason`.")
    reason: str


class FaceMoment(BaseModel):
    """What a face showed when."""

    label: Emotion
    at: float = Field(description="Seconds from the conversation's start.")
    weight: float = Field(ge=-1, le=1)


class ReplayTag(BaseModel):
    """An event tag, and what it rests on."""

    tag: Tag
    basis: Basis


class ReplayTurn(BaseModel):
    """A turn in its place; agents' turns carry no emotion."""

    model_config = example(_TURN)
    role: Role
    agent_id: str
    text: str
    at: float = Field(description="Seconds of the replay at which it begins.")
    until: float
    timed: bool = Field(description="Whether its start is known; else it follows the one before.")
    risk: Probability
    label: Label
    confidence: Probability
    valence: float = Field(ge=-1, le=1)
    state: str = Field(description="What a supervisor reads; empty for agents and bots.")
    reason: str
    disagree: bool = Field(description="Whether the channels contradict each other.")
    by: dict[str, ReplayScore] = Field(description="By modality.")
    words: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="Half-open spans of characters that speak for the words' answer."
    )
    tags: list[ReplayTag] = Field(description="What it says or sounds like.")
    why: str = Field(description="Why it was judged so, in a sentence; empty for agents and bots.")
    sound: str = Field(description="What is wrong with the recording of the voice, in words.")
    face: list[FaceMoment]
    vendor: dict[str, Any] = Field(description="What the source platform says, to compare with.")


class Moment(BaseModel):
    """A place that is worth going to."""

    model_config = example(_MOMENT)
    kind: Literal["alert", "anger", "dissatisfied", "disagreement", "overlap", "silence"]
    turn: int = Field(ge=1, description="The turn; for a silence the one that ends it.")
    at: float = Field(description="Seconds of the replay.")
    hot: bool = Field(description="An alert, or where the customer turns angry or dissatisfied.")
    name: str = Field(description="The rule of an alert.")
    severity: str = Field(description="Of an alert.")
    words: str
    seconds: float | None = Field(description="How long a silence or an overlap is.")


class StandingCorrection(BaseModel):
    """A correction that was not undone."""

    id: int
    turn: int
    label: Emotion


class ReplayOut(BaseModel):
    """A conversation as it is replayed."""

    model_config = example(
        {
            "id": 12,
            "channel": "chat",
            "timed": True,
            "length": 4.5,
            "turns": [_TURN],
            "moments": [_MOMENT],
            "media": [],
            "corrections": [],
        }
    )
    id: int
    channel: Channel
    timed: bool = Field(description="Whether any turn has a time; else turns follow each other.")
    length: float = Field(description="Seconds of the replay, without recordings.")
    turns: list[ReplayTurn]
    moments: list[Moment] = Field(description="In the order of time.")
    media: list[MediaOut]
    corrections: list[StandingCorrection]


class PeaksOut(BaseModel):
    """The outline of a recording's sound."""

    model_config = example({"seconds": 61.2, "channels": [[0, 255], [12, 3]]})
    seconds: float = Field(description="Its length, as decoded.")
    channels: list[list[Annotated[int, Field(ge=0, le=255)]]] = Field(
        description="By channel, the largest amplitude in equally long parts; at most 2,400."
    )
