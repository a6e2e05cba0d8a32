"""Which open conversation a supervisor should see first: one order, a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from multimodal.states import Level

_RANK: Mapping[str, int] = {level.value: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Urgency:
    """What decides how soon a conversation needs somebody.

    Attributes:
        level: Its level; empty where it is not scored yet, which ranks below calm.
        critical: Whether a critical alert is open that nobody has acknowledged.
        handled: Whether somebody has taken it over.
        level_seconds: Seconds in this level.
        risk: Of ending dissatisfied, in [0, 1].
        id: The conversation; of those alike in all else the older one comes first.
    """

    level: str
    critical: bool
    handled: bool
    level_seconds: float
    risk: float
    id: int

    @property
    def key(self) -> tuple[bool, bool, int, float, float, int]:
        """Sorts ascending: most urgent first.

        An unacknowledged critical alert comes before all. What somebody handles sinks below what
        nobody does. Then the level decides, then the longer time in it, then the risk.
        """
        return (
            not self.critical,
            self.handled,
            -_RANK.get(self.level, -1),
            -self.level_seconds,
            -self.risk,
            self.id,
        )
