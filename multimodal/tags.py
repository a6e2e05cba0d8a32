"""Event tags: what a customer's turn says or sounds like, by words that a site can change.

    tag                from                                                     basis
    thanks 感谢         words                                                    rule 规则
    urge 催促           words                                                    rule 规则
                       or pitch and rate both above the caller's own            measured 实测
    abuse 辱骂          words                                                    rule 规则
    complaint 投诉倾向   words                                                    rule 规则
    escalation 要求升级  words                                                    rule 规则

The words lie in `tag_words.toml`; what is negated in its clause does not count (我不是要投诉).
A complaint or a demand for somebody higher is an escalation *signal* (升级信号), never a risk: no
outcome was ever measured against it. How often the tags are right: `python -m benchmarks.tags`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.errors import InvalidInputError
from multimodal.evidence import OUTSIDE
from multimodal.phrases import Finder

SHIPPED = Path(__file__).with_name("tag_words.toml")
LONGEST_WORD = 40
MOST_WORDS = 2000


class Tag(StrEnum):
    """What a customer's turn says or sounds like."""

    THANKS = "thanks"
    URGE = "urge"
    ABUSE = "abuse"
    COMPLAINT = "complaint"
    ESCALATION = "escalation"


class Basis(StrEnum):
    """What something that a supervisor reads rests on."""

    MEASURED = "measured"
    INFERRED = "inferred"
    RULE = "rule"


TAG_NAMES: Mapping[Tag, str] = dict(
    zip(Tag, ("感谢", "催促", "辱骂", "投诉倾向", "要求升级"), strict=True)
)
BASIS_NAMES: Mapping[Basis, str] = dict(zip(Basis, ("实测", "推断", "规则"), strict=True))
ESCALATION_SIGNAL = (Tag.COMPLAINT, Tag.ESCALATION)
"""Tags that together are called 升级信号."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """One tag of a turn.

    Attributes:
        tag: Which.
        basis: `rule` where words gave it, `measured` where the voice did.
        places: Where its words stand in the turn's text, `[start, end)`; empty for the voice.
    """

    tag: Tag
    basis: Basis
    places: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fields as a JSON object."""
        return {
            "tag": self.tag.value,
            "basis": self.basis.value,
            "places": [list(place) for place in self.places],
        }


@dataclass(frozen=True, slots=True, eq=False)
class TagWords:
    """The words of every tag, compiled."""

    finders: Mapping[Tag, tuple[Finder, Finder | None]]

    @classmethod
    def load(cls, path: Path = SHIPPED) -> TagWords:
        """Reads a file like the shipped `tag_words.toml`.

        Raises:
            InvalidInputError: If it cannot be read, or is not of that form; a tag that it leaves
                out is never given.
        """
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise _unusable(f"it cannot be read: {error}", path) from error
        unknown = set(tables) - set(Tag)
        if unknown:
            raise _unusable(f"{sorted(unknown)} are no tags", path)
        finders = {}
        for name, table in tables.items():
            words, other = _words(table, "words", name, path), _words(table, "except", name, path)
            if words:
                finders[Tag(name)] = (
                    Finder.of(words, skip_negated=True),
                    Finder.of(other) if other else None,
                )
        return cls(finders)

    def of_text(self, text: str) -> list[Tagged]:
        """The tags that the words of a customer's turn give, in the order of `Tag`."""
        found = []
        for tag in Tag:
            if tag not in self.finders:
                continue
            words, other = self.finders[tag]
            excepted = list(other.places(text)) if other else []
            places = tuple(
                (start, end)
                for start, end in words.places(text)
                if not any(a <= start and end <= b for a, b in excepted)
            )
            if places:
                found.append(Tagged(tag, Basis.RULE, places))
        return found


@cache
def shipped_words() -> TagWords:
    """The words that the product ships."""
    return TagWords.load()


def tags_of(
    turn: Turn, voice: EmotionScores | None = None, words: TagWords | None = None
) -> tuple[Tagged, ...]:
    """The tags of one turn, in the order of `Tag`; none for agents and bots.

    Args:
        turn: The turn.
        voice: What its voice says, where there is one.
        words: The site's words; by default those that the product ships.
    """
    if turn.role in (Role.AGENT, Role.BOT):
        return ()
    found = (words or shipped_words()).of_text(turn.text)
    if _hurried(voice) and Tag.URGE not in {tagged.tag for tagged in found}:
        found.append(Tagged(Tag.URGE, Basis.MEASURED))
    return tuple(sorted(found, key=lambda tagged: _ORDER[tagged.tag]))


_ORDER = {tag: number for number, tag in enumerate(Tag)}


def _hurried(voice: EmotionScores | None) -> bool:
    """Whether pitch and rate both left the caller's own normal upwards."""
    if voice is None or voice.is_missing:
        return False
    weights = {item.name: item.weight for item in voice.evidence if item.kind == "prosody"}
    return all(weights.get(name, 0.0) >= OUTSIDE for name in ("pitch", "rate"))


def _words(table: object, key: str, name: str, path: Path) -> Sequence[str]:
    if not isinstance(table, dict) or set(table) - {"words", "except"}:
        raise _unusable(f"[{name}] has something besides `words` and `except`", path)
    words = table.get(key, [])
    if not isinstance(words, list) or not all(
        isinstance(word, str) and len(word.strip(" …")) > 0 and len(word) <= LONGEST_WORD
        for word in words
    ):
        raise _unusable(
            f"[{name}] {key} is no list of words of 1 to {LONGEST_WORD} characters", path
        )
    if len(words) > MOST_WORDS:
        raise _unusable(f"[{name}] {key} has {len(words)} words, at most {MOST_WORDS} fit", path)
    return words


def _unusable(problem: str, path: Path) -> InvalidInputError:
    return InvalidInputError(
        f"the tag words are unusable: {problem}.",
        where=str(path),
        remedy=f"Start from a copy of {SHIPPED}.",
    )
