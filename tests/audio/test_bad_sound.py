"""Sound that is no voice, or no sound at all: a missing score with its reason, or a flagged one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.scorer import VoiceScorer
from multimodal.conversation import Channel, Conversation, Media, Role, Turn
from multimodal.emotions import EmotionScores, FloatArray
from multimodal.media import MAX_TURN_SECONDS
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import TurnInput
from tests.audio.made_sound import keys, music, noise, tone, voice

TURN = Turn(Role.CUSTOMER, start=1.0, end=3.0)
AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER


@pytest.fixture(scope="module")
def scorer() -> VoiceScorer:
    return VoiceScorer()


def with_nan() -> FloatArray:
    sound = voice()
    sound[100] = np.nan
    return sound


@pytest.mark.parametrize(
    ("sound", "rate", "reason"),
    [
        (np.zeros(16000, np.float32), 8000, "silence"),
        (with_nan(), 8000, "NaN"),
        (voice(seconds=0.05), 8000, "shorter"),
        (np.tile(voice()[:, None], (1, 6)), 8000, "one channel"),
    ],
)
def test_nothing_to_be_heard_is_missing(
    scorer: VoiceScorer, sound: FloatArray, rate: int, reason: str
) -> None:
    (answer,) = scorer.score([TurnInput(TURN, audio=sound, rate=rate)])
    assert answer.is_missing
    assert reason in answer.reason


@pytest.mark.parametrize(
    ("sound", "flag"),
    [
        (tone(), "tone"),
        (noise(), "unvoiced"),
        (music(3), "music"),
        (keys("159#D159#D"), "keys"),
        (np.sign(tone(200.0)), "clipped"),
        (np.clip(1000 * voice(), -1, 1), "clipped"),
        (voice(seconds=0.5), "short"),
    ],
)
def test_what_is_hardly_a_voice_is_flagged(
    scorer: VoiceScorer, sound: FloatArray, flag: str
) -> None:
    clean, odd = scorer.score([TurnInput(TURN, audio=s, rate=8000) for s in (voice(), sound)])
    assert flag in [item.name for item in odd.evidence if item.kind == "quality"]
    assert 0 < odd.reliability < 0.8 * clean.reliability


def test_three_hours_in_one_turn_are_judged_by_their_beginning(scorer: VoiceScorer) -> None:
    sound = np.zeros(3 * 3600 * 8000, np.float32)
    sound[:16000] = voice()
    first = np.concatenate([voice(), np.zeros(round((MAX_TURN_SECONDS - 2) * 8000), np.float32)])
    whole, beginning = scorer.score([TurnInput(TURN, audio=s, rate=8000) for s in (sound, first)])
    assert whole.to_json() == beginning.to_json()
    assert not whole.is_missing


def scored(path: Path, channels: dict[int, Role]) -> tuple[EmotionScores, tuple[str, ...]]:
    """The voice of the customer's turn from 2.5 to 4.5 s, and the notes."""
    agent = Turn(AGENT, start=0.0, end=2.0, channel=min(channels, default=None))
    turns = (agent, Turn(CUSTOMER, start=2.5, end=4.5))
    conversation = Conversation(
        "bad", turns, channel=Channel.PHONE, notice="test", media=(Media(path, channels),)
    )
    result = EmotionMonitor([VoiceScorer()]).score(conversation)
    return result.turns[1].scores["voice"], result.notes


def recording(path: Path, channels: list[FloatArray], rate: int) -> Path:
    soundfile.write(path, np.stack(channels, axis=1), rate, subtype="PCM_16")
    return path


def call(rate: int) -> tuple[FloatArray, FloatArray]:
    """Agent and customer, 5 s, each silent while the other speaks."""
    agent, customer = noise(5.0, rate, 1e-3), noise(5.0, rate, 1e-3)
    agent[: 2 * rate] += voice(120.0, 2.0, rate)
    customer[int(2.5 * rate) : int(4.5 * rate)] += voice(210.0, 2.0, rate)
    return agent, customer


@pytest.mark.parametrize("rate", [8000, 96000])
def test_rates_up_to_96_khz_are_scored(tmp_path: Path, rate: int) -> None:
    path = recording(tmp_path / "call.wav", list(call(rate)), rate)
    answer, notes = scored(path, {0: AGENT, 1: CUSTOMER})
    assert not answer.is_missing
    assert notes == ()


def test_six_channels_are_scored_where_the_customers_is_named(tmp_path: Path) -> None:
    agent, customer = call(8000)
    others = [noise(5.0, level=1e-3) for _ in range(4)]
    path = recording(tmp_path / "call.wav", [*others, agent, customer], 8000)
    assert not scored(path, {4: AGENT, 5: CUSTOMER})[0].is_missing
    unnamed, _ = scored(path, {})
    assert unnamed.is_missing
    assert "channel" in unnamed.reason


def test_both_channels_identical_are_one_on_which_turns_tell_apart(tmp_path: Path) -> None:
    agent, customer = call(8000)
    both = agent + customer
    path = recording(tmp_path / "call.wav", [both, both], 8000)
    answer, notes = scored(path, {0: AGENT, 1: CUSTOMER})
    assert not answer.is_missing
    assert "identical" in notes[0]


def test_a_silent_customers_channel_is_missing_and_noted(tmp_path: Path) -> None:
    agent, _ = call(8000)
    path = recording(tmp_path / "call.wav", [agent, np.zeros_like(agent)], 8000)
    answer, notes = scored(path, {0: AGENT, 1: CUSTOMER})
    assert answer.is_missing
    assert answer.reason == "silence"
    assert "silent" in notes[0]


def test_a_channel_that_is_not_there_is_missing(tmp_path: Path) -> None:
    agent, customer = call(8000)
    path = recording(tmp_path / "call.wav", [agent, customer], 8000)
    answer, _ = scored(path, {0: AGENT, 5: CUSTOMER})
    assert answer.is_missing


def test_a_turn_behind_the_recordings_end_is_missing(tmp_path: Path) -> None:
    path = recording(tmp_path / "call.wav", [noise(1.0), noise(1.0)], 8000)
    answer, _ = scored(path, {0: AGENT, 1: CUSTOMER})
    assert answer.is_missing
    assert "cover" in answer.reason
