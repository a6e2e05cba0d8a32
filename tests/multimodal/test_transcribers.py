"""Every transcriber keeps the contract: the real libraries, with models that are built here."""

from __future__ import annotations

import importlib.util
import itertools
import json
import shlex
import socket
import sys
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ingest import IngestOptions, recording_conversation
from app.monitor import build_transcriber
from app.settings import Settings
from multimodal.conversation import Role, Turn
from multimodal.errors import (
    EmotionMonitorError,
    InvalidInputError,
    MediaError,
    ModelMissingError,
    TranscriptionError,
)
from multimodal.plugins import TRANSCRIBERS, load_transcriber
from multimodal.transcription import RATE, Transcriber, transcribed_turns
from multimodal.transcription.command import CommandTranscriber
from multimodal.transcription.funasr import turns_of as funasr_turns
from multimodal.transcription.sherpa import pieces
from multimodal.transcription.sherpa import turns_of as sherpa_turns
from tests.conftest import require
from tests.multimodal import transcriber_models as models

SAYS = {
    "sherpa-onnx": ["太慢了", "快点"],
    "faster-whisper": ["too slow!"],
    "funasr": ["太慢了。", "快点！"],
    "command": ["太慢了", "快点"],
}
"""What a stand-in hears in any sound, at its beginning."""
PROGRAM = """
import json, sys, wave
sound = wave.open(sys.argv[1]); frames = sound.readframes(sound.getnframes())
assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
said = [{"start": 0.5, "end": 1.5, "text": " 太慢了"}, {"start": 3.0, "end": 4.0, "text": " 快点"}]
print(json.dumps({"language": "zh", "segments": said if any(frames) else []}))
"""


def _sherpa(folder: Path) -> Transcriber:
    require(importlib.util.find_spec("sherpa_onnx") is not None, "sherpa-onnx is not installed")
    models.sense_voice(folder)
    return load_transcriber("sherpa-onnx", folder)


def _whisper(folder: Path) -> Transcriber:
    present = importlib.util.find_spec("faster_whisper") is not None
    require(present, "faster-whisper is not installed")
    models.whisper(folder)
    return load_transcriber("faster-whisper", folder)


def _funasr(folder: Path) -> Transcriber:
    # Its dependencies are too many for every developer and for CI: it is run where it is there.
    pytest.importorskip("funasr", reason="FunASR is not installed")
    models.funasr(folder)
    return load_transcriber("funasr", folder)


def _command(folder: Path) -> Transcriber:
    return CommandTranscriber(program(folder, PROGRAM))


MAKERS: dict[str, Callable[[Path], Transcriber]] = {
    "sherpa-onnx": _sherpa,
    "faster-whisper": _whisper,
    "funasr": _funasr,
    "command": _command,
}


def program(folder: Path, code: str) -> str:
    """A command line that runs this code on the recording."""
    script = folder / "a program.py"
    script.write_text(code, "utf-8")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} {{audio}}"


