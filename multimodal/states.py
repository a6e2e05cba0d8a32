"""From fused answers to what a supervisor reads: one level and one state, one documented table.

Seven emotions are the models' language and stay in the details. Conversations get a **level**:

    level             when (the customer's turns so far; the first line that holds)
    heated 激烈        state anger in at least 2 of the last 3 usable turns
    dissatisfied 不满  the running risk of ending dissatisfied is at least .5
    watch 关注         the risk is at least .25, or the last usable turn's state is a negative one
    calm 平稳          otherwise

and turns, and through its last usable turn the conversation, get a **state**:

    state             from the fused answer
    anger 愤怒         angry
    dissatisfied 不满  disgust (a customer is displeased with a bill, not disgusted by it)
    low 低落           sad
    worried 担忧       fear
    satisfied 满意     happy
    surprised 惊讶     surprise
    calm 平静          neutral
    undecided 无法判断  no usable modality; or confidence below .35

A turn is usable if any modality was. Negative states are anger, dissatisfied, low and worried.
The level is a rule (规则) over inferences (推断); nothing of it is measured (实测) in the world.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from multimodal.emotions import UNKNOWN, Emotion
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn

HEATED_TURNS = (2, 3)
"""Angry turns among the last so many usable ones."""
RISK_DISSATISFIED = 0.5
RISK_WATCH = 0.25
LEAST_CONFIDENCE = 0.35
"""Below this confidence no state is named."""


class Level(StrEnum):
    """How much a conversation needs a supervisor, least first."""

    CALM = "calm"
    WATCH = "watch"
    DISSATISFIED = "dissatisfied"
    HEATED = "heated"


class State(StrEnum):
    """What a supervisor reads of the customer."""

    CALM = "calm"
    SATISFIED = "satisfied"
    SURPRISED = "surprised"
    WORRIED = "worried"
    LOW = "low"
    DISSATISFIED = "dissatisfied"
    ANGER = "anger"
    UNDECIDED = "undecided"


NEGATIVE_STATES = (State.ANGER, State.DISSATISFIED, State.LOW, State.WORRIED)
LEVEL_NAMES: Mapping[Level, str] = dict(zip(Level, ("平稳", "关注", "不满", "激烈"), strict=True))
STATE_NAMES: Mapping[State, str] = dict(
    zip(State, ("平静", "满意", "惊讶", "担忧", "低落", "不满", "愤怒", "无法判断"), strict=True)
)
_STATE_OF: Mapping[str, State] = {
    Emotion.NEUTRAL: State.CALM,
    Emotion.HAPPY: State.SATISFIED,
    Emotion.SAD: State.LOW,
    Emotion.ANGRY: State.ANGER,
    Emotion.SURPRISE: State.SURPRISED,
    Emotion.DISGUST: State.DISSATISFIED,
    Emotion.FEAR: State.WORRIED,
    UNKNOWN: State.UNDECIDED,
}


@dataclass(frozen=True, slots=True)
class ConversationView:
    """What a supervisor reads of a conversation.

    Attributes:
        level: See the table above.
        state: The state of the customer's last usable turn.
        reason_turn: Index of the turn that gave the level its reason, or None if it is calm: the
            last angry turn, else the last negative one, else the one after which the risk stood
            highest.
    """

    level: Level
    state: State
    reason_turn: int | None


def state_of(answer: FusedAnswer) -> State:
    """The state that one turn's fused answer stands for."""
    if answer.label != UNKNOWN and answer.confidence < LEAST_CONFIDENCE:
        return State.UNDECIDED
    return _STATE_OF[answer.label]


def view(scored: ScoredConversation) -> ConversationView:
    """Level and state of a conversation so far; a pure function of what was scored."""
    usable = [
        (index, turn) for index, turn in enumerate(scored.turns) if turn.answer.label != UNKNOWN
    ]
    if not usable:
        return ConversationView(Level.CALM, State.UNDECIDED, None)
    needed, window = HEATED_TURNS
    angry = _in_state(usable[-window:], (State.ANGER,))
    negative = _in_state(usable[-1:], NEGATIVE_STATES)
    if len(angry) >= needed:
        level = Level.HEATED
    elif scored.risk >= RISK_DISSATISFIED:
        level = Level.DISSATISFIED
    elif scored.risk >= RISK_WATCH or negative:
        level = Level.WATCH
    else:
        level = Level.CALM
    reason: int | None = None
    if level is not Level.CALM:
        # The words that a supervisor should see: the most telling turn, and the latest of those.
        telling = angry or _in_state(usable, NEGATIVE_STATES)
        highest = max(usable, key=lambda item: item[1].risk)[0]
        reason = telling[-1] if telling else highest
    return ConversationView(level, state_of(usable[-1][1].answer), reason)


def _in_state(turns: Iterable[tuple[int, ScoredTurn]], states: Collection[State]) -> list[int]:
    return [index for index, turn in turns if state_of(turn.answer) in states]
