"""No agent's voice or face reaches any scorer, whatever the roles, channels and transfers."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.conversation import WHOLE_PICTURE, Conversation, Media, Role, Turn
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.pipeline import EmotionMonitor
from multimodal.policy import AGENT, NO_NOTICE, ROLE_UNKNOWN, others_share, permission
from multimodal.scoring import FusedAnswer, Need, Trajectory, TurnInput

RATE = 1000
SECONDS = 12
CODES = {Role.CUSTOMER: 1000, Role.AGENT: 4000, Role.BOT: 8000, Role.UNKNOWN: 2000}
"""The sample value with which a role's speech is written into the test recordings."""


class ListeningScorer:
    """A plug-in that asks for everything and remembers what it was given."""

    stateful = True
    info = ModelInfo("listening", "1")

    def __init__(self, modality: str, needs: set[Need]) -> None:
        self.modality = modality
        self.needs = frozenset(needs)
        self.heard: list[TurnInput] = []

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        self.heard += inputs
        return [EmotionScores.missing("only listening", model=self.info) for _ in inputs]


class NoFuser:
    info = ModelInfo("none", "1")

    def fuse(self, turns: Sequence[object]) -> list[FusedAnswer]:
        return [FusedAnswer.unknown("test") for _ in turns]

    def track(
        self, conversation: Conversation, scores: Sequence[object], answers: Sequence[FusedAnswer]
    ) -> Trajectory:
        return Trajectory(risk=tuple(0.0 for _ in answers))


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Writes int16 samples of shape (n, channels)."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())


def heard_codes(audio: np.ndarray) -> set[int]:
    return {round(float(value) * 32768) for value in np.unique(audio)}


roles = st.sampled_from(list(Role))


@st.composite
def timed_turns(draw: st.DrawFn) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    at = 0.0
    for _ in range(draw(st.integers(1, 6))):
        at += draw(st.integers(-1, 2))
        at = max(at, turns[-1].start or 0.0) if turns else max(at, 0.0)
        length = draw(st.integers(1, 3))
        if at + length > SECONDS:
            break
        turns.append(
            Turn(
                draw(roles),
                "话",
                start=at,
                end=at + length,
                agent_id=draw(st.sampled_from(["", "1001", "2002"])),
                channel=draw(st.sampled_from([None, 0, 1])),
            )
        )
        at += length
    return tuple(turns)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    turns=timed_turns(),
    channels=st.dictionaries(st.integers(0, 2), roles, max_size=3),
    notice=st.sampled_from(["", "N-1"]),
    needs=st.sampled_from([{"audio"}, {"text", "audio"}, {"audio", "frames"}]),
)
def test_stereo_recordings_give_only_the_customers_channel(
    tmp_path: Path,
    turns: tuple[Turn, ...],
    channels: dict[int, Role],
    notice: str,
    needs: set[Need],
) -> None:
    path = tmp_path / "stereo.wav"
    n = SECONDS * RATE
    # Channel 0 always carries an agent and channel 1 the customer; the map may say otherwise, and
    # then nobody but the one who drew the map can know. What must hold: only a channel that the map
    # gives to the customer is heard, and only in turns of the customer, and only with a notice.
    write_wav(path, np.stack([np.full(n, 4000), np.full(n, 1000)], axis=1))
    scorer = ListeningScorer("x-ray", needs)
    conversation = Conversation("c", turns, notice=notice, media=(Media(path, channels),))
    scored = EmotionMonitor([scorer], NoFuser()).score(conversation)
    for given_input in scorer.heard:
        assert given_input.turn.role is Role.CUSTOMER
        assert notice
        if given_input.audio is not None and given_input.audio.size:
            code = heard_codes(given_input.audio)
            allowed = {
                4000 if channel == 0 else 1000
                for channel, role in channels.items()
                if role is Role.CUSTOMER
            }
            assert code <= allowed
    for turn in scored.turns:
        if turn.turn.role in (Role.AGENT, Role.BOT):
            assert turn.scores["x-ray"].reason == AGENT
            assert turn.answer.reason == AGENT


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns=timed_turns(), identical=st.booleans(), mapped=st.booleans())
def test_mixed_recordings_give_only_the_time_in_which_the_customer_speaks_alone(
    tmp_path: Path, turns: tuple[Turn, ...], identical: bool, mapped: bool
) -> None:
    path = tmp_path / "mixed.wav"
    samples = np.zeros(SECONDS * RATE, dtype=np.int64)
    # Whoever is not the customer is painted over: a clean sample is the customer's alone.
    for turn in sorted(turns, key=lambda turn: turn.role is not Role.CUSTOMER):
        samples[int((turn.start or 0) * RATE) : int((turn.end or 0) * RATE)] = CODES[turn.role]
    columns = [samples, samples] if identical else [samples]
    write_wav(path, np.stack(columns, axis=1))
    channels = {0: Role.AGENT, 1: Role.CUSTOMER} if identical and mapped else {}
    scorer = ListeningScorer("voice", {"audio"})
    conversation = Conversation("c", turns, notice="N-1", media=(Media(path, channels),))
    EmotionMonitor([scorer], NoFuser()).score(conversation)
    for given_input in scorer.heard:
        assert given_input.turn.role is Role.CUSTOMER
        if given_input.audio is not None and given_input.audio.size:
            assert heard_codes(given_input.audio) == {CODES[Role.CUSTOMER]}


