"""A conversation as its player needs it: every turn has a place, and the moments are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from app.api import present
from app.store.alert_tables import AlertRow
from app.store.excerpt import excerpt
from app.store.reading import StoredConversation
from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.evidence import Language, quality_in_words
from multimodal.explanation import explanation
from multimodal.formats.turns import loudness
from multimodal.scoring import DISAGREES, VOICE, ScoredTurn
from multimodal.states import State, state_of

CHARACTERS_PER_SECOND = 6.0
"""How fast words without times are replayed: about as fast as they are read."""
LEAST_SECONDS = 1.5
LONG_SILENCE = 5.0
"""Seconds in which nobody speaks that are shown as a moment of a call."""
LONG_WAIT = 60.0
"""The same between two messages of a chat."""
LEAST_OVERLAP = 1.0
EXCERPT = 40
_HOT = (State.ANGER, State.DISSATISFIED)
_STAFF = (Role.AGENT, Role.BOT)
_VENDOR = ("vendor_sentiment", "vendor_emotion", "vendor_sentiment_score", "vendor_rate")

Place = tuple[float, float]
"""From and until when a turn is replayed, in seconds of the replay."""


def replay(
    stored: StoredConversation, alerts: Sequence[AlertRow], language: Language
) -> dict[str, Any]:
    """What the player shows (`replay_schemas.ReplayOut`).

    Args:
        stored: The conversation.
        alerts: What rules found in it.
        language: Of explanations, of what is said of the sound, and of the names of rules.
    """
    conversation = stored.scored.conversation
    placed = places(conversation)
    return {
        "id": stored.row.id,
        "channel": stored.row.channel,
        "timed": any(turn.start is not None for turn in conversation.turns),
        "length": max((until for _, until in placed), default=0.0),
        "turns": [
            _turn(turn, place, language)
            for turn, place in zip(stored.scored.turns, placed, strict=True)
        ],
        "moments": sorted(
            [
                *_alerts(alerts, conversation, placed, language),
                *_felt(stored.scored.turns, placed),
                *_overlaps(conversation.turns, placed),
                *_silences(conversation, placed),
            ],
            key=lambda moment: float(moment["at"]),
        ),
        "media": present.media(stored),
        "corrections": [
            {"id": one.id, "turn": one.number, "label": one.label}
            for one in stored.corrections
            if one.revoked_at is None
        ],
    }


def places(conversation: Conversation) -> list[Place]:
    """When each turn is replayed.

    A turn without a start follows the one before it, for as long as its words take to read; one
    without an end lasts as long as that, but no longer than until the next.
    """
    turns = conversation.turns
    found: list[Place] = []
    for turn in turns:
        at = turn.start if turn.start is not None else (found[-1][1] if found else 0.0)
        read = max(LEAST_SECONDS, len(turn.text) / CHARACTERS_PER_SECOND)
        found.append((at, turn.end if turn.end is not None else at + read))
    for index, (turn, (at, until), following) in enumerate(
        zip(turns, found, found[1:], strict=False)
    ):
        if turn.end is None and at < following[0] < until:
            found[index] = (at, following[0])
    return found


def _turn(scored: ScoredTurn, place: Place, language: Language) -> dict[str, Any]:
    turn, answer = scored.turn, scored.answer
    staff = turn.role in _STAFF
    return {
        "role": turn.role.value,
        "agent_id": turn.agent_id,
        "text": turn.text,
        "at": round(place[0], 3),
        "until": round(place[1], 3),
        "timed": turn.start is not None,
        "risk": round(scored.risk, 3),
        "label": answer.label,
        "confidence": round(answer.confidence, 3),
        "valence": round(answer.valence, 3),
        "state": "" if staff else state_of(answer, scored.scores).value,
        "reason": answer.reason,
        "disagree": answer.disagreement >= DISAGREES,
        "by": {} if staff else {name: _score(one) for name, one in scored.scores.items()},
        "words": _words(scored.scores.get("text"), turn),
        "tags": [{"tag": one.tag.value, "basis": one.basis.value} for one in scored.tags],
        "why": "" if staff else explanation(scored, language),
        "sound": "" if staff else _sound(scored.scores.get(VOICE), language),
        "face": _face(scored.scores.get("face")),
        "vendor": {} if staff else _vendor(turn.attributes),
    }


def _score(scores: EmotionScores) -> dict[str, Any]:
    return {
        "label": scores.label,
        "probability": round(float(scores.probabilities.max()), 3),
        "valence": scores.valence,
        "reliability": round(scores.reliability, 3),
        "reason": scores.reason,
    }


def _words(scores: EmotionScores | None, turn: Turn) -> list[list[int]]:
    """Spans of characters that speak for the words' answer, in order and apart."""
    spans: list[list[int]] = []
    for one in sorted(scores.evidence if scores else (), key=lambda one: one.start or 0.0):
        if one.kind != "word" or one.weight <= 0 or one.start is None or one.end is None:
            continue
        start, end = int(one.start), min(int(one.end), len(turn.text))
        start = max(start, spans[-1][1] if spans else 0)
        if start < end:
            spans.append([start, end])
    return spans


