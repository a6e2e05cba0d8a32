"""The command line from outside: data on stdout, messages on stderr, exit status, bad input."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = Path(sys.executable).with_name("emotion-monitor")
CHAT = "客服：您好，请问有什么可以帮您？\n客户：都三天了还没发货，我非常生气！\n"

Run = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command with a data folder of its own."""

    def call(
        *arguments: str | Path, given: bytes = b"", file_limit: int | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        def limit() -> None:
            if file_limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

        return subprocess.run(
            [COMMAND, *arguments],
            input=given,
            capture_output=True,
            check=False,
            env={**os.environ, "EMOTION_MONITOR_DATA_DIR": str(tmp_path / "data")},
            preexec_fn=limit,
        )

    return call


def lines(output: bytes) -> list[Any]:
    return [json.loads(line) for line in output.decode().splitlines()]


def test_a_recording_is_written_down_by_a_program_and_goes_to_excel(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    import openpyxl

    program = tmp_path / "asr.py"
    said = {"language": "zh", "segments": [{"start": 1.0, "end": 3.0, "text": "气死我了！"}]}
    program.write_text(f"print({json.dumps(said)!r})", "utf-8")
    call, out = samples / "call-bank-recovering.ogg", tmp_path / "out.xlsx"
    command = f"{sys.executable} {program} {{audio}}"
    arguments = ("score", call, "--channels", "left=agent,right=customer")
    done = run(*arguments, "--transcriber-command", command, "--save", "--out", out)
    assert done.returncode == 0, done.stderr.decode()
    rows = list(openpyxl.load_workbook(out)["客户话轮"].iter_rows(values_only=True))
    assert [(row[2], row[5], row[9]) for row in rows[1:]] == [("客户", "气死我了！", "生气")]
    link = openpyxl.load_workbook(out)["会话"]["O2"].hyperlink
    assert link.target == "http://127.0.0.1:8601/replay?id=1"
    program.write_text("raise SystemExit('no model')", "utf-8")
    done = run(*arguments, "--transcriber-command", command)
    assert done.returncode == 1
    assert "call-bank-recovering.ogg" in done.stderr.decode()
    assert "no model" in done.stderr.decode()


def test_json_on_stdout_and_nothing_else(run: Run) -> None:
    done = run("score", "-", "--json", given=CHAT.encode())
    assert done.returncode == 0, done.stderr.decode()
    (conversation,) = lines(done.stdout)
    agent, customer = conversation["turns"]
    assert customer["answer"]["label"] == "angry"
    assert agent["answer"]["label"] == "unknown"
    assert "不做情绪评分" in agent["scores"]["text"]["reason"]


def test_a_table_for_people(run: Run, tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text(CHAT, "utf-8")
    done = run("score", chat)
    assert done.returncode == 0
    assert "生气" in done.stdout.decode()


def test_one_bad_file_loses_no_other(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(CHAT, "utf-8")
    bad = {
        "empty.txt": b"",
        "binary.json": bytes(range(256)) * 10,
        "truncated.json": b'{"schema_version": 1, "turns": [{"role": "customer"',
        "backwards.csv": "speaker,start,end,text\n客户,5,2,太慢了\n".encode(),
        "role.jsonl": b'{"schema_version":1,"external_id":"r","turns":[{"role":"boss"}]}',
        "picture.wav": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "missing-media.jsonl": b'{"schema_version":1,"external_id":"m","turns":'
        b'[{"role":"customer","text":"\xe5\xa5\xbd"}],"media":[{"path":"gone.wav"}]}',
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in ("good.txt", *bad)] + [tmp_path / "not-there.txt"]
    out = tmp_path / "results.csv"
    done = run("score", *paths, "--out", out)
    assert done.returncode == 1
    messages = done.stderr.decode()
    for name in (*bad, "not-there.txt"):
        if name != "missing-media.jsonl":  # Its words are scored; a note says what is missing.
            assert name in messages, messages
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert [row["text"] for row in rows if row["emotion"] == "angry"] == [
        "都三天了还没发货，我非常生气！"
    ]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("score",), 2, "Missing argument"),
        (("score", "x", "--role", "boss"), 2, "--role is 'boss'"),
        (("score", "x", "--channels", "up=agent"), 2, "up"),
        (("evaluate", "nothing", "--data", "."), 2, "there is no task 'nothing'"),
        (("evaluate", "face", "--data", "gone"), 1, "no such file"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_exit_status(run: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    done = run(*arguments)
    assert done.returncode == status, done.stderr.decode()
    assert message in done.stderr.decode()


def test_a_missing_model_has_an_exit_status_of_its_own(run: Run, tmp_path: Path) -> None:
    corpus = tmp_path / "smp.jsonl.gz"
    with gzip.open(corpus, "wt", encoding="utf-8") as file:
        file.write('{"text": "气死我了", "emotion": "angry"}\n')
    done = run("evaluate", "text-emotion", "--data", corpus, "--checkpoint", "gone", "--json")
    assert done.returncode == 3
    assert "'gone'" in done.stderr.decode()
    measured = run("evaluate", "text-emotion", "--data", corpus, "--json")
    result = json.loads(measured.stdout)
    assert {"task", "n", "metrics", "checkpoint", "seconds"} == set(result)
    assert (result["n"], result["metrics"]["accuracy"]) == (1, 1.0)


def test_a_full_disk_leaves_nothing_half_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(CHAT * 200, "utf-8")
    out = tmp_path / "results.jsonl"
    out.write_text("kept\n")
    done = run("score", tmp_path / "good.txt", "--out", out, file_limit=20_000)
    assert done.returncode == 1
    assert "results.jsonl" in done.stderr.decode()
    assert out.read_text() == "kept\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.txt", "results.jsonl"]


def test_a_full_device_on_stdout(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(CHAT, "utf-8")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [COMMAND, "score", tmp_path / "good.txt", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr.decode()


def test_saved_once_however_often(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(CHAT, "utf-8")
    for _ in range(2):
        assert run("score", tmp_path / "good.txt", "--save").returncode == 0
    facts = json.loads(run("db", "info", "--json").stdout)
    assert (facts["conversations"], facts["turns"]) == (1, 2)


def test_doctor_and_models(run: Run) -> None:
    done = run("doctor", "--json")
    assert done.returncode == 0, done.stdout.decode()
    checks = {check["check"]: check["state"] for check in lines_of(done.stdout)}
    assert checks["models"] == checks["scoring"] == checks["database"] == "ok"
    models = lines_of(run("models", "--json").stdout)
    assert {row["package"] for row in models} == {"text", "audio", "vision", "fusion"}
    assert {row["terms"] for row in models} <= {"open", "research"}


def lines_of(output: bytes) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads(output)
    return rows
