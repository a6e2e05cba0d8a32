"""Service metrics against conversations whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores, Evidence
from multimodal.scoring import FusedAnswer, ScoredTurn
from multimodal.talk import (
    interruptions,
    longest_monologues,
    pace,
    syllables,
    talk_metrics,
    talk_times,
)

A, C, U = Role.AGENT, Role.CUSTOMER, Role.UNKNOWN


def turn(role: Role, start: float, end: float, text: str = "") -> Turn:
    return Turn(role, text, start, end)


def scored(turn: Turn, level: float | None = None) -> ScoredTurn:
    evidence = () if level is None else (Evidence("prosody", "level", 0.0, value=level),)
    voice = EmotionScores(np.full(7, 1 / 7, np.float32), 0.5, evidence=evidence)
    return ScoredTurn(turn, {"voice": voice}, FusedAnswer.unknown(""), 0.0)


CALL = [
    turn(A, 0, 4, "您好，请讲。"),  # 4 syllables
    turn(C, 5, 15, "我的订单还没发货，都三天了！"),
    turn(A, 12, 16, "请稍等"),  # interrupts the customer
    turn(C, 14, 14.4, "嗯"),  # a listening signal
    turn(C, 17, 20, "好"),
    turn(C, 21.5, 25, "OK thank you"),
]


def test_metrics_of_a_call() -> None:
    levels = [-20.0, -25.5, -21.0, None, -27.0, None]
    metrics = talk_metrics([scored(t, v) for t, v in zip(CALL, levels, strict=True)])
    agent, customer = metrics.roles["agent"], metrics.roles["customer"]
    assert (agent.seconds, customer.seconds) == (8, 16.5)
    assert agent.share == pytest.approx(8 / 24.5)
    assert (agent.interruptions, customer.interruptions) == (1, 0)
    assert customer.longest_monologue == 10
    assert agent.syllables_per_minute == pytest.approx(60 * (4 + 3) / 8)
    assert metrics.silence_seconds == pytest.approx(3.5)
    assert metrics.longest_silence == 1.5
    assert metrics.overlap_seconds == pytest.approx(3)
    # Agents' voices have no level here, whatever a scorer says.
    assert metrics.loudness == ((5.0, -25.5), (17.0, -27.0))


def test_a_monologue_ends_with_another_voice_or_a_pause() -> None:
    turns = [turn(C, 0, 4), turn(C, 6, 10), turn(C, 13.5, 14), turn(A, 14, 15), turn(C, 15, 20)]
    assert longest_monologues(turns) == {"customer": 10, "agent": 1}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (turn(A, 5, 7), {"agent": 1}),
        (turn(A, 5, 5.8), {}),  # a listening signal
        (turn(A, 9.7, 12), {}),  # the first was ending anyway
        (turn(A, 0.2, 3), {}),  # both began together
        (turn(C, 5, 7), {}),  # nobody interrupts themselves
        (turn(A, 10, 12), {}),
    ],
)
def test_who_interrupts(second: Turn, expected: dict[str, int]) -> None:
    assert interruptions([turn(C, 0, 10), second]) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("您好，请讲。", 4),
        ("138", 3),
        ("hello world", 3),
        ("我要 refund", 4),
        ("", 0),
        ("……", 0),
        ("hm", 1),
    ],
)
def test_syllables(text: str, count: int) -> None:
    assert syllables(text) == count


def test_no_words_no_pace_and_no_times_no_metrics() -> None:
    assert pace([turn(C, 0, 4)], C) is None
    chat = talk_metrics([scored(Turn(C, "在吗")), scored(Turn(A, "在的", start=3.0))])
    assert chat.to_json() == {
        "roles": {}, "silence_seconds": 0.0, "longest_silence": 0.0, "overlap_seconds": 0.0,
        "loudness": [],
    }  # fmt: skip
    assert talk_metrics([]).roles == {}


def one_monologue(seconds: float, own: list[Turn]) -> bool:
    starts = [t.start for t in own if t.start is not None]
    ends = [t.end for t in own if t.end is not None]
    return any(np.isclose(seconds, b - a) for a in starts for b in ends)


SPANS = st.lists(
    st.tuples(st.sampled_from([A, C, U]), st.integers(0, 40), st.integers(1, 15)), max_size=12
)


@given(SPANS)
def test_bounds_that_always_hold(rows: list[tuple[Role, int, int]]) -> None:
    turns = [turn(role, start, start + length) for role, start, length in rows]
    metrics = talk_metrics([scored(one) for one in turns])
    talk, silence, _ = talk_times(turns)
    assert metrics.longest_silence <= silence + 1e-9
    assert set(metrics.roles) == set(talk)
    for role, one in metrics.roles.items():
        own = [one for one in turns if one.role.value == role]
        assert one_monologue(one.longest_monologue, own)
        assert 0 <= one.interruptions <= len(own)
    if rows:
        assert sum(one.share for one in metrics.roles.values()) == pytest.approx(1)
