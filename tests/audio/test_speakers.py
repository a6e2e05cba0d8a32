"""Two voices on one channel: groups with a stated confidence, and never a role."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from app.ingest import IngestOptions, recording_conversation
from audio.speakers import CONFIDENCE, VOICES, tell_voices_apart, two_groups
from multimodal.conversation import Role, Turn
from tests.audio.made_sound import noise, voice


def mono(path: Path, hertz: list[float]) -> tuple[Path, list[Turn]]:
    sound = np.concatenate([voice(hz, 1.5) for hz in hertz])
    soundfile.write(path, sound, 8000)
    turns = [Turn(Role.UNKNOWN, start=1.5 * i, end=1.5 * i + 1.5) for i in range(len(hertz))]
    return path, turns


def test_two_made_voices_are_told_apart(tmp_path: Path) -> None:
    path, turns = mono(tmp_path / "x.wav", [110, 230, 115, 110, 235, 225])
    found = tell_voices_apart(path, turns)
    assert [turn.speaker for turn in found] == [VOICES[i] for i in (0, 1, 0, 0, 1, 1)]
    assert all(turn.attributes[CONFIDENCE] > 0.3 for turn in found)
    assert {turn.role for turn in found} == {Role.UNKNOWN}


def test_one_voice_alone_is_not_trusted(tmp_path: Path) -> None:
    path, turns = mono(tmp_path / "x.wav", [150, 152, 149, 151, 150, 153])
    one = np.mean([turn.attributes[CONFIDENCE] for turn in tell_voices_apart(path, turns)])
    path, turns = mono(tmp_path / "y.wav", [110, 230, 115, 110, 235, 225])
    two = np.mean([turn.attributes[CONFIDENCE] for turn in tell_voices_apart(path, turns)])
    assert one < two


def test_noise_and_few_turns_have_no_speaker(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "n.wav", noise(6.0), 8000)
    turns = [Turn(Role.UNKNOWN, start=float(i), end=i + 1.0) for i in range(6)]
    assert tell_voices_apart(tmp_path / "n.wav", turns) == turns
    path, turns = mono(tmp_path / "x.wav", [110, 230, 110])
    assert tell_voices_apart(path, turns) == turns


def test_equal_rows_are_one_group_without_confidence() -> None:
    _, confidence = two_groups(np.ones((5, 3), np.float32))
    assert (confidence == 0).all()


def test_a_mono_call_has_voices_on_request_and_no_roles(shared: Path) -> None:
    path = shared / "samples/calls/Auto0_mono.wav"
    plain = recording_conversation(path, IngestOptions())
    named = recording_conversation(path, IngestOptions(tell_voices_apart=True))
    assert {turn.speaker for turn in plain.turns} == {""}
    assert {turn.speaker for turn in named.turns} >= set(VOICES)
    assert {turn.role for turn in named.turns} == {Role.UNKNOWN}
