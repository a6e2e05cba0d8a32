"""Quarters, talk times, pace, and the causal risk."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.calibration import service_prior
from fusion.corpora import Case
from fusion.history import FEATURES, history
from fusion.late import LateFuser
from fusion.risk import RiskModel
from fusion.trajectory import quarters, sentiment_of, turn_sentiment
from multimodal.checkpoints import save_checkpoint
from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores
from multimodal.errors import CheckpointError
from multimodal.scoring import FusedAnswer, Trajectory
from multimodal.talk import talk_times

FUSER = LateFuser()
CUSTOMER, AGENT, STRANGER = Role.CUSTOMER, Role.AGENT, Role.UNKNOWN


def said(emotion: str, sure: float = 0.9) -> EmotionScores:
    p = np.full(7, (1 - sure) / 6, dtype=np.float32)
    p[EMOTIONS.index(emotion)] = sure
    satisfaction = {"angry": (0.9, 0.05, 0.05), "happy": (0.05, 0.05, 0.9)}
    head = np.array(satisfaction.get(emotion, (0.1, 0.8, 0.1)), dtype=np.float32)
    return EmotionScores(p, 1.0, heads={"turn_satisfaction": head})


def track(turns: Sequence[tuple[Turn, EmotionScores | None]]) -> Trajectory:
    conversation = Conversation("c", tuple(turn for turn, _ in turns))
    scores = [{"text": score} if score is not None else {} for _, score in turns]
    return FUSER.track(conversation, scores, FUSER.fuse(scores))


utterances = st.lists(
    st.tuples(
        st.sampled_from([CUSTOMER, AGENT, STRANGER, Role.BOT]),
        st.sampled_from(["angry", "happy", "neutral", "sad", ""]),
        st.integers(0, 60),
    ),
    max_size=12,
)


@given(utterances, utterances)
@settings(max_examples=50)
def test_risk_depends_on_nothing_later(
    first: list[tuple[Role, str, int]], later: list[tuple[Role, str, int]]
) -> None:
    def turns(rows: list[tuple[Role, str, int]]) -> list[tuple[Turn, EmotionScores | None]]:
        return [
            (Turn(role, "话" * n), said(e) if e and role in (CUSTOMER, STRANGER) else None)
            for role, e, n in rows
        ]

    alone = track(turns(first)).risk
    whole = track(turns(first + later)).risk
    assert len(whole) == len(first) + len(later)
    assert all(0 <= risk <= 1 for risk in whole)
    np.testing.assert_allclose(whole[: len(first)], alone, atol=1e-5)


def test_anger_raises_the_risk_and_joy_lowers_it() -> None:
    def end(emotion: str) -> float:
        rows = [(Turn(CUSTOMER, "一二三四五六"), said(emotion)), (Turn(AGENT, "好的"), None)]
        return track(rows * 6).risk[-1]

    assert end("angry") > end("neutral") + 0.2
    assert end("happy") < end("neutral")


def test_stranger_and_empty_conversation() -> None:
    assert track([]) == Trajectory(model=FUSER._risk.info)
    rows = [(Turn(CUSTOMER, "喂"), said("angry")), (Turn(STRANGER, "喂"), said("happy"))]
    told = track(rows)
    assert told.risk[1] == told.risk[0]
    assert told.sentiment[0] is not None
    assert told.sentiment[0] < 0


def test_agent_scores_never_matter() -> None:
    calm = [(Turn(CUSTOMER, "你好"), said("neutral")), (Turn(AGENT, "你好"), None)]
    angry_agent = [calm[0], (calm[1][0], said("angry"))]
    assert track(calm).risk == track(angry_agent).risk
    assert track(calm).sentiment == track(angry_agent).sentiment


def test_amazon_published_quarters(shared: Path) -> None:
    file = shared / "samples/transcripts/aws_transcribe_call_analytics/example-call.json"
    call = json.loads(file.read_text("utf-8"))
    own = [turn for turn in call["Transcript"] if turn["ParticipantRole"] == "CUSTOMER"]
    turns = [
        Turn(CUSTOMER, t["Content"], t["BeginOffsetMillis"] / 1000, t["EndOffsetMillis"] / 1000)
        for t in own
    ]
    order = ("NEGATIVE", "NEUTRAL", "POSITIVE")
    ours = quarters(turns, np.eye(3)[[order.index(t["Sentiment"]) for t in own]])
    theirs = call["ConversationCharacteristics"]["Sentiment"]["SentimentByPeriod"]["QUARTER"]
    for mine, published in zip(ours, theirs["CUSTOMER"], strict=True):
        assert mine is not None
        assert np.sign(mine) == np.sign(published["Score"])
        assert mine == pytest.approx(published["Score"], abs=0.9)


def test_quarters_without_times_go_by_the_sequence() -> None:
    turns = [Turn(CUSTOMER, str(i)) for i in range(4)]
    sentiment = np.array([[1.0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert quarters(turns, sentiment) == (-5.0, None, 0.0, 5.0)
    assert quarters([], np.zeros((0, 3))) == (None,) * 4


def test_shift_is_last_minus_first_known_quarter() -> None:
    rows = [(Turn(CUSTOMER, "话"), said(e)) for e in ("angry", "neutral", "neutral", "happy")]
    told = track(rows)
    assert told.sentiment[0] is not None
    assert told.sentiment[3] is not None
    assert told.shift is not None
    assert told.shift == pytest.approx(told.sentiment[3] - told.sentiment[0])
    assert told.shift > 1
    assert track(rows[:1]).shift is None


def test_talk_silence_overlap_and_pace() -> None:
    told = track(
        [
            (Turn(CUSTOMER, "一 二三", 1.0, 4.0), None),
            (Turn(AGENT, "四五", 3.0, 6.0), None),
            (Turn(AGENT, "六", 5.0, 7.0), None),
            (Turn(CUSTOMER, "七八九", 10.0, 13.0), None),
            (Turn(CUSTOMER, "无时"), None),
        ]
    )
    assert told.talk_seconds == {"customer": 6.0, "agent": 4.0}
    assert told.silence_seconds == pytest.approx(3.0)
    assert told.overlap_seconds == pytest.approx(1.0)
    assert told.characters_per_minute == pytest.approx(60 * 6 / 6)


spans = st.lists(
    st.tuples(st.sampled_from([CUSTOMER, AGENT]), st.integers(0, 30), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)


@given(spans)
def test_talk_times_against_counting_seconds(rows: list[tuple[Role, int, int]]) -> None:
    turns = [Turn(r, "", float(a), float(a + n)) for r, a, n in sorted(rows, key=lambda x: x[1])]
    talk, silence, overlap = talk_times(turns)
    speakers = [
        {
            t.role
            for t in turns
            if t.start is not None and t.end is not None and t.start <= s < t.end
        }
        for s in range(40)
    ]
    first = min(i for i, who in enumerate(speakers) if who)
    last = max(i for i, who in enumerate(speakers) if who)
    assert sum(talk.values()) == sum(len(who) for who in speakers)
    assert overlap == sum(len(who) > 1 for who in speakers)
    assert silence == sum(not who for who in speakers[first:last])


def test_sentiment_of_answers() -> None:
    surprise = np.eye(7)[4]
    np.testing.assert_allclose(sentiment_of(surprise, 0.0), [0, 1, 0])
    np.testing.assert_allclose(sentiment_of(surprise, -0.4), [0.4, 0.6, 0])
    np.testing.assert_allclose(sentiment_of(np.eye(7)[3], 0.0), [1, 0, 0])
    assert not turn_sentiment(FusedAnswer.unknown("silence"), {}).any()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=3))
def test_what_rests_on_little_counts_as_neutral(reliability: list[float]) -> None:
    p = said("angry").probabilities
    scores = {f"m{i}": EmotionScores(p, r) for i, r in enumerate(reliability)}
    answer = FUSER.fuse([{"text": said("angry")}])[0]
    sure = turn_sentiment(answer, {"text": said("angry")})
    usable = 1 - np.prod([1 - r for r in reliability])
    sentiment = turn_sentiment(answer, scores)
    np.testing.assert_allclose(sentiment.sum(), 1)
    np.testing.assert_allclose(sentiment - [0, 1, 0], usable * (sure - [0, 1, 0]), atol=1e-12)
    absent = {**scores, "other": EmotionScores(p, 0.0)}
    np.testing.assert_array_equal(turn_sentiment(answer, absent), sentiment)


def test_unreadable_anger_hardly_raises_the_risk() -> None:
    turn = Turn(CUSTOMER, "where is my parcel")
    angry = said("angry")
    faint = EmotionScores(angry.probabilities, 0.05, heads=angry.heads)
    calm = track([(turn, said("neutral"))] * 4).risk[-1]
    unread = track([(turn, faint)] * 4).risk[-1]
    assert abs(unread - calm) < (track([(turn, angry)] * 4).risk[-1] - calm) / 3


def test_calibration_changes_the_frequencies_and_not_what_was_seen() -> None:
    model = RiskModel.load("trajectory")
    x = history([True, False], np.array([[0.8, 0.1, 0.1], [0, 0, 0]]), [5, 5])
    log_p = np.log(model.outcomes(x))
    expected = np.exp(model.scale * log_p + model.scale_bias)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.calibrated(x), expected, atol=1e-6)
    plain = replace(model, scale=np.ones(1), scale_bias=np.zeros(3))
    np.testing.assert_allclose(plain.calibrated(x), model.outcomes(x), atol=1e-6)


def test_service_prior_has_the_shares_that_people_gave() -> None:
    turns = (Turn(CUSTOMER, "话"),) * 4
    case = Case(Conversation("c", turns), 2, (0, 1, 2, 2))
    prior = np.array([0.3, 0.2, 0.05, 0.2, 0.1, 0.1, 0.05])
    moved = service_prior(prior, [case])
    assert moved.sum() == pytest.approx(1)
    assert moved[1] == pytest.approx(0.5)
    assert moved[[2, 3, 5, 6]].sum() == pytest.approx(0.25)
    assert moved[2] / moved[3] == pytest.approx(prior[2] / prior[3])


def test_trees_answer_as_those_of_scikit_learn() -> None:
    pytest.importorskip("torch")
    from sklearn.ensemble import HistGradientBoostingClassifier

    from fusion.fitting import _arrays_of

    rng = np.random.default_rng(0)
    x, y = rng.random((900, len(FEATURES))), rng.integers(0, 3, 900)
    x[:, 0] += y / 3
    boosted = HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=7, early_stopping=False)
    boosted.fit(x, y)
    model = replace(RiskModel.load("trajectory"), **_arrays_of(boosted))
    np.testing.assert_allclose(model.outcomes(x[:50]), boosted.predict_proba(x[:50]), atol=1e-12)


@pytest.mark.parametrize("name", ["left", "feature", "value"])
def test_trees_that_lead_nowhere_are_refused(tmp_path: Path, name: str) -> None:
    model = RiskModel.load("trajectory")
    broken = {"left": model.left * 0, "feature": model.feature + 99, "value": model.value[:, :3]}
    changed: dict[str, Any] = {name: broken[name]}
    replace(model, **changed).save(tmp_path / "weights.npz")
    config = {"name": "own", "version": "1", "terms": "research", "head_share": 0.5}
    save_checkpoint(tmp_path, config=config, metrics={}, files=["weights.npz"], card="")
    with pytest.raises(CheckpointError, match="no risk model"):
        RiskModel.load(str(tmp_path))


def test_track_of_25_turns_is_fast() -> None:
    rows = [(Turn((CUSTOMER, AGENT)[i % 2], "话" * 9), said("sad")) for i in range(25)]
    conversation = Conversation("c", tuple(turn for turn, _ in rows))
    scores = [{"text": score} if score is not None else {} for _, score in rows]
    answers = FUSER.fuse(scores)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        FUSER.track(conversation, scores, answers)
        times.append(time.perf_counter() - start)
    assert min(times) < 2e-3