@given(role=roles, notice=st.sampled_from(["", " ", "N-1"]), standing=st.sampled_from(["", "S-1"]))
def test_the_table(role: Role, notice: str, standing: str) -> None:
    turn = Turn(role, "话", start=0.0, end=1.0)
    granted = permission(Conversation("c", (turn,), notice=notice), turn, standing_notice=standing)
    if role in (Role.AGENT, Role.BOT):
        assert (granted.words, granted.voice, granted.face) == (AGENT, AGENT, AGENT)
    elif role is Role.UNKNOWN:
        assert (granted.words, granted.voice, granted.face) == ("", ROLE_UNKNOWN, ROLE_UNKNOWN)
    elif not (notice.strip() or standing):
        assert (granted.words, granted.voice, granted.face) == ("", NO_NOTICE, NO_NOTICE)
    else:
        assert (granted.words, granted.voice, granted.face) == ("", "", "")


@pytest.mark.parametrize("needs", [set(), {"audio"}, {"frames"}])
def test_a_scorer_that_does_not_read_words_gets_none_and_no_turn_without_notice(
    needs: set[Need],
) -> None:
    scorer = ListeningScorer("pulse", needs)
    turns = (
        Turn(Role.AGENT, "您好"),
        Turn(Role.CUSTOMER, "我的密码是 1234"),
        Turn(Role.UNKNOWN, "嗯"),
    )
    EmotionMonitor([scorer], NoFuser()).score(Conversation("c", turns))
    assert scorer.heard == []
    EmotionMonitor([scorer], NoFuser()).score(Conversation("c", turns, notice="N-1"))
    assert [(i.turn.role, i.turn.text, i.previous) for i in scorer.heard] == [
        (Role.CUSTOMER, "", ())
    ]


def test_a_face_is_refused_unless_the_picture_is_declared_to_be_the_customers(
    samples: Path,
) -> None:
    recordings = sorted(samples.glob("*.mp4")) + sorted(samples.glob("*.webm"))
    assert recordings, "the samples have a video call"
    turn = Turn(Role.CUSTOMER, "您好", start=0.5, end=2.5)
    for region, seen in ((None, False), ((0.0, 0.0, 0.5, 1.0), True), (WHOLE_PICTURE, True)):
        scorer = ListeningScorer("face", {"frames"})
        media = Media(recordings[0], {}, region)
        EmotionMonitor([scorer], NoFuser()).score(
            Conversation("c", (turn,), notice="N-1", media=(media,))
        )
        (given_input,) = scorer.heard
        assert (given_input.frames is not None) == seen
        if given_input.frames is not None and region is not None:
            images = [frame.image for frame in given_input.frames()]
            assert images
            whole = {image.shape[1] for image in images}
            assert all(w > 0 for w in whole)
            if region[2] == 0.5:
                halves = whole
            else:
                assert {w // 2 for w in whole} == halves


def test_the_share_of_a_turn_in_which_others_speak_counts_their_overlaps_once() -> None:
    turns = (
        Turn(Role.AGENT, "", 0.0, 3.0),
        Turn(Role.CUSTOMER, "", 2.0, 6.0),
        Turn(Role.UNKNOWN, "", 2.5, 4.0),
        Turn(Role.CUSTOMER, "", 5.0, 8.0),
    )
    conversation = Conversation("c", turns)
    assert others_share(conversation, turns[1]) == pytest.approx(0.5)
    assert others_share(conversation, turns[3]) == 0
    assert others_share(conversation, Turn(Role.CUSTOMER, "")) == 0
