"""What noise and clipping do to the voice's answers: `python -m benchmarks.audio_quality`.

Clips of every corpus over 8 kHz mu-law: how many a flag is raised for, then white noise at known
ratios and flat tops of known share, with the share of answers (a voice heard for the first time)
that stay what they were. From this the effects in `audio.quality` are taken.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio import quality
from audio.augmentation import mu_law
from audio.baseline import Baseline
from audio.corpora import LANGUAGES, read_audio, read_clips
from audio.frames import to_telephone_rate
from audio.prosody import NAMES, Prosody, measure
from audio.scorer import VoiceScorer
from multimodal.emotions import FloatArray

CLIPS = 100
"""Of each corpus."""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Effects of noise and clipping.")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/speech"))
    parser.add_argument("--checkpoint", default="")
    options = parser.parse_args()
    scorer = VoiceScorer(options.checkpoint) if options.checkpoint else VoiceScorer()
    sounds: list[FloatArray] = []
    languages: list[str] = []
    for folder in sorted(path for path in options.data.iterdir() if path.is_dir()):
        clips = read_clips(folder)
        clips = clips[:: max(1, len(clips) // CLIPS)][:CLIPS]
        own = [mu_law(to_telephone_rate(*read_audio(clip.path))) for clip in clips]
        measured = [measure(sound, 8000) for sound in own]
        raised = Counter(flag for prosody in measured for flag in quality.flags(prosody))
        print(f"{folder.name}: {len(own)} clips, flags {dict(raised)}")
        sounds += [
            sound
            for sound, prosody in zip(own, measured, strict=True)
            if not np.isnan(prosody.features).any()
        ]
        languages += [LANGUAGES.get(folder.name, "")] * (len(sounds) - len(languages))
    before = labels(scorer, [measure(sound, 8000) for sound in sounds], languages)
    draw = np.random.default_rng(0)
    for ratio in (30, 20, 15, 10, 5):
        worse = [measure(noisy(sound, ratio, draw), 8000) for sound in sounds]
        estimate = float(np.median([prosody.snr for prosody in worse]))
        same = float(np.mean(labels(scorer, worse, languages) == before))
        print(f"noise at {ratio} dB: estimated {estimate:.1f} dB, {same:.3f} of the answers stay")
    for kept in (99, 97, 95, 90, 80):
        limits = [float(np.percentile(np.abs(sound), kept)) for sound in sounds]
        worse = [
            measure(np.clip(s, -limit, limit), 8000)
            for s, limit in zip(sounds, limits, strict=True)
        ]
        share = float(np.median([prosody.clipped for prosody in worse]))
        same = float(np.mean(labels(scorer, worse, languages) == before))
        print(f"clipped at the {kept}th percentile: flat {share:.4f}, {same:.3f} stay")


def noisy(sound: FloatArray, ratio: float, draw: np.random.Generator) -> FloatArray:
    """The sound with white noise, so many dB below the power of its loud samples."""
    power = sound.astype(np.float64) ** 2
    loud = power[power > 1e-3 * power.max()].mean()
    noise = draw.normal(0, np.sqrt(loud / 10 ** (ratio / 10)), len(sound))
    return (sound + noise).astype(np.float32)


def labels(
    scorer: VoiceScorer, turns: Sequence[Prosody], languages: Sequence[str]
) -> NDArray[np.int64]:
    """The answer to each turn as a voice's first; -1 where too little voice is left."""
    features = np.stack([prosody.features for prosody in turns])
    unheard = np.isnan(features).any(axis=1)
    features[unheard] = 0
    empty = [Baseline.empty(len(NAMES))] * len(turns)
    found = scorer.judge.judge(features, empty, languages).probabilities.argmax(axis=1)
    return np.where(unheard, -1, found)


if __name__ == "__main__":
    main()
