"""Contours of a voice in steps of 10 ms: level, pitch, spectrum, each frame looked at once.

Everything is analysed at 8 kHz, so that a studio recording and a telephone call look alike: 32 ms
Hann windows for the spectrum, YIN over 50 ms for the pitch. All frames of a block are transformed
together in float32 (`scipy.fft`): `librosa.yin` compiles for more than a minute at its first call
on a new machine, and numpy's FFT takes twice as long.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy import fft

from multimodal.emotions import FloatArray

RATE = 8000
HOP = 80
FRAMES_PER_SECOND = RATE / HOP
FRAME = 400
"""Samples that one frame looks at: 256 compared at lags of up to 134, 50 ms."""
BANDS_HZ = (0, 500, 1000, 2000, 4000)
MFCC = 13
_WINDOW = 256
_CIRCLE = 400  # the least length at which no lag wraps around, and a quick one to transform
_MIN_LAG, _MAX_LAG = 16, 133  # 500 Hz to 60 Hz
_BLOCK = 2048  # frames analysed at once: bounds memory for turns of any length
_DIP = 0.15  # de Cheveigne and Kawahara take 0.1; telephone lines need a little more
_MELS = 26
_LOOK_BACK = 10  # frames: 100 ms


class Spectra(NamedTuple):
    """What one look at n frames yields, before a constant offset of the sound is taken out.

    Attributes:
        pitch: Semitones re 100 Hz, float32 (n,); an offset changes neither it nor the next.
        aperiodicity: YIN's normalised difference at the pitch period, float32 (n,).
        mean: Mean of the middle 256 samples, float32 (n,).
        square: Mean of their squares, float32 (n,).
        edge: The two lowest bins of the spectrum, the only ones that an offset reaches through a
            Hann window, complex64 (n, 2).
        power: Squared magnitudes of all bins, float32 (n, 129).
    """

    pitch: FloatArray
    aperiodicity: FloatArray
    mean: FloatArray
    square: FloatArray
    edge: NDArray[np.complex64]
    power: FloatArray


class Frames(NamedTuple):
    """Contours in steps of 10 ms, each float32 over n frames.

    Attributes:
        level: dB re full scale.
        pitch: Semitones re 100 Hz, before any gate.
        aperiodicity: YIN's normalised difference at the pitch period, in [0, 1].
        spectral: (n, 11), the seven spectral measures and the four bands of
            `audio.prosody.FEATURES`.
        mfcc: (n, 13).
        steady: How alike the fine structure of the spectrum is to that of 100 ms before, in
            [-1, 1]: near 1 where partials stand still, as in music and tones.
        keys: Share of the power that lies on the two tones of a telephone key (ITU-T Q.23), in
            [0, 1]; 0 where one of them is more than 8 dB stronger.
    """

    level: FloatArray
    pitch: FloatArray
    aperiodicity: FloatArray
    spectral: FloatArray
    mfcc: FloatArray
    steady: FloatArray
    keys: FloatArray


def to_telephone_rate(audio: FloatArray, rate: int) -> FloatArray:
    """The audio at 8 kHz, without its constant offset.

    Args:
        audio: float32 (n,).
        rate: Its sample rate in Hz.
    """
    import soxr

    samples = np.asarray(audio, dtype=np.float32)
    if rate != RATE and samples.size:
        samples = soxr.resample(samples, rate, RATE)
    return np.asarray(samples - samples.mean() if samples.size else samples, dtype=np.float32)


def analyse(samples: FloatArray) -> Frames:
    """The contours of audio at 8 kHz; one frame for every 80 samples, at least one.

    Args:
        samples: float32 (n,) at 8 kHz.
    """
    count = max(1, len(samples) // HOP)
    half = FRAME // 2
    padded = np.pad(samples, (half, half + HOP))
    blocks = []
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        # Flux and steadiness compare each frame with earlier ones.
        begin = max(first - _LOOK_BACK, 0)
        found = contours(look(padded[begin * HOP : (last - 1) * HOP + FRAME]))
        blocks.append([part[first - begin :] for part in found])
    return Frames(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def look(samples: FloatArray) -> Spectra:
    """All that is transformed of a stretch of sound.

    Args:
        samples: float32 (80 (n - 1) + 400,) at 8 kHz: n frames of 400, 80 apart.
    """
    pitch, aperiodicity = yin(samples)
    start = (FRAME - _WINDOW) // 2
    middle = sliding_window_view(samples, FRAME)[::HOP, start : start + _WINDOW]
    spectrum = fft.rfft(middle * _hann(), axis=1)
    return Spectra(
        pitch,
        aperiodicity,
        middle.mean(axis=1),
        np.einsum("ij,ij->i", middle, middle) / np.float32(_WINDOW),
        spectrum[:, :2].copy(),
        spectrum.real**2 + spectrum.imag**2,
    )


def contours(seen: Spectra, offset: float = 0.0) -> Frames:
    """The contours of frames that follow each other, without the constant offset of their sound.

    Args:
        seen: The frames; the first has no flux, the first ten no steadiness.
        offset: The mean of the sound that they come from.
    """
    power = seen.power
    if offset:
        power = power.copy()
        bare = seen.edge - np.array([_WINDOW / 2, -_WINDOW / 4]) * offset
        power[:, :2] = bare.real**2 + bare.imag**2
    power = power + np.float32(1e-9)
    square = np.maximum(seen.square - 2 * offset * seen.mean + offset**2, 0)
    out = (
        10 * np.log10(square + 1e-10),
        seen.pitch,
        seen.aperiodicity,
        _spectral(power),
        log_mel(power) @ _dct().T,
        _steadiness(power),
        _key_share(power),
    )
    return Frames(*(np.asarray(part, dtype=np.float32) for part in out))


def log_mel(power: FloatArray) -> FloatArray:
    """Energy in 26 mel bands, in dB; (t, 26).

    Args:
        power: (t, b), power spectra as `look` gives them.
    """
    return np.asarray(10 * np.log10(power @ _mel_bank().T + 1e-9))


def yin(samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Pitch by YIN (de Cheveigne and Kawahara 2002), all frames at once.

    Args:
        samples: float32 (80 (n - 1) + 400,) at 8 kHz: n frames of 400, 80 apart.

    Returns:
        The pitch in semitones re 100 Hz and the normalised difference there, both (n,).
    """
    difference = _difference(samples)
    lags = np.arange(1, _MAX_LAG + 2, dtype=np.float32)
    mean = np.cumsum(difference, axis=1)
    mean /= lags
    normalised = difference / np.maximum(mean, 1e-12)
    search = normalised[:, _MIN_LAG - 1 : _MAX_LAG]
    before = normalised[:, _MIN_LAG - 2 : _MAX_LAG - 1]
    after = normalised[:, _MIN_LAG : _MAX_LAG + 1]
    dips = (search < _DIP) & (search <= before) & (search < after)
    best = np.where(dips.any(axis=1), dips.argmax(axis=1), search.argmin(axis=1))
    rows = np.arange(len(search))
    left, centre, right = before[rows, best], search[rows, best], after[rows, best]
    curvature = left - 2 * centre + right
    shift = np.where(curvature > 1e-9, (left - right) / (2 * np.maximum(curvature, 1e-9)), 0.0)
    period = best + _MIN_LAG + np.clip(shift, -0.5, 0.5)
    pitch = 12 * np.log2(RATE / period / 100)
    return pitch.astype(np.float32), np.minimum(centre, 1).astype(np.float32)


