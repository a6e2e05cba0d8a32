"""What the voice's features cost, and whether they say what they claim to.

    python -m benchmarks.audio_cost [--shared ../shared]

One run, one thread, CPU time as a share of real time: the whole feature set, from a file's samples
to 87 figures and the quality flags, as a whole and as a stream of 20 ms; openSMILE's eGeMAPS
(functionals) and librosa's pYIN and YIN over the same clips, where the extra `bench` is installed;
voice activity detection over the stereo call. Then: syllables against the known ones of CASIA,
pitch before and after octave repair against pYIN, and how much of the call's speech becomes turns.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from audio.contours import repair_octaves, syllable_nuclei
from audio.corpora import read_audio, read_clips
from audio.frames import HOP, RATE, analyse, to_telephone_rate
from audio.prosody import measure, voiced_frames
from audio.speakers import CONFIDENCE, VOICES, tell_voices_apart
from audio.stream import ProsodyStream
from audio.turns import turns_from_audio
from multimodal.conversation import Role, Turn
from multimodal.emotions import FloatArray
from multimodal.media import audio_blocks

CLIPS = 20
"""Of each corpus."""
SLOW_CLIPS = 4
"""Of each corpus, for what takes as long as pYIN."""
CALL = "samples/calls/Auto_Repairs_40_stereo_L-agent_R-caller.flac"
Sound = tuple[FloatArray, int]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Cost and soundness of the voice's features.")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    shared = parser.parse_args().shared
    sounds = speech(shared / "data" / "speech", CLIPS)
    few = speech(shared / "data" / "speech", SLOW_CLIPS)
    print(f"{len(sounds)} clips, {seconds(sounds):.0f} s; CPU time / real time, one thread")
    print(f"  whole feature set        {cost(lambda s: measure(*s), sounds):.5f}")
    print(f"  the same, 20 ms blocks   {cost(streamed, sounds):.5f}")
    peers(sounds, few)
    call(shared / CALL)
    voices(shared / CALL)
    syllables(shared / "data" / "speech" / "casia")


def speech(root: Path, count: int) -> list[Sound]:
    """As many clips of each corpus, evenly spread."""
    found: list[Sound] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        clips = read_clips(folder)
        found += [read_audio(c.path) for c in clips[:: max(1, len(clips) // count)][:count]]
    return found


def seconds(sounds: Sequence[Sound]) -> float:
    """Their length together."""
    return sum(len(samples) / rate for samples, rate in sounds)


def cost(run: Callable[[Sound], object], sounds: Sequence[Sound], repeats: int = 3) -> float:
    """The least CPU time of some rounds, after a warm-up, as a share of real time."""
    run(sounds[0])
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        for sound in sounds:
            run(sound)
        best = min(best, time.process_time() - start)
    return best / seconds(sounds)


def streamed(sound: Sound) -> None:
    """A clip as a live call brings it."""
    samples, rate = sound
    stream = ProsodyStream(rate)
    for first in range(0, len(samples), rate // 50):
        stream.add(samples[first : first + rate // 50])
    stream.finish()


def peers(sounds: Sequence[Sound], few: Sequence[Sound]) -> None:
    """Peers: openSMILE and librosa over the same clips, and pYIN as judge of our pitch."""
    try:
        import opensmile
    except ImportError:
        print("  openSMILE eGeMAPS        not installed: pip install -e '.[bench]'")
    else:
        smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02,
            feature_level=opensmile.FeatureLevel.Functionals,
            num_workers=1,
        )
        share = cost(lambda s: smile.process_signal(*s), sounds, repeats=1)
        print(f"  openSMILE eGeMAPS        {share:.5f}")
    import librosa

    narrow = [(to_telephone_rate(*sound), RATE) for sound in few]
    track: dict[str, Any] = {
        "fmin": 60.0,
        "fmax": 500.0,
        "sr": RATE,
        "frame_length": 512,
        "hop_length": HOP,
    }
    for name in ("yin", "pyin"):
        run = getattr(librosa, name)
        share = cost(lambda s, run=run: run(s[0], **track), narrow, repeats=1)  # type: ignore[misc]
        print(f"  librosa.{name:<4} 8 kHz, alone {share:.5f}  ({len(narrow)} clips)")
    rows = [(librosa.pyin(sound, **track), analyse(sound)) for sound, _ in narrow]
    theirs, ours, repaired, gate = [], [], [], []
    for (f0, _, _), frames in rows:
        count = min(len(f0), len(frames.level))
        voiced, _ = voiced_frames(frames)
        gate.append(np.mean(voiced[:count] == ~np.isnan(f0[:count])))
        pitch = frames.pitch.copy()
        pitch[voiced] = repair_octaves(pitch[voiced])
        both = voiced[:count] & ~np.isnan(f0[:count])
        theirs.append(12 * np.log2(f0[:count][both] / 100))
        ours.append(frames.pitch[:count][both])
        repaired.append(pitch[:count][both])
    reference = np.concatenate(theirs)
    print(f"voiced or not as pYIN says: {np.mean(gate):.3f} of the frames")
    for name, found in (("YIN", ours), ("YIN, octaves repaired", repaired)):
        away = np.abs(np.concatenate(found) - reference)
        print(
            f"pitch, {name}: more than 1 semitone from pYIN {np.mean(away > 1):.4f}, "
            f"an octave {np.mean(np.abs(away - 12) < 1):.4f} of {len(away):,} voiced frames"
        )


def call(path: Path) -> None:
    """Voice activity over a stereo call: its cost, and the share of the speech that it finds.

    What is speech is told by level alone, on the channel that is louder by 10 dB: 30 ms frames over
    -40 dB re full scale, gaps of up to 0.3 s bridged, of at least 0.3 s.
    """
    roles = {0: Role.AGENT, 1: Role.CUSTOMER}
    sound = np.concatenate(list(audio_blocks(path)))
    length = len(sound) / RATE
    decoding = spent(lambda: list(audio_blocks(path)))
    finding = spent(lambda: turns_from_audio(path, roles))
    turns = turns_from_audio(path, roles)
    frames = sound[: len(sound) // 240 * 240].reshape(-1, 240, 2)
    level = 20 * np.log10(frames.std(axis=1) + 1e-6)
    found = total = 0
    for channel in roles:
        loud = (level[:, channel] > -40) & (level[:, channel] > level[:, 1 - channel] + 10)
        inside = np.zeros(len(loud), dtype=bool)
        for turn in turns:
            if turn.channel == channel and turn.start is not None and turn.end is not None:
                inside[int(turn.start / 0.03) : int(np.ceil(turn.end / 0.03))] = True
        for first, last in utterances(loud):
            total += 1
            found += inside[first:last].mean() >= 0.8
    print(
        f"voice activity, stereo call of {length:.0f} s: {(finding - decoding) / length:.5f} of "
        f"real time for both channels (decoding another {decoding / length:.5f}); "
        f"{len(turns)} turns; {found} of {total} utterances are in them ({found / total:.3f})"
    )


def voices(path: Path) -> None:
    """The experimental clustering on the same call, mixed to one channel, with its own turns."""
    turns = turns_from_audio(path, {0: Role.AGENT, 1: Role.CUSTOMER})
    alone = [turn for turn in turns if not others_speak_in(turns, turn)]
    sound = np.concatenate(list(audio_blocks(path))).mean(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        mixed = Path(folder) / "mixed.wav"
        soundfile.write(mixed, sound, RATE)
        named = tell_voices_apart(mixed, [replace(turn, role=Role.UNKNOWN) for turn in alone])
    told = [
        ((one.speaker == VOICES[0]) == (turn.channel == 0), turn.duration or 0.0, one)
        for one, turn in zip(named, alone, strict=True)
        if one.speaker
    ]
    right = sum(length for agrees, length, _ in told if agrees) / sum(row[1] for row in told)
    sure = float(np.mean([one.attributes[CONFIDENCE] for _, _, one in told]))
    print(
        f"voices of that call mixed to mono, {len(told)} turns: {max(right, 1 - right):.3f} of the "
        f"seconds with the right voice (chance .5 or more), mean confidence {sure:.2f}"
    )


def others_speak_in(turns: Sequence[Turn], turn: Turn) -> bool:
    """Whether another channel has a turn at the same time."""
    return any(
        other.channel != turn.channel
        and (other.start or 0) < (turn.end or 0)
        and (other.end or 0) > (turn.start or 0)
        for other in turns
    )


def spent(run: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    start = time.process_time()
    run()
    return time.process_time() - start


def utterances(loud: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Spans of frames of 30 ms with gaps of up to ten bridged, at least ten long."""
    at = np.flatnonzero(loud)
    groups = np.split(at, np.flatnonzero(np.diff(at) > 10) + 1) if len(at) else []
    return [(int(g[0]), int(g[-1]) + 1) for g in groups if g[-1] - g[0] >= 9]


