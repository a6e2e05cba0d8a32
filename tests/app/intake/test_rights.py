"""Batches and people's rights: masked before it is kept, erased and swept with all that is left."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import soundfile
from sqlalchemy import update
from starlette.testclient import TestClient

from app.privacy import build_masker
from app.settings import Settings
from app.store import Store
from app.store.batch_tables import BatchRow
from tests.app.conftest import API, problem
from tests.app.intake.test_batches import Files, finished, made, require_gone, rows
from tests.app.test_rights import OTHER, database_bytes, dump, let_go_of_logs, media_bytes, stereo

MOBILE = "15012349876"
WORDS = "再也找不到的话"
TABLE = "文件名,流水号,客户电话,备注,坐席\nweg.wav,ruf-777,{},回拨{},4711\n"


def _mine(folder: Path) -> Files:
    """A call with its recording and table, and one that is broken."""
    recording = stereo(folder / "weg.wav", 1)
    said = f"客服：您好，很高兴为您服务\n客户：{WORDS}，我电话{MOBILE}\n客户：我叫王小明\n"
    return [
        ("files", ("weg.txt", said.encode())),
        ("files", (recording.name, recording.read_bytes())),
        ("files", ("calls.csv", TABLE.format(MOBILE, OTHER).encode("gbk"))),
        ("files", (f"{MOBILE}.json", b'{"turns": [{"text": ')),
    ]


def test_nothing_of_a_batch_is_kept_unmasked_and_all_of_it_is_erased(
    client: TestClient, settings: Settings, tmp_path: Path
) -> None:
    let_go_of_logs(settings)
    batch = made(client, _mine(tmp_path))
    url = f"{API}/batches/{batch['id']}"
    shown = [client.post(f"{url}/files/{n}/preview", json={}).text for n in (1, 3)]
    assert not any(number in text for text in shown for number in (MOBILE, OTHER))
    assert WORDS in shown[0]
    client.post(f"{url}/start", json={})
    assert finished(client, batch["id"])["conversations"] == {"created": 1}
    require_gone(settings.data_dir / "batches" / str(batch["id"]))
    kept = dump(settings)
    assert WORDS.encode() in kept
    assert b"weg.txt" in kept
    assert not any(secret.encode() in kept for secret in (OTHER, "王小明"))
    (listed,) = client.get(f"{API}/conversations").json()["data"]
    call = client.get(f"{API}/conversations/{listed['id']}").json()
    assert call["customer_ref"] == build_masker(settings).reference(MOBILE)
    assert call["customer_display"] == "150****9876"

    waiting = made(client, [("files", ("later.txt", "客户：还没有评分的话".encode()))])
    answer = client.post(f"{API}/customers/erase", json={"customer": MOBILE}).json()
    assert (answer["conversations"], answer["media"]) == (1, 1)
    assert any("wait to be scored" in note for note in answer["notes"])
    after = database_bytes(settings)
    left = [s for s in (WORDS, "weg.txt", "ruf-777", MOBILE) if s.encode() in after]
    assert left == []
    assert media_bytes(settings) == b""
    assert list(rows(client, waiting["id"])) == ["later.txt"]


def test_the_files_of_a_paused_batch_go_with_their_customer(
    client: TestClient, settings: Settings, store: Store, tmp_path: Path
) -> None:
    batch = made(client, _mine(tmp_path))
    url = f"{API}/batches/{batch['id']}"
    store.batches.prune()
    folder = settings.data_dir / "batches" / str(batch["id"])
    assert len(list(folder.iterdir())) == 4
    client.post(f"{url}/start", json={})
    finished(client, batch["id"])
    require_gone(folder)
    with store._writing() as session:
        session.execute(update(BatchRow).values(state="paused"))
    folder.mkdir()
    (folder / "weg.txt").write_bytes(WORDS.encode())
    client.post(f"{API}/customers/erase", json={"customer": MOBILE})
    assert [path.name for path in folder.rglob("*") if path.read_bytes()] == []


def test_old_batches_are_swept(
    client: TestClient, settings: Settings, store: Store, tmp_path: Path
) -> None:
    done = made(client, [("files", ("done.txt", "客户：评过分的话".encode()))])
    client.post(f"{API}/batches/{done['id']}/start", json={})
    finished(client, done["id"])
    left = made(client, _mine(tmp_path))
    folder = settings.data_dir / "batches" / str(left["id"])
    assert not store.sweep(settings).anything
    for days, gone, there in ((40, left, [done]), (400, done, [])):
        made_at = datetime.now(UTC) - timedelta(days=days)
        with store._writing() as session:
            session.execute(update(BatchRow).values(made_at=made_at))
        assert store.sweep(settings, dry_run=True).batches == 1
        assert store.sweep(settings).batches == 1
        assert not folder.exists()
        problem(client.get(f"{API}/batches/{gone['id']}"), 404)
        found = client.get(f"{API}/batches").json()["data"]
        assert [one["id"] for one in found] == [one["id"] for one in there]
    assert client.get(f"{API}/conversations").json()["count"] == 1


def test_recordings_of_a_batch_need_not_be_kept(sqlite_client: TestClient, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    batch = made(sqlite_client, _mine(tmp_path))
    url = f"{API}/batches/{batch['id']}/start"
    sqlite_client.post(url, json={"keep_recordings": False, "notice": "IVR-1"})
    assert finished(sqlite_client, batch["id"])["conversations"] == {"created": 1}
    require_gone(settings.data_dir / "batches" / str(batch["id"]))
    assert media_bytes(settings) == b""
    (call,) = sqlite_client.get(f"{API}/conversations").json()["data"]
    assert sqlite_client.get(f"{API}/conversations/{call['id']}").json()["media"] == []


def test_an_upload_names_no_other_file_of_this_machine(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    secret = stereo(tmp_path / "secret.wav", 9)
    assert soundfile.info(secret).frames
    call = {
        "turns": [{"role": "customer", "text": "您好", "start": 0, "end": 1}],
        "media": [{"path": str(secret)}],
    }
    batch = made(sqlite_client, [("files", ("a.json", json.dumps(call).encode()))])
    sqlite_client.post(f"{API}/batches/{batch['id']}/start", json={})
    finished(sqlite_client, batch["id"])
    (row,) = rows(sqlite_client, batch["id"]).values()
    assert row["state"] == "failed"
    assert "was not uploaded with it" in row["error"]["what"]
    assert media_bytes(settings) == b""


def test_roles_are_shown_as_inferred_and_exchanged_before_scoring(
    sqlite_client: TestClient,
) -> None:
    said = "speaker,text\nA,您好，很高兴为您服务，请问有什么可以帮您？\nB,你们怎么还不发货！\n"
    batch = made(sqlite_client, [("files", ("a.csv", said.encode()))])
    url = f"{API}/batches/{batch['id']}"
    seen = sqlite_client.post(f"{url}/files/1/preview", json={}).json()
    assert [(t["role"], t["inferred"]) for t in seen["turns"]] == [
        ("agent", True), ("customer", True),
    ]  # fmt: skip
    swap = {"swap_roles": True}
    seen = sqlite_client.post(f"{url}/files/1/preview", json=swap).json()
    assert [t["role"] for t in seen["turns"]] == ["customer", "agent"]
    assert seen["swapped"] > 0.9
    sqlite_client.post(f"{url}/start", json=swap)
    finished(sqlite_client, batch["id"])
    (call,) = sqlite_client.get(f"{API}/conversations").json()["data"]
    turns = sqlite_client.get(f"{API}/conversations/{call['id']}").json()["turns"]
    assert [turn["role"] for turn in turns] == ["customer", "agent"]


def test_a_batch_under_a_notice_that_has_ended_is_read_in_words_only(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    notice = {"reference": "IVR-1", "text": "会录音并分析", "valid_from": "2020-01-01T00:00:00Z"}
    ended = {"valid_until": "2021-01-01T00:00:00Z"}
    assert sqlite_client.post(f"{API}/notices", json=notice | ended).status_code == 201
    batch = made(sqlite_client, _mine(tmp_path))
    url = f"{API}/batches/{batch['id']}/start"
    sqlite_client.post(url, json={"notice": "IVR-1"})
    finished(sqlite_client, batch["id"])
    (call,) = sqlite_client.get(f"{API}/conversations").json()["data"]
    shown = sqlite_client.get(f"{API}/conversations/{call['id']}").json()
    assert (shown["notice"], shown["attributes"]["notice_not_valid"]) == ("", "IVR-1")
