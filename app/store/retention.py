"""What is deleted when its time is over: recordings, words, scores, the audit; each in its turn.

Time counts from when the product received a conversation. A sweep is idempotent: what is gone does
not count again. An open conversation is left alone until it is closed.

    media        the recording's file, and where it lay
    transcript   words, speakers' names, what the source said besides, evidence, comments, what
                 was learnt of the customer
    scores       all that is left of the conversation, its recordings too
    audit        entries of the audit

Batches of files go with the words; those that wait to be scored with whichever of words and
recordings goes first. Events go with the words too, and after `app.store.events.KEEP_DAYS`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from app.settings import Settings
from app.store import customers, events
from app.store.alert_tables import AlertRow
from app.store.batch_tables import BatchRow
from app.store.media import MediaFolder, forgotten
from app.store.review_tables import AppealRow, VerdictRow
from app.store.tables import (
    AuditRow,
    CarriedStateRow,
    ConversationRow,
    CorrectionRow,
    EventRow,
    MediaRow,
    ScoreRow,
    TurnRow,
)

AT_ONCE = 200
"""Conversations whose words are deleted in one transaction."""
ORPHAN_SECONDS = 24 * 3600.0
"""A file in the media folder that nothing refers to is somebody's upload until it is this old."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How much a sweep deleted, or would delete.

    Attributes:
        media: Recordings.
        transcripts: Conversations whose words went.
        conversations: Conversations of which nothing is left.
        audit: Entries of the audit.
        orphans: Files in the media folder that nothing referred to.
        batches: Batches of files: what they were called and what was wrong; those that were never
            scored with their files.
    """

    media: int = 0
    transcripts: int = 0
    conversations: int = 0
    audit: int = 0
    orphans: int = 0
    batches: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to delete."""
        return any(asdict(self).values())


@dataclass(frozen=True, slots=True)
class Limits:
    """The moments before which each class is over; None where it is kept."""

    media: datetime | None
    transcript: datetime | None
    scores: datetime | None
    audit: datetime | None

    @classmethod
    def of(cls, settings: Settings, now: datetime) -> Limits:
        """The limits that the settings give at a moment."""

        def before(days: int) -> datetime | None:
            return now - timedelta(days=days) if days else None

        return cls(
            before(settings.retention_media_days),
            before(settings.retention_transcript_days),
            before(settings.retention_scores_days),
            before(settings.retention_audit_days),
        )


def over(limit: datetime | None) -> ColumnElement[bool]:
    """Whether a conversation is closed and was received before the limit."""
    row = ConversationRow
    return (row.state == "closed") & (row.received_at < (limit or datetime.min.replace(tzinfo=UTC)))


def count(session: Session, limits: Limits, folder: MediaFolder) -> Swept:
    """What a sweep would delete now."""
    gone = over(limits.scores)
    media = select(func.count()).select_from(MediaRow).join(ConversationRow)
    media = media.where(MediaRow.path != "", over(limits.media) | gone)
    transcripts = select(func.count()).select_from(ConversationRow)
    transcripts = transcripts.where(
        over(limits.transcript), ~gone, ConversationRow.transcript_deleted_at.is_(None)
    )
    return Swept(
        media=session.scalar(media) or 0,
        transcripts=session.scalar(transcripts) or 0,
        conversations=session.scalar(select(func.count()).select_from(ConversationRow).where(gone))
        or 0,
        audit=session.scalar(
            select(func.count()).select_from(AuditRow).where(_old_audit(limits.audit))
        )
        or 0,
        orphans=len(orphans(session, folder)),
        batches=session.scalar(
            select(func.count()).select_from(BatchRow).where(_old_batches(limits))
        )
        or 0,
    )


def forget_media(session: Session, limits: Limits) -> tuple[set[str], int]:
    """Forgets where recordings lay whose time is over; a hash is left, to know them again.

    Returns:
        The hashes of those in the media folder, and how many recordings there were.
    """
    rows = session.scalars(
        select(MediaRow)
        .join(ConversationRow)
        .where(MediaRow.path != "", over(limits.media) & ~over(limits.scores))
    ).all()
    digests = {row.sha256 for row in rows} - {""}
    for row in rows:
        row.sha256 = row.sha256 or forgotten(row.path)
        row.path = ""
    ids = {row.conversation_id for row in rows}
    for some in _parts(sorted(ids)):
        session.execute(
            update(ConversationRow).where(ConversationRow.id.in_(some)).values(media_count=0)
        )
    return digests, len(rows)


