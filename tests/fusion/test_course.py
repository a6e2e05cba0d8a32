"""The filtered and smoothed course of a conversation, its peak and its recovery."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.course import Course, course, levels
from multimodal.conversation import Conversation, Role, Turn
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.tags import tags_of

UNIFORM = np.full(7, 1 / 7, np.float32)


def went(*turns: tuple[str, float | None] | str) -> Course:
    """Customers' turns with their valence; a mere text is an agent's."""
    scored = []
    for given_turn in turns:
        text, valence = given_turn if isinstance(given_turn, tuple) else (given_turn, None)
        role = Role.CUSTOMER if isinstance(given_turn, tuple) else Role.AGENT
        turn = Turn(role, text)
        answer = FusedAnswer.unknown("nothing")
        if valence is not None:
            answer = FusedAnswer(UNIFORM, "neutral", 0.8, valence)
        scored.append(ScoredTurn(turn, {}, answer, 0.0, tags_of(turn)))
    conversation = Conversation("c", tuple(turn.turn for turn in scored))
    return course(ScoredConversation(conversation, tuple(scored), Trajectory()))


BAD = [("不行", -0.8)] * 4
GOOD = [("可以用了", 0.7)] * 3


def test_recovery() -> None:
    assert went(*BAD, "已经处理", *GOOD).recovered
    assert not went(*BAD, "已经处理").recovered
    assert not went(*GOOD, "您好").recovered


def test_a_closing_that_only_thanks_is_no_recovery() -> None:
    closing = [("谢谢", 0.9)] * 4
    assert not went(*BAD, *closing).recovered
    assert went(*BAD, *GOOD, *closing).recovered
    assert went(*BAD, *[("好了，问题解决了，真的谢谢你们", 0.9)] * 4).recovered


def test_the_peak_is_the_customers_worst_turn() -> None:
    assert went(("还好", 0.1), "请问", ("太差了", -0.9), "抱歉", ("好吧", 0.2)).peak == 2
    assert went("您好", ("", None)).peak is None


def test_turns_without_an_answer_hold_the_level() -> None:
    told = went("您好", ("不行", -0.8), "稍等", ("", None))
    assert told.online[0] is None
    assert told.online[1] == told.online[2] == told.online[3] != None  # noqa: E711
    assert told.offline[0] == told.offline[1]
    assert went() == Course((), (), None, False)


values = st.lists(st.floats(-1, 1), min_size=1, max_size=20)


@given(values, values)
def test_online_knows_nothing_later_and_both_stay_within_bounds(
    first: list[float], later: list[float]
) -> None:
    noise = np.full(len(first) + len(later), 0.2)
    alone, _ = levels(np.array(first), noise[: len(first)])
    whole, smooth = levels(np.array(first + later), noise)
    np.testing.assert_allclose(whole[: len(first)], alone)
    assert np.abs(whole).max() <= 1
    assert np.abs(smooth).max() <= 1
    assert smooth[-1] == pytest.approx(whole[-1])


def test_smoothing_is_the_exact_posterior_mean() -> None:
    from fusion.course import DRIFT, FIRST

    rng = np.random.default_rng(0)
    observed, noise = rng.normal(size=6), rng.uniform(0.1, 0.5, 6)
    steps = np.minimum.outer(np.arange(6), np.arange(6))
    covariance = FIRST + DRIFT * steps
    expected = covariance @ np.linalg.solve(covariance + np.diag(noise), observed)
    np.testing.assert_allclose(levels(observed, noise)[1], expected)
