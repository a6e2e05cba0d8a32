"""Sound of recordings: exact samples, exact times, bounded memory, broken files."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError, MediaError, MediaLimitError
from multimodal.media import MAX_TURN_SECONDS, MediaLimits, audio_blocks, turn_audio

ROOT = Path(__file__).resolve().parents[2]
RATE = 16000
CLICK = 3.5


def whole(path: Path, limits: MediaLimits | None = None) -> FloatArray:
    return np.concatenate(list(audio_blocks(path, seconds=1.0, limits=limits or MediaLimits())))


def click() -> FloatArray:
    """Six seconds of faint noise with a click at `CLICK`."""
    sound = np.random.default_rng(0).normal(0, 1e-4, 6 * RATE).astype(np.float32)
    sound[round(CLICK * RATE) : round(CLICK * RATE) + 4] = 0.9
    return sound


def encode(path: Path, sound: FloatArray, *, delay: float = 0.0) -> Path:
    """Writes mono AAC beside a second of black pictures; the sound begins at `delay`."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            black = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            black.pts = index
            container.mux(video.encode(black))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(sound[None], "fltp", "mono")
        frame.sample_rate, frame.pts = RATE, round(delay * RATE)
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def write(path: Path, sound: FloatArray) -> Path:
    if path.suffix in (".mp4", ".mkv"):
        return encode(path, sound)
    subtypes = {".wav": "ULAW", ".ogg": "VORBIS", ".opus": "OPUS"}
    formats = {".opus": "OGG"}
    soundfile.write(
        path, sound, RATE, subtype=subtypes.get(path.suffix), format=formats.get(path.suffix)
    )
    return path


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3", ".mp4", ".mkv"])
def test_a_click_is_where_it_is(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"click{suffix}", click())
    found = dict(turn_audio(path, [(3.0, 4.0), (3.4, 3.6), (5.0, 9.0)], [0, 0, 0]))
    # Opus is always 48 kHz, so the rate is read off the length of the first span.
    rate = len(found[0])
    assert rate == (48000 if suffix == ".opus" else RATE)
    assert 3.0 + np.abs(found[0]).argmax() / rate == pytest.approx(CLICK, abs=1e-3)
    assert 3.4 + np.abs(found[1]).argmax() / rate == pytest.approx(CLICK, abs=1e-3)
    assert len(found[2]) / rate == pytest.approx(1.0, abs=0.1)
    assert np.abs(whole(path)).argmax() / rate == pytest.approx(CLICK, abs=1e-3)


def test_sound_that_starts_after_the_picture_is_preceded_by_silence(tmp_path: Path) -> None:
    path = encode(tmp_path / "late.mkv", click(), delay=0.5)
    sound = whole(path)
    assert np.abs(sound).argmax() / RATE == pytest.approx(CLICK + 0.5, abs=2e-3)
    assert not sound[: round(0.4 * RATE)].any()


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]
)
def test_samples_are_those_of_the_file(tmp_path: Path, subtype: str) -> None:
    sound = np.random.default_rng(1).uniform(-0.9, 0.9, (5000, 2))
    soundfile.write(tmp_path / "x.wav", sound, 8000, subtype=subtype)
    expected, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    got = whole(tmp_path / "x.wav")
    assert got.dtype == np.float32
    assert got.shape == (5000, 2)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_blocks_have_their_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((25_000, 2)), 8000)
    lengths = [len(block) for block in audio_blocks(tmp_path / "x.wav", seconds=1.0)]
    assert lengths == [8000, 8000, 8000, 1000]


def test_nan_and_infinity_are_passed_on_and_overshoot_is_cut(tmp_path: Path) -> None:
    sound = np.zeros(8000, np.float32)
    sound[[10, 20, 30]] = np.nan, -np.inf, 3.0
    soundfile.write(tmp_path / "x.wav", sound, 8000, subtype="FLOAT")
    ((_, got),) = turn_audio(tmp_path / "x.wav", [(0.0, 1.0)], [0])
    assert np.isnan(got[10])
    assert got[20] == -np.inf
    assert got[30] == 1.0
    assert np.isfinite(np.delete(got, [10, 20])).all()


