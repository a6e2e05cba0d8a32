"""What is learnt of a customer goes on to their next conversation, where the site wants it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.settings import Settings
from app.store import LOCAL, Store
from app.store.tables import ConversationRow, CustomerStateRow
from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.pipeline import EmotionMonitor, LiveConversation
from multimodal.scoring import TurnInput
from tests.app.conftest import OneFuser, WordScorer

State = Mapping[str, Any]


class KnowingScorer(WordScorer):
    """Counts the customer's turns, and keeps what it was told of earlier conversations."""

    def __init__(self, version: str = "1") -> None:
        super().__init__(version)
        self.told: list[tuple[State, ...]] = []

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        self.told += [given.usual for given in inputs if given.turn.role is Role.CUSTOMER]
        return super().score(inputs)


@pytest.fixture
def remembering(settings: Settings) -> Iterator[Store]:
    with Store(settings.model_copy(update={"remember_customers": True})) as store:
        yield store


def talk(external_id: str, customer: str = "f00d", turns: int = 1, **more: Any) -> Conversation:
    said = tuple(Turn(Role.CUSTOMER, f"第 {i} 句", float(i), i + 0.5) for i in range(turns))
    return Conversation(external_id, said, customer_ref=customer, **more)


def score(store: Store, conversation: Conversation, version: str = "1") -> tuple[State, ...]:
    """What the scorer was told with the last turn; the conversation is kept."""
    scorer = KnowingScorer(version)
    monitor = EmotionMonitor([scorer], OneFuser()).remembering(store.earlier)
    store.save(monitor.score(conversation))
    return scorer.told[-1]


def test_the_next_conversation_knows_the_earlier_ones(remembering: Store) -> None:
    assert score(remembering, talk("a", turns=2)) == ()
    assert score(remembering, talk("b", turns=3)) == ({"turns": 2},)
    assert score(remembering, talk("c")) == ({"turns": 3}, {"turns": 2})
    assert score(remembering, talk("d", customer="cafe")) == ()
    assert score(remembering, talk("e", customer="")) == ()


def test_many_at_once_are_remembered_too(remembering: Store) -> None:
    monitor = EmotionMonitor([KnowingScorer()], OneFuser())
    remembering.save_many([monitor.score(talk("a", turns=2)), monitor.score(talk("b"))])
    assert score(remembering, talk("c")) == ({"turns": 1}, {"turns": 2})


def test_by_default_nothing_is_kept(store: Store) -> None:
    assert score(store, talk("a")) == ()
    assert score(store, talk("b")) == ()
    assert states(store) == []


def test_scoring_again_counts_nothing_twice(remembering: Store) -> None:
    score(remembering, talk("a", turns=2))
    score(remembering, talk("b", turns=3))
    scorer = KnowingScorer()
    monitor = EmotionMonitor([scorer], OneFuser()).remembering(remembering.earlier)
    first = 1
    remembering.record(first, monitor.score(talk("a", turns=2)), LOCAL)
    assert scorer.told[-1] == ()  # Neither itself nor what came later.
    assert sorted(one["turns"] for one in states(remembering)) == [2, 3]


def test_another_models_states_are_not_handed_on(remembering: Store) -> None:
    score(remembering, talk("a"))
    assert score(remembering, talk("b"), version="2") == ()


def test_two_people_who_speak_as_the_customer_are_not_mixed(remembering: Store) -> None:
    score(remembering, talk("a"))
    couple = talk("b", turns=2)
    one, other = couple.turns
    couple = replace(couple, turns=(replace(one, speaker="甲"), replace(other, speaker="乙")))
    assert score(remembering, couple) == ()
    assert score(remembering, talk("c")) == ({"turns": 1},)


def test_a_live_conversation_knows_them_at_every_turn(remembering: Store) -> None:
    score(remembering, talk("a", turns=2))
    scorer = KnowingScorer()
    monitor = EmotionMonitor([scorer], OneFuser()).remembering(remembering.earlier)
    saved = remembering.save(monitor.score(talk("live", turns=0)), state="open")
    for number in (1, 2):
        before = remembering.get(saved.id, LOCAL).scored
        live = LiveConversation.resume(monitor, before)
        live.add(Turn(Role.CUSTOMER, f"{number}", float(number), number + 0.5))
        remembering.append(saved.id, live.scored, LOCAL)
    assert scorer.told == [({"turns": 2},)] * 2
    remembering.close_conversation(saved.id, LOCAL)
    assert score(remembering, talk("b")) == ({"turns": 2}, {"turns": 2})


def test_it_is_erased_with_the_customer(remembering: Store) -> None:
    score(remembering, talk("a"))
    score(remembering, talk("b", customer="cafe"))
    remembering.erase("f00d", LOCAL)
    assert len(states(remembering)) == 1
    assert score(remembering, talk("c")) == ()


def test_it_goes_with_the_words_and_with_exchanged_roles(remembering: Store) -> None:
    score(remembering, talk("a"))
    score(remembering, talk("b"))
    remembering.swap_roles(2, LOCAL)  # It was learnt of the agent.
    assert len(states(remembering)) == 1
    with remembering._writing() as session:
        old = datetime.now(UTC) - timedelta(days=400)
        session.execute(update(ConversationRow).values(received_at=old))
    remembering.sweep(Settings(retention_scores_days=0))
    assert states(remembering) == []


def states(store: Store) -> list[dict[str, Any]]:
    with store._reading() as session:
        return list(session.scalars(select(CustomerStateRow.value)))
