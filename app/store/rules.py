"""Rules in the store, and how well each of them does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.alert_tables import AlertRow, RuleRow
from app.store.audit import entry
from app.store.scope import Scope
from app.store.sources import Sessions
from app.store.tables import ConversationRow
from multimodal.errors import ConflictError, NotFoundError

MAX_RULES = 100
JUDGED = 50
"""Closed alerts over which a rule is judged: its latest ones since it was changed."""
LEAST_PRECISION = 0.3
"""A rule below this over `JUDGED` closed alerts is proposed to be changed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a rule has done since it was last changed, over its latest closed alerts.

    Attributes:
        outcomes: How many were closed with which outcome, over at most `JUDGED`.
        open: How many are open.
    """

    outcomes: Mapping[str, int]
    open: int

    @property
    def closed(self) -> int:
        """Over how many closed alerts."""
        return sum(self.outcomes.values())

    @property
    def precision(self) -> float | None:
        """The share that was no false alarm, in [0, 1]; None where none was closed yet."""
        if not self.closed:
            return None
        return 1 - self.outcomes.get("false_alarm", 0) / self.closed

    @property
    def retune(self) -> bool:
        """Whether it is wrong so often that it should be changed."""
        precision = self.precision
        return self.closed >= JUDGED and precision is not None and precision < LEAST_PRECISION


class Rules:
    """Rules in the store.

    Args:
        reading: Opens a transaction that reads.
        writing: Opens a transaction that writes.
    """

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    def all(self, *, enabled: bool = False) -> Sequence[RuleRow]:
        """All rules, oldest first; or only those that are switched on."""
        wanted = select(RuleRow).order_by(RuleRow.id)
        with self._reading() as session:
            return session.scalars(wanted.where(RuleRow.enabled) if enabled else wanted).all()

    def get(self, rule_id: int) -> RuleRow:
        """One rule.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._reading() as session:
            return _rule(session, rule_id)

    def keep_defaults(self, definitions: Mapping[str, Mapping[str, Any]]) -> None:
        """Adds the product's own rules that are not there yet, switched on."""
        with self._writing() as session:
            known = set(session.scalars(select(RuleRow.key)))
            now = datetime.now(UTC)
            session.add_all(
                RuleRow(
                    key=key, definition=dict(one), enabled=True, author="default", changed_at=now
                )
                for key, one in definitions.items()
                if key not in known
            )

    def add(self, definition: Mapping[str, Any], scope: Scope, *, enabled: bool) -> RuleRow:
        """Adds a rule.

        Args:
            definition: `app.alerts.rules.Rule` as JSON.
            scope: Who adds it.
            enabled: Whether it is switched on.

        Raises:
            ConflictError: If there are `MAX_RULES` already.
        """
        row = RuleRow(
            key=None,
            definition=dict(definition),
            enabled=enabled,
            author=scope.who,
            changed_at=datetime.now(UTC),
        )
        with self._writing() as session:
            if (session.scalar(select(func.count()).select_from(RuleRow)) or 0) >= MAX_RULES:
                raise ConflictError(
                    f"there are {MAX_RULES} rules already.",
                    remedy="Change one of them, or delete one that nobody needs.",
                )
            session.add(row)
            session.flush()
            _note(session, scope, row, "added")
        return row

    def change(
        self, rule_id: int, definition: Mapping[str, Any], scope: Scope, *, enabled: bool
    ) -> RuleRow:
        """Changes a rule, or switches it on or off. A changed rule is judged from now on.

        Raises:
            NotFoundError: If it is not there.
        """
        with self._writing() as session:
            row = _rule(session, rule_id)
            if row.definition != dict(definition):
                row.definition, row.changed_at = dict(definition), datetime.now(UTC)
                row.author = scope.who
                _note(session, scope, row, "changed")
            if row.enabled != enabled:
                row.enabled = enabled
                _note(session, scope, row, "switched_on" if enabled else "switched_off")
        return row

    def remove(self, rule_id: int, scope: Scope) -> None:
        """Deletes a rule that a person made; its alerts stay, under its name.

        Raises:
            NotFoundError: If it is not there.
            ConflictError: If it is one of the product's own.
        """
        with self._writing() as session:
            row = _rule(session, rule_id)
            if row.key is not None:
                raise ConflictError(
                    "this rule belongs to the product, so it cannot be deleted.",
                    where=f"rule {rule_id}",
                    remedy="Switch it off.",
                )
            _note(session, scope, row, "deleted")
            session.delete(row)

    def judgements(self, scope: Scope) -> dict[int, Judgement]:
        """How each rule has done, by its id; alerts outside the scope do not count."""
        found = {}
        with self._reading() as session:
            for row in session.scalars(select(RuleRow)):
                of_this = (AlertRow.rule_id == row.id) & scope.visible()
                latest = (
                    select(AlertRow.outcome)
                    .join(ConversationRow)
                    .where(of_this, AlertRow.outcome != "", AlertRow.opened_at >= row.changed_at)
                    .order_by(AlertRow.id.desc())
                    .limit(JUDGED)
                )
                outcomes: dict[str, int] = {}
                for outcome in session.scalars(latest):
                    outcomes[outcome] = outcomes.get(outcome, 0) + 1
                still = select(func.count()).select_from(AlertRow).join(ConversationRow)
                still = still.where(of_this, AlertRow.closed_at.is_(None))
                found[row.id] = Judgement(outcomes, session.scalar(still) or 0)
        return found


def _rule(session: Session, rule_id: int) -> RuleRow:
    row = session.get(RuleRow, rule_id)
    if row is None:
        raise NotFoundError(f"there is no rule {rule_id}.")
    return row


def _note(session: Session, scope: Scope, row: RuleRow, done: str) -> None:
    detail = {"rule": row.id, "name": row.definition.get("name", ""), "done": done}
    entry(session, scope.who, "rule", detail)