def _difference(samples: FloatArray) -> FloatArray:
    """YIN's difference function at lags 1 to 134: float32 (n, 134), >= 0."""
    frames = sliding_window_view(samples, FRAME)[::HOP]
    head = fft.rfft(frames[:, :_WINDOW], _CIRCLE, axis=1)
    span = fft.rfft(frames[:, : _WINDOW + _MAX_LAG + 1], _CIRCLE, axis=1)
    np.conjugate(head, out=head)
    head *= span
    correlation = fft.irfft(head, _CIRCLE, axis=1)[:, 1 : _MAX_LAG + 2]
    # Every window's energy, from one running sum; in float64, because it is a difference of sums.
    total = np.cumsum(np.pad(samples, (1, 0)).astype(np.float64) ** 2)
    energy = sliding_window_view(total[_WINDOW:] - total[:-_WINDOW], _MAX_LAG + 2)[::HOP]
    difference = energy[:, 1:] + energy[:, :1]
    difference -= 2 * correlation
    return np.maximum(difference, 0).astype(np.float32)


def _spectral(power: FloatArray) -> FloatArray:
    hz = _bins_hz()
    sums = power @ _sums()
    whole, low, high, bands = sums[:, 0], sums[:, 1], sums[:, 2], sums[:, 3:]
    decibels = 10 * np.log10(power)
    share = power / whole[:, None]
    tilted = (hz >= 250) & (hz <= 3600)
    octaves = np.log2(hz[tilted])
    octaves -= octaves.mean()
    amplitude = np.sqrt(share)
    rise = np.maximum(np.diff(amplitude, axis=0, prepend=amplitude[:1]), 0).sum(axis=1)
    middle = int(np.searchsorted(hz, 2000))
    columns = [
        share @ hz,
        hz[(np.cumsum(share, axis=1) < 0.85).sum(axis=1).clip(max=len(hz) - 1)],
        decibels[:, 1:].mean(axis=1) - 10 * np.log10(power[:, 1:].mean(axis=1)),
        decibels[:, tilted] @ (octaves / (octaves @ octaves)),
        10 * np.log10(low / high),
        decibels[:, :middle].max(axis=1) - decibels[:, middle:].max(axis=1),
        rise,
    ]
    return np.concatenate(
        [np.stack(columns, axis=1), 10 * np.log10(bands / whole[:, None])], axis=1
    )


