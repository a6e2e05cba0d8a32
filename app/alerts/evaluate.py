"""Whether a rule is met by a conversation so far: pure functions.

A turn of which the face alone speaks is left out before anything is asked: see `grounded`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

import numpy as np

from app.alerts.rules import Rule
from multimodal.conversation import Channel, Conversation, Role
from multimodal.emotions import EMOTIONS, UNKNOWN
from multimodal.scoring import FACE, FusedAnswer, Fuser, ScoredConversation, ScoredTurn
from multimodal.states import HEATED_TURNS, Level, state_of, view

FACE_ALONE = 0.5
"""Above this share of an answer the face alone speaks."""
MEAN_TURNS = 3
"""Usable turns over which sentiment is averaged for its drop."""
OVERLAPPING_TURNS = 8
"""Turns before a turn that may still be spoken when it begins."""
_CUSTOMER = (Role.CUSTOMER, Role.UNKNOWN)
_LEVELS = tuple(Level)
_OF_ANSWERS = ("level", "state", "emotion", "disagreement", "sentiment_drop")
_LEFT_OUT = "the face alone speaks of it, which raises no alert"


def grounded(scored: ScoredConversation, fuser: Fuser) -> ScoredConversation:
    """The conversation as it would be without the turns of which the face alone speaks.

    A face alone never raises an alert: in poor light or at an odd angle it is wrong too often, and
    nobody should be called because of how they look. Where most of an answer comes from the face,
    the turn counts as unknown, and the risk is what the other turns give.

    Args:
        scored: The conversation so far.
        fuser: Gives the risk anew.
    """
    alone = {
        index
        for index, turn in enumerate(scored.turns)
        if turn.answer.contributions.get(FACE, 0.0) > FACE_ALONE
    }
    if not alone:
        return scored
    answers = [
        FusedAnswer.unknown(_LEFT_OUT) if index in alone else turn.answer
        for index, turn in enumerate(scored.turns)
    ]
    scores = [
        {name: one for name, one in turn.scores.items() if index not in alone or name != FACE}
        for index, turn in enumerate(scored.turns)
    ]
    trajectory = fuser.track(scored.conversation, scores, answers)
    turns = tuple(
        ScoredTurn(turn.turn, given, answer, risk, turn.tags)
        for turn, given, answer, risk in zip(
            scored.turns, scores, answers, trajectory.risk, strict=True
        )
    )
    return replace(scored, turns=turns, trajectory=trajectory)


def evaluate(rule: Rule, scored: ScoredConversation, at: datetime, idle: float = 0.0) -> int | None:
    """Whether a rule is met now.

    Args:
        rule: The rule.
        scored: The conversation so far, from `grounded`.
        at: Now, in the site's zone.
        idle: Seconds since the last turn came.

    Returns:
        Number of the turn that caused it, from 1; None where the rule is not met. As long as the
        same thing goes on it stays the same number, so that one thing is told once.
    """
    if not scored.turns or not _in_scope(rule, scored.conversation, at):
        return None
    if rule.metric == "silence":
        index = _silent(rule, scored, idle)
    elif rule.metric == "waiting":
        index = _waiting(rule, scored, idle)
    elif rule.seconds:
        index = _lasting(rule, scored, idle)
    else:
        asked = islice(_asked(rule, scored), rule.window)
        met = [cause for i in asked if (cause := _cause(rule, scored, i)) is not None]
        index = max(met) if len(met) >= rule.needed else None
    return None if index is None else index + 1


def _in_scope(rule: Rule, conversation: Conversation, at: datetime) -> bool:
    return (
        (not rule.queues or conversation.queue in rule.queues)
        and (not rule.channels or conversation.channel in rule.channels)
        and rule.holds_at(at.time())
    )


def _asked(rule: Rule, scored: ScoredConversation) -> Iterator[int]:
    """Indices of the turns that a rule is asked of, the latest first."""
    for index in range(len(scored.turns) - 1, -1, -1):
        turn = scored.turns[index]
        if turn.turn.role in _CUSTOMER and (
            rule.metric not in _OF_ANSWERS or turn.answer.label != UNKNOWN
        ):
            yield index


def _usable(scored: ScoredConversation, before: int) -> Iterator[int]:
    """Indices below `before` of turns with an answer, the latest first."""
    return (i for i in range(before - 1, -1, -1) if scored.turns[i].answer.label != UNKNOWN)


def _cause(rule: Rule, scored: ScoredConversation, index: int) -> int | None:
    """The turn that a turn meets a rule because of, None where it does not meet it."""
    if rule.metric == "level":
        return _level_cause(rule, scored, index)
    turn = scored.turns[index]
    limit = rule.threshold or 0.0
    match rule.metric:
        case "state":
            met = state_of(turn.answer, turn.scores).value in rule.choices
        case "tag":
            met = any(tagged.tag in rule.choices for tagged in turn.tags)
        case "emotion":
            chosen = [EMOTIONS.index(emotion) for emotion in EMOTIONS if emotion in rule.choices]
            met = float(turn.answer.probabilities[chosen].sum()) >= limit
        case "risk":
            met = turn.risk >= limit
        case "disagreement":
            met = turn.answer.disagreement >= limit
        case "sentiment_drop":
            met = _dropped(scored, index) >= limit
        case "overlap":
            met = _overlapped(scored, index) >= limit
        case _:
            met = rule.finder().find(turn.turn.text) is not None
    return index if met else None


def _level_cause(rule: Rule, scored: ScoredConversation, index: int) -> int | None:
    # The level follows from the last few usable turns and the risk: no need for those before.
    first = min(islice(_usable(scored, index + 1), HEATED_TURNS[1]), default=index)
    seen = view(replace(scored, turns=scored.turns[first : index + 1]))
    if _LEVELS.index(seen.level) < _LEVELS.index(Level(rule.choices[0])):
        return None
    return index if seen.reason_turn is None else first + seen.reason_turn


def _dropped(scored: ScoredConversation, index: int) -> float:
    """By how much sentiment fell, in [0, 10]: the first three usable turns against the last."""
    so_far = (turn.answer for turn in islice(scored.turns, index + 1))
    first = list(islice((a.valence for a in so_far if a.label != UNKNOWN), MEAN_TURNS))
    recent = islice(_usable(scored, index + 1), MEAN_TURNS)
    last = [scored.turns[i].answer.valence for i in recent]
    if not first:
        return 0.0
    return max(0.0, 5 * float(np.mean(first) - np.mean(last)))


def _overlapped(scored: ScoredConversation, index: int) -> float:
    """Seconds for which others who were speaking when a turn began went on."""
    turn = scored.turns[index].turn
    if turn.start is None or turn.end is None:
        return 0.0
    together = 0.0
    for before in scored.turns[max(0, index - OVERLAPPING_TURNS) : index]:
        if before.turn.role is not turn.role and before.turn.end is not None:
            together = max(together, min(before.turn.end, turn.end) - turn.start)
    return together


def _lasting(rule: Rule, scored: ScoredConversation, idle: float) -> int | None:
    """The turn since which a rule is met, if that is long enough ago."""
    since: int | None = None
    age = 0.0
    for index in _asked(rule, scored):
        if _cause(rule, scored, index) is None:
            break
        known = _age(scored, index, idle)
        if known is None:
            # Turns without times: it has been so at least since the last one came.
            known = idle if since is None else None
        if known is None:
            break
        since, age = index, known
    return since if age >= rule.seconds else None


def _silent(rule: Rule, scored: ScoredConversation, idle: float) -> int | None:
    """The turn after which nothing came for long enough: now, or before the last turn."""
    limit = rule.threshold or 0.0
    last = len(scored.turns) - 1
    if idle >= limit:
        return last
    if last == 0:
        return None
    before, turn = scored.turns[last - 1].turn, scored.turns[last].turn
    if before.end is None or turn.start is None or turn.start - before.end < limit:
        return None
    return last - 1


def _waiting(rule: Rule, scored: ScoredConversation, idle: float) -> int | None:
    """The first of a chat customer's turns without an answer, if that is long enough ago."""
    if scored.conversation.channel is not Channel.CHAT:
        return None
    since: int | None = None
    age = 0.0
    for index in range(len(scored.turns) - 1, -1, -1):
        known = _age(scored, index, idle)
        if scored.turns[index].turn.role is not Role.CUSTOMER or known is None:
            break
        since, age = index, known
    return since if age >= (rule.threshold or 0.0) else None


def _age(scored: ScoredConversation, index: int, idle: float) -> float | None:
    """Seconds since a turn came, None where that is not known."""
    last = scored.turns[-1].turn
    if index == len(scored.turns) - 1:
        return idle
    turn = scored.turns[index].turn
    then = turn.start if turn.end is None else turn.end
    now = last.start if last.end is None else last.end
    return None if then is None or now is None else idle + max(0.0, now - then)