@pytest.fixture(scope="module", params=MAKERS)
def transcriber(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return MAKERS[request.param](tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def speech(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The customer's channel of a synthesised call, as transcribers get it."""
    from multimodal.media import DEFAULT_LIMITS, probe
    from multimodal.transcription.recording import _write

    path = tmp_path_factory.mktemp("speech") / "customer.wav"
    call = samples / "call-bank-recovering.ogg"
    audio = probe(call).audio
    assert audio is not None
    _write(call, [path], [1], audio.rate, DEFAULT_LIMITS)
    sound, rate = soundfile.read(path)
    soundfile.write(path, sound[: 25 * rate], rate, subtype="PCM_16")
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a transcriber opened a network connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.mark.usefixtures("offline")
def test_the_contract(transcriber: Transcriber, speech: Path, tmp_path: Path) -> None:
    assert isinstance(transcriber, Transcriber)
    turns = transcriber.transcribe(speech)
    seconds = soundfile.info(speech).duration
    assert [turn.text for turn in turns][: len(SAYS[transcriber.name])] == SAYS[transcriber.name]
    for turn in turns:
        assert isinstance(turn, Turn)
        assert turn.role is Role.UNKNOWN
        assert turn.text == turn.text.strip() != ""
        assert turn.start is not None
        assert turn.end is not None
        assert 0 <= turn.start < turn.end <= seconds
        json.dumps(dict(turn.attributes), allow_nan=False)
    starts = [turn.start for turn in turns]
    assert starts == sorted(starts, key=lambda start: start or 0.0)
    assert transcriber.transcribe(speech) == turns
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(3 * RATE, np.float32), RATE, subtype="PCM_16")
    assert transcriber.transcribe(silence) == []


@pytest.mark.parametrize("name", ["sherpa-onnx", "faster-whisper", "funasr"])
def test_a_model_that_is_not_there(name: str, tmp_path: Path) -> None:
    assert name in {point.name for point in entry_points(group=TRANSCRIBERS)}
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(ModelMissingError, match="folder") as caught:
            load_transcriber(name, folder)
        assert str(folder) in str(caught.value)
        assert "none is downloaded" in caught.value.remedy


def test_a_damaged_model(tmp_path: Path) -> None:
    (tmp_path / "tokens.txt").write_text("x 0\n")
    (tmp_path / "model.onnx").write_bytes(b"\x00nothing")
    (tmp_path / "model.bin").write_bytes(b"nothing")
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    for name in ("sherpa-onnx", "faster-whisper"):
        with pytest.raises(ModelMissingError) as caught:
            load_transcriber(name, tmp_path)
        assert caught.value.remedy


def test_a_transcriber_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="no transcriber 'x'; there are faster-"):
        load_transcriber("x", tmp_path)


@pytest.mark.parametrize("name", ["sherpa-onnx", "command"])
def test_each_channel_is_written_down_by_itself(name: str, samples: Path, tmp_path: Path) -> None:
    call = samples / "call-bank-recovering.ogg"
    options = IngestOptions(
        channels={0: Role.AGENT, 1: Role.CUSTOMER}, transcriber=MAKERS[name](tmp_path)
    )
    conversation = recording_conversation(call, options)
    spoken = {role: [t for t in conversation.turns if t.role is role] for role in Role}
    assert spoken[Role.AGENT]
    assert spoken[Role.CUSTOMER]
    assert not spoken[Role.UNKNOWN]
    assert {t.channel for t in spoken[Role.AGENT]} == {0}
    assert {t.channel for t in spoken[Role.CUSTOMER]} == {1}
    # What a model makes of an agent's voice is not kept.
    assert all("vendor_emotion" not in t.attributes for t in spoken[Role.AGENT])
    if name == "sherpa-onnx":
        assert spoken[Role.CUSTOMER][0].attributes["vendor_emotion"] == "ANGRY"
    starts = [t.start or 0.0 for t in conversation.turns]
    assert starts == sorted(starts)


def test_without_a_channel_map_channels_are_mixed(samples: Path, tmp_path: Path) -> None:
    call = samples / "call-bank-recovering.ogg"
    mixed = transcribed_turns(call, _command(tmp_path), {})
    assert [(t.role, t.channel, t.text) for t in mixed] == [
        (Role.UNKNOWN, None, "太慢了"),
        (Role.UNKNOWN, None, "快点"),
    ]
    one = tmp_path / "one.wav"
    sound, rate = soundfile.read(call, dtype="float32")
    soundfile.write(one, sound[: 10 * rate, 1], rate)
    alone = recording_conversation(
        one, IngestOptions(role=Role.CUSTOMER, transcriber=_command(tmp_path))
    )
    assert [(t.role, t.channel) for t in alone.turns] == [(Role.CUSTOMER, 0)] * 2


def test_where_nothing_is_heard_voice_activity_makes_the_turns(
    samples: Path, tmp_path: Path
) -> None:
    nothing = CommandTranscriber(program(tmp_path, "pass"))
    call = samples / "call-bank-recovering.ogg"
    options = IngestOptions(channels={0: Role.AGENT, 1: Role.CUSTOMER})
    with_it = recording_conversation(call, IngestOptions(options.notice, options.channels))
    heard = recording_conversation(
        call, IngestOptions(channels=options.channels, transcriber=nothing)
    )
    assert heard.turns == with_it.turns != ()


def test_times_beyond_the_recording_are_cut(tmp_path: Path) -> None:
    said = {"segments": [{"start": -1.0, "end": 99.0, "text": "喂"}], "language": "zh"}
    recording = tmp_path / "a.wav"
    soundfile.write(recording, np.full(2 * RATE, 0.1, np.float32), RATE)
    command = CommandTranscriber(program(tmp_path, f"print({json.dumps(said)!r})"))
    (turn,) = transcribed_turns(recording, command, {})
    assert (turn.start, turn.end) == (0.0, 2.0)


def test_a_recording_without_sound(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "no.txt"
    path.write_text("客户：喂")
    with pytest.raises(MediaError):
        transcribed_turns(path, _command(tmp_path), {})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit('no GPU')", "ended with status 1: no GPU"),
        ("print('hello')", "not a transcript I know"),
        ('print(\'{"turns": [{"role": "bot"}]}\\n\' * 2)', "2 conversations"),
        ("import sys\nwhile True: sys.stdout.write('x' * 2**20)", "more than 1 MB"),
        ("import time; time.sleep(60)", "took more than 2 s"),
    ],
)
def test_a_program_that_fails(
    code: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("multimodal.transcription.command.MAX_OUTPUT", 2**20)
    recording = tmp_path / "a.wav"
    soundfile.write(recording, np.zeros(RATE, np.float32), RATE, subtype="PCM_16")
    started = time.monotonic()
    with pytest.raises(TranscriptionError, match=message) as caught:
        CommandTranscriber(program(tmp_path, code), timeout=2).transcribe(recording)
    assert time.monotonic() - started < 15
    assert caught.value.where


def test_what_a_program_started_ends_with_it(tmp_path: Path) -> None:
    marker = tmp_path / "still here"
    code = (
        "import subprocess, sys, time\n"
        f"child = 'import time; time.sleep(2); open({json.dumps(str(marker))}, \"w\")'\n"
        "subprocess.Popen([sys.executable, '-c', child])\ntime.sleep(60)\n"
    )
    with pytest.raises(TranscriptionError, match="took more than"):
        CommandTranscriber(program(tmp_path, code), timeout=1).transcribe(tmp_path / "a.wav")
    time.sleep(2)
    assert not marker.exists()


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    code = f"import sys, pathlib; pathlib.Path({str(tmp_path / 'said')!r}).write_text(sys.argv[2])"
    odd = tmp_path / "a; touch hacked $(id) 'x'.wav"
    odd.touch()
    script = program(tmp_path, code).replace("{audio}", "'$HOME; *' --in={audio}")
    assert CommandTranscriber(script).transcribe(odd) == []
    assert (tmp_path / "said").read_text() == f"--in={odd}"
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("command", "message"),
    [("", "where the recording goes"), ("asr", "goes: {audio}"), ("asr '{audio}", "not whole"),
     ("{audio}", "where the recording goes")],
)  # fmt: skip
def test_a_command_that_is_none(command: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        CommandTranscriber(command)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TranscriptionError, match="cannot be started.*Check the command"):
        CommandTranscriber("/no/such/asr {audio}").transcribe(tmp_path / "a.wav")


