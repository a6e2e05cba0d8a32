"""Whatever comes in, what comes out is conversations or an error that says where and what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from multimodal.conversation import Conversation
from multimodal.errors import (
    EmotionMonitorError,
    InputFileError,
    TranscriptError,
    UnknownFormatError,
)
from multimodal.formats import FORMATS, detect_format, parse_transcript, read_transcript


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Fails a test that hangs."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"it took more than {seconds} s")

    previous = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def harmless(data: bytes) -> None:
    try:
        items = parse_transcript(data, "fuzz")
    except EmotionMonitorError as error:
        items = [error]
    for item in items:
        assert isinstance(item, Conversation) or "fuzz" in str(item)


@pytest.mark.parametrize("data", [b"", b"  \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file(data: bytes) -> None:
    with pytest.raises(UnknownFormatError, match=r"x\.csv: the file is empty"):
        parse_transcript(data, "x.csv")


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00\x08\x02\x00\x00\x00"


@pytest.mark.parametrize(
    "data",
    [PNG, b"RIFF\x24\x08\x00\x00WAVEfmt ", bytes(range(256)) * 300, b"\0" * 10_000, b"PK\3\4"],
)
def test_binary_as_transcript(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "call.jsonl"
    path.write_bytes(data)
    with pytest.raises(UnknownFormatError) as caught:
        read_transcript(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not a transcript I know")
    assert all(format_.en in message for format_ in FORMATS.values())
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    ["hello", "你好，世界", "a,b,c\n1,2,3\n", "{}", "[]", "null", '{"segments": 5}', "10:30: hi",
     '{"Transcript": {}}', "# Title\n\nSome words.\n", "[[[[", "https://example.com/a"],
)  # fmt: skip
def test_other_texts_are_no_transcripts(text: str) -> None:
    with pytest.raises(UnknownFormatError, match="not a transcript I know"):
        detect_format(text.encode())


def test_truncated_json_of_a_vendor(shared: Path) -> None:
    folder = shared / "samples" / "transcripts" / "aws_transcribe_call_analytics"
    data = (folder / "example-call.json").read_bytes()
    with pytest.raises(TranscriptError) as caught:
        parse_transcript(data[: len(data) // 2], "half.json")
    assert "half.json, column " in str(caught.value)
    assert "ends in the middle" in str(caught.value)


def test_truncated_json_of_nobody_says_so() -> None:
    with pytest.raises(UnknownFormatError, match=r"not a transcript I know \(the JSON ends in"):
        parse_transcript(b'{"greeting": "hel', "x")


@pytest.mark.parametrize(
    "document",
    [
        '{"Transcript": [{"ParticipantRole": 5, "BeginOffsetMillis": 0}]}',
        '{"Transcript": [{"ParticipantRole": "AGENT", "BeginOffsetMillis": "0"}]}',
        '{"Transcript": [{"ParticipantRole": "AGENT"}, null]}',
        '{"Channel": "CHAT", "Transcript": [{"AbsoluteTime": "noon", "Content": "x"}]}',
        '{"Channel": "CHAT", "Transcript": [{"AbsoluteTime": "0001-01-01T00:00:00+14:00"}]}',
        '{"Channel": "CHAT", "Transcript": [], "ConversationCharacteristics": []}',
        '{"Transcript": [{"ParticipantId": "A", "Content": "x"}], "Participants": {}}',
        '{"segments": [{"start": 1, "end": 0, "text": "x"}]}',
        '{"segments": [{"start": 0, "end": 1e300, "text": []}]}',
        '[{"sentence_info": [{"text": "x", "spk": "a"}]}]',
        '[{"sentence_info": 5}]',
        '{"language": {}, "segments": []}',
    ],
)
def test_vendor_json_with_something_else_inside(document: str) -> None:
    with pytest.raises(EmotionMonitorError, match=r"^v\.json"):
        parse_transcript(document.encode(), "v.json")


CUE = b"00:00:01.000 --> 00:00:02.000\n"
PIECES = """WEBVTT <v A> - ( ) 客户： Agent: speaker,text " , {"turns": [ ]} {"role": "customer",
    "text": " "} {"Transcript": [ "ParticipantRole": "AbsoluteTime": "segments": [ null 1e400 NaN
    "sentence_info": \\ud800 { } [ ] : &#x110000; \\N <|zh|>""".encode().split()
SEPARATORS = [b"\n", b"\r\n", b" ", b"\0", b"\xff\xfe", b"\xbf\xcd", CUE, CUE.replace(b".", b",")]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from(PIECES + SEPARATORS), max_size=25).map(b"".join)
)
@example(b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v >a")
@example("speaker,start,text\n客户,9999-99-99 99:99,x".encode())
@example(b"speaker,start,text\nCustomer,0001-01-01 00:00:00,x\nCustomer,9999-12-31 23:59:59,y")
def test_no_bytes_crash_a_reader(data: bytes) -> None:
    harmless(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 2_000_000,
        b'{"a":' * 500_000,
        b'{"turns": ' + b"[" * 1_000_000,
        b'"' * 1_000_000,
        b'{"\\' * 500_000,
        b"WEBVTT\n\n" + CUE + b"\n" * 500_000,
        b"WEBVTT\n\n" + CUE + b"<" * 50_000,
        b"WEBVTT\n\n" + CUE + b"<v " * 30_000,
        b"WEBVTT\n\n" + CUE + b"(" * 50_000,
        b"WEBVTT\n\n" + (CUE + b"- a\n") * 5_000,
        b"1\n" + b"0" * 500_000 + b"\n00:00:01,000 --> 00:00:02,000\n" + b"1 \n " * 50_000,
        b"Agent: " + b"<|" * 100_000,
        b"Agent" + b" " * 500_000 + b":",
        b"Agent:\n" + b"\n " * 300_000,
        b"speaker,text\n" + b'"' * 500_001,
        b"speaker,text" + b"," * 500_000 + b"\nA,b\n",
        b"\xff" * 1_000_000,
        b'[{"sentence_info": [{"text": "' + b"<|" * 40_000 + b'"}]}]',
    ],
)
def test_nothing_hangs(data: bytes) -> None:
    with within(20):
        harmless(data)


def test_two_megabytes_in_one_turn_are_refused_in_every_format() -> None:
    long = "啊" * 700_000
    for text in (
        f"客户：{long}",
        f"speaker,text\n客户,{long}\n",
        f"WEBVTT\n\n00:01.000 --> 00:02.000\n{long}\n",
        f'{{"segments": [{{"start": 0, "end": 1, "text": "{long}"}}]}}',
    ):
        with within(20), pytest.raises(EmotionMonitorError, match=r"^big") as caught:
            parse_transcript(text.encode(), "big")
        assert len(str(caught.value)) < 1000


def test_a_file_over_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multimodal.formats.MAX_BYTES", 2**17)
    path = tmp_path / "x.txt"
    path.write_bytes("客户：好\n".encode() * 20_000)
    with pytest.raises(TranscriptError, match="JSONL"):
        read_transcript(path)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "missing.csv", "no such file"),
        (tmp_path, "it is a folder"),
        (Path("a\0b"), "no file can have this name"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ):
        with pytest.raises(InputFileError, match=message) as caught:
            read_transcript(path)
        assert caught.value.remedy


def test_no_read_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("客户：你好\n", encoding="utf-8")
    path.chmod(0)
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from multimodal.formats import read_transcript\n"
        "from multimodal.errors import InputFileError\n"
        "path = Path(sys.argv[1])\n"
        "folder = os.open(path.parent, os.O_RDONLY)\n"
        "os.fchdir(folder)\n"
        "if os.geteuid() == 0:\n"
        "    os.setuid(65534)\n"
        "try:\n"
        "    read_transcript(Path(path.name))\n"
        "except InputFileError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    assert "secret.txt: it may not be read." in done.stdout, done.stderr
    assert "permission" in done.stdout


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    child = os.fork()
    if child == 0:
        with pipe.open("wb") as file:
            file.write(b'{"turns": [{"role": "customer", "text": "hi"}]}\n' * 3)
        os._exit(0)
    try:
        with within(20):
            assert sum(isinstance(item, Conversation) for item in read_transcript(pipe)) == 3
    finally:
        os.waitpid(child, 0)


def test_importing_the_registry_is_quick() -> None:
    script = "import sys, multimodal.formats; assert not {'pysubs2', 'pyarrow'} & set(sys.modules)"
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
    assert time.monotonic() - started < 10
