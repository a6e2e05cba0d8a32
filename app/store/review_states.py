"""How far the review of a conversation is, as lists are filtered by it."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased

from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.tables import ConversationRow

ReviewState = Literal["waiting", "reviewed", "upheld", "false_alarm", "missed", "appealed"]
"""`waiting` for a reviewer; `reviewed`: with a verdict; with this verdict, after an appeal the one
that was decided; with an appeal that waits for its decision."""


def in_review(state: ReviewState) -> ColumnElement[bool]:
    """Whether a conversation has this state; a verdict that is held back does not count yet."""
    if state == "waiting":
        return exists().where(
            ReviewTaskRow.conversation_id == ConversationRow.id, ReviewTaskRow.done_at.is_(None)
        )
    judged = (
        VerdictRow.conversation_id == ConversationRow.id,
        VerdictRow.revoked_at.is_(None),
        VerdictRow.task_id == ReviewTaskRow.id,
        ~held_back(),
    )
    if state == "reviewed":
        return exists().where(*judged)
    if state == "appealed":
        return exists().where(
            *judged, AppealRow.verdict_id == VerdictRow.id, AppealRow.decision == ""
        )
    decided = select(AppealRow.decision).where(
        AppealRow.verdict_id == VerdictRow.id, AppealRow.decision != ""
    )
    holds = func.coalesce(decided.scalar_subquery(), VerdictRow.verdict)
    return exists().where(*judged, holds == state)


def held_back() -> ColumnElement[bool]:
    """Whether another reviewer is still to judge a task's conversation in the same queue."""
    other = aliased(ReviewTaskRow)
    return exists().where(
        other.conversation_id == ReviewTaskRow.conversation_id,
        other.queue == ReviewTaskRow.queue,
        other.id != ReviewTaskRow.id,
        other.done_at.is_(None),
    )