def _sound(scores: EmotionScores | None, language: Language) -> str:
    """What is wrong with the sound; how the voice is stands in the explanation."""
    return quality_in_words(scores.evidence if scores else (), language)


def _face(scores: EmotionScores | None) -> list[dict[str, Any]]:
    """What a face showed when, the strongest first."""
    return [
        {"label": one.name, "at": round(one.start, 2), "weight": one.weight}
        for one in (scores.evidence if scores else ())
        if one.kind == "moment" and one.start is not None
    ]


def _vendor(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the source platform says of a turn, to compare with."""
    said = {name.removeprefix("vendor_"): given.get(name) for name in _VENDOR}
    return {n: v for n, v in (said | {"loudness": loudness(given)}).items() if v is not None}


def _moment(kind: str, turn: int, at: float, *, hot: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind, "turn": turn, "at": round(at, 3), "hot": hot, "name": "", "severity": "",
        "words": "", "seconds": None,
    } | more  # fmt: skip


def _alerts(
    alerts: Sequence[AlertRow], conversation: Conversation, placed: list[Place], language: Language
) -> Iterator[dict[str, Any]]:
    for alert in alerts:
        if 1 <= alert.turn <= len(placed):
            name = alert.rule_name if language == "zh" else alert.rule_name_en or alert.rule_name
            words = excerpt(conversation.turns[alert.turn - 1].text, limit=EXCERPT)
            at = placed[alert.turn - 1][0]
            found = {"name": name, "severity": alert.severity, "words": words}
            yield _moment("alert", alert.turn, at, hot=True, **found)


def _felt(turns: Sequence[ScoredTurn], placed: list[Place]) -> Iterator[dict[str, Any]]:
    """Where the customer turns angry or dissatisfied, and where the channels disagree."""
    before: State | None = None
    for number, (scored, (at, _)) in enumerate(zip(turns, placed, strict=True), start=1):
        if scored.turn.role in _STAFF:
            continue
        words = excerpt(scored.turn.text, limit=EXCERPT)
        state = state_of(scored.answer)
        if state in _HOT and state is not before:
            yield _moment(state.value, number, at, hot=True, words=words)
        if scored.answer.disagreement >= DISAGREES:
            yield _moment("disagreement", number, at, words=words)
        before = state


def _overlaps(turns: Sequence[Turn], placed: list[Place]) -> Iterator[dict[str, Any]]:
    """Where two parties speak at once; turns without an end of their own do not count."""
    ended = [(number, turn) for number, turn in enumerate(turns, start=1) if turn.end is not None]
    for (_, first), (number, second) in pairwise(ended):
        if first.role is second.role or first.end is None or second.start is None:
            continue
        seconds = min(first.end, second.end or second.start) - second.start
        if seconds >= LEAST_OVERLAP:
            at = placed[number - 1][0]
            yield _moment("overlap", number, at, seconds=round(seconds, 1))


def _silences(conversation: Conversation, placed: list[Place]) -> Iterator[dict[str, Any]]:
    """Where nobody speaks for long; `turn` is the one that ends it."""
    least = LONG_WAIT if conversation.channel is Channel.CHAT else LONG_SILENCE
    spoken = 0.0
    for number, (turn, (at, until)) in enumerate(
        zip(conversation.turns, placed, strict=True), start=1
    ):
        if number > 1 and turn.start is not None and at - spoken >= least:
            yield _moment("silence", number, spoken, seconds=round(at - spoken, 1))
        spoken = max(spoken, until)
