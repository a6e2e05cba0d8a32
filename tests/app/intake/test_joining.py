"""Transcripts, recordings and what is known about the call become one conversation."""

from __future__ import annotations

import json
import wave
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from starlette.testclient import TestClient

from app.ingest import Ingested, IngestOptions, read_files
from app.intake.sources import SourceProfile
from app.store import LOCAL, Filter, Store
from multimodal.conversation import Channel, Conversation, Direction, Role
from multimodal.masking import Masker
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API
from tests.app.test_ingest import write_call

MASKER = Masker(key=partial(bytes, b"a key of this test"))
CHAT = (
    "客服：您好，请问有什么可以帮您？\n客户：我要退款，都三天了。\n客服：帮您转接。\n客户：好的。\n"
)
TIMED = (
    "speaker,start,end,text\n客服,0,5,您好\n客户,6,10,太慢了！\n"
    "客服,700,705,我是二线\n客户,710,720,终于！\n"
)
TRANSFERRED = (
    "文件名,流水号,开始时间,结束时间,工号,技能组,主叫号码,呼叫方向\n"
    "call-9.wav,9,2026-06-30 23:50:00,2026-07-01 00:00:00,1007,一线,13812341234,呼入\n"
    "call-9b.wav,9,2026-07-01 00:00:00,2026-07-01 00:05:00,1008,二线,13812341234,呼入\n"
)


def silence(path: Path, seconds: float = 0.2) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(int(seconds * 8000) * 2))


def read(folder: Path, profile: SourceProfile | None = None) -> list[Ingested]:
    return list(read_files([folder], IngestOptions(profile=profile, masker=MASKER)))


def only(items: list[Ingested]) -> Conversation:
    (item,) = items
    assert item.conversation is not None, item.error
    return item.conversation


