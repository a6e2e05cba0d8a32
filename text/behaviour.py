"""Behaviour tests after Ribeiro et al. 2020 (CheckList): what a text model must do, as a table.

`behaviour.csv` has a line a test: capability, kind, text and, where two texts are compared, the
other one. To extend it, add a line. Kinds:

| kind | holds where |
| --- | --- |
| `negative`, `positive` | the valence is below `-TONE`, above `TONE` |
| `not_negative`, `not_positive` | it is not |
| `more_negative` | the text's valence is lower than the other's by more than `SAME` |
| `same` | both have the same label, and valences within `SAME` |
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.scoring import Scorer, TurnInput

TABLE = Path(__file__).with_suffix(".csv")
TONE = 0.1
SAME = 0.15
KINDS = ("negative", "positive", "not_negative", "not_positive", "more_negative", "same")


@dataclass(frozen=True, slots=True)
class BehaviourTest:
    """One line of the table.

    Attributes:
        capability: What it is about.
        kind: One of `KINDS`.
        text: A customer's utterance.
        other: The one that it is compared with; empty for a kind that looks at one text.
    """

    capability: str
    kind: str
    text: str
    other: str

    def holds(self, answer: EmotionScores, other: EmotionScores) -> bool:
        """Whether the model behaves, given its answers to both texts."""
        valence, reference = answer.valence or 0.0, other.valence or 0.0
        if self.kind == "same":
            return answer.label == other.label and abs(valence - reference) <= SAME
        return {
            "negative": valence < -TONE,
            "positive": valence > TONE,
            "not_negative": valence >= -TONE,
            "not_positive": valence <= TONE,
            "more_negative": valence < reference - SAME,
        }[self.kind]


def read_tests() -> list[BehaviourTest]:
    """The lines of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [BehaviourTest(**row) for row in csv.DictReader(file)]


def passed(scorer: Scorer, tests: Sequence[BehaviourTest]) -> list[bool]:
    """Whether each test holds for a text scorer."""
    texts = [text for test in tests for text in (test.text, test.other)]
    answers = scorer.score([TurnInput(Turn(Role.CUSTOMER, text)) for text in texts])
    pairs = zip(tests, answers[::2], answers[1::2], strict=True)
    return [test.holds(answer, other) for test, answer, other in pairs]


def pass_rates(scorer: Scorer) -> dict[str, dict[str, int]]:
    """Capability to `passed` and `n`, in the order of the table."""
    rates: dict[str, dict[str, int]] = {}
    tests = read_tests()
    for test, ok in zip(tests, passed(scorer, tests), strict=True):
        rate = rates.setdefault(test.capability, {"passed": 0, "n": 0})
        rate["passed"] += ok
        rate["n"] += 1
    return rates
