"""Results out: complete, safe in a spreadsheet, streamed, and never half a file."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from multimodal.conversation import Conversation, Media, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores, Evidence, ModelInfo
from multimodal.errors import InputFileError, InvalidInputError, OutputError
from multimodal.formats import read_transcript
from multimodal.formats.results import (
    COLUMNS,
    RESULT_FORMATS,
    scored_to_json,
    to_rows,
    write_results,
)
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory

MODEL = ModelInfo("ngram-zh", "1.0.0", "ab" * 32, "open")
ANGRY = np.array([0.1, 0.05, 0.05, 0.6, 0.1, 0.05, 0.05], dtype=np.float32)


def scored_turn(turn: Turn) -> ScoredTurn:
    if turn.role is Role.AGENT:
        refused = EmotionScores.missing("policy: 客服")
        scores = dict.fromkeys(("text", "voice", "face"), refused)
        return ScoredTurn(turn, scores, FusedAnswer.unknown("policy: 客服"), 0.25)
    word = Evidence("word", "投诉", 0.7, 0, 2)
    text = EmotionScores(ANGRY, 0.9, valence=-0.5, evidence=(word,), model=MODEL)
    answer = FusedAnswer(ANGRY, "angry", 0.61, -0.7, {"text": 1.0}, 0.0, MODEL)
    return ScoredTurn(turn, {"text": text, "voice": EmotionScores.missing("silence")}, answer, 0.5)


def scored(external_id: str = "c1", turns: tuple[Turn, ...] = ()) -> ScoredConversation:
    turns = turns or (
        Turn(Role.AGENT, "您好", 0.0, 1.0, speaker="客服", agent_id="-8801"),
        Turn(
            Role.CUSTOMER,
            '=HYPERLINK("http://x","点我")，我要\n投诉',
            1.5,
            4.25,
            attributes={"vendor_sentiment": "NEGATIVE"},
        ),
        Turn(Role.CUSTOMER, "-5度", speaker="@张三"),
    )
    conversation = Conversation(external_id, turns, media=(Media(Path("/r/a.wav")),), queue="+宽带")
    return ScoredConversation(
        conversation,
        tuple(map(scored_turn, turns)),
        Trajectory(risk=(0.25,) * len(turns), shift=-2.0, talk_seconds={"customer": 2.75}),
        notes=("the recording has one silent channel",),
    )


def test_jsonl_is_complete_and_can_be_scored_again(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert write_results([scored("c1"), scored("c2")], path) == 2
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first == scored_to_json(scored("c1"))
    assert (first["schema_version"], second["external_id"]) == (1, "c2")
    turn = first["turns"][1]
    assert turn["answer"]["label"] == "angry"
    assert turn["scores"]["text"]["evidence"][0]["name"] == "投诉"
    assert turn["scores"]["voice"]["reason"] == "silence"
    assert turn["risk"] == 0.5
    assert first["trajectory"]["shift"] == -2.0
    assert first["notes"] == ["the recording has one silent channel"]
    assert list(read_transcript(path)) == [
        scored("c1").conversation, scored("c2").conversation
    ]  # fmt: skip


def test_rows_have_every_column_and_staff_have_no_emotion() -> None:
    agent, customer, _ = to_rows(scored())
    assert list(agent) == [column.name for column in COLUMNS]
    assert all(column.meaning for column in COLUMNS)
    assert agent["emotion"] is None
    assert agent["confidence"] is None
    assert agent["p_angry"] is None
    assert agent["text_emotion"] is None
    assert agent["text_missing"] == "policy: 客服"
    assert customer["emotion"] == customer["text_emotion"] == "angry"
    assert customer["confidence"] == 0.61
    assert customer["p_angry"] == pytest.approx(0.6, abs=1e-5)
    assert sum(customer[f"p_{e.value}"] for e in EMOTIONS) == pytest.approx(1, abs=1e-4)
    assert (customer["start_s"], customer["end_s"], customer["turn"]) == (1.5, 4.25, 2)
    assert customer["voice_missing"] == "silence"
    assert customer["face_reliability"] is None
    assert customer["vendor_sentiment"] == "NEGATIVE"


def test_the_vendors_measures_stand_beside_ours_and_no_mood_of_an_agent_does() -> None:
    said = {
        "vendor_sentiment": "NEGATIVE",
        "vendor_emotion": "ANGRY",
        "vendor_sentiment_score": -2.5,
        "vendor_loudness": [60.0, None, 70.0],
        "vendor_rate": 260,
    }
    turns = tuple(Turn(role, "话", attributes=said) for role in (Role.CUSTOMER, Role.AGENT))
    customer, agent = to_rows(scored(turns=turns))
    found = {name: customer[name] for name in said}
    assert found == said | {"vendor_loudness": 65.0, "vendor_rate": 260.0}
    assert [agent[name] for name in said] == [None, None, None, 65.0, 260.0]


def test_a_turn_without_answer_is_unknown_and_has_no_numbers() -> None:
    turn = Turn(Role.CUSTOMER, "")
    found = ScoredTurn(turn, {}, FusedAnswer.unknown("empty text"), 0.0)
    (row,) = to_rows(replace(scored(turns=(turn,)), turns=(found,)))
    assert row["emotion"] == "unknown"
    assert row["confidence"] is None
    assert row["p_neutral"] is None


def test_csv_for_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    write_results([scored("c1"), scored("-42"), scored("=1+1"), scored("+86-10.x")], path)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbfconversation_id,")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 12
    agent, customer, third = rows[:3]
    assert customer["text"] == '\'=HYPERLINK("http://x","点我")，我要\n投诉'
    assert third["text"] == "'-5度"
    assert third["speaker"] == "'@张三"
    assert agent["queue"] == "'+宽带"
    assert agent["agent_id"] == "-8801"
    assert customer["valence"] == "-0.7"
    assert (customer["start_s"], agent["emotion"], agent["p_fear"]) == ("1.5", "", "")
    assert [row["conversation_id"] for row in rows[::3]] == ["c1", "-42", "'=1+1", "+86-10.x"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_text_cell_is_a_formula(start: str) -> None:
    stream = io.BytesIO()
    write_results([scored(turns=(Turn(Role.CUSTOMER, f"{start}1"),))], stream, "csv")
    (row,) = csv.DictReader(io.StringIO(stream.getvalue().decode("utf-8-sig"), newline=""))
    assert row["text"] == f"'{start}1"


def test_parquet_has_the_same_rows_and_types(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    write_results([scored("c1"), scored("c2")], path)
    table = pq.read_table(path)
    assert table.to_pylist() == [*to_rows(scored("c1")), *to_rows(scored("c2"))]
    kinds = {"number": "double", "integer": "int32", "text": "string", "id": "string"}
    assert [str(f.type) for f in table.schema] == [kinds[c.kind] for c in COLUMNS]
    assert table.schema.field("risk").metadata[b"meaning"].startswith(b"0..1")


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_no_results_make_a_whole_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"out.{name}"
    assert write_results([], path) == 0
    assert path.exists()
    if name == "parquet":
        assert pq.read_table(path).num_rows == 0


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_a_pipe_gets_the_same_bytes_as_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    write_results([scored()], path, name)
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        write_results([scored()], stream, name)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read() == path.read_bytes()


def failing() -> Iterator[ScoredConversation]:
    yield scored()
    raise InputFileError("the recording is gone.", where="a.wav")


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_what_the_results_raise_goes_through_and_leaves_no_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"out.{name}"
    path.write_text("before")
    with pytest.raises(InputFileError, match="recording is gone"):
        write_results(failing(), path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_a_full_device(name: str) -> None:
    with pytest.raises(OutputError, match=r"/dev/full.*No space left.*Free some space") as caught:
        write_results((scored() for _ in range(200)), Path("/dev/full"), name)
    assert isinstance(caught.value, OSError)
    assert Path("/dev/full").is_char_device()
    stream = open("/dev/full", "wb", buffering=0)  # noqa: PTH123, SIM115
    with stream, pytest.raises(OutputError, match="No space left"):
        write_results([scored()], stream, name)


LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from test_formats_results import scored
from multimodal.errors import OutputError
from multimodal.formats.results import write_results
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    write_results((scored(str(n)) for n in range(4_000)), Path(sys.argv[1]), sys.argv[2])
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_a_limit_on_the_size_of_files_harms_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / "out"
    path.write_text("before")
    places = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    command = [sys.executable, "-c", LIMITED, str(path), name, *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert str(path) in done.stdout, done.stderr
    assert "File too large" in done.stdout
    assert "another disk" in done.stdout
    assert done.stderr == ""
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    for path, remedy in (
        (tmp_path / "none" / "out.csv", "Create its folder"),
        (tmp_path, "Name a file in it"),
        (Path("/proc/out.csv"), "another place|Create its folder"),
    ):
        with pytest.raises(OutputError, match=remedy):
            write_results([scored()], path, "csv")
    with pytest.raises(InvalidInputError, match="no result format 'xls'; there are jsonl, csv"):
        write_results([scored()], tmp_path / "out.xls")


def test_a_link_stays_a_link_and_a_file_has_its_usual_rights(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text("before")
    before = real.stat().st_ino
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    write_results([scored()], link)
    assert link.is_symlink()
    assert real.stat().st_ino != before, "the old file was overwritten, not replaced"
    assert real.read_bytes().startswith(b"\xef\xbb\xbf")
    plain = tmp_path / "plain"
    plain.touch()
    assert real.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("name", RESULT_FORMATS)
def test_memory_does_not_grow_with_the_number_of_results(tmp_path: Path, name: str) -> None:
    def peak(count: int) -> int:
        one: Any = scored()
        tracemalloc.start()
        try:
            write_results((one for _ in range(count)), tmp_path / "out", name)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr("multimodal.formats.results.ROWS_PER_GROUP", 100)
        peak(50)
        # Buffers fill up first.
        assert peak(600) < 1.3 * peak(300) + 100_000
