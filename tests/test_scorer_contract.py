"""What every scorer promises, tested once over all that are installed."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from multimodal.conversation import Role, Turn
from multimodal.emotions import FloatArray
from multimodal.plugins import load_scorers
from multimodal.scoring import Frame, Scorer, TurnInput

RATE = 8000
SCORERS = {scorer.modality: scorer for scorer in load_scorers()}


def speech(seconds: float = 2.0, pitch: float = 180.0, *, seed: int = 0) -> FloatArray:
    """A buzzing, gently gliding vowel with syllables and some noise: voiced, like speech."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 15))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 3.5 * time)
    samples = 0.15 * tone * syllables + 0.003 * rng.standard_normal(len(time))
    return samples.astype(np.float32)


def face_frames(shift: int = 0) -> Callable[[], Iterator[Frame]]:
    """A video of the astronaut portrait that scikit-image ships."""
    from skimage.data import astronaut

    portrait = astronaut()  # type: ignore[no-untyped-call]
    image = np.ascontiguousarray(np.roll(portrait, shift, axis=1)[:400, 80:480])
    return lambda: (Frame(i / 5, image) for i in range(6))


def blank_frames(value: int) -> Callable[[], Iterator[Frame]]:
    image = np.full((120, 160, 3), value, dtype=np.uint8)
    return lambda: (Frame(i / 5, image) for i in range(4))


def usable(index: int) -> TurnInput:
    """A turn that every modality can make something of."""
    words = ["都三天了还没发货，太让人生气了！", "好的，谢谢您，问题解决了。", "请问什么时候能到？"]
    return TurnInput(
        Turn(Role.CUSTOMER, words[index % 3], start=0.0, end=2.0),
        audio=speech(pitch=140 + 40 * index, seed=index),
        rate=RATE,
        frames=face_frames(4 * index),
    )


NOTHING = TurnInput(Turn(Role.CUSTOMER, "", start=0.0, end=1.0), reason="no recording")
UNUSABLE = {
    "nothing at all": NOTHING,
    "empty": replace(NOTHING, audio=np.zeros(0, np.float32), rate=RATE, frames=lambda: iter(())),
    "blank, silent and black": replace(
        NOTHING,
        turn=replace(NOTHING.turn, text=" \n\t\u3000 "),
        audio=np.zeros(RATE, np.float32),
        rate=RATE,
        frames=blank_frames(0),
    ),
    "NaN and white": replace(
        NOTHING, audio=np.full(RATE, np.nan, np.float32), rate=RATE, frames=blank_frames(255)
    ),
    "infinite, and one pixel": replace(
        NOTHING,
        audio=np.full(RATE, np.inf, np.float32),
        rate=RATE,
        frames=lambda: iter([Frame(0.0, np.zeros((1, 1, 3), np.uint8))]),
    ),
}

each_scorer = pytest.mark.parametrize("scorer", SCORERS.values(), ids=SCORERS)


def test_the_three_modalities_are_installed() -> None:
    assert list(SCORERS)[:3] == ["text", "voice", "face"]


@each_scorer
def test_order_and_length(scorer: Scorer) -> None:
    inputs = [usable(i) for i in range(3)]
    one_by_one = [scorer.score([item])[0] for item in inputs]
    mixed = [inputs[2], NOTHING, inputs[0], inputs[1], NOTHING]
    answers = scorer.score(mixed)
    assert len(answers) == 5
    assert [answer.is_missing for answer in answers] == [False, True, False, False, True]
    for position, index in ((0, 2), (2, 0), (3, 1)):
        np.testing.assert_allclose(
            answers[position].probabilities, one_by_one[index].probabilities, atol=1e-5
        )
        assert answers[position].reliability == pytest.approx(
            one_by_one[index].reliability, abs=1e-5
        )
    assert scorer.score([]) == []


@each_scorer
def test_usable_turns_are_answered_by_a_named_model(scorer: Scorer) -> None:
    for answer in scorer.score([usable(i) for i in range(3)]):
        assert not answer.is_missing
        assert 0 < answer.reliability <= 1
        assert answer.model == scorer.info
        assert answer.label in answer.to_json()["label"]


@each_scorer
@pytest.mark.parametrize("given", UNUSABLE.values(), ids=UNUSABLE)
def test_unusable_turns_are_missing_and_say_why(scorer: Scorer, given: TurnInput) -> None:
    (answer,) = scorer.score([given])
    assert answer.is_missing
    assert answer.reason


@each_scorer
def test_deterministic(scorer: Scorer) -> None:
    inputs = [usable(i) for i in range(3)]
    for first, second in zip(scorer.score(inputs), scorer.score(inputs), strict=True):
        np.testing.assert_array_equal(first.probabilities, second.probabilities)
        assert first.to_json() == second.to_json()


@each_scorer
def test_a_carried_state_is_json_and_changes_nothing_but_the_answer(scorer: Scorer) -> None:
    import json

    (first,) = scorer.score([usable(0)])
    if not scorer.stateful:
        assert first.state is None
        return
    state = json.loads(json.dumps(first.state))
    given = replace(usable(1), state=state)
    before = json.dumps(state)
    scorer.score([given])
    assert json.dumps(state) == before
    np.testing.assert_array_equal(
        scorer.score([given])[0].probabilities,
        scorer.score([replace(given, state=first.state)])[0].probabilities,
    )


@each_scorer
def test_no_network(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a scorer opened a network connection")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    fresh = type(scorer)()
    fresh.score([usable(0)])


SERVING = """
import os, sys, threading
import cv2, numpy as np
sys.path.insert(0, {root!r})
before = cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS"), dict(os.environ)
from tests.test_scorer_contract import SCORERS, usable
scorer = SCORERS[{modality!r}]
scorer.score([usable(0)])
assert (cv2.getNumThreads(), os.environ.get("OMP_NUM_THREADS")) == before[:2], "thread count"
assert dict(os.environ) == before[2], "the environment was changed"
banned = {{"torch", "transformers", "tensorflow", "mtcnn"}} & set(sys.modules)
assert not banned, banned
try:
    from threadpoolctl import threadpool_info
except ImportError:
    sys.exit(0)
for pool in threadpool_info():
    assert pool["num_threads"] == min(pool["num_threads"], os.cpu_count() or 1)
"""


@pytest.mark.parametrize("modality", SCORERS)
def test_serving_imports_no_training_library_and_leaves_the_process_alone(modality: str) -> None:
    from pathlib import Path

    root = str(Path(__file__).resolve().parents[1])
    code = SERVING.format(root=root, modality=modality)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
