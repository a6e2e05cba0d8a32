"""A turn in blocks measures like the turn at once."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.frames import Spectra, look
from audio.prosody import Prosody, measure
from audio.stream import ProsodyStream
from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError

NUMBERS = [field.name for field in fields(Prosody) if field.name != "features"]
RATES = (8000, 16000, 44100, 96000)


def voice(seconds: float, rate: int, offset: float = 0.0) -> FloatArray:
    """Like a voice: gliding pitch in swells of 200 ms, a little noise, a constant offset."""
    time = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(170 * 2 ** (0.2 * np.sin(2 * time))) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 10)) * np.sin(np.pi * time / 0.3) ** 2
    noise = np.random.default_rng(0).normal(0, 1e-3, len(time))
    return np.asarray(0.1 * sound + noise + offset, dtype=np.float32)


def streamed(audio: FloatArray, rate: int, cuts: list[int]) -> Prosody:
    stream = ProsodyStream(rate)
    for first, last in pairwise([0, *sorted(cuts), len(audio)]):
        stream.add(audio[first:last])
    return stream.finish()


def assert_same(found: Prosody, expected: Prosody) -> None:
    np.testing.assert_allclose(found.features, expected.features, rtol=1e-4, atol=1e-4)
    for name in NUMBERS:
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4), name


@settings(deadline=None, max_examples=25)
@given(data=st.data(), rate=st.sampled_from(RATES), offset=st.sampled_from([0.0, 0.003, -0.2]))
def test_blocks_of_any_size_measure_like_the_whole(
    data: st.DataObject, rate: int, offset: float
) -> None:
    audio = voice(data.draw(st.floats(0.005, 1.5), "seconds"), rate, offset)
    cuts = data.draw(st.lists(st.integers(0, len(audio)), max_size=20), "cuts")
    assert_same(streamed(audio, rate, cuts), measure(audio, rate))


@pytest.mark.parametrize("size", [1, 79, 160, 4000])
def test_blocks_of_one_size(size: int) -> None:
    audio = voice(1.7, 8000, 0.01)
    cuts = list(range(0, len(audio), size))
    assert_same(streamed(audio, 8000, cuts), measure(audio, 8000))


def test_every_sample_is_transformed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    frames: list[int] = []

    def counted(samples: FloatArray) -> Spectra:
        found = look(samples)
        frames.append(len(found.pitch))
        return found

    monkeypatch.setattr("audio.stream.look", counted)
    streamed(voice(2.0, 8000), 8000, list(range(0, 16000, 160)))
    assert sum(frames) == 200


def test_nothing_heard_is_silence() -> None:
    assert ProsodyStream(8000).finish().level <= -99


def test_a_stream_without_a_rate_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="0 Hz"):
        ProsodyStream(0)