def test_what_the_settings_ask_for(tmp_path: Path) -> None:
    assert build_transcriber(Settings()) is None
    command = build_transcriber(Settings(transcriber_command="asr {audio}"))
    assert isinstance(command, CommandTranscriber)
    with pytest.raises(InvalidInputError, match="both"):
        build_transcriber(Settings(transcriber="funasr", transcriber_command="asr {audio}"))
    with pytest.raises(ModelMissingError):
        build_transcriber(Settings(transcriber="funasr", transcriber_model=tmp_path))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seconds=st.floats(0.1, 65), seed=st.integers(0, 9))
def test_pieces_are_the_recording_cut_where_it_is_quiet(
    tmp_path: Path, seconds: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    sound = random.uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)
    quiet = slice(15 * RATE, 15 * RATE + RATE // 2)
    sound[quiet] = 0
    path = tmp_path / "a.wav"
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    found = list(pieces(path))
    assert np.array_equal(np.concatenate([samples for _, samples in found]), sound)
    assert all(len(samples) <= 20 * RATE for _, samples in found)
    ends = list(itertools.accumulate(len(samples) for _, samples in found))
    assert [start for start, _ in found] == [0.0, *(end / RATE for end in ends[:-1])]
    if seconds > 20:
        assert quiet.start <= ends[0] <= quiet.stop


def test_what_sherpa_onnx_gives_without_times() -> None:
    result = SimpleNamespace(text="<|zh|> 喂 ", tokens=[], timestamps=[], emotion="<|SAD|>")
    (turn,) = sherpa_turns(result, 5.0, 7.5)
    assert (turn.text, turn.start, turn.end) == ("喂", 5.0, 7.5)
    assert turn.attributes == {"vendor_emotion": "SAD"}
    assert sherpa_turns(SimpleNamespace(text=" ", tokens=[], timestamps=[]), 0.0, 1.0) == []


def test_what_funasr_gives_without_sentences() -> None:
    spoken = {"text": "<|zh|><|HAPPY|>好的", "timestamp": [[100, 300], [300, 700]]}
    (turn,) = funasr_turns([spoken])
    assert (turn.text, turn.start, turn.end) == ("好的", 0.1, 0.7)
    assert turn.attributes["vendor_emotion"] == "HAPPY"
    assert funasr_turns([{"text": ""}]) == []
    with pytest.raises(EmotionMonitorError):
        funasr_turns([{"sentence_info": [5]}])