def test_turns_are_cut_from_their_channels(tmp_path: Path) -> None:
    ramp = np.arange(60 * 8000) / (60 * 8000)
    soundfile.write(tmp_path / "x.wav", np.stack([ramp, -ramp], 1), 8000, subtype="FLOAT")
    spans = [(-1.0, 0.5), (0.0, 60.0), (0.25, 2.0), (1.0, 1.0), (1.5, 3.0), (59.5, 80.0), (61, 62)]
    channels = [0, 1, 0, 1, 1, 0, 0]
    answers = list(turn_audio(tmp_path / "x.wav", spans, channels))
    got = dict(answers)
    assert len(answers) == len(got) == len(spans)
    for index, (start, end) in enumerate(spans):
        first, last = (
            round(max(start, 0.0) * 8000),
            round(min(end, start + MAX_TURN_SECONDS) * 8000),
        )
        expected = ((-1.0) ** channels[index] * ramp[first:last]).astype(np.float32)
        np.testing.assert_array_equal(got[index], expected)
        assert got[index].dtype == np.float32


def test_no_turns_and_turns_that_make_no_sense(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    assert list(turn_audio(path, [], [])) == []
    wrong: list[tuple[list[tuple[float, float]], list[int]]] = [
        ([(1.0, 2.0), (0.0, 1.0)], [0, 0]),
        ([(0.0, float("nan"))], [0]),
        ([(0.0, 1.0)], [1]),
        ([(0.0, 1.0)], [-1]),
        ([(0.0, 1.0)], []),
    ]
    for spans, channels in wrong:
        with pytest.raises(InvalidInputError, match=r"x\.wav"):
            list(turn_audio(path, spans, channels))


def test_a_header_that_lies_about_the_length(tmp_path: Path) -> None:
    path = tmp_path / "liar.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 20 * 8000), 8000)
    data = bytearray(path.read_bytes())
    assert int.from_bytes(data[22:26], "big") == 20 * 8000, "total samples stand here"
    for stated in (0, 5 * 8000):
        data[22:26] = stated.to_bytes(4, "big")
        path.write_bytes(data)
        assert len(whole(path)) == 20 * 8000
        with pytest.raises(MediaLimitError, match="lasts"):
            whole(path, MediaLimits(max_seconds=10))


def _cut_off(data: bytearray) -> bytes:
    return bytes(data[: len(data) // 2])


def _damaged(data: bytearray) -> bytes:
    third = len(data) // 3
    data[third : third + 2000] = np.random.default_rng(0).bytes(2000)
    return bytes(data)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize(("harm", "least"), [(_cut_off, 0.4), (_damaged, 0.8)])
def test_what_is_left_of_a_damaged_file_is_read(
    tmp_path: Path, suffix: str, harm: Callable[[bytearray], bytes], least: float
) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 10 * RATE).astype(np.float32)
    path = write(tmp_path / f"x{suffix}", sound)
    path.write_bytes(harm(bytearray(path.read_bytes())))
    assert least * len(sound) <= len(whole(path)) <= 1.01 * len(sound)


def test_a_recording_without_sound(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(25):
            black = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            black.pts = index
            container.mux(video.encode(black))
        container.mux(video.encode(None))
    with pytest.raises(MediaError, match=r"mute\.mp4: it has no sound"):
        next(audio_blocks(tmp_path / "mute.mp4"))
    with pytest.raises(MediaError, match=r"mute\.mp4: it has no sound"):
        next(turn_audio(tmp_path / "mute.mp4", [(0, 1)], [0]))


_MEASURE = """
import sys
from pathlib import Path
from multimodal.media import audio_blocks, turn_audio
path = Path(sys.argv[1])
seconds = sum(len(block) for block in audio_blocks(path)) / 8000
spans = [(0.5 * i, 0.5 * i + 60) for i in range(500)]
kept = sum(len(sound) for _, sound in turn_audio(path, spans, [i % 2 for i in range(500)]))
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(seconds, kept, peak // 1024)
"""


def test_memory_is_constant(tmp_path: Path) -> None:
    """20 minutes in stereo, 77 MB as float32, and 500 turns of a minute, every half second."""
    path = tmp_path / "long.wav"
    minute = np.random.default_rng(0).integers(-9999, 9999, (60 * 8000, 2), dtype=np.int16)
    with soundfile.SoundFile(path, "w", 8000, 2, "ULAW") as file:
        for _ in range(20):
            file.write(minute)
    output = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)],
        check=True, capture_output=True, text=True, cwd=ROOT,
    ).stdout  # fmt: skip
    seconds, kept, megabytes = (float(value) for value in output.split())
    assert seconds == 1200
    assert kept == 500 * MAX_TURN_SECONDS * 8000
    assert megabytes < 90


def test_a_generator_that_is_dropped_closes_its_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(80_000), 8000)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        blocks = audio_blocks(tmp_path / "x.wav", seconds=1.0)
        next(blocks)
        del blocks