def syllables(folder: Path) -> None:
    """The syllable rate against the known syllables of every CASIA sentence."""
    text = next(folder.glob("*.txt")).read_bytes().decode("gb18030")
    known = {
        m[1]: len(re.findall("[\u4e00-\u9fff]", m[2])) for m in re.finditer(r"(\d+)(.*)", text)
    }
    true, counted, length, speakers = [], [], [], []
    for clip in read_clips(folder):
        frames = analyse(to_telephone_rate(*read_audio(clip.path)))
        voiced, active = voiced_frames(frames)
        true.append(known[clip.path.stem])
        counted.append(syllable_nuclei(frames.level, voiced))
        length.append(active.sum() / 100)
        speakers.append(clip.speaker)
    truth, count, speech_seconds = (np.array(v, dtype=float) for v in (true, counted, length))
    print(f"syllables, {len(truth)} CASIA clips: {count.sum() / truth.sum():.3f} of them counted")
    for speaker in ("", *sorted(set(speakers))):
        rows = np.array([speaker in ("", name) for name in speakers])
        pair = (count / speech_seconds)[rows], (truth / speech_seconds)[rows]
        print(f"  rate, r = {np.corrcoef(*pair)[0, 1]:.3f}  {speaker or 'all speakers'}")


if __name__ == "__main__":
    main()
