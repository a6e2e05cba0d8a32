"""What a rule would have done: tried on conversations that are kept, before it is switched on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from app.alerts.evaluate import evaluate, grounded
from app.alerts.rules import Rule
from app.alerts.watch import telling_words
from app.store import Filter, Scope, Store, StoredConversation
from app.store.query import MAX_PAGE
from multimodal.scoring import Fuser, ScoredConversation

MAX_TRIED = 500
"""Conversations that a rule is tried on at most."""
MAX_TURNS = 2000
"""Turns of one conversation that are looked at."""
SAMPLES = 20
NEGATIVE = ("sad", "angry", "disgust", "fear")

Review = Literal["right", "wrong", ""]


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation in which the rule would have raised an alert.

    Attributes:
        id: The conversation.
        external_id: Its id in the source.
        queue: Skill group.
        turn: Number of the turn that caused it.
        start: Seconds at which that turn starts; None where that is not known.
        words: At most 20 characters of it.
        at: When the alert would have been raised.
        review: `right` or `wrong` where a person has judged it, else empty.
    """

    id: int
    external_id: str
    queue: str
    turn: int
    start: float | None
    words: str
    at: datetime
    review: Review


@dataclass(frozen=True, slots=True)
class TryOut:
    """What a rule would have done.

    Attributes:
        conversations: On how many it was tried.
        alerts: In how many of them it would have raised an alert.
        hours: Hours of the clock in which any of them went on.
        per_hour: Alerts in such an hour on average.
        busiest: Most alerts in one hour.
        reviewed: Alerts that a person has judged.
        precision: The share of those that were right, in [0, 1]; None where none was judged.
        samples: The latest alerts, at most `SAMPLES`.
    """

    conversations: int
    alerts: int
    hours: int
    per_hour: float
    busiest: int
    reviewed: int
    precision: float | None
    samples: tuple[Sample, ...]


def try_out(
    rule: Rule, store: Store, fuser: Fuser, scope: Scope, zone: ZoneInfo, last: int
) -> TryOut:
    """Tries a rule on the latest conversations that are scored, in the rule's queues and channels.

    A conversation counts once, as it has one open alert at most. Judged is a turn
    to which an alert was closed (a false alarm was wrong), or that a person corrected.

    Args:
        rule: The rule.
        store: Where conversations are.
        fuser: See `grounded`.
        scope: Who asks.
        zone: The site's zone.
        last: On how many, 1 to `MAX_TRIED`.
    """
    tried = list(_latest(rule, store, scope, last))
    outcomes = store.alerts.outcomes_of([one.row.id for one in tried], scope)
    samples: list[Sample] = []
    hours: set[int] = set()
    for one in tried:
        began = (one.row.started_at or one.row.received_at).astimezone(zone)
        hours |= _hours(began, one.row.duration or 0.0)
        found = first_alert(rule, grounded(one.scored, fuser), began)
        if found is not None:
            samples.append(_sample(rule, one, *found, outcomes.get(one.row.id, ())))
    busy = Counter(_hour(sample.at) for sample in samples)
    reviewed = [sample for sample in samples if sample.review]
    right = sum(sample.review == "right" for sample in reviewed)
    samples.sort(key=lambda sample: sample.at, reverse=True)
    return TryOut(
        conversations=len(tried),
        alerts=len(samples),
        hours=len(hours),
        per_hour=len(samples) / len(hours) if hours else 0.0,
        busiest=max(busy.values(), default=0),
        reviewed=len(reviewed),
        precision=right / len(reviewed) if reviewed else None,
        samples=tuple(samples[:SAMPLES]),
    )


def first_alert(
    rule: Rule, scored: ScoredConversation, began: datetime
) -> tuple[int, datetime] | None:
    """The first alert that a rule raises in a conversation as it goes on, turn by turn.

    Args:
        rule: The rule.
        scored: The whole conversation, from `grounded`.
        began: When it began, in the site's zone.

    Returns:
        Number of the turn that caused it and the moment of the alert, or None.
    """
    for count in range(1, min(len(scored.turns), MAX_TURNS) + 1):
        so_far = replace(scored, turns=scored.turns[:count])
        turn = so_far.turns[-1].turn
        came = turn.start if turn.end is None else turn.end
        at = began + timedelta(seconds=came or 0.0)
        number = evaluate(rule, so_far, at)
        if number is None and rule.by_time and count < len(scored.turns):
            # As it stood just before the next turn came.
            following = scored.turns[count].turn.start
            gap = 0.0 if came is None or following is None else max(0.0, following - came)
            at += timedelta(seconds=gap)
            number = evaluate(rule, so_far, at, gap)
        if number is not None:
            return number, at
    return None


def _latest(rule: Rule, store: Store, scope: Scope, last: int) -> Iterable[StoredConversation]:
    """The latest conversations that the rule is about, newest first."""
    found = 0
    offset = 0
    while found < last:
        page, count = store.page(
            Filter(status="scored"), scope, sort="-received_at", limit=MAX_PAGE, offset=offset
        )
        for listed in page:
            row = listed.row
            if rule.queues and row.queue not in rule.queues:
                continue
            if rule.channels and row.channel not in rule.channels:
                continue
            if found < last:
                found += 1
                yield store.get(row.id, scope)
        offset += MAX_PAGE
        if offset >= count:
            return


def _sample(
    rule: Rule,
    one: StoredConversation,
    turn: int,
    at: datetime,
    outcomes: Sequence[tuple[int, str]],
) -> Sample:
    return Sample(
        id=one.row.id,
        external_id=one.row.external_id,
        queue=one.row.queue,
        turn=turn,
        start=one.scored.turns[turn - 1].turn.start,
        words=telling_words(rule, one.scored, turn),
        at=at,
        review=_review(turn, outcomes, _corrections(one)),
    )


def _corrections(one: StoredConversation) -> Mapping[int, str]:
    return {c.number: c.label for c in one.corrections if c.revoked_at is None}


def _review(
    turn: int, outcomes: Sequence[tuple[int, str]], corrections: Mapping[int, str]
) -> Review:
    """What a person said of that turn: by closing an alert to it, or by correcting it."""
    told = [outcome for number, outcome in outcomes if number == turn]
    if told:
        return "wrong" if told[-1] == "false_alarm" else "right"
    if turn in corrections:
        return "right" if corrections[turn] in NEGATIVE else "wrong"
    return ""


def _hour(moment: datetime) -> int:
    return int(moment.timestamp() // 3600)


def _hours(began: datetime, seconds: float) -> set[int]:
    return set(range(_hour(began), _hour(began + timedelta(seconds=seconds)) + 1))
