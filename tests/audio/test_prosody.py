"""Prosody features against signals whose figures are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audio.contours import pause_lengths, repair_octaves, runs, syllable_nuclei
from audio.frames import RATE, analyse, to_telephone_rate
from audio.prosody import FEATURES, NAMES, measure
from multimodal.emotions import FloatArray


def harmonic_tone(hz: float, seconds: float = 1.5, rate: int = 16000) -> FloatArray:
    time = np.arange(int(seconds * rate)) / rate
    partials = [np.sin(2 * np.pi * hz * k * time) / k for k in range(1, int(3500 / hz))]
    return np.asarray(0.2 * np.sum(partials, axis=0), dtype=np.float32)


def syllables(count: int, hz: float = 180.0, rate: int = 16000) -> FloatArray:
    """Like a voice: gliding pitch, `count` swells of 200 ms with 100 ms of near-silence between."""
    swell = np.concatenate([np.hanning(int(0.2 * rate)), np.zeros(int(0.1 * rate))])
    envelope = np.tile(swell, count)
    pitch = hz * 2 ** (np.linspace(0, 0.3, len(envelope)))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 10))
    noise = np.random.default_rng(0).normal(0, 1e-4, len(envelope))
    return np.asarray(0.2 * envelope * voice + noise, dtype=np.float32)


def value(audio: FloatArray, name: str, rate: int = 16000) -> float:
    return float(measure(audio, rate).features[NAMES.index(name)])


@pytest.mark.parametrize("hz", [90.0, 200.0, 330.0])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_pitch_of_a_harmonic_tone(hz: float, rate: int) -> None:
    tone = harmonic_tone(hz, rate=rate)
    assert value(tone, "pitch_mean", rate) == pytest.approx(12 * np.log2(hz / 100), abs=0.3)


def test_every_feature_has_a_name_of_its_own_and_a_finite_value_for_a_voice() -> None:
    prosody = measure(syllables(6), 16000)
    assert len(set(NAMES)) == len(FEATURES) == len(prosody.features)
    assert prosody.features.dtype == np.float32
    assert np.isfinite(prosody.features).all()


def test_gain_moves_only_the_features_that_say_so() -> None:
    voice = syllables(6)
    loud, soft = measure(voice, 16000).features, measure(voice * 0.5, 16000).features
    moved = np.array([feature.gain for feature in FEATURES])
    np.testing.assert_allclose(loud[moved] - soft[moved], 6.02, atol=0.05)
    tolerance = 0.02 * np.abs(loud[~moved]) + 0.05
    assert (np.abs(loud - soft)[~moved] < tolerance).all()


def test_rising_pitch_has_its_slope() -> None:
    # 0.3 octaves over 6 x 0.3 s are 3.6 semitones in 1.8 s.
    assert value(syllables(6), "pitch_slope") == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("count", [3, 6, 10])
def test_syllable_nuclei_are_counted(count: int) -> None:
    frames = analyse(to_telephone_rate(syllables(count), 16000))
    assert syllable_nuclei(frames.level, frames.aperiodicity < 0.35) == count


def test_level_and_signal_to_noise_ratio() -> None:
    tone = harmonic_tone(200.0)
    noise = np.random.default_rng(0).normal(0, 1e-3, 8000).astype(np.float32)
    prosody = measure(np.concatenate([noise, tone, noise]), 16000)
    assert prosody.level == pytest.approx(20 * np.log10(np.sqrt((tone**2).mean())), abs=1.0)
    assert 35 < prosody.snr < 55


def test_a_steady_tone_is_told_from_a_voice() -> None:
    assert measure(harmonic_tone(200.0), 16000).monotone
    assert not measure(syllables(6), 16000).monotone


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    prosody = measure(noise, 16000)
    assert prosody.voiced_seconds < 0.1
    assert np.isnan(prosody.features).all()


def test_silence_is_silent() -> None:
    assert measure(np.zeros(16000, dtype=np.float32), 16000).level <= -99


def test_analysis_in_blocks_equals_analysis_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = to_telephone_rate(syllables(6), 16000)
    whole = analyse(samples)
    monkeypatch.setattr("audio.frames._BLOCK", 50)
    for parts, at_once in zip(analyse(samples), whole, strict=True):
        np.testing.assert_allclose(parts, at_once, atol=1e-4)


def test_mel_cepstrum_equals_librosa() -> None:
    librosa = pytest.importorskip("librosa")
    samples = to_telephone_rate(syllables(4), 16000)
    ours = analyse(samples).mfcc
    mel = librosa.feature.melspectrogram(
        y=np.pad(samples, 128), sr=RATE, n_fft=256, hop_length=80, window="hann", center=False,
        n_mels=26, fmin=50, fmax=3800, htk=True, norm=None,
    )  # fmt: skip
    theirs = librosa.feature.mfcc(S=10 * np.log10(mel + 1e-9), n_mfcc=13).T[: len(ours)]
    loud = analyse(samples).level > -60
    np.testing.assert_allclose(ours[loud][:, 1:], theirs[loud][:, 1:], atol=0.3)


def test_runs_and_pauses() -> None:
    mask = np.array([0, 1, 1, 0, 1] + [0] * 20 + [1], dtype=np.bool_)
    assert runs(mask) == [(1, 3), (4, 5), (25, 26)]
    assert pause_lengths(mask).tolist() == [20]
    assert runs(np.zeros(4, dtype=np.bool_)) == []


def test_octave_errors_are_moved_back() -> None:
    pitch = np.linspace(5, 8, 100, dtype=np.float32)
    broken = pitch.copy()
    broken[30:34] += 12
    broken[70] -= 12
    np.testing.assert_allclose(repair_octaves(broken), pitch, atol=1e-4)


STORED = Path(__file__).with_name("prosody_stored.json")
"""Features of `stored_signals` as the first version measured them, in float64."""


def stored_signals() -> dict[str, tuple[FloatArray, int]]:
    noise = np.random.default_rng(1).normal(0, 0.004, 8000 * 30).astype(np.float32)
    low, high = syllables(7, 110.0, 8000), syllables(5, 260.0, 44100)
    long = np.tile(syllables(4, 150.0, 8000), 21)
    return {
        "low, noisy, 8 kHz": (low + noise[: len(low)] + 0.01, 8000),
        "high, 44.1 kHz": (high, 44100),
        "longer than a block, 8 kHz": (long + noise[: len(long)], 8000),
    }


@pytest.mark.parametrize("name", stored_signals())
def test_features_are_those_that_models_were_trained_on(name: str) -> None:
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert tuple(stored["features"]) == NAMES
    audio, rate = stored_signals()[name]
    np.testing.assert_allclose(
        measure(audio, rate).features, stored["values"][name], rtol=2e-4, atol=2e-4
    )
