"""Who talked how much, how fast, and across whom: service metrics of a conversation.

Pure functions over its turns. They say how a conversation went, agents' side too, and nothing of
what anybody felt. Turns without start and end do not count. Definitions:

    talk           union of a role's turns, so that its own overlaps count once
    silence        what no turn covers between the first and the last
    overlap        what turns of more than one role cover
    monologue      from the start of a role's turn to the end of its last before anybody else
                   speaks; a pause of 3 s ends it, a listening signal does not
    interruption   a turn of at least 1 s that begins while another role has been speaking for at
                   least 0.5 s and goes on for at least another 0.5 s; shorter ones are listening
                   signals, 嗯 and 对 (Yngve 1970, "On getting a word in edgewise")
    pace           syllables per minute of a role's turns that have words: a Chinese character or
                   a digit is one, a word in letters has one per group of vowels
    loudness       of each customer's turn: mean level of the frames of 32 ms within 30 dB of its
                   loudest, 0-4 kHz, in dB re full scale (`level_mean` of `audio.prosody`); a
                   recording's gain is in it, so compare within one call only
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Role, Turn
from multimodal.scoring import VOICE, ScoredTurn

LONGEST_PAUSE = 3.0
"""Seconds of silence that a monologue may have."""
_LISTENING = 1.0  # seconds; a shorter turn does not interrupt
_BOTH = 0.5  # seconds before and after an interruption
_SYLLABLES = re.compile(r"[\u3400-\u9fff\d]|[a-zA-Z']+")
_VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RoleTalk:
    """How one role talked.

    Attributes:
        seconds: Time that it talks.
        share: Of all talk, in [0, 1].
        longest_monologue: Seconds.
        interruptions: How often it interrupted another role.
        syllables_per_minute: None without words.
    """

    seconds: float
    share: float
    longest_monologue: float
    interruptions: int
    syllables_per_minute: float | None


@dataclass(frozen=True, slots=True)
class TalkMetrics:
    """The service metrics of a conversation.

    Attributes:
        roles: By role, those that talk.
        silence_seconds: Seconds in which nobody speaks.
        longest_silence: The longest of them, in seconds.
        overlap_seconds: Seconds in which more than one role speaks.
        loudness: Start in seconds and level in dB re full scale of each customer's turn that was
            heard.
    """

    roles: Mapping[str, RoleTalk] = field(default_factory=dict)
    silence_seconds: float = 0.0
    longest_silence: float = 0.0
    overlap_seconds: float = 0.0
    loudness: tuple[tuple[float, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The metrics as a JSON object, rounded to 10 ms."""
        return {
            "roles": {
                role: {
                    name: round(value, 2) if isinstance(value, float) else value
                    for name, value in asdict(talk).items()
                }
                for role, talk in self.roles.items()
            },
            "silence_seconds": round(self.silence_seconds, 2),
            "longest_silence": round(self.longest_silence, 2),
            "overlap_seconds": round(self.overlap_seconds, 2),
            "loudness": [[round(at, 2), round(level, 1)] for at, level in self.loudness],
        }


def talk_metrics(turns: Sequence[ScoredTurn]) -> TalkMetrics:
    """The service metrics of scored turns."""
    plain = [scored.turn for scored in turns]
    talk, silence, overlap = talk_times(plain)
    spoken = sum(talk.values())
    monologues, broken = longest_monologues(plain), interruptions(plain)
    covered = _union([(turn.start, turn.end) for turn in plain if turn.end is not None])
    return TalkMetrics(
        roles={
            role: RoleTalk(
                seconds=seconds,
                share=seconds / spoken,
                longest_monologue=monologues[role],
                interruptions=broken.get(role, 0),
                syllables_per_minute=pace(plain, Role(role)),
            )
            for role, seconds in talk.items()
        },
        silence_seconds=silence,
        longest_silence=float((covered[1:, 0] - covered[:-1, 1]).max(initial=0.0)),
        overlap_seconds=overlap,
        loudness=loudness_curve(turns),
    )


