"""Bodies of requests and answers about rules, alerts and webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator

from app.alerts.messages import Vendor
from app.alerts.rules import Name, Rule, Severity
from app.alerts.tryout import MAX_TRIED
from app.api.schemas import Channel, Level, Probability, example
from multimodal.conversation import storable

Outcome = Literal["intervened", "false_alarm", "no_action", "to_complaint"]
RULE_EXAMPLE: dict[str, Any] = {
    "name": "连续愤怒",
    "name_en": "Angry again and again",
    "metric": "state",
    "choices": ["anger"],
    "needed": 2,
    "window": 3,
    "severity": "critical",
}
WEBHOOK_EXAMPLE: dict[str, Any] = {
    "name": "班长群",
    "vendor": "wecom",
    "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=...",
    "least_severity": "warning",
}


_MOMENT = "2026-03-02T10:15:00+08:00"
_RULE_SHOWN: dict[str, Any] = {
    "id": 6,
    "key": None,
    "rule": RULE_EXAMPLE,
    "enabled": True,
    "author": "li.ming",
    "changed_at": _MOMENT,
    "open": 1,
    "outcomes": {"intervened": 12, "false_alarm": 3},
    "precision": 0.8,
    "retune": False,
}
_TRIED: dict[str, Any] = {
    "conversations": 200,
    "alerts": 5,
    "hours": 8,
    "per_hour": 0.6,
    "busiest": 2,
    "reviewed": 1,
    "precision": 1.0,
    "samples": [
        {
            "id": 12,
            "external_id": "call-7",
            "queue": "宽带",
            "turn": 5,
            "start": 41.5,
            "words": "都三天了还没人来",
            "at": _MOMENT,
            "review": "right",
        }
    ],
}
_ALERT: dict[str, Any] = {
    "id": 3,
    "conversation_id": 12,
    "source": "pbx",
    "external_id": "call-7",
    "channel": "phone",
    "queue": "宽带",
    "team": "一组",
    "customer_display": "138****1234",
    "agent_ids": ["1007"],
    "conversation_state": "open",
    "level": "heated",
    "risk": 0.82,
    "rule_id": 6,
    "rule": "连续愤怒",
    "rule_en": "Angry again and again",
    "severity": "critical",
    "turn": 5,
    "start": 41.5,
    "words": "都三天了还没人来",
    "hits": 2,
    "pushed": True,
    "opened_at": _MOMENT,
    "raised_at": _MOMENT,
    "acknowledged_by": "",
    "acknowledged_at": None,
    "closed_by": "",
    "closed_at": None,
    "outcome": "",
    "comment": "",
}
_WEBHOOK_SHOWN: dict[str, Any] = {
    "id": 1,
    "name": "班长群",
    "vendor": "wecom",
    "url": "https://qyapi.weixin.qq.com/…4f2a",
    "signed": False,
    "secret": "",
    "least_severity": "warning",
    "teams": [],
    "with_words": True,
    "enabled": True,
    "author": "admin",
    "changed_at": _MOMENT,
}
_DELIVERY: dict[str, Any] = {
    "id": 9,
    "alert_id": 3,
    "change": "opened",
    "state": "sent",
    "attempts": 1,
    "status": 200,
    "error": "",
    "seconds": 0.21,
    "made_at": _MOMENT,
    "due_at": _MOMENT,
}


class RuleIn(BaseModel):
    """A rule as a person writes it."""

    model_config = example({"rule": RULE_EXAMPLE, "enabled": False})
    rule: Rule
    enabled: bool = Field(False, description="Whether it is switched on.")


class RuleOut(BaseModel):
    """A rule, and how it has done since it was last changed."""

    model_config = example(_RULE_SHOWN)
    id: int
    key: str | None = Field(description="The product's own rules have one; they are not deleted.")
    rule: Rule
    enabled: bool
    author: str = Field(description="Who changed it last.")
    changed_at: datetime
    open: int = Field(description="Open alerts.")
    outcomes: dict[str, int] = Field(description="Its latest closed alerts, at most 50.")
    precision: Probability | None = Field(
        description="The share of those that was no false alarm; null where there are none."
    )
    retune: bool = Field(description="Below 30 % over 50: it should be changed.")


class Rules(BaseModel):
    """All rules."""

    model_config = example({"data": [_RULE_SHOWN]})
    data: list[RuleOut]


class TryIn(BaseModel):
    """A rule to be tried."""

    model_config = example({"rule": RULE_EXAMPLE, "last": 200})
    rule: Rule
    last: int = Field(200, ge=1, le=MAX_TRIED, description="On how many conversations.")


class SampleOut(BaseModel):
    """A conversation in which the rule would have raised an alert."""

    id: int
    external_id: str
    queue: str
    turn: int = Field(description="Number of the turn that caused it.")
    start: float | None = Field(description="Seconds at which that turn starts.")
    words: str = Field(description="At most 20 characters of it.")
    at: datetime
    review: Literal["right", "wrong", ""] = Field(description="What a person said of it.")


class TryOut(BaseModel):
    """What a rule would have done."""

    model_config = example(_TRIED)
    conversations: int = Field(description="On how many it was tried.")
    alerts: int
    hours: int = Field(description="Hours of the clock in which any of them went on.")
    per_hour: float = Field(description="Alerts in such an hour on average.")
    busiest: int = Field(description="Most alerts in one hour.")
    reviewed: int = Field(description="Alerts that a person has judged.")
    precision: Probability | None
    samples: list[SampleOut]


class AlertOut(BaseModel):
    """An alert."""

    model_config = example(_ALERT)
    id: int
    conversation_id: int
    source: str
    external_id: str
    channel: Channel
    queue: str
    team: str
    customer_display: str
    agent_ids: list[str]
    conversation_state: Literal["open", "closed"]
    level: Level | Literal[""]
    risk: Probability
    rule_id: int | None = Field(description="Null where the rule was deleted.")
    rule: str = Field(description="The rule's name, Chinese.")
    rule_en: str
    severity: Severity
    turn: int = Field(description="Number of the turn that caused it.")
    start: float | None = Field(description="Seconds at which that turn starts.")
    words: str = Field(description="At most 20 characters of it.")
    hits: int = Field(description="How often rules met.")
    pushed: bool = Field(description="Whether it was within your budget of the hour.")
    opened_at: datetime
    raised_at: datetime
    acknowledged_by: str
    acknowledged_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    outcome: Outcome | Literal[""]
    comment: str


class Alerts(BaseModel):
    """A page of alerts."""

    model_config = example({"data": [_ALERT], "count": 1, "budget": 6})
    data: list[AlertOut]
    count: int = Field(description="How many there are in all.")
    budget: int = Field(description="Alerts that are pushed in an hour.")


class CloseIn(BaseModel):
    """What became of an alert."""

    model_config = example({"outcome": "intervened"})
    outcome: Outcome
    comment: str = Field("", max_length=2000)


class WebhookIn(BaseModel):
    """A webhook as a person writes it."""

    model_config = example(WEBHOOK_EXAMPLE, strict=True)
    name: Name = Field(min_length=1)
    vendor: Vendor
    url: str = Field(
        "", max_length=2000, description="Empty keeps the one that there was, in a change."
    )
    secret: str = Field(
        "",
        max_length=200,
        description="Signs what is sent. Empty keeps the one that there was, in a change; for"
        " `generic` one is made where there was none.",
    )
    least_severity: Severity = "warning"
    teams: tuple[Name, ...] = Field((), max_length=100, description="Empty for all.")
    with_words: bool = Field(True, description="Whether it is told the customer's words.")
    enabled: bool = True

    @field_validator("name", "url", "secret")
    @classmethod
    def _clean(cls, value: str) -> str:
        return storable(value.strip())


class WebhookOut(BaseModel):
    """A webhook; its address and secret are not shown."""

    model_config = example(_WEBHOOK_SHOWN)
    id: int
    name: str
    vendor: Vendor
    url: str = Field(description="Scheme, host and the last four characters.")
    signed: bool = Field(description="Whether it has a secret.")
    secret: str = Field("", description="Only when one was made just now: it is not shown again.")
    least_severity: Severity
    teams: list[str]
    with_words: bool
    enabled: bool
    author: str
    changed_at: datetime


class Webhooks(BaseModel):
    """All webhooks."""

    model_config = example({"data": [_WEBHOOK_SHOWN]})
    data: list[WebhookOut]


class DeliveryOut(BaseModel):
    """What became of a message."""

    model_config = example(_DELIVERY)
    id: int
    alert_id: int | None = Field(description="Null for a test.")
    change: Literal["opened", "raised", "test"]
    state: Literal["todo", "sending", "sent", "failed", "over_budget"]
    attempts: int
    status: int | None = Field(description="HTTP status of the last answer.")
    error: str
    seconds: Annotated[float | None, Field(description="How long the last attempt took.")]
    made_at: datetime
    due_at: datetime


class Deliveries(BaseModel):
    """The latest messages to a webhook, newest first."""

    model_config = example({"data": [_DELIVERY]})
    data: list[DeliveryOut]
