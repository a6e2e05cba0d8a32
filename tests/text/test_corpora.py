"""Each corpus' format, in the smallest file that has it, and the real files beside them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multimodal.conversation import Role
from multimodal.emotions import EMOTIONS, Emotion
from multimodal.errors import InputFileError, InvalidInputError
from text.corpora import Corpus, read_corpus

WITHOUT_DISGUST = tuple(i for i, e in enumerate(EMOTIONS) if e is not Emotion.DISGUST)
SEVEN = tuple(range(7))


def write(path: Path, *records: dict[str, Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return path


def read(tmp_path: Path, *records: dict[str, Any]) -> Corpus:
    return read_corpus(write(tmp_path / "a.jsonl.gz", *records))


LINE = {"dialogue": "1", "turn": "2", "speaker": "甲", "text": "唉", "sentiment": "negative"}


@pytest.mark.parametrize(
    ("record", "name", "allowed", "label"),
    [
        ({"text": "气死了", "emotion": "angry"}, "smp2020", WITHOUT_DISGUST, "angry"),
        ({"text": "唉", "emotion": "none", "second": None}, "nlpcc2014", SEVEN, "neutral"),
        ({**LINE, "emotion": "sadness"}, "bmeld", SEVEN, "sad"),
        ({**LINE, "emotion": "worried", "act": "x"}, "cped", SEVEN, "fear"),
        (
            {"id": "v", "split": "train", "text": "唉", "emo": "worried", "val": -1.0},
            "mer2023",
            WITHOUT_DISGUST,
            "fear",
        ),
    ],
)
def test_emotion_corpora(
    tmp_path: Path, record: dict[str, Any], name: str, allowed: tuple[int, ...], label: str
) -> None:
    corpus = read(tmp_path, record)
    assert (corpus.name, corpus.head, corpus.allowed) == (name, "emotion", allowed)
    assert EMOTIONS[corpus.items[0].label] == label


def test_a_label_without_a_place_among_the_seven_is_left_out(tmp_path: Path) -> None:
    records = [{**LINE, "act": "x", "emotion": label} for label in ("negative-other", "happy")]
    assert [item.label for item in read(tmp_path, *records).items] == [1]


def test_emotiontalk_gives_its_text_label_and_loses_its_marks(tmp_path: Path) -> None:
    record = {
        "id": "G00002_01_07_001",
        "dialogue": "G00002_01_07",
        "text": "就[over/]是[interrupted][/over]吗？",
        "fused": "happy",
        "valence": 0.1,
        "text_label": "surprise",
        "audio_label": "happy",
        "face_label": "happy",
    }
    corpus = read(tmp_path, record)
    (item,) = corpus.items
    assert (corpus.name, item.text, item.group) == ("emotiontalk", "就是吗？", "G00002")
    assert EMOTIONS[item.label] == "surprise"


def test_msctd(tmp_path: Path) -> None:
    turns = [{"text": t, "sentiment": s} for t, s in (("嗯", 0), ("糟", 1), ("好", 2))]
    corpus = read(tmp_path, {"id": 7, "turns": turns})
    assert (corpus.name, corpus.head) == ("msctd", "polarity")
    assert [item.label for item in corpus.items] == [1, 0, 2]
    assert len({item.group for item in corpus.items}) == 1


def test_reviews_have_no_neutral(tmp_path: Path) -> None:
    corpus = read(tmp_path, {"text": "差", "positive": 0}, {"text": "好", "positive": 1})
    assert (corpus.name, corpus.allowed) == ("reviews", (0, 2))
    assert [item.label for item in corpus.items] == [0, 2]


def test_jddc_gives_labelled_turns_with_what_went_before(tmp_path: Path) -> None:
    turns = [
        {"user": "在吗", "system": "您好", "label": None},
        {"user": "还没到", "system": "", "label": 0, "raw_last": "还没到|||"},
    ]
    corpus = read(tmp_path, {"id": "valid_0", "turns": turns})
    (item,) = corpus.items
    assert (corpus.name, item.text, item.label, item.turn) == ("uss_jddc", "还没到", 0, 1)
    assert [(t.role, t.text) for t in item.previous] == [
        (Role.CUSTOMER, "在吗"),
        (Role.AGENT, "您好"),
    ]


def test_stc3_gives_the_last_customer_turn_and_the_annotators_distribution(tmp_path: Path) -> None:
    marks = [-2] * 10 + [0] * 6 + [1] * 3
    corpus = read(
        tmp_path,
        {
            "annotations": [{"quality": {"S": s, "A": 0, "E": 0}, "nugget": []} for s in marks],
            "id": "38",
            "turns": [
                {"sender": "customer", "utterances": ["没信号"]},
                {"sender": "helpdesk", "utterances": ["您好"]},
                {"sender": "customer", "utterances": ["还是", "没有"]},
                {"sender": "helpdesk", "utterances": ["抱歉"]},
            ],
        },
    )
    (item,) = corpus.items
    assert (corpus.name, item.text, item.turn, len(item.previous)) == ("stc3", "还是 没有", 2, 2)
    assert item.value == pytest.approx(-17 / 19)
    assert item.label == 0
    np.testing.assert_allclose(item.target, np.array([10, 6, 3]) / 19, rtol=1e-6)


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    write(tmp_path / "b.jsonl.gz", {"text": "二", "emotion": "sad"})
    write(tmp_path / "a.jsonl.gz", {"text": "一", "emotion": "sad"})
    assert [item.text for item in read_corpus(tmp_path).items] == ["一", "二"]


@pytest.mark.parametrize(
    ("records", "says"),
    [
        ([{"words": 1}], "no corpus that I know"),
        ([{"id": "1", "turns": []}], "no corpus that I know"),
        ([{"text": "好", "emotion": "sad"}, {"text": "好", "positive": 1}], "reviews, after"),
        ([{"text": "好", "emotion": "bored"}], "unknown emotion 'bored'"),
        ([{"text": "好", "emotion": None}], "no smp2020 record"),
        ([{"id": 1, "turns": [{"text": "好", "sentiment": 9}]}], "no msctd record"),
        ([], "no labelled turn"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, records: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        read(tmp_path, *records)


@pytest.mark.parametrize(
    "content", [b"", b"no gzip", gzip.compress(b"{")[:-3], gzip.compress(b"[]")]
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"broken\.jsonl\.gz"):
        read_corpus(path)


def test_an_empty_folder_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match=r"no \.jsonl\.gz"):
        read_corpus(tmp_path)


@pytest.mark.parametrize(
    ("path", "name", "n"),
    [
        ("text/smp2020_usual/eval.jsonl.gz", "smp2020", 2_000),
        ("text/bmeld_zh/dev.jsonl.gz", "bmeld", 1_084),
        ("text/cped/train.jsonl.gz", "cped", 27_438 - 2_395),
        ("fusion/emotiontalk/val.jsonl.gz", "emotiontalk", 1_908),
        ("text/uss_jddc", "uss_jddc", 5_006),
        ("text/stc3_helpdesk", "stc3", 2_960),
    ],
)
def test_the_real_corpora(shared: Path, path: str, name: str, n: int) -> None:
    corpus = read_corpus(shared / "data" / path)
    assert (corpus.name, len(corpus.items)) == (name, n)
    assert all("[over" not in item.text for item in corpus.items)
    if name == "stc3":
        assert Counter(item.label for item in corpus.items) == {0: 886, 1: 1_676, 2: 398}
