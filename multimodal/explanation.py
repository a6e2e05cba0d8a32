"""Why a turn was judged as it was, in one or two sentences for people, Chinese and English.

They name the state, every modality's share in the answer with what it rests on, and say it where
the channels point different ways. Log-odds stay in the details.
"""

from __future__ import annotations

from collections.abc import Mapping

from multimodal.conversation import Role
from multimodal.emotions import CHINESE_NAMES, EMOTIONS, NEGATIVE, POSITIVE, UNKNOWN, EmotionScores
from multimodal.evidence import OUTSIDE, Language, voice_in_words
from multimodal.scoring import FACE, TEXT, VOICE, ScoredTurn
from multimodal.states import STATE_NAMES, state_of

SURE = 0.5
"""Probability from which a channel is said to be on a side."""
MOST_WORDS = 3
_CHANNELS: Mapping[str, tuple[str, str]] = {
    TEXT: ("文字", "words"),
    VOICE: ("语音", "voice"),
    FACE: ("表情", "face"),
}
_SOUNDS: Mapping[tuple[str, str], tuple[str, str]] = {
    (TEXT, "negative"): ("用词不满", "the words are displeased"),
    (TEXT, "neutral"): ("用词平和", "the words are calm"),
    (TEXT, "positive"): ("用词友好", "the words are friendly"),
    (VOICE, "agitated"): ("语气明显激动", "the voice is clearly agitated"),
    (VOICE, "negative"): ("语气不快", "the voice is displeased"),
    (VOICE, "neutral"): ("语气平和", "the voice is calm"),
    (VOICE, "positive"): ("语气愉快", "the voice is cheerful"),
    (FACE, "negative"): ("表情不悦", "the face is displeased"),
    (FACE, "neutral"): ("表情平静", "the face is calm"),
    (FACE, "positive"): ("表情愉快", "the face is cheerful"),
}
_SIDES = {
    "negative": [EMOTIONS.index(emotion) for emotion in NEGATIVE],
    "positive": [EMOTIONS.index(emotion) for emotion in POSITIVE],
    "neutral": [0],
}


def explanation(scored: ScoredTurn, language: Language) -> str:
    """One or two sentences; empty for agents and bots, of whom nothing is judged.

    Args:
        scored: The turn.
        language: `zh` or `en`.
    """
    if scored.turn.role in (Role.AGENT, Role.BOT):
        return ""
    chinese = language == "zh"
    answer = scored.answer
    if answer.label == UNKNOWN:
        return "没有可用的通道，无法判断。" if chinese else "No channel is usable: undecided."
    state = state_of(answer, scored.scores)
    ranked = sorted(answer.contributions.items(), key=lambda item: -item[1])
    shares = [_share(name, share, scored.scores.get(name), language) for name, share in ranked]
    if chinese:
        first = f"{STATE_NAMES[state]}，把握 {answer.confidence:.0%}：{'；'.join(shares)}。"
    else:
        first = f"{state.value.capitalize()}, {answer.confidence:.0%} sure: {'; '.join(shares)}."
    apart = _apart(scored, language)
    return f"{first}{apart}" if chinese or not apart else f"{first} {apart}"


def _share(name: str, share: float, scores: EmotionScores | None, language: Language) -> str:
    """One modality's share and what it rests on: 文字 62 %（“还没发货”）."""
    chinese = language == "zh"
    channel = _channel(name, language)
    told = "" if scores is None or scores.is_missing else _evidence(name, scores, language)
    if not told:
        return f"{channel} {share:.0%}"
    return f"{channel} {share:.0%}（{told}）" if chinese else f"{channel} {share:.0%} ({told})"


def _evidence(name: str, scores: EmotionScores, language: Language) -> str:
    chinese = language == "zh"
    words = [e.name for e in scores.evidence if e.kind == "word" and e.weight > 0][:MOST_WORDS]
    if words:
        return "".join(f"“{word}”" for word in words) if chinese else ", ".join(words)
    if name == VOICE:
        said = voice_in_words(scores.evidence, language)
        if said:
            return said
    label = scores.label
    emotion = EMOTIONS[[e.value for e in EMOTIONS].index(label)]
    return CHINESE_NAMES[emotion] if chinese else label


def _apart(scored: ScoredTurn, language: Language) -> str:
    """The sentence that says that two channels point different ways, empty where none do."""
    sides = {
        name: _side(scores)
        for name, scores in scored.scores.items()
        if name in _CHANNELS and not scores.is_missing
    }
    bad = [name for name in (VOICE, FACE, TEXT) if sides.get(name) == "negative"]
    good = [name for name in (TEXT, VOICE, FACE) if sides.get(name) in ("neutral", "positive")]
    if not bad or not good:
        return ""
    first, second = _sounds(bad[0], "negative", scored), _sounds(good[0], sides[good[0]], scored)
    heard = voice_in_words(scored.scores[VOICE].evidence, language) if VOICE in bad else ""
    if language == "zh":
        told = f"（{heard}）" if heard else ""
        check = "请听录音确认" if VOICE in sides else "请人工确认"
        return f"{first[0]}{told}，但{second[0]}，{check}。"
    told = f" ({heard})" if heard else ""
    check = "listen and decide" if VOICE in sides else "look and decide"
    return f"{first[1][0].upper()}{first[1][1:]}{told}, but {second[1]}: {check}."


def _side(scores: EmotionScores) -> str:
    """`negative`, `neutral` or `positive` where a channel is sure enough, else empty."""
    for side, emotions in _SIDES.items():
        if float(scores.probabilities[emotions].sum()) * scores.reliability >= SURE:
            return side
    return ""


def _sounds(name: str, side: str, scored: ScoredTurn) -> tuple[str, str]:
    if name == VOICE and side == "negative":
        raised = {e.name for e in scored.scores[VOICE].evidence if e.weight >= OUTSIDE}
        if raised & {"pitch", "energy"}:
            side = "agitated"
    return _SOUNDS[name, side]


def _channel(name: str, language: Language) -> str:
    names = _CHANNELS.get(name, (name, name))
    return names[0] if language == "zh" else names[1]
