"""How a conversation's recordings are written; always within somebody's transaction."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.store.media import MediaFolder, forgotten
from app.store.tables import ConversationRow, MediaRow
from multimodal.conversation import Media


def write_media(
    session: Session,
    row: ConversationRow,
    media: Sequence[Media],
    folder: MediaFolder,
    *,
    keep: bool = True,
) -> None:
    """Writes a conversation's recordings in place of those it had; none at all changes nothing.

    Args:
        session: The transaction.
        row: The conversation.
        media: Its recordings.
        folder: Where uploads are kept.
        keep: Whether they are kept; of others a hash alone is, to know them again.
    """
    if not media:
        return
    of_this = MediaRow.conversation_id == row.id
    gone = session.scalars(select(MediaRow).where(of_this, MediaRow.path == "")).all()
    session.execute(delete(MediaRow).where(of_this, MediaRow.path != ""))
    known = {one.sha256 for one in gone}
    first = max((one.number for one in gone), default=-1) + 1
    insert_media(session, row.id, media, folder, keep=keep, known=known, first=first)
    row.media_count = len(media) if keep else 0


def insert_media(
    session: Session,
    conversation_id: int,
    media: Sequence[Media],
    folder: MediaFolder,
    *,
    keep: bool = True,
    known: Set[str] = frozenset(),
    first: int = 0,
) -> None:
    """Inserts a conversation's recordings; of those that are not kept, a hash that is not known."""
    for number, one in enumerate(media, start=first):
        digest = folder.digest_of(one.path)
        if not keep:
            digest = forgotten(folder.identity_of(one.path))
            if digest in known:
                continue
        region = one.customer_region
        session.add(
            MediaRow(
                conversation_id=conversation_id,
                number=number,
                sha256=digest,
                path=_place(one.path, digest, folder) if keep else "",
                channels={str(i): role.value for i, role in one.channels.items()},
                customer_region=None if region is None else list(region),
                offset=one.offset,
            )
        )


def add_media(
    session: Session, row: ConversationRow, media: Media, folder: MediaFolder, *, keep: bool
) -> None:
    """Adds a recording to those that a conversation has; see `insert_media`."""
    of_this = MediaRow.conversation_id == row.id
    kept = session.scalars(select(MediaRow).where(of_this)).all()
    known = {one.sha256 for one in kept}
    first = max((one.number for one in kept), default=-1) + 1
    insert_media(session, row.id, [media], folder, keep=keep, known=known, first=first)
    row.media_count += int(keep)


def _place(path: Path, digest: str, folder: MediaFolder) -> str:
    return folder.relative(path) if digest else str(path.absolute())
