"""The committed sample conversations are what data/README.md says they are."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from multimodal import CHINESE_NAMES, Channel, Conversation, Emotion, Role
from multimodal.conversation import WHOLE_PICTURE
from multimodal.formats import read_transcript

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
FORMATS = SAMPLES.parent / "formats"
CHATS = {"chat-refund-angry", "chat-delivery-recovering", "chat-bank-calm", "chat-en-delivery"}
CALLS = {"call-broadband-angry", "call-bank-recovering"}
VIDEOS = {"video-card-replacement"}
RATE = 8_000
MEGABYTE = 2**20


def read(path: Path) -> Conversation:
    (conversation,) = read_transcript(path)
    assert isinstance(conversation, Conversation), conversation
    return conversation


def course(conversation: Conversation) -> list[Emotion]:
    """What the customer was meant to feel, turn by turn."""
    return [
        Emotion(turn.attributes["intended_emotion"])
        for turn in conversation.turns
        if turn.role is Role.CUSTOMER
    ]


def heard(path: Path) -> NDArray[np.float32]:
    """The recording at `RATE`, float32 (2, n)."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
    with av.open(str(path)) as container:
        frames = [*container.decode(audio=0), None]
        return np.concatenate(
            [block.to_ndarray() for frame in frames for block in resampler.resample(frame)], axis=1
        )


def level(sound: NDArray[np.float32]) -> float:
    """RMS in dB of full scale."""
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


@pytest.fixture(scope="module")
def conversations() -> dict[str, Conversation]:
    return {path.stem: read(path) for path in SAMPLES.glob("*.jsonl")}


@pytest.fixture(scope="module", params=sorted(CALLS | VIDEOS))
def recorded(
    request: pytest.FixtureRequest, conversations: dict[str, Conversation]
) -> tuple[Conversation, NDArray[np.float32]]:
    conversation = conversations[request.param]
    return conversation, heard(conversation.media[0].path)


def test_the_set_is_whole(conversations: dict[str, Conversation]) -> None:
    assert set(conversations) == CHATS | CALLS | VIDEOS
    for channel, names in ((Channel.CHAT, CHATS), (Channel.PHONE, CALLS), (Channel.VIDEO, VIDEOS)):
        assert {name for name in names if conversations[name].channel is not channel} == set()
    assert [name for name, c in conversations.items() if c.language == "en"] == ["chat-en-delivery"]
    assert len({(c.source, c.external_id) for c in conversations.values()}) == len(conversations)


def test_nothing_lies_in_the_folder_that_no_conversation_names(
    conversations: dict[str, Conversation],
) -> None:
    named = {media.path for c in conversations.values() for media in c.media}
    assert {path for path in SAMPLES.iterdir() if path.suffix != ".jsonl"} == named


def test_every_conversation_has_its_metadata(conversations: dict[str, Conversation]) -> None:
    for name, conversation in conversations.items():
        assert 8 <= len(conversation.turns) <= 25, name
        assert conversation.notice, name
        assert conversation.queue, name
        assert conversation.team, name
        assert conversation.business_type, name
        assert "*" in conversation.customer_display, name
        assert len(conversation.customer_ref) == 32, name
        assert conversation.started_at is not None, name
        offset = conversation.started_at.utcoffset()
        assert offset is not None
        assert offset.total_seconds() == 8 * 3600, name
        agents = [turn for turn in conversation.turns if turn.role is Role.AGENT]
        assert agents, name
        assert all(turn.agent_id for turn in agents), name


def test_only_customers_have_an_intended_emotion(conversations: dict[str, Conversation]) -> None:
    felt = set()
    for name, conversation in conversations.items():
        felt |= set(course(conversation))
        for turn in conversation.turns:
            marked = "intended_emotion" in turn.attributes
            assert marked == (turn.role is Role.CUSTOMER), name
    assert felt == set(CHINESE_NAMES)


def test_the_courses_run_as_told(conversations: dict[str, Conversation]) -> None:
    for name, conversation in conversations.items():
        felt = course(conversation)
        if name.endswith("angry"):
            assert (felt[0], felt[-1]) == (Emotion.NEUTRAL, Emotion.ANGRY), name
        elif name.endswith("calm"):
            assert Emotion.ANGRY not in felt, name
        else:
            assert felt[-1] is Emotion.HAPPY, name
            assert {Emotion.ANGRY, Emotion.SAD, Emotion.FEAR} & set(felt[:-1]), name


def test_one_conversation_is_handed_over_to_another_agent(
    conversations: dict[str, Conversation],
) -> None:
    agents = [turn.agent_id for turn in conversations["chat-refund-angry"].turns if turn.agent_id]
    assert list(dict.fromkeys(agents)) == ["8012", "8107"]


