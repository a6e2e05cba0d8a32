"""Words and regular expressions in what a customer says, with care for what is negated.

Regular expressions are RE2's (Cox 2010, "Regular Expression Matching in the Wild"): their time is
linear in the length of the text, whatever the expression, so that none can hold scoring up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2

GAP = "…"
"""In a word it stands for up to six characters of the same clause: 找…领导."""
GAP_WITHIN = r"[^，。！？；、,.!?;…~～\n]{0,6}"
_REACH = 24
"""Characters before a word in which it may be negated."""
_CLAUSE = re.compile(r"[，。！？；、,.!?;…~～\n]")
_NEGATED = re.compile(
    r"(?P<before>.?)(?:没有|并非|无需|[不没别勿未甭])"
    r"(?P<between>(?:打算|准备|觉得|认为|需要|[是想会要去再用必在说骂过你您他她有]){0,4})$"
)
_NEGATED_EN = re.compile(r"(?:\b(?:not|never|no|without)|n['’]t)\s+(?:[a-z]+\s+){0,2}$", re.I)
_TWICE = frozenset("得能要")
"""Before a 不 these turn it round: 不得不投诉, 不能不投诉, 要不投诉吧."""
_ASKED = re.compile("[吗么嘛]|才怪|不行|不可|都难")
"""After a negated word these turn it round: 不是骗子吗, 不投诉才怪, 不投诉不行."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds words or a regular expression in a turn.

    Attributes:
        expression: Compiled by RE2.
        skip_negated: Whether a negated place does not count.
    """

    expression: Any
    skip_negated: bool

    @classmethod
    def of(cls, words: Sequence[str], pattern: str = "", *, skip_negated: bool = False) -> Finder:
        """A finder of words, or else of a regular expression; both in any case.

        Words of Latin letters and digits count only where no other such stands beside them: `sb`
        is not in `usb`, and 12315 not in an order's number. `…` is a gap, see `GAP`.

        Raises:
            ValueError: If the expression is none that RE2 knows.
        """
        return _compiled(tuple(words), pattern, skip_negated)

    def find(self, text: str) -> int | None:
        """Index of the first place that counts, None where there is none."""
        return next((start for start, _ in self.places(text)), None)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Every place `[start, end)` that counts, in order."""
        for match in self.expression.finditer(text):
            # Empty matches say nothing.
            if match.end() > match.start() and not (
                self.skip_negated and negated(text, match.start(), match.end())
            ):
                yield int(match.start()), int(match.end())


@lru_cache(maxsize=256)
def _compiled(words: tuple[str, ...], pattern: str, skip_negated: bool) -> Finder:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        expression = re2.compile(_alternatives(words) if words else pattern, options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        said = said.decode() if isinstance(said, bytes) else said
        raise ValueError(f"RE2 does not know this regular expression: {said}") from error
    return Finder(expression, skip_negated)


def _alternatives(words: Sequence[str]) -> str:
    # The longest first: of those that begin alike the first one is taken.
    return "|".join(_bounded(word) for word in sorted(words, key=len, reverse=True))


def _bounded(word: str) -> str:
    escaped = GAP_WITHIN.join(map(re2.escape, word.split(GAP)))
    left = r"\b" if _latin(word[0]) else ""
    right = r"\b" if _latin(word[-1]) else ""
    return f"{left}{escaped}{right}"


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def negated(text: str, start: int, end: int) -> bool:
    """Whether what stands at `[start, end)` is negated in its clause."""
    before = _CLAUSE.split(text[max(0, start - _REACH) : start])[-1]
    if _NEGATED_EN.search(before):
        return True
    found = _NEGATED.search(before)
    if found is None or found["before"] in _TWICE:
        return False
    if found["before"] and found["between"].startswith(found["before"]):
        return False  # 想不想 and 是不是 ask.
    return _ASKED.search(_CLAUSE.split(text[end : end + _REACH])[0]) is None
