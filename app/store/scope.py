"""Who asks, and what they may see. Every query of the store takes a scope."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, true

from app.store.tables import ConversationRow, EventRow
from multimodal.conversation import Conversation
from multimodal.errors import InvalidConversationError


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and which conversations are there for them.

    A conversation outside the scope does not exist for whoever asks: not in a list, not by its id.

    Attributes:
        who: Name under which corrections and idempotency keys are kept.
        teams: Teams whose conversations they see; None for all.
        queues: Queues whose conversations they see; None for all. Both conditions hold together.
    """

    who: str
    teams: frozenset[str] | None = None
    queues: frozenset[str] | None = None

    @property
    def sees_all(self) -> bool:
        """Whether every conversation is there for them; then everybody's batches are too."""
        return self.teams is None and self.queues is None

    def visible(
        self, table: type[ConversationRow] | type[EventRow] = ConversationRow
    ) -> ColumnElement[bool]:
        """The condition on a table under which a row's conversation is visible."""
        conditions: list[ColumnElement[bool]] = [true()]
        if self.teams is not None:
            conditions.append(table.team.in_(self.teams))
        if self.queues is not None:
            conditions.append(table.queue.in_(self.queues))
        return and_(*conditions)

    def covers(self, team: str, queue: str) -> bool:
        """Whether a conversation of this team and queue is visible: `visible` outside a query."""
        return (self.teams is None or team in self.teams) and (
            self.queues is None or queue in self.queues
        )

    def require(self, conversation: Conversation) -> None:
        """Checks that a conversation may be written by whoever asks.

        Raises:
            InvalidConversationError: If its team or queue is outside the scope.
        """
        for name, value, allowed in (
            ("team", conversation.team, self.teams),
            ("queue", conversation.queue, self.queues),
        ):
            if allowed is not None and value not in allowed:
                raise InvalidConversationError(
                    f"{name} {value!r} is not one that {self.who} may write to.",
                    where=f"conversation {conversation.external_id[:80]!r}",
                )


LOCAL = Scope("local")
"""The one person at the machine, who sees everything."""
