"""Batches: detected, previewed, scored once whatever happens, paused, resumed, explained."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.intake.batches import Batching, spooled
from app.settings import Settings
from app.store import LOCAL, Filter, Store, upgrade
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, problem, signed_in
from tests.app.intake.test_inbox import export
from tests.app.intake.test_joining import CHAT, silence

Files = list[tuple[str, tuple[str, bytes]]]


def sent(folder: Path) -> Files:
    return [("files", (p.name, p.read_bytes())) for p in sorted(folder.iterdir())]


def made(client: TestClient, files: Files) -> dict[str, Any]:
    batch: dict[str, Any] = client.post(f"{API}/batches").json()
    for start in range(0, len(files), 40):
        answer = client.post(f"{API}/batches/{batch['id']}/files", files=files[start : start + 40])
        assert answer.status_code == 201, answer.text
    return batch


def finished(client: TestClient, batch_id: int) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        batch: dict[str, Any] = client.get(f"{API}/batches/{batch_id}").json()
        if batch["state"] != "running":
            return batch
        assert time.monotonic() < deadline, batch
        time.sleep(0.02)


def rows(client: TestClient, batch_id: int, query: str = "") -> dict[str, dict[str, Any]]:
    found = client.get(f"{API}/batches/{batch_id}/files{query}").json()["data"]
    return {row["name"]: row for row in found}


def require_gone(folder: Path) -> None:
    """The files of a finished batch are deleted soon after it is finished."""
    deadline = time.monotonic() + 10
    while folder.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_from_files_to_results(client: TestClient, tmp_path: Path) -> None:
    export(tmp_path / "out", 3)
    files = sent(tmp_path / "out")
    files += [
        ("files", ("kopie.txt", (tmp_path / "out" / "call-000.txt").read_bytes())),
        ("files", ("bad.json", b'{"turns": [')),
        (
            "files",
            ("half.jsonl", b'{"turns": [{"role": "customer", "text": "x"}]}\n{"turns": 5}\n'),
        ),
        ("files", ("../../etc/passwd", CHAT.encode("gbk"))),
    ]
    batch = made(client, files)
    assert (batch["state"], client.get(f"{API}/conversations").json()["count"]) == ("draft", 0)
    found = rows(client, batch["id"])
    assert found["call-000.txt"]["kind"] == "transcript"
    assert found["call-000.txt"]["detail"] == {"conversations": 1, "turns": 4, "more": False}
    assert "text" in found["call-000.txt"]["format_en"]
    assert found["rec-001.wav"]["detail"]["channels"] == 1
    assert found["通话清单.csv"]["detail"] == {"rows": 3}
    assert found["kopie.txt"]["detail"] == {"copy_of": "call-000.txt"}
    assert "export or copy it again" in found["bad.json"]["error"]["remedy"]
    assert found["../../etc/passwd"]["kind"] == "transcript"

    started = client.post(f"{API}/batches/{batch['id']}/start", json={"source": "pbx"})
    assert started.status_code == 200, started.text
    done = finished(client, batch["id"])
    assert (done["state"], done["seconds_left"]) == ("finished", 0)
    assert done["conversations"] == {"created": 5}
    found = rows(client, batch["id"])
    states = {name: row["state"] for name, row in found.items()}
    assert states == {
        "call-000.txt": "done", "call-001.txt": "done", "call-002.txt": "done",
        "rec-000.wav": "joined", "rec-001.wav": "joined", "rec-002.wav": "joined",
        "通话清单.csv": "joined", "kopie.txt": "duplicate", "bad.json": "failed",
        "half.jsonl": "failed", "../../etc/passwd": "done",
    }  # fmt: skip
    assert found["half.jsonl"]["error"]["where"] == "half.jsonl, line 2"
    assert len(found["half.jsonl"]["conversations"]) == 1
    listed = client.get(f"{API}/conversations?batch={batch['id']}").json()
    assert listed["count"] == 5
    csv = client.get(f"{API}/results?batch={batch['id']}&format=csv").text
    assert csv.count("call-001") == 4
    joined = client.get(f"{API}/conversations?batch={batch['id']}&agent=1001").json()["data"]
    assert [row["external_id"] for row in joined] == ["call-001"]
    assert joined[0]["customer_display"] == "138****0001"

    again = made(client, sent(tmp_path / "out"))
    client.post(f"{API}/batches/{again['id']}/start", json={"source": "pbx"})
    assert finished(client, again["id"])["conversations"] == {"unchanged": 3}
    assert client.get(f"{API}/conversations").json()["count"] == 5


def test_a_manifest_is_previewed_its_mapping_edited_and_kept(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    client = sqlite_client
    table = "甲,工号\n" + "".join(f"call-{n}.txt,{n}\n" for n in range(7))
    files: Files = [
        ("files", ("m.csv", table.replace("甲", "文件名").encode("gbk"))),
        ("files", ("call-1.txt", CHAT.encode())),
    ]
    batch = made(client, files)
    url = f"{API}/batches/{batch['id']}/files"
    shown = client.post(f"{url}/1/preview", json={}).json()["manifest"]
    assert shown["columns"] == {"文件名": "file_name", "工号": "agent_id"}
    assert (shown["rows"], len(shown["records"])) == (7, 5)
    edited = {"columns": {"文件名": "file_name", "工号": "team"}}
    shown = client.post(f"{url}/1/preview", json=edited).json()["manifest"]
    assert shown["records"][1]["team"] == "1"
    turns = client.post(f"{url}/2/preview", json={}).json()["turns"]
    assert turns[0] == {"role": "agent", "inferred": False, "text": "您好，请问有什么可以帮您？"}
    problem(client.put(f"{API}/sources/pbx", json={"columns": {"文件名": "boss"}}), 422)
    problem(client.put(f"{API}/sources/pbx", json={"timezone": "Mars"}), 422)
    problem(client.put(f"{API}/sources/pbx", json={"template": "{boss}"}), 422)
    assert client.put(f"{API}/sources/pbx", json=edited).status_code == 200
    assert client.get(f"{API}/sources").json()["data"][0]["columns"] == edited["columns"]
    client.post(f"{API}/batches/{batch['id']}/start", json={"source": "pbx"})
    finished(client, batch["id"])
    (row,) = client.get(f"{API}/conversations").json()["data"]
    assert (row["team"], row["source"], row["agent_ids"]) == ("1", "pbx", [])


def test_pausing_and_what_cannot_be_done(sqlite_client: TestClient, tmp_path: Path) -> None:
    client = sqlite_client
    many: Files = [("files", (f"{n}.txt", CHAT.replace("三", str(n)).encode())) for n in range(200)]
    batch = made(client, many)
    url = f"{API}/batches/{batch['id']}"
    problem(client.post(f"{url}/pause"), 409)
    problem(client.post(f"{url}/start", json={"role": "boss"}), 422)
    problem(client.post(f"{url}/start", json={"channels": "x"}), 422)
    client.post(f"{url}/start", json={})
    problem(client.post(f"{url}/files", files=many[:1]), 409)
    assert client.post(f"{url}/pause").json()["state"] == "paused"
    counts = client.get(url).json()["counts"]
    while "claimed" in counts:  # What was begun is finished.
        time.sleep(0.1)
        counts = client.get(url).json()["counts"]
    assert counts.get("todo", 0) > 0
    time.sleep(0.3)
    assert client.get(url).json()["counts"] == counts
    assert client.post(f"{url}/resume").json()["state"] == "running"
    assert finished(client, batch["id"])["conversations"] == {"created": 200}
    problem(client.post(f"{url}/resume"), 409)
    assert client.get(f"{API}/batches").json()["data"][0]["id"] == batch["id"]
    assert client.delete(url).status_code == 204
    problem(client.get(url), 404)
    problem(client.post(f"{API}/batches/99/files", files=many[:1]), 404)
    assert client.get(f"{API}/conversations").json()["count"] == 200


def test_a_batch_goes_on_where_the_server_before_was_stopped(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    many: Files = [("files", (f"{n}.txt", CHAT.replace("三", str(n)).encode())) for n in range(120)]
    with signed_in(settings, monitor) as client:
        batch = made(client, many)
        client.post(f"{API}/batches/{batch['id']}/start", json={})
    with signed_in(settings, monitor) as client:
        assert finished(client, batch["id"])["conversations"] == {"created": 120}
        require_gone(settings.data_dir / "batches" / str(batch["id"]))


@pytest.fixture
def begun(tmp_path: Path, monitor: EmotionMonitor) -> tuple[Settings, int]:
    """A started batch of 60 calls, with recordings and their manifest."""
    settings = Settings(data_dir=tmp_path / "data")
    upgrade(settings)
    return settings, begin(settings, export(tmp_path / "out", 60))


def begin(settings: Settings, files: list[Path]) -> int:
    with Store(settings) as store:
        batch_id = store.batches.create(LOCAL)
        items = [
            spooled(
                store, settings, batch_id, n, path.name, path.name, BytesIO(path.read_bytes()), {}
            )
            for n, path in enumerate(files, start=1)
        ]
        store.batches.add(batch_id, items, LOCAL)
        store.batches.start(batch_id, {}, LOCAL)
    return batch_id


def _in_a_process(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _work(settings: Settings, monitor: EmotionMonitor) -> None:
    with Store(settings) as store:
        store.batches.requeue()
        batching = Batching(store, monitor, settings)
        while batching.work():
            pass


def test_killed_fifty_times_every_conversation_is_scored_once(
    tmp_path: Path, monitor: EmotionMonitor
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    upgrade(settings)
    batch_id = begin(settings, export(tmp_path / "out", 200))
    chance = random.Random(8)
    kills = 0
    for _ in range(50):
        child = _in_a_process(lambda: _work(settings, monitor))
        time.sleep(chance.uniform(0.02, 0.12))
        os.kill(child, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert kills > 25
    _work(settings, monitor)
    with Store(settings) as store:
        found = list(store.iterate(Filter(), LOCAL))
        assert len(found) == 200
        assert {(one.row.scoring, one.row.media_count) for one in found} == {(1, 1)}
        assert len({one.row.external_id for one in found}) == 200
        done = store.batches.progress(batch_id, LOCAL)
        assert done.row.state == "finished"
        assert done.counts == {"done": 200, "joined": 201}
        assert sum(done.outcomes.values()) == 200


def test_workers_share_a_batch(settings: Settings, monitor: EmotionMonitor, tmp_path: Path) -> None:
    batch_id = begin(settings, export(tmp_path / "out", 40))
    with Store(settings) as one, Store(settings) as other, ThreadPoolExecutor(2) as pool:

        def work(store: Store) -> int:
            batching = Batching(store, monitor, settings)
            return sum(1 for _ in iter(batching.work, False))

        assert min(pool.map(work, (one, other))) > 0
        done = one.batches.progress(batch_id, LOCAL)
        assert (done.counts, done.outcomes) == ({"done": 40, "joined": 41}, {"created": 40})
        found = list(one.iterate(Filter(), LOCAL))
        assert [(row.row.scoring, row.row.media_count) for row in found] == [(1, 1)] * 40


def test_a_file_that_brings_a_scorer_down_costs_no_other(
    begun: tuple[Settings, int], monitor: EmotionMonitor
) -> None:
    settings, batch_id = begun
    score = monitor.scorers[0].score

    def falls(inputs: Any) -> Any:
        if any(given.turn.text[-4:-2] == "7天" for given in inputs):
            raise ZeroDivisionError
        return score(inputs)

    monitor.scorers[0].score = falls  # type: ignore[method-assign]
    with Store(settings) as store:
        batching = Batching(store, monitor, settings)
        while batching.work():
            pass
        done = store.batches.progress(batch_id, LOCAL)
        assert done.row.state == "finished"
        failed = store.batches.items(batch_id, LOCAL, state="failed")
        assert 0 < len(failed) < 10
        assert done.counts["done"] == 60 - len(failed)
        assert "ZeroDivisionError" in failed[0].error["what"]


def test_a_number_in_a_file_name_is_not_kept(sqlite_client: TestClient, tmp_path: Path) -> None:
    files: Files = [
        ("files", ("20260630_13812341234_7.txt", CHAT.encode())),
        ("files", ("20260630_13812345678_8.json", b'{"turns": [')),
    ]
    silence(tmp_path / "a.wav")
    recording = (tmp_path / "a.wav").read_bytes()
    files.append(("files", ("20260630_13812341234_7.wav", recording)))
    batch = made(sqlite_client, files)
    template = {"template": "{date}_{caller}_{call_id}.wav"}
    sqlite_client.post(f"{API}/batches/{batch['id']}/start", json=template)
    finished(sqlite_client, batch["id"])
    assert "20260630_138****1234_7.txt" in rows(sqlite_client, batch["id"])
    require_gone(tmp_path / "data" / "batches" / str(batch["id"]))
    with closing(sqlite3.connect(tmp_path / "data" / "emotion-monitor.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    stored = [p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file()]
    assert not any(n in data for data in stored for n in (b"13812341234", b"13812345678"))
    (call,) = sqlite_client.get(f"{API}/conversations").json()["data"]
    assert (call["external_id"], call["customer_display"]) == ("7", "138****1234")


def test_a_damaged_recording_is_named_and_its_transcript_scored(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    silence(tmp_path / "b.wav")
    silence(tmp_path / "c.wav", 0.3)
    files: Files = [
        ("files", ("a.txt", CHAT.encode())),
        ("files", ("a.wav", b"RIFF\x00\x00\x00\x00WAVEdata" + bytes(50))),
        ("files", ("b.wav", (tmp_path / "b.wav").read_bytes())),
        ("files", ("c.json", b'{"turns": [')),
        ("files", ("c.wav", (tmp_path / "c.wav").read_bytes())),
    ]
    batch = made(sqlite_client, files)
    sqlite_client.post(f"{API}/batches/{batch['id']}/start", json={})
    finished(sqlite_client, batch["id"])
    found = rows(sqlite_client, batch["id"])
    assert {name: row["state"] for name, row in found.items()} == {
        "a.txt": "done", "a.wav": "failed", "b.wav": "done", "c.json": "failed", "c.wav": "joined",
    }  # fmt: skip
    assert found["a.wav"]["error"]["remedy"]
