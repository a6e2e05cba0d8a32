"""The models' cards, figures by class, terms, and calibration on the site's own calls."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from app.model_cards import calibration, cards
from app.settings import Settings
from app.store.measured import Answered
from multimodal.checkpoints import load_checkpoint
from tests.app.conftest import API
from tests.app.review.calls import ANGRY, call, person


def test_what_is_in_use_comes_first_with_its_terms_and_classes() -> None:
    shipped = load_checkpoint("text", "bert")
    first, *others = cards(Settings(), {shipped.info.sha256})
    assert (first.package, first.name, first.terms) == ("text", "bert", shipped.info.terms)
    assert first.in_use
    assert not any(one.in_use for one in others)
    assert {one.package for one in others} == {"text", "audio", "vision", "fusion"}
    assert first.card.startswith("# bert")
    assert first.megabytes > 1
    measured = {one.name: one for one in first.sets}
    held_out = measured["emotion · smp2020_usual held-out file"]
    assert (
        held_out.figures["accuracy"]
        == shipped.metrics["emotion"]["smp2020_usual held-out file"]["accuracy"]
    )
    assert held_out.per_class["angry"].keys() == {"precision", "recall", "f1", "n"}


def answered(call: int, confidence: float, *, right: bool, slot: int = 1) -> Answered:
    said = "angry" if right else "sad"
    return Answered(call, "", slot, 2, said, "angry", "late@1", confidence)


def test_the_reliability_diagram() -> None:
    sure = [answered(n, 0.95, right=n % 10 != 0) for n in range(100)]
    unsure = [answered(n, 0.45, right=n % 2 == 0) for n in range(50)]
    second = [answered(n, 0.45, right=False, slot=2) for n in range(50)]
    low, high = calibration([*sure, *unsure, *second])
    assert (low.n, low.accuracy) == (50, 0.5)
    assert low.confidence == pytest.approx(0.45)
    assert (high.n, high.accuracy) == (100, 0.9)
    assert high.low < 0.9 < high.high < 1
    assert calibration([answered(1, 1.0, right=True)])[0].n == 1
    assert calibration([]) == []


def test_for_admins_through_the_api(sqlite_client: TestClient) -> None:
    call(sqlite_client, "a", ANGRY)
    boss, li = person(sqlite_client, "supervisor", "boss"), person(sqlite_client, "reviewer", "li")
    boss.ask("POST", "/reviews/draws", {"queue": "random", "share": 1.0})
    task = li.next("random")["id"]
    li.label(task, 2, "angry")
    li.judge(task, dissatisfied=True)
    found = sqlite_client.get(f"{API}/models/checkpoints").json()
    assert {one["terms"] for one in found["data"]} == {"open", "research"}
    (one,) = found["calibration"]
    assert (one["n"], one["accuracy"], one["confidence"]) == (1, 1.0, pytest.approx(0.9))
    assert boss.ask("GET", "/models/checkpoints").status_code == 403
