"""What a voice does in one turn, measured in the telephone band: one row of figures.

`FEATURES` is the one table of what comes out, with units and sources; the contours beneath it are
those of `audio.frames`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.clipping import ClippingMeter
from audio.contours import pause_lengths, repair_octaves, runs, syllable_nuclei
from audio.frames import (
    BANDS_HZ,
    FRAMES_PER_SECOND,
    MFCC,
    RATE,
    Frames,
    analyse,
    to_telephone_rate,
)
from multimodal.emotions import FloatArray

_FLOOR_DB = -100.0
_VOICED_APERIODICITY = 0.35
_STEADY = 0.8  # of 60 made pieces of music half the frames or more, of 600 clips of speech 11 %
_KEY = 0.8
_SHORTEST_KEY = 4  # frames: Q.24 asks for tones of 40 ms

SILENCE_DB = -65.0
"""Frames below this level, in dB re full scale, are silence whatever stands around them."""


class Feature(NamedTuple):
    """One column of the table.

    Attributes:
        name: Stands in checkpoints and evidence.
        unit: Physical unit; `st` are semitones, `1` a share or another number without a unit.
        gain: Whether it changes with the recording's gain.
        meaning: What it measures and where the measure comes from.
    """

    name: str
    unit: str
    gain: bool
    meaning: str


def _table() -> tuple[Feature, ...]:
    f0 = "F0 in semitones re 100 Hz by YIN (de Cheveigne and Kawahara 2002), voiced frames"
    gemaps = "GeMAPS (Eyben et al. 2016)"
    rows = [
        Feature("pitch_mean", "st", False, f"mean of {f0}"),
        Feature("pitch_sd", "st", False, f"standard deviation of {f0}"),
        Feature("pitch_p10", "st", False, f"10th percentile of {f0}"),
        Feature("pitch_p90", "st", False, f"90th percentile of {f0}"),
        Feature("pitch_range", "st", False, "90th minus 10th percentile of F0"),
        Feature("pitch_slope", "st/s", False, "least-squares slope of F0 over the turn"),
        Feature("pitch_end", "st", False, "mean F0 of the last fifth minus the mean: intonation"),
        Feature("pitch_peak", "1", False, "where in the voiced part F0 is highest, in [0, 1]"),
        Feature("pitch_speed", "st/s", False, "mean absolute change of F0 within voiced runs"),
        Feature("pitch_speed_sd", "st/s", False, "standard deviation of the change of F0"),
        Feature("jitter", "st", False, "mean absolute second difference of F0 within voiced runs"),
        Feature("shimmer", "dB", False, "mean absolute second difference of the level, voiced"),
        Feature("hnr_mean", "dB", False, "harmonics-to-noise ratio from YIN's aperiodicity, mean"),
        Feature("hnr_sd", "dB", False, "its standard deviation"),
        Feature("voiced_share", "1", False, "voiced share of the active frames"),
        Feature("voiced_run", "s", False, "mean length of a voiced run"),
        Feature("voiced_rate", "1/s", False, "voiced runs per second of speech"),
        Feature("rate", "1/s", False, "syllable nuclei per second (de Jong and Wempe 2009)"),
        Feature("pause_share", "1", False, "share of pauses between the first and last speech"),
        Feature("pause_mean", "s", False, "mean length of the pauses of at least 150 ms"),
        Feature("level_mean", "dB", True, "mean level of the active frames re full scale"),
        Feature("level_p90", "dB", True, "90th percentile of the level of the active frames"),
        Feature("level_sd", "dB", False, "standard deviation of the level, active frames"),
        Feature("level_range", "dB", False, "90th minus 10th percentile of the level, active"),
        Feature("level_slope", "dB/s", False, "least-squares slope of the level, active frames"),
        Feature("level_speed", "dB/s", False, "mean absolute change of the level, active frames"),
        Feature("level_rise", "dB/s", False, "mean of the positive changes: how hard it attacks"),
        Feature("level_end", "dB", False, "mean level of the last fifth minus the mean"),
    ]
    for name, unit, meaning in (
        ("centroid", "Hz", "spectral centroid"),
        ("rolloff", "Hz", "frequency below which 85 % of the energy lies"),
        ("flatness", "dB", "spectral flatness: geometric over arithmetic mean"),
        ("tilt", "dB/oct", "slope of the spectrum from 250 Hz to 3.6 kHz"),
        ("alpha", "dB", f"alpha ratio, 50-1000 Hz against 1-4 kHz, {gemaps}"),
        ("hammarberg", "dB", f"strongest peak of 0-2 kHz against that of 2-4 kHz, {gemaps}"),
        ("flux", "1", "half-wave change of the normalised spectrum between frames"),
    ):
        rows.append(Feature(f"{name}_mean", unit, False, f"{meaning}, mean over voiced frames"))
        rows.append(Feature(f"{name}_sd", unit, False, f"{meaning}, standard deviation"))
    for low, high in pairwise(BANDS_HZ):
        name = f"band_{low}_{high}"
        rows.append(Feature(name, "dB", False, f"level of {low}-{high} Hz re the whole, voiced"))
    mfcc = "mel cepstrum (Davis and Mermelstein 1980), 26 bands up to 3.8 kHz, coefficient"
    for i in range(1, MFCC):
        rows.append(Feature(f"mfcc{i}_mean", "1", False, f"{mfcc} {i}, mean over active frames"))
        rows.append(Feature(f"mfcc{i}_sd", "1", False, f"{mfcc} {i}, standard deviation"))
        rows.append(Feature(f"mfcc{i}_speed", "1/s", False, f"{mfcc} {i}, mean absolute change"))
    return tuple(rows)


FEATURES: tuple[Feature, ...] = _table()
"""The columns of `Prosody.features`, in order."""
NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


@dataclass(frozen=True, slots=True, eq=False)
class Prosody:
    """One turn, measured.

    Attributes:
        features: float32 (len(FEATURES),), in the order and units of `FEATURES`. What there was
            too little voice to measure is NaN.
        seconds: Length of the turn in seconds.
        voiced_seconds: Seconds of it with a pitch.
        level: 95th percentile of the level in dB re full scale; `-100` for digital silence.
        snr: Estimated signal-to-noise ratio in dB, in [0, 60]: loud frames against the quietest.
        monotone: Whether the pitch stands stiller than a human voice can hold it.
        clipped: Share of the samples on flat tops (`audio.clipping`), in [0, 1].
        music: Share of the active frames whose partials stand still, in [0, 1].
        keys: Share of the active frames that are telephone keys (DTMF), in [0, 1].
    """

    features: FloatArray
    seconds: float
    voiced_seconds: float
    level: float
    snr: float
    monotone: bool
    clipped: float
    music: float
    keys: float


def measure(audio: FloatArray, rate: int) -> Prosody:
    """Measures one turn.

    Args:
        audio: float32 (n,), finite, in [-1, 1], one speaker.
        rate: Its sample rate in Hz.
    """
    samples = to_telephone_rate(audio, rate)
    clipping = ClippingMeter()
    clipping.add(audio)
    return summarise(analyse(samples), len(samples), clipping.share())


def summarise(frames: Frames, samples: int, clipped: float) -> Prosody:
    """What the contours of one turn say of it.

    Args:
        frames: Its contours.
        samples: Its length at 8 kHz.
        clipped: Share of it on flat tops.
    """
    top = float(np.percentile(frames.level, 95))
    voiced, active = voiced_frames(frames)
    quiet = float(np.percentile(frames.level, 5))
    pitch = frames.pitch.copy()
    pitch[voiced] = repair_octaves(pitch[voiced])
    still = voiced.sum() >= 20 and float(pitch[voiced].std()) < 0.1
    return Prosody(
        features=_functionals(frames, pitch, active, voiced),
        seconds=samples / RATE,
        voiced_seconds=float(voiced.sum()) / FRAMES_PER_SECOND,
        level=max(top, _FLOOR_DB),
        snr=min(60.0, max(0.0, top - max(quiet, _FLOOR_DB))),
        monotone=bool(still),
        clipped=clipped,
        music=_share(frames.steady > _STEADY, active),
        keys=_share(_without_short_runs(frames.keys > _KEY, _SHORTEST_KEY), active),
    )


def voiced_frames(frames: Frames) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which frames have a pitch, and which are active at all: both bool (n,).

    Active is what lies within 30 dB of the turn's 95th percentile and is no silence.
    """
    top = float(np.percentile(frames.level, 95))
    active = frames.level > max(top - 30.0, SILENCE_DB)
    voiced = active & (frames.aperiodicity < _VOICED_APERIODICITY)
    return _without_short_runs(voiced, 3), active


