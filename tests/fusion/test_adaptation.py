"""Adaptation to what a site's people say: it helps, or it is said not to."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.adaptation import Example, adapt
from fusion.loglinear import Weights, posterior
from multimodal.checkpoints import load_checkpoint
from multimodal.emotions import EmotionScores
from multimodal.errors import InvalidInputError

NEUTRAL, ANGRY, DISGUST = 0, 3, 5


@pytest.fixture
def weights() -> Weights:
    return Weights.load(load_checkpoint("fusion", "default").file("weights.npz"))


def examples(weights: Weights, n: int, shift: float, seed: int = 0) -> list[Example]:
    """Turns of a site where anger is `shift` in log-odds more frequent than the fuser believes."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        p = rng.dirichlet(np.full(7, 0.3)).astype(np.float32)
        seen = np.full((1, 3, 7), 1 / 7)
        seen[0, 0] = p
        chance = posterior(weights, seen, np.array([[1.0, 0, 0]]))[0]
        chance[ANGRY] *= np.exp(shift)
        label = int(rng.choice(7, p=chance / chance.sum()))
        found.append(Example({"text": EmotionScores(p, 1.0)}, label, f"c{i % 25}"))
    return found


def test_a_site_where_more_are_angry(weights: Weights) -> None:
    adapted = adapt(weights, examples(weights, 150, 2.5))
    assert adapted.metrics["helps"]
    assert adapted.metrics["adapted"]["log_loss"] < adapted.metrics["shipped"]["log_loss"]
    assert adapted.weights.prior[ANGRY] > weights.prior[ANGRY] + 1


def test_where_the_shipped_weights_are_right_it_does_not_help(weights: Weights) -> None:
    helped = [adapt(weights, examples(weights, 60, 0.0, s)).metrics["helps"] for s in range(24)]
    # Not one in twenty: emotions with fewer than five examples fall out, so that now and then what
    # is left really is another mix than the fuser believes.
    assert sum(helped) <= 6


def test_five_of_each_class_are_enough_to_try_and_fewer_are_refused(weights: Weights) -> None:
    flat = {"text": EmotionScores(np.full(7, 1 / 7, np.float32), 1.0)}
    rows = [Example(flat, label, f"{label}-{i}") for label in (NEUTRAL, ANGRY) for i in range(5)]
    assert adapt(weights, rows).metrics["n"] == 10
    with pytest.raises(InvalidInputError, match="too few examples"):
        adapt(weights, rows[1:])
    with pytest.raises(InvalidInputError, match="too few examples"):
        adapt(weights, [Example(e.scores, e.label, "one") for e in rows])
    with pytest.raises(InvalidInputError, match="none"):
        adapt(weights, [])


def test_turns_without_usable_scores_and_rare_classes_are_left_out(weights: Weights) -> None:
    given = examples(weights, 60, 0.0)
    more = [*given, Example({}, DISGUST, "empty"), *[Example({}, NEUTRAL, "empty")] * 9]
    assert adapt(weights, more).metrics == adapt(weights, given).metrics
    kept = {i for i in range(7) if sum(e.label == i for e in given) >= 5}
    assert adapt(weights, given).metrics["n"] == sum(e.label in kept for e in given)


def test_it_is_deterministic_and_knows_modalities_of_plug_ins(weights: Weights) -> None:
    given = [
        Example({**e.scores, "heart": e.scores["text"]}, e.label, e.group)
        for e in examples(weights, 60, 0.0)
    ]
    one, other = adapt(weights, given).weights, adapt(weights, given).weights
    assert one.names == ("text", "voice", "face", "heart")
    np.testing.assert_array_equal(one.matrix, other.matrix)
