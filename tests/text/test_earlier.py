"""What was said before a turn counts alike in training and in serving."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.conversation import Role, Turn
from text.earlier import PARTIES, TURNS, EarlierScores, mean_rows
from text.features import Vocabulary, extract, normalise

SAID = ("您好", "还没发货", "请稍等", "都三天了", "好的")
GRAMS = sorted(set.union(*(extract(normalise(text)) for text in SAID)))
VOCABULARY = Vocabulary(GRAMS, np.linspace(1, 2, len(GRAMS), dtype=np.float32))
WEIGHTS = {
    party: np.random.default_rng(i).normal(size=(len(GRAMS), 3)).astype(np.float32)
    for i, party in enumerate(PARTIES)
}


def turns(*roles: Role) -> list[Turn]:
    return [Turn(role, SAID[i % len(SAID)]) for i, role in enumerate(roles)]


@pytest.mark.parametrize(
    "previous",
    [
        [],
        turns(Role.AGENT, Role.CUSTOMER, Role.BOT, Role.CUSTOMER),
        turns(*[Role.CUSTOMER] * (TURNS + 5)),
        [Turn(Role.CUSTOMER, ""), Turn(Role.UNKNOWN, "好的")],
    ],
)
def test_the_served_part_is_that_of_the_rows_learnt_from(previous: list[Turn]) -> None:
    rows = mean_rows(VOCABULARY, [previous, []]).toarray()
    expected = rows[0] @ np.vstack([WEIGHTS[party] for party in PARTIES])
    np.testing.assert_allclose(EarlierScores(VOCABULARY, WEIGHTS).of(previous), expected, atol=1e-5)
    assert not rows[1].any()


def test_each_party_has_columns_of_its_own_and_unknown_ones_none() -> None:
    customer, agent, unknown = (
        mean_rows(VOCABULARY, [[Turn(role, "都三天了")]]).toarray()[0]
        for role in (Role.CUSTOMER, Role.AGENT, Role.UNKNOWN)
    )
    half = len(GRAMS)
    np.testing.assert_array_equal(customer[:half], agent[half:])
    assert customer[:half].any()
    assert not customer[half:].any()
    assert not unknown.any()
