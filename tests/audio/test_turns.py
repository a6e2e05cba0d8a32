"""Turns from sound alone: synthetic speech at known times, and a real call."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.signal import lfilter

from audio.turns import MAX_TURN_SECONDS, MIN_TURN_SECONDS, merge_speech, turns_from_audio
from multimodal.conversation import Role, Turn
from multimodal.emotions import FloatArray
from multimodal.errors import MediaError
from multimodal.media import audio_blocks

AGENT_CUSTOMER = {0: Role.AGENT, 1: Role.CUSTOMER}


def party(seconds: float, *spans: tuple[float, float], rate: int = 8000) -> FloatArray:
    """Line noise with speech in the spans: a pulse train through three formants, 4 Hz syllables."""
    noise = np.random.default_rng(0)
    sound = noise.normal(0, 1e-4, round(seconds * rate))
    for start, end in spans:
        time = np.arange(round((end - start) * rate)) / rate
        pitch = np.cumsum(120 + 15 * np.sin(2 * np.pi * 0.7 * time)) / rate
        voice = np.diff(np.floor(pitch), prepend=0) + noise.normal(0, 0.01, len(time))
        for formant, width in ((600, 90), (1200, 110), (2500, 160)):
            radius = np.exp(-np.pi * width / rate)
            poles = [1, -2 * radius * np.cos(2 * np.pi * formant / rate), radius**2]
            voice = lfilter([1 - radius], poles, voice)
        voice *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)
        sound[round(start * rate) : round(start * rate) + len(voice)] += 0.4 * voice / voice.max()
    return sound.astype(np.float32)


def turns_of(
    path: Path, *channels: FloatArray, roles: Mapping[int, Role] | None = None, rate: int = 8000
) -> list[Turn]:
    soundfile.write(path, np.stack(channels, 1), rate, subtype="FLOAT")
    return turns_from_audio(path, AGENT_CUSTOMER if roles is None else roles)


def span(turn: Turn) -> tuple[float, float]:
    assert turn.start is not None
    assert turn.end is not None
    return turn.start, turn.end


def test_two_parties_who_overlap(tmp_path: Path) -> None:
    agent = party(20, (1, 5), (12, 14))
    customer = party(20, (4, 10), (15.5, 18))
    turns = turns_of(tmp_path / "x.wav", agent, customer)
    assert [(turn.role, turn.channel) for turn in turns] == [
        (Role.AGENT, 0), (Role.CUSTOMER, 1), (Role.AGENT, 0), (Role.CUSTOMER, 1),
    ]  # fmt: skip
    expected = [(1, 5), (4, 10), (12, 14), (15.5, 18)]
    for turn, times in zip(turns, expected, strict=True):
        assert span(turn) == pytest.approx(times, abs=0.3)


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 44100, 48000])
def test_any_sample_rate(tmp_path: Path, rate: int) -> None:
    (turn,) = turns_of(tmp_path / "x.wav", party(8, (2, 6), rate=rate), roles={}, rate=rate)
    assert span(turn) == pytest.approx((2, 6), abs=0.3)
    assert (turn.role, turn.channel) == (Role.UNKNOWN, 0)


def test_a_short_yes_lasts_a_second(tmp_path: Path) -> None:
    for at in (0.0, 5.0, 9.6):
        (turn,) = turns_of(tmp_path / "x.wav", party(10, (at, at + 0.4)), roles={})
        start, end = span(turn)
        assert end - start == pytest.approx(MIN_TURN_SECONDS, abs=0.1)
        assert 0 <= start <= at + 0.05
        assert at + 0.35 <= end <= 10


def test_a_monologue_is_cut_at_its_longest_pause(tmp_path: Path) -> None:
    spoken = [(1, 6), (6.4, 11), (11.8, 17), (17.4, 22)]
    turns = turns_of(tmp_path / "x.wav", party(25, *spoken), roles={})
    assert len(turns) == 2
    assert span(turns[0]) == pytest.approx((1, 11), abs=0.3)
    assert span(turns[1]) == pytest.approx((11.8, 22), abs=0.3)


def test_silence_gives_no_turns(tmp_path: Path) -> None:
    assert turns_of(tmp_path / "x.wav", party(5), np.zeros(40_000, np.float32)) == []


def test_nan_is_silence(tmp_path: Path) -> None:
    assert turns_of(tmp_path / "x.wav", np.full(40_000, np.nan, np.float32), roles={}) == []


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ({}, Role.UNKNOWN),
        (AGENT_CUSTOMER, Role.UNKNOWN),
        ({0: Role.CUSTOMER}, Role.UNKNOWN),
        ({0: Role.CUSTOMER, 1: Role.CUSTOMER}, Role.CUSTOMER),
    ],
)
def test_identical_channels_are_one(tmp_path: Path, roles: dict[int, Role], expected: Role) -> None:
    both = party(8, (2, 6))
    (turn,) = turns_of(tmp_path / "x.wav", both, both, roles=roles)
    assert (turn.role, turn.channel) == (expected, 0)


def test_a_recording_of_one_person(tmp_path: Path) -> None:
    (turn,) = turns_of(tmp_path / "x.wav", party(8, (2, 6)), roles={0: Role.CUSTOMER})
    assert turn.role is Role.CUSTOMER


def test_the_mono_call_and_the_clips(shared: Path) -> None:
    mono = turns_from_audio(shared / "samples/calls/Auto0_mono.wav", {})
    assert all(turn.role is Role.UNKNOWN and turn.channel == 0 for turn in mono)
    assert 150 < sum(turn.duration or 0 for turn in mono) < 250
    assert turns_from_audio(shared / "samples/video/Silent_Status.mp4", {}) == []
    (speaking,) = turns_from_audio(shared / "samples/video/Status0_Speaking.mp4", {})
    assert (speaking.duration or 0) > 3


def test_a_real_call(shared: Path) -> None:
    path = shared / "samples/calls/Auto_Repairs_40_stereo_L-agent_R-caller.flac"
    turns = turns_from_audio(path, AGENT_CUSTOMER)
    assert turns == sorted(turns, key=lambda turn: span(turn)[0])
    sound = np.concatenate(list(audio_blocks(path)))
    for channel, role in AGENT_CUSTOMER.items():
        own = [span(turn) for turn in turns if turn.channel == channel]
        assert {turn.role for turn in turns if turn.channel == channel} == {role}
        assert all(1.0 <= round(end - start, 3) <= 15.0 for start, end in own)
        assert all(before[1] <= after[0] for before, after in pairwise(own))
        level = sound[: len(sound) // 240 * 240, channel].reshape(-1, 240).std(axis=1)
        loud = np.flatnonzero(level > 0.01) * 0.03 + 0.015
        inside = np.mean([any(start <= at < end for start, end in own) for at in loud])
        assert inside > 0.98, "most of the loud time is in turns"
        share = sum(end - start for start, end in own) / (len(sound) / 8000)
        assert share < 0.6, "and the silence is not"


def test_a_video_without_sound(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(0), 8000)
    with pytest.raises(MediaError):
        turns_from_audio(tmp_path / "x.wav", {})


@given(st.lists(st.tuples(st.floats(0.31, 5), st.floats(0.12, 40)), max_size=30), st.floats(0, 3))
@example([(0.0, 0.12), (1.01, 0.12), (1.01, 0.12)], 0.0)
def test_merged_turns(lengths: list[tuple[float, float]], tail: float) -> None:
    speech: list[tuple[float, float]] = []
    now = 0.0
    for pause, length in lengths:
        speech.append((now + pause, now + pause + length))
        now += pause + length
    turns = merge_speech(speech, now + tail)
    for start, end in turns:
        assert 0 <= start < end <= now + tail + 1e-3
        assert end - start <= MAX_TURN_SECONDS + 2e-3
        assert end - start >= MIN_TURN_SECONDS - 2e-3 or end > now + tail - 2e-3
    assert all(before[1] <= after[0] + 2e-3 for before, after in pairwise(turns))
    for start, end in speech:
        covered = sum(max(min(end, b) - max(start, a), 0) for a, b in turns)
        assert covered >= end - start - 2e-2
