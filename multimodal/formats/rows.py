"""Scored conversations as rows, one a turn: the columns of CSV and Parquet, defined once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from multimodal.conversation import Role
from multimodal.emotions import EMOTIONS, UNKNOWN
from multimodal.formats.turns import loudness
from multimodal.scoring import MODALITIES, ScoredConversation, ScoredTurn

Kind = Literal["text", "id", "number", "integer"]
"""`text` is free text from people, which a spreadsheet must not take for a formula; `id` is text
that joins rows to other systems and stays as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Its header.
        kind: What stands in it; an absent value is None, an empty cell in CSV.
        meaning: What it says, with unit and range.
        value: Takes it from a conversation, a turn of it, and the turn's number from 1.
    """

    name: str
    kind: Kind
    meaning: str
    value: Callable[[ScoredConversation, ScoredTurn, int], Any]


def to_rows(scored: ScoredConversation) -> Iterator[dict[str, Any]]:
    """One row for each turn, in the order of `COLUMNS`."""
    for number, turn in enumerate(scored.turns, start=1):
        yield {column.name: column.value(scored, turn, number) for column in COLUMNS}


def _started_at(scored: ScoredConversation, _turn: ScoredTurn, _number: int) -> str | None:
    started = scored.conversation.started_at
    return started.isoformat() if started else None


def _emotion(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> str | None:
    """Agents and bots have no emotion at all, which is another thing than `unknown`."""
    return None if turn.turn.role in (Role.AGENT, Role.BOT) else turn.answer.label


def _known(value: Callable[[ScoredTurn], float]) -> Callable[..., float | None]:
    """A part of the fused answer, None where there is no answer."""

    def take(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> float | None:
        return round(float(value(turn)), 5) if turn.answer.label != UNKNOWN else None

    return take


def _probability(index: int) -> Callable[..., float | None]:
    return _known(lambda turn: turn.answer.probabilities[index])


def _modality(name: str) -> list[Column]:
    def label(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> str | None:
        scores = turn.scores.get(name)
        return None if scores is None or scores.is_missing else scores.label

    def reliability(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> float | None:
        scores = turn.scores.get(name)
        return None if scores is None else round(float(scores.reliability), 5)

    def reason(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> str | None:
        scores = turn.scores.get(name)
        return scores.reason if scores is not None and scores.is_missing else None

    return [
        Column(f"{name}_emotion", "text", f"most probable emotion from {name} alone", label),
        Column(
            f"{name}_reliability", "number", "0..1; 0 where nothing usable was there", reliability
        ),
        Column(f"{name}_missing", "text", f"why {name} said nothing", reason),
    ]


def _of_conversation(attribute: str) -> Callable[..., Any]:
    return lambda scored, _turn, _number: getattr(scored.conversation, attribute) or None


def _of_turn(attribute: str) -> Callable[..., Any]:
    def take(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> Any:
        value = getattr(turn.turn, attribute)
        return None if value == "" else value

    return take


def _vendor(key: str) -> Callable[..., str | None]:
    """What the vendor calls the customer's mood. Of agents none is given, no vendor's either."""

    def take(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> str | None:
        attributes: Mapping[str, Any] = turn.turn.attributes
        if turn.turn.role in (Role.AGENT, Role.BOT) or attributes.get(key) is None:
            return None
        return str(attributes[key])

    return take


def _vendor_score(_scored: ScoredConversation, turn: ScoredTurn, _number: int) -> float | None:
    if turn.turn.role in (Role.AGENT, Role.BOT):
        return None
    return _number_under("vendor_sentiment_score", turn)


def _number_under(key: str, turn: ScoredTurn) -> float | None:
    value = turn.turn.attributes.get(key)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


COLUMNS: tuple[Column, ...] = (
    Column("conversation_id", "id", "id of the source", _of_conversation("external_id")),
    Column("source", "id", "system or format it comes from", _of_conversation("source")),
    Column("contact", "id", "phone, video or chat", _of_conversation("channel")),
    Column("started_at", "id", "ISO 8601 with offset", _started_at),
    Column("queue", "text", "skill group", _of_conversation("queue")),
    Column("team", "text", "the agent's team", _of_conversation("team")),
    Column("business_type", "text", "what it is about", _of_conversation("business_type")),
    Column("customer_display", "text", "the masked customer", _of_conversation("customer_display")),
    Column("turn", "integer", "number in the conversation, from 1", lambda _s, _t, number: number),
    Column("role", "id", "customer, agent, bot or unknown", lambda _s, t, _n: t.turn.role.value),
    Column("speaker", "text", "name that the source gave", _of_turn("speaker")),
    Column("agent_id", "id", "which agent speaks", _of_turn("agent_id")),
    Column("start_s", "number", "seconds from the conversation's start", _of_turn("start")),
    Column("end_s", "number", "seconds from the conversation's start", _of_turn("end")),
    Column("text", "text", "the words", _of_turn("text")),
    Column("emotion", "text", "fused label, unknown without answer; empty for staff", _emotion),
    Column("confidence", "number", "0..1, calibrated", _known(lambda t: t.answer.confidence)),
    Column("valence", "number", "-1..1", _known(lambda t: t.answer.valence)),
    *(
        Column(f"p_{emotion.value}", "number", "0..1, fused probability", _probability(index))
        for index, emotion in enumerate(EMOTIONS)
    ),
    Column(
        "disagreement",
        "number",
        "0..1, chance that modalities contradict each other",
        _known(lambda t: t.answer.disagreement),
    ),
    Column(
        "risk",
        "number",
        "0..1, of ending dissatisfied, after this turn",
        lambda _s, t, _n: round(float(t.risk), 5),
    ),
    Column(
        "tags",
        "text",
        "event tags, by words (rule) or by the voice (measured)",
        lambda _s, t, _n: "; ".join(tagged.tag.value for tagged in t.tags) or None,
    ),
    *(column for modality in MODALITIES for column in _modality(modality)),
    Column("vendor_sentiment", "text", "the source's own sentiment", _vendor("vendor_sentiment")),
    Column("vendor_emotion", "text", "the source's own emotion", _vendor("vendor_emotion")),
    Column("vendor_sentiment_score", "number", "-5..5, the source's own", _vendor_score),
    Column(
        "vendor_loudness",
        "number",
        "the source's own, mean dB of the turn",
        lambda _s, t, _n: loudness(t.turn.attributes),
    ),
    Column(
        "vendor_rate",
        "number",
        "the source's own, characters per minute",
        lambda _s, t, _n: _number_under("vendor_rate", t),
    ),
)
"""All columns, in their order. Plug-in modalities are in the JSONL only."""
