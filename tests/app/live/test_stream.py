"""The stream of events: in order, in scope, with replay, and ended when the service stops."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.routes import events
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat
from tests.app.live.serving import Served, served


@pytest.fixture
def server(tmp_path: Path, monitor: EmotionMonitor) -> Iterator[Served]:
    with served(tmp_path, monitor) as server:
        yield server


@dataclass
class Event:
    id: int
    kind: str
    data: dict[str, Any]


def read(lines: Iterator[str], count: int) -> list[Event]:
    """The next events of a stream; comments and the waiting time are passed over."""
    found: list[Event] = []
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line and "data" in fields:
            found.append(Event(int(fields["id"]), fields["event"], json.loads(fields["data"])))
            fields = {}
            if len(found) == count:
                return found
    return found


def _make(server: Served, name: str, **more: Any) -> int:
    made = server.client.post(f"{API}/conversations?state=open", json=chat(name, **more))
    assert made.status_code == 201
    number: int = made.json()["id"]
    return number


def _say(server: Served, number: int, text: str) -> None:
    turn = {"role": "customer", "text": text, "start": 60.0}
    assert server.client.post(f"{API}/conversations/{number}/turns", json=turn).status_code == 201


def test_what_happens_arrives_at_once_and_in_order(server: Served) -> None:
    kinds = {"kind": ["conversation", "turn"]}
    with server.client.stream("GET", f"{API}/events", params=kinds) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == ": ready"
        number = _make(server, "a")
        start = time.monotonic()
        _say(server, number, "太差了！！")
        server.client.post(f"{API}/conversations/{number}/close")
        found = read(lines, 4)
        assert time.monotonic() - start < 5  # The machine may be busy.
    assert [(one.kind, one.data.get("change")) for one in found] == [
        ("conversation", "opened"),
        ("turn", None),
        ("turn", None),
        ("conversation", "closed"),
    ]
    assert [one.id for one in found] == sorted({one.id for one in found})
    assert found[2].data["text"] == "太差了！！"
    assert found[2].data["view_state"] == "anger"
    assert found[2].data["conversation_id"] == number


def test_who_comes_back_misses_nothing(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.hub.AT_ONCE", 3)
    first = _make(server, "a")
    for index in range(10):
        _say(server, first, f"第{index}句")
    with server.client.stream("GET", f"{API}/events?after=0") as stream:
        whole = read(stream.iter_lines(), 12)
    assert [one.data.get("text") for one in whole[2:]] == [f"第{index}句" for index in range(10)]
    back = {"Last-Event-ID": str(whole[6].id)}
    with server.client.stream("GET", f"{API}/events", headers=back) as stream:
        assert read(stream.iter_lines(), 5) == whole[7:]


def test_only_what_was_asked_for(server: Served) -> None:
    first, second = _make(server, "a"), _make(server, "b")
    _say(server, first, "甲")
    _say(server, second, "乙")
    server.client.post(f"{API}/conversations/{second}/close")
    wanted = f"{API}/events?after=0&kind=turn&conversation={second}"
    with server.client.stream("GET", wanted) as stream:
        assert [one.data["text"] for one in read(stream.iter_lines(), 2)] == ["好的", "乙"]
    assert server.client.get(f"{API}/events?kind=nonsense").status_code == 422


def test_a_stream_ends_and_the_client_comes_back(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LONGEST_SECONDS", 0.3)
    with server.client.stream("GET", f"{API}/events") as stream:
        assert list(stream.iter_lines())[:2] == [": ready", "retry: 1000"]


def test_an_erased_conversation_is_told_no_more(server: Served) -> None:
    number = _make(server, "a")
    _say(server, number, "我的事")
    assert server.client.delete(f"{API}/conversations/{number}").status_code == 204
    with server.client.stream("GET", f"{API}/events?after=0") as stream:
        found = read(stream.iter_lines(), 1)
    assert [one.data["change"] for one in found] == ["erased"]


def test_stopping_ends_streams(tmp_path: Path, monitor: EmotionMonitor) -> None:
    ended = threading.Event()
    with served(tmp_path, monitor) as server:

        def follow() -> None:
            headers = server.client.headers
            url = f"{server.url}{API}/events"
            with httpx.stream("GET", url, headers=headers, timeout=20) as stream:
                for _ in stream.iter_lines():
                    pass
            ended.set()

        thread = threading.Thread(target=follow)
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
    thread.join(5)
    assert ended.is_set()
    assert time.monotonic() - start < 5
