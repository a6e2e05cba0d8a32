"""A Mandarin call assembled from acted speech (CASIA): the voice's curve follows what was acted.

Two speakers, one on each channel as on a telephone line, 8 kHz. Nobody said these sentences to each
other, the actors are among those that the shipped model was trained on, and nothing is said here of
how well it does on real calls: only that turns, channels, baseline and scores come together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.corpora import read_audio
from audio.frames import RATE, to_telephone_rate
from audio.scorer import VoiceScorer
from multimodal.conversation import Channel, Conversation, Media, Role, Turn
from multimodal.evidence import voice_in_words
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import ScoredConversation
from multimodal.talk import talk_metrics
from tests.conftest import require

CUSTOMER, AGENT = "liuchanhg", "wangzhe"
PHASES = ("neutral", "angry", "neutral", "happy", "sad")
ACTED = {"neutral": (0, 0), "angry": (-1, 1), "happy": (1, 1), "sad": (-1, 0)}
"""Valence and arousal of what was acted."""
TURNS_PER_PHASE = 5
GAP = 0.4  # seconds between turns


@pytest.fixture(scope="module")
def call(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> ScoredConversation:
    folder = shared / "data/speech/casia"
    require(folder.is_dir(), "CASIA is not here")
    turns, position, number = [], GAP, 201
    placed: list[tuple[int, int, np.ndarray[tuple[int], np.dtype[np.float32]]]] = []
    for phase in PHASES:
        for _ in range(TURNS_PER_PHASE):
            for role, speaker, emotion, channel in (
                (Role.AGENT, AGENT, "neutral", 0),
                (Role.CUSTOMER, CUSTOMER, phase, 1),
            ):
                clip = folder / speaker / emotion / f"{number}.ogg"
                sound = to_telephone_rate(*read_audio(clip))
                end = position + len(sound) / RATE
                turns.append(Turn(role, start=position, end=end, channel=channel))
                placed.append((channel, round(position * RATE), sound))
                position = end + GAP
            number += 1
    line = np.random.default_rng(0).normal(0, 3e-4, (round(position * RATE) + RATE, 2))
    for channel, first, sound in placed:
        line[first : first + len(sound), channel] += sound
    path = tmp_path_factory.mktemp("call") / "assembled from acted speech.wav"
    soundfile.write(path, line, RATE, subtype="ULAW")
    conversation = Conversation(
        "assembled-from-acted-speech",
        tuple(turns),
        channel=Channel.PHONE,
        notice="acted speech",
        media=(Media(path, {0: Role.AGENT, 1: Role.CUSTOMER}),),
    )
    return EmotionMonitor([VoiceScorer()]).score(conversation)


def test_the_voices_curve_follows_what_was_acted(call: ScoredConversation) -> None:
    voices = [turn.scores["voice"] for turn in call.customer_turns]
    assert not any(voice.is_missing for voice in voices)
    acted = np.array([ACTED[phase] for phase in PHASES for _ in range(TURNS_PER_PHASE)])
    heard = np.array([(voice.valence, voice.arousal) for voice in voices])
    for column, name in enumerate(("valence", "arousal")):
        r = float(np.corrcoef(acted[:, column], heard[:, column])[0, 1])
        assert r > 0.5, name
    by_phase = heard.reshape(len(PHASES), TURNS_PER_PHASE, 2).mean(axis=1)
    neutral, angry, after, happy, sad = by_phase
    assert min(angry[1], happy[1]) > max(neutral[1], after[1], sad[1])
    assert happy[0] == by_phase[:, 0].max()
    assert sad[0] == by_phase[:, 0].min() or angry[0] == by_phase[:, 0].min()


def test_agents_are_not_scored_and_the_words_say_what_changed(call: ScoredConversation) -> None:
    assert all(t.scores["voice"].is_missing for t in call.turns if t.turn.role is Role.AGENT)
    angry = call.customer_turns[TURNS_PER_PHASE : 2 * TURNS_PER_PHASE]
    said = [voice_in_words(turn.scores["voice"].evidence, "zh") for turn in angry]
    assert sum("高" in words and words.startswith("比本人平时") for words in said) >= 2


def test_service_metrics_of_the_call(call: ScoredConversation) -> None:
    metrics = talk_metrics(call.turns)
    spoken = sum(turn.turn.duration or 0.0 for turn in call.turns)
    talked = sum(one.seconds for one in metrics.roles.values())
    assert talked == pytest.approx(spoken, abs=0.1)
    assert metrics.silence_seconds == pytest.approx((len(call.turns) - 1) * GAP, abs=0.1)
    assert len(metrics.loudness) == len(call.customer_turns)
    assert sum(one.interruptions for one in metrics.roles.values()) == 0
