"""Telephone lines, and what is heard beside the caller."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio.augmentation import (
    a_law,
    beside,
    clipped,
    hold_music,
    mobile,
    mu_law,
    office_noise,
    varied,
)
from audio.prosody import NAMES, measure
from multimodal.emotions import FloatArray

RATE = 8000


def voice(level: float = 0.1) -> FloatArray:
    time = np.arange(2 * RATE) / RATE
    phase = 2 * np.pi * np.cumsum(150 * (1 + 0.1 * np.sin(4 * time))) / RATE
    swell = np.sin(2 * np.pi * 2 * time).clip(0)
    sound = swell * sum(np.sin(k * phase) / k for k in range(1, 12))
    return np.asarray(level * sound, dtype=np.float32)


def error_db(line: FloatArray, clean: FloatArray) -> float:
    return float(10 * np.log10(((line - clean) ** 2).mean() / (clean**2).mean()))


@pytest.mark.parametrize("law", [mu_law, a_law])
def test_companding_keeps_small_sounds_and_has_256_steps(
    law: Callable[[FloatArray], FloatArray],
) -> None:
    tone = (0.01 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)).astype(np.float32)
    line = law(tone)
    assert line.dtype == np.float32
    assert len(np.unique(line)) <= 256
    assert error_db(line, tone) < -25
    assert np.abs(law(np.array([-3, 3], np.float32))).max() <= 1.001


def test_a_mobile_call_keeps_length_and_pitch() -> None:
    clean = voice()
    for bit_rate in (4750, 12200):
        line = mobile(clean[:-37], bit_rate)
        assert line.shape == (len(clean) - 37,)
        pitch = NAMES.index("pitch_mean")
        heard, meant = measure(line, RATE).features, measure(clean, RATE).features
        assert heard[pitch] == pytest.approx(meant[pitch], abs=0.5)
    assert mobile(np.zeros(0, np.float32)).size == 0


@pytest.mark.parametrize("made", [office_noise, hold_music])
def test_what_is_heard_beside_the_caller_has_level_one(
    made: Callable[[int, np.random.Generator], FloatArray],
) -> None:
    first = made(12345, np.random.default_rng(1))
    assert first.shape == (12345,)
    assert np.sqrt((first**2).mean()) == pytest.approx(1, abs=1e-3)
    np.testing.assert_array_equal(first, made(12345, np.random.default_rng(1)))
    assert np.abs(first - made(12345, np.random.default_rng(2))).max() > 0.1


def test_the_stated_level_over_the_noise_is_kept() -> None:
    clean = voice()
    noisy = beside(clean, office_noise(len(clean), np.random.default_rng(0)), 15)
    assert error_db(noisy, clean) == pytest.approx(-15, abs=0.1)


def test_clipping_cuts_the_stated_share() -> None:
    clean = voice()
    cut = clipped(clean, 0.02)
    assert (np.abs(cut - clean) > 0).mean() == pytest.approx(0.02, abs=0.005)
    assert clipped(np.zeros(0, np.float32), 0.1).size == 0


def test_a_seed_is_a_call() -> None:
    clean = voice()
    calls = [varied(clean, RATE, np.random.default_rng(seed)) for seed in (0, 0, 1, 2, 3)]
    np.testing.assert_array_equal(calls[0], calls[1])
    assert all(call.shape == clean.shape and np.isfinite(call).all() for call in calls)
    assert not np.array_equal(calls[1], calls[2])
