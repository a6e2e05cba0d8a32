"""The text scorer with the checkpoint that ships."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.errors import CheckpointError, ModelMissingError
from multimodal.scoring import Scorer, TurnInput
from text.scorer import TextScorer

SCORER = TextScorer()
ANY_TEXT = st.text(st.characters(), max_size=60)


def score(*texts: str) -> list[EmotionScores]:
    return SCORER.score([TurnInput(Turn(Role.CUSTOMER, text)) for text in texts])


def test_it_is_a_scorer() -> None:
    assert isinstance(SCORER, Scorer)
    assert (SCORER.modality, SCORER.stateful) == ("text", False)
    assert SCORER.needs == frozenset({"text"})
    assert SCORER.info.terms == "research"


@settings(deadline=None)
@given(st.lists(ANY_TEXT, max_size=5))
def test_any_text_is_answered_and_a_batch_is_its_turns_one_by_one(texts: list[str]) -> None:
    batch = score(*texts)
    assert len(batch) == len(texts)
    for text, answer in zip(texts, batch, strict=True):
        (single,) = score(text)
        np.testing.assert_allclose(single.probabilities, answer.probabilities, atol=1e-5)
        assert single.to_json() == answer.to_json()
        stored = Turn(Role.CUSTOMER, text).text
        for span in answer.evidence:
            assert span.kind == "word"
            assert span.start is not None
            assert span.end is not None
            assert stored[int(span.start) : int(span.end)] == span.name


@pytest.mark.parametrize("text", ["", "  ", "\n\t", "\u3000", "\x07"])
def test_a_turn_without_words_is_missing_with_a_reason(text: str) -> None:
    (answer,) = score(text)
    assert answer.is_missing
    assert "no text" in answer.reason
    assert answer.label == "unknown"


@pytest.mark.parametrize(
    "text", ["😡😡", "12345", "ok", "I am really angry about this", "ありがとう"]
)
def test_what_is_not_chinese_is_answered_with_low_reliability(text: str) -> None:
    (answer,) = score(text)
    assert 0 < answer.reliability < 0.2


def test_reliability_falls_with_the_share_of_foreign_words() -> None:
    chinese, mixed, english = score(
        "我的订单怎么还没有发货", "我的 order 怎么还没有 delivery", "where is my order"
    )
    assert chinese.reliability > 0.9 > mixed.reliability > english.reliability


@pytest.mark.parametrize(
    "text",
    [
        "太差劲了，等了三天还没发货，我要投诉你们！",
        "什么破服务，气死我了",
        "你们这是欺骗消费者，太让人失望了",
        "再也不会来买了，垃圾",
        "烦死了，打了十几次电话都没人接",
        "质量太差，用了两天就坏了，后悔死了",
        "客服态度恶劣，非常生气",
    ],
)
def test_an_upset_customer_is_negative(text: str) -> None:
    (answer,) = score(text)
    assert answer.valence is not None
    assert answer.valence < -0.1
    assert answer.heads["polarity"].argmax() == 0


@pytest.mark.parametrize(
    "text",
    [
        "非常满意，谢谢你这么耐心",
        "太好了，问题解决了，开心",
        "东西很好，很喜欢，下次还来",
        "服务态度真好，给你点赞",
        "谢谢，辛苦了，祝你工作愉快",
        "哈哈哈太棒了",
    ],
)
def test_a_pleased_customer_is_positive(text: str) -> None:
    (answer,) = score(text)
    assert answer.valence is not None
    assert answer.valence > 0.1
    assert answer.heads["polarity"].argmax() == 2


def test_the_evidence_names_the_words() -> None:
    text = "昨天下单的，气死我了，今天几点送到"
    (answer,) = score(text)
    assert answer.label == "angry"
    strongest = answer.evidence[0]
    assert "气死" in strongest.name
    assert strongest.weight > 0
    assert len(answer.evidence) <= 5


def test_satisfaction_heads_tell_thanks_from_complaint() -> None:
    thanks, complaint = score("好的，谢谢", "你们怎么还不给我处理，都几天了")
    for head in ("turn_satisfaction", "conversation_satisfaction"):
        assert thanks.heads[head][2] > complaint.heads[head][2]
        assert thanks.heads[head][0] < complaint.heads[head][0]


def test_a_very_long_turn_is_read_in_a_window_and_says_so() -> None:
    start = time.perf_counter()
    (answer,) = score("气死我了！" + "嗯啊" * 49_000 + "太差劲了！")
    assert "of 98,010 characters" in answer.reason
    assert time.perf_counter() - start < 1
    assert all(span.end is not None and span.end <= 98_010 for span in answer.evidence)


def test_it_answers_the_same_every_time_and_in_order() -> None:
    texts = ["谢谢", "", "气死我了", "几点送到", "\ud800", "哈哈"]
    first, second = (
        score(*texts),
        TextScorer().score([TurnInput(Turn(Role.CUSTOMER, text)) for text in texts]),
    )
    assert [a.to_json() for a in first] == [b.to_json() for b in second]
    assert [a.to_json() for a in score(*reversed(texts))] == [a.to_json() for a in first][::-1]


def test_serving_imports_no_training_library_and_is_quick() -> None:
    program = """
import json, sys, time
from multimodal.conversation import Role, Turn
from multimodal.scoring import TurnInput
start = time.perf_counter()
from text.scorer import TextScorer
TextScorer().score([TurnInput(Turn(Role.CUSTOMER, "气死我了"))])
seconds = time.perf_counter() - start
heavy = {"torch", "sklearn", "transformers", "pandas", "scipy"} & set(sys.modules)
print(json.dumps({"seconds": seconds, "heavy": sorted(heavy)}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert found["seconds"] < 5  # Under 1 s on an idle machine; tests share theirs.


def test_a_checkpoint_by_path(tmp_path: Path) -> None:
    shipped = Path(str(sys.modules[TextScorer.__module__].__file__)).parent / "checkpoints/bert"
    copy = tmp_path / "mine"
    copy.mkdir()
    for file in shipped.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert TextScorer(str(copy)).info == SCORER.info
    config = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps({**config, "kind": "poem"}), "utf-8")
    with pytest.raises(CheckpointError, match="poem"):
        TextScorer(str(copy)).score([])
    (copy / "vocabulary.txt").write_text("x\n", "utf-8")
    with pytest.raises(CheckpointError, match=r"vocabulary\.txt"):
        TextScorer(str(copy)).score([])
    with pytest.raises(ModelMissingError):
        TextScorer("no-such").score([])
