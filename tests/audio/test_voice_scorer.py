"""The voice scorer as it ships."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio.corpora import read_audio, read_clips
from audio.scorer import VoiceScorer
from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores, FloatArray
from multimodal.errors import ModelMissingError
from multimodal.scoring import Scorer, TurnInput

RATE = 16000
TURN = Turn(Role.CUSTOMER, start=1.0, end=3.0)


def voice(hz: float, seconds: float = 2.0, level: float = 0.1) -> FloatArray:
    """Swelling, gliding harmonics over a little noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    glide = hz * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    swell = np.sin(2 * np.pi * 2 * time).clip(0)
    sound = swell * sum(np.sin(k * phase) / k for k in range(1, 12))
    noise = np.random.default_rng(0).normal(0, 1e-3, len(time))
    return np.asarray(level * (sound + noise), dtype=np.float32)


def heard(audio: FloatArray, rate: int = RATE, **more: Any) -> TurnInput:
    return TurnInput(TURN, audio=audio, rate=rate, **more)


def call(scorer: VoiceScorer, audios: list[FloatArray]) -> list[EmotionScores]:
    """Turns of one speaker, one after the other, as the pipeline scores them."""
    answers: list[EmotionScores] = []
    for audio in audios:
        state = answers[-1].state if answers else None
        answers += scorer.score([heard(audio, state=state)])
    return answers


@pytest.fixture(scope="module")
def scorer() -> VoiceScorer:
    return VoiceScorer()


def test_it_is_a_scorer_of_voices(scorer: VoiceScorer) -> None:
    assert isinstance(scorer, Scorer)
    assert scorer.modality == "voice"
    assert scorer.needs == frozenset({"audio"})
    assert scorer.stateful
    assert scorer.info.terms == "research"


def test_answers_stand_in_the_order_of_the_inputs(scorer: VoiceScorer) -> None:
    inputs = [heard(voice(120)), TurnInput(TURN), heard(voice(300)), heard(voice(120))]
    answers = scorer.score(inputs)
    assert [answer.is_missing for answer in answers] == [False, True, False, False]
    np.testing.assert_array_equal(answers[0].probabilities, answers[3].probabilities)
    assert np.abs(answers[0].probabilities - answers[2].probabilities).max() > 0.01
    assert scorer.score([]) == []


def test_batch_equals_one_by_one(scorer: VoiceScorer) -> None:
    state = call(scorer, [voice(130), voice(140), voice(150)])[-1].state
    inputs = [heard(voice(hz), state=s) for hz in (110, 170, 260) for s in (None, state)]
    for item, together in zip(inputs, scorer.score(inputs), strict=True):
        (alone,) = scorer.score([item])
        np.testing.assert_allclose(alone.probabilities, together.probabilities, atol=1e-5)
        assert alone.reliability == together.reliability
        assert alone.arousal == pytest.approx(together.arousal, abs=1e-5)


def test_it_is_deterministic(scorer: VoiceScorer) -> None:
    first, second = (
        VoiceScorer().score([heard(voice(150))])[0],
        scorer.score([heard(voice(150))])[0],
    )
    assert first.to_json() == second.to_json()
    assert first.state == second.state


@pytest.mark.parametrize(
    ("audio", "rate", "reason"),
    [
        (None, None, "no audio"),
        (np.zeros(0, np.float32), RATE, "shorter"),
        (voice(150, 0.2), RATE, "shorter"),
        (np.zeros(RATE, np.float32), RATE, "silence"),
        (np.full(RATE, 0.3, np.float32), RATE, "silence"),
        (np.full(RATE, np.nan, np.float32), RATE, "NaN"),
        (np.full(RATE, np.inf, np.float32), RATE, "NaN"),
        (np.zeros((RATE, 2), np.float32), RATE, "one channel"),
        (voice(150), 0, "0 Hz"),
    ],
)
def test_what_cannot_be_scored_is_missing_and_keeps_the_state(
    scorer: VoiceScorer, audio: FloatArray | None, rate: int | None, reason: str
) -> None:
    state = call(scorer, [voice(130)])[-1].state
    (answer,) = scorer.score([TurnInput(TURN, audio=audio, rate=rate, state=state)])
    assert answer.is_missing
    assert reason in answer.reason
    assert answer.state == state


