"""The store's side of a person's review: roles exchanged or agreed to, turns corrected."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.comments import require_comment
from app.store.media import MediaFolder
from app.store.roles import Change, change
from app.store.scope import Scope
from app.store.tables import AnswerRow, ConversationRow, CorrectionRow, TurnRow
from multimodal.conversation import storable
from multimodal.emotions import EMOTIONS
from multimodal.errors import ConflictError, InvalidInputError, NotFoundError
from multimodal.policy import AGENT
from multimodal.roles import confirmed, swapped


def correction_of(
    session: Session,
    row: ConversationRow,
    number: int,
    label: str,
    comment: str,
    scope: Scope,
    task_id: int | None = None,
) -> CorrectionRow:
    """Adds a correction, and beside it what the models answer at this moment."""
    answer = session.scalar(
        select(AnswerRow).where(
            AnswerRow.conversation_id == row.id,
            AnswerRow.number == number,
            AnswerRow.scoring == row.scoring,
        )
    )
    correction = CorrectionRow(
        conversation_id=row.id,
        number=number,
        task_id=task_id,
        label=label,
        comment=comment,
        author=scope.who,
        made_at=datetime.now(UTC),
        revoked_at=None,
        revoked_by="",
        models=None if answer is None else f"{answer.model_key};{answer.inputs}",
        model_label=None if answer is None else answer.label,
        model_confidence=None if answer is None else answer.confidence,
    )
    session.add(correction)
    return correction


class Review:
    """What a store does for whoever reviews conversations; its part of `Store`.

    Its methods raise what all of the store's do.
    """

    media: MediaFolder

    def _reading(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _writing(self) -> AbstractContextManager[Session]:
        raise NotImplementedError

    def _row(
        self, session: Session, conversation_id: int, scope: Scope, *, lock: bool = False
    ) -> ConversationRow:
        raise NotImplementedError

    def note(self, scope: Scope, action: str, detail: Mapping[str, Any]) -> None:
        """Adds an entry to the audit."""
        raise NotImplementedError

    def swap_roles(self, conversation_id: int, scope: Scope) -> None:
        """Exchanges customer and agent; what was scored is deleted, and it is queued.

        Exchanged twice it is as it was.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is open, or its words have been deleted.
        """
        self._change_roles(conversation_id, scope, swapped)

    def confirm_roles(self, conversation_id: int, scope: Scope) -> None:
        """Takes inferred roles as a person's word: it is scored again, with voice and face.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is open, or its words have been deleted.
        """
        self._change_roles(conversation_id, scope, confirmed)

    def swap_source(self, source: str, scope: Scope) -> tuple[list[int], int]:
        """Exchanges customer and agent in every closed conversation of a source.

        Returns:
            Those that are queued now, and how many were left alone (open, or without words).

        Raises:
            NotFoundError: If there is no conversation of this source.
        """
        row = ConversationRow
        of_this = (row.source == storable(source)) & scope.visible()
        with self._reading() as session:
            ids = session.scalars(select(row.id).where(of_this).order_by(row.id)).all()
        if not ids:
            raise NotFoundError(f"there is no conversation of the source {source[:80]!r}.")
        done = []
        for conversation_id in ids:
            try:
                self._change_roles(conversation_id, scope, swapped, noted=False)
                done.append(conversation_id)
            except (ConflictError, NotFoundError):
                continue
        self.note(scope, "swap_roles", {"source": source, "conversations": len(done)})
        return done, len(ids) - len(done)

    def correct(
        self, conversation_id: int, number: int, label: str, comment: str, scope: Scope
    ) -> CorrectionRow:
        """Keeps what a person says about a turn, beside what the models said.

        The same person's same correction twice is kept once.

        Args:
            conversation_id: The conversation.
            number: The turn, from 1.
            label: One of the seven emotions.
            comment: Why, at most 2,000 characters.
            scope: Who corrects.

        Raises:
            NotFoundError: If there is no such turn.
            InvalidInputError: If the label is no emotion, or the turn is an agent's.
        """
        if label not in {emotion.value for emotion in EMOTIONS}:
            raise InvalidInputError(
                f"label is {label[:40]!r}, expected one of {', '.join(EMOTIONS)}."
            )
        require_comment(comment)
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            turn = session.get(TurnRow, (conversation_id, number))
            if turn is None:
                raise NotFoundError(
                    f"there is no turn {number}.", where=f"conversation {conversation_id}"
                )
            if turn.role in ("agent", "bot"):
                raise InvalidInputError(
                    AGENT + ".", where=f"conversation {conversation_id}, turn {number}"
                )
            comment = storable(comment)
            same = select(CorrectionRow).where(
                CorrectionRow.conversation_id == conversation_id,
                CorrectionRow.number == number,
                CorrectionRow.label == label,
                CorrectionRow.comment == comment,
                CorrectionRow.author == scope.who,
                CorrectionRow.revoked_at.is_(None),
            )
            if (before := session.scalar(same)) is not None:
                return before
            correction = correction_of(session, row, number, label, comment, scope)
        return correction

    def revoke(
        self, conversation_id: int, number: int, correction_id: int, scope: Scope
    ) -> CorrectionRow:
        """Undoes a correction; it is kept, with who undid it and when. Again does nothing.

        Raises:
            NotFoundError: If there is no such correction of that turn.
        """
        with self._writing() as session:
            self._row(session, conversation_id, scope, lock=True)
            correction = session.get(CorrectionRow, correction_id)
            if correction is None or (correction.conversation_id, correction.number) != (
                conversation_id,
                number,
            ):
                raise NotFoundError(
                    f"there is no correction {correction_id}.",
                    where=f"conversation {conversation_id}, turn {number}",
                )
            if correction.revoked_at is None:
                correction.revoked_at = datetime.now(UTC)
                correction.revoked_by = scope.who
        return correction

    def _change_roles(
        self, conversation_id: int, scope: Scope, to: Change, *, noted: bool = True
    ) -> None:
        with self._writing() as session:
            row = self._row(session, conversation_id, scope, lock=True)
            change(session, row, self.media, to)
        if noted:
            detail = {"conversation": conversation_id, "to": to.__name__}
            self.note(scope, "swap_roles", detail)
