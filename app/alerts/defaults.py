"""The rules that a site begins with. A supervisor may change or switch off each of them.

What counts as abuse or as a complaint is what the event tags say, whose words a site can change.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.alerts.rules import Rule
from multimodal.conversation import Channel

DEFAULTS: Mapping[str, Rule] = {
    "abuse": Rule(
        name="辱骂",
        name_en="Abuse",
        metric="tag",
        choices=("abuse",),
        severity="critical",
    ),
    "complaint": Rule(
        name="投诉或监管用语",
        name_en="Complaint or regulator",
        metric="tag",
        choices=("complaint",),
        severity="warning",
    ),
    "angry": Rule(
        name="连续愤怒",
        name_en="Angry again and again",
        metric="state",
        choices=("anger",),
        needed=2,
        window=3,
        severity="critical",
    ),
    "risk": Rule(
        name="持续高风险",
        name_en="High risk for a while",
        metric="risk",
        threshold=0.6,
        seconds=60,
        severity="warning",
    ),
    "unanswered": Rule(
        name="在线客户久等",
        name_en="Chat unanswered",
        metric="waiting",
        threshold=60,
        channels=(Channel.CHAT,),
        severity="notice",
        cool_down=300,
    ),
}
"""By their keys, under which they are kept for good."""
