"""Event tags: words, negation, exceptions, the voice, and a site's own words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores, Evidence
from multimodal.errors import InvalidInputError
from multimodal.tags import SHIPPED, Basis, Tag, TagWords, shipped_words, tags_of

WORDS = shipped_words()


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("我不是要投诉，就问一下", []),
        ("再不处理我就打12315", [Tag.COMPLAINT]),
        ("你们不给退我就投诉", [Tag.COMPLAINT]),
        ("不得不投诉你们", [Tag.COMPLAINT]),
        ("谢谢，不用了", [Tag.THANKS]),
        ("谢什么谢", []),
        ("麻烦尽快处理", [Tag.URGE]),
        ("不着急，慢慢来", []),
        ("等了三个多小时了", [Tag.URGE]),
        ("你们就是骗子", [Tag.ABUSE]),
        ("收到好多垃圾短信", []),
        ("清理垃圾以后变慢，真是垃圾", [Tag.ABUSE]),
        ("叫你们领导来接电话", [Tag.ESCALATION]),
        ("让你们的值班主管给我回电", [Tag.ESCALATION]),
        ("客户经理上门了，辛苦了", [Tag.THANKS]),
        ("照片曝光过度怎么办", []),
        ("谢谢，但再不解决我就找你们领导，投诉到底", [Tag.THANKS, Tag.COMPLAINT, Tag.ESCALATION]),
        ("", []),
    ],
)
def test_words(text: str, tags: list[Tag]) -> None:
    assert [tagged.tag for tagged in WORDS.of_text(text)] == tags


def test_places_are_those_of_the_words() -> None:
    (tagged,) = WORDS.of_text("请尽快，尽快！")
    assert tagged.places == ((1, 3), (4, 6))
    assert tagged.basis is Basis.RULE


@given(st.text(max_size=80))
def test_places_lie_in_the_text_and_tags_in_order(text: str) -> None:
    found = WORDS.of_text(text)
    assert [t.tag for t in found] == [tag for tag in Tag if tag in {t.tag for t in found}]
    for tagged in found:
        for start, end in tagged.places:
            assert 0 <= start < end <= len(text)


def voice(pitch: float, rate: float, reliability: float = 0.9) -> EmotionScores:
    evidence = (Evidence("prosody", "pitch", pitch), Evidence("prosody", "rate", rate))
    return EmotionScores(np.full(7, 1 / 7, np.float32), reliability, evidence=evidence)


def test_a_hurried_voice_urges_where_words_do_not() -> None:
    turn = Turn(Role.CUSTOMER, "我的订单呢")
    (tagged,) = tags_of(turn, voice(0.7, 0.6))
    assert (tagged.tag, tagged.basis, tagged.places) == (Tag.URGE, Basis.MEASURED, ())
    assert tags_of(turn, voice(0.7, 0.2)) == ()
    assert tags_of(turn, voice(-0.7, 0.6)) == ()
    assert tags_of(turn, voice(0.7, 0.6, 0.0)) == ()
    (tagged,) = tags_of(Turn(Role.CUSTOMER, "快点"), voice(0.7, 0.6))
    assert tagged.basis is Basis.RULE


@pytest.mark.parametrize("role", [Role.AGENT, Role.BOT])
def test_staff_have_no_tags(role: Role) -> None:
    assert tags_of(Turn(role, "谢谢，我们尽快处理您的投诉"), voice(0.9, 0.9)) == ()


def test_a_sites_own_words(tmp_path: Path) -> None:
    own = tmp_path / "words.toml"
    own.write_text('[complaint]\nwords = ["找…说理"]\n', "utf-8")
    words = TagWords.load(own)
    assert [t.tag for t in words.of_text("我要找你们说理，投诉")] == [Tag.COMPLAINT]
    assert words.of_text("谢谢，投诉") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[complaint\n", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[anger]\nwords = ['x']\n", "are no tags"),
        (b"complaint = 3\n", "something besides"),
        (b"[complaint]\nword = ['x']\n", "something besides"),
        (b"[complaint]\nwords = 'x'\n", "no list of words"),
        (b"[complaint]\nwords = ['']\n", "no list of words"),
        ("[complaint]\nwords = ['…']\n".encode(), "no list of words"),
        (b"[complaint]\nwords = ['" + b"x" * 99 + b"']\n", "no list of words"),
    ],
)
def test_unusable_words_are_said(tmp_path: Path, content: bytes, said: str) -> None:
    own = tmp_path / "words.toml"
    own.write_bytes(content)
    with pytest.raises(InvalidInputError, match=said) as raised:
        TagWords.load(own)
    assert str(own) in str(raised.value)
    assert SHIPPED.name in str(raised.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        TagWords.load(tmp_path / "none.toml")