def test_a_recording_its_transcript_and_a_gbk_manifest(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_bytes(TRANSCRIPT_MANIFEST.encode("gbk"))
    (tmp_path / "a.txt").write_text(CHAT, "utf-8")
    silence(tmp_path / "A.WAV")
    one = only(read(tmp_path))
    assert one.external_id == "77"
    assert (one.queue, one.team, one.channel) == ("宽带", "一班", Channel.PHONE)
    assert one.direction is Direction.OUTBOUND
    assert one.customer_display == "138****1234"
    assert len(one.customer_ref) == 32
    assert [turn.agent_id for turn in one.turns] == ["1007", "", "1007", ""]
    assert [media.path.name for media in one.media] == ["A.WAV"]


TRANSCRIPT_MANIFEST = (
    "录音文件名,流水号,开始时间,工号,班组,技能组,被叫号码,呼叫方向\n"
    "D:\\录音\\a.wav,77,2026-06-30 10:00:00,1007,一班,宽带,13812341234,外呼\n"
)


def test_a_manifest_joins_names_that_are_not_alike(tmp_path: Path) -> None:
    """The transcript is called by the call's id, the recording by the file name of the manifest."""
    (tmp_path / "calls.csv").write_text(TRANSCRIPT_MANIFEST, "utf-8")
    (tmp_path / "77.txt").write_text(CHAT, "utf-8")
    (tmp_path / "sub").mkdir()
    silence(tmp_path / "sub" / "a.wav")
    assert [media.path.name for media in only(read(tmp_path)).media] == ["a.wav"]


def test_many_conversations_in_one_file_are_joined_by_their_ids(tmp_path: Path) -> None:
    rows = [{"external_id": str(n), "turns": [{"role": "agent", "text": "您好"}]} for n in range(3)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "m.csv").write_text("call id,agent id\n0,a\n1,b\n2,c\n")
    silence(tmp_path / "1.wav")
    found = [item.conversation for item in read(tmp_path)]
    assert [c.turns[0].agent_id for c in found if c] == ["a", "b", "c"]
    assert [len(c.media) for c in found if c] == [0, 1, 0]


def test_a_sidecar_a_template_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "投诉" / "二班"
    folder.mkdir(parents=True)
    name = "20260630_1007_13812341234_55"
    (folder / f"{name}.txt").write_text(CHAT, "utf-8")
    silence(folder / f"{name}.wav")
    (folder / f"{name}.json").write_text('{"业务类型": "退款", "start time": "2026-06-30 09:00"}')
    template = "{queue}/{team}/{date}_{agent}_{caller}_{call_id}.wav"
    one = only(read(tmp_path, SourceProfile("pbx", template=template)))
    assert (one.source, one.external_id, one.queue, one.team) == ("pbx", "55", "投诉", "二班")
    assert one.business_type == "退款"
    assert one.started_at == datetime(2026, 6, 30, 1, 0, tzinfo=UTC)
    assert one.customer_display == "138****1234"


def test_a_number_in_a_file_name_gets_into_no_id(tmp_path: Path) -> None:
    write_call(tmp_path / "13812341234_x.wav")
    one = only(read(tmp_path, SourceProfile("pbx", template="{caller}_{_}.wav")))
    assert "13812341234" not in one.external_id
    assert one.customer_display in one.external_id


def test_a_damaged_recording_does_not_cost_its_transcript(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(CHAT, "utf-8")
    (tmp_path / "a.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEdata" + bytes(50))
    items = read(tmp_path)
    assert [item.path.name for item in items if item.error] == ["a.wav"]
    assert [len(item.conversation.turns) for item in items if item.conversation] == [4]


def test_parts_of_a_transferred_call_without_a_transcript_are_one(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(TRANSFERRED, "utf-8")
    write_call(tmp_path / "call-9.wav")
    write_call(tmp_path / "call-9b.wav")
    one = only(read(tmp_path))
    assert [media.offset for media in one.media] == [0.0, 600.0]
    assert one.external_id == "9"
    assert one.started_at == datetime(2026, 6, 30, 15, 50, tzinfo=UTC)
    assert min(t.start for t in one.turns if t.start is not None) < 600
    assert max(t.end for t in one.turns if t.end is not None) > 600
    assert one.attributes["agent_ids"] == ["1007", "1008"]


def test_a_transferred_call_is_found_under_both_agents_and_counted_on_its_day(
    tmp_path: Path, store: Store, client: TestClient, monitor: EmotionMonitor
) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    (calls / "m.csv").write_bytes(TRANSFERRED.encode("gbk"))
    (calls / "9.csv").write_text(TIMED, "utf-8")
    silence(calls / "call-9.wav")
    silence(calls / "call-9b.wav")
    one = only(read(calls))
    assert [t.agent_id for t in one.turns if t.role is Role.AGENT] == ["1007", "1008"]
    assert [media.offset for media in one.media] == [0.0, 600.0]
    store.save(monitor.score(one))
    for agent, count in (("1007", 1), ("1008", 1), ("100", 0), ("1009", 0)):
        assert store.page(Filter(agent=agent), LOCAL)[1] == count
        assert client.get(f"{API}/conversations?agent={agent}").json()["count"] == count
    for day, count in (("2026-06-29", 0), ("2026-06-30", 1), ("2026-07-01", 0)):
        answer = client.get(f"{API}/conversations?day={day}&agent=1008")
        assert answer.json()["count"] == count
    both = client.get(f"{API}/conversations?day=2026-06-30&started_from=2026-06-30T23:51:00")
    assert both.json()["count"] == 0
    (row,) = client.get(f"{API}/conversations").json()["data"]
    assert row["agent_ids"] == ["1007", "1008"]
    assert row["started_at"] == "2026-06-30T23:50:00+08:00"


def test_the_agents_turns_are_the_tables_agents_where_roles_are_inferred(tmp_path: Path) -> None:
    said = "speaker,text\nA,您好，很高兴为您服务，请问有什么可以帮您？\n王小明,你们怎么还不发货！\n"
    (tmp_path / "a.csv").write_text(said, "utf-8")
    (tmp_path / "m.csv").write_text("文件名,流水号,工号,客户姓名\na.csv,1,4711,王小明\n", "utf-8")
    (item,) = read_files([tmp_path], IngestOptions(masker=MASKER))
    assert item.conversation is not None
    turns = item.conversation.turns
    assert [(t.role, t.agent_id) for t in turns] == [(Role.AGENT, "4711"), (Role.CUSTOMER, "")]
    assert "王小明" not in repr(item.conversation)
