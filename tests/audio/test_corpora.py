"""Labelled speech on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.corpora import over_telephone, read_audio, read_clips
from multimodal.emotions import Emotion
from multimodal.errors import InvalidInputError, MediaError


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(800), 8000)
    return path


@pytest.mark.parametrize(
    ("name", "speaker", "emotion", "bound"),
    [
        ("wangzhe/angry/201.wav", "wangzhe", Emotion.ANGRY, False),
        ("EB0/surprise/EB0_surprised_6.flac", "EB0", Emotion.SURPRISE, False),
        ("ased_01/fear/f3-01-02-01-01.ogg", "ased_01", Emotion.FEAR, False),
        ("ased_01/fear/f3-05-02-01-01.ogg", "ased_01", Emotion.FEAR, True),
        ("angry/03a01Wa.wav", "03", Emotion.ANGRY, False),
        ("actor_14/03-01-02-01-01-01-14.ogg", "actor_14", Emotion.NEUTRAL, False),
        ("actor_14/03-01-07-02-01-01-14.ogg", "actor_14", Emotion.DISGUST, False),
        ("03-01-06-02-01-01-02.wav", "actor_02", Emotion.FEAR, False),
    ],
)
def test_layouts(tmp_path: Path, name: str, speaker: str, emotion: Emotion, *, bound: bool) -> None:
    path = write(tmp_path / name)
    (clip,) = read_clips(tmp_path)
    assert (clip.path, clip.speaker, clip.emotion, clip.bound) == (path, speaker, emotion, bound)


def test_one_speakers_own_folder_keeps_the_speakers_name(tmp_path: Path) -> None:
    write(tmp_path / "wangzhe" / "sad" / "201.wav")
    (clip,) = read_clips(tmp_path / "wangzhe")
    assert clip.speaker == "wangzhe"


def test_unlabelled_files_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "wangzhe" / "sad" / "201.wav")
    write(tmp_path / "wangzhe" / "bored" / "202.wav")
    (tmp_path / "readme.txt").write_text("hello")
    assert len(read_clips(tmp_path)) == 1


def test_nothing_labelled_is_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=str(tmp_path)):
        read_clips(tmp_path)


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(MediaError, match="x.wav"):
        read_audio(path)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, np.stack([np.full(100, 0.5), np.zeros(100)], axis=1), 8000, "FLOAT")
    audio, rate = read_audio(path)
    assert rate == 8000
    np.testing.assert_allclose(audio, 0.25)


def test_telephone_keeps_small_sounds_and_has_256_steps() -> None:
    time = np.arange(16000) / 16000
    tone = (0.01 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
    line, rate = over_telephone(tone, 16000)
    assert rate == 8000
    assert len(line) == 8000
    assert len(np.unique(line)) <= 256
    clean = tone[::2]
    error = ((line[100:-100] - clean[100:-100]) ** 2).mean() / (clean**2).mean()
    assert 10 * np.log10(error) < -25


def test_the_corpora_are_read_whole(shared: Path) -> None:
    speech = shared / "data" / "speech"
    casia = read_clips(speech / "casia")
    assert len(casia) == 900
    assert {clip.speaker for clip in casia} == {"ZhaoZuoxiang", "liuchanhg", "wangzhe"}
    assert len({clip.speaker for clip in read_clips(speech / "emodb_4class")}) == 10
    assert len({clip.speaker for clip in read_clips(speech / "ravdess")}) == 20
    assert any(clip.bound for clip in read_clips(speech / "ased"))
