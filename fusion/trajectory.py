"""How a conversation went: sentiment per quarter, talk, silence, overlap, pace, and the risk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from fusion.history import history
from fusion.loglinear import Array
from fusion.risk import CHARACTERS_PER_WORD, RiskModel
from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, NEGATIVE, POSITIVE, UNKNOWN, Emotion, EmotionScores
from multimodal.scoring import TEXT, FusedAnswer, Trajectory
from multimodal.talk import talk_times

Quarters = tuple[float | None, float | None, float | None, float | None]
TURN_SATISFACTION = "turn_satisfaction"

_POSITIVE = [EMOTIONS.index(emotion) for emotion in POSITIVE]
_NEGATIVE = [EMOTIONS.index(emotion) for emotion in NEGATIVE]
_SURPRISE = EMOTIONS.index(Emotion.SURPRISE)
EMOTIONS_OF = (_NEGATIVE, [EMOTIONS.index(Emotion.NEUTRAL), _SURPRISE], _POSITIVE)
"""Indices of the emotions that make up each sentiment, where surprise has no known valence."""


def trajectory(
    model: RiskModel,
    conversation: Conversation,
    scores: Sequence[Mapping[str, EmotionScores]],
    answers: Sequence[FusedAnswer],
) -> Trajectory:
    """The trajectory of a conversation so far.

    Only turns of the role `customer` have a sentiment. An agent's turn changes the risk by its
    presence and length alone; a turn of unknown role leaves it as it was.

    Args:
        model: Gives the risk.
        conversation: The conversation, with as many turns as there are answers.
        scores: Each turn's scores by modality.
        answers: Each turn's fused answer.
    """
    turns = conversation.turns
    own = [i for i, turn in enumerate(turns) if turn.role is Role.CUSTOMER]
    emotional, blended = turn_sentiments(conversation, scores, answers, model.head_share)
    sentiment = quarters([turns[i] for i in own], emotional[own])
    ends = [value for value in sentiment if value is not None]
    talk, silence, overlap = talk_times(turns)
    return Trajectory(
        risk=tuple(float(p) for p in outcomes(model, turns, blended)[:, 0]),
        sentiment=sentiment,
        shift=ends[-1] - ends[0] if len(ends) > 1 else None,
        talk_seconds=talk,
        silence_seconds=silence,
        overlap_seconds=overlap,
        characters_per_minute=pace(turns),
        model=model.info,
    )


def outcomes(model: RiskModel, turns: Sequence[Turn], sentiment: ArrayLike) -> Array:
    """After each turn, how the conversation will end, calibrated: float64 (n, 3).

    Args:
        model: The risk model.
        turns: The conversation's turns.
        sentiment: (n, 3), zeros for turns without a sentiment.
    """
    heard = np.array([turn.role is not Role.UNKNOWN for turn in turns], dtype=bool)
    # Before anybody of known role has spoken the risk is the one after an empty agent's turn.
    start = history([False], np.zeros((1, 3)), [0])
    known = [turn for turn in turns if turn.role is not Role.UNKNOWN]
    after = of_turns(known, np.asarray(sentiment).reshape(-1, 3)[heard])
    answers: Array = model.calibrated(np.concatenate([start, after]))[np.cumsum(heard)]
    return answers


def of_turns(turns: Sequence[Turn], sentiment: ArrayLike) -> Array:
    """What the risk model reads after each turn; see `fusion.history.history`.

    Args:
        turns: Turns of known roles.
        sentiment: (n, 3), zeros for turns without a sentiment.
    """
    customer = [turn.role is Role.CUSTOMER for turn in turns]
    words = [len(turn.text) / CHARACTERS_PER_WORD for turn in turns]
    return history(customer, sentiment, words)


def turn_sentiments(
    conversation: Conversation,
    scores: Sequence[Mapping[str, EmotionScores]],
    answers: Sequence[FusedAnswer],
    head_share: float,
) -> tuple[Array, Array]:
    """What each turn felt like, from the emotions alone and as the risk is computed from it.

    Both are float64 (n, 3), and zeros for all but the customer's known turns.

    Args:
        conversation: The conversation.
        scores: Each turn's scores by modality.
        answers: Each turn's fused answer.
        head_share: See `blend`.
    """
    emotional, blended = np.zeros((2, len(conversation.turns), 3))
    for i, (turn, scored, answer) in enumerate(
        zip(conversation.turns, scores, answers, strict=True)
    ):
        if turn.role is Role.CUSTOMER and answer.label != UNKNOWN:
            emotional[i] = turn_sentiment(answer, scored)
            blended[i] = blend(emotional[i], scored, head_share)
    return emotional, blended


def turn_sentiment(answer: FusedAnswer, scores: Mapping[str, EmotionScores]) -> Array:
    r"""P(negative), P(neutral), P(positive) of a fused answer, float64 (3,); zeros if unknown.

    An answer that rests on little is mostly the fuser's prior, which says nothing about this turn.
    It is therefore mixed with neutral: `a` x sentiment + (1 - `a`) x (0, 1, 0), where

        a = 1 - \prod_m (1 - r_m)

    is the chance that at least one modality was usable, its reliability `r_m` read as a chance.

    Args:
        answer: The turn's fused answer.
        scores: The turn's scores by modality; reliability 0 is the same as absent.
    """
    if answer.label == UNKNOWN:
        return np.zeros(3)
    p = answer.probabilities.astype(np.float64)
    read = sentiment_of(p, answer.valence - float(p[_POSITIVE].sum() - p[_NEGATIVE].sum()))
    usable = 1 - float(np.prod([1 - score.reliability for score in scores.values()]))
    return usable * read + (1 - usable) * np.array([0.0, 1.0, 0.0])


def sentiment_of(probabilities: Array, of_surprise: float) -> Array:
    """P(negative), P(neutral), P(positive) of a distribution over the emotions, float64 (3,).

    Surprise counts by its valence, the rest of its probability is neutral.

    Args:
        probabilities: (7,).
        of_surprise: The valence that surprise brings into the answer, in [-1, 1]; no more than its
            probability counts.
    """
    surprise = probabilities[_SURPRISE]
    brought = float(np.clip(of_surprise, -surprise, surprise))
    negative = probabilities[_NEGATIVE].sum() + max(-brought, 0.0)
    positive = probabilities[_POSITIVE].sum() + max(brought, 0.0)
    return np.array([negative, max(1.0 - negative - positive, 0.0), positive])


def blend(sentiment: Array, scores: Mapping[str, EmotionScores], share: float) -> Array:
    """The sentiment from which the risk is computed: emotion and the words' satisfaction.

    Args:
        sentiment: (3,), from the fused answer.
        scores: The turn's scores; the text model's head `turn_satisfaction` is used where present.
        share: How much the head counts where the text is fully reliable, in [0, 1].
    """
    text = scores.get(TEXT)
    if text is None or text.is_missing or TURN_SATISFACTION not in text.heads:
        return sentiment
    head = text.heads[TURN_SATISFACTION].astype(np.float64)
    weight = share * text.reliability
    return np.asarray((1 - weight) * sentiment + weight * head)


def quarters(turns: Sequence[Turn], sentiment: Array) -> Quarters:
    """Sentiment per quarter of the customer's own time, each in [-5, 5].

    5 (positive - negative) / n over the turns that start in the quarter, as Amazon Transcribe Call
    Analytics defines it; with probabilities instead of labels, their expectation. The time runs
    from the conversation's start to the end of the customer's last turn. Where a turn has no time,
    quarters of the sequence of turns are taken.

    Args:
        turns: The customer's turns.
        sentiment: (n, 3); rows of zeros are turns without a usable answer and do not count.
    """
    starts = [turn.start for turn in turns]
    horizon = max((turn.end or turn.start or 0.0 for turn in turns), default=0.0)
    if horizon > 0 and None not in starts:
        position = np.array(starts, dtype=np.float64) / horizon
    else:
        position = np.arange(len(turns)) / max(len(turns), 1)
    quarter = np.clip((4 * position).astype(int), 0, 3)
    known = sentiment.sum(axis=1) > 0
    means: list[float | None] = []
    for q in range(4):
        rows = sentiment[known & (quarter == q)]
        means.append(5 * float((rows[:, 2] - rows[:, 0]).mean()) if len(rows) else None)
    return means[0], means[1], means[2], means[3]


def pace(turns: Sequence[Turn]) -> float | None:
    """The customer's characters per minute of talk (spaces not counted), or None if not known."""
    spoken = [
        ("".join(turn.text.split()), turn.duration)
        for turn in turns
        if turn.role is Role.CUSTOMER and turn.duration is not None and turn.text.strip()
    ]
    seconds = sum(duration for _, duration in spoken if duration is not None)
    return 60 * sum(len(text) for text, _ in spoken) / seconds if seconds else None
