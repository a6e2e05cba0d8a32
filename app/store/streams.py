"""The store's side of a call's sound while it comes: a recording that is still written."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store import media_rows, rows, writing
from app.store.media import LIVE, MediaFolder
from app.store.scope import Scope
from app.store.tables import ConversationRow, MediaRow
from multimodal.conversation import Media


class Streams:
    """What a store does for streams of sound; its part of `Store`.

    Its methods raise what all of the store's do.
    """

    media: MediaFolder
    _keep_recordings: bool

    def _reading(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _row(
        self, session: Session, conversation_id: int, scope: Scope, *, lock: bool = False
    ) -> ConversationRow:
        raise NotImplementedError

    def recordings(self, conversation_id: int, scope: Scope) -> list[Media]:
        """The recordings that a conversation has, also those that are still written.

        Raises:
            NotFoundError: If it is not there, or not for whoever asks.
        """
        with self._reading() as session:
            self._row(session, conversation_id, scope)
            found = session.scalars(
                select(MediaRow)
                .where(MediaRow.conversation_id == conversation_id, MediaRow.path != "")
                .order_by(MediaRow.number)
            )
            return [rows.media_from(one, self.media.root) for one in found]

    def begin_stream(self, conversation_id: int, media: Media, scope: Scope) -> None:
        """Adds a recording that is going to be written to an open conversation.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is closed.
        """
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            writing.require_open(row)
            # Its turns are read from it while it goes on, whether it is kept afterwards or not.
            media_rows.add_media(session, row, media, self.media, keep=True)

    def finish_stream(self, conversation_id: int, path: Path) -> None:
        """Makes a recording of what was written; an empty one is none, and none may be kept."""
        with self._writing() as session:
            row = session.scalar(
                select(ConversationRow)
                .where(ConversationRow.id == conversation_id)
                .with_for_update()
            )
            media = session.scalar(
                select(MediaRow).where(
                    MediaRow.conversation_id == conversation_id, MediaRow.sha256 == path.name
                )
            )
            settled = self.media.settle(path) if media is not None else None
            if row is None or media is None:
                path.unlink(missing_ok=True)
            elif settled is None:
                session.delete(media)
                row.media_count -= 1
            else:
                media.sha256 = settled.name
                media.path = self.media.relative(settled) if self._keep_recordings else ""
                row.media_count -= int(not self._keep_recordings)
        if settled is not None and not self._keep_recordings:
            self.media.remove(settled.name)

    def unfinished_streams(self, conversation_id: int) -> list[Path]:
        """The files of a conversation's streams that have not ended."""
        with self._reading() as session:
            found = session.scalars(
                select(MediaRow.path).where(
                    MediaRow.conversation_id == conversation_id, MediaRow.sha256.startswith(LIVE)
                )
            )
            return [self.media.root / path for path in found if path]