def _steadiness(power: FloatArray) -> FloatArray:
    # 190 Hz to 2.5 kHz, without what is broader than a partial.
    decibels = np.log10(power[:, 6:82])
    total = np.cumsum(np.pad(decibels, ((0, 0), (1, 0))), axis=1)
    fine = decibels[:, 4:-4] - (total[:, 9:] - total[:, :-9]) / 9
    fine /= np.sqrt(np.einsum("ij,ij->i", fine, fine))[:, None] + 1e-9
    alike = np.zeros(len(power), dtype=np.float32)
    alike[_LOOK_BACK:] = np.einsum("ij,ij->i", fine[_LOOK_BACK:], fine[:-_LOOK_BACK])
    return alike


def _key_share(power: FloatArray) -> FloatArray:
    tones = power @ _key_tones()
    low, high = tones[:, :4].max(axis=1), tones[:, 4:].max(axis=1)
    balanced = np.maximum(low, high) < 6.3 * np.minimum(low, high)
    return np.where(balanced, (low + high) / power.sum(axis=1), 0).astype(np.float32)


@cache
def _key_tones() -> FloatArray:
    # Three bins around each tone of Q.23: four low ones, four high ones.
    centres = np.round(np.array([697, 770, 852, 941, 1209, 1336, 1477, 1633]) * _WINDOW / RATE)
    bins = np.arange(_WINDOW // 2 + 1)
    return (np.abs(bins[:, None] - centres) <= 1).astype(np.float32)


@cache
def _bins_hz() -> FloatArray:
    return np.fft.rfftfreq(_WINDOW, 1 / RATE).astype(np.float32)


@cache
def _sums() -> FloatArray:
    # What to add up of a spectrum: all, 50 Hz to 1 kHz, 1 to 4 kHz, the bands.
    hz = _bins_hz()
    picked = [hz >= 0, (hz >= 50) & (hz < 1000), hz >= 1000]
    picked += [(hz >= a) & (hz < b) for a, b in pairwise(BANDS_HZ)]
    return np.stack(picked, axis=1).astype(np.float32)


@cache
def _hann() -> FloatArray:
    n = np.arange(_WINDOW)
    return (0.5 - 0.5 * np.cos(2 * np.pi * n / _WINDOW)).astype(np.float32)


@cache
def _mel_bank() -> FloatArray:
    # Triangles of equal height on the HTK mel scale, 50 Hz to 3.8 kHz.
    edges = np.linspace(_mel(50.0), _mel(3800.0), _MELS + 2)
    hz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    rise = (bins - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    fall = (hz[2:, None] - bins) / (hz[2:] - hz[1:-1])[:, None]
    return np.maximum(0, np.minimum(rise, fall)).astype(np.float32)


def _mel(hz: float) -> float:
    return float(2595 * np.log10(1 + hz / 700))


@cache
def _dct() -> FloatArray:
    # Orthonormal DCT-II.
    k, n = np.arange(MFCC)[:, None], np.arange(_MELS)
    matrix = np.sqrt(2 / _MELS) * np.cos(np.pi * k * (n + 0.5) / _MELS)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, dtype=np.float32)
