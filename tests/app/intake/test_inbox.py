"""The inbox: any order of arrival, any interruption, any number of processes, the same end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.ingest import IngestOptions
from app.intake.inbox import DONE, FAILED, MANIFESTS, Inbox, InboxOptions
from app.settings import Settings
from app.store import LOCAL, Filter, Store, upgrade
from multimodal.errors import InputFileError
from multimodal.pipeline import EmotionMonitor
from tests.app.intake.test_joining import CHAT, MASKER, silence

AT_ONCE = InboxOptions(settle=0.01)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    settings = Settings(data_dir=tmp_path / "data")
    upgrade(settings)
    with Store(settings) as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def export(folder: Path, calls: int, encoding: str = "gbk") -> list[Path]:
    """Recordings, transcripts and one manifest, as three systems call them."""
    folder.mkdir(exist_ok=True)
    rows = ["录音文件名,通话流水号,开始时间,工号,技能组,主叫号码,呼叫方向"]
    for n in range(calls):
        silence(folder / f"rec-{n:03}.wav", 0.05 + n / 8000)
        (folder / f"call-{n:03}.txt").write_text(CHAT.replace("三天", f"{n}天"), "utf-8")
        rows.append(
            f"rec-{n:03}.wav,call-{n:03},2026-06-30 10:{n % 60:02}:00,{1000 + n % 7},宽带,"
            f"1381234{n:04},呼入"
        )
    (folder / "通话清单.csv").write_bytes("\n".join(rows).encode(encoding))
    return sorted(folder.iterdir())


def files(folder: Path) -> list[str]:
    inside = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return sorted(str(p) for p in inside if p.parts[0] != ".inbox")


def require_joined(store: Store, calls: int) -> None:
    found = list(store.iterate(Filter(), LOCAL))
    assert len(found) == calls
    for one in found:
        row = one.row
        assert row.scoring == 1
        assert (row.queue, row.channel, row.media_count) == ("宽带", "phone", 1)
        assert row.started_at is not None
        assert row.agent_ids
        assert row.customer_display.startswith("138****")
    assert len({one.row.external_id for one in found}) == calls
    assert len({one.row.customer_ref for one in found}) == calls


def test_two_hundred_calls_in_any_order_of_arrival(
    tmp_path: Path, folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    arriving = export(tmp_path / "out", 200)
    random.Random(6).shuffle(arriving)
    options = IngestOptions(masker=MASKER)
    box = Inbox(folder, kept, monitor, options, InboxOptions(settle=0.01, wait=600))
    for start in range(0, len(arriving), 67):
        for path in arriving[start : start + 67]:
            shutil.copy(path, folder)
        assert not box.round().failed
    require_joined(kept, 200)
    left = files(folder)
    assert len(left) == 401
    assert all(name.startswith(DONE) for name in left)
    assert f"{DONE}/{MANIFESTS}/通话清单.csv" in left
    for path in arriving:
        shutil.copy(path, folder)
    again = box.round()
    assert again.kept == {"unchanged": 200}
    require_joined(kept, 200)
    assert files(folder) == left


def test_what_fails_lies_beside_its_reason(
    folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    (folder / "bad.json").write_text('{"turns": [', "utf-8")
    silence(folder / "bad.wav")
    (folder / "noise.wav").write_bytes(bytes(range(256)))
    (folder / "good.txt").write_text(CHAT, "utf-8")
    (folder / "calls.csv").write_text("文件名,开始时间\ngood.wav,gestern\n", "utf-8")
    done = Inbox(folder, kept, monitor, IngestOptions(), AT_ONCE).round()
    assert done.kept == {"created": 1}
    assert {path.name for path in done.failed} == {"bad.json", "noise.wav", "calls.csv"}
    assert files(folder) == [
        "done/good.txt", "done/manifests/calls.csv", "done/manifests/calls.csv.reason.txt",
        "failed/bad.json", "failed/bad.json.reason.txt", "failed/bad.wav", "failed/noise.wav",
        "failed/noise.wav.reason.txt",
    ]  # fmt: skip
    reason = (folder / FAILED / "bad.json.reason.txt").read_text()
    assert "ends in the middle" in reason
    assert "export or copy it again" in reason
    (folder / FAILED / "bad.json").rename(folder / "bad.json")
    (folder / "bad.json").write_text('{"turns": [{"role": "customer", "text": "好"}]}')
    (folder / FAILED / "bad.wav").rename(folder / "bad.wav")
    mended = Inbox(folder, kept, monitor, IngestOptions(), AT_ONCE).round()
    assert (mended.kept, mended.failed) == ({"created": 1}, {})


def test_only_finished_files_are_taken(folder: Path, kept: Store, monitor: EmotionMonitor) -> None:
    box = Inbox(folder, kept, monitor, IngestOptions(), InboxOptions(settle=0.4))
    (folder / "x.txt.part").write_text(CHAT)
    growing = folder / "growing.txt"
    growing.write_text(CHAT, "utf-8")
    writer = subprocess.Popen(
        [sys.executable, "-c", "import sys,time\nfor _ in range(20):\n"
         " open(sys.argv[1], 'a').write('客户：还在吗？\\n'); time.sleep(.1)", str(growing)]
    )  # fmt: skip
    time.sleep(0.3)
    assert box.round().waiting == 1
    (folder / "marked.txt").write_text(CHAT)
    (folder / "marked.txt.done").touch()
    assert box.round().kept == {"created": 1}
    writer.wait(30)
    assert box.round().kept == {"created": 1}
    assert files(folder) == ["done/growing.txt", "done/marked.txt", "x.txt.part"]


def test_a_recording_that_comes_late_is_joined(
    folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    box = Inbox(folder, kept, monitor, IngestOptions(), AT_ONCE)
    (folder / "a.txt").write_text(CHAT, "utf-8")
    assert box.round().kept == {"created": 1}
    silence(folder / "a.wav")
    assert box.round().kept == {"rescored": 1}
    (row,) = kept.iterate(Filter(), LOCAL)
    assert row.row.media_count == 1
    assert files(folder) == ["done/a.txt", "done/a.wav"]


def test_a_manifest_that_comes_last_describes_what_is_there(
    tmp_path: Path, folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    *_, table = sorted(export(tmp_path / "out", 4), key=lambda path: path.suffix == ".csv")
    box = Inbox(folder, kept, monitor, IngestOptions(masker=MASKER), AT_ONCE)
    for path in (tmp_path / "out").glob("call-*.txt"):
        shutil.copy(path, folder)
        silence(folder / path.with_suffix(".wav").name)
    assert box.round().kept == {"created": 4}
    shutil.copy(table, folder)
    assert box.round().kept == {"described": 4}
    found = list(kept.iterate(Filter(), LOCAL))
    assert {one.row.external_id for one in found} == {f"call-{n:03}" for n in range(4)}
    for one in found:
        assert (one.row.scoring, one.row.queue, one.row.media_count) == (1, "宽带", 1)
        assert one.row.channel == "phone"
        agents = [t.turn.agent_id for t in one.scored.turns if t.turn.role == "agent"]
        assert agents == one.row.agent_ids * 2
    for path in (folder / DONE).glob("call-*"):
        shutil.copy(path, folder)
    assert box.round().kept == {"unchanged": 4}
    shutil.copy(table, folder)
    assert not box.round().kept
    assert kept.facts()["conversations"] == 4


def test_another_file_of_the_same_name_replaces_none(
    folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    box = Inbox(folder, kept, monitor, IngestOptions(), AT_ONCE)
    for text in (CHAT, CHAT + "客户：还有一事。\n", CHAT):
        (folder / "a.txt").write_text(text, "utf-8")
        box.round()
    assert files(folder) == ["done/a (2).txt", "done/a.txt"]
    assert kept.page(Filter(), LOCAL)[1] == 2


def _in_a_process(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def _round(folder: Path, settings: Settings, monitor: EmotionMonitor) -> None:
    with Store(settings) as store:
        Inbox(folder, store, monitor, IngestOptions(masker=MASKER), AT_ONCE).round()


def test_killed_at_any_moment_it_ends_the_same(
    tmp_path: Path, folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    export(folder, 70)
    settings = Settings(data_dir=tmp_path / "data")
    kills = 0
    for step in range(1, 60):  # Each is killed a little later than the one before.
        child = _in_a_process(lambda: _round(folder, settings, monitor))
        time.sleep(0.02 * step)
        os.kill(child, signal.SIGKILL)
        if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
            break
        kills += 1
    assert kills > 5
    _round(folder, settings, monitor)
    require_joined(kept, 70)
    assert len(files(folder)) == 141
    assert all(name.startswith(DONE) for name in files(folder))


def test_processes_on_one_folder_take_turns(
    tmp_path: Path, folder: Path, kept: Store, monitor: EmotionMonitor
) -> None:
    export(folder, 30)
    settings = Settings(data_dir=tmp_path / "data")
    children = [_in_a_process(lambda: _round(folder, settings, monitor)) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    require_joined(kept, 30)
    assert len(files(folder)) == 61


def test_a_folder_that_is_not_there(tmp_path: Path, kept: Store, monitor: EmotionMonitor) -> None:
    with pytest.raises(InputFileError, match="no such folder"):
        Inbox(tmp_path / "gone", kept, monitor, IngestOptions())


def test_the_command(tmp_path: Path, folder: Path) -> None:
    export(folder, 2)
    env = {**os.environ, "EMOTION_MONITOR_DATA_DIR": str(tmp_path / "data")}

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    shown = run("manifest", folder / "通话清单.csv", "--json", "--source", "pbx", "--save")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["columns"]["工号"] == "agent_id"
    done = run("inbox", folder, "--settle", "0", "--source", "pbx")
    assert done.returncode == 0, done.stderr
    assert "2 created" in done.stderr
    assert "manifest(s)" in done.stderr
