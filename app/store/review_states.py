"""How far the review of a conversation is, as lists are filtered by it."""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import ColumnElement, case, exists
from sqlalchemy.orm import aliased

from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.tables import ConversationRow

ReviewState = Literal["waiting", "reviewed", "upheld", "false_alarm", "missed", "appealed"]
"""`waiting` for a reviewer; `reviewed`: with a verdict; with this verdict, after an appeal the one
that was decided; with an appeal that waits for its decision."""
REVIEW_STATES: tuple[ReviewState, ...] = get_args(ReviewState)


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
    appeal = (AppealRow.verdict_id == VerdictRow.id, AppealRow.decision == "")
    if state == "appealed":
        return exists().where(*judged, *appeal)
    decided = aliased(AppealRow)
    decision = (decided.verdict_id == VerdictRow.id, decided.decision != "")
    changed = exists().where(*decision)
    holds = case(
        (changed, exists().where(*decision, decided.decision == state)),
        else_=VerdictRow.verdict == state,
    )
    return exists().where(*judged, holds)


def held_back() -> ColumnElement[bool]:
    """Whether another reviewer is still to judge a task's conversation in the same queue."""
    other = aliased(ReviewTaskRow)
    return exists().where(
        other.conversation_id == ReviewTaskRow.conversation_id,
        other.queue == ReviewTaskRow.queue,
        other.id != ReviewTaskRow.id,
        other.done_at.is_(None),
    )
