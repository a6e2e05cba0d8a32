"""What happens to a voice between a caller's mouth and the recording, done to training speech.

Everything here works at 8 kHz and keeps the length: codecs of fixed and of mobile telephones, the
gain and clipping of cheap lines, and what is heard beside the caller. Noise and music are made, not
recorded, so that they carry no licence.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from audio.frames import RATE, to_telephone_rate
from multimodal.emotions import FloatArray

_A = 87.6  # of the A-law
_MU = 255.0  # of the mu-law
_AMR_FRAME = 160  # samples: 20 ms
_SPEECH_SHAPE_HZ = 500.0  # above it speech loses 6 dB an octave


def mu_law(samples: FloatArray) -> FloatArray:
    """8-bit mu-law (ITU-T G.711), the fixed line of America and Japan.

    The continuous companding law, mu = 255, in 256 steps.

    Args:
        samples: float32 (n,); clipped to [-1, 1].
    """
    x = np.clip(samples, -1, 1)
    code = _eight_bits(np.sign(x) * np.log1p(_MU * np.abs(x)) / np.log1p(_MU))
    return np.asarray(
        np.sign(code) * np.expm1(np.abs(code) * np.log1p(_MU)) / _MU, dtype=np.float32
    )


def a_law(samples: FloatArray) -> FloatArray:
    """8-bit A-law (ITU-T G.711), the fixed line of China and Europe.

    The continuous companding law, A = 87.6, in 256 steps.

    Args:
        samples: float32 (n,); clipped to [-1, 1].
    """
    x = np.clip(samples, -1, 1)
    size, whole = np.abs(x), 1 + np.log(_A)
    curved = 1 + np.log(np.maximum(_A * size, 1))
    code = _eight_bits(np.sign(x) * np.where(size < 1 / _A, _A * size, curved) / whole)
    size = np.abs(code) * whole
    expanded = np.where(size < 1, size, np.exp(np.maximum(size - 1, 0))) / _A
    return np.asarray(np.sign(code) * expanded, dtype=np.float32)


def mobile(samples: FloatArray, bit_rate: int = 12200) -> FloatArray:
    """AMR narrowband (3GPP TS 26.090), the mobile network's codec; at 12.2 kbit/s it is GSM's EFR.

    Args:
        samples: float32 (n,); clipped to [-1, 1].
        bit_rate: 4750 to 12200 bit/s, one of the codec's modes.
    """
    import av

    encoder = av.CodecContext.create("libopencore_amrnb", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    encoder.bit_rate = bit_rate
    decoder = cast("av.AudioCodecContext", av.CodecContext.create("amrnb", "r"))
    decoder.sample_rate, decoder.layout = RATE, "mono"
    padded = np.pad(samples, (0, -len(samples) % _AMR_FRAME + 2 * _AMR_FRAME))
    pcm = (np.clip(padded, -1, 1) * 32767).astype(np.int16)
    decoded = []
    for start in range(0, len(pcm), _AMR_FRAME):
        frame = av.AudioFrame.from_ndarray(pcm[None, start : start + _AMR_FRAME], "s16", "mono")
        frame.sample_rate, frame.pts = RATE, start
        for packet in encoder.encode(frame):
            decoded += [out.to_ndarray().ravel() for out in decoder.decode(packet)]
    whole = np.concatenate(decoded)[: len(samples)]
    return np.asarray(np.pad(whole, (0, len(samples) - len(whole))), dtype=np.float32)


def office_noise(length: int, generator: np.random.Generator) -> FloatArray:
    """A busy room: noise with the long-term spectrum of speech that comes and goes, and keys.

    Args:
        length: Samples.
        generator: Of the noise.

    Returns:
        float32 (length,), root mean square 1.
    """
    spectrum = np.fft.rfft(generator.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE)
    babble = np.fft.irfft(spectrum / np.sqrt(1 + (hz / _SPEECH_SHAPE_HZ) ** 2), length)
    # Syllables and pauses of many voices: a slow random envelope, four values a second.
    points = generator.normal(0, 0.5, length * 4 // RATE + 2)
    envelope = np.exp(np.interp(np.arange(length) * 4 / RATE, np.arange(len(points)), points))
    clicks = np.zeros(length)
    for at in generator.integers(0, length, generator.poisson(2 * length / RATE)):
        burst = generator.standard_normal(80) * np.exp(-np.arange(80) / 15)
        clicks[at : at + 80] += burst[: length - at]
    return _unit(babble * envelope / babble.std() + clicks)


def hold_music(length: int, generator: np.random.Generator) -> FloatArray:
    """Music on hold: triads of a major key on a plucked instrument, one each half second.

    Args:
        length: Samples.
        generator: Of key, chords and tempo.

    Returns:
        float32 (length,), root mean square 1.
    """
    music = np.zeros(length)
    step = int(RATE * generator.uniform(0.35, 0.7))
    time = np.arange(2 * step) / RATE
    root = generator.uniform(110, 220)
    for start in range(0, length, step):
        degree = generator.choice([0, 5, 7, 9])
        for interval in (0, 4 if degree != 9 else 3, 7):
            pitch = root * 2 ** ((degree + interval) / 12)
            for harmonic in range(1, 6):
                note = np.sin(2 * np.pi * pitch * harmonic * time) * np.exp(-3 * harmonic * time)
                music[start : start + 2 * step] += note[: length - start] / harmonic
    return _unit(music.astype(np.float32))


def beside(samples: FloatArray, other: FloatArray, snr: float) -> FloatArray:
    """A voice with something else beside it.

    Args:
        samples: float32 (n,), the voice.
        other: float32 (n,), root mean square 1.
        snr: Level of the voice over the other in dB.
    """
    level = float(np.sqrt(np.mean(samples**2))) * 10 ** (-snr / 20)
    return np.asarray(samples + level * other, dtype=np.float32)


def clipped(samples: FloatArray, share: float) -> FloatArray:
    """The voice cut off where its loudest samples are, as an overdriven microphone cuts it.

    Args:
        samples: float32 (n,).
        share: Of the samples that are cut, in [0, 1).
    """
    top = float(np.quantile(np.abs(samples), 1 - share)) if samples.size else 0.0
    return np.clip(samples, -top, top)


def varied(audio: FloatArray, rate: int, generator: np.random.Generator) -> FloatArray:
    """One chance telephone call: noise or music, clipping and gain, then one of the codecs.

    Half of the calls have noise at 10 to 30 dB, a tenth music at 15 to 30 dB, a fifth are clipped;
    the gain is -12 to 6 dB; A-law, mu-law and mobile at four bit rates come in equal parts.

    Args:
        audio: float32 (n,), in [-1, 1].
        rate: Its sample rate in Hz.
        generator: Of the choices.

    Returns:
        float32 (m,) at 8 kHz.
    """
    samples = to_telephone_rate(audio, rate)
    kind = generator.random()
    if kind < 0.5:
        noise = office_noise(len(samples), generator)
        samples = beside(samples, noise, generator.uniform(10, 30))
    elif kind < 0.6:
        music = hold_music(len(samples), generator)
        samples = beside(samples, music, generator.uniform(15, 30))
    if generator.random() < 0.2:
        samples = clipped(samples, generator.uniform(0.001, 0.02))
    samples = samples * np.float32(10 ** (generator.uniform(-12, 6) / 20))
    codec = generator.integers(3)
    if codec == 0:
        return a_law(samples)
    if codec == 1:
        return mu_law(samples)
    return mobile(samples, int(generator.choice([5900, 7400, 10200, 12200])))


def _eight_bits(code: FloatArray) -> FloatArray:
    return np.asarray(np.round((code + 1) / 2 * 255) / 255 * 2 - 1)


def _unit(samples: FloatArray) -> FloatArray:
    level = float(np.sqrt(np.mean(samples**2))) if samples.size else 0.0
    return np.asarray(samples / max(level, 1e-9), dtype=np.float32)
