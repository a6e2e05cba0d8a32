"""The behaviour table is well formed, and the shipped model does what its card says."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.emotions import EMOTIONS, EmotionScores
from text.behaviour import KINDS, BehaviourTest, pass_rates, read_tests
from text.scorer import TextScorer


def test_the_table_is_large_and_varied_enough_and_every_line_makes_sense() -> None:
    tests = read_tests()
    assert len(tests) >= 150
    assert len({test.capability for test in tests}) >= 12
    assert len({(test.text, test.other) for test in tests}) == len(tests)
    for test in tests:
        assert test.kind in KINDS
        assert test.text
        assert bool(test.other) == (test.kind in ("same", "more_negative"))


@pytest.mark.parametrize(
    ("kind", "valence", "other", "holds"),
    [
        ("negative", -0.2, 0.0, True),
        ("negative", -0.05, 0.0, False),
        ("positive", 0.2, 0.0, True),
        ("not_negative", -0.05, 0.0, True),
        ("not_negative", -0.5, 0.0, False),
        ("not_positive", 0.5, 0.0, False),
        ("more_negative", -0.5, 0.0, True),
        ("more_negative", -0.1, 0.0, False),
        ("same", 0.1, 0.2, True),
        ("same", -0.1, 0.2, False),
    ],
)
def test_each_kind_can_hold_and_fail(kind: str, valence: float, other: float, holds: bool) -> None:
    def answer(value: float) -> EmotionScores:
        return EmotionScores(np.eye(len(EMOTIONS), dtype=np.float32)[0], 1.0, valence=value)

    assert BehaviourTest("x", kind, "a", "b").holds(answer(valence), answer(other)) is holds


def test_the_shipped_model_behaves_as_its_card_says() -> None:
    scorer = TextScorer()
    measured = scorer.checkpoint.metrics["behaviour"]
    assert pass_rates(scorer) == measured
    card = (scorer.checkpoint.path / "README.md").read_text("utf-8")
    for capability, rate in measured.items():
        assert f"| {capability} | {rate['passed']} of {rate['n']} |" in card
