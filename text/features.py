"""Text to character n-grams, in plain Python and numpy, with each n-gram's place in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from multimodal.masking import PLACEHOLDERS

if TYPE_CHECKING:
    from opencc import OpenCC

LONGEST = 3
"""Characters in the longest n-gram."""
WINDOW = 2_000
"""Characters of a turn that are read: where it has more, its first and its last half window."""
_START, _END = "\x02", "\x03"
_MOST_REPEATS = 3
_MASKED = re.compile(
    "|".join(map(re.escape, sorted(PLACEHOLDERS)))
    + r"|\[(?:数字|金额|日期|时间|站点|姓名|地址|电话|链接|组织机构|身份证号|邮箱)x\]"
    + r"|\[ORDERID_\d+\]"
)
"""What stands for masked personal data, here and in JDDC."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text between a start and an end mark.

    Attributes:
        characters: The normalised characters with the two marks around them.
        places: For each of `characters` the index in the source text that it comes from; the
            marks have the index of their neighbour.
        letters: How many of the source's characters that were read are letters.
        han: How many of those are Chinese characters.
    """

    characters: str
    places: tuple[int, ...]
    letters: int
    han: int

    @property
    def is_blank(self) -> bool:
        """Whether nothing but white space and control characters was there."""
        return not self.characters[1:-1].strip()


def normalise(text: str, window: int = WINDOW) -> Normalised:
    """Folds what means the same to one form; never raises.

    Width and compatibility forms (NFKC), case and traditional characters are folded, digits and
    what stands for masked data become 0, white space and control characters a space, a character
    repeated more than three times stands three times. Of a text longer than `window` characters
    the first and the last half window are read.
    """
    characters, places = [_START], [0]
    letters = han = 0
    masked = {m.start(): m.end() for m in _MASKED.finditer(text)} if "[" in text else {}
    behind = 0
    for index in _window(len(text), window):
        if index < behind:
            continue
        behind = masked.get(index, 0)
        folded, is_letter, is_han = _fold("0" if behind else text[index])
        letters += is_letter
        han += is_han
        for character in folded:
            if character == " " == characters[-1]:
                continue
            if characters[-_MOST_REPEATS:] == [character] * _MOST_REPEATS:
                continue
            characters.append(character)
            places.append(index)
    characters.append(_END)
    places.append(places[-1])
    return Normalised("".join(characters), tuple(places), letters, han)


def window_note(text: str, window: int = WINDOW) -> str:
    """What a person should know about how much of the text is read; empty where all of it is."""
    if len(text) <= window:
        return ""
    half = window // 2
    return f"only the first and the last {half:,} of {len(text):,} characters were read"


@dataclass(frozen=True, slots=True, eq=False)
class Grams:
    """The n-grams of one text that a vocabulary knows.

    Attributes:
        ids: int32 (n,), each occurrence's index in the vocabulary.
        starts: int32 (n,), index of its first character in `Normalised.characters`.
        ends: int32 (n,), index behind its last character.
        known: Share in [0, 1] of the text's two-character n-grams that the vocabulary knows.
    """

    ids: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    known: float


class Vocabulary:
    """Character n-grams of 1 to `LONGEST` characters and their inverse document frequency.

    Args:
        grams: The n-grams; the index of an n-gram is its place here.
        idf: float32 (len(grams),), the smoothed inverse document frequency of each.
    """

    def __init__(self, grams: Sequence[str], idf: NDArray[np.float32]) -> None:
        self.grams = tuple(grams)
        self.idf = idf
        self._index = {gram: index for index, gram in enumerate(self.grams)}

    def __len__(self) -> int:
        return len(self.grams)

    def find(self, text: Normalised) -> Grams:
        """The known n-grams of a text, with their places."""
        characters, lookup = text.characters, self._index.get
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        pairs = 0
        for size in range(1, LONGEST + 1):
            for start in range(len(characters) - size + 1):
                found = lookup(characters[start : start + size])
                if found is not None:
                    ids.append(found)
                    starts.append(start)
                    ends.append(start + size)
                    pairs += size == 2
        share = pairs / (len(characters) - 1)
        as_array = partial(np.array, dtype=np.int32)
        return Grams(as_array(ids), as_array(starts), as_array(ends), share)

    def weigh(self, grams: Grams) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """TF-IDF weights of a text: (1 + log count) * idf, scaled to Euclidean length 1.

        Returns:
            Distinct n-gram indices int32 (k,), ascending, and their weights float32 (k,).
        """
        ids, counts = np.unique(grams.ids, return_counts=True)
        values = (1 + np.log(counts.astype(np.float32))) * self.idf[ids]
        length = np.float32(np.sqrt(np.dot(values, values)))
        return ids, values / length if length else values


def extract(text: Normalised) -> set[str]:
    """All distinct n-grams of a text, known or not."""
    characters = text.characters
    return {
        characters[start : start + size]
        for size in range(1, LONGEST + 1)
        for start in range(len(characters) - size + 1)
    }


def _window(length: int, window: int) -> range | list[int]:
    if length <= window:
        return range(length)
    half = window // 2
    return [*range(half), *range(length - half, length)]


@lru_cache(maxsize=65_536)
def _fold(character: str) -> tuple[str, bool, bool]:
    category = unicodedata.category(character)
    if category in ("Cs", "Cn", "Co"):  # Lone surrogates and unassigned code points say nothing.
        return " ", False, False
    folded = _simplify(unicodedata.normalize("NFKC", character).lower())
    folded = "".join(
        "0" if c.isdigit() else " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in folded
    )
    is_letter = category[0] == "L"
    return folded, is_letter, is_letter and "CJK" in unicodedata.name(character, "")


def _simplify(characters: str) -> str:
    """Traditional to simplified characters, one by one, so that their number never changes."""
    return "".join(_converter().convert(c) if c > "\u2e7f" else c for c in characters)


@cache
def _converter() -> OpenCC:
    from opencc import OpenCC

    return OpenCC("t2s")
