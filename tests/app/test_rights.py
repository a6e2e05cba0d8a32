"""Masking on every way in, erasure, retention and notices, over both kinds of database."""

from __future__ import annotations

import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest
import soundfile
from psycopg import sql
from sqlalchemy import text, update
from sqlalchemy.engine import make_url
from starlette.testclient import TestClient

from app.api.sweeper import Sweeper
from app.privacy import KEY_FILE, build_masker
from app.settings import Settings
from app.store import LOCAL, Store, upgrade
from app.store.tables import ConversationRow
from benchmarks.planted import dialogues
from multimodal.conversation import Conversation, Media, Role, Turn
from multimodal.formats.canonical import conversation_to_json
from multimodal.masking import Masker
from multimodal.pipeline import EmotionMonitor
from multimodal.policy import NO_NOTICE
from multimodal.recording import NO_RECORDING
from tests.app.conftest import API, POSTGRES, OneFuser, chat, problem, signed_in
from tests.app.test_roles import AnyVoice

MOBILE = "13912345678"
OTHER = "13987654321"


def stereo(path: Path, seed: int) -> Path:
    noise = np.random.default_rng(seed).normal(0, 0.1, (16_000, 2))
    soundfile.write(path, noise, 8000)
    return path


def database_bytes(settings: Settings) -> bytes:
    """All that a database has on disk: the SQLite file and its log, or PostgreSQL's folder."""
    url = make_url(settings.url)
    if url.get_backend_name() == "sqlite":
        files = [Path(str(url.database) + suffix) for suffix in ("", "-wal", "-shm")]
    else:
        with psycopg.connect(settings.database_url) as connection:
            found = connection.execute("SHOW data_directory").fetchone()
        assert found is not None
        files = [path for path in Path(found[0]).rglob("*") if path.is_file()]
    parts = []
    for path in files:
        try:
            parts.append(path.read_bytes())
        except FileNotFoundError:
            continue  # A segment of the log that was just removed.
    return b"".join(parts)


def dump(settings: Settings) -> bytes:
    """What is in the database: the files of SQLite, a dump of PostgreSQL."""
    if not settings.database_url:
        return database_bytes(settings)
    program = POSTGRES[-1].parent / "pg_dump"
    done = subprocess.run([program, settings.database_url], check=True, capture_output=True)
    return done.stdout


