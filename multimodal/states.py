"""From fused answers to what a supervisor reads: level, state and tags, one documented table.

Seven emotions are the models' language and stay in the details. Conversations get a **level**,
which is a rule (规则):

    level             when (the customer's turns so far; the first line that holds)
    heated 激烈        state anger in at least 2 of the last 3 usable turns
    dissatisfied 不满  the running risk of ending dissatisfied is at least .5
    watch 关注         the risk is at least .25, or the last usable turn's state is a negative one
    calm 平稳          otherwise

and turns, and through its last usable turn the conversation, get a **state**, which is inferred
(推断):

    state             from the fused answer
    anger 愤怒         angry
    dissatisfied 不满  disgust (a customer is displeased with a bill, not disgusted by it)
    low 低落           sad at low arousal: no channel measured one of .5 or more
                      (sad in an agitated voice is dissatisfied)
    worried 担忧       fear
    satisfied 满意     happy
    surprised 惊讶     surprise
    calm 平静          neutral
    undecided 无法判断  no usable modality; or confidence below .35

The two risks are lower for a customer who is usually calm, where a site sets that
(`multimodal.thresholds`). A turn is usable if any modality was. Negative states are anger,
dissatisfied, low and worried.

Turns have **tags** besides, from words (规则) or from the voice (实测): see `multimodal.tags`. A
conversation in which a customer complains or demands somebody higher shows an escalation signal
(升级信号); it is called no risk, for no outcome was measured against it. The one risk that was is
that of ending dissatisfied (see the card of `fusion/trajectory`). `BASIS` has it all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from multimodal.emotions import UNKNOWN, Emotion, EmotionScores
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn
from multimodal.tags import ESCALATION_SIGNAL, Basis, Tag

HEATED_TURNS = (2, 3)
"""Angry turns among the last so many usable ones."""
HIGH_AROUSAL = 0.5
LEAST_CONFIDENCE = 0.35
"""Below this confidence no state is named."""


BASIS: Mapping[str, Basis] = {
    "level": Basis.RULE,
    "view_state": Basis.INFERRED,
    "emotion": Basis.INFERRED,
    "risk": Basis.INFERRED,
    "sentiment": Basis.INFERRED,
    "escalation_signal": Basis.RULE,
    "talk": Basis.MEASURED,
}
"""What each thing that people read rests on; every tag carries its own."""


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
        tags: Which turns have each tag, by their index, in the order of `Tag`.
    """

    level: Level
    state: State
    reason_turn: int | None
    tags: Mapping[Tag, tuple[int, ...]]

    @property
    def escalation_signal(self) -> bool:
        """Whether the customer complains or demands somebody higher."""
        return any(tag in self.tags for tag in ESCALATION_SIGNAL)


def state_of(
    answer: FusedAnswer, scores: Mapping[str, EmotionScores] = MappingProxyType({})
) -> State:
    """The state that one turn's fused answer stands for.

    Args:
        answer: The answer.
        scores: The turn's scores by modality, for their arousal.
    """
    if answer.label != UNKNOWN and answer.confidence < LEAST_CONFIDENCE:
        return State.UNDECIDED
    state = _STATE_OF[answer.label]
    if state is State.LOW and _arousal(scores) >= HIGH_AROUSAL:
        return State.DISSATISFIED
    return state


def _arousal(scores: Mapping[str, EmotionScores]) -> float:
    """The highest that a usable channel measured, 0 where none did."""
    known = [one.arousal for one in scores.values() if not one.is_missing]
    return max((arousal for arousal in known if arousal is not None), default=0.0)


def view(scored: ScoredConversation) -> ConversationView:
    """Level and state of a conversation so far; a pure function of what was scored."""
    usable = [
        (index, turn) for index, turn in enumerate(scored.turns) if turn.answer.label != UNKNOWN
    ]
    if not usable:
        return ConversationView(Level.CALM, State.UNDECIDED, None, tags_in(scored))
    needed, window = HEATED_TURNS
    angry = _in_state(usable[-window:], (State.ANGER,))
    negative = _in_state(usable[-1:], NEGATIVE_STATES)
    if len(angry) >= needed:
        level = Level.HEATED
    elif scored.risk >= scored.thresholds.dissatisfied:
        level = Level.DISSATISFIED
    elif scored.risk >= scored.thresholds.watch or negative:
        level = Level.WATCH
    else:
        level = Level.CALM
    reason: int | None = None
    if level is not Level.CALM:
        # The words that a supervisor should see: the most telling turn, and the latest of those.
        telling = angry or _in_state(usable, NEGATIVE_STATES)
        highest = max(usable, key=lambda item: item[1].risk)[0]
        reason = telling[-1] if telling else highest
    last = usable[-1][1]
    return ConversationView(level, state_of(last.answer, last.scores), reason, tags_in(scored))


def tags_in(scored: ScoredConversation) -> dict[Tag, tuple[int, ...]]:
    """Which turns have each tag, by their index, in the order of `Tag`; only tags with any."""
    found: dict[Tag, tuple[int, ...]] = {}
    for tag in Tag:
        turns = tuple(
            index
            for index, turn in enumerate(scored.turns)
            if tag in {tagged.tag for tagged in turn.tags}
        )
        if turns:
            found[tag] = turns
    return found


def _in_state(turns: Iterable[tuple[int, ScoredTurn]], states: Collection[State]) -> list[int]:
    return [index for index, turn in turns if state_of(turn.answer, turn.scores) in states]
