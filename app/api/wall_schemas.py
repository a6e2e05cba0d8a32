"""Bodies of the wall's answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import Channel, Level, Probability, example

_ROW_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "source": "pbx",
    "external_id": "call-20260630-0007",
    "channel": "phone",
    "level": "heated",
    "level_seconds": 42.5,
    "view_state": "anger",
    "risk": 0.81,
    "alert": {
        "id": 5,
        "severity": "critical",
        "rule": "连续愤怒",
        "rule_en": "Angry in a row",
        "acknowledged_by": "",
    },
    "words": "等了五天还没发货",
    "turn": 6,
    "start": 83.2,
    "basis": ["text", "voice"],
    "agent_id": "1007",
    "agent_name": "王芳",
    "team": "一组",
    "queue": "售后",
    "business_type": "退款",
    "customer": "138****1234",
    "repeats": 2,
    "duration": 184.0,
    "waiting": None,
    "silence": 12.5,
    "overlap": 1.5,
    "trend": [0.1, -0.2, -0.7],
    "handled": False,
    "handled_by": "",
    "handled_at": None,
    "links": {"listen": "https://pbx.example/listen?callId=call-20260630-0007"},
}


class WallAlert(BaseModel):
    """The open alert of a conversation."""

    id: int
    severity: Literal["notice", "warning", "critical"]
    rule: str = Field(description="The name of the rule that met.")
    rule_en: str = Field(description="Its English name.")
    acknowledged_by: str = Field(description="Empty where nobody has.")


class WallRow(BaseModel):
    """One open conversation, as a supervisor sees it at a glance.

    With `screen=true` everything by which somebody could be known is empty.
    """

    model_config = example(_ROW_EXAMPLE)
    id: int
    source: str
    external_id: str
    channel: Channel
    level: Level | Literal[""] = Field(description="Empty before it is scored.")
    level_seconds: float = Field(ge=0, description="Time in this level.")
    view_state: str
    risk: Probability
    alert: WallAlert | None
    words: str = Field(description="At most 20 characters of what caused the alert or the level.")
    turn: int | None = Field(description="The number of that turn; null where nothing did.")
    start: float | None = Field(description="Seconds at which it starts, where known.")
    basis: list[str] = Field(description="Modalities behind that turn's answer, weightiest first.")
    agent_id: str = Field(description="Of the agent who spoke last.")
    agent_name: str = Field(description="Where the source gives it as `agent_name`.")
    team: str
    queue: str
    business_type: str
    customer: str = Field(description="As people may see them.")
    repeats: int = Field(ge=0, description="The customer's conversations in the 7 days before.")
    duration: float = Field(ge=0, description="Seconds since it began.")
    waiting: float | None = Field(description="Seconds for which the customer has no answer.")
    silence: float | None = Field(description="Seconds of silence so far; null without times.")
    overlap: float | None = Field(description="Seconds in which both spoke; null without times.")
    trend: list[float] = Field(description="Valence of the customer's last 8 turns, -1 to 1.")
    handled: bool = Field(description="Whether somebody took it over.")
    handled_by: str = Field(description="Who took it over; empty where nobody did.")
    handled_at: datetime | None
    links: dict[Literal["listen", "barge", "ticket"], str] = Field(
        description="Into other systems, of the site's templates."
    )


class WallOut(BaseModel):
    """The open conversations, most urgent first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"data": [_ROW_EXAMPLE], "count": 1, "teams": ["一组"]}]}
    )
    data: list[WallRow]
    count: int = Field(description="Open conversations in all, shown or not.")
    teams: list[str] = Field(description="The teams that the caller is limited to; empty for all.")


class Handling(BaseModel):
    """Who has taken a conversation over."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"handled_by": "lin", "handled_at": "2026-07-01T09:12:00+08:00"}]
        }
    )
    handled_by: str = Field(description="Empty where nobody has.")
    handled_at: datetime | None
