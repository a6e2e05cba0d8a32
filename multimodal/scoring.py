"""What every modality and every fuser agrees on: inputs, protocols, and what comes out.

A scorer is found through the entry point group `multimodal.scorers`, a fuser through
`multimodal.fusers` (see `multimodal.plugins`). A fourth modality (heart rate, EEG, eye tracking) is
a new package with a class that satisfies `Scorer` and one line of metadata.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import (
    EMOTIONS,
    UNKNOWN,
    EmotionScores,
    FloatArray,
    ModelInfo,
)
from multimodal.tags import Tagged
from multimodal.thresholds import FIXED, Thresholds

TEXT = "text"
VOICE = "voice"
FACE = "face"
MODALITIES: tuple[str, ...] = (TEXT, VOICE, FACE)
"""The three modalities that the product ships. A plug-in adds a name of its own."""

DISAGREES = 0.2
"""Chance of a contradiction between the channels from which a turn is flagged; it is three times
what EmotionTalk has, and its precision and recall stand in the card of the fuser."""

Need = Literal["text", "audio", "frames"]
"""What a scorer reads of a turn. The pipeline hands over this and nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        time: Seconds from the start of the conversation.
        image: RGB uint8 (height, width, 3).
    """

    time: float
    image: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TurnInput:
    """What a scorer is given of one turn: only what it needs and what policy permits.

    Attributes:
        turn: The turn itself. A scorer that does not need text gets it with its text removed.
        previous: The turns before it, oldest first, words only; agents' words are context.
        language: BCP 47 tag of the conversation.
        audio: float32 (n,), in [-1, 1], of the customer alone; None where there is none.
        rate: Sample rate of `audio` in Hz, else None.
        frames: Opens the turn's pictures, lazily, in the order of time, each cut to the customer's
            region; None where there are none.
        state: What this scorer returned as `EmotionScores.state` for this speaker's turn before,
            or None for the first.
        reason: Why audio or frames that the scorer needs are not there (policy, no recording).
        crosstalk: Share of the turn in which others speak too, on whatever channel, in [0, 1].
        usual: What this scorer returned as its last state in this customer's earlier conversations,
            the latest first, where the site allows that to be kept.
    """

    turn: Turn
    previous: tuple[Turn, ...] = ()
    language: str = "zh"
    audio: FloatArray | None = None
    rate: int | None = None
    frames: Callable[[], Iterator[Frame]] | None = None
    state: Mapping[str, Any] | None = None
    reason: str = ""
    crosstalk: float = 0.0
    usual: tuple[Mapping[str, Any], ...] = ()


@runtime_checkable
class Scorer(Protocol):
    """Emotion scores of turns in one modality.

    A scorer holds no state between calls, changes nothing process-wide, never opens a network
    connection, and answers a turn it can make nothing of with `EmotionScores.missing(reason)`.

    Attributes:
        modality: The name under which its scores are kept (`text`, `voice`, `face`, or its own).
        needs: What it reads. Whoever needs audio or frames never sees an agent's turn.
        stateful: Whether it carries `EmotionScores.state` from one turn of a speaker to the next.
            A stateful scorer is given a speaker's turns in order; one that is not gets the turns
            of many conversations in one batch.
    """

    modality: str
    needs: frozenset[Need]
    stateful: bool

    @property
    def info(self) -> ModelInfo:
        """The model that answers."""
        ...

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        """One answer per input, in the order of the inputs."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class FusedAnswer:
    """One calibrated answer for one turn, from all modalities that had something to say.

    Attributes:
        probabilities: float32 (7,), in the order of `EMOTIONS`, summing to 1; uniform if unknown.
        label: The most probable emotion, or `unknown`, exactly when no modality is usable.
        confidence: Calibrated probability that the label is right, in [0, 1]; 0 if unknown.
        valence: In [-1, 1].
        contributions: How much each usable modality moved the answer, summing to 1.
        disagreement: Calibrated chance that people who judge each channel alone find one positive
            and another negative, in [0, 1]; 0 with fewer than two. See `disagrees`.
        model: Which fuser answered; None if unknown.
        reason: Why the answer is unknown, else empty.
    """

    probabilities: FloatArray
    label: str
    confidence: float
    valence: float
    contributions: Mapping[str, float] = field(default_factory=dict)
    disagreement: float = 0.0
    model: ModelInfo | None = None
    reason: str = ""

    @property
    def disagrees(self) -> bool:
        """Whether the channels contradict each other so likely that a person should listen."""
        return self.disagreement >= DISAGREES

    @classmethod
    def unknown(cls, reason: str) -> FusedAnswer:
        """No answer, because no modality is usable."""
        uniform = np.full(len(EMOTIONS), 1 / len(EMOTIONS), dtype=np.float32)
        return cls(uniform, UNKNOWN, 0.0, 0.0, reason=reason)

    def to_json(self) -> dict[str, Any]:
        """The answer as a JSON object."""
        return {
            "label": self.label,
            "probabilities": [round(float(value), 5) for value in self.probabilities],
            "confidence": round(self.confidence, 4),
            "valence": round(self.valence, 4),
            "contributions": {name: round(v, 4) for name, v in self.contributions.items()},
            "disagreement": round(self.disagreement, 4),
            "model": self.model.to_json() if self.model else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Trajectory:
    """How a conversation went, from the customer's turns in their order.

    Attributes:
        risk: Per turn of the conversation (agents' too), the running risk in [0, 1] that the
            customer ends dissatisfied, from the turns up to and including this one.
        sentiment: Customer sentiment per quarter of the customer's own time, each in [-5, 5], or
            None for a quarter without a usable turn.
        shift: Last minus first known quarter, in [-10, 10]; None with fewer than two.
        talk_seconds: Seconds of talk per role, for turns with times.
        silence_seconds: Seconds in which nobody speaks, between the first and the last turn.
        overlap_seconds: Seconds in which more than one party speaks.
        characters_per_minute: The customer's speaking rate; None without times or words.
        model: Which trajectory model gave the risk.
    """

    risk: tuple[float, ...] = ()
    sentiment: tuple[float | None, float | None, float | None, float | None] = (None,) * 4
    shift: float | None = None
    talk_seconds: Mapping[str, float] = field(default_factory=dict)
    silence_seconds: float = 0.0
    overlap_seconds: float = 0.0
    characters_per_minute: float | None = None
    model: ModelInfo | None = None

    def to_json(self) -> dict[str, Any]:
        """The trajectory as a JSON object."""
        return {
            "risk": [round(value, 4) for value in self.risk],
            "sentiment": list(self.sentiment),
            "shift": self.shift,
            "talk_seconds": dict(self.talk_seconds),
            "silence_seconds": self.silence_seconds,
            "overlap_seconds": self.overlap_seconds,
            "characters_per_minute": self.characters_per_minute,
            "model": self.model.to_json() if self.model else None,
        }


@runtime_checkable
class Fuser(Protocol):
    """Scores of one turn to one answer, and a conversation's answers to its trajectory."""

    @property
    def info(self) -> ModelInfo:
        """The model that answers."""
        ...

    def fuse(self, turns: Sequence[Mapping[str, EmotionScores]]) -> list[FusedAnswer]:
        """One answer per turn, in order, each from its scores alone; missing ones are absent.

        Args:
            turns: For each turn, its scores by modality.
        """
        ...

    def track(
        self,
        conversation: Conversation,
        scores: Sequence[Mapping[str, EmotionScores]],
        answers: Sequence[FusedAnswer],
    ) -> Trajectory:
        """The trajectory of a conversation so far.

        It is causal: the risk at a turn depends on nothing after it.

        Args:
            conversation: The conversation, with as many turns as there are answers.
            scores: Each turn's scores by modality.
            answers: Each turn's fused answer.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTurn:
    """One turn with everything that was found out about it.

    Attributes:
        turn: The turn.
        scores: One entry for every installed modality, missing ones with their reason.
        answer: The fused answer.
        risk: The running risk after this turn, in [0, 1].
        tags: What it says or sounds like, see `multimodal.tags`.
    """

    turn: Turn
    scores: Mapping[str, EmotionScores]
    answer: FusedAnswer
    risk: float
    tags: tuple[Tagged, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ScoredConversation:
    """One conversation with its scored turns and its trajectory.

    Attributes:
        conversation: What came in.
        turns: One per turn of the conversation, in its order.
        trajectory: How it went.
        notes: What a person should know about how it was scored (a silent channel, identical
            channels, a recording that could not be read).
        states: By modality and speaker, what its scorer wants with the speaker's next turn (see
            `EmotionScores.state`): what a live conversation is resumed from.
        thresholds: From which risk on it is watched.
    """

    conversation: Conversation
    turns: tuple[ScoredTurn, ...]
    trajectory: Trajectory
    notes: tuple[str, ...] = ()
    states: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    thresholds: Thresholds = FIXED

    @property
    def risk(self) -> float:
        """The risk after the last turn, 0 for a conversation without turns."""
        return self.turns[-1].risk if self.turns else 0.0

    @property
    def customer_turns(self) -> tuple[ScoredTurn, ...]:
        """The turns whose emotion is scored at all: the customer's, and those of unknown role."""
        return tuple(t for t in self.turns if t.turn.role in (Role.CUSTOMER, Role.UNKNOWN))
