"""What is wrong with the sound of a turn, and how far an answer about it is still to be trusted.

    flag      when                                              effect on reliability
    short     less than 0.5 s of voice                          x v / (v + 0.3 s), always
    noisy     signal-to-noise ratio under 20 dB                 x SNR / 30 dB in [0.1, 1], always
    clipped   more than 1 % of the samples on flat tops         x 1 / (1 + 6 share), always
    keys      telephone keys (DTMF) in more than 5 % of it      x 1 - share
    music     spectral peaks stand still in over 30 % of it     0.05: hardly to be trusted
    tone      the pitch stands stiller than a voice can         0.05
    unvoiced  less than 0.1 s of voice                          0.05

`benchmarks/audio_quality.py` measures how often answers change under noise and clipping, from which
these effects are taken, and how often a clean voice is flagged. What is hardly to be trusted never
becomes part of a speaker's normal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from audio.prosody import Prosody
from multimodal.emotions import Evidence

Flag = Literal["short", "noisy", "clipped", "keys", "music", "tone", "unvoiced"]

UNTRUSTED = 0.05
"""Reliability of what is hardly a voice: a tone, noise, music."""
NOTES: Mapping[Flag, str] = {
    "unvoiced": "hardly any voice",
    "tone": "a steady tone, not a voice",
    "music": "music, not a voice",
}
"""Why an answer is hardly to be trusted, in the order in which the reason is given."""
_SHORT, _LEAST_VOICED = 0.5, 0.1  # seconds
_NOISY, _CLEAR = 20.0, 30.0  # dB
_CLIPPED, _KEYS, _MUSIC = 0.01, 0.05, 0.3  # shares


def flags(prosody: Prosody) -> tuple[Flag, ...]:
    """What is wrong with a turn's sound, the worst first."""
    found: dict[Flag, bool | np.bool_] = {
        "unvoiced": prosody.voiced_seconds < _LEAST_VOICED
        or bool(np.isnan(prosody.features).any()),
        "tone": prosody.monotone,
        "music": prosody.music > _MUSIC and not prosody.monotone,
        "keys": prosody.keys > _KEYS,
        "clipped": prosody.clipped > _CLIPPED,
        "noisy": prosody.snr < _NOISY,
        "short": _LEAST_VOICED <= prosody.voiced_seconds < _SHORT,
    }
    return tuple(flag for flag, holds in found.items() if holds)


def reliability(prosody: Prosody, trust: float) -> tuple[float, str]:
    """How far to trust an answer, in [0, 1], and a note where that is hardly at all.

    Args:
        prosody: The turn, measured.
        trust: How far the model itself is to be trusted with what it knows of the speaker.
    """
    for flag in flags(prosody):
        if flag in NOTES:
            return UNTRUSTED, NOTES[flag]
    enough = prosody.voiced_seconds / (prosody.voiced_seconds + 0.3)
    clear = float(np.clip(prosody.snr / _CLEAR, 0.1, 1))
    undistorted = (1 - prosody.keys) / (1 + 6 * prosody.clipped)
    return max(UNTRUSTED + 0.01, enough * clear * undistorted * trust), ""


def evidence(prosody: Prosody, start: float | None, end: float | None) -> tuple[Evidence, ...]:
    """The flags as evidence that speaks against the answer, with the figure that each rests on.

    Args:
        prosody: The turn, measured.
        start: Where it begins in the conversation, in seconds.
        end: Where it ends.
    """
    figures: dict[Flag, float] = {
        "unvoiced": prosody.voiced_seconds,
        "short": prosody.voiced_seconds,
        "tone": prosody.voiced_seconds,
        "music": prosody.music,
        "keys": prosody.keys,
        "clipped": prosody.clipped,
        "noisy": prosody.snr,
    }
    return tuple(
        Evidence(
            "quality", flag, -1.0 if flag in NOTES else -0.5, start, end, round(figures[flag], 3)
        )
        for flag in flags(prosody)
    )
