"""The report of one conversation: what its template shows, from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.dashboard.theme import EMOTION_COLOURS, LEVEL_COLOURS, clock
from app.reports import figures
from app.reports.texts import Words
from app.store.reading import StoredConversation
from app.store.verdicts import Judged
from multimodal.conversation import Role
from multimodal.emotions import UNKNOWN, ModelInfo
from multimodal.evidence import voice_in_words
from multimodal.scoring import VOICE, ScoredTurn
from multimodal.states import NEGATIVE_STATES, state_of
from multimodal.talk import RoleTalk, talk_metrics

MOMENTS = 6
"""Key moments of a report."""
PRINTED = 400
"""Turns of the transcript that are printed."""
_STAFF = (Role.AGENT, Role.BOT)


def conversation_context(
    stored: StoredConversation, history: Sequence[Judged], words: Words, zone: ZoneInfo
) -> dict[str, Any]:
    """What the template of a conversation shows.

    Args:
        stored: The conversation.
        history: Verdicts on it, oldest first.
        words: In which language.
        zone: In which times are shown.
    """
    row, scored = stored.row, stored.scored
    trajectory = scored.trajectory
    standing = {one.number: one for one in stored.corrections if one.revoked_at is None}
    talk = talk_metrics(scored.turns)
    shift = trajectory.shift
    return {
        "level": words.level(row.level),
        "level_colour": LEVEL_COLOURS.get(row.level, "#555"),
        "figures": [
            (words("risk"), f"{row.risk:.2f}", words("risk_help")),
            (words("state"), words.state(row.view_state) or "–", ""),
            (words("shift"), "–" if shift is None else f"{shift:+.1f}", words("shift_help")),
        ],
        "facts": _facts(stored, words, zone),
        "timeline": figures.timeline(scored.turns, trajectory.risk, words),
        "legend": figures.legend(
            [one.answer.label for one in scored.turns if one.answer.label != UNKNOWN], words
        ),
        "quarters": figures.quarters(trajectory.sentiment, words),
        "moments": _moments(stored, standing, words),
        "history": [step for one in history for step in _steps(one, words, zone)],
        "talk": _talk(talk.roles, words),
        "gaps": (
            words("seconds", n=f"{talk.silence_seconds:.0f}"),
            words("seconds", n=f"{talk.overlap_seconds:.0f}"),
        ),
        "transcript": [
            _line(number, one, standing.get(number), words)
            for number, one in enumerate(scored.turns[:PRINTED], start=1)
        ],
        "cut": (
            words("cut", shown=PRINTED, all=len(scored.turns))
            if len(scored.turns) > PRINTED
            else ""
        ),
        "words_gone": row.transcript_deleted_at is not None,
        "models": model_rows(_models(scored.turns, trajectory.model), words),
        "notes": scored.notes,
    }


def model_rows(models: Sequence[ModelInfo], words: Words) -> list[tuple[str, str]]:
    """Models by release, and what their training data allow."""
    found = {one.key: one for one in models}
    return [(one.release, words(f"terms_{one.terms}")) for _, one in sorted(found.items())]


def local(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment in the site's zone, to the minute; empty for none."""
    return "" if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


def _facts(stored: StoredConversation, words: Words, zone: ZoneInfo) -> list[tuple[str, str]]:
    row = stored.row
    given = (
        ("external_id", row.external_id),
        ("source", row.source),
        ("channel", words(row.channel)),
        ("queue", row.queue),
        ("team", row.team),
        ("business", row.business_type),
        ("customer", row.customer_display),
        (
            "agents",
            "、".join(row.agent_ids) if words.language == "zh" else ", ".join(row.agent_ids),
        ),
        ("started", local(row.started_at, zone)),
        ("duration", clock(row.duration) if row.duration is not None else ""),
        ("turns", str(row.turn_count)),
        ("notice", row.notice or words("no_notice")),
    )
    return [(words(name), value) for name, value in given if value]