def test_turns_in_which_others_speak_too_are_not_learnt_from(scorer: VoiceScorer) -> None:
    state = call(scorer, [voice(130)])[-1].state
    (over,) = scorer.score([heard(voice(200), state=state, crosstalk=0.5)])
    (alone,) = scorer.score([heard(voice(200), state=state, crosstalk=0.1)])
    assert over.state == state
    assert alone.state is not None
    assert alone.state["count"] == 2
    np.testing.assert_array_equal(over.probabilities, alone.probabilities)


def test_earlier_conversations_count_and_are_not_carried_on(scorer: VoiceScorer) -> None:
    earlier = call(scorer, [voice(hz) for hz in (120, 125, 130, 135)])[-1].state
    assert earlier is not None
    (known,) = scorer.score([heard(voice(220), usual=(earlier,))])
    (new,) = scorer.score([heard(voice(220))])
    (told,) = scorer.score([heard(voice(220), state=earlier)])
    np.testing.assert_array_equal(known.probabilities, told.probabilities)
    assert np.abs(known.probabilities - new.probabilities).max() > 0.01
    assert known.reliability > new.reliability
    assert known.state == new.state  # What this conversation taught, and no other.


def test_the_pipelines_reason_is_passed_on(scorer: VoiceScorer) -> None:
    (answer,) = scorer.score([TurnInput(TURN, reason="policy: no notice")])
    assert answer.reason == "policy: no notice"


