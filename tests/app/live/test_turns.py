"""Turns of open conversations: late, twice, at once, after a restart and through kills."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.live.batching import TogetherScorer, together
from app.settings import Settings
from app.store import LOCAL, Store
from benchmarks.live import Service, kills, ready
from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Need, TurnInput
from tests.app.conftest import API, OneFuser, WordScorer, chat


def _open(client: TestClient, name: str = "c", **more: Any) -> str:
    made = client.post(f"{API}/conversations?state=open", json=chat(name, **more))
    return f"{API}/conversations/{made.json()['id']}"


def _say(client: TestClient, url: str, text: str, start: float | None, **more: Any) -> Any:
    turn = {"role": "customer", "text": text, "start": start, **more}
    return client.post(f"{url}/turns", json=turn)


def test_a_late_turn_takes_its_place_with_all_that_is_known(client: TestClient) -> None:
    url = _open(client)
    key = {"Idempotency-Key": "k"}
    turn = {"role": "customer", "text": "第四！！", "start": 6.0}
    fourth = client.post(f"{url}/turns", json=turn, headers=key).json()
    client.post(f"{url}/turns/4/corrections", json={"label": "sad"})
    late = _say(client, url, "迟到的话！！", 3.5)
    assert late.status_code == 201
    assert late.json()["turn"]["number"] == 3
    whole = client.get(url).json()
    said = [turn["text"] for turn in whole["turns"]]
    assert said == ["您好", "还没发货！！", "迟到的话！！", "好的", "第四！！"]
    assert [turn["number"] for turn in whole["turns"]] == [1, 2, 3, 4, 5]
    assert whole["turns"][4]["answer"] == fourth["turn"]["answer"]
    assert whole["turns"][4]["scores"] == fourth["turn"]["scores"]
    assert len(whole["trajectory"]["risk"]) == 5
    assert whole["corrections"][0]["turn"] == 5
    again = client.post(f"{url}/turns", json=turn, headers=key)
    assert (again.status_code, again.json()["turn"]["number"]) == (200, 5)
    assert _say(client, url, "最前", 0.0).json()["turn"]["number"] == 2
    assert _say(client, url, "没有时间", None).json()["turn"]["number"] == 7


def test_the_same_say_twice_is_one(client: TestClient) -> None:
    url = _open(client)
    first = _say(client, url, "我的手机13912345678", 6.0)
    again = _say(client, url, "我的手机13912345678", 6.0)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert _say(client, url, "别的", 6.0).status_code == 201
    assert _say(client, url, "？", None).status_code == 201
    assert _say(client, url, "？", None).status_code == 201
    assert len(client.get(url).json()["turns"]) == 7


def test_what_is_remembered_is_what_is_kept(client: TestClient, settings: Settings) -> None:
    """Another process appends between two turns: nothing of it is lost."""
    url = _open(client)
    number = int(url.rpartition("/")[2])
    _say(client, url, "一！！", 6.0)
    with Store(settings) as other:
        before = other.get(number, LOCAL).scored
        from multimodal.pipeline import LiveConversation

        live = LiveConversation.resume(EmotionMonitor([WordScorer()], OneFuser()), before)
        live.add(Turn(Role.CUSTOMER, "别处", start=7.0))
        other.append(number, live.scored, LOCAL)
    _say(client, url, "二", 8.0)
    said = [turn["text"] for turn in client.get(url).json()["turns"]]
    assert said[3:] == ["一！！", "别处", "二"]
    # The scorer counts the speaker's turns in what it carries.
    with Store(settings) as store:
        states = store.get(number, LOCAL).scored.states
    assert states["text"]["customer"] == {"turns": 5}


class Slow:
    """Waits until it is let go, and notes how much it was asked at a time."""

    modality = "text"
    needs: frozenset[Need] = frozenset({"text"})
    stateful = False
    info = WordScorer().info

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.go = threading.Event()

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        self.sizes.append(len(inputs))
        self.go.wait(10)
        if any(given.turn.text == "坏" for given in inputs):
            raise ValueError("坏")
        return [EmotionScores.missing(given.turn.text) for given in inputs]


def _asked(text: str) -> TurnInput:
    return TurnInput(Turn(Role.CUSTOMER, text))


def test_who_comes_while_it_works_is_scored_together() -> None:
    slow = Slow()
    scorer = TogetherScorer(slow)
    texts = ["一", "二", "坏", "四", "五"]
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(scorer.score, [_asked("先")])
        while not slow.sizes:
            pass
        others = [pool.submit(scorer.score, [_asked(text)]) for text in texts]
        while len(scorer._waiting) < 5:
            pass
        slow.go.set()
        assert first.result(10)[0].reason == "先"
        for text, other in zip(texts, others, strict=True):
            if text == "坏":
                with pytest.raises(ValueError, match="坏"):
                    other.result(10)
            else:
                assert other.result(10)[0].reason == text
    assert slow.sizes[:2] == [1, 5]


def test_together_answers_what_alone_answers() -> None:
    monitor = EmotionMonitor()
    both = together(monitor)
    inputs = [_asked("怎么还没有发货，太差了"), _asked("好的谢谢")]
    text = next(one for one in both.scorers if one.modality == "text")
    alone = next(one for one in monitor.scorers if one.modality == "text")
    for one, other in zip(text.score(inputs), alone.score(inputs), strict=True):
        assert one.label == other.label
    assert [one.modality for one in both.scorers] == [one.modality for one in monitor.scorers]


def test_kills_lose_and_double_nothing(settings: Settings, tmp_path: Path) -> None:
    own, headers = ready(tmp_path / "live", settings.database_url)
    service = Service(own)
    service.start()
    try:
        found = asyncio.run(kills(service, headers, 2, 4, 10))
    finally:
        service.end()
    assert found["kills"] == 2
    assert found["acknowledged"] >= 40
    assert (found["lost"], found["duplicated"]) == (0, 0)
