"""Normalisation and n-grams: any string goes in, nothing raises, every place is in the source."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text.features import LONGEST, WINDOW, Vocabulary, extract, normalise, window_note

ANY_TEXT = st.text(st.characters(), max_size=60)  # Lone surrogates and controls among them.


@settings(deadline=None)
@given(ANY_TEXT)
def test_every_normalised_character_comes_from_a_place_in_the_source(text: str) -> None:
    found = normalise(text)
    assert len(found.characters) == len(found.places)
    assert list(found.places) == sorted(found.places)
    assert all(0 <= place < max(1, len(text)) for place in found.places)
    assert found.han <= found.letters <= len(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_vocabulary_finds_what_it_was_made_of(text: str) -> None:
    normalised = normalise(text)
    grams = sorted(extract(normalised))
    vocabulary = Vocabulary(grams, np.ones(len(grams), np.float32))
    found = vocabulary.find(normalised)
    spans = [normalised.characters[a:b] for a, b in zip(found.starts, found.ends, strict=True)]
    assert [grams[i] for i in found.ids] == spans
    assert set(spans) == set(grams)
    assert found.known == 1.0
    _, weights = vocabulary.weigh(found)
    assert np.linalg.norm(weights) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ＡＢＣ１２３", "abc456"),
        ("太差了！！！！！！", "太差了！！！"),
        ("哈哈哈哈哈哈", "哈哈哈"),
        ("好\t\n 的", "好 的"),
        ("好\x07的", "好 的"),
        ("好\ud800的", "好 的"),
        ("我是[姓名]，订单[订单号]", "我是0，订单7"),
        ("一共[数字x]元", "一共9元"),
        ("謝謝您們的服務", "谢谢您们的服务"),
    ],
)
def test_what_means_the_same_is_one_text(left: str, right: str) -> None:
    assert normalise(left).characters == normalise(right).characters


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x00", "\ud800", "\u3000"])
def test_blank_is_blank(text: str) -> None:
    assert normalise(text).is_blank


def test_letters_and_chinese_are_counted() -> None:
    found = normalise("退款 ok 123 😡")
    assert (found.letters, found.han) == (4, 2)


def test_a_long_text_is_read_at_both_ends() -> None:
    text = "甲" + "中" * 50_000 + "乙"
    found = normalise("".join(text))
    assert found.characters[1] == "甲"
    assert found.characters[-2] == "乙"
    assert found.places[-1] == len(text) - 1
    mixed = normalise("".join(chr(0x4E00 + i % 1_000) for i in range(100_000)))
    assert len(mixed.characters) == WINDOW + 2
    assert "100,000" in window_note("中" * 100_000)
    assert window_note("中" * WINDOW) == ""


def test_unknown_text_weighs_nothing() -> None:
    vocabulary = Vocabulary(["好"], np.ones(1, np.float32))
    found = vocabulary.find(normalise("坏"))
    ids, weights = vocabulary.weigh(found)
    assert (len(ids), len(weights), found.known) == (0, 0, 0.0)


def test_the_longest_gram_is_as_long_as_said() -> None:
    assert max(map(len, extract(normalise("一二三四五六七")))) == LONGEST