def _functionals(
    frames: Frames, pitch: FloatArray, active: NDArray[np.bool_], voiced: NDArray[np.bool_]
) -> FloatArray:
    if voiced.sum() < 10:
        return np.full(len(FEATURES), np.nan, dtype=np.float32)
    times = np.arange(len(pitch)) / FRAMES_PER_SECOND
    f0, level = pitch[voiced], frames.level[active]
    spans = runs(voiced)
    change = np.concatenate([np.diff(pitch[a:b]) for a, b in spans]) * FRAMES_PER_SECOND
    bend = np.concatenate([np.diff(pitch[a:b], n=2) for a, b in spans])
    shake = np.concatenate([np.diff(frames.level[a:b], n=2) for a, b in spans])
    noise = np.clip(frames.aperiodicity[voiced], 1e-3, 1 - 1e-3)
    hnr = 10 * np.log10((1 - noise) / noise)
    p10, p90 = np.percentile(f0, (10, 90))
    l10, l90 = np.percentile(level, (10, 90))
    level_change = np.diff(frames.level)[active[1:] & active[:-1]] * FRAMES_PER_SECOND
    level_change = level_change if level_change.size else np.zeros(1)
    speech = active.sum() / FRAMES_PER_SECOND
    pauses = pause_lengths(active) / FRAMES_PER_SECOND
    between = float(np.ptp(np.flatnonzero(active)) + 1) / FRAMES_PER_SECOND
    fifth_f0, fifth_level = max(1, len(f0) // 5), max(1, len(level) // 5)
    values = [
        f0.mean(), f0.std(), p10, p90, p90 - p10,
        _slope(times[voiced], f0),
        f0[-fifth_f0:].mean() - f0.mean(),
        f0.argmax() / len(f0),
        np.abs(change).mean(), change.std(), np.abs(bend).mean(), np.abs(shake).mean(),
        hnr.mean(), hnr.std(),
        voiced.sum() / active.sum(),
        voiced.sum() / len(spans) / FRAMES_PER_SECOND,
        len(spans) / speech,
        syllable_nuclei(frames.level, voiced) / speech,
        pauses.sum() / between,
        pauses.mean() if pauses.size else 0.0,
        level.mean(), l90, level.std(), l90 - l10,
        _slope(times[active], level),
        np.abs(level_change).mean(), np.maximum(level_change, 0).mean(),
        level[-fifth_level:].mean() - level.mean(),
    ]  # fmt: skip
    spectral, bands = frames.spectral[voiced, :7], frames.spectral[voiced, 7:]
    values += np.stack([spectral.mean(axis=0), spectral.std(axis=0)], axis=1).ravel().tolist()
    values += bands.mean(axis=0).tolist()
    cepstrum = frames.mfcc[active, 1:]
    speed = np.abs(np.diff(cepstrum, axis=0)).mean(axis=0) * FRAMES_PER_SECOND
    stacked = np.stack([cepstrum.mean(axis=0), cepstrum.std(axis=0), speed], axis=1)
    return np.array([*values, *stacked.ravel()], dtype=np.float32)


def _share(mask: NDArray[np.bool_], active: NDArray[np.bool_]) -> float:
    return float((mask & active).sum() / max(int(active.sum()), 1))


def _slope(x: NDArray[np.float64], y: FloatArray) -> float:
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / max(float(centred @ centred), 1e-9))


def _without_short_runs(mask: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    kept = np.zeros_like(mask)
    for first, last in runs(mask):
        kept[first:last] = last - first >= shortest
    return kept
