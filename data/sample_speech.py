"""Speech for the samples: espeak-ng's Mandarin, bent to an intended emotion.

The directions follow the vocal profiles that listening studies agree on (Scherer 2003, "Vocal
communication of emotion", table 2; Juslin and Laukka 2003): anger is high, wide, fast, loud and
bright; sadness low, flat, slow, soft and dull; fear high, narrow, fast and trembling; joy and
surprise high and wide. The sizes are chosen by ear and by measurement, not taken from recordings.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfilt

from multimodal import Emotion

Samples = NDArray[np.float32]

ESPEAK_RATE = 22_050
VOICE = "cmn-latn-pinyin"
"""espeak-ng 1.51 reads Chinese characters with this voice; plain `cmn` spells them in English."""
SEMITONES_PER_PITCH_STEP = 0.187
"""Measured: `-p 20` to `-p 80` raises the voice by 11.2 semitones."""
SPEECH_LEVEL_DB = -25.0
"""RMS of neutral speech, in dB of full scale."""


@dataclass(frozen=True, slots=True)
class Prosody:
    """How an emotion departs from the speaker's neutral voice.

    Attributes:
        pitch: Semitones.
        span: Width of the pitch movements, in per cent of neutral.
        tempo: Speaking rate as a factor.
        loudness: dB.
        brightness: dB by which the band above 1 kHz is raised.
        press: How hard the voice is driven into soft clipping, 0 for not at all.
        tremor: Depth of a 6 Hz trembling of pitch and loudness, 0 for none.
    """

    pitch: float = 0.0
    span: int = 90
    tempo: float = 1.0
    loudness: float = 0.0
    brightness: float = 0.0
    press: float = 0.0
    tremor: float = 0.0


NEUTRAL = Prosody()
PROSODY: Mapping[Emotion, Prosody] = MappingProxyType(
    {
        Emotion.NEUTRAL: NEUTRAL,
        Emotion.HAPPY: Prosody(3.0, 150, 1.08, 2.5, 2.0),
        Emotion.SAD: Prosody(-2.5, 45, 0.80, -5.0, -6.0, 0.0, 0.02),
        Emotion.ANGRY: Prosody(4.5, 190, 1.20, 7.0, 6.0, 2.0),
        Emotion.SURPRISE: Prosody(6.0, 200, 1.05, 3.0, 2.0),
        Emotion.DISGUST: Prosody(-1.5, 70, 0.90, 1.0, -2.0, 1.0),
        Emotion.FEAR: Prosody(4.0, 60, 1.15, -1.0, 1.0, 0.0, 0.05),
    }
)


def speak(text: str, *, variant: str, prosody: Prosody, rate: int) -> Samples:
    """One utterance without silence at its ends.

    Args:
        text: Chinese text.
        variant: espeak-ng's voice variant, for instance `f2` or `m3`.
        prosody: How it is said.
        rate: Sample rate of the result in Hz.

    Returns:
        float32 (n,), RMS at `SPEECH_LEVEL_DB` plus the prosody's loudness.
    """
    pitch = round(50 + prosody.pitch / SEMITONES_PER_PITCH_STEP)
    markup = f'<speak><prosody range="{prosody.span}%">{escape(text)}</prosody></speak>'
    wav = subprocess.run(
        [
            "espeak-ng",
            *("-b", "1", "-m", "--stdout"),
            *("-v", f"{VOICE}+{variant}"),
            *("-p", str(pitch), "-s", str(round(185 * prosody.tempo))),
            markup,
        ],
        check=True,
        capture_output=True,
    ).stdout
    x, _ = soundfile.read(io.BytesIO(_with_true_sizes(wav)), dtype="float64")
    x = _trimmed(x)
    if prosody.tremor:
        x = _trembling(x, prosody.tremor)
    if prosody.press:
        x = np.tanh(x / np.sqrt(np.mean(x**2)) * prosody.press / 2)
    bright = sosfilt(butter(1, 1_000, "highpass", fs=ESPEAK_RATE, output="sos"), x)
    x = x + bright * (10 ** (prosody.brightness / 20) - 1)
    x = resample_poly(x, rate // 50, ESPEAK_RATE // 50)
    level = SPEECH_LEVEL_DB + prosody.loudness
    return np.asarray(x / np.sqrt(np.mean(x**2)) * 10 ** (level / 20), dtype=np.float32)


def line(voice: Samples, *, rate: int, band: tuple[float, float], seed: int) -> Samples:
    """What a line makes of one channel: its band, its noise floor (-62 dB), no overload.

    Args:
        voice: float32 (n,).
        rate: Hz.
        band: Lowest and highest frequency that pass, in Hz.
        seed: Of the noise.
    """
    noise = np.random.default_rng(seed).normal(0, 10 ** (-62 / 20), len(voice))
    filtered = sosfilt(butter(4, band, "bandpass", fs=rate, output="sos"), voice + noise)
    return np.asarray(0.9 * np.tanh(filtered / 0.9), dtype=np.float32)


def _with_true_sizes(wav: bytes) -> bytes:
    """espeak-ng writes placeholder sizes into a stream's header."""
    data = wav.index(b"data")
    sizes = (len(wav) - 8).to_bytes(4, "little"), (len(wav) - data - 8).to_bytes(4, "little")
    return wav[:4] + sizes[0] + wav[8 : data + 4] + sizes[1] + wav[data + 8 :]


def _trimmed(x: NDArray[np.float64]) -> NDArray[np.float64]:
    loud = np.flatnonzero(np.abs(x) > 0.01)
    return x[loud[0] : loud[-1] + 1]


def _trembling(x: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    t = np.arange(len(x)) / ESPEAK_RATE
    wobble = np.sin(2 * np.pi * 6 * t)
    # A clock that runs unevenly raises and lowers the pitch by `depth`.
    clock = np.arange(len(x)) + depth * ESPEAK_RATE / (2 * np.pi * 6) * wobble
    return np.interp(clock, np.arange(len(x)), x) * (1 + 4 * depth * wobble)
