"""Files in, recordings out in parts, results out."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from app.api.routes.imports import safe_name
from app.settings import Settings
from app.store import upgrade
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat, problem, signed_in

LINES = "客户：都三天了还没发货！！\n坐席：您好，马上为您查询。\n客户：好的\n".encode()


def tone(channels: int = 1, seconds: float = 2.0, suffix: str = "wav") -> bytes:
    """A tone that comes and goes like speech."""
    times = np.arange(int(seconds * 8000)) / 8000
    wave = 0.4 * np.sin(2 * np.pi * 220 * times) * (np.sin(2 * np.pi * 3 * times) > -0.5)
    file = io.BytesIO()
    samples = np.stack([wave * (0.5 + 0.5 * c) for c in range(channels)], axis=1)
    soundfile.write(file, samples, 8000, format=suffix)
    return file.getvalue()


def test_files_in(client: TestClient) -> None:
    jsonl = "".join(json.dumps(chat(f"j{n}"), ensure_ascii=False) + "\n" for n in range(3))
    files = [
        ("files", ("聊天.txt", LINES)),
        ("files", ("many.jsonl", jsonl.encode())),
        ("files", ("../../etc/empty.csv", b"")),
        ("files", ("binary.txt", bytes(range(256)) * 8)),
        ("files", ("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(64))),
        ("files", ("聊天.txt", LINES + "客户：谢谢\n".encode())),
    ]
    answer = client.post(f"{API}/imports", files=files, data={"source": "测试"})
    assert answer.status_code == 200, answer.text
    good, many, empty, binary, picture, second = answer.json()["data"]
    assert (good["file"], len(good["conversations"]), good["error"]) == ("聊天.txt", 1, None)
    assert len(many["conversations"]) == 3
    for bad in (empty, binary, picture):
        assert bad["conversations"] == []
        assert bad["failed"] == 1
        assert bad["error"]["what"]
        assert "/tmp" not in json.dumps(bad)
    assert len(second["conversations"]) == 1
    assert second["conversations"] != good["conversations"]
    found = client.get(f"{API}/conversations/{good['conversations'][0]}").json()
    assert [turn["role"] for turn in found["turns"]] == ["customer", "agent", "customer"]
    assert found["source"] == "测试"
    again = client.post(f"{API}/imports", files=files, data={"source": "测试"}).json()["data"]
    assert [one["conversations"] for one in again] == [
        one["conversations"] for one in answer.json()["data"]
    ]
    assert client.get(f"{API}/conversations").json()["count"] == 5


def test_a_recording_alone_and_its_parts(client: TestClient) -> None:
    data = tone()
    files = [("files", ("call.wav", data))]
    (result,) = client.post(f"{API}/imports", files=files, data={"role": "customer"}).json()["data"]
    assert result["error"] is None
    number = result["conversations"][0]
    (media,) = client.get(f"{API}/conversations/{number}").json()["media"]
    assert (media["kind"], media["content_type"]) == ("audio", "audio/wav")
    assert media["bytes"] == len(data)
    assert media["channels"] == {"0": "customer"}
    whole = client.get(media["url"])
    assert whole.content == data
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["accept-ranges"] == "bytes"
    etag = whole.headers["etag"]

    def part(value: str, **headers: str) -> tuple[int, bytes]:
        answer = client.get(media["url"], headers={"range": value, **headers})
        return answer.status_code, answer.content

    assert part("bytes=0-9") == (206, data[:10])
    assert part("bytes=10-") == (206, data[10:])
    assert part("bytes=-5") == (206, data[-5:])
    assert part("bytes=0-9", **{"if-range": etag}) == (206, data[:10])
    assert part("bytes=0-9", **{"if-range": '"other"'}) == (200, data)
    outside = client.get(media["url"], headers={"range": f"bytes={len(data)}-"})
    problem(outside, 416)
    assert outside.headers["content-range"] == f"bytes */{len(data)}"
    problem(client.get(media["url"], headers={"range": "bytes=-0"}), 416)
    problem(client.get(media["url"], headers={"range": "bytes=9-1"}), 400)
    problem(client.get(media["url"], headers={"range": "lines=1-2"}), 400)
    problem(client.get(f"{API}/conversations/{number}/media/1"), 404)
    client.delete(f"{API}/conversations/{number}")
    problem(client.get(media["url"]), 404)


def test_a_transcript_with_its_recording(sqlite_client: TestClient, tmp_path: Path) -> None:
    def with_media(path: str) -> bytes:
        media = [{"path": path, "channels": {"0": "agent", "1": "customer"}}]
        return json.dumps(chat(f"m-{path}", media=media)).encode()

    files = [("files", ("c.json", with_media("c.wav"))), ("files", ("c.wav", tone(2)))]
    transcript, recording = sqlite_client.post(f"{API}/imports", files=files).json()["data"]
    assert recording == {"file": "c.wav", "conversations": [], "failed": 0, "error": None}
    found = sqlite_client.get(f"{API}/conversations/{transcript['conversations'][0]}").json()
    assert found["media"][0]["channels"] == {"0": "agent", "1": "customer"}
    secret = tmp_path / "secret.wav"
    secret.write_bytes(tone())
    for path in (str(secret), "../../../../etc/passwd", "other.wav"):
        files = [("files", ("c.json", with_media(path)))]
        (result,) = sqlite_client.post(f"{API}/imports", files=files).json()["data"]
        assert result["conversations"] == []
        assert "uploaded" in result["error"]["what"]


def test_a_recording_added_later(client: TestClient) -> None:
    number = client.post(f"{API}/conversations", json=chat()).json()["id"]
    url = f"{API}/conversations/{number}/media"
    files = {"file": ("call.wav", tone(2))}
    form = {"channels": "left=agent,right=customer", "notice": "IVR-1"}
    added = client.post(url, files=files, data=form)
    assert added.status_code == 201, added.text
    assert added.json()["notice"] == "IVR-1"
    assert len(added.json()["media"]) == 1
    again = client.post(url, files=files, data=form)
    assert (again.status_code, again.json()["media"]) == (200, added.json()["media"])
    problem(client.post(url, files={"file": ("x.wav", b"not a recording")}), 422)
    assert len(client.get(f"{API}/conversations/{number}").json()["media"]) == 1
    problem(client.post(url, files=files, data={"channels": "up=agent"}), 422)
    opened = client.post(f"{API}/conversations?state=open", json=chat("open")).json()["id"]
    problem(client.post(f"{API}/conversations/{opened}/media", files=files), 409)


def test_recordings_that_failed_are_not_left_behind(
    sqlite_client: TestClient, tmp_path: Path
) -> None:
    number = sqlite_client.post(f"{API}/conversations", json=chat()).json()["id"]
    bad = {"file": ("x.wav", b"RIFF0000WAVEfmt " + bytes(99))}
    problem(sqlite_client.post(f"{API}/conversations/{number}/media", files=bad), 422)
    assert [p for p in (tmp_path / "data" / "media").rglob("*") if p.is_file()] == []


def test_an_uploaded_recording_is_written_down(tmp_path: Path, monitor: EmotionMonitor) -> None:
    program = tmp_path / "asr.py"
    said = {"language": "zh", "segments": [{"start": 0.2, "end": 1.2, "text": "气死我了！"}]}
    program.write_text(f"print({json.dumps(said)!r})", "utf-8")
    settings = Settings(
        data_dir=tmp_path / "data", transcriber_command=f"{sys.executable} {program} {{audio}}"
    )
    upgrade(settings)
    with signed_in(settings, monitor) as client:
        files = {"files": ("call.wav", tone(2))}
        form = {"channels": "left=agent,right=customer"}
        (done,) = client.post(f"{API}/imports", files=files, data=form).json()["data"]
        (number,) = done["conversations"]
        turns = client.get(f"{API}/conversations/{number}").json()["turns"]
        assert [(t["role"], t["text"]) for t in turns] == [
            ("agent", "气死我了！"),
            ("customer", "气死我了！"),
        ]
        assert [t["answer"]["label"] for t in turns] == ["unknown", "angry"]
        program.write_text("raise SystemExit('no GPU')", "utf-8")
        (failed,) = client.post(f"{API}/imports", files={"files": ("b.wav", tone(1))}).json()[
            "data"
        ]
        assert failed["error"]["type"] == "transcription"
        assert "no GPU" in failed["error"]["what"]


def test_results_as_excel_with_corrections_and_links(client: TestClient) -> None:
    import openpyxl

    ids = [client.post(f"{API}/conversations", json=chat(f"c{n}")).json()["id"] for n in range(2)]
    url = f"{API}/conversations/{ids[0]}/turns/2/corrections"
    undone = client.post(url, json={"label": "happy"}).json()["id"]
    client.delete(f"{url}/{undone}")
    client.post(url, json={"label": "sad"})
    wanted: dict[str, Any] = {"format": "xlsx", "id": ids}
    answer = client.get(f"{API}/results", params=wanted)
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    rows = [[cell.value for cell in row] for row in book["会话"].iter_rows(min_row=2)]
    assert [row[0] for row in rows] == ["c0", "c1"]
    assert [row[13] for row in rows] == ["第 2 句：难过", None]
    link = book["会话"]["O2"].hyperlink.target
    assert link == f"http://127.0.0.1:8601/replay?id={ids[0]}"
    english = client.get(f"{API}/results", params=wanted | {"lang": "en"})
    book = openpyxl.load_workbook(io.BytesIO(english.content))
    assert book["Conversations"]["N2"].value == "turn 2: sad"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_results_out(client: TestClient, form: str) -> None:
    ids = [client.post(f"{API}/conversations", json=chat(f"c{n}")).json()["id"] for n in range(3)]
    answer = client.get(f"{API}/results", params={"format": form, "id": ids[:2]})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="emotion-monitor.{form}"'
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert len(rows) == 6
        assert rows[1]["emotion"] == "angry"
    elif form == "jsonl":
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [line["external_id"] for line in lines] == ["c0", "c1"]
    else:
        import pyarrow.parquet as pq

        assert pq.read_table(io.BytesIO(answer.content)).num_rows == 6
    problem(client.get(f"{API}/results?format=xls"), 422)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("call.wav", "call.wav"),
        ("../../etc/passwd", "passwd"),
        ("C:\\录音\\一.mp3", "一.mp3"),
        ("a\x00\nb.txt", "a\ufffd_b.txt"),
        ("", "upload-1"),
        ("..", "upload-1"),
        ("长" * 300 + ".jsonl", "长" * 50 + ".jsonl"),
    ],
)
def test_names_of_uploads_are_safe(name: str, safe: str) -> None:
    assert safe_name(name, 0) == safe
