"""Batches in the store: their files, claimed one group after another, and what became of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session, aliased

from app.store.batch_tables import BatchItemRow, BatchResultRow, BatchRow
from app.store.bulk import AS_IT_IS
from app.store.scope import Scope
from app.store.tables import ConversationRow
from multimodal.errors import ConflictError, NotFoundError

Sessions = Callable[[], AbstractContextManager[Session]]
ItemState = Literal["todo", "claimed", "done", "failed", "joined", "duplicate"]
OPEN = ("todo", "claimed")
MAX_BATCHES = 50
"""Latest batches in the list."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """A file that is added to a batch; the fields are those of `BatchItemRow`."""

    number: int
    name: str
    path: str
    kind: str
    format: str
    size: int
    sha256: str
    state: ItemState
    detail: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """A batch and how far it is.

    Attributes:
        row: The batch.
        counts: Files by state.
        outcomes: Conversations by outcome.
        seconds_left: Estimated from what files of the same kind took; None where nobody knows yet.
    """

    row: BatchRow
    counts: Mapping[str, int]
    outcomes: Mapping[str, int]
    seconds_left: float | None


class Batches:
    """The batches in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
        root: The folder in which each batch's files lie until they are through.
    """

    def __init__(self, reading: Sessions, writing: Sessions, root: Path) -> None:
        self._reading = reading
        self._writing = writing
        self._root = root

    def folder(self, batch_id: int) -> Path:
        """The folder of a batch's files."""
        return self._root / str(batch_id)

    def create(self, scope: Scope) -> int:
        """Makes an empty batch."""
        with self._writing() as session:
            row = BatchRow(
                owner=scope.who,
                made_at=datetime.now(UTC),
                state="draft",
                options={},
                teams=None if scope.teams is None else sorted(scope.teams),
                queues=None if scope.queues is None else sorted(scope.queues),
            )
            session.add(row)
            session.flush()
            return row.id

    def add(self, batch_id: int, items: Sequence[NewItem], scope: Scope) -> None:
        """Adds files to a batch that has not been started.

        Raises:
            NotFoundError: If there is no such batch.
            ConflictError: If it has been started.
        """
        with self._writing() as session:
            row = self._row(session, batch_id, scope)
            _require(row, "draft", "files can be added only before it is started.")
            if items:
                values = [
                    {"batch_id": batch_id, "seconds": None}
                    | {name: getattr(item, name) for name in NewItem.__slots__}
                    for item in items
                ]
                session.execute(insert(BatchItemRow), values)

    def progress(self, batch_id: int, scope: Scope) -> Progress:
        """A batch and how far it is.

        Raises:
            NotFoundError: If there is no such batch.
        """
        with self._reading() as session:
            return self._progress(session, self._row(session, batch_id, scope))

    def latest(self, scope: Scope) -> list[Progress]:
        """The latest batches, newest first."""
        wanted = select(BatchRow).order_by(BatchRow.id.desc()).limit(MAX_BATCHES)
        if not scope.sees_all:
            wanted = wanted.where(BatchRow.owner == scope.who)
        with self._reading() as session:
            found = session.scalars(wanted).all()
            return [self._progress(session, row) for row in found]

    def items(
        self,
        batch_id: int,
        scope: Scope,
        *,
        state: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[BatchItemRow]:
        """Files of a batch by number.

        Raises:
            NotFoundError: If there is no such batch.
        """
        wanted = select(BatchItemRow).where(BatchItemRow.batch_id == batch_id)
        if state is not None:
            wanted = wanted.where(BatchItemRow.state == state)
        wanted = wanted.order_by(BatchItemRow.number).limit(limit).offset(offset)
        with self._reading() as session:
            self._row(session, batch_id, scope)
            return list(session.scalars(wanted))

    def item(self, batch_id: int, number: int, scope: Scope) -> BatchItemRow:
        """One file of a batch.

        Raises:
            NotFoundError: If there is none.
        """
        with self._reading() as session:
            self._row(session, batch_id, scope)
            found = session.get(BatchItemRow, (batch_id, number))
        if found is None:
            raise NotFoundError(f"there is no file {number}.", where=f"batch {batch_id}")
        return found

    def conversations(self, batch_id: int, numbers: Sequence[int]) -> dict[int, dict[int, str]]:
        """Outcomes by id of the conversations that came of files, by the files' numbers."""
        wanted = (
            select(BatchResultRow.number, BatchResultRow.conversation_id, BatchResultRow.outcome)
            .where(BatchResultRow.batch_id == batch_id, BatchResultRow.number.in_(numbers))
            .order_by(BatchResultRow.conversation_id)
        )
        found: dict[int, dict[int, str]] = {}
        with self._reading() as session:
            for number, conversation_id, outcome in session.execute(wanted):
                found.setdefault(number, {})[conversation_id] = outcome
        return found

    def start(self, batch_id: int, options: Mapping[str, Any] | None, scope: Scope) -> None:
        """Starts a batch, or goes on with one that was paused; a running one runs on.

        Args:
            batch_id: The batch.
            options: How its files are read; None leaves what was said before.
            scope: Who asks.

        Raises:
            NotFoundError: If there is no such batch.
            ConflictError: If it is finished.
        """
        with self._writing() as session:
            row = self._row(session, batch_id, scope)
            if row.state == "finished":
                raise ConflictError("it is finished.", where=f"batch {batch_id}")
            if options is not None and row.state == "draft":
                row.options = dict(options)
            row.state = "running"
            session.flush()
            self._finish_if_done(session, batch_id)

    def pause(self, batch_id: int, scope: Scope) -> None:
        """Stops a batch after the files that are being scored; again does nothing.

        Raises:
            NotFoundError: If there is no such batch.
            ConflictError: If it does not run.
        """
        with self._writing() as session:
            row = self._row(session, batch_id, scope)
            if row.state != "paused":
                _require(row, "running", "only a batch that runs can be paused.")
            row.state = "paused"

    def delete(self, batch_id: int, scope: Scope) -> None:
        """Deletes a batch; the conversations that came of it stay.

        Raises:
            NotFoundError: If there is no such batch.
            ConflictError: If it runs.
        """
        with self._writing() as session:
            row = self._row(session, batch_id, scope)
            if row.state == "running":
                raise ConflictError("it runs.", where=f"batch {batch_id}", remedy="Pause it first.")
            session.execute(delete(BatchRow).where(BatchRow.id == batch_id))

    # For retention and erasure

    def prune(self) -> None:
        """Deletes files that are through, and those of batches that are not there any more."""
        with self._reading() as session:
            there = {
                row.id: row.state for row in session.execute(select(BatchRow.id, BatchRow.state))
            }
            wanted = select(BatchItemRow.batch_id, BatchItemRow.path).where(BatchItemRow.path != "")
            used = {self.folder(number) / path for number, path in session.execute(wanted)}
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            state = there.get(int(folder.name)) if folder.name.isdigit() else None
            if state in (None, "finished"):
                shutil.rmtree(folder, ignore_errors=True)
            elif state != "draft":  # To a draft files may be coming just now.
                for path in [path for path in folder.rglob("*") if path.is_file()]:
                    if path not in used:
                        path.unlink(missing_ok=True)

    def unread(self) -> int:
        """How many files wait to be read, so that nobody knows whose they are."""
        wanted = select(func.count()).where(BatchItemRow.state.in_(OPEN))
        with self._reading() as session:
            return session.scalar(wanted) or 0

    # For the worker

    def claim(self, most: int) -> tuple[int, list[int]] | None:
        """Takes some files of the oldest running batch, or None if there is nothing to do.

        Recordings are taken when all transcripts are through: those that belong to one have been
        joined to it by then.
        """
        other = aliased(BatchItemRow)
        transcripts = exists().where(
            other.batch_id == BatchItemRow.batch_id,
            other.kind == "transcript",
            other.state.in_(OPEN),
        )
        todo = (
            select(BatchItemRow.batch_id, BatchItemRow.number)
            .join(BatchRow, BatchRow.id == BatchItemRow.batch_id)
            .where(
                BatchRow.state == "running",
                BatchItemRow.state == "todo",
                (BatchItemRow.kind == "transcript") | ~transcripts,
            )
            .order_by(BatchItemRow.batch_id, BatchItemRow.number)
            .limit(most)
            .with_for_update(skip_locked=True, of=BatchItemRow)
        )
        with self._writing() as session:
            found = session.execute(todo).all()
            if not found:
                return None
            batch_id = found[0].batch_id
            numbers = [row.number for row in found if row.batch_id == batch_id]
            claimed = (
                update(BatchItemRow)
                .where(
                    BatchItemRow.batch_id == batch_id,
                    BatchItemRow.number.in_(numbers),
                    BatchItemRow.state == "todo",
                )
                .values(state="claimed")
                .returning(BatchItemRow.number)
            )
            return batch_id, sorted(session.scalars(claimed))

    def settle(
        self,
        batch_id: int,
        number: int,
        state: ItemState,
        *,
        conversations: Mapping[int, str],
        error: Mapping[str, Any],
        seconds: float | None,
        joined: Sequence[int] = (),
    ) -> None:
        """Writes down what became of a file, and which recordings went with it.

        Args:
            batch_id: The batch.
            number: The file.
            state: `done`, `failed` or `joined`.
            conversations: Outcome by id.
            error: What was wrong first, empty where nothing was.
            seconds: How long it took.
            joined: Files that went with it.
        """
        with self._writing() as session:
            self._set(
                session, batch_id, [number], state, error=dict(error), seconds=seconds, path=""
            )
            self._set(session, batch_id, joined, "joined", path="")
            known = set(
                session.scalars(
                    select(BatchResultRow.conversation_id).where(
                        BatchResultRow.batch_id == batch_id, BatchResultRow.number == number
                    )
                )
            )
            there = select(ConversationRow.id).where(ConversationRow.id.in_(list(conversations)))
            values = [
                {
                    "batch_id": batch_id,
                    "number": number,
                    "conversation_id": found,
                    "outcome": conversations[found],
                }
                for found in session.scalars(there)
                if found not in known
            ]
            if values:
                session.execute(insert(BatchResultRow), values)
            self._finish_if_done(session, batch_id)

    def release(self, batch_id: int, numbers: Sequence[int]) -> None:
        """Puts claimed files back."""
        with self._writing() as session:
            self._set(session, batch_id, numbers, "todo")

    def join(self, batch_id: int, numbers: Sequence[int]) -> None:
        """Marks recordings as belonging to a transcript."""
        with self._writing() as session:
            self._set(session, batch_id, numbers, "joined")

    def let_go(self, batch_id: int, number: int) -> None:
        """Forgets where a file that failed lies: its name may hold the caller's number."""
        with self._writing() as session:
            self._set(session, batch_id, [number], "failed", path="")

    def files(self, batch_id: int) -> list[BatchItemRow]:
        """All files of a batch by number, whoever's it is."""
        wanted = select(BatchItemRow).where(BatchItemRow.batch_id == batch_id)
        with self._reading() as session:
            return list(session.scalars(wanted.order_by(BatchItemRow.number)))

    def rename(self, batch_id: int, names: Mapping[int, str]) -> None:
        """Keeps other names for files, in errors too; where a file lies is forgotten if it failed.

        Args:
            batch_id: The batch.
            names: The names by number.
        """
        with self._writing() as session:
            for number, name in names.items():
                row = session.get(BatchItemRow, (batch_id, number))
                if row is not None:
                    row.error = {
                        field: text.replace(row.name, name) if isinstance(text, str) else text
                        for field, text in row.error.items()
                    }
                    row.name = name
                    row.path = "" if row.state == "failed" else row.path

    def requeue(self) -> None:
        """Puts back what a process that is gone had claimed."""
        with self._writing() as session:
            session.execute(
                update(BatchItemRow).where(BatchItemRow.state == "claimed").values(state="todo")
            )

    def finished(self) -> list[int]:
        """Batches whose files are not needed any more."""
        with self._reading() as session:
            return list(session.scalars(select(BatchRow.id).where(BatchRow.state == "finished")))

    def scope(self, batch_id: int) -> Scope:
        """Who writes the conversations of a batch, and for which teams and queues."""
        with self._reading() as session:
            row = session.get_one(BatchRow, batch_id)
        teams, queues = (None if one is None else frozenset(one) for one in (row.teams, row.queues))
        return Scope(row.owner, teams, queues)

    def options(self, batch_id: int) -> dict[str, Any]:
        """How a batch's files are read."""
        with self._reading() as session:
            return session.scalar(select(BatchRow.options).where(BatchRow.id == batch_id)) or {}

    # How it is done

    def _progress(self, session: Session, row: BatchRow) -> Progress:
        by_kind = session.execute(
            select(
                BatchItemRow.kind,
                BatchItemRow.state,
                func.count(),
                func.avg(BatchItemRow.seconds),
            )
            .where(BatchItemRow.batch_id == row.id)
            .group_by(BatchItemRow.kind, BatchItemRow.state)
        ).all()
        counts: dict[str, int] = {}
        for _, state, count, _mean in by_kind:
            counts[state] = counts.get(state, 0) + count
        outcomes = session.execute(
            select(BatchResultRow.outcome, func.count(BatchResultRow.conversation_id.distinct()))
            .where(BatchResultRow.batch_id == row.id)
            .group_by(BatchResultRow.outcome)
        )
        return Progress(row, counts, dict(outcomes.all()), _seconds_left(by_kind))

    def _set(
        self, session: Session, batch_id: int, numbers: Sequence[int], state: str, **more: Any
    ) -> None:
        if numbers:
            session.execute(
                update(BatchItemRow)
                .where(BatchItemRow.batch_id == batch_id, BatchItemRow.number.in_(numbers))
                .values(state=state, **more)
            )

    def _finish_if_done(self, session: Session, batch_id: int) -> None:
        left = exists().where(BatchItemRow.batch_id == batch_id, BatchItemRow.state.in_(OPEN))
        session.execute(
            update(BatchRow).where(BatchRow.id == batch_id, ~left).values(state="finished")
        )

    def _row(self, session: Session, batch_id: int, scope: Scope) -> BatchRow:
        row = session.get(BatchRow, batch_id)
        if row is None or not (scope.sees_all or row.owner == scope.who):
            raise NotFoundError(f"there is no batch {batch_id}.")
        return row


def forget(session: Session, conversation_ids: Sequence[int]) -> None:
    """Deletes the files of batches that nothing came of but these conversations."""
    result, item = BatchResultRow, BatchItemRow
    other = aliased(BatchResultRow)
    elsewhere = exists().where(
        other.batch_id == item.batch_id,
        other.number == item.number,
        other.conversation_id.not_in(conversation_ids),
    )
    came = exists().where(
        result.batch_id == item.batch_id,
        result.number == item.number,
        result.conversation_id.in_(conversation_ids),
    )
    session.execute(delete(item).where(came, ~elsewhere), execution_options=AS_IT_IS)


def _require(row: BatchRow, state: str, what: str) -> None:
    if row.state != state:
        raise ConflictError(f"it is {row.state}: {what}", where=f"batch {row.id}")


def _seconds_left(by_kind: Sequence[Any]) -> float | None:
    """From the mean time of each kind; of a kind that none is through, from the mean of all."""
    times = {kind: mean for kind, state, _, mean in by_kind if state == "done" and mean is not None}
    if not times:
        return None
    usual = sum(times.values()) / len(times)
    return float(sum(n * times.get(k, usual) for k, state, n, _ in by_kind if state in OPEN))
