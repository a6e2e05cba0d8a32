"""Made sounds that are no voice: telephone keys, music, tones, noise."""

from __future__ import annotations

import numpy as np

from multimodal.emotions import FloatArray

KEYS = {"1": (697, 1209), "5": (770, 1336), "9": (852, 1477), "#": (941, 1477), "D": (941, 1633)}


def voice(hz: float = 170.0, seconds: float = 2.0, rate: int = 8000) -> FloatArray:
    """Like a voice: gliding pitch in swells of 200 ms over a little noise."""
    time = np.arange(int(seconds * rate)) / rate
    phase = (
        2 * np.pi * np.cumsum(hz * 2 ** (0.2 * np.sin(5 * time) + 0.1 * np.sin(11 * time))) / rate
    )
    partials = range(1, max(2, int(min(rate / 2, 3600) / hz / 1.2)))
    sound = sum(np.sin(k * phase) / k for k in partials) * np.sin(np.pi * time / 0.3) ** 2
    noise = np.random.default_rng(0).normal(0, 2e-4, len(time))
    return np.asarray(0.1 * sound + noise, dtype=np.float32)


def noise(seconds: float = 2.0, rate: int = 8000, level: float = 0.1) -> FloatArray:
    """White noise."""
    drawn = np.random.default_rng(1).normal(0, level, int(seconds * rate))
    return np.clip(drawn, -1, 1).astype(np.float32)


def tone(hz: float = 450.0, seconds: float = 2.0, rate: int = 8000) -> FloatArray:
    """One sine: 450 Hz is the tone of Chinese exchanges."""
    return (0.2 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def keys(pressed: str, rate: int = 8000) -> FloatArray:
    """Telephone keys, 100 ms each with 80 ms between (ITU-T Q.23, Q.24)."""
    time = np.arange(int(0.1 * rate)) / rate
    gap = np.zeros(int(0.08 * rate), np.float32)
    parts = []
    for key in pressed:
        low, high = KEYS[key]
        both = np.sin(2 * np.pi * low * time) + 0.9 * np.sin(2 * np.pi * high * time)
        parts += [(0.15 * both).astype(np.float32), gap]
    return np.concatenate(parts)


def music(seed: int, seconds: float = 4.0, rate: int = 8000) -> FloatArray:
    """Chords, a melody and a drum, as on hold; without a singer."""
    draw = np.random.default_rng(seed)
    beat = 60 / draw.uniform(70, 130)
    sound = np.zeros(int(seconds * rate))
    scale, base = [0, 2, 4, 5, 7, 9, 11], draw.integers(48, 60)

    def note(key: int, at: float, length: float, level: float) -> None:
        hz = 440 * 2 ** ((key - 69) / 12)
        time = np.arange(int(length * rate)) / rate
        partials = [k for k in range(1, 8) if hz * k < rate / 2]
        played = sum(draw.uniform(0.3, 1) / k * np.sin(2 * np.pi * hz * k * time) for k in partials)
        played = played * np.exp(-time * draw.uniform(0.5, 3)) * np.minimum(1, time / 0.01)
        first = int(at * rate)
        room = len(sound) - first
        sound[first : first + len(played)] += level * played[:room]

    for number, at in enumerate(np.arange(0, seconds, beat)):
        root = int(base + scale[draw.integers(7)])
        if number % 4 == 0:
            for step in (0, 4, 7):
                note(root + step, at, beat * 4, 0.3)
        for half in range(2):
            at_half = at + half * beat / 2
            if at_half < seconds:
                note(int(base + 12 + scale[draw.integers(7)]), at_half, beat / 2, 0.4)
        if draw.random() < 0.5:
            first = int(at * rate)
            hit = draw.normal(size=int(0.05 * rate)) * np.exp(-np.arange(int(0.05 * rate)) / 130)
            sound[first : first + len(hit)] += 0.3 * hit[: len(sound) - first]
    return np.asarray(sound / np.abs(sound).max() * 0.5, dtype=np.float32)
