"""Customer and agent exchanged: no score of a turn that is the agent's now survives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sqlalchemy import select
from starlette.testclient import TestClient

from app.settings import Settings
from app.store import LOCAL, Store
from app.store.tables import AnswerRow, ScoreRow, TurnRow
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.errors import ConflictError
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Need, TurnInput
from tests.app.conftest import API, OneFuser, WordScorer, chat, problem, signed_in

GREETING = "您好，很高兴为您服务，请问有什么可以帮您？"
LOOKING = "我帮您核实，请您稍等。"
ANGRY = "你们怎么还不发货！！"


class AnyVoice:
    """Answers whatever is heard, and remembers whose it was."""

    modality = "voice"
    needs: frozenset[Need] = frozenset({"audio"})
    stateful = False
    info = ModelInfo("any-voice", "1", "cd" * 32, "open")

    def __init__(self) -> None:
        self.heard: list[str] = []

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        answers = []
        for given in inputs:
            if given.audio is None:
                answers.append(EmotionScores.missing(given.reason, model=self.info))
                continue
            self.heard.append(given.turn.role)
            probabilities = np.array([0.1, 0, 0, 0.9, 0, 0, 0], dtype=np.float32)
            answers.append(EmotionScores(probabilities, 0.9, model=self.info))
        return answers


@pytest.fixture
def voice() -> AnyVoice:
    return AnyVoice()


@pytest.fixture
def client(settings: Settings, voice: AnyVoice) -> Iterator[TestClient]:
    monitor = EmotionMonitor([WordScorer(), voice], OneFuser())
    with signed_in(settings, monitor) as client:
        yield client


def swapped_call(client: TestClient, folder: Path, name: str = "call", source: str = "pbx") -> int:
    """A stereo call in which the exporter took the agent for the customer."""
    path = folder / f"{name}.wav"
    noise = np.random.default_rng(abs(hash(name)) % 1000).normal(0, 0.1, (8 * 8000, 2))
    soundfile.write(path, noise, 8000)
    call = {
        "external_id": name,
        "source": source,
        "channel": "phone",
        "notice": "N-1",
        "media": [{"path": path.name, "channels": {"0": "customer", "1": "agent"}}],
        "turns": [
            {"role": "customer", "text": GREETING, "start": 0, "end": 2, "channel": 0},
            {
                "role": "agent",
                "text": ANGRY,
                "start": 2,
                "end": 4,
                "channel": 1,
                "agent_id": "1007",
            },
            {"role": "customer", "text": LOOKING, "start": 4, "end": 6, "channel": 0},
        ],
    }
    files = [
        ("files", (f"{name}.json", json.dumps(call, ensure_ascii=False).encode())),
        ("files", (path.name, path.read_bytes())),
    ]
    result = client.post(f"{API}/imports", files=files).json()["data"]
    assert result[0]["error"] is None
    return int(result[0]["conversations"][0])


def voices(store: Store, number: int) -> dict[int, list[str]]:
    """Of each turn, the models whose voice scores are kept with an answer, from any scoring."""
    with store._reading() as session:
        rows = session.scalars(
            select(ScoreRow).where(ScoreRow.conversation_id == number, ScoreRow.modality == "voice")
        ).all()
    found: dict[int, list[str]] = {}
    for row in rows:
        if row.probabilities is not None:
            found.setdefault(row.number, []).append(row.model_key)
    return found


def everything(store: Store, number: int) -> list[Any]:
    with store._reading() as session:
        turns = session.scalars(
            select(TurnRow).where(TurnRow.conversation_id == number).order_by(TurnRow.number)
        ).all()
        answers = session.scalars(
            select(AnswerRow).where(AnswerRow.conversation_id == number).order_by(AnswerRow.number)
        ).all()
    return [
        [(t.role, t.agent_id, t.text) for t in turns],
        [(a.number, a.label, a.inputs) for a in answers],
        voices(store, number),
    ]


def test_one_click_and_undo(
    client: TestClient, store: Store, voice: AnyVoice, tmp_path: Path
) -> None:
    number = swapped_call(client, tmp_path)
    assert sorted(voices(store, number)) == [1, 3]
    before = everything(store, number)
    seen = client.get(f"{API}/conversations/{number}/roles").json()
    assert seen["swapped"] > 0.9
    path = f"{API}/conversations/{number}/turns/1/corrections"
    client.post(path, json={"label": "sad"})

    voice.heard.clear()
    after = client.post(f"{API}/conversations/{number}/roles/swap").json()
    assert [turn["role"] for turn in after["turns"]] == ["agent", "customer", "agent"]
    assert [turn["agent_id"] for turn in after["turns"]] == ["1007", "", "1007"]
    assert after["media"][0]["channels"] == {"0": "agent", "1": "customer"}
    assert after["corrections"] == []
    assert after["status"] == "scored"
    assert set(voice.heard) == {"customer"}
    assert sorted(voices(store, number)) == [2]
    with store._reading() as session:
        agents = session.scalars(
            select(ScoreRow).where(ScoreRow.conversation_id == number, ScoreRow.number.in_([1, 3]))
        ).all()
    assert all(row.probabilities is None and row.reason.startswith("policy") for row in agents)
    assert client.get(f"{API}/conversations/{number}/roles").json()["swapped"] < 0.1

    back = client.post(f"{API}/conversations/{number}/roles/swap").json()
    assert back["status"] == "scored"
    assert everything(store, number) == [
        [(role, "1007" if role == "agent" else "", text) for role, _, text in before[0]],
        *before[1:],
    ]


def test_the_same_file_again_brings_nothing_back(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    number = swapped_call(client, tmp_path)
    client.post(f"{API}/conversations/{number}/roles/swap")
    kept = everything(store, number)
    assert swapped_call(client, tmp_path) == number
    assert everything(store, number) == kept
    # Not even with another model's scores, which were made under the roles of the file.
    scored = store.get(number, LOCAL).scored
    newer = EmotionMonitor([WordScorer("2"), AnyVoice()], OneFuser())
    from multimodal.roles import swapped

    assert store.save(newer.score(swapped(scored.conversation))).outcome == "unchanged"
    assert everything(store, number) == kept


def test_a_scoring_under_the_old_roles_is_not_kept(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    number = swapped_call(client, tmp_path)
    old = store.get(number, LOCAL).scored
    store.swap_roles(number, LOCAL)
    assert voices(store, number) == {}
    with pytest.raises(ConflictError, match="roles"):
        store.record(number, old, LOCAL)
    assert voices(store, number) == {}


def test_a_whole_source(client: TestClient, store: Store, tmp_path: Path) -> None:
    ids = [swapped_call(client, tmp_path, name) for name in ("one", "two")]
    other = swapped_call(client, tmp_path, "three", source="other")
    answer = client.post(f"{API}/sources/roles/swap", json={"source": "pbx"})
    assert (answer.status_code, answer.json()) == (202, {"queued": 2, "skipped": 0})
    for _ in range(200):
        rows = [client.get(f"{API}/conversations/{number}").json() for number in ids]
        if all(row["status"] == "scored" for row in rows):
            break
    assert [sorted(voices(store, number)) for number in ids] == [[2], [2]]
    assert sorted(voices(store, other)) == [1, 3]
    swaps = [one for one in client.get(f"{API}/audit").json()["data"] if "swap" in one["action"]]
    assert [one["detail"]["conversations"] for one in swaps] == [2]
    problem(client.post(f"{API}/sources/roles/swap", json={"source": "none"}), 404)


def test_an_open_conversation_is_not_swapped(client: TestClient) -> None:
    made = client.post(f"{API}/conversations?state=open", json=chat()).json()
    error = problem(client.post(f"{API}/conversations/{made['id']}/roles/swap"), 409)
    assert "close" in error["remedy"]


def test_inferred_roles_wait_for_a_person(client: TestClient, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, np.random.default_rng(7).normal(0, 0.1, 8 * 8000), 8000)
    call = {
        "external_id": "mono",
        "source": "asr",
        "notice": "N-1",
        "media": [{"path": path.name}],
        "turns": [
            {"role": "unknown", "speaker": "0", "text": GREETING, "start": 0, "end": 2},
            {"role": "unknown", "speaker": "1", "text": ANGRY, "start": 2, "end": 4},
        ],
    }
    files = [
        ("files", ("mono.json", json.dumps(call, ensure_ascii=False).encode())),
        ("files", (path.name, path.read_bytes())),
    ]
    number = client.post(f"{API}/imports", files=files).json()["data"][0]["conversations"][0]
    shown = client.get(f"{API}/conversations/{number}").json()
    assert [turn["role"] for turn in shown["turns"]] == ["agent", "customer"]
    assert "inferred" in shown["turns"][1]["scores"]["voice"]["reason"]
    agreed = client.post(f"{API}/conversations/{number}/roles/confirm").json()
    assert agreed["turns"][1]["scores"]["voice"]["reliability"] > 0
    assert voices(store, number) == {2: ["any-voice@1+" + "cd" * 6]}


def test_whose_face_it_is_is_not_known_after_a_swap(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    number = swapped_call(client, tmp_path)
    from sqlalchemy import update

    from app.store.tables import MediaRow

    with store._writing() as session:
        session.execute(update(MediaRow).values(customer_region=[0.0, 0.0, 0.5, 1.0]))
    after = client.post(f"{API}/conversations/{number}/roles/swap").json()
    assert after["media"][0]["customer_region"] is None
    back = client.post(f"{API}/conversations/{number}/roles/swap").json()
    assert back["media"][0]["customer_region"] == [0.0, 0.0, 0.5, 1.0]