def _moments(
    stored: StoredConversation, standing: dict[int, Any], words: Words
) -> list[dict[str, str]]:
    """The turns that tell most: negative ones by confidence, in the order of time."""
    negative = [
        (number, one)
        for number, one in enumerate(stored.scored.turns, start=1)
        if one.turn.role not in _STAFF and state_of(one.answer) in NEGATIVE_STATES
    ]
    chosen = sorted(negative, key=lambda item: -item[1].answer.confidence)[:MOMENTS]
    return [_line(number, one, standing.get(number), words) for number, one in sorted(chosen)]


def _line(number: int, one: ScoredTurn, correction: Any, words: Words) -> dict[str, str]:
    turn, answer = one.turn, one.answer
    line = {
        "when": clock(turn.start) if turn.start is not None else str(number),
        "role": words(f"role_{turn.role.value}"),
        "kind": turn.role.value,
        "text": turn.text,
        "answer": "",
        "colour": "",
        "basis": "",
        "correction": "",
    }
    if turn.role in _STAFF:
        return line | {"answer": words("not_scored")}
    if correction is not None:
        label = words.emotion(correction.label)
        line["correction"] = words("corrected", label=label, who=correction.author)
    known = answer.label != UNKNOWN
    share = f" {answer.confidence:.0%}" if known else ""
    return line | {
        "answer": f"{words.emotion(answer.label)}{share}",
        "colour": EMOTION_COLOURS[answer.label],
        "basis": _basis(one, words),
    }


def _basis(one: ScoredTurn, words: Words) -> str:
    """Modalities, the weightiest first; how the voice left its normal; whether they disagree."""
    weights = sorted(one.answer.contributions.items(), key=lambda item: -item[1])
    named = [
        words(name) if name in ("text", "voice", "face") else name for name, w in weights if w > 0
    ]
    parts = [" + ".join(named)]
    voice = one.scores.get(VOICE)
    if voice is not None and not voice.is_missing:
        parts.append(voice_in_words(voice.evidence, words.language))
    if one.answer.disagrees:
        parts.append(words("disagrees"))
    return ("；" if words.language == "zh" else "; ").join(part for part in parts if part)


def _steps(one: Judged, words: Words, zone: ZoneInfo) -> list[tuple[str, str, str]]:
    verdict, appeal = one.verdict, one.appeal
    said = words("said_verdict", who=verdict.author, verdict=words(verdict.verdict))
    if verdict.revoked_at is not None:
        said += words("undone", who=verdict.revoked_by)
    steps = [(local(verdict.made_at, zone), said, verdict.comment)]
    if appeal is not None:
        said = words("said_appeal", who=appeal.author)
        steps.append((local(appeal.made_at, zone), said, appeal.reason))
        if appeal.decision:
            said = words("said_decision", who=appeal.decided_by, verdict=words(appeal.decision))
            steps.append((local(appeal.decided_at, zone), said, appeal.comment))
    return steps


def _talk(roles: Any, words: Words) -> list[tuple[str, list[str]]]:
    """Rows of the service metrics, one column a role; empty without times."""
    shown: list[tuple[str, RoleTalk]] = [
        (role, roles[role]) for role in ("customer", "agent", "bot", "unknown") if role in roles
    ]
    if not shown:
        return []
    pace = [one.syllables_per_minute for _, one in shown]
    return [
        ("", [words(f"role_{role}") for role, _ in shown]),
        (words("talk_time"), [f"{clock(one.seconds)} ({one.share:.0%})" for _, one in shown]),
        (words("monologue"),
         [words("seconds", n=f"{one.longest_monologue:.1f}") for _, one in shown]),
        (words("interruptions"), [str(one.interruptions) for _, one in shown]),
        (words("pace"), ["–" if value is None else f"{value:.0f}" for value in pace]),
    ]  # fmt: skip


def _models(turns: Sequence[ScoredTurn], trajectory: ModelInfo | None) -> list[ModelInfo]:
    found = [one.answer.model for one in turns]
    found += [score.model for one in turns for score in one.scores.values()]
    return [model for model in (*found, trajectory) if model is not None]
