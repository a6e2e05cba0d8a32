"""The HTTP API over a real database and a real pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api import create_app
from app.settings import Settings
from multimodal.pipeline import EmotionMonitor

API = "/api/v1"


def chat(external_id: str = "c1", **more: Any) -> dict[str, Any]:
    turns = [
        {"role": "agent", "text": "您好", "start": 0.0, "end": 1.0, "agent_id": "1007"},
        {"role": "customer", "text": "还没发货！！", "start": 1.5, "end": 3.0},
        {"role": "customer", "text": "好的", "start": 4.0},
    ]
    return {"external_id": external_id, "source": "test", "turns": turns, **more}


@pytest.fixture
def client(settings: Settings, monitor: EmotionMonitor) -> Iterator[TestClient]:
    with TestClient(create_app(settings, monitor), base_url="http://localhost") as client:
        yield client


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
