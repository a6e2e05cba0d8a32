"""Evidence from a voice in words that a supervisor understands, in Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from multimodal.emotions import Evidence

Language = Literal["zh", "en"]

OUTSIDE = 0.46
"""Weight from which a figure has left the speaker's normal: one standard deviation."""
FAINT_DB = -20.0
"""A turn that is softer than the speaker's usual by so much may be another voice on the line."""
_PROSODY: Mapping[str, Mapping[Language, tuple[str, str]]] = {
    "pitch": {
        "zh": ("高 {:.1f} 个半音", "低 {:.1f} 个半音"),
        "en": ("{:.1f} semitones higher", "{:.1f} semitones lower"),
    },
    "energy": {"zh": ("响 {:.0f} %", "轻 {:.0f} %"), "en": ("{:.0f} % louder", "{:.0f} % softer")},
    "rate": {"zh": ("快 {:.0f} %", "慢 {:.0f} %"), "en": ("{:.0f} % faster", "{:.0f} % slower")},
}
_USUAL: Mapping[Language, tuple[str, str, str]] = {
    "zh": ("比本人平时{}", "，", "与本人平时相近"),
    "en": ("{} than this speaker's usual", ", ", "close to this speaker's usual"),
}
_FAINT: Mapping[Language, str] = {
    "zh": "远轻于本人平时，可能是线路上别人的声音",
    "en": "far softer than this speaker's usual, perhaps another voice on the line",
}
_QUALITY: Mapping[str, Mapping[Language, str]] = {
    "short": {"zh": "人声只有 {:.1f} 秒", "en": "only {:.1f} s of voice"},
    "unvoiced": {"zh": "几乎没有人声", "en": "hardly any voice"},
    "noisy": {"zh": "噪声大（信噪比 {:.0f} dB）", "en": "noisy (signal to noise {:.0f} dB)"},
    "clipped": {"zh": "削波失真", "en": "clipped"},
    "keys": {"zh": "有按键音", "en": "telephone keys"},
    "music": {"zh": "像是音乐", "en": "sounds like music"},
    "tone": {"zh": "像是提示音", "en": "sounds like a tone"},
}


def voice_in_words(evidence: Iterable[Evidence], language: Language) -> str:
    """What left the speaker's normal: 比本人平时高 4.2 个半音，响 31 %，快 20 %.

    Loudness is the ratio of sound pressures (6 dB are twice as loud).

    Args:
        evidence: A voice's evidence; other kinds are passed over.
        language: `zh` or `en`.

    Returns:
        One phrase, empty where the speaker's normal is not known yet.
    """
    figures = {item.name: item for item in evidence if item.kind == "prosody"}
    known = [figures[name] for name in _PROSODY if name in figures]
    if "energy" in figures and (figures["energy"].value or 0.0) <= FAINT_DB:
        return _FAINT[language]
    than, comma, close = _USUAL[language]
    if not known:
        return ""
    parts = [_phrase(item, language) for item in known if abs(item.weight) >= OUTSIDE]
    return than.format(comma.join(parts)) if parts else close


def quality_in_words(evidence: Iterable[Evidence], language: Language) -> str:
    """What is wrong with the sound, empty where nothing is."""
    comma = _USUAL[language][1]
    return comma.join(
        _QUALITY[item.name][language].format(item.value or 0.0)
        for item in evidence
        if item.kind == "quality" and item.name in _QUALITY
    )


def _phrase(item: Evidence, language: Language) -> str:
    value = item.value or 0.0
    if item.name == "energy":
        value = 100 * (10 ** (value / 20) - 1)
    more, less = _PROSODY[item.name][language]
    return (more if item.weight >= 0 else less).format(abs(value))
