"""Batch and live are one code; what is carried is carried causally; nothing of a batch is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from multimodal import EmotionMonitor, LiveConversation
from multimodal.conversation import Conversation, Media, Role, Turn
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.errors import EmotionMonitorError
from multimodal.formats import read_transcript
from multimodal.scoring import Need, ScoredConversation, TurnInput


class CountingScorer:
    """A fourth modality that counts the turns of each speaker in its carried state."""

    modality = "counting"
    needs: frozenset[Need] = frozenset({"text"})
    stateful = True
    info = ModelInfo("counting", "1")

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        answers = []
        for item in inputs:
            count = (item.state or {"count": 0})["count"] + 1
            p = np.full(7, 0.1, dtype=np.float32)
            p[count % 7] = 0.4
            answers.append(EmotionScores(p, 0.5, model=self.info, state={"count": count}))
        return answers


class BrokenScorer(CountingScorer):
    modality = "broken"
    stateful = False

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        return super().score(inputs)[:-1]


def one_sample(samples: Path, channel: str) -> Conversation:
    for path in sorted(samples.glob("*.jsonl")):
        for item in read_transcript(path):
            assert isinstance(item, Conversation)
            if item.channel == channel:
                return item
    raise AssertionError(f"the samples have no {channel} conversation")


def same(a: ScoredConversation, b: ScoredConversation) -> None:
    for left, right in zip(a.turns, b.turns, strict=True):
        for modality in left.scores:
            np.testing.assert_allclose(
                left.scores[modality].probabilities,
                right.scores[modality].probabilities,
                atol=1e-5,
            )
            assert left.scores[modality].reason == right.scores[modality].reason
        np.testing.assert_allclose(left.answer.probabilities, right.answer.probabilities, atol=1e-5)
        assert left.risk == pytest.approx(right.risk, abs=1e-5)


@pytest.mark.parametrize("channel", ["chat", "phone"])
def test_live_equals_batch(samples: Path, channel: str) -> None:
    conversation = one_sample(samples, channel)
    monitor = EmotionMonitor()
    batch = monitor.score(conversation)
    live = LiveConversation(monitor, replace(conversation, turns=conversation.turns[:2]))
    for turn in conversation.turns[2:6]:
        live.add(turn)
    resumed = LiveConversation.resume(monitor, live.scored)
    for turn in conversation.turns[6:]:
        resumed.add(turn)
    same(batch, resumed.scored)


def test_many_equal_one_by_one_in_their_order(samples: Path) -> None:
    conversations = [
        item
        for path in sorted(samples.glob("*.jsonl"))
        for item in read_transcript(path)
        if isinstance(item, Conversation) and item.channel == "chat"
    ]
    monitor = EmotionMonitor()
    many = list(monitor.score_many(conversations * 20))
    assert [s.conversation for s in many] == conversations * 20
    for scored, conversation in zip(many, conversations, strict=False):
        same(scored, monitor.score(conversation))


def test_state_is_carried_by_speaker_and_never_from_agents() -> None:
    turns = (
        Turn(Role.CUSTOMER, "一", speaker="A"),
        Turn(Role.AGENT, "二"),
        Turn(Role.CUSTOMER, "三", speaker="B"),
        Turn(Role.CUSTOMER, "四", speaker="A"),
    )
    scored = EmotionMonitor([CountingScorer()]).score(Conversation("c", turns))
    assert scored.states["counting"] == {"A": {"count": 2}, "B": {"count": 1}}


def test_conversations_are_read_only_as_they_are_needed() -> None:
    read = []

    def endless() -> object:
        number = 0
        while True:
            read.append(number)
            yield Conversation(f"c{number}", (Turn(Role.CUSTOMER, "你好"),))
            number += 1

    results = EmotionMonitor([CountingScorer()]).score_many(endless())  # type: ignore[arg-type]
    next(results)
    assert len(read) <= 64


def test_an_empty_conversation_is_scored() -> None:
    scored = EmotionMonitor([CountingScorer()]).score(Conversation("c"))
    assert scored.turns == ()
    assert scored.risk == 0


def test_a_scorer_that_loses_answers_is_named() -> None:
    conversation = Conversation("c", (Turn(Role.CUSTOMER, "你好"),))
    with pytest.raises(EmotionMonitorError, match="broken scorer .* gave 0 answers to 1 turns"):
        EmotionMonitor([BrokenScorer()]).score(conversation)


def test_a_missing_recording_is_said_and_the_words_are_scored(tmp_path: Path) -> None:
    conversation = Conversation(
        "c",
        (Turn(Role.CUSTOMER, "我非常生气！", start=0.0, end=2.0),),
        notice="N-1",
        media=(Media(tmp_path / "gone.wav", {0: Role.CUSTOMER}),),
    )
    scored = EmotionMonitor().score(conversation)
    assert "gone.wav" in scored.notes[0]
    assert not scored.turns[0].scores["text"].is_missing
    assert scored.turns[0].scores["voice"].reason == "no recording"
    assert scored.turns[0].answer.label != "unknown"


def test_a_turn_that_comes_late_takes_its_place() -> None:
    live = LiveConversation(
        EmotionMonitor([CountingScorer()]),
        Conversation("c", (Turn(Role.CUSTOMER, "一", start=5.0),)),
    )
    assert live.add(Turn(Role.CUSTOMER, "三", start=3.0)) == 0
    assert live.add(Turn(Role.AGENT, "没有时间")) == 2
    assert live.add(Turn(Role.CUSTOMER, "二", start=5.0)) == 3
    assert live.add(Turn(Role.CUSTOMER, "四", start=6.0)) == 4
    said = [one.turn.text for one in live.scored.turns]
    assert said == ["三", "一", "没有时间", "二", "四"]
    assert said == [turn.text for turn in live.scored.conversation.turns]
    # State is carried as they came: a turn that is there keeps its score.
    assert live.scored.states["counting"]["customer"] == {"count": 4}


def test_any_order_of_turns_ends_in_the_same_answers(samples: Path) -> None:
    conversation = one_sample(samples, "chat")
    monitor = EmotionMonitor()
    batch = monitor.score(conversation)
    live = LiveConversation(monitor, replace(conversation, turns=()))
    turns = list(conversation.turns)
    for turn in [*turns[1::2], *turns[::2]]:
        live.add(turn)
    assert live.scored.conversation == conversation
    for one, other in zip(batch.turns, live.scored.turns, strict=True):
        if one.turn.role is not Role.CUSTOMER:
            assert one.answer.label == other.answer.label == "unknown"
    assert len(live.scored.trajectory.risk) == len(turns)
