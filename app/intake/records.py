"""What one row of a manifest, one sidecar or one file name says about a call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.intake.moments import joined, moment_of
from multimodal.conversation import Channel, Conversation, Direction, Role, Turn
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.masking import Masker, plain_number

_MAX_VALUE = 500
_MOBILE = re.compile("1[3-9][0-9]{9}")
_DIRECTIONS: Mapping[str, Direction] = {
    name: direction
    for direction, names in (
        (Direction.INBOUND, "inbound in incoming callin 呼入 来电 入呼 打入 客户来电"),
        (Direction.OUTBOUND, "outbound out outgoing callout 呼出 外呼 去电 打出 回访"),
    )
    for name in names.split()
}
_CHANNELS: Mapping[str, Channel] = {
    name: channel
    for channel, names in (
        (Channel.PHONE, "phone voice audio call telephone 电话 语音 热线 通话"),
        (Channel.VIDEO, "video 视频"),
        (Channel.CHAT, "chat text webchat im message 在线 在线聊天 文字 文本 聊天 微信 网页"),
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Customer:
    """Who called, without their number.

    Attributes:
        ref: The keyed reference; empty for a number that came masked.
        display: What people may see: 138****1234.
    """

    ref: str
    display: str


NOBODY = Customer("", "")


def customer_of(number: str, masker: Masker) -> Customer:
    """The customer behind a number or id; the number itself is kept nowhere.

    Args:
        number: As a source writes it: 13812341234, +86 138-1234-1234, 010-65551234, U20931.
        masker: The site's.
    """
    text = number.strip()[:200]
    plain = plain_number(text)
    display = masker.display(plain if _MOBILE.fullmatch(plain) else text)
    if display == text and text and "*" not in text:
        display = f"{text[0]}***"  # Neither a number nor masked: an id, or a name.
    return Customer(masker.reference(text), display)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What is known about a call, or about one agent's part of it. Empty and None: not said.

    Attributes:
        call_id: The source's id of the call.
        file_name: Its recording or transcript, by bare name.
        started_at: With a time zone; midnight where only the day is known.
        day_only: Whether only the day of the start is known.
        ended_at: With a time zone.
        agent_id: Whose call it was.
        team: The agent's team.
        queue: Skill group.
        customer: Who called, masked.
        number: The customer's number as it was written, for finding it in other texts; it is never
            stored.
        direction: Who called whom.
        channel: Kind of contact; None where not said.
        business_type: What it was about.
        notice: Under which notice it is analysed.
        language: BCP 47 tag.
        timezone: IANA name of the source's zone.
        attributes: Other columns by their headers.
    """

    call_id: str = ""
    file_name: str = ""
    started_at: datetime | None = None
    day_only: bool = False
    ended_at: datetime | None = None
    agent_id: str = ""
    team: str = ""
    queue: str = ""
    customer: Customer = NOBODY
    number: str = field(default="", repr=False)
    direction: Direction = Direction.UNKNOWN
    channel: Channel | None = None
    business_type: str = ""
    notice: str = ""
    language: str = ""
    timezone: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def record_of(
    values: Mapping[str, str], others: Mapping[str, str], zone: ZoneInfo, masker: Masker, where: str
) -> CallRecord:
    """A record from fields by the names of `columns.FIELDS`.

    Args:
        values: What stands in the fields.
        others: What stands in columns that are no field, by header.
        zone: Zone of times that name none.
        masker: The site's, for customers' numbers.
        where: The place, for messages.

    Raises:
        TranscriptError: If a time is none, or Excel has rounded the call's id.
    """
    values = {name: value.strip()[:_MAX_VALUE] for name, value in values.items() if value.strip()}
    call_id = values.get("call_id", "")
    if _rounded(call_id):
        raise TranscriptError(
            f"the call id {call_id!r} was rounded by Excel, which keeps 15 digits of a number.",
            where=where,
            remedy="Export it again with the column as text, or join by the file name.",
        )
    started = _moment(values, "started_at", zone, where)
    if started is None and "date" in values:
        stamp = joined(values["date"], values.get("time", ""))
        started = _moment({"started_at": stamp}, "started_at", zone, where)
    elif started is None and "time" in values and len(values["time"]) > 8:
        started = _moment(values, "time", zone, where)
    ended = _moment(values, "ended_at", zone, where)
    if started is not None and ended is not None and ended < started:
        raise TranscriptError(
            f"the call ends at {ended:%Y-%m-%d %H:%M:%S}, before its start at "
            f"{started:%Y-%m-%d %H:%M:%S}.",
            where=where,
            remedy="Check which column is the start and which the end.",
        )
    said = values.get("direction", "")
    direction = _DIRECTIONS.get(said.casefold(), Direction.UNKNOWN)
    number = _customer(values, direction)
    media_type = values.get("channel", "")
    kept = {name: value.strip()[:_MAX_VALUE] for name, value in others.items() if value.strip()}
    if said and direction is Direction.UNKNOWN:
        kept["call_type"] = said
    for end in ("caller", "callee"):
        # The other party is one of the centre's own numbers.
        if end in values and plain_number(values[end]) != plain_number(number):
            kept[end] = values[end]
    return CallRecord(
        call_id=call_id[:200],
        file_name=_bare(values.get("file_name", "")),
        started_at=started,
        day_only=started is not None and "started_at" not in values and "time" not in values,
        ended_at=ended,
        agent_id=values.get("agent_id", ""),
        team=values.get("team", ""),
        queue=values.get("queue", ""),
        customer=customer_of(number, masker),
        number=number,
        direction=direction,
        channel=_CHANNELS.get(media_type.casefold()),
        business_type=values.get("business_type", ""),
        notice=values.get("notice", ""),
        language=values.get("language", ""),
        timezone=zone.key,
        attributes=_hidden(kept, number, masker),
    )


