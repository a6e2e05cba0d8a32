"""Appeals against verdicts, and their decision, which is final."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.audit import entry
from app.store.review_tables import AppealRow, ReviewTaskRow, VerdictRow
from app.store.sampling import FLAGGED
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow
from app.store.verdicts import Judged, appeal_against, check_words, named
from multimodal.conversation import storable
from multimodal.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)


class Appeals:
    """Appeals in the store.

    Args:
        writing: Opens a transaction that writes.
        zone: In which refusals give moments.
        appeal_days: Days within which a verdict may be appealed against.
    """

    def __init__(self, writing: Sessions, zone: ZoneInfo, appeal_days: int) -> None:
        self._writing = writing
        self._zone = zone
        self._within = timedelta(days=appeal_days)

    def appeal(self, verdict_id: int, reason: str, scope: Scope) -> Judged:
        """Appeals against a verdict on a conversation of one's own team.

        Raises:
            NotFoundError: If there is no such verdict, or it was undone.
            InvalidInputError: If no reason is given, or it is too long.
            ConflictError: If the days are over, or there is an appeal already.
        """
        if not reason.strip():
            raise InvalidInputError("the appeal gives no reason.", where="reason")
        check_words("", reason)
        now = datetime.now(UTC)
        with self._writing() as session:
            verdict, task, row = _verdict(session, verdict_id, scope)
            until = verdict.made_at + self._within
            if now > until:
                raise ConflictError(
                    f"the time for an appeal was over at {self._at(until)}, "
                    f"{self._within.days} days after the verdict.",
                    where=f"verdict {verdict_id}",
                )
            if (before := appeal_against(session, verdict_id)) is not None:
                raise ConflictError(
                    f"{before.author} appealed at {self._at(before.made_at)}.",
                    where=f"verdict {verdict_id}",
                )
            made = AppealRow(
                verdict_id=verdict_id,
                reason=storable(reason),
                author=scope.who,
                made_at=now,
                decision="",
                dissatisfied=None,
                comment="",
                decided_by="",
                decided_at=None,
            )
            session.add(made)
            entry(session, scope.who, "appeal", {"verdict": verdict_id})
            return Judged(verdict, task, row, made, until)

    def decide(self, appeal_id: int, *, dissatisfied: bool, comment: str, scope: Scope) -> Judged:
        """Decides an appeal for good; the first verdict stays beside the decision.

        Args:
            appeal_id: The appeal.
            dissatisfied: Whether the customer was, as the second look says.
            comment: Why.
            scope: Who decides: neither the first reviewer nor who appealed.

        Raises:
            NotFoundError: If there is no such appeal.
            NotAllowedError: If whoever decides gave the verdict or appealed.
            ConflictError: If it is decided.
        """
        check_words("", comment)
        with self._writing() as session:
            made = session.get(AppealRow, appeal_id, with_for_update=True)
            if made is None:
                raise NotFoundError(f"there is no appeal {appeal_id}.")
            verdict, task, row = _verdict(session, made.verdict_id, scope)
            where = f"appeal {appeal_id}"
            if made.decision:
                at = self._at(made.decided_at) if made.decided_at else ""
                raise ConflictError(f"{made.decided_by} decided it at {at}.", where=where)
            if scope.who in (verdict.author, made.author):
                raise NotAllowedError(
                    "an appeal is decided by somebody other than the first reviewer and the one "
                    "who appealed.",
                    where=where,
                )
            flagged = verdict.level in FLAGGED
            made.decision, made.dissatisfied = named(flagged, dissatisfied), dissatisfied
            made.comment, made.decided_by = storable(comment), scope.who
            made.decided_at = datetime.now(UTC)
            entry(session, scope.who, "appeal_decision", {"verdict": verdict.id})
            return Judged(verdict, task, row, made, verdict.made_at + self._within)

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"


def _verdict(
    session: Session, verdict_id: int, scope: Scope
) -> tuple[VerdictRow, ReviewTaskRow, ConversationRow]:
    found = session.execute(
        select(VerdictRow, ReviewTaskRow, ConversationRow)
        .join(ReviewTaskRow, ReviewTaskRow.id == VerdictRow.task_id)
        .join(ConversationRow, ConversationRow.id == VerdictRow.conversation_id)
        .where(VerdictRow.id == verdict_id, VerdictRow.revoked_at.is_(None), scope.visible())
        .with_for_update(of=VerdictRow)
    ).first()
    if found is None:
        raise NotFoundError(f"there is no verdict {verdict_id}, or it was undone.")
    return found[0], found[1], found[2]
