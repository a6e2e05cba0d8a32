"""Whether a rule is met: tables, and properties that hold for every conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.evaluate import evaluate, grounded
from app.alerts.rules import Rule
from fusion.late import LateFuser
from multimodal.conversation import Channel, Conversation, Role
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.scoring import FusedAnswer, ScoredConversation, ScoredTurn, Trajectory
from multimodal.tags import Basis, Tag, Tagged
from tests.app.alerts.conversations import NOON, agent, conversation, turn


def rule(metric: str, **more: Any) -> Rule:
    return Rule.model_validate({"name": "x", "metric": metric, **more})


ANGRY = rule("state", choices=["anger"], needed=2, window=3)
A, N, U = turn("angry"), turn(), turn("unknown", "")
HURRIED = replace(N, tags=(Tagged(Tag.URGE, Basis.MEASURED),))


@pytest.mark.parametrize(
    ("turns", "cause"),
    [
        ([], None),
        ([A], None),
        ([A, A], 2),
        ([A, N, A], 3),
        ([A, N, N, A], None),
        ([A, A, N], 2),
        ([A, A, N, N], None),
        ([A, agent(), agent(), A], 4),  # An agent's turns are not asked.
        ([A, U, U, A], 4),  # Nor are those without an answer.
        ([A] * 20, 20),
    ],
)
def test_angry_in_two_of_three(turns: list[ScoredTurn], cause: int | None) -> None:
    assert evaluate(ANGRY, conversation(*turns), NOON) == cause


@pytest.mark.parametrize(
    ("asked", "turns", "cause"),
    [
        (rule("level", choices=["heated"]), [A, A, turn(text="好")], 2),
        (rule("level", choices=["watch"]), [turn("sad")], 1),
        (rule("level", choices=["dissatisfied"]), [N, turn(risk=0.6)], 2),
        (rule("level", choices=["heated"]), [N, A], None),
        (rule("state", choices=["low", "worried"]), [turn("fear")], 1),
        (rule("state", choices=["anger"]), [turn("angry", p=0.3)], None),  # Too unsure for a state.
        (rule("tag", choices=["abuse"]), [turn(text="你们这帮傻逼"), agent()], 1),
        (rule("tag", choices=["thanks", "urge"]), [turn("unknown", "麻烦尽快")], 1),
        (rule("tag", choices=["complaint"]), [turn(text="我不是要投诉")], None),
        (rule("tag", choices=["complaint"]), [turn(text="投诉", role=Role.AGENT)], None),
        (rule("tag", choices=["urge"], needed=2, window=3), [turn(text="催"), N, N], None),
        (rule("tag", choices=["urge"]), [HURRIED, N], None),  # Of the latest turn only.
        (rule("tag", choices=["urge"], window=2), [HURRIED, N], 1),  # By the voice.
        (rule("emotion", choices=["angry", "disgust"], threshold=0.8), [A], 1),
        (rule("emotion", choices=["angry"], threshold=0.9), [A], None),
        (rule("emotion", choices=["angry"], threshold=0.1), [U], None),
        (rule("risk", threshold=0.5), [turn(risk=0.5)], 1),
        (rule("risk", threshold=0.5), [turn(risk=0.49)], None),
        (rule("disagreement", threshold=0.6), [turn(disagreement=0.7)], 1),
        (rule("sentiment_drop", threshold=4), [turn("happy")] * 3 + [A] * 3, 6),
        (rule("sentiment_drop", threshold=4), [A] * 3 + [turn("happy")] * 3, None),
        (rule("overlap", threshold=1), [agent(0, 5), turn(start=3.5, end=6)], 2),
        (rule("overlap", threshold=2), [agent(0, 5), turn(start=3.5, end=6)], None),
        (rule("overlap", threshold=1), [agent(), turn()], None),
        (rule("words", words=["投诉"]), [turn(text="投诉"), agent()], 1),
        (rule("words", words=["稍等"]), [agent()], None),  # What an agent says is not asked.
        (rule("words", words=["钱"], needed=2, window=4), [turn(text="钱"), N, turn(text="钱")], 3),
    ],
)
def test_metrics(asked: Rule, turns: list[ScoredTurn], cause: int | None) -> None:
    assert evaluate(asked, conversation(*turns), NOON) == cause


def high(start: float | None, risk: float = 0.9) -> ScoredTurn:
    return turn(risk=risk, start=start, end=None if start is None else start + 1)


@pytest.mark.parametrize(
    ("turns", "idle", "cause"),
    [
        ([high(0)], 59, None),
        ([high(0)], 60, 1),
        ([high(0), high(40)], 19, None),
        ([high(0), high(40)], 21, 1),
        ([high(0), high(70)], 0, 1),
        ([high(0), high(30, 0.1), high(70)], 30, None),
        ([high(0), agent(50, 61)], 0, 1),
        ([high(None), high(None)], 60, 2),  # Without times: since the last turn at least.
        ([high(None), high(None)], 59, None),
    ],
)
def test_risk_high_for_a_minute(turns: list[ScoredTurn], idle: float, cause: int | None) -> None:
    asked = rule("risk", threshold=0.6, seconds=60)
    assert evaluate(asked, conversation(*turns), NOON, idle) == cause


@pytest.mark.parametrize(
    ("turns", "idle", "cause"),
    [
        ([turn(start=0)], 60, 1),
        ([turn(start=0)], 59, None),
        ([turn(start=0), turn(start=50)], 10, 1),
        ([turn(start=0), agent(30)], 90, None),
        ([agent(0), turn(start=5)], 60, 2),
        ([turn(), turn()], 60, 2),
        ([turn(start=0), turn("unknown", role=Role.BOT, start=2)], 90, None),
    ],
)
def test_a_chat_waits(turns: list[ScoredTurn], idle: float, cause: int | None) -> None:
    asked = rule("waiting", threshold=60)
    assert evaluate(asked, conversation(*turns), NOON, idle) == cause
    call = conversation(*turns, channel=Channel.PHONE)
    assert evaluate(asked, call, NOON, idle) is None


@pytest.mark.parametrize(
    ("turns", "idle", "cause"),
    [
        ([turn(start=0, end=2)], 30, 1),
        ([turn(start=0, end=2)], 29, None),
        ([turn(start=0, end=2), agent(32, 33)], 0, 1),
        ([turn(start=0, end=2), agent(31, 33)], 0, None),
        ([turn(), turn()], 0, None),
    ],
)
def test_silence(turns: list[ScoredTurn], idle: float, cause: int | None) -> None:
    call = conversation(*turns, channel=Channel.PHONE)
    assert evaluate(rule("silence", threshold=30), call, NOON, idle) == cause


def test_where_and_when_it_holds() -> None:
    found = conversation(A, A)
    assert evaluate(ANGRY.model_copy(update={"queues": ("售后",)}), found, NOON) == 2
    assert evaluate(ANGRY.model_copy(update={"queues": ("投诉",)}), found, NOON) is None
    assert evaluate(ANGRY.model_copy(update={"channels": (Channel.PHONE,)}), found, NOON) is None
    night = ANGRY.model_copy(update={"hours": ("22:00", "06:00")})
    assert evaluate(night, found, NOON) is None
    assert evaluate(night, found, NOON + timedelta(hours=11)) == 2


class AngerFuser:
    """The risk is the share of angry answers so far."""

    info = ModelInfo("anger", "1")

    def fuse(self, turns: Sequence[Mapping[str, EmotionScores]]) -> list[FusedAnswer]:
        raise NotImplementedError

    def track(
        self,
        whole: Conversation,
        scores: Sequence[Mapping[str, EmotionScores]],
        answers: Sequence[FusedAnswer],
    ) -> Trajectory:
        angry = [answer.label == "angry" for answer in answers]
        return Trajectory(tuple(sum(angry[: i + 1]) / (i + 1) for i in range(len(angry))))


LOOSE = [
    rule("level", choices=["watch"]),
    rule("state", choices=["anger"]),
    rule("emotion", choices=["angry"], threshold=0.1),
    rule("risk", threshold=0.05),
    rule("sentiment_drop", threshold=0.5),
    rule("disagreement", threshold=0.05),
]


def test_the_face_alone_raises_nothing() -> None:
    calm = turn("neutral")
    grim = turn("angry", face=0.9, disagreement=0.9, risk=0.9)
    seen = grounded(conversation(calm, grim, grim, grim), AngerFuser())
    for asked in LOOSE:
        assert evaluate(asked, seen, NOON, 1000) is None, asked.metric
    # With words that say most of it, the same answers do.
    heard = turn("angry", face=0.4, disagreement=0.9, risk=0.9)
    told = grounded(conversation(calm, heard, heard, heard), AngerFuser())
    for asked in LOOSE:
        assert evaluate(asked, told, NOON, 1000) is not None, asked.metric


def test_words_count_whatever_the_face_does() -> None:
    seen = grounded(conversation(turn("angry", "我要投诉", face=1.0)), AngerFuser())
    assert evaluate(rule("words", words=["投诉"]), seen, NOON) == 1
    assert evaluate(rule("tag", choices=["complaint"]), seen, NOON) == 1


def test_the_real_fuser_gives_the_risk_anew() -> None:
    fuser = LateFuser()
    grim = turn("angry", face=1.0, risk=0.9)
    seen = grounded(conversation(turn(), grim, grim), fuser)
    assert [one.answer.label for one in seen.turns] == ["neutral", "unknown", "unknown"]
    assert seen.risk < 0.5


def in_order(turns: list[ScoredTurn]) -> list[ScoredTurn]:
    """The same turns, none starting before the one in front of it."""
    latest = 0.0
    ordered = []
    for one in turns:
        if one.turn.start is not None:
            latest = max(latest, one.turn.start)
            one = replace(one, turn=replace(one.turn, start=latest))
        ordered.append(one)
    return ordered


usable = st.sampled_from(["angry", "neutral", "happy", "sad", "disgust"])
labels = usable | st.just("unknown")
turns_given = st.lists(
    st.builds(
        turn,
        labels,
        st.sampled_from(["嗯", "投诉", "好的，谢谢", ""]),
        role=st.sampled_from(list(Role)),
        start=st.none() | st.floats(0, 600),
        risk=st.floats(0, 1),
        face=st.floats(0, 1),
        p=st.floats(0.2, 1),
        disagreement=st.floats(0, 1),
    ),
    max_size=12,
)
rules_given = st.sampled_from(
    [
        *LOOSE,
        ANGRY,
        rule("words", words=["投诉"]),
        rule("tag", choices=["complaint", "thanks"]),
        rule("risk", threshold=0.5, seconds=60),
        rule("state", choices=["anger"], seconds=30),
        rule("silence", threshold=30),
        rule("waiting", threshold=60),
    ]
)


@settings(max_examples=200)
@given(rules_given, turns_given, st.floats(0, 600))
def test_for_every_conversation(asked: Rule, turns: list[ScoredTurn], idle: float) -> None:
    whole = conversation(*in_order(turns))
    number = evaluate(asked, whole, NOON, idle)
    if number is not None:
        assert 1 <= number <= len(turns)
        if asked.metric != "silence":
            assert turns[number - 1].turn.role in (Role.CUSTOMER, Role.UNKNOWN)
        # What lasts, lasts: waiting on does not undo it, nor move it.
        if asked.by_time:
            assert evaluate(asked, whole, NOON, idle + 1) is not None
    # An agent's emotion is never asked, whatever stood in it.
    staff = [replace(one, turn=replace(one.turn, role=Role.AGENT)) for one in turns]
    if asked.metric != "silence":
        assert evaluate(asked, conversation(*in_order(staff)), NOON, idle) is None


@settings(max_examples=100)
@given(rules_given, st.lists(st.builds(turn, usable, face=st.floats(0.51, 1), risk=st.just(0.9))))
def test_for_every_conversation_of_faces_alone(asked: Rule, turns: list[ScoredTurn]) -> None:
    if asked.metric in ("silence", "waiting"):
        return
    alone: ScoredConversation = grounded(conversation(*turns), AngerFuser())
    assert evaluate(asked, alone, NOON, 1000) is None
