"""The store's side of reading: one conversation, a page of them, all of them, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.store import events
from app.store.media import MediaFolder
from app.store.query import MAX_PAGE, Filter, ordering
from app.store.reading import Listed, StoredConversation, load
from app.store.scope import Scope
from app.store.search import any_of
from app.store.tables import ConversationRow, EventRow, ModelRow, TurnRow
from multimodal.emotions import ModelInfo
from multimodal.errors import InvalidInputError
from multimodal.tags import TagWords
from multimodal.thresholds import Thresholds


class Reading:
    """What a store does for whoever reads; its part of `Store`.

    Its methods raise what all of the store's do.
    """

    media: MediaFolder
    tag_words: TagWords
    _where: str

    def _thresholds(
        self, session: Session, queue: str, customer: str, before: int | None = None
    ) -> Thresholds:
        """From which risk on a conversation is watched, by its queue and what its customer's were.

        Args:
            session: The transaction.
            queue: Skill group; those that nothing was fitted to share their thresholds.
            customer: The customer's reference; without one the thresholds are the queue's.
            before: Only conversations that came before this one count; None for all.
        """
        raise NotImplementedError

    def _loaded(self, session: Session, row: ConversationRow) -> StoredConversation:
        thresholds = self._thresholds(session, row.queue, row.customer_ref, row.id)
        return load(session, row, self.media, self.tag_words, thresholds)

    def _reading(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _row(
        self, session: Session, conversation_id: int, scope: Scope, *, lock: bool = False
    ) -> ConversationRow:
        raise NotImplementedError

    def get(self, conversation_id: int, scope: Scope) -> StoredConversation:
        """One conversation with its latest scoring.

        Raises:
            NotFoundError: If it is not there, or not for whoever asks.
        """
        with self._reading() as session:
            row = self._row(session, conversation_id, scope)
            return self._loaded(session, row)

    def row(self, conversation_id: int, scope: Scope) -> ConversationRow:
        """One conversation's metadata, state and summary alone.

        Raises:
            NotFoundError: If it is not there, or not for whoever asks.
        """
        with self._reading() as session:
            return self._row(session, conversation_id, scope)

    def page(
        self, wanted: Filter, scope: Scope, *, sort: str = "-risk", limit: int = 50, offset: int = 0
    ) -> tuple[list[Listed], int]:
        """One page of a list, and how many conversations the whole list has.

        Args:
            wanted: Which conversations.
            scope: Who asks.
            sort: One of `query.SORTS`.
            limit: Most conversations on the page, 1 to 200.
            offset: Conversations before the page.

        Raises:
            InvalidInputError: If sort or limit is outside its range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}, expected 1 to {MAX_PAGE}.")
        words = wanted.words
        order = ordering(sort, words)
        condition = wanted.condition() & scope.visible()
        reason = (TurnRow.conversation_id == ConversationRow.id) & (
            TurnRow.number == ConversationRow.reason_turn
        )
        rows = (
            select(ConversationRow, TurnRow.text)
            .outerjoin(TurnRow, reason)
            .where(condition)
            .order_by(*order)
            .limit(limit)
            .offset(offset)
        )
        with self._reading() as session:
            count = session.scalar(
                select(func.count()).select_from(ConversationRow).where(condition)
            )
            listed = session.execute(rows).all()
            first = _first_found(session, [row.id for row, _ in listed], words)
        found = [Listed(row, said or "", *first.get(row.id, (None, ""))) for row, said in listed]
        return found, count or 0

    def iterate(self, wanted: Filter, scope: Scope) -> Iterator[StoredConversation]:
        """All conversations of a list, by id, a page at a time in constant memory."""
        after = 0
        condition = wanted.condition() & scope.visible()
        while True:
            page: Select[ConversationRow] = (
                select(ConversationRow)
                .where(condition, ConversationRow.id > after)
                .order_by(ConversationRow.id)
                .limit(MAX_PAGE)
            )
            with self._reading() as session:
                found = session.scalars(page).all()
                loaded = [self._loaded(session, row) for row in found]
            if not loaded:
                return
            yield from loaded
            after = loaded[-1].row.id

    def groups(self, scope: Scope) -> tuple[list[str], list[str]]:
        """Teams and queues that conversations name, sorted."""
        found = []
        with self._reading() as session:
            for column in (ConversationRow.team, ConversationRow.queue):
                wanted = select(column).where(scope.visible(), column != "").distinct()
                found.append(sorted(session.scalars(wanted)))
        return found[0], found[1]

    def events_after(self, last_id: int, scope: Scope, limit: int = 500) -> Sequence[EventRow]:
        """What happened after the event of an id, oldest first.

        Args:
            last_id: Id of the last event that is known already.
            scope: Who asks.
            limit: Most events at a time.
        """
        with self._reading() as session:
            return events.after(session, last_id, scope, limit)

    def last_event_id(self) -> int:
        """The id of the latest event of all, 0 where there is none."""
        with self._reading() as session:
            return events.last_id(session)

    def models(self) -> list[ModelInfo]:
        """Every model that ever gave a stored answer."""
        with self._reading() as session:
            found = session.scalars(select(ModelRow).order_by(ModelRow.key)).all()
        return [
            ModelInfo.from_json(
                {"name": m.name, "version": m.version, "sha256": m.sha256, "terms": m.terms}
            )
            for m in found
        ]

    def facts(self) -> dict[str, str | int]:
        """Where the database is and how much is in it, over all scopes."""
        with self._reading() as session:
            counts = {
                name: session.scalar(select(func.count()).select_from(table)) or 0
                for name, table in (
                    ("conversations", ConversationRow),
                    ("turns", TurnRow),
                    ("models", ModelRow),
                )
            }
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
        return {"database": self._where, "revision": str(revision), **counts}


def _first_found(
    session: Session, ids: list[int], words: list[str]
) -> dict[int, tuple[int | None, str]]:
    """The first turn of each conversation that has any of the words: its number and its text."""
    if not words or not ids:
        return {}
    number = func.min(TurnRow.number).label("number")
    first = (
        select(TurnRow.conversation_id, number)
        .where(TurnRow.conversation_id.in_(ids), any_of(words))
        .group_by(TurnRow.conversation_id)
        .subquery()
    )
    there = (TurnRow.conversation_id == first.c.conversation_id) & (
        TurnRow.number == first.c.number
    )
    found = select(TurnRow.conversation_id, TurnRow.number, TurnRow.text).join(first, there)
    return {row: (number, text) for row, number, text in session.execute(found)}
