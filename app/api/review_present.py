"""Tasks, verdicts and appeals as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.store.reading import StoredConversation
from app.store.review_queues import Task
from app.store.review_tables import AppealRow
from app.store.tables import CorrectionRow
from app.store.verdicts import Judged
from multimodal.emotions import UNKNOWN

WHOLE = 400
"""Turns up to which a conversation is shown whole."""
AROUND = 6
"""Turns on both sides of one to be labelled, in a longer one."""


def summary(task: Task, zone: ZoneInfo) -> dict[str, Any]:
    """A task in a list (`TaskSummary`)."""
    row, of = task.row, task.conversation
    hidden = task.hidden
    same = ("id", "queue", "slot", "conversation_id", "assignee", "taken_by")
    of_call = (
        "source", "external_id", "channel", "team", "customer_display", "business_type", "duration",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in same},
        **{name: getattr(of, name) for name in of_call},
        "of_queue": of.queue,
        "started_at": _local(of.started_at, zone),
        "taken_at": _local(row.taken_at, zone),
        "done_at": _local(row.done_at, zone),
        "hidden": hidden,
        "level": None if hidden else of.level,
        "risk": None if hidden else of.risk,
    }


def whole(
    task: Task,
    stored: StoredConversation,
    labels: Mapping[int, CorrectionRow],
    judged: Judged | None,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """A task with its words (`TaskOut`); what the models said only where it is not hidden."""
    hidden = task.hidden
    wanted = set(task.row.turns)
    numbers = range(1, len(stored.scored.turns) + 1)
    shown = [
        number
        for number in numbers
        if len(numbers) <= WHOLE or any(abs(number - one) <= AROUND for one in wanted)
    ]
    turns = []
    for number in shown:
        scored = stored.scored.turns[number - 1]
        label = labels.get(number)
        answer = scored.answer
        told = not hidden and answer.label != UNKNOWN
        turns.append(
            {
                "number": number,
                "role": scored.turn.role.value,
                "text": scored.turn.text,
                "start": scored.turn.start,
                "end": scored.turn.end,
                "wanted": number in wanted,
                "mine": None if label is None else label.label,
                "model": {"label": answer.label, "confidence": answer.confidence} if told else None,
            }
        )
    return summary(task, zone) | {
        "wanted": task.row.turns,
        "turns": turns,
        "left_out": len(numbers) - len(shown),
        "dissatisfied": None if judged is None else judged.verdict.dissatisfied,
        # A verdict tells what the models said.
        "verdict": None if judged is None or hidden else verdict(judged, zone),
    }


def verdict(one: Judged, zone: ZoneInfo) -> dict[str, Any]:
    """A verdict (`VerdictOut`)."""
    row, of, appeal = one.verdict, one.conversation, one.appeal
    same = (
        "id", "task_id", "conversation_id", "verdict", "dissatisfied", "cause", "comment", "level",
        "risk", "author", "revoked_by",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in same},
        "queue": one.task.queue,
        "external_id": of.external_id,
        "team": of.team,
        "of_queue": of.queue,
        "made_at": _local(row.made_at, zone),
        "revoked_at": _local(row.revoked_at, zone),
        "appeal_until": _local(one.appeal_until, zone),
        "appeal": None if appeal is None else _appeal(appeal, zone),
        "holds": (appeal.decision if appeal is not None else "") or row.verdict,
        "final": one.final,
    }


def _appeal(row: AppealRow, zone: ZoneInfo) -> dict[str, Any]:
    same = ("id", "reason", "author", "decision", "dissatisfied", "comment", "decided_by")
    return {
        **{name: getattr(row, name) for name in same},
        "made_at": _local(row.made_at, zone),
        "decided_at": _local(row.decided_at, zone),
    }


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.astimezone(zone)
