"""Events come with what they tell of, in the order of commits, and go with it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from app.settings import Settings
from app.store import LOCAL, Scope, Store
from multimodal.conversation import Conversation, Role, Turn
from multimodal.errors import ConflictError
from multimodal.pipeline import EmotionMonitor

CALL = Conversation(
    "call-1",
    (Turn(Role.CUSTOMER, "第一句话，很长很长很长很长很长很长很长很长的一句话"),),
    team="一班",
    queue="宽带",
)


def _open(store: Store, monitor: EmotionMonitor, conversation: Conversation = CALL) -> int:
    return store.save(monitor.score(conversation), state="open").id


def _kinds(store: Store, scope: Scope = LOCAL) -> list[tuple[str, str]]:
    return [
        (row.kind, str(row.payload.get("change", row.payload.get("number"))))
        for row in store.events_after(0, scope)
    ]


def test_a_live_conversation_is_told_from_its_opening_to_its_end(
    store: Store, monitor: EmotionMonitor
) -> None:
    number = _open(store, monitor)
    longer = replace(CALL, turns=(*CALL.turns, Turn(Role.CUSTOMER, "太差了！！")))
    store.append(number, monitor.score(longer), LOCAL)
    store.close_conversation(number, LOCAL)
    store.close_conversation(number, LOCAL)
    assert _kinds(store) == [
        ("conversation", "opened"),
        ("turn", "1"),
        ("turn", "2"),
        ("conversation", "closed"),
    ]
    events = store.events_after(0, LOCAL)
    assert [event.id for event in events] == sorted(event.id for event in events)
    assert {event.conversation_id for event in events} == {number}
    assert len(events[1].payload["text"]) == 20
    assert events[2].payload["text"] == "太差了！！"
    assert events[2].payload["view_state"] == "anger"
    assert store.events_after(events[-1].id, LOCAL) == []
    assert store.last_event_id() == events[-1].id


def test_what_came_whole_tells_nothing(store: Store, monitor: EmotionMonitor) -> None:
    store.save(monitor.score(CALL))
    store.save_many([monitor.score(replace(CALL, external_id="call-2"))])
    assert _kinds(store) == []


def test_a_write_that_is_refused_tells_nothing(store: Store, monitor: EmotionMonitor) -> None:
    number = _open(store, monitor)
    before = store.last_event_id()
    with pytest.raises(ConflictError):
        store.append(number, monitor.score(CALL), LOCAL)
    assert store.last_event_id() == before


def test_other_teams_events_are_not_there(store: Store, monitor: EmotionMonitor) -> None:
    _open(store, monitor)
    assert _kinds(store, Scope("a", teams=frozenset({"一班"})))
    assert not _kinds(store, Scope("b", teams=frozenset({"二班"})))
    assert not _kinds(store, Scope("c", queues=frozenset({"移动"})))


def test_erasing_leaves_nothing_but_the_news_of_it(store: Store, monitor: EmotionMonitor) -> None:
    number = _open(store, monitor)
    store.delete(number, LOCAL)
    assert _kinds(store) == [("conversation", "erased")]
    _open(store, monitor, replace(CALL, customer_ref="ref"))
    store.erase("ref", LOCAL)
    assert _kinds(store) == [("conversation", "erased")] * 2


def test_readers_that_follow_miss_nothing_of_concurrent_writers(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    """Ids become visible in their order, however the writers' transactions overlap."""
    seen: list[int] = []
    writers, each = 4, 8
    with Store(settings) as store:

        def write(writer: int) -> None:
            for index in range(each):
                one = replace(CALL, external_id=f"{writer}-{index}")
                store.save(monitor.score(one), state="open")

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        for thread in threads:
            thread.start()
        while len(seen) < 2 * writers * each and (
            any(thread.is_alive() for thread in threads) or store.events_after(_last(seen), LOCAL)
        ):
            seen += [event.id for event in store.events_after(_last(seen), LOCAL)]
            time.sleep(0.005)  # A reader that never rests would leave the writers no time.
        for thread in threads:
            thread.join()
        assert seen == [event.id for event in store.events_after(0, LOCAL)]
        assert len(seen) == 2 * writers * each


def _last(seen: list[int]) -> int:
    return seen[-1] if seen else 0