def delete_words(session: Session, limits: Limits, now: datetime) -> int:
    """Deletes the words of at most `AT_ONCE` conversations whose time is over."""
    wanted = (
        select(ConversationRow.id)
        .where(
            over(limits.transcript),
            ~over(limits.scores),
            ConversationRow.transcript_deleted_at.is_(None),
        )
        .order_by(ConversationRow.id)
        .limit(AT_ONCE)
    )
    ids = session.scalars(wanted).all()
    if not ids:
        return 0
    for kind, values in (
        (TurnRow, {"text": "", "speaker": "", "attributes": {}}),
        (ScoreRow, {"evidence": []}),
        (CorrectionRow, {"comment": ""}),
        (AlertRow, {"words": "", "comment": ""}),
        (VerdictRow, {"comment": ""}),
    ):
        session.execute(update(kind).where(kind.conversation_id.in_(ids)).values(**values))
    of_these = select(VerdictRow.id).where(VerdictRow.conversation_id.in_(ids))
    session.execute(
        update(AppealRow).where(AppealRow.verdict_id.in_(of_these)).values(reason="", comment="")
    )
    session.execute(delete(CarriedStateRow).where(CarriedStateRow.conversation_id.in_(ids)))
    customers.forget(session, ids)
    events.forget(session, ids)
    session.execute(
        update(ConversationRow)
        .where(ConversationRow.id.in_(ids))
        .values(
            transcript_deleted_at=now,
            customer_display="",
            business_type="",
            attributes={},
            notes=[],
            error="",
        )
    )
    return len(ids)


def delete_conversations(session: Session, limits: Limits) -> tuple[set[str], int, int]:
    """Deletes conversations of which nothing is to be left.

    Returns:
        Hashes of their recordings in the media folder, how many recordings, how many conversations.
    """
    gone = select(ConversationRow.id).where(over(limits.scores))
    media = session.scalars(
        select(MediaRow.sha256).where(MediaRow.conversation_id.in_(gone), MediaRow.path != "")
    ).all()
    conversations = session.scalar(
        select(func.count()).select_from(ConversationRow).where(over(limits.scores))
    )
    session.execute(delete(EventRow).where(EventRow.conversation_id.in_(gone)))
    session.execute(delete(ConversationRow).where(ConversationRow.id.in_(gone)))
    return set(media) - {""}, len(media), conversations or 0


def delete_audit(session: Session, limits: Limits) -> int:
    """Deletes old entries of the audit."""
    old = _old_audit(limits.audit)
    number = session.scalar(select(func.count()).select_from(AuditRow).where(old))
    session.execute(delete(AuditRow).where(old))
    return number or 0


def orphans(session: Session, folder: MediaFolder) -> list[str]:
    """Paths of files in the media folder that nothing refers to and nobody is uploading."""
    used = set(session.scalars(select(MediaRow.sha256).where(MediaRow.path != "")))
    return [str(path) for path in folder.orphans(used, time.time() - ORPHAN_SECONDS)]


def delete_batches(session: Session, limits: Limits) -> int:
    """Deletes old batches that do not run; their conversations have their own time."""
    old = _old_batches(limits)
    number = session.scalar(select(func.count()).select_from(BatchRow).where(old))
    session.execute(delete(BatchRow).where(old))
    return number or 0


def _old_batches(limits: Limits) -> ColumnElement[bool]:
    """A finished one is words; one that waits holds transcripts and recordings."""
    never = datetime.min.replace(tzinfo=UTC)
    words = limits.transcript or never
    finished = (BatchRow.state == "finished") & (BatchRow.made_at < words)
    waits = BatchRow.state.in_(("draft", "paused"))
    return finished | (waits & (BatchRow.made_at < max(words, limits.media or never)))


def _old_audit(limit: datetime | None) -> ColumnElement[bool]:
    return AuditRow.at < (limit or datetime.min.replace(tzinfo=UTC))


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