def let_go_of_logs(settings: Settings) -> None:
    """Makes PostgreSQL delete old segments of its log rather than use their files again."""
    if settings.database_url:
        with psycopg.connect(settings.database_url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET wal_recycle = off")
            connection.execute("SELECT pg_reload_conf()")


def media_bytes(settings: Settings) -> bytes:
    return b"".join(p.read_bytes() for p in settings.media_dir.rglob("*") if p.is_file())


@pytest.fixture
def all_logs(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_of_what_was_planted_no_byte_is_left(
    client: TestClient, settings: Settings, all_logs: pytest.LogCaptureFixture
) -> None:
    made = dialogues()
    lines = [json.dumps(conversation_to_json(one.conversation), ensure_ascii=False) for one in made]
    lines.insert(3, '{"turns": [{"role": "13912345678", "text": "我叫王小明"}]}')
    body = "\n".join(lines).encode()
    answer = client.post(f"{API}/imports", files=[("files", ("planted.jsonl", body))])
    result = answer.json()["data"][0]
    assert len(result["conversations"]) == len(made)
    assert result["failed"] == 1
    assert MOBILE not in answer.text

    parquet = client.get(f"{API}/results?format=parquet").content
    with zipfile.ZipFile(io.BytesIO(client.get(f"{API}/results?format=xlsx").content)) as book:
        sheets = b"".join(book.read(name) for name in book.namelist())
    exports = b"".join(
        (
            sheets,
            client.get(f"{API}/results?format=csv").content,
            client.get(f"{API}/results?format=jsonl").content,
            pd.read_parquet(io.BytesIO(parquet)).to_json(force_ascii=False).encode(),
        )
    )
    kept = dump(settings) + exports + all_logs.text.encode()
    secrets = {secret for one in made for item in one.planted for secret in item.secrets}
    assert len(secrets) >= 200
    assert [secret for secret in secrets if secret.encode() in kept] == []
    decoys = {decoy for one in made for decoy in one.decoys}
    assert [decoy for decoy in decoys if decoy.encode() not in exports] == []


def test_each_conversation_is_masked_once(
    sqlite_client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    mask = Masker.conversation

    def counted(self: Masker, conversation: Conversation) -> Conversation:
        seen.append(conversation.external_id)
        return mask(self, conversation)

    monkeypatch.setattr(Masker, "conversation", counted)
    sqlite_client.post(f"{API}/conversations", json=chat("waits"))
    sqlite_client.post(f"{API}/conversations?wait=false", json=chat("queued"))
    lines = "\n".join(json.dumps(chat(name)) for name in ("one", "two")).encode()
    sqlite_client.post(f"{API}/imports", files=[("files", ("two.jsonl", lines))])
    assert seen == ["waits", "queued", "one", "two"]


def test_evidence_points_into_the_masked_words(sqlite_client: TestClient) -> None:
    body = chat(turns=[{"role": "customer", "text": "13912345678！！"}])
    turn = sqlite_client.post(f"{API}/conversations", json=body).json()["turns"][0]
    assert turn["text"] == "[手机号]！！"
    for one in turn["scores"]["text"]["evidence"]:
        assert turn["text"][int(one["start"]) : int(one["end"])] == one["name"]


def test_a_live_number_over_two_turns_is_masked_in_both(
    client: TestClient, settings: Settings
) -> None:
    body = chat(turns=[{"role": "customer", "text": "您记一下，1391234"}])
    made = client.post(f"{API}/conversations?state=open", json=body).json()
    turns = f"{API}/conversations/{made['id']}/turns"
    client.post(turns, json={"role": "agent", "text": "嗯，您说"})
    last = client.post(turns, json={"role": "customer", "text": "5678，赶紧的！"})
    assert last.json()["turn"]["text"] == "[手机号]，赶紧的！"
    kept = client.get(f"{API}/conversations/{made['id']}").json()["turns"]
    assert kept[0]["text"] == "您记一下，[手机号]"
    if not settings.database_url:  # Its log holds what a page was until it is written back.
        with sqlite3.connect(settings.data_dir / "emotion-monitor.db") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"1391234" not in dump(settings)


def test_a_comment_and_an_error_are_masked(sqlite_client: TestClient) -> None:
    made = sqlite_client.post(f"{API}/conversations", json=chat()).json()
    path = f"{API}/conversations/{made['id']}/turns/2/corrections"
    comment = {"label": "sad", "comment": "已回拨13912345678"}
    assert sqlite_client.post(path, json=comment).json()["comment"] == "已回拨[手机号]"
    error = problem(
        sqlite_client.post(f"{API}/conversations", json=chat(timezone=f"Asia/{MOBILE}")), 422
    )
    assert MOBILE not in str(error)


def test_the_customer_is_known_by_a_keyed_hash(client: TestClient, settings: Settings) -> None:
    first = chat("a", customer_ref=MOBILE, customer_display=MOBILE)
    second = chat("b", customer_ref="+86 139-1234-5678")
    refs = {
        client.post(f"{API}/conversations", json=body).json()["customer_ref"]
        for body in (first, second)
    }
    assert refs == {build_masker(settings).reference(MOBILE)}
    assert (settings.data_dir / KEY_FILE).stat().st_mode & 0o077 == 0
    assert client.get(f"{API}/conversations").json()["data"][1]["customer_display"] == "139****5678"
    assert MOBILE.encode() not in dump(settings)


def _two_customers(client: TestClient, folder: Path) -> None:
    """Two customers' calls with recordings, and a chat of the first."""
    files = []
    for name, number, seed in (("mine", MOBILE, 1), ("yours", OTHER, 2)):
        recording = stereo(folder / f"{name}.wav", seed)
        call = {
            "external_id": f"call-{name}",
            "source": "test",
            "channel": "phone",
            "customer_ref": number,
            "customer_display": number,
            "media": [{"path": recording.name, "channels": {"0": "agent", "1": "customer"}}],
            "turns": [
                {"role": "agent", "text": "您好", "start": 0, "end": 0.5},
                {"role": "customer", "text": f"这是{name}的独特原话！！", "start": 0.6, "end": 1},
            ],
        }
        files += [
            ("files", (f"{name}.json", json.dumps(call, ensure_ascii=False).encode())),
            ("files", (recording.name, recording.read_bytes())),
        ]
    answer = client.post(f"{API}/imports", files=files)
    assert [one["error"] for one in answer.json()["data"]] == [None] * 4
    mine = chat("chat-mine", customer_ref=MOBILE, attributes={"memo": "mine的备注"})
    headers = {"Idempotency-Key": "mine-key-7"}
    made = client.post(f"{API}/conversations", json=mine, headers=headers).json()
    comment = {"label": "sad", "comment": "mine的更正"}
    client.post(f"{API}/conversations/{made['id']}/turns/2/corrections", json=comment)


SECRETS = ("mine的独特原话", "call-mine", "chat-mine", "mine的备注", "mine的更正", "mine-key-7")


def test_an_erased_customer_is_in_no_byte_of_database_log_and_media(
    client: TestClient, settings: Settings, tmp_path: Path
) -> None:
    let_go_of_logs(settings)
    _two_customers(client, tmp_path)
    reference = build_masker(settings).reference(MOBILE)
    recording = (tmp_path / "mine.wav").read_bytes()[100:200]
    before = database_bytes(settings)
    assert all(secret.encode() in before for secret in (*SECRETS, reference))
    assert recording in media_bytes(settings)

    answer = client.post(f"{API}/customers/erase", json={"customer": MOBILE}).json()
    assert answer == {"conversations": 2, "media": 1, "shared": 0, "elsewhere": [], "notes": []}

    after = database_bytes(settings)
    assert [secret for secret in (*SECRETS, reference) if secret.encode() in after] == []
    assert recording not in media_bytes(settings)
    assert "yours的独特原话".encode() in after
    assert (tmp_path / "yours.wav").read_bytes()[100:200] in media_bytes(settings)
    entry = client.get(f"{API}/audit").json()["data"][0]
    assert entry["action"] == "erase"
    assert entry["detail"] == {"conversations": 2, "media": 1, "elsewhere": 0}
    assert client.get(f"{API}/conversations").json()["count"] == 1
    problem(client.post(f"{API}/customers/erase", json={"customer": MOBILE}), 404)


def test_who_may_not_empty_the_log_is_told(
    postgres_server: str, monitor: EmotionMonitor, tmp_path: Path
) -> None:
    name = f"plain_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_server + "postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        made = "CREATE DATABASE {} OWNER {}"
        connection.execute(sql.SQL(made).format(sql.Identifier(name), sql.Identifier(name)))
    url = postgres_server.replace("tester@", f"{name}@") + name
    settings = Settings(data_dir=tmp_path / "data", database_url=url)
    upgrade(settings)
    with signed_in(settings, monitor) as client:
        client.post(f"{API}/conversations", json=chat(customer_ref=MOBILE))
        answer = client.post(f"{API}/customers/erase", json={"customer": MOBILE}).json()
    assert answer["conversations"] == 1
    assert any("write-ahead log" in note for note in answer["notes"])


def test_a_recording_that_two_share_stays_for_the_other(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    recording = stereo(tmp_path / "both.wav", 3)
    files = [("files", (recording.name, recording.read_bytes()))]
    for name, number in (("a", MOBILE), ("b", OTHER)):
        call = chat(name, customer_ref=number, media=[{"path": recording.name}])
        files.append(("files", (f"{name}.json", json.dumps(call).encode())))
    sqlite_client.post(f"{API}/imports", files=files)
    answer = sqlite_client.post(f"{API}/customers/erase", json={"customer": MOBILE}).json()
    assert (answer["media"], answer["shared"]) == (0, 1)
    answer = sqlite_client.post(f"{API}/customers/erase", json={"customer": OTHER}).json()
    assert (answer["media"], answer["shared"]) == (1, 0)


def _age(store: Store, days: int) -> None:
    received = datetime.now(UTC) - timedelta(days=days)
    with store._writing() as session:
        session.execute(update(ConversationRow).values(received_at=received))


def test_each_class_goes_when_its_time_is_over(
    client: TestClient, settings: Settings, store: Store, tmp_path: Path
) -> None:
    _two_customers(client, tmp_path)
    assert not store.sweep(settings).anything
    _age(store, 40)
    preview = store.sweep(settings, dry_run=True)
    assert (preview.media, preview.transcripts, preview.conversations) == (2, 0, 0)
    assert store.sweep(settings) == preview
    assert not store.sweep(settings).anything
    assert media_bytes(settings) == b""
    found = client.get(f"{API}/conversations", params={"channel": "phone"}).json()["data"][0]
    shown = client.get(f"{API}/conversations/{found['id']}").json()
    assert shown["media"] == []
    assert any("not kept" in note for note in shown["notes"])

    _age(store, 200)
    assert store.sweep(settings, dry_run=True).transcripts == 3
    assert store.sweep(settings).transcripts == 3
    assert not store.sweep(settings).anything
    shown = client.get(f"{API}/conversations/{found['id']}").json()
    assert {turn["text"] for turn in shown["turns"]} == {""}
    assert shown["turns"][1]["answer"]["label"] == "angry"
    assert "mine的独特原话".encode() not in dump(settings)

    again = chat("chat-mine", customer_ref=MOBILE, attributes={"memo": "mine的备注"})
    assert client.post(f"{API}/conversations", json=again).status_code == 200
    assert "mine的备注".encode() not in dump(settings)

    _age(store, 400)
    assert store.sweep(settings).conversations == 3
    assert client.get(f"{API}/conversations").json()["count"] == 0
    with store._writing() as session:
        session.execute(text("UPDATE audit SET at = :at"), {"at": "2020-01-01 00:00:00+00:00"})
    noted = [entry.action for entry in store.audit(1000)]
    assert noted.count("retention") == 3
    assert store.sweep(settings).audit == len(noted)
    entries = [entry.action for entry in store.audit()]
    assert entries == ["retention"]


def test_an_open_conversation_is_not_swept(client: TestClient, store: Store) -> None:
    client.post(f"{API}/conversations?state=open", json=chat())
    _age(store, 1000)
    assert not store.sweep(Settings()).anything


def test_zero_days_keep_everything(sqlite_client: TestClient, tmp_path: Path) -> None:
    sqlite_client.post(f"{API}/conversations", json=chat())
    forever = Settings(
        data_dir=tmp_path / "data",
        retention_media_days=0,
        retention_transcript_days=0,
        retention_scores_days=0,
        retention_audit_days=0,
    )
    with Store(forever) as store:
        _age(store, 30_000)
        assert not store.sweep(forever).anything


def test_the_service_sweeps_by_itself(
    sqlite_client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    sqlite_client.post(f"{API}/conversations", json=chat())
    with Store(settings) as store:
        _age(store, 1000)
        sweeper = Sweeper(store, settings, first=0.01)
        sweeper.start()
        for _ in range(200):
            if store.facts()["conversations"] == 0:
                break
            sweeper._stopping.wait(0.02)
        sweeper.stop()
        assert store.facts()["conversations"] == 0


def test_a_recording_need_not_be_kept(
    settings: Settings, monitor: EmotionMonitor, tmp_path: Path
) -> None:
    never = settings.model_copy(update={"keep_recordings": False})
    with signed_in(never, monitor) as client:
        _two_customers(client, tmp_path)
        assert media_bytes(settings) == b""
        found = client.get(f"{API}/conversations", params={"channel": "phone"}).json()["data"]
        assert [one["media_count"] for one in found] == [0, 0]
        shown = client.get(f"{API}/conversations/{found[0]['id']}").json()
        assert shown["media"] == []
        assert any("not kept" in note for note in shown["notes"])
        # The same files again change nothing.
        _two_customers(client, tmp_path)
        again = client.get(f"{API}/conversations", params={"channel": "phone"}).json()["data"]
        assert [one["scored_at"] for one in again] == [one["scored_at"] for one in found]


def test_a_recording_elsewhere_is_forgotten_but_known_again(
    store: Store, settings: Settings, monitor: EmotionMonitor, tmp_path: Path
) -> None:
    recording = stereo(tmp_path / "elsewhere.wav", 6)
    turns = (Turn(Role.CUSTOMER, "好", start=0, end=1),)
    call = Conversation("elsewhere", turns, media=(Media(recording),))
    assert store.save(monitor.score(call), keep_recordings=False).outcome == "created"
    assert b"elsewhere.wav" not in dump(settings)
    assert store.save(monitor.score(call), keep_recordings=False).outcome == "unchanged"
    assert recording.is_file()


def test_the_command_line_masks_files_stdin_errors_and_results(
    settings: Settings, tmp_path: Path
) -> None:
    said = f"客服：您好。\n客户：我叫王小明，电话{MOBILE}，太气人了！\n"
    (tmp_path / f"chat_{OTHER}.txt").write_text(said, "utf-8")
    (tmp_path / "bad.jsonl").write_text(f'{{"turns": [{{"role": "{MOBILE}"}}]}}\n', "utf-8")
    env = {**os.environ, "EMOTION_MONITOR_DATA_DIR": str(settings.data_dir)}
    env["EMOTION_MONITOR_DATABASE_URL"] = settings.database_url
    out = tmp_path / "out.jsonl"
    files = [tmp_path / f"chat_{OTHER}.txt", tmp_path / "bad.jsonl", "-"]
    program = Path(sys.executable).with_name("emotion-monitor")
    command = map(str, [program, "score", *files, "--save", "--out", out])
    done = subprocess.run(
        [*command], env=env, input=said.encode() * 2, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "bad.jsonl" in done.stderr.decode()
    kept = done.stderr + done.stdout + out.read_bytes() + dump(settings)
    assert "太气人了".encode() in kept
    assert [s for s in (MOBILE, OTHER, "王小明") if s.encode() in kept] == []


def test_one_import_may_not_keep_its_recordings(sqlite_client: TestClient, tmp_path: Path) -> None:
    recording = stereo(tmp_path / "a.wav", 4)
    files = [("files", (recording.name, recording.read_bytes()))]
    fields = {"role": "customer", "keep_recordings": "false"}
    answer = sqlite_client.post(f"{API}/imports", files=files, data=fields).json()["data"][0]
    shown = sqlite_client.get(f"{API}/conversations/{answer['conversations'][0]}").json()
    assert shown["media"] == []
    assert not [p for p in (tmp_path / "data" / "media").rglob("*") if p.is_file()]


def test_a_recording_named_after_its_customer(
    store: Store, settings: Settings, tmp_path: Path, monitor: EmotionMonitor
) -> None:
    from app.ingest import IngestOptions, read_files

    recording = tmp_path / f"20260630_{MOBILE}.wav"
    sound = np.random.default_rng(5).normal(0, 0.1, 16_000)
    soundfile.write(recording, np.stack((sound, sound), axis=1), 8000)
    options = IngestOptions(role=Role.CUSTOMER, notice="N-1", masker=build_masker(settings))
    (item,) = read_files([recording], options)
    assert item.conversation is not None
    scored = EmotionMonitor([AnyVoice()], OneFuser()).score(item.conversation)
    assert any("identical" in note for note in scored.notes)
    store.save(scored)
    assert MOBILE.encode() not in dump(settings)
    kept = store.get(1, LOCAL).scored.conversation
    assert kept.media[0].path.read_bytes() == recording.read_bytes()
    assert store.save(scored).outcome == "unchanged"


NOTICE = {
    "reference": "IVR-1",
    "text": "本次通话将被录音并分析。",
    "valid_from": "2026-01-01T00:00:00",
}


def test_the_standing_notice_ends_too(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", standing_notice="IVR-1")
    monitor = EmotionMonitor([AnyVoice()], OneFuser(), standing_notice="IVR-1")
    turns = [{"role": "customer", "text": "好", "start": 0, "end": 1}]
    with signed_in(settings, monitor) as client:
        client.post(f"{API}/notices", json=NOTICE)
        reasons = []
        for day in ("2025-12-31", "2026-01-01"):
            body = chat(day, started_at=f"{day}T12:00:00+08:00", turns=turns)
            made = client.post(f"{API}/conversations", json=body).json()
            reasons.append(made["turns"][0]["scores"]["voice"]["reason"])
    assert reasons == [NO_NOTICE, NO_RECORDING]


def test_notices_bind_conversations(client: TestClient) -> None:
    made = client.post(f"{API}/notices", json=NOTICE)
    assert made.status_code == 201
    assert made.json()["valid_from"] == "2026-01-01T00:00:00+08:00"
    assert client.post(f"{API}/notices", json=NOTICE).status_code == 201
    problem(client.post(f"{API}/notices", json=NOTICE | {"text": "别的。"}), 409)
    before = chat("before", notice="IVR-1", started_at="2025-12-31T23:59:59+08:00")
    within = chat("within", notice="IVR-1", started_at="2026-01-01T00:00:00+08:00")
    unknown = chat("unknown", notice="never recorded")
    answers = [
        client.post(f"{API}/conversations", json=one).json() for one in (before, within, unknown)
    ]
    assert [one["notice"] for one in answers] == ["", "IVR-1", "never recorded"]
    assert answers[0]["attributes"] == {"notice_not_valid": "IVR-1"}
    assert client.get(f"{API}/notices").json()["data"][0]["conversations"] == 1

    end = {"reference": "IVR-1", "at": "2026-06-01T00:00:00"}
    assert client.post(f"{API}/notices/end", json=end).json()["valid_until"] is not None
    after = chat("after", notice="IVR-1", started_at="2026-06-01T00:00:00+08:00")
    assert client.post(f"{API}/conversations", json=after).json()["notice"] == ""
    # What was bound stays bound, and comes again unchanged.
    assert client.post(f"{API}/conversations", json=within).status_code == 200
    problem(client.post(f"{API}/notices/end", json={"reference": "IVR-2"}), 404)
    wrong = NOTICE | {"reference": "IVR-3", "valid_until": "2025-01-01T00:00:00"}
    problem(client.post(f"{API}/notices", json=wrong), 422)
