"""Tags, course, explanation and what each rests on, through the API and a site's own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.store import Store
from multimodal.errors import InvalidInputError
from multimodal.pipeline import EmotionMonitor
from multimodal.tags import TagWords
from tests.app.conftest import API, OneFuser, WordScorer, chat, signed_in

TURNS = [
    {"role": "customer", "text": "还没发货！！叫你们主管来", "start": 0.0, "end": 2.0},
    {"role": "agent", "text": "您要投诉吗", "start": 2.5, "end": 3.5},
    {"role": "customer", "text": "谢谢", "start": 4.0, "end": 4.5},
]


def scored(client: TestClient) -> Any:
    made = client.post(f"{API}/conversations", json=chat(turns=TURNS))
    assert made.status_code == 201, made.text[:300]
    return client.get(f"{API}/conversations/{made.json()['id']}").json()


def test_what_a_supervisor_reads(sqlite_client: TestClient) -> None:
    found = scored(sqlite_client)
    assert found["tags"] == {"thanks": [3], "urge": [1], "escalation": [1]}
    assert found["escalation_signal"] is True
    assert found["basis"]["level"] == "rule"
    assert found["basis"]["risk"] == "inferred"
    first, agent, last = found["turns"]
    assert [tagged["tag"] for tagged in first["tags"]] == ["urge", "escalation"]
    assert {tagged["basis"] for tagged in first["tags"]} == {"rule"}
    text = first["text"]
    (start, end) = first["tags"][0]["places"][0]
    assert text[start:end] == "还没发货"
    assert first["explanation"]["zh"].startswith("愤怒，把握")
    assert "words 100%" in first["explanation"]["en"]
    assert (agent["tags"], agent["explanation"]) == ([], {"zh": "", "en": ""})
    assert found["course"]["peak"] == 1
    assert found["course"]["recovered"] is False
    assert len(found["course"]["online"]) == 3
    assert [tagged["tag"] for tagged in last["tags"]] == ["thanks"]


def test_a_sites_own_words_hold_for_what_was_stored_before(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with signed_in(settings, EmotionMonitor([WordScorer()], OneFuser())) as client:
        scored(client)
    words = tmp_path / "words.toml"
    words.write_text('[complaint]\nwords = ["主管"]\n', "utf-8")
    own = settings.model_copy(update={"tag_words": words})
    monitor = EmotionMonitor([WordScorer()], OneFuser(), tag_words=TagWords.load(words))
    with signed_in(own, monitor) as client:
        assert client.get(f"{API}/conversations/1").json()["tags"] == {"complaint": [1]}
    words.write_text("[complaint", "utf-8")
    with pytest.raises(InvalidInputError, match="tag words are unusable"):
        Store(own)
