"""Writers to SQLite stand in a queue: nobody is unlucky, and those who wait take no connection."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.settings import Settings
from app.store import LOCAL, DatabaseUnavailableError, Store, upgrade
from app.store.queueing import WriteQueue
from multimodal.conversation import Conversation, Role, Turn
from multimodal.pipeline import EmotionMonitor

CHAT = Conversation("c", (Turn(Role.CUSTOMER, "还没发货！"),))


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    queue = WriteQueue()
    came: list[int] = []

    def write(number: int) -> None:
        with queue.turn(10):
            came.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    with queue.turn(0):
        for number, thread in enumerate(threads):
            thread.start()
            while len(queue._waiting) <= number:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert came == list(range(8))


def test_who_waits_for_too_long_is_told_and_holds_nobody_up() -> None:
    queue = WriteQueue()
    with (
        queue.turn(0),
        pytest.raises(DatabaseUnavailableError, match=r"more than 0\.01 s"),
        queue.turn(0.01),
    ):
        raise AssertionError("two at once")
    with queue.turn(0):
        pass


def test_an_error_gives_the_turn_back() -> None:
    queue = WriteQueue()
    with pytest.raises(ZeroDivisionError), queue.turn(0):
        _ = 1 / 0
    with queue.turn(0):
        pass


def test_many_writers_of_two_stores_leave_readers_their_connections(
    tmp_path: Path, monitor: EmotionMonitor
) -> None:
    """More writers than there are connections, and readers that never rest."""
    settings = Settings(data_dir=tmp_path / "data")
    upgrade(settings)
    writers, each = 20, 2
    longest = [0.0]
    failed: list[Exception] = []
    done = threading.Event()
    with Store(settings) as store, Store(settings) as other:

        def write(number: int) -> None:
            try:
                for index in range(each):
                    one = monitor.score(replace(CHAT, external_id=f"{number}-{index}"))
                    (store, other)[number % 2].save(one, state="open")
            except Exception as error:
                failed.append(error)

        def read() -> None:
            while not done.is_set():
                began = time.monotonic()
                try:
                    store.events_after(0, LOCAL)
                except Exception as error:
                    failed.append(error)
                longest[0] = max(longest[0], time.monotonic() - began)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
        readers = [threading.Thread(target=read) for _ in range(2)]
        for thread in (*threads, *readers):
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        for thread in readers:
            thread.join()
        assert not failed
        assert len(store.events_after(0, LOCAL, limit=1000)) == 2 * writers * each
        assert longest[0] < 10  # A connection that is waited for comes after 30 s, or not at all.
