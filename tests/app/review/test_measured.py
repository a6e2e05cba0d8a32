"""Measured accuracy, agreement, what other models change, and the labels as training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from starlette.testclient import TestClient

from app.settings import Settings
from app.statistics import bootstrap_mean, cohens_kappa, effective_size, sign_test, wilson
from app.store import LOCAL
from multimodal.emotions import EmotionScores
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import TurnInput
from tests.app.conftest import API, OneFuser, WordScorer
from tests.app.review.calls import ANGRY, CALM, call, person, services
from text.labelled import read_labelled


def test_wilson_as_published() -> None:
    # Newcombe 1998, Statistics in Medicine 17, table I: 81 of 263, 0 of 20, 15 of 148.
    for k, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (0, 20, 0.0, 0.1611),
        (15, 148, 0.0624, 0.1605),
    ):
        assert wilson(k, n) == pytest.approx((low, high), abs=6e-5)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=40))
def test_kappa_is_sklearns(pairs: list[tuple[str, str]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    ours = cohens_kappa(first, second)
    if ours is None:
        assert len({*first, *second}) == 1
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


@given(
    st.lists(
        st.integers(1, 8).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), max_size=30
    )
)
def test_turns_of_one_call_count_for_less(clusters: list[tuple[int, int]]) -> None:
    size = effective_size(clusters)
    assert 0 <= size <= sum(n for _, n in clusters)
    low, high = wilson(size * 0.5, size)
    assert 0 <= low <= 0.5 <= high <= 1


def test_clusters_that_agree_with_themselves_are_worth_one_each() -> None:
    alike = [(5, 5), (0, 5)] * 20
    assert effective_size(alike) == pytest.approx(39, rel=0.01)
    mixed = [(k, 5) for k in np.random.default_rng(1).binomial(5, 0.5, 400)]
    assert effective_size(mixed) > 1600


def test_chance_and_intervals() -> None:
    assert sign_test(5, 5) == 1.0
    assert sign_test(10, 0) == pytest.approx(2 / 1024)
    low, high = bootstrap_mean(list(np.random.default_rng(0).normal(2, 1, 400)))
    assert 1.85 < low < 2 < high < 2.15
    assert bootstrap_mean([3.0]) == (3.0, 3.0)


def test_accuracy_by_queue_and_models(client: TestClient) -> None:
    for name in "abcd":
        call(client, name, ANGRY, CALM, queue="售后" if name < "c" else "宽带")
    boss, li = person(client, "supervisor", "boss"), person(client, "reviewer", "li")
    wu = person(client, "reviewer", "wu")
    body = {"queue": "random", "share": 1.0, "second": True, "reviewers": ["li", "wu"]}
    assert boss.ask("POST", "/reviews/draws", body).json()["drawn"] == 4
    for who, labels in ((li, ("angry", "sad")), (wu, ("angry", "neutral"))):
        while task := who.next("random"):
            for turn, label in zip((2, 3), labels, strict=True):
                who.label(task["id"], turn, label)
            who.judge(task["id"], dissatisfied=who is wu)
            # What is said once the models' answers are known does not count.
            who.label(task["id"], 3, "neutral")
    found = li.ask("GET", "/reviews/accuracy").json()
    rows = {(one["by"], one["name"]): one for one in found["turns"]}
    assert rows.keys() == {
        ("all", ""), ("queue", "售后"), ("queue", "宽带"), ("models", "one@1; text=words@1"),
    }  # fmt: skip
    whole = rows["all", ""]
    assert (whole["n"], whole["conversations"], whole["accuracy"]) == (8, 4, 0.5)
    assert 0.1 < whole["low"] < 0.5 < whole["high"] < 0.9
    assert found["agreement_turns"] == {
        "n": 8,
        "share": 0.5,
        "kappa": pytest.approx(0.3333, abs=1e-3),
    }
    assert found["agreement_conversations"]["share"] == 0.0
    # None was flagged, and the first reviewer found none dissatisfied.
    assert found["conversations"][0]["accuracy"] == 1.0


class Other(WordScorer):
    """Another version, which hears the opposite."""

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        order = [3, 1, 2, 0, 4, 5, 6]
        return [
            one if one.is_missing else replace(one, probabilities=one.probabilities[order])
            for one in super().score(inputs)
        ]


def test_what_a_new_model_changes(client: TestClient) -> None:
    number = call(client, "a", ANGRY, ANGRY, CALM)
    li = person(client, "reviewer", "li")
    for turn, label in ((2, "angry"), (3, "neutral"), (4, "sad")):
        path = f"/conversations/{number}/turns/{turn}/corrections"
        assert li.ask("POST", path, {"label": label}).status_code == 201
    assert li.ask("GET", "/reviews/accuracy").json()["changes"] == []
    store = services(client).store
    conversation = store.get(number, LOCAL).scored.conversation
    store.record(number, EmotionMonitor([Other("2")], OneFuser()).score(conversation), LOCAL)
    (one,) = li.ask("GET", "/reviews/accuracy").json()["changes"]
    assert (one["before"], one["after"]) == ("one@1; text=words@1", "one@1; text=words@2")
    assert (one["n"], one["changed"], one["mended"], one["broken"]) == (3, 3, 1, 1)
    assert one["noise"]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_labels_are_what_training_reads(
    sqlite_client: TestClient, tmp_path: Path, form: str
) -> None:
    number = call(sqlite_client, "a", 'er sagt, "no"\n还没发货\u2028！！', "=1+1", CALM)
    call(sqlite_client, "unlabelled", CALM)
    li = person(sqlite_client, "reviewer", "li")
    for turn, label in ((2, "angry"), (3, "sad"), (3, "neutral")):
        path = f"/conversations/{number}/turns/{turn}/corrections"
        li.ask("POST", path, {"label": label})
    answer = li.ask("GET", "/reviews/labels", format=form)
    assert answer.headers["content-disposition"].endswith(f'labels.{form}"')
    file = tmp_path / f"labels.{form}"
    file.write_bytes(answer.content)
    emotions = read_labelled([file])["emotion"]
    assert len(emotions.texts) == 2
    audit = sqlite_client.get(f"{API}/audit", params={"action": "export"}).json()["data"]
    assert audit[0]["detail"] == {"format": f"labels.{form}", "labels": 2}
    assert Settings().appeal_days == 7
