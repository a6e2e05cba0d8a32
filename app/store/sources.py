"""Profiles of sources, kept so that a mapping of columns is made once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.intake.sources import SourceProfile
from app.store.batch_tables import SourceProfileRow
from multimodal.conversation import storable
from multimodal.errors import InvalidInputError

Sessions = Callable[[], AbstractContextManager[Session]]


class Sources:
    """The profiles in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def get(self, name: str) -> SourceProfile:
        """What is kept about a source; the defaults where nothing is."""
        name = storable(name)
        with self._reading() as session:
            row = session.get(SourceProfileRow, name)
        return SourceProfile(name) if row is None else _profile(row)

    def all(self) -> list[SourceProfile]:
        """Every source that something is kept about, by name."""
        with self._reading() as session:
            found = session.scalars(select(SourceProfileRow).order_by(SourceProfileRow.name))
            return [_profile(row) for row in found]

    def save(self, profile: SourceProfile) -> None:
        """Keeps a profile in place of the one that there was.

        Raises:
            InvalidInputError: If it has no name.
        """
        if not profile.name:
            raise InvalidInputError(
                "the source has no name.", where="source", remedy="Name it to keep its mapping."
            )
        with self._writing() as session:
            session.merge(
                SourceProfileRow(
                    name=storable(profile.name),
                    timezone=profile.timezone,
                    columns={storable(k): v for k, v in profile.columns.items()},
                    template=storable(profile.template),
                )
            )


def _profile(row: SourceProfileRow) -> SourceProfile:
    return SourceProfile(row.name, row.timezone, row.columns, row.template)
