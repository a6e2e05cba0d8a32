"""The HTTP API over a real database and a real pipeline."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.store import LOCAL, Store
from multimodal.formats import conversation_from_json
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat, problem, signed_in


def test_in_list_get_delete(client: TestClient) -> None:
    made = client.post(f"{API}/conversations", json=chat(started_at="2026-06-30T23:50:00+08:00"))
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    page = client.get(f"{API}/conversations").json()
    assert page["count"] == 1
    assert page["data"][0]["started_at"] == "2026-06-30T23:50:00+08:00"
    found = client.get(f"{API}/conversations/{number}").json()
    assert found == made.json()
    assert found["turns"][1]["answer"]["label"] == "angry"
    assert found["turns"][0]["view_state"] == ""
    assert found["turns"][0]["scores"]["text"]["reason"].startswith("policy:")
    assert client.delete(f"{API}/conversations/{number}").status_code == 204
    assert client.get(f"{API}/conversations/{number}").status_code == 404


def test_the_same_again_changes_nothing(client: TestClient) -> None:
    made = client.post(f"{API}/conversations", json=chat())
    again = client.post(f"{API}/conversations", json=chat())
    assert (again.status_code, again.json()) == (200, made.json())
    other = chat()
    other["turns"][1]["text"] = "别的"
    refused = client.post(f"{API}/conversations", json=other)
    error = problem(refused, 409)
    assert error["type"] == "conflict"
    assert "Delete conversation" in error["remedy"]


def test_idempotency_keys(client: TestClient) -> None:
    key = {"Idempotency-Key": "k1"}
    made = client.post(f"{API}/conversations?state=open", json=chat(), headers=key)
    assert made.status_code == 201
    again = client.post(f"{API}/conversations?state=open", json=chat(), headers=key)
    assert (again.status_code, again.json()) == (200, made.json())
    other = client.post(f"{API}/conversations?state=open", json=chat("c2"), headers=key)
    assert other.status_code == 409
    url = f"{API}/conversations/{made.json()['id']}/turns"
    turn = {"role": "customer", "text": "快点！", "start": 9.0}
    first = client.post(url, json=turn, headers={"Idempotency-Key": "k2"})
    assert first.status_code == 201
    client.post(url, json={"role": "agent", "text": "马上", "start": 10.0})
    replay = client.post(url, json=turn, headers={"Idempotency-Key": "k2"})
    assert replay.status_code == 200
    assert replay.json()["turn"] == first.json()["turn"]
    wrong = client.post(url, json=turn | {"text": "！"}, headers={"Idempotency-Key": "k2"})
    assert wrong.status_code == 409
    assert len(client.get(url.removesuffix("/turns")).json()["turns"]) == 5


def test_live(client: TestClient) -> None:
    start = chat(turns=[])
    number = client.post(f"{API}/conversations?state=open", json=start).json()["id"]
    url = f"{API}/conversations/{number}"
    for turn in chat()["turns"]:
        answer = client.post(f"{url}/turns", json=turn)
        assert answer.status_code == 201, answer.text
    assert answer.json()["turn"]["number"] == 3
    live = client.post(f"{url}/close").json()
    assert live["state"] == "closed"
    assert client.post(f"{url}/close").status_code == 200
    late = client.post(f"{url}/turns", json={"role": "customer", "text": "晚", "start": 99})
    assert (late.status_code, late.json()["error"]["type"]) == (409, "conflict")
    batch = client.post(f"{API}/conversations", json=chat("batch")).json()
    assert [t["answer"]["label"] for t in live["turns"]] == [
        t["answer"]["label"] for t in batch["turns"]
    ]
    assert live["risk"] == pytest.approx(batch["risk"], abs=1e-3)


def test_turns_that_come_at_once_are_all_kept(client: TestClient) -> None:
    number = client.post(f"{API}/conversations?state=open", json=chat(turns=[])).json()["id"]

    def send(count: int) -> int:
        turn = {"role": "customer", "text": f"第{count}句"}
        return client.post(f"{API}/conversations/{number}/turns", json=turn).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(send, range(12))) == {201}
    turns = client.get(f"{API}/conversations/{number}").json()["turns"]
    assert sorted(t["text"] for t in turns) == sorted(f"第{n}句" for n in range(12))


def test_scored_later(client: TestClient) -> None:
    answer = client.post(f"{API}/conversations?wait=false", json=chat())
    assert answer.status_code == 202
    found = _until_scored(client, answer.json()["url"])
    assert found["level"] != ""
    again = client.post(f"{API}/conversations?wait=false", json=chat())
    assert (again.status_code, again.json()["status"]) == (200, "scored")


def test_what_was_queued_before_is_scored_at_the_start(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    saved = store.enqueue(conversation_from_json(chat()), LOCAL)
    assert store.claim() == saved.id  # By a process that then dies.
    with signed_in(settings, monitor) as client:
        _until_scored(client, f"{API}/conversations/{saved.id}")


def _until_scored(client: TestClient, url: str) -> dict[str, Any]:
    for _ in range(200):
        found: dict[str, Any] = client.get(url).json()
        if found["status"] == "scored":
            return found
        time.sleep(0.05)
    pytest.fail(f"still {found['status']}")


def test_corrections(client: TestClient) -> None:
    number = client.post(f"{API}/conversations", json=chat()).json()["id"]
    url = f"{API}/conversations/{number}"
    made = client.post(f"{url}/turns/2/corrections", json={"label": "sad", "comment": "低落"})
    assert made.status_code == 201
    found = client.get(url).json()
    assert found["corrections"] == [made.json()]
    assert found["turns"][1]["answer"]["label"] == "angry"
    undone = client.delete(f"{url}/turns/2/corrections/{made.json()['id']}")
    assert undone.json()["revoked_by"] == "tester"
    assert client.post(f"{url}/turns/2/corrections", json={"label": "bored"}).status_code == 422
    assert client.post(f"{url}/turns/1/corrections", json={"label": "sad"}).status_code == 422
    assert client.post(f"{url}/turns/9/corrections", json={"label": "sad"}).status_code == 404
    assert client.delete(f"{url}/turns/2/corrections/999").status_code == 404


def test_list_filters(client: TestClient) -> None:
    for name, queue in (("c1", "售后"), ("c2", "100%"), ("c3", "售后")):
        client.post(f"{API}/conversations", json=chat(name, queue=queue))

    def names(**params: Any) -> list[str]:
        answer = client.get(f"{API}/conversations", params=params)
        assert answer.status_code == 200, answer.text
        return [one["external_id"] for one in answer.json()["data"]]

    assert names(sort="id", limit=2) == ["c1", "c2"]
    assert names(sort="id", limit=2, offset=2) == ["c3"]
    assert names(queue="售后", sort="id") == ["c1", "c3"]
    assert names(q="%") == names(q="\x00") == names(label="fear") == []
    assert len(names(q="发货", label="angry", status="scored", channel="chat")) == 3
    assert names(started_from="2020-01-01") == []
    assert names(offset=2**62) == []
