"""The sentence that people read, in both languages."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.conversation import Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores, Evidence
from multimodal.explanation import explanation
from multimodal.scoring import FusedAnswer, ScoredTurn


def scores(label: str, *evidence: Evidence, sure: float = 0.9) -> EmotionScores:
    p = np.full(7, (1 - sure) / 6, np.float32)
    p[[e.value for e in EMOTIONS].index(label)] = sure
    return EmotionScores(p, 0.9, evidence=evidence)


def turn(label: str, by: dict[str, EmotionScores], role: Role = Role.CUSTOMER) -> ScoredTurn:
    shares = [0.6, 0.3, 0.1][: len(by)]
    total = sum(shares)
    answer = FusedAnswer(
        scores(label).probabilities,
        label,
        0.72,
        0.0,
        {name: share / total for name, share in zip(by, shares, strict=True)},
    )
    return ScoredTurn(Turn(role, "已经三天了"), by, answer, 0.0)


PITCH = Evidence("prosody", "pitch", 0.8, value=4.2)
WORD = Evidence("word", "三天", 0.6, 2, 4)


def test_every_modality_has_its_share_and_what_it_rests_on() -> None:
    by = {
        "text": scores("angry", WORD),
        "voice": scores("angry", PITCH),
        "face": scores("disgust"),
    }
    assert explanation(turn("angry", by), "zh") == (
        "愤怒，把握 72%：文字 60%（“三天”）；语音 30%（比本人平时高 4.2 个半音）；"
        "表情 10%（厌恶）。"
    )
    assert explanation(turn("angry", by), "en") == (
        "Anger, 72% sure: words 60% (三天); voice 30% (4.2 semitones higher than this speaker's "
        "usual); face 10% (disgust)."
    )


def test_an_agitated_voice_with_calm_words() -> None:
    told = turn("angry", {"voice": scores("angry", PITCH), "text": scores("neutral")})
    assert explanation(told, "zh").endswith(
        "语气明显激动（比本人平时高 4.2 个半音），但用词平和，请听录音确认。"
    )
    assert explanation(told, "en").endswith(
        "The voice is clearly agitated (4.2 semitones higher than this speaker's usual), but the "
        "words are calm: listen and decide."
    )


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ({"text": scores("angry"), "face": scores("happy")}, "用词不满，但表情愉快，请人工确认。"),
        ({"text": scores("happy"), "voice": scores("sad")}, "语气不快，但用词友好，请听录音确认。"),
        ({"text": scores("angry"), "voice": scores("neutral", sure=0.4)}, ""),
        ({"text": scores("angry"), "voice": scores("surprise")}, ""),
        ({"text": scores("happy"), "voice": scores("neutral")}, ""),
    ],
)
def test_channels_apart(by: dict[str, EmotionScores], said: str) -> None:
    told = explanation(turn("angry", by), "zh")
    assert told.partition("。")[2] == said


def test_nothing_usable_and_staff() -> None:
    nothing = ScoredTurn(Turn(Role.CUSTOMER, ""), {}, FusedAnswer.unknown("silence"), 0.0)
    assert explanation(nothing, "zh") == "没有可用的通道，无法判断。"
    assert "undecided" in explanation(nothing, "en")
    agent = turn("angry", {"text": scores("angry")}, Role.AGENT)
    assert explanation(agent, "zh") == explanation(agent, "en") == ""


def test_a_modality_of_a_plug_in_is_named_as_it_is() -> None:
    assert "heart 100%（恐惧）" in explanation(turn("fear", {"heart": scores("fear")}), "zh")