def describe(
    conversation: Conversation, parts: Sequence[CallRecord], others: Sequence[CallRecord] = ()
) -> Conversation:
    """The conversation with what is known about its call.

    Several parts with different agents are those of a transferred call: it began with the earliest,
    and each of the agents' turns belongs to whoever had the call at that time.

    Args:
        conversation: As its file gives it.
        parts: What manifests say; the first counts most.
        others: What else is known, for what they do not say.
    """
    records = [*parts, *others]
    if not records:
        return conversation

    def first(name: str) -> Any:
        return next((value for r in records if (value := getattr(r, name))), None)

    started = _start(conversation, parts, others)
    zone = conversation.timezone if started == conversation.started_at else first("timezone")
    customer = next((r.customer for r in records if r.customer.display), None)
    direction = next(
        (r.direction for r in records if r.direction is not Direction.UNKNOWN),
        conversation.direction,
    )
    turns, left = _with_agents(conversation.turns, records, started)
    attributes: dict[str, Any] = dict(conversation.attributes)
    for record in reversed(records):
        attributes |= record.attributes
    if left:
        attributes["agent_ids"] = left
    return replace(
        conversation,
        external_id=first("call_id") or conversation.external_id,
        turns=turns,
        channel=first("channel") or conversation.channel,
        direction=direction,
        started_at=started.astimezone(ZoneInfo(zone)) if started else None,
        timezone=zone,
        queue=first("queue") or conversation.queue,
        team=first("team") or conversation.team,
        customer_ref=customer.ref if customer else conversation.customer_ref,
        customer_display=customer.display if customer else conversation.customer_display,
        business_type=first("business_type") or conversation.business_type,
        notice=first("notice") or conversation.notice,
        language=first("language") or conversation.language,
        attributes=attributes,
    )


def _start(
    conversation: Conversation, parts: Sequence[CallRecord], others: Sequence[CallRecord]
) -> datetime | None:
    """The earliest part's start; a day without a time counts only where no better is known."""
    exact = [r.started_at for r in parts if r.started_at is not None and not r.day_only]
    if exact:
        return min(exact)
    exact = [r.started_at for r in others if r.started_at is not None and not r.day_only]
    days = [r.started_at for r in (*parts, *others) if r.started_at is not None]
    return next(iter([*exact, *filter(None, [conversation.started_at]), *days]), None)


def _with_agents(
    turns: tuple[Turn, ...], records: Sequence[CallRecord], started: datetime | None
) -> tuple[tuple[Turn, ...], list[str]]:
    """The turns with their agents, and the agents of whom no turn is known."""
    agents = list(dict.fromkeys(r.agent_id for r in records if r.agent_id))
    if not agents:
        return turns, []
    parts = sorted(
        ((r.started_at, r.agent_id) for r in records if r.agent_id and r.started_at is not None),
    )
    timed = started is not None and len({agent for _, agent in parts}) == len(agents) > 1

    def agent_of(turn: Turn) -> str:
        if len(agents) == 1:
            return agents[0]
        if not timed or turn.start is None:
            return ""
        assert started is not None
        at = started + timedelta(seconds=turn.start)
        return next((agent for start, agent in reversed(parts) if start <= at), parts[0][1])

    placed = tuple(
        replace(turn, agent_id=agent)
        if turn.role is Role.AGENT and not turn.agent_id and (agent := agent_of(turn))
        else turn
        for turn in turns
    )
    seen = {turn.agent_id for turn in placed}
    return placed, [agent for agent in agents if agent not in seen]


def _customer(values: Mapping[str, str], direction: Direction) -> str:
    """Which of the numbers is the customer's."""
    if "customer" in values:
        return values["customer"]
    caller, callee = values.get("caller", ""), values.get("callee", "")
    if direction is Direction.OUTBOUND:
        return callee
    if direction is Direction.INBOUND or not callee:
        return caller
    # Not said: a mobile number is a customer's, a short or service number is the centre's.
    mobile = [
        n for n in (caller, callee) if plain_number(n)[:1] == "1" and len(plain_number(n)) == 11
    ]
    return mobile[0] if len(mobile) == 1 else caller


def _hidden(values: Mapping[str, str], number: str, masker: Masker) -> dict[str, str]:
    """The values without the customer's number, which other columns may repeat."""
    display = customer_of(number, masker).display
    plain = plain_number(number)
    if len(plain) < 7 or "*" in plain:
        return dict(values)
    hidden = {name: value.replace(number, display) for name, value in values.items()}
    return {name: value.replace(plain, display) for name, value in hidden.items()}


def _moment(values: Mapping[str, str], name: str, zone: ZoneInfo, where: str) -> datetime | None:
    if not values.get(name):
        return None
    try:
        return moment_of(values[name], zone)
    except (ValueError, OverflowError, OSError, EmotionMonitorError) as error:
        raise TranscriptError(
            f"the {'end' if name == 'ended_at' else 'start'} is {values[name][:40]!r}, expected a "
            "date with a time.",
            where=where,
            remedy="Write it like 2026-06-30 23:50:00, or say which column is the time.",
        ) from error


def _rounded(call_id: str) -> bool:
    head, exponent, power = call_id.casefold().partition("e+")
    return bool(exponent) and power.isdigit() and head.replace(".", "", 1).isdigit()


def _bare(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
