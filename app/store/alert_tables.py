"""The tables of alerts.

rule                     what is alerted to
conversation ── alert    what a rule found in it, for a supervisor to deal with
webhook ── delivery      who outside is told of alerts, and how that went
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables import Base, BigId


class RuleRow(Base):
    """What is alerted to."""

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str | None]
    """Which one of the product's own rules it is; NULL for one that a person made."""
    definition: Mapped[dict[str, Any]]
    """`app.alerts.rules.Rule` as JSON."""
    enabled: Mapped[bool]
    author: Mapped[str]
    """Who changed it last."""
    changed_at: Mapped[datetime]


class AlertRow(Base):
    """What a supervisor is to deal with: at most one open alert for each conversation.

    It is called after the most severe of the rules that met, and of those after the first.
    """

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, "conversation_id"),
        Index(None, "hour"),
        Index(None, "rule_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rule.id", ondelete="SET NULL"))
    rule_name: Mapped[str]
    """The rule's name at that time, Chinese."""
    rule_name_en: Mapped[str]
    severity: Mapped[str]
    """`notice`, `warning` or `critical`."""
    turn: Mapped[int]
    """Number of the turn that caused it."""
    words: Mapped[str]
    """At most 20 characters of that turn."""
    rules: Mapped[dict[str, Any]]
    """By each rule's id that met, the number of the last turn that it met at."""
    hits: Mapped[int]
    """How often rules met."""
    opened_at: Mapped[datetime]
    hour: Mapped[int]
    """Hours from 1970 to when it was opened: budgets count by it."""
    raised_at: Mapped[datetime]
    """When a rule met last."""
    acknowledged_by: Mapped[str]
    acknowledged_at: Mapped[datetime | None]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str]
    """`intervened`, `false_alarm`, `no_action`, `to_complaint`; empty while it is open."""
    comment: Mapped[str]


class WebhookRow(Base):
    """Who outside is told of alerts."""

    __tablename__ = "webhook"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own name)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str]
    vendor: Mapped[str]
    """`generic`, `wecom`, `dingtalk` or `feishu`."""
    url: Mapped[str]
    secret: Mapped[str]
    """Signs what is sent; empty where the receiver asks for no signature."""
    least_severity: Mapped[str]
    teams: Mapped[list[Any]]
    """Teams whose alerts it is told of; empty for all."""
    with_words: Mapped[bool]
    """Whether it is told the customer's words."""
    enabled: Mapped[bool]
    author: Mapped[str]
    changed_at: Mapped[datetime]


class DeliveryRow(Base):
    """One message to a webhook. What it says is made of the alert when it is sent."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index(None, "state", "due_at"),
        Index(None, "webhook_id", "id"),
        Index(None, "alert_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    alert_id: Mapped[int | None] = mapped_column(ForeignKey("alert.id", ondelete="CASCADE"))
    """NULL for a test."""
    change: Mapped[str]
    """`opened`, `raised` or `test`."""
    made_at: Mapped[datetime]
    hour: Mapped[int]
    state: Mapped[str]
    """`todo`, `sending`, `sent`, `failed`, or `over_budget` and never sent."""
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    """When it is to be tried next; while `sending`, when it counts as lost."""
    status: Mapped[int | None]
    """HTTP status of the last answer; NULL where there was none."""
    error: Mapped[str]
    """What was wrong at the last attempt."""
    seconds: Mapped[float | None]
    """How long the last attempt took."""
