"""Searches that people keep, each for themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.store.scope import Scope
from app.store.tables import SavedSearchRow
from multimodal.conversation import storable
from multimodal.errors import ConflictError, NotFoundError

Sessions = Callable[[], AbstractContextManager[Session]]

MOST = 100
"""Searches that one person keeps."""


class Searches:
    """Kept searches in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def all(self, scope: Scope) -> Sequence[SavedSearchRow]:
        """Whoever asks' own ones, by name."""
        own = SavedSearchRow.owner == scope.who
        with self._reading() as session:
            return session.scalars(
                select(SavedSearchRow).where(own).order_by(SavedSearchRow.name)
            ).all()

    def keep(self, name: str, query: Mapping[str, str], scope: Scope) -> SavedSearchRow:
        """Keeps a search in place of the one of that name.

        Args:
            name: What its owner calls it.
            query: Filters of the list, by name.
            scope: Its owner.

        Raises:
            ConflictError: If its owner has `MOST` others.
        """
        row = SavedSearchRow(
            owner=scope.who, name=storable(name), query=dict(query), made_at=datetime.now(UTC)
        )
        others = select(func.count()).where(
            SavedSearchRow.owner == row.owner, SavedSearchRow.name != row.name
        )
        with self._writing() as session:
            if (session.scalar(others) or 0) >= MOST:
                raise ConflictError(
                    f"there are {MOST} kept searches already.", remedy="Delete one of them first."
                )
            return session.merge(row)

    def forget(self, name: str, scope: Scope) -> None:
        """Deletes a kept search.

        Raises:
            NotFoundError: If whoever asks has none of that name.
        """
        row = SavedSearchRow
        this = (row.owner == scope.who) & (row.name == storable(name))
        with self._writing() as session:
            if session.scalar(delete(row).where(this).returning(row.name)) is None:
                raise NotFoundError(f"there is no kept search {name[:80]!r}.")
