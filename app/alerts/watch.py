"""Watches open conversations: rules are asked after every turn, and while time passes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.alerts.defaults import DEFAULTS
from app.alerts.evaluate import evaluate, grounded
from app.alerts.rules import Rule
from app.store import LOCAL, DatabaseUnavailableError, Store
from app.store.alert_tables import RuleRow
from app.store.alerts import Met
from app.store.excerpt import excerpt
from app.store.tables import ConversationRow
from multimodal.conversation import Role
from multimodal.errors import EmotionMonitorError, NotFoundError, OutputError
from multimodal.scoring import TEXT, Fuser, ScoredConversation, ScoredTurn

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
"""How often rules that are met by time are asked."""
FRESH_SECONDS = 3600.0
"""An open conversation without a turn for this long is one that nobody closed."""


@dataclass(frozen=True, slots=True, eq=False)
class Active:
    """A rule that is switched on.

    Attributes:
        id: Of its row.
        rule: What it says.
    """

    id: int
    rule: Rule

    def met_by(self, scored: ScoredConversation, at: datetime, idle: float) -> Met | None:
        """What it makes of a conversation so far; see `evaluate`."""
        turn = evaluate(self.rule, scored, at, idle)
        if turn is None:
            return None
        return Met(
            rule_id=self.id,
            name=self.rule.name,
            name_en=self.rule.name_en,
            severity=self.rule.severity,
            cool_down=self.rule.cool_down,
            turn=turn,
            words=telling_words(self.rule, scored, turn),
        )


def telling_words(rule: Rule, scored: ScoredConversation, number: int) -> str:
    """At most 20 characters of a turn, around what met the rule; an agent's are not shown."""
    turn = scored.turns[number - 1]
    if turn.turn.role not in (Role.CUSTOMER, Role.UNKNOWN):
        return ""
    at: int | None = None
    if rule.metric == "words":
        at = rule.finder().find(turn.turn.text)
    elif rule.metric == "tag" and (places := _places(rule, turn)):
        at = min(places)
    elif TEXT in turn.scores:
        found = [one for one in turn.scores[TEXT].evidence if one.start is not None]
        strongest = max(found, key=lambda one: one.weight, default=None)
        at = None if strongest is None or strongest.start is None else int(strongest.start)
    return excerpt(turn.turn.text, at or 0)


def _places(rule: Rule, turn: ScoredTurn) -> list[int]:
    """Where the words of the tags that a rule asks for begin; none where the voice gave them."""
    asked = (tagged for tagged in turn.tags if tagged.tag in rule.choices)
    return [start for tagged in asked for start, _ in tagged.places]


class AlertWatch:
    """Asks the rules, and opens and raises alerts.

    After each turn its thread's caller asks at once; a thread of its own asks while time passes,
    and what a process that is gone left unasked.

    Args:
        store: Where conversations, rules and alerts are.
        fuser: Gives the risk without the turns of which the face alone speaks.
        zone: The site's zone, in which rules have hours.
        alerted: Called after alerts may have been opened or raised.
    """

    def __init__(
        self, store: Store, fuser: Fuser, zone: ZoneInfo, alerted: Callable[[], None]
    ) -> None:
        self._store = store
        self._fuser = fuser
        self._zone = zone
        self._alerted = alerted
        self._seen: dict[int, ScoredConversation] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Adds the product's own rules, and begins to watch."""
        self._store.rules.keep_defaults(
            {key: rule.model_dump(mode="json") for key, rule in DEFAULTS.items()}
        )
        self._store.appended = self.turn_stored
        self._thread.start()

    def stop(self) -> None:
        """Ends; a round that is being made is finished."""
        self._stopping.set()
        self._thread.join()

    def turn_stored(self, conversation_id: int, scored: ScoredConversation) -> None:
        """Asks every rule after a turn was stored. Whatever goes wrong, the turn stays stored.

        Args:
            conversation_id: The conversation, open.
            scored: All of it.
        """
        try:
            self._seen[conversation_id] = fair = grounded(scored, self._fuser)
            self._ask(conversation_id, fair, active(self._store.rules.all(enabled=True)), 0.0)
        except Exception as error:
            self._seen.pop(conversation_id, None)  # The next round asks once more.
            log.warning("alerts: a turn could not be judged, %s", type(error).__name__)

    def tick(self, now: datetime | None = None) -> None:
        """Asks the rules that are met by time; of a conversation that is new here, all of them.

        Args:
            now: The moment; by default this one.
        """
        now = now or datetime.now(UTC)
        rules = active(self._store.rules.all(enabled=True))
        timed = [one for one in rules if one.rule.by_time]
        watched = self._store.alerts.watched(now, FRESH_SECONDS)
        for number in set(self._seen) - {one.id for one in watched}:
            self._seen.pop(number, None)
        for row in watched:
            try:
                self._look(row, rules, timed, now)
            except NotFoundError:
                continue  # Deleted meanwhile.
            except (DatabaseUnavailableError, OutputError):
                raise
            except Exception as error:
                # One conversation that brings a rule down must not keep the others from theirs.
                log.warning("alerts: conversation %d, %s", row.id, type(error).__name__)

    def _look(
        self, row: ConversationRow, rules: list[Active], timed: list[Active], now: datetime
    ) -> None:
        seen = self._seen.get(row.id)
        new = seen is None or len(seen.turns) != row.turn_count
        if not new and not timed:
            return
        if seen is None or new:
            seen = grounded(self._store.get(row.id, LOCAL).scored, self._fuser)
            self._seen[row.id] = seen
        idle = (now - row.scored_at).total_seconds() if row.scored_at else 0.0
        self._ask(row.id, seen, rules if new else timed, max(0.0, idle), now)

    def _ask(
        self,
        conversation_id: int,
        scored: ScoredConversation,
        rules: Sequence[Active],
        idle: float,
        now: datetime | None = None,
    ) -> None:
        now = now or datetime.now(UTC)
        at = now.astimezone(self._zone)
        asked = (one.met_by(scored, at, idle) for one in rules)
        if met := [one for one in asked if one is not None]:
            self._store.alerts.meet(conversation_id, met, now)
            self._alerted()

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self.tick()
            except (EmotionMonitorError, OSError) as error:
                log.warning("alerts: waiting, %s", type(error).__name__)


def active(rows: Sequence[RuleRow]) -> list[Active]:
    """The rules of rows; one that this version does not understand is left out and logged."""
    rules = []
    for row in rows:
        try:
            rules.append(Active(row.id, Rule.model_validate(row.definition)))
        except ValidationError:
            log.warning("alerts: this version does not understand rule %d", row.id)
    return rules
