"""The store's side of people's rights: notices, erasure, retention, the audit."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.settings import Settings
from app.store import batches, events, retention
from app.store.audit import entry
from app.store.batches import Batches
from app.store.erasing import empty_log, purge
from app.store.media import MediaFolder
from app.store.retention import Limits, Swept
from app.store.scope import Scope
from app.store.tables import AuditRow, ConversationRow, IdempotencyRow, MediaRow, NoticeRow
from multimodal.conversation import Conversation, storable
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError
from multimodal.policy import LAPSED

MAX_REFERENCE, MAX_TEXT = 200, 20_000
UNREAD = (
    "有 {} 个文件在批次中等待评分，其中有谁尚不可知：评分后请再次删除"
    " ({} files of batches wait to be scored; whose they are is not known yet: erase again then)"
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What erasing a customer deleted.

    Attributes:
        conversations: Rows of conversations, with all that belonged to them.
        media: Recordings deleted from the media folder.
        shared: Recordings left there because another customer's conversation has the same one.
        elsewhere: Recordings outside the media folder, which are the site's to delete.
        notes: What could not be done, for a person to read.
    """

    conversations: int
    media: int
    shared: int
    elsewhere: tuple[str, ...]
    notes: tuple[str, ...]


class Governance:
    """What a store does for people's rights; its part of `Store`.

    Its methods raise what all of the store's do.
    """

    media: MediaFolder
    batches: Batches
    _engine: Engine
    _standing_notice: str

    def _reading(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def discard(self, digests: set[str]) -> int:
        """Deletes those uploaded recordings that no conversation refers to; says how many."""
        with self._reading() as session:
            used = select(MediaRow.sha256).where(MediaRow.sha256.in_(digests), MediaRow.path != "")
            unused = digests - set(session.scalars(used))
        for digest in unused:
            self.media.remove(digest)
        return len(unused)

    # Erasure

    def erase(self, customer_ref: str, scope: Scope) -> Erased:
        """Erases a customer: rows, recordings, keys of writes; an entry in the audit is left.

        The entry says when, by whom and how much, and nothing by which the customer is known.
        Exports are not kept by the product, and there is no search index beside the rows.

        Args:
            customer_ref: The customer's reference, as `Conversation.customer_ref` has it.
            scope: Who erases; conversations outside it are not found.

        Raises:
            NotFoundError: If no conversation has this reference.
        """
        row = ConversationRow
        with self._writing() as session:
            of_them = (row.customer_ref == storable(customer_ref)) & scope.visible()
            found = session.scalars(select(row).where(of_them)).all() if customer_ref else []
            ids = [one.id for one in found]
            if not ids:
                raise NotFoundError(
                    "no conversation has this customer.",
                    remedy="Give the number as it was imported, or the API's customer_ref.",
                )
            media = session.scalars(
                select(MediaRow).where(MediaRow.conversation_id.in_(ids), MediaRow.path != "")
            ).all()
            digests = {one.sha256 for one in media} - {""}
            elsewhere = tuple(sorted({one.path for one in media if not one.sha256}))
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.conversation_id.in_(ids)))
            batches.forget(session, ids)
            events.forget(session, ids)
            for one in found:
                events.record(session, "conversation", one, {"change": "erased"})
            session.execute(delete(row).where(row.id.in_(ids)))
            counts = {"conversations": len(ids), "media": len(digests), "elsewhere": len(elsewhere)}
            entry(session, scope.who, "erase", counts)
        removed = self.discard(digests)
        self.batches.prune()
        notes = purge(self._engine)
        if unread := self.batches.unread():
            notes.append(UNREAD.format(unread, unread))
        return Erased(len(ids), removed, len(digests) - removed, elsewhere, tuple(notes))

    # Retention

    def sweep(self, settings: Settings, *, dry_run: bool = False, who: str = "schedule") -> Swept:
        """Deletes what the settings keep no longer; again deletes nothing.

        Args:
            settings: How many days each class is kept.
            dry_run: Only count what would go.
            who: Who sweeps, for the audit.
        """
        now = datetime.now(UTC)
        limits = Limits.of(settings, now)
        if dry_run:
            with self._reading() as session:
                return retention.count(session, limits, self.media)
        with self._writing() as session:
            digests, recordings = retention.forget_media(session, limits)
            more, others, conversations = retention.delete_conversations(session, limits)
            audit = retention.delete_audit(session, limits)
            old_batches = retention.delete_batches(session, limits)
            events.delete_old(session, now)
        self.discard(digests | more)
        transcripts = 0
        while True:
            with self._writing() as session:
                done = retention.delete_words(session, limits, now)
            transcripts += done
            if not done:
                break
        self.batches.prune()
        with self._reading() as session:
            orphans = retention.orphans(session, self.media)
        for path in orphans:
            Path(path).unlink(missing_ok=True)
        swept = Swept(
            recordings + others, transcripts, conversations, audit, len(orphans), old_batches
        )
        if swept.anything:
            with self._writing() as session:
                entry(session, who, "retention", asdict(swept))
            if transcripts or conversations or old_batches:
                empty_log(self._engine)
        return swept

    # Notices

    def add_notice(
        self,
        reference: str,
        text: str,
        scope: Scope,
        *,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> NoticeRow:
        """Records a notice. The same one twice is kept once.

        Args:
            reference: What conversations name it by.
            text: What customers are told.
            scope: Who records it.
            valid_from: Since when it holds; by default now.
            valid_until: First moment at which it no longer holds; None while it holds on.

        Raises:
            InvalidInputError: If a field is empty, too long, or it ends before it begins.
            ConflictError: If another notice has this reference.
        """
        reference, text = storable(reference.strip()), storable(text.strip())
        for name, value, limit in (
            ("reference", reference, MAX_REFERENCE),
            ("text", text, MAX_TEXT),
        ):
            if not 0 < len(value) <= limit:
                raise InvalidInputError(
                    f"{name} has {len(value)} characters, expected 1 to {limit}."
                )
        now = datetime.now(UTC)
        begins = valid_from or now
        if valid_until is not None and valid_until <= begins:
            raise InvalidInputError("valid_until is not after valid_from.")
        with self._writing() as session:
            before = session.get(NoticeRow, reference)
            if before is not None:
                same = before.text == text and before.valid_until == valid_until
                if not same or (valid_from is not None and before.valid_from != valid_from):
                    raise ConflictError(
                        "another notice has this reference.",
                        where=f"notice {reference[:80]!r}",
                        remedy="A changed notice gets a reference of its own; end this one.",
                    )
                return before
            row = NoticeRow(
                reference=reference,
                text=text,
                valid_from=begins,
                valid_until=valid_until,
                author=scope.who,
                made_at=now,
            )
            session.add(row)
            entry(session, scope.who, "notice", {"reference": reference, "valid": True})
        return row

    def end_notice(self, reference: str, scope: Scope, at: datetime | None = None) -> NoticeRow:
        """Ends a notice: conversations that begin from then on are not analysed under it.

        Raises:
            NotFoundError: If there is none of this reference.
            InvalidInputError: If it would end before it began.
        """
        with self._writing() as session:
            row = session.get(NoticeRow, storable(reference))
            if row is None:
                raise NotFoundError(f"there is no notice {reference[:80]!r}.")
            until = at or datetime.now(UTC)
            if until <= row.valid_from:
                raise InvalidInputError("a notice cannot end before it began.")
            row.valid_until = until
            entry(session, scope.who, "notice", {"reference": row.reference, "valid": False})
        return row

    def notices(self) -> list[tuple[NoticeRow, int]]:
        """Every notice, the latest first, and how many conversations name it."""
        counted = (
            select(ConversationRow.notice, func.count().label("conversations"))
            .group_by(ConversationRow.notice)
            .subquery()
        )
        wanted = (
            select(NoticeRow, func.coalesce(counted.c.conversations, 0))
            .outerjoin(counted, counted.c.notice == NoticeRow.reference)
            .order_by(NoticeRow.valid_from.desc())
        )
        with self._reading() as session:
            return [(row, int(count)) for row, count in session.execute(wanted)]

    def with_valid_notice(self, conversation: Conversation) -> Conversation:
        """The conversation, without its notice if that did not hold when it began.

        Voice and face are then not analysed, under the site's standing notice neither, and the
        attribute `notice_not_valid` says why. One without a notice of its own is under the
        standing notice. A reference that no record stands for is taken at its word; without a
        start, now counts.
        """
        reference = conversation.notice or self._standing_notice
        if not reference:
            return conversation
        with self._reading() as session:
            record = session.get(NoticeRow, storable(reference))
        if record is None:
            return conversation
        at = conversation.started_at or datetime.now(UTC)
        ended = record.valid_until is not None and at >= record.valid_until
        if at >= record.valid_from and not ended:
            return conversation
        attributes = {**conversation.attributes, LAPSED: reference}
        return replace(conversation, notice="", attributes=attributes)

    # The audit

    def audit(self, limit: int = 100, *, who: str = "", action: str = "") -> list[AuditRow]:
        """The latest entries of the audit, newest first.

        Args:
            limit: Most entries.
            who: Of this person or key alone; empty for everybody's.
            action: Of this kind alone; empty for every kind.
        """
        wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
        if who:
            wanted = wanted.where(AuditRow.who == storable(who))
        if action:
            wanted = wanted.where(AuditRow.action == storable(action))
        with self._reading() as session:
            return list(session.scalars(wanted))

    def note(self, scope: Scope, action: str, detail: Mapping[str, Any]) -> None:
        """Adds an entry to the audit; it must not say about whom."""
        with self._writing() as session:
            entry(session, scope.who, action, detail)
