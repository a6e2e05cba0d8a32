"""A text as the rules look at it: the same length, every character in one plain form.

The rules search the view; what they find has the same offsets in the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

HIDDEN = "\ue000"
"""Stands for what is no personal number: placeholders, dates, times, amounts, IP addresses."""
JOIN = "\ue001"
"""Stands between two turns of one speaker that are looked at together."""
PAUSE = "\ue002"
"""Stands for what people say between digits: 嗯, 然后, 横杠."""

IN_WORD = "\ue003"
"""Stands for a numeral that belongs to a word: 一共, 四位."""
LEAST_DIGITS = 4
"""Digits that a number has at least by which somebody is recognised."""

_DIGIT = re.compile("[0-9零〇幺一二三四五六七八九壹贰叁肆伍陆柒捌玖洞拐勾]")
_SPOKEN = dict(
    zip("零〇幺一二三四五六七八九壹贰叁肆伍陆柒捌玖洞拐勾", "001123456789123456789079", strict=True)
)
_NUMERALS = "零〇幺一二三四五六七八九壹贰叁肆伍陆柒捌玖"
_AS_WORD = re.compile(
    # 一共, 三个, 十五块; 第一, 统一: a numeral that belongs to a word is no digit of a number.
    r"[一二三四五六七八九](?=[共下个定直样点些位次会起般边切旦十百千万亿块元毛天岁种遍])|(?<=[第统唯万])一"
)
_CODES = re.compile(r"(?<=[0-9])[洞拐勾]|[洞拐勾](?=[0-9])")
_PAUSES = re.compile(r"嗯+|呃+|啊+|哦+|额+|然后|那个|横杠|杠|再是")
_LETTER_X = re.compile(r"(?<=[0-9])(?:叉|×|艾克斯)")
_DATES = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}[-/.年](?:1[0-2]|0?[1-9])[-/.月](?:3[01]|[12][0-9]|0?[1-9])(?![0-9])"
    r"|(?:19|20)[0-9]{2}(?:1[0-2]|0[1-9])(?:3[01]|[12][0-9]|0[1-9])(?![0-9])"
    r"|[0-9]{1,2}[:：][0-9]{2}(?:[:：][0-9]{2})?(?![0-9])"
    r"|[0-9]{1,2}月[0-9]{1,2})"
    r"|(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"
)
_AMOUNTS = re.compile(
    r"[¥￥$€]\s?[0-9][0-9,]*(?:\.[0-9]+)?"
    r"|(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])"
    r"|(?<![0-9.])(?:[0-9]{1,10}|[0-9]{1,10}\.[0-9]{1,4})\s?"
    r"(?:元|块|万|亿|%|％|人民币|rmb|RMB|兆|公里|毫升|千克|分钟|小时|GB|MB|KB|kg|ml)"
    r"|(?<![0-9.])[0-9]{1,4}\s?(?:天|个(?!人)|条|次|年|月|日|岁|点|件|台|级|折|倍|斤|人|遍|位)"
)
_PLACEHOLDER = re.compile(r"\[[^\[\]\d]{2,12}\]")


class _Plain(dict[int, str]):
    """Full-width forms and other scripts' digits in ASCII, one character for one."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        digit = unicodedata.digit(char, None)
        if digit is not None:
            plain = str(digit)
        elif 0xFF01 <= code <= 0xFF5E:
            plain = chr(code - 0xFEE0)
        else:
            plain = " " if char in "\u3000\xa0" else char
        self[code] = plain
        return plain


_PLAIN = _Plain()


@dataclass(frozen=True, slots=True)
class View:
    """Three forms of a text, each as long as the text.

    Attributes:
        words: With full-width letters, signs and digits in ASCII.
        spoken: Besides, numerals as digits and pauses as `PAUSE`.
        digits: Besides, dates, times and amounts as `HIDDEN`.
    """

    words: str
    spoken: str
    digits: str


def view_of(text: str, placeholders: frozenset[str]) -> View:
    """The three forms of a text.

    Args:
        text: Any text.
        placeholders: What masked data were replaced by; they are hidden.
    """
    words = text.translate(_PLAIN) if not text.isascii() else text
    if "[" in words:
        words = _PLACEHOLDER.sub(
            lambda found: HIDDEN * len(found[0]) if found[0] in placeholders else found[0], words
        )
    if len(_DIGIT.findall(words)) < LEAST_DIGITS:
        return View(words, words, words)  # Most turns; no number is in them.
    spoken = words
    if not spoken.isascii():
        spoken = _AS_WORD.sub(IN_WORD, spoken)
        spoken = spoken.translate(_DIGITS)
        spoken = _CODES.sub(lambda found: _SPOKEN[found[0]], spoken)
        spoken = _LETTER_X.sub(lambda found: "X" + PAUSE * (len(found[0]) - 1), spoken)
        spoken = _PAUSES.sub(lambda found: PAUSE * len(found[0]), spoken)
    return View(words, spoken, _AMOUNTS.sub(_hidden, _DATES.sub(_hidden, spoken)))


_DIGITS = str.maketrans({char: _SPOKEN[char] for char in _NUMERALS})


def _hidden(found: re.Match[str]) -> str:
    return HIDDEN * len(found[0])