def test_a_tone_and_noise_are_hardly_trusted_and_not_learnt_from(scorer: VoiceScorer) -> None:
    time = np.arange(2 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    for sound in (tone, noise):
        (answer,) = scorer.score([heard(sound)])
        assert 0 < answer.reliability <= 0.1
        assert answer.reason
        assert answer.state is not None
        assert answer.state["count"] == 0


@pytest.mark.parametrize("rate", [8000, 44100, 96000])
def test_any_sample_rate_and_clipping_are_scored(scorer: VoiceScorer, rate: int) -> None:
    squared = np.sign(voice(150)) * np.float32(0.9)
    for audio in (voice(150), squared.astype(np.float32)):
        (answer,) = scorer.score([heard(audio, rate)])
        assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_more_voice_and_less_noise_are_trusted_more(scorer: VoiceScorer) -> None:
    noisy = voice(150) + np.random.default_rng(1).normal(0, 0.03, 2 * RATE).astype(np.float32)
    short, long, dirty = scorer.score([heard(voice(150, 0.6)), heard(voice(150)), heard(noisy)])
    assert short.reliability < long.reliability
    assert dirty.reliability < long.reliability


def test_the_first_turns_of_a_voice_are_trusted_less(scorer: VoiceScorer) -> None:
    trusted = [answer.reliability for answer in call(scorer, [voice(150)] * 6)]
    assert trusted == sorted(trusted)
    assert trusted[0] < 0.9 * trusted[-1]


def test_the_speakers_normal_is_carried_as_json(scorer: VoiceScorer) -> None:
    answers = call(scorer, [voice(hz) for hz in (120, 125, 130, 120)])
    assert [a.state["count"] for a in answers if a.state] == [1, 2, 3, 4]
    state = json.loads(json.dumps(answers[-1].state))
    carried, restored = (
        scorer.score([heard(voice(240), state=s)])[0] for s in (answers[-1].state, state)
    )
    assert carried.to_json() == restored.to_json()
    fresh = scorer.score([heard(voice(240))])[0]
    assert np.abs(carried.probabilities - fresh.probabilities).max() > 0.01


def test_evidence_is_in_physical_units(scorer: VoiceScorer) -> None:
    state = call(scorer, [voice(120)] * 4)[-1].state
    (answer,) = scorer.score([heard(voice(240, level=0.2), state=state)])
    found = {item.name: item for item in answer.evidence}
    assert set(found) == {"pitch", "energy", "rate", "level"}
    assert found["pitch"].value == pytest.approx(12, abs=0.5)
    assert found["energy"].value == pytest.approx(6, abs=1.5)
    assert found["pitch"].weight > 0
    assert (found["pitch"].start, found["pitch"].end) == (1.0, 3.0)
    (first,) = scorer.score([heard(voice(240))])
    assert [item.name for item in first.evidence] == ["level"]


def test_the_state_of_another_model_is_dropped(scorer: VoiceScorer) -> None:
    (answer,) = scorer.score([heard(voice(150), state={"count": 3, "mean": [1.0], "m2": [0.0]})])
    (fresh,) = scorer.score([heard(voice(150))])
    np.testing.assert_array_equal(answer.probabilities, fresh.probabilities)


def test_a_missing_checkpoint_is_named() -> None:
    with pytest.raises(ModelMissingError, match="no-such"):
        _ = VoiceScorer(checkpoint="no-such").info


def test_an_angry_voice_is_heard_on_a_training_speaker(scorer: VoiceScorer, shared: Path) -> None:
    # Not a measure of quality (the speaker was trained on): the path from file to label is whole.
    clips = read_clips(shared / "data" / "speech" / "casia" / "wangzhe")[::20]
    state = None
    for clip in clips:
        (answer,) = scorer.score([heard(*read_audio(clip.path), state=state)])
        state = answer.state
    right = 0
    for clip in clips:
        (answer,) = scorer.score([heard(*read_audio(clip.path), state=state)])
        right += answer.label == clip.emotion.value
    assert right / len(clips) > 0.5


def test_serving_imports_no_torch_and_leaves_threads_alone() -> None:
    script = """
import sys, threading, numpy as np, os
from audio.scorer import VoiceScorer
from multimodal.conversation import Role, Turn
from multimodal.scoring import TurnInput
scorer = VoiceScorer()
before = dict(os.environ), threading.active_count()
x = np.random.default_rng(0).normal(0, .1, 16000).astype(np.float32)
scorer.score([TurnInput(Turn(Role.CUSTOMER), audio=x, rate=16000)])
assert (dict(os.environ), threading.active_count()) == before
heavy = {"torch", "transformers", "librosa", "numba", "sklearn"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)


def test_onnx_equals_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    import onnxruntime

    from audio.model import CLASSES, Head, KernelMachine, ProsodyNet
    from audio.perceptrons import Perceptrons
    from audio.training_card import export

    torch.manual_seed(0)

    def machine(size: int) -> KernelMachine:
        made = KernelMachine(torch.randn(5, size), CLASSES + 1)
        made.coefficients.normal_()
        made.slopes.normal_()
        return made

    def head(size: int) -> Head:
        classes = torch.tensor([[True] * 5 + [False] * 2, [True] * 7])
        experts = [machine(size), machine(size)]
        made = Head(experts, Perceptrons(size, 2), 0.5, classes, machine(size))
        made.shares.copy_(torch.tensor([0.3, 0.0]))
        return made

    gate = torch.nn.Linear(3, 2)
    parts = [0, 2, 3], torch.randn(3, 3), gate, head(3), head(4)
    net = ProsodyNet(torch.randn(4), torch.rand(4) + 0.5, *parts).eval()
    net.sharpness.copy_(torch.tensor([[0.6, 0.3], [1.1, 0.1]]))
    export(net, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    for rows in (1, 2, 33):
        inputs = {
            "features": torch.randn(rows, 4) * 3,
            "mean": torch.randn(rows, 4),
            "spread": torch.rand(rows, 4) + 0.5,
            "count": torch.randint(0, 30, (rows, 1)).float(),
            "prior": torch.randn(rows, 2),
        }
        served = session.run(None, {name: value.numpy() for name, value in inputs.items()})
        with torch.inference_mode():
            for ours, theirs in zip(net(*inputs.values()), served, strict=True):
                np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)
