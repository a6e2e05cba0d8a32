"""Evidence in words, both languages."""

from __future__ import annotations

from multimodal.emotions import Evidence
from multimodal.evidence import quality_in_words, voice_in_words


def figures(*rows: tuple[str, float, float]) -> list[Evidence]:
    return [Evidence("prosody", name, weight, 1.0, 3.0, value) for name, weight, value in rows]


UP = figures(("pitch", 0.8, 4.21), ("energy", 0.6, 2.35), ("rate", 0.5, 19.6), ("level", 0, -20.0))
DOWN = figures(("rate", -0.9, -30.2), ("energy", -0.7, -6.0), ("pitch", -0.1, -0.4))


def test_what_left_the_speakers_normal() -> None:
    assert voice_in_words(UP, "zh") == "比本人平时高 4.2 个半音，响 31 %，快 20 %"
    assert voice_in_words(UP, "en") == (
        "4.2 semitones higher, 31 % louder, 20 % faster than this speaker's usual"
    )
    assert voice_in_words(DOWN, "zh") == "比本人平时轻 50 %，慢 30 %"
    assert voice_in_words(DOWN, "en") == "50 % softer, 30 % slower than this speaker's usual"


def test_a_voice_that_is_hardly_there_may_be_anothers() -> None:
    leak = figures(("pitch", 0.99, 12.7), ("energy", -0.99, -28.0))
    assert voice_in_words(leak, "zh") == "远轻于本人平时，可能是线路上别人的声音"
    assert "perhaps another voice" in voice_in_words(leak, "en")


def test_nothing_left_it_or_it_is_not_known() -> None:
    near = figures(("pitch", 0.2, 0.5), ("energy", -0.3, -1.0), ("rate", 0.1, 4.0))
    assert voice_in_words(near, "zh") == "与本人平时相近"
    assert voice_in_words(near, "en") == "close to this speaker's usual"
    assert voice_in_words(figures(("level", 0.0, -20.0)), "zh") == ""
    assert voice_in_words([Evidence("word", "pitch", 0.9)], "en") == ""


def test_what_is_wrong_with_the_sound() -> None:
    found = [
        Evidence("quality", "noisy", -0.5, value=9.2),
        Evidence("quality", "keys", -0.5, value=0.2),
    ]
    assert quality_in_words(found, "zh") == "噪声大（信噪比 9 dB），有按键音"
    assert quality_in_words(found, "en") == "noisy (signal to noise 9 dB), telephone keys"
    assert quality_in_words(UP, "zh") == ""


def test_every_flag_has_its_words() -> None:
    from typing import get_args

    from audio.quality import Flag

    for flag in get_args(Flag):
        found = [Evidence("quality", flag, -0.5, value=0.3)]
        assert quality_in_words(found, "zh")
        assert quality_in_words(found, "en").isascii()
