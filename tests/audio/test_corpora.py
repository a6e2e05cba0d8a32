"""Labelled speech on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.corpora import read_audio, read_clips
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


def listed(folder: Path, *lines: str, columns: str = "file,start,end,speaker,emotion") -> Path:
    soundfile.write(folder / "call.wav", np.arange(8000) / 8000, 8000, "FLOAT")
    path = folder / "turns.csv"
    path.write_text("\n".join([columns, *lines]), encoding="utf-8")
    return path


def test_turns_of_a_call_are_read_from_a_list(tmp_path: Path) -> None:
    clips = read_clips(listed(tmp_path, "call.wav,0.25,0.5,王女士,生气", "call.wav,,,B,neutral"))
    assert [(clip.speaker, clip.emotion) for clip in clips] == [
        ("王女士", Emotion.ANGRY),
        ("B", Emotion.NEUTRAL),
    ]
    audio, _ = read_audio(clips[0].path, clips[0].start, clips[0].end)
    np.testing.assert_allclose(audio, np.arange(2000, 4000) / 8000, atol=1e-6)
    whole, _ = read_audio(clips[1].path, clips[1].start, clips[1].end)
    assert len(whole) == 8000


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("no.wav,0,1,A,angry", "line 2.*no.wav"),
        (",0,1,A,angry", "line 2"),
        ("call.wav,0,1,,angry", "no speaker"),
        ("call.wav,0,1,A,bored", "bored"),
        ("call.wav,soon,1,A,angry", "seconds"),
        ("call.wav,1,0.5,A,angry", "starts at 1 s"),
        ("call.wav,nan,1,A,angry", "starts at"),
        ("call.wav", "no speaker"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InvalidInputError, match=said):
        read_clips(listed(tmp_path, line))


def test_a_list_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="speaker"):
        read_clips(listed(tmp_path, "call.wav,angry", columns="file,emotion"))
    with pytest.raises(InvalidInputError, match="empty"):
        read_clips(listed(tmp_path))
    (tmp_path / "turns.csv").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        read_clips(tmp_path / "turns.csv")


def test_the_corpora_are_read_whole(shared: Path) -> None:
    speech = shared / "data" / "speech"
    casia = read_clips(speech / "casia")
    assert len(casia) == 900
    assert {clip.speaker for clip in casia} == {"ZhaoZuoxiang", "liuchanhg", "wangzhe"}
    assert len({clip.speaker for clip in read_clips(speech / "emodb_4class")}) == 10
    assert len({clip.speaker for clip in read_clips(speech / "ravdess")}) == 20
    assert any(clip.bound for clip in read_clips(speech / "ased"))
