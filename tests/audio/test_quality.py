"""Quality flags and what they do to the reliability, on made sounds."""

from __future__ import annotations

import numpy as np
import pytest

from audio import quality
from audio.clipping import ClippingMeter
from audio.prosody import measure
from multimodal.emotions import FloatArray
from tests.audio.made_sound import keys, music, noise, tone, voice


def clipped_share(sound: FloatArray) -> float:
    meter = ClippingMeter()
    meter.add(sound)
    return meter.share()


def test_a_clean_voice_has_no_flags_and_is_trusted() -> None:
    prosody = measure(voice(), 8000)
    assert quality.flags(prosody) == ()
    assert quality.evidence(prosody, 0.0, 2.0) == ()
    reliability, note = quality.reliability(prosody, 1.0)
    assert reliability > 0.7
    assert note == ""


@pytest.mark.parametrize("seed", range(12))
def test_music_on_hold_is_told_from_a_voice(seed: int) -> None:
    prosody = measure(music(seed), 8000)
    assert "music" in quality.flags(prosody)
    assert quality.reliability(prosody, 1.0) == (quality.UNTRUSTED, "music, not a voice")


@pytest.mark.parametrize("hz", [90, 130, 200, 310])
def test_a_voice_is_no_music_and_no_keys(hz: float) -> None:
    prosody = measure(voice(hz), 8000)
    assert not {"music", "keys"} & set(quality.flags(prosody))
    assert prosody.keys < 0.02


def test_telephone_keys_are_found_alone_and_within_speech() -> None:
    alone = measure(keys("159#D"), 8000)
    assert alone.keys > 0.6
    assert "keys" in quality.flags(alone)
    mixed = measure(np.concatenate([voice(), keys("159"), voice()]), 8000)
    assert 0.03 < mixed.keys < 0.3
    plain = measure(np.concatenate([voice(), voice()]), 8000)
    assert quality.reliability(mixed, 1.0)[0] < quality.reliability(plain, 1.0)[0]


def test_a_dial_tone_is_a_tone() -> None:
    assert "tone" in quality.flags(measure(tone(), 8000))


@pytest.mark.parametrize("true", [20.0, 10.0, 5.0])
def test_the_noise_is_estimated(true: float) -> None:
    clean = voice(seconds=3.0)
    loud = clean[np.abs(clean) > 0.01]
    level = float(np.sqrt((loud**2).mean() / 10 ** (true / 10)))
    prosody = measure(clean + noise(3.0, level=level), 8000)
    assert prosody.snr == pytest.approx(true, abs=5)
    assert ("noisy" in quality.flags(prosody)) == (prosody.snr < 20)


def test_less_noise_is_trusted_more() -> None:
    trusted = [
        quality.reliability(measure(voice() + noise(level=level), 8000), 1.0)[0]
        for level in (0.02, 0.006, 0.0005)
    ]
    assert trusted == sorted(trusted)
    assert trusted[0] < 0.75 * trusted[-1]


def test_flat_tops_are_measured() -> None:
    sound = voice()
    limit = float(np.percentile(np.abs(sound), 90))
    cut = np.clip(sound, -limit, limit)
    flat = np.abs(cut) == limit
    expected = float((flat[1:-1] & flat[:-2] & flat[2:]).mean())
    assert clipped_share(cut) == pytest.approx(expected, abs=0.01)
    assert expected > 0.03
    prosody = measure(cut, 8000)
    assert "clipped" in quality.flags(prosody)
    assert quality.reliability(prosody, 1.0)[0] < quality.reliability(measure(sound, 8000), 1.0)[0]


def test_no_flat_tops_in_sines_silence_and_what_is_turned_down_after_clipping_has_them() -> None:
    assert clipped_share(tone()) == 0
    assert clipped_share(np.zeros(800, np.float32)) == 0
    assert clipped_share(np.clip(5 * tone(), -0.5, 0.5) * np.float32(0.1)) > 0.3


def test_too_short_is_said_with_the_figure_that_it_rests_on() -> None:
    prosody = measure(voice(seconds=0.5), 8000)
    (found,) = quality.evidence(prosody, 4.0, 4.5)
    assert (found.kind, found.name, found.start, found.end) == ("quality", "short", 4.0, 4.5)
    assert found.value == pytest.approx(prosody.voiced_seconds)
    assert found.weight < 0