def test_recordings_have_the_streams_that_players_need(
    conversations: dict[str, Conversation],
) -> None:
    for name in CALLS | VIDEOS:
        (media,) = conversations[name].media
        assert media.channels == {0: Role.AGENT, 1: Role.CUSTOMER}, name
        with av.open(str(media.path)) as container:
            assert container.streams.audio[0].layout.name == "stereo", name
            assert container.duration is not None
            seconds = container.duration / 1e6
            assert conversations[name].duration == pytest.approx(seconds - 1.0, abs=0.2), name
            if name in VIDEOS:
                assert media.customer_region == WHOLE_PICTURE
                video = container.streams.video[0]
                assert (video.codec_context.name, video.width, video.height) == ("h264", 384, 384)
                keys = [
                    float(packet.pts * packet.time_base)
                    for packet in container.demux(video)
                    if packet.is_keyframe and packet.pts is not None and packet.time_base
                ]
                assert max(b - a for a, b in pairwise(keys)) <= 2.1, "seeking must be quick"


def test_turns_lie_where_the_recording_has_their_voice(
    recorded: tuple[Conversation, NDArray[np.float32]],
) -> None:
    conversation, sound = recorded
    for number, turn in enumerate(conversation.turns):
        assert turn.start is not None
        assert turn.end is not None
        assert turn.channel is not None
        first, last = round(turn.start * RATE), round(turn.end * RATE)
        others = [t for t in conversation.turns if t is not turn and t.start and t.end]
        alone = all(t.end <= turn.start or t.start >= turn.end for t in others)  # type: ignore[operator]
        spoken = level(sound[turn.channel, first:last])
        assert spoken > -40, number
        if alone:
            assert spoken - level(sound[1 - turn.channel, first:last]) > 20, number
        if number and conversation.turns[number - 1].end <= turn.start - 0.3:  # type: ignore[operator]
            pause = sound[:, round((turn.start - 0.25) * RATE) : round((turn.start - 0.05) * RATE)]
            assert level(pause) < -50, number


def test_nothing_is_clipped(recorded: tuple[Conversation, NDArray[np.float32]]) -> None:
    assert 0.1 < np.abs(recorded[1]).max() < 0.99


def test_an_angry_voice_is_louder_than_the_same_voice_at_rest(
    recorded: tuple[Conversation, NDArray[np.float32]],
) -> None:
    conversation, sound = recorded
    levels: dict[str, list[float]] = {}
    for turn in conversation.turns:
        if turn.role is Role.CUSTOMER:
            assert turn.start is not None
            assert turn.end is not None
            piece = sound[1, round(turn.start * RATE) : round(turn.end * RATE)]
            levels.setdefault(turn.attributes["intended_emotion"], []).append(level(piece))
    assert np.mean(levels["angry"]) - np.mean(levels["neutral"]) > 4


def test_a_call_has_one_overlap(conversations: dict[str, Conversation]) -> None:
    turns = conversations["call-broadband-angry"].turns
    overlaps = [b for a, b in pairwise(turns) if a.end and b.start and b.start < a.end]
    assert [turn.role for turn in overlaps] == [Role.CUSTOMER]


def test_the_face_changes_with_the_intended_emotion(
    conversations: dict[str, Conversation],
) -> None:
    """Between a calm and a surprised turn the picture changes more than within either."""
    conversation = conversations["video-card-replacement"]
    with av.open(str(conversation.media[0].path)) as container:
        frames = [
            (float(frame.time or 0), frame.to_ndarray(format="gray8").astype(np.float32))
            for frame in container.decode(video=0)
        ]

    def mean_face(emotion: str) -> NDArray[np.float32]:
        spans = [
            (turn.start or 0.0, turn.end or 0.0)
            for turn in conversation.turns
            if turn.attributes.get("intended_emotion") == emotion
        ]
        inside = [f for time, f in frames if any(a + 0.4 < time < b for a, b in spans)]
        return np.asarray(np.mean(inside, axis=0)[90:300, 90:290])

    neutral = mean_face("neutral")
    changes = {
        e: np.abs(mean_face(e) - neutral).mean() for e in ("surprise", "happy", "angry", "sad")
    }
    assert min(changes.values()) > 2, changes


@pytest.mark.parametrize(
    ("file", "sample"),
    [
        ("chat-refund-angry.txt", "chat-refund-angry"),
        ("call-broadband-angry.srt", "call-broadband-angry"),
    ],
)
def test_the_same_conversation_reads_the_same_in_another_format(
    file: str, sample: str, conversations: dict[str, Conversation]
) -> None:
    expected = [(turn.role, turn.text) for turn in conversations[sample].turns]
    assert [(turn.role, turn.text) for turn in read(FORMATS / file).turns] == expected


def test_the_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 6 * MEGABYTE