def talk_times(turns: Sequence[Turn]) -> tuple[dict[str, float], float, float]:
    """Seconds of talk per role, of silence, and of more than one role speaking at once.

    Turns without start and end do not count. Silence lies between the first and the last turn.
    """
    spans = {
        role: _union([(t.start, t.end) for t in turns if t.role is role and t.end is not None])
        for role in Role
    }
    everybody = _union([(a, b) for rows in spans.values() for a, b in rows])
    if not len(everybody):
        return {}, 0.0, 0.0
    talk = {role.value: _seconds(rows) for role, rows in spans.items() if len(rows)}
    span = float(everybody[-1, 1] - everybody[0, 0])
    edges = np.concatenate([rows for rows in spans.values() if len(rows)])
    times = np.concatenate([edges[:, 0], edges[:, 1]])
    steps = np.repeat([1, -1], len(edges))
    order = np.argsort(times, kind="stable")
    speaking = np.cumsum(steps[order])[:-1]
    overlap = float(np.diff(times[order])[speaking > 1].sum())
    return talk, span - _seconds(everybody), overlap


def longest_monologues(turns: Sequence[Turn]) -> dict[str, float]:
    """Seconds of each role's longest monologue."""
    longest: dict[str, float] = {}
    speaker, first, last = "", 0.0, 0.0
    for start, end, role in _timed(turns):
        if role != speaker and start < last and end - start < _LISTENING:
            continue
        if role != speaker or start - last > LONGEST_PAUSE:
            speaker, first, last = role, start, start
        last = max(last, end)
        longest[role] = max(longest.get(role, 0.0), last - first)
    return longest


def interruptions(turns: Sequence[Turn]) -> dict[str, int]:
    """How often each role interrupted another; turns of unknown role interrupt nobody known."""
    counts: dict[str, int] = {}
    speaking: list[tuple[float, float, str]] = []
    for start, end, role in _timed(turns):
        speaking = [one for one in speaking if one[1] > start]
        if end - start >= _LISTENING and any(
            other != role and began + _BOTH <= start and ends >= start + _BOTH
            for began, ends, other in speaking
        ):
            counts[role] = counts.get(role, 0) + 1
        speaking.append((start, end, role))
    return counts


def pace(turns: Sequence[Turn], role: Role) -> float | None:
    """A role's syllables per minute of talk, or None where its words or times are not known."""
    spoken = [
        (syllables(turn.text), turn.duration)
        for turn in turns
        if turn.role is role and turn.duration is not None and turn.text.strip()
    ]
    seconds = sum(duration for _, duration in spoken if duration is not None)
    return 60 * sum(count for count, _ in spoken) / seconds if seconds else None


def syllables(text: str) -> int:
    """How many syllables a text has when it is spoken, see the module."""
    return sum(
        max(1, len(_VOWELS.findall(part))) if part[0].isascii() and not part.isdigit() else 1
        for part in _SYLLABLES.findall(text)
    )


def loudness_curve(turns: Sequence[ScoredTurn]) -> tuple[tuple[float, float], ...]:
    """Start and level of each customer's turn that was heard, in the order of the turns."""
    return tuple(
        (scored.turn.start, item.value)
        for scored in turns
        if scored.turn.role is Role.CUSTOMER and scored.turn.start is not None
        for item in (scored.scores[VOICE].evidence if VOICE in scored.scores else ())
        if item.name == "level" and item.value is not None
    )


def _timed(turns: Sequence[Turn]) -> list[tuple[float, float, str]]:
    return sorted(
        (turn.start, turn.end, turn.role.value)
        for turn in turns
        if turn.start is not None and turn.end is not None
    )


def _union(spans: Sequence[tuple[float | None, float | None]]) -> NDArray[np.float64]:
    """Spans merged where they touch, in the order of time: float64 (n, 2)."""
    merged: list[list[float]] = []
    for start, end in sorted((a, b) for a, b in spans if a is not None and b is not None):
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return np.array(merged, dtype=np.float64).reshape(-1, 2)


def _seconds(spans: NDArray[np.float64]) -> float:
    return float((spans[:, 1] - spans[:, 0]).sum())
