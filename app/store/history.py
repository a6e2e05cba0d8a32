"""What trends are made of: the outcome of each conversation, and the customers' words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select

from app.store.query import Filter
from app.store.sampling import FLAGGED
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow, TurnRow

MAX_CONVERSATIONS = 200_000
"""Latest conversations that a trend looks at."""
MAX_READ = 5000
"""Latest conversations whose words are read."""
_PART = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one conversation went.

    Attributes:
        id: Its id.
        started: When it began, in UTC; when it was received where that is not known.
        queue: Its queue in the call centre.
        channel: `phone`, `video` or `chat`.
        level: As a supervisor sees it at the end.
        risk: Of ending dissatisfied, in [0, 1].
        sentiment: Customer sentiment per quarter, each in [-5, 5] or None.
    """

    id: int
    started: datetime
    queue: str
    channel: str
    level: str
    risk: float
    sentiment: Sequence[float | None]

    @property
    def dissatisfied(self) -> bool:
        """Whether it ended dissatisfied or heated."""
        return self.level in FLAGGED

    @property
    def was_negative(self) -> bool:
        """Whether the customer was negative in the first half, and the last quarter is known."""
        known = [value for value in self.sentiment[:2] if value is not None]
        return min(known, default=0.0) < 0 and self.sentiment[-1] is not None

    @property
    def recovered(self) -> bool:
        """Whether that ended well: a friendly last quarter alone, a closing 谢谢, is not enough."""
        last = self.sentiment[-1]
        return self.was_negative and last is not None and last >= 0 and not self.dissatisfied

    @property
    def shift(self) -> float | None:
        """Last minus first quarter, in [-10, 10]; None where one of them is not known."""
        first, last = self.sentiment[0], self.sentiment[-1]
        return None if first is None or last is None else last - first


class History:
    """Closed, scored conversations in the store.

    Args:
        reading: Opens a transaction that reads.
    """

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    def outcomes(self, wanted: Filter, scope: Scope) -> list[Outcome]:
        """The outcome of each, latest first."""
        row = ConversationRow
        started = func.coalesce(row.started_at, row.received_at, type_=row.started_at.type)
        columns = (row.id, started, row.queue, row.channel, row.level, row.risk, row.sentiment)
        chosen = (
            select(*columns)
            .where(
                wanted.condition(), scope.visible(), row.state == "closed", row.status == "scored"
            )
            .order_by(started.desc(), row.id.desc())
            .limit(MAX_CONVERSATIONS)
        )
        with self._reading() as session:
            return [Outcome(*values) for values in session.execute(chosen)]

    def said(self, outcomes: Sequence[Outcome], scope: Scope) -> Iterator[tuple[bool, list[str]]]:
        """Of each whether it ended dissatisfied, and what the customer said."""
        ended = {one.id: one.dissatisfied for one in outcomes[:MAX_READ]}
        ids = list(ended)
        for start in range(0, len(ids), _PART):
            chosen = (
                select(TurnRow.conversation_id, TurnRow.text)
                .join(ConversationRow)
                .where(
                    TurnRow.conversation_id.in_(ids[start : start + _PART]),
                    TurnRow.role == "customer",
                    TurnRow.text != "",
                    scope.visible(),
                )
                .order_by(TurnRow.conversation_id, TurnRow.number)
            )
            with self._reading() as session:
                rows = session.execute(chosen).all()
            for number, turns in groupby(rows, key=lambda item: item[0]):
                yield ended[number], [text for _, text in turns]
