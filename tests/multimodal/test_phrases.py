"""Words in what a customer says: what counts, what is negated, and expressions that explode."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.phrases import Finder
from multimodal.tags import Tag, shipped_words


def has(tag: Tag, text: str) -> bool:
    return tag in {tagged.tag for tagged in shipped_words().of_text(text)}


@pytest.mark.parametrize(
    "text",
    [
        "你们就是一群傻逼",
        "真他妈慢",
        "SB客服",
        "别逼我，去死吧",
        "This is bullshit!",
        "你是不是有病吧",
        "不是废物吗？",
        "滚蛋！",
    ],
)
def test_abuse(text: str) -> None:
    assert has(Tag.ABUSE, text)


@pytest.mark.parametrize(
    "text",
    [
        "我妈的手机号是这个",
        "他妈妈来取件",
        "USB接口坏了",
        "怎么操作？",
        "我没说你是废物",
        "我不是骂人，没骂你傻逼",
        "滚动条在哪里",
        "垃圾短信太多",
        "You are not an idiot.",
        "",
    ],
)
def test_no_abuse(text: str) -> None:
    assert not has(Tag.ABUSE, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我要投诉", True),
        ("再不处理我就投诉你们", True),
        ("我不得不投诉", True),
        ("不投诉你们是不行的", True),
        ("我不投诉不行", True),
        ("你以为我不会投诉吗", True),
        ("想不想投诉", True),
        ("别逼我投诉", True),
        ("我不想投诉", False),
        ("我没有要投诉的意思", False),
        ("不用投诉了，谢谢", False),
        ("我不想说了，我要投诉", True),
        ("打12315", True),
        ("订单号2123150987", False),
        ("工信部见", True),
        ("I will complain to the regulator", True),
        ("I don't want to complain", False),
        ("I am not happy, I will complain", True),
    ],
)
def test_complaints_and_negation(text: str, found: bool) -> None:
    assert has(Tag.COMPLAINT, text) is found


def test_where_it_stands() -> None:
    assert Finder.of(("投诉",), skip_negated=True).find("我不投诉。好吧，我投诉！") == 9
    assert Finder.of(("发货",)).find("还没发货") == 2
    assert Finder.of((), "投诉|退[款货]").find("我要退货") == 2
    assert Finder.of((), "x*").find("abc") is None  # Empty matches say nothing.


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){12}b", "^(([a-z])+.)+[A-Z]$"])
def test_an_expression_that_explodes_elsewhere_is_bounded(pattern: str) -> None:
    began = time.process_time()
    Finder.of((), pattern).find("a" * 100_000 + "!")
    assert time.process_time() - began < 2  # A backtracking engine takes longer than the universe.


@given(st.text(max_size=40), st.text(min_size=1, max_size=6), st.text(max_size=40))
def test_a_place_is_where_the_word_stands(before: str, word: str, after: str) -> None:
    word = " ".join(word.split())
    if not word or "\0" in word or any("\ud800" <= c <= "\udfff" for c in before + word + after):
        return
    text = before + word + after
    at = Finder.of((word,)).find(text)
    if at is not None:
        assert text[at : at + len(word)].casefold() == word.casefold()
