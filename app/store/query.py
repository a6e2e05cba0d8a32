"""What conversations a list shows, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, UnaryExpression, and_, exists, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.store.batch_tables import BatchResultRow
from app.store.engine import in_utc
from app.store.review_states import ReviewState, in_review
from app.store.search import matches, says, words_of
from app.store.tables import AnswerRow, ConversationRow, CorrectionRow, TrajectoryRow
from multimodal.conversation import storable
from multimodal.errors import InvalidInputError

MAX_PAGE = 200
"""Most conversations in one page of a list."""

_SORTABLE: Mapping[str, InstrumentedAttribute[Any]] = {
    "id": ConversationRow.id,
    "risk": ConversationRow.risk,
    "started_at": ConversationRow.started_at,
    "received_at": ConversationRow.received_at,
    "duration": ConversationRow.duration,
    "turn_count": ConversationRow.turn_count,
}
BY_MATCHES = "-matches"
"""Sorts by how many turns have any of the words that were searched for, most first."""
SORTS: tuple[str, ...] = (
    *(f"{sign}{name}" for name in _SORTABLE for sign in ("", "-")),
    BY_MATCHES,
)
"""What a list can be sorted by; with a minus from the largest down."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions on conversations, all of which hold together; None and empty ask for nothing.

    Attributes:
        ids: These conversations only; None for all.
        batch: Those that came of this batch's files.
        source: The system it comes from.
        external_id: Its id there.
        channel: `phone`, `video` or `chat`.
        queue: Skill group.
        team: The agent's team.
        agent: Id of an agent who took part, in whichever part of a transferred call.
        language: BCP 47 tag.
        state: `open` or `closed`.
        status: `queued`, `scoring`, `scored` or `failed`.
        level: What the supervisor sees (`calm`, `watch`, `dissatisfied`, `heated`).
        label: A fused label that at least one turn has.
        tag: An event tag that at least one turn had when it was scored.
        text: Words, each of which a turn or the external id has; see `app.store.search`.
        started_from: Earliest start.
        started_to: First start that is too late.
        min_risk: Least risk of ending dissatisfied, in [0, 1].
        max_risk: Largest.
        min_duration: Least duration in seconds.
        max_duration: Largest.
        min_shift: Least change of sentiment from the first known quarter to the last, -10 to 10.
        max_shift: Largest.
        corrected: Whether a person's correction of a turn stands.
        review: How far its review is.
    """

    ids: tuple[int, ...] | None = None
    batch: int | None = None
    source: str | None = None
    external_id: str | None = None
    channel: str | None = None
    queue: str | None = None
    team: str | None = None
    agent: str | None = None
    language: str | None = None
    state: str | None = None
    status: str | None = None
    level: str | None = None
    label: str | None = None
    tag: str | None = None
    text: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    min_risk: float | None = None
    max_risk: float | None = None
    min_duration: float | None = None
    max_duration: float | None = None
    min_shift: float | None = None
    max_shift: float | None = None
    corrected: bool | None = None
    review: ReviewState | None = None

    @property
    def words(self) -> list[str]:
        """The folded words of `text`."""
        return words_of(self.text or "")

    def condition(self) -> ColumnElement[bool]:
        """The condition on `ConversationRow`."""
        row = ConversationRow
        conditions = [
            getattr(row, name) == storable(value)
            for name in (
                "source", "external_id", "channel", "queue", "team", "language", "state",
                "status", "level",
            )
            if (value := getattr(self, name))
        ]  # fmt: skip
        if self.ids is not None:
            conditions.append(row.id.in_(self.ids))
        if self.batch is not None:
            of_batch = select(BatchResultRow.conversation_id).where(
                BatchResultRow.batch_id == self.batch
            )
            conditions.append(row.id.in_(of_batch))
        if self.agent:
            conditions.append(_HasItem(row.agent_ids, storable(self.agent)))
        if self.tag:
            conditions.append(_HasItem(row.tags, storable(self.tag)))
        if self.label:
            labelled = exists().where(
                AnswerRow.conversation_id == row.id,
                AnswerRow.scoring == row.scoring,
                AnswerRow.label == storable(self.label),
            )
            conditions.append(labelled)
        conditions += [says(word) for word in self.words]
        if self.started_from is not None:
            conditions.append(row.started_at >= in_utc(self.started_from))
        if self.started_to is not None:
            conditions.append(row.started_at < in_utc(self.started_to))
        conditions += _between(row.risk, self.min_risk, self.max_risk)
        conditions += _between(row.duration, self.min_duration, self.max_duration)
        shift = _between(TrajectoryRow.shift, self.min_shift, self.max_shift)
        if shift:
            latest = (
                TrajectoryRow.conversation_id == row.id,
                TrajectoryRow.scoring == row.scoring,
            )
            conditions.append(exists().where(*latest, *shift))
        if self.corrected is not None:
            standing = exists().where(
                CorrectionRow.conversation_id == row.id, CorrectionRow.revoked_at.is_(None)
            )
            conditions.append(standing if self.corrected else ~standing)
        if self.review is not None:
            conditions.append(in_review(self.review))
        return and_(True, *conditions)


def _between(
    column: InstrumentedAttribute[Any], least: float | None, most: float | None
) -> list[ColumnElement[bool]]:
    found = [] if least is None else [column >= least]
    return found if most is None else [*found, column <= most]


class _HasItem(FunctionElement[bool]):
    """Whether a text is an item of a JSON list: column, text."""

    type = Boolean()
    inherit_cache = True


@compiles(_HasItem, "postgresql")
def _has_item_postgresql(element: _HasItem, compiler: SQLCompiler, **options: Any) -> str:
    column, item = (compiler.process(part, **options) for part in element.clauses)
    return f"jsonb_exists({column}, {item})"


@compiles(_HasItem, "sqlite")
def _has_item_sqlite(element: _HasItem, compiler: SQLCompiler, **options: Any) -> str:
    column, item = (compiler.process(part, **options) for part in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {item})"  # noqa: S608


def ordering(sort: str, words: list[str]) -> tuple[UnaryExpression[Any], ...]:
    """The order of a list; conversations that are alike in it come latest first.

    Args:
        sort: One of `SORTS`.
        words: The folded words that were searched for.

    Raises:
        InvalidInputError: If it is none of them.
    """
    if sort not in SORTS:
        raise InvalidInputError(f"sort is {sort[:40]!r}, expected one of {', '.join(SORTS)}.")
    if sort == BY_MATCHES:
        return matches(words).desc(), ConversationRow.id.desc()
    column = _SORTABLE[sort.removeprefix("-")]
    direction = column.desc() if sort.startswith("-") else column.asc()
    return direction.nulls_last(), ConversationRow.id.desc()
