"""Identical and silent channels, and channel maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import example, given
from hypothesis import strategies as st

from multimodal.conversation import Role
from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError
from multimodal.media import ChannelReport, describe_channels, parse_channel_map


def noise(seed: int, level: float = 0.1) -> FloatArray:
    """Three seconds at 8 kHz."""
    return np.random.default_rng(seed).normal(0, level, 24_000).astype(np.float32)


def describe(path: Path, *channels: FloatArray, subtype: str | None = None) -> ChannelReport:
    soundfile.write(path, np.stack(channels, 1), 8000, subtype=subtype)
    return describe_channels(path)


def test_two_parties(tmp_path: Path) -> None:
    report = describe(tmp_path / "x.wav", noise(1), noise(2))
    assert report == ChannelReport(identical=False, silent=(), seconds=3.0)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_one_channel_stored_twice(tmp_path: Path, suffix: str) -> None:
    assert describe(tmp_path / f"x.{suffix}", noise(1), noise(1)).identical


def test_only_one_of_three_channels_differs(tmp_path: Path) -> None:
    assert not describe(tmp_path / "x.wav", noise(1), noise(1), noise(2)).identical


def test_a_similar_channel_is_not_identical(tmp_path: Path) -> None:
    assert not describe(tmp_path / "x.wav", noise(1), noise(1) + noise(2, 0.01)).identical


def test_mono_is_not_identical(tmp_path: Path) -> None:
    assert not describe(tmp_path / "x.wav", noise(1)).identical


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_U8", "ULAW", "ALAW"])
def test_a_silent_channel(tmp_path: Path, subtype: str) -> None:
    report = describe(tmp_path / "x.wav", noise(1), np.zeros(24_000, np.float32), subtype=subtype)
    assert (report.identical, report.silent) == (False, (1,))


def test_line_noise_and_a_constant_offset_are_silence(tmp_path: Path) -> None:
    report = describe(tmp_path / "x.wav", noise(1, 1e-4), np.full(24_000, 0.2, np.float32))
    assert (report.identical, report.silent) == (False, (0, 1))


def test_one_short_word_is_not_silence(tmp_path: Path) -> None:
    word = np.zeros(24_000, np.float32)
    word[9000:10_600] = noise(3, 0.005)[:1600]
    assert describe(tmp_path / "x.wav", noise(1), word).silent == ()


def test_nan_counts_as_silence(tmp_path: Path) -> None:
    broken = np.full(24_000, np.nan, np.float32)
    assert describe(tmp_path / "x.wav", noise(1), broken, subtype="FLOAT").silent == (1,)


def test_real_samples(shared: Path) -> None:
    samples = shared / "samples"
    call = describe_channels(samples / "calls/Auto_Repairs_40_stereo_L-agent_R-caller.flac")
    assert call == ChannelReport(identical=False, silent=(), seconds=245.38)
    assert describe_channels(samples / "video/Status0_Speaking.mp4").identical
    assert describe_channels(samples / "video/Silent_Status.mp4").silent == (0, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left=agent,right=customer", {0: Role.AGENT, 1: Role.CUSTOMER}),
        (" Right = Customer ; LEFT:agent ", {0: Role.AGENT, 1: Role.CUSTOMER}),
        ("0=agent,1=customer", {0: Role.AGENT, 1: Role.CUSTOMER}),
        ("左=客服，右=客户", {0: Role.AGENT, 1: Role.CUSTOMER}),
        ("左声道：坐席、右声道：客户", {0: Role.AGENT, 1: Role.CUSTOMER}),
        ("0=customer", {0: Role.CUSTOMER}),
        ("2=bot,1=unknown", {2: Role.BOT, 1: Role.UNKNOWN}),
    ],
)
def test_channel_maps(text: str, expected: dict[int, Role]) -> None:
    assert parse_channel_map(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "left", "left=", "=agent", "left=agent,", "left=agent,0=customer", "middle=agent",
     "left=boss", "-1=agent", "²=agent", "left=agent=customer", "9" * 5000 + "=agent"],
)  # fmt: skip
def test_what_is_no_channel_map(text: str) -> None:
    with pytest.raises(InvalidInputError, match="channel map") as caught:
        parse_channel_map(text)
    assert len(str(caught.value)) < 600
    assert "left=agent,right=customer" in caught.value.remedy


@given(st.text(alphabet="左右客户服leftrighagncusom01=:：,， ", max_size=40))
@example("left=agent,right=customer")
def test_any_text_is_a_map_or_an_error(text: str) -> None:
    try:
        channels = parse_channel_map(text)
    except InvalidInputError:
        return
    assert channels
    assert all(index >= 0 and isinstance(role, Role) for index, role in channels.items())
