"""Files and folders to conversations; what is wrong with one is an item, and loses no other."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from app.ingest import Ingested, IngestOptions, read_bytes, read_files
from multimodal.conversation import WHOLE_PICTURE, Channel, Conversation, Role
from multimodal.errors import InputFileError, InvalidInputError, MediaError, UnknownFormatError

CHAT = "客服：您好，请问有什么可以帮您？\n客户：我要退款，都三天了。\n"


def read(paths: list[Path], options: IngestOptions | None = None) -> list[Ingested]:
    return list(read_files(paths, options or IngestOptions()))


def good(items: list[Ingested]) -> list[Conversation]:
    return [item.conversation for item in items if item.conversation is not None]


def write_call(path: Path, seconds: float = 4.0, channels: int = 2) -> None:
    """A call in which channel 0 speaks first, then channel 1: a buzz with syllables."""
    rate = 8000
    time = np.arange(int(seconds * rate)) / rate
    buzz = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 20))
    speech = 0.2 * buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))
    half = len(time) // 2
    columns = [np.where(np.arange(len(time)) < half, speech, 0)]
    columns += [np.where(np.arange(len(time)) >= half, speech, 0)] * (channels - 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.stack(columns, axis=1) * 20000).astype("<i2").tobytes())


def test_a_folder_with_everything_in_it(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "chat.txt").write_text(CHAT, "utf-8")
    (tmp_path / ".hidden").write_text("not read")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 40)
    (tmp_path / "readme.md").write_text("# Just a note\n")
    write_call(tmp_path / "call.wav")
    items = read([tmp_path], IngestOptions(channels={0: Role.AGENT, 1: Role.CUSTOMER}))
    assert sorted(c.channel for c in good(items)) == [Channel.CHAT, Channel.PHONE]
    failed = {item.path.name: item.error for item in items if item.error}
    assert set(failed) == {"empty.txt", "noise.bin", "readme.md"}
    assert isinstance(failed["readme.md"], UnknownFormatError)
    assert isinstance(failed["noise.bin"], MediaError)
    for name, error in failed.items():
        assert name in str(error)


def test_turns_of_a_recording_carry_the_roles_of_their_channels(tmp_path: Path) -> None:
    write_call(tmp_path / "call.wav")
    (call,) = good(
        read([tmp_path / "call.wav"], IngestOptions(channels={0: Role.AGENT, 1: Role.CUSTOMER}))
    )
    assert [(turn.role, turn.channel) for turn in call.turns] == [
        (Role.AGENT, 0),
        (Role.CUSTOMER, 1),
    ]
    assert call.external_id.startswith("call-")


def test_without_a_channel_map_nobody_is_guessed(tmp_path: Path) -> None:
    write_call(tmp_path / "call.wav")
    (call,) = good(read([tmp_path / "call.wav"]))
    assert {turn.role for turn in call.turns} == {Role.UNKNOWN}


def test_a_recording_of_one_person(tmp_path: Path) -> None:
    write_call(tmp_path / "memo.wav", channels=1)
    options = IngestOptions(role=Role.CUSTOMER, notice="N-1")
    (memo,) = good(read([tmp_path / "memo.wav"], options))
    assert {turn.role for turn in memo.turns} == {Role.CUSTOMER}
    assert memo.notice == "N-1"
    assert dict(memo.media[0].channels) == {0: Role.CUSTOMER}


def test_the_same_recording_twice_is_the_same_conversation(tmp_path: Path) -> None:
    write_call(tmp_path / "a.wav")
    first, second = (good(read([tmp_path / "a.wav"]))[0] for _ in range(2))
    assert first == second
    (tmp_path / "other").mkdir()
    write_call(tmp_path / "other" / "a.wav", seconds=6)
    (other,) = good(read([tmp_path / "other"]))
    assert other.external_id != first.external_id


def test_a_recording_named_by_a_transcript_is_read_with_it(samples: Path) -> None:
    items = read([samples])
    assert not [item.error for item in items if item.error]
    named = [media.path.name for c in good(items) for media in c.media]
    assert len(named) == len(set(named))


def test_a_transcript_with_its_recording(tmp_path: Path) -> None:
    (tmp_path / "chat.txt").write_text(CHAT, "utf-8")
    write_call(tmp_path / "call.wav")
    options = IngestOptions(
        media=tmp_path / "call.wav", channels={0: Role.AGENT, 1: Role.CUSTOMER}, notice="N-1"
    )
    (conversation,) = good(read([tmp_path / "chat.txt"], options))
    assert conversation.media[0].path.name == "call.wav"
    assert conversation.channel is Channel.PHONE
    with pytest.raises(InvalidInputError, match="for 0 transcripts"):
        read([tmp_path / "call.wav"], options)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    (item,) = read([tmp_path / "gone.txt"])
    assert isinstance(item.error, InputFileError)
    assert "gone.txt" in str(item.error)


def test_stdin() -> None:
    options = IngestOptions(source="crm")
    (item,) = read_bytes(CHAT.encode("gb18030"), "stdin", options)
    assert item.conversation is not None
    assert item.conversation.source == "crm"
    (bad,) = read_bytes(b"\x00\x01\x02", "stdin", options)
    assert isinstance(bad.error, UnknownFormatError)


def test_every_real_video_and_call_becomes_a_conversation(shared: Path) -> None:
    folder = shared / "samples"
    options = IngestOptions(role=Role.CUSTOMER, notice="N-1")
    items = read([folder / "calls", folder / "video"], options)
    assert len(good(items)) == len(items) == 9
    for conversation in good(items):
        assert conversation.turns
        assert {turn.role for turn in conversation.turns} == {Role.CUSTOMER}
        if conversation.channel is Channel.VIDEO:
            assert conversation.media[0].customer_region == WHOLE_PICTURE
