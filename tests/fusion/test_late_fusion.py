"""Metamorphic properties of the fused answer, over every shipped fuser."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion.late import NOTHING_USABLE, LateFuser
from multimodal.emotions import EMOTIONS, UNKNOWN, EmotionScores
from multimodal.errors import ModelMissingError
from multimodal.plugins import load_fuser
from multimodal.scoring import MODALITIES, FusedAnswer, Fuser

FUSERS = {name: LateFuser(name) for name in ("default", "labels", "votes")}
NAMES = (*MODALITIES, "heart_rate")
UNIFORM = np.full(7, 1 / 7, dtype=np.float32)

fusers = st.sampled_from(list(FUSERS.values()))


@st.composite
def distributions(draw: st.DrawFn) -> np.ndarray:
    """Peaked, flat, and with exact zeros."""
    raw = np.array(draw(st.lists(st.floats(0, 1), min_size=7, max_size=7))) ** draw(
        st.sampled_from([0.3, 1.0, 8.0])
    )
    total = raw.sum()
    return (raw / total if total > 1e-6 else UNIFORM).astype(np.float32)


@st.composite
def scores(draw: st.DrawFn) -> EmotionScores:
    return EmotionScores(
        draw(distributions()),
        draw(st.floats(0.001, 1)),
        valence=draw(st.none() | st.floats(-1, 1)),
    )


turns = st.dictionaries(st.sampled_from(NAMES), scores(), min_size=1, max_size=4)


def one(fuser: LateFuser, turn: dict[str, EmotionScores]) -> FusedAnswer:
    return fuser.fuse([turn])[0]


def same(a: FusedAnswer, b: FusedAnswer) -> None:
    np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-5)
    assert a.confidence == pytest.approx(b.confidence, abs=1e-5)
    assert a.disagreement == pytest.approx(b.disagreement, abs=1e-5)


@given(fusers, turns)
def test_answer_is_a_distribution_with_its_own_explanation(
    fuser: LateFuser, turn: dict[str, EmotionScores]
) -> None:
    answer = one(fuser, turn)
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert answer.label == EMOTIONS[int(answer.probabilities.argmax())]
    assert answer.confidence == pytest.approx(float(answer.probabilities.max()), abs=1e-6)
    assert -1 <= answer.valence <= 1
    assert 0 <= answer.disagreement <= 1
    assert answer.contributions.keys() == turn.keys()
    assert sum(answer.contributions.values()) == pytest.approx(1)
    assert min(answer.contributions.values()) >= 0
    assert answer.model == fuser.info


@given(fusers, turns, st.sampled_from(NAMES), distributions())
def test_reliability_zero_is_the_same_as_absent(
    fuser: LateFuser, turn: dict[str, EmotionScores], name: str, p: np.ndarray
) -> None:
    without = {key: value for key, value in turn.items() if key != name}
    answer = one(fuser, without | {name: EmotionScores(p, 0.0)})
    if without:
        same(answer, one(fuser, without))
        assert name not in answer.contributions
    else:
        assert answer.label == UNKNOWN


@given(fusers, turns, st.permutations(NAMES))
def test_order_of_modalities_does_not_matter(
    fuser: LateFuser, turn: dict[str, EmotionScores], order: list[str]
) -> None:
    shuffled = {name: turn[name] for name in order if name in turn}
    np.testing.assert_array_equal(
        one(fuser, shuffled).probabilities, one(fuser, turn).probabilities
    )


@given(fusers, turns, st.sampled_from(NAMES), st.floats(0.001, 1))
def test_uniform_score_changes_nothing(
    fuser: LateFuser, turn: dict[str, EmotionScores], name: str, reliability: float
) -> None:
    without = {key: value for key, value in turn.items() if key != name}
    if without:
        uniform = EmotionScores(UNIFORM, reliability)
        answer = one(fuser, without | {name: uniform})
        same(answer, one(fuser, without))
        assert answer.contributions[name] == pytest.approx(0, abs=1e-3) or not any(
            np.ptp(score.probabilities) for score in without.values()
        )


@given(fusers, st.lists(turns, min_size=1, max_size=5))
@settings(max_examples=30)
def test_batch_is_the_same_as_one_by_one_and_deterministic(
    fuser: LateFuser, batch: list[dict[str, EmotionScores]]
) -> None:
    together = fuser.fuse(batch)
    for answer, again, turn in zip(together, fuser.fuse(batch), batch, strict=True):
        same(answer, one(fuser, turn))
        np.testing.assert_array_equal(answer.probabilities, again.probabilities)


@pytest.mark.parametrize("name", FUSERS)
def test_every_subset_follows_what_all_its_channels_say(name: str) -> None:
    angry = np.eye(7, dtype=np.float32)[EMOTIONS.index(EMOTIONS[3])] * 0.94 + np.float32(0.06 / 7)
    angry /= angry.sum()
    for size in range(1, 4):
        for subset in combinations(MODALITIES, size):
            answer = one(FUSERS[name], {m: EmotionScores(angry, 1.0) for m in subset})
            if subset == ("text",) and name == "labels":
                continue  # Angry words alone are most often said by somebody who is calm.
            assert answer.label == "angry", subset
            assert answer.valence < 0
            assert answer.disagreement < 0.5


@pytest.mark.parametrize("name", FUSERS)
def test_unknown_exactly_when_nothing_is_usable(name: str) -> None:
    fuser = FUSERS[name]
    nothing: dict[str, EmotionScores] = {}
    silent = {m: EmotionScores.missing("silence") for m in NAMES}
    for answer in fuser.fuse([nothing, silent]):
        assert (answer.label, answer.confidence, answer.valence) == (UNKNOWN, 0, 0)
        assert answer.reason == NOTHING_USABLE
        assert not answer.contributions
        assert answer.model is None
    assert fuser.fuse([]) == []


def test_contradiction_is_seen_and_agreement_is_not() -> None:
    eye = np.eye(7, dtype=np.float32) * 0.9 + np.float32(0.1 / 7)
    happy, angry = (EmotionScores(eye[i] / eye[i].sum(), 1.0) for i in (1, 3))
    fuser = FUSERS["labels"]
    contradiction = one(fuser, {"voice": happy, "face": angry}).disagreement
    assert contradiction > 0.3
    assert one(fuser, {"voice": angry, "face": angry}).disagreement < contradiction / 3
    assert one(fuser, {"voice": angry}).disagreement == 0


def test_surprise_counts_by_the_valence_that_was_measured() -> None:
    p = np.eye(7, dtype=np.float32)[4]
    pleased, appalled = (
        one(FUSERS["labels"], {"text": EmotionScores(p, 1.0, valence=v)}) for v in (0.9, -0.9)
    )
    assert pleased.valence > appalled.valence + 0.3


def test_it_is_the_installed_fuser_and_fast() -> None:
    fuser = load_fuser()
    assert isinstance(fuser, LateFuser)
    assert isinstance(fuser, Fuser)
    turn = {m: EmotionScores(UNIFORM, 0.5) for m in MODALITIES}
    fuser.fuse([turn])
    times = []
    for _ in range(50):
        start = time.perf_counter()
        fuser.fuse([turn])
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3


def test_missing_checkpoint_is_said() -> None:
    with pytest.raises(ModelMissingError, match="no fusion checkpoint 'nope'"):
        LateFuser("nope")
