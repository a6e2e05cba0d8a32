"""Conversations, in and out, with units, ranges and examples."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.answer_schemas import (
    TRAJECTORY_EXAMPLE,
    TURN_EXAMPLE,
    TURN_OUT_EXAMPLE,
    CourseOut,
    TrajectoryOut,
    TurnIn,
    TurnOut,
)
from app.api.schemas import Channel, Emotion, Level, Probability, Role, State, Status, example
from multimodal.conversation import MAX_TURNS
from multimodal.tags import Basis, Tag

CONVERSATION_EXAMPLE: dict[str, Any] = {
    "external_id": "chat-20260630-0007",
    "source": "webchat",
    "channel": "chat",
    "started_at": "2026-06-30T23:50:00+08:00",
    "queue": "售后",
    "customer_display": "138****1234",
    "business_type": "退款",
    "turns": [{"role": "agent", "text": "您好，请问有什么可以帮您？"}, TURN_EXAMPLE],
}
_CORRECTION_EXAMPLE: dict[str, Any] = {
    "id": 3,
    "turn": 2,
    "label": "sad",
    "comment": "语气低落，不是生气",
    "author": "local",
    "made_at": "2026-07-01T09:12:00+08:00",
    "revoked_at": None,
    "revoked_by": "",
}
_SUMMARY_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "external_id": "chat-20260630-0007",
    "source": "webchat",
    "channel": "chat",
    "direction": "unknown",
    "started_at": "2026-06-30T23:50:00+08:00",
    "received_at": "2026-07-01T00:10:00+08:00",
    "scored_at": "2026-07-01T00:10:01+08:00",
    "queue": "售后",
    "team": "",
    "customer_display": "138****1234",
    "business_type": "退款",
    "language": "zh",
    "agent_ids": ["1007"],
    "state": "closed",
    "status": "scored",
    "error": "",
    "turn_count": 2,
    "duration": 4.5,
    "risk": 0.61,
    "sentiment": [None, None, None, -4.4],
    "level": "dissatisfied",
    "view_state": "anger",
    "reason_turn": 2,
    "reason_text": "都三天了还没发货！",
    "labels": {"angry": 1},
    "media_count": 0,
}
_FOUND_EXAMPLE: dict[str, Any] = {"found_turn": 2, "found_text": "都三天了还没发货！"}
_TALK_EXAMPLE: dict[str, Any] = {
    "roles": {
        "agent": {
            "seconds": 1.5,
            "share": 0.38,
            "longest_monologue": 1.5,
            "interruptions": 0,
            "syllables_per_minute": 240.0,
        },
        "customer": {
            "seconds": 2.5,
            "share": 0.62,
            "longest_monologue": 2.5,
            "interruptions": 0,
            "syllables_per_minute": 192.0,
        },
    },
    "silence_seconds": 0.5,
    "longest_silence": 0.5,
    "overlap_seconds": 0.0,
    "loudness": [[2.0, -24.1]],
}


class ConversationIn(BaseModel):
    """A conversation of the canonical schema, without recordings (those are uploaded)."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [CONVERSATION_EXAMPLE]})
    external_id: str = Field("", description="The source's id; by default one of the content.")
    source: str = Field("api", description="Which system it comes from.")
    channel: Channel = "chat"
    direction: Literal["inbound", "outbound", "unknown"] = "unknown"
    started_at: str | None = Field(None, description="ISO 8601 with an offset.")
    timezone: str = Field("Asia/Shanghai", description="IANA name of the source's zone.")
    queue: str = Field("", description="Skill group.")
    team: str = Field("", description="The agent's team.")
    customer_ref: str = Field("", description="Keyed hash of the customer's number.")
    customer_display: str = Field("", description="The customer as people may see them.")
    business_type: str = Field("", description="What it is about.")
    notice: str = Field("", description="Notice or consent under which it is analysed.")
    language: str = Field("zh", description="BCP 47 tag.")
    attributes: dict[str, Any] = Field({}, description="Further metadata of the source.")
    turns: list[TurnIn] = Field(
        max_length=MAX_TURNS, description="In the order of their start, at most 20,000."
    )


class CorrectionIn(BaseModel):
    """What a person says about a turn instead of the models."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"label": "sad", "comment": "语气低落"}]}
    )
    label: Emotion
    comment: str = Field("", max_length=2000, description="Why.")


class RoleTalkOut(BaseModel):
    """How one role talked."""

    seconds: float
    share: Probability = Field(description="Of all talk.")
    longest_monologue: float = Field(description="Seconds; a pause of 3 s ends it.")
    interruptions: int = Field(
        description="Turns of 1 s or more that begin while another role goes on speaking."
    )
    syllables_per_minute: float | None = Field(description="A Chinese character is one.")


class TalkOut(BaseModel):
    """Service metrics: who talked how much, how fast, across whom; nothing of what they felt."""

    model_config = example(_TALK_EXAMPLE)
    roles: dict[str, RoleTalkOut]
    silence_seconds: float
    longest_silence: float
    overlap_seconds: float
    loudness: list[tuple[float, float]] = Field(
        description="Start and mean level in dB re full scale of each customer's turn heard."
    )


class CorrectionOut(BaseModel):
    """A correction; undone where `revoked_at` is set."""

    model_config = example(_CORRECTION_EXAMPLE)
    id: int
    turn: int
    label: Emotion
    comment: str
    author: str
    made_at: datetime
    revoked_at: datetime | None
    revoked_by: str


class MediaOut(BaseModel):
    """A recording."""

    model_config = example(
        {
            "number": 0,
            "url": "/api/v1/conversations/12/media/0",
            "kind": "audio",
            "content_type": "audio/wav",
            "bytes": 2640044,
            "channels": {"0": "agent", "1": "customer"},
            "customer_region": None,
            "offset": 0.0,
        }
    )
    number: int
    url: str
    kind: Literal["audio", "video", ""] = Field(description="Empty where the file is not there.")
    content_type: str
    bytes: int
    channels: dict[str, Role] = Field(description="Who is on which audio channel.")
    customer_region: list[float] | None = Field(
        description="Left, top, width, height as fractions of the picture."
    )
    offset: float = Field(description="Seconds from the conversation's start to the recording's.")


class Summary(BaseModel):
    """A conversation in a list."""

    model_config = example(_SUMMARY_EXAMPLE)
    id: int
    external_id: str
    source: str
    channel: Channel
    direction: str
    started_at: datetime | None = Field(description="In the site's zone.")
    received_at: datetime
    scored_at: datetime | None
    queue: str
    team: str
    customer_display: str
    business_type: str
    language: str
    agent_ids: list[str]
    state: State
    status: Status
    error: str = Field(description="Why scoring failed.")
    turn_count: int
    duration: float | None = Field(description="Seconds.")
    risk: Probability = Field(description="Of ending dissatisfied, after the last turn.")
    sentiment: list[float | None] = Field(description="The customer's, per quarter, -5 to 5.")
    level: Level | Literal[""] = Field(description="Empty before it is scored.")
    view_state: str = Field(description="What a supervisor reads of the customer.")
    reason_turn: int | None = Field(description="The turn that gave the level its reason.")
    reason_text: str = Field(description="The first 200 characters of that turn.")
    labels: dict[str, int] = Field(description="How many turns have which label.")
    media_count: int


class ListedOut(Summary):
    """A conversation in a list, with what was searched for in it."""

    model_config = example(_SUMMARY_EXAMPLE | _FOUND_EXAMPLE)
    found_turn: int | None = Field(description="The first turn with a word of `q`, from 1.")
    found_text: str = Field(description="What it says around that word, at most 200 characters.")


class Page(BaseModel):
    """One page of a list."""

    model_config = example({"data": [_SUMMARY_EXAMPLE | _FOUND_EXAMPLE], "count": 1})
    data: list[ListedOut]
    count: int = Field(description="Conversations in the whole list.")


class ConversationOut(Summary):
    """Everything about one conversation."""

    model_config = example(
        _SUMMARY_EXAMPLE
        | {
            "timezone": "Asia/Shanghai",
            "customer_ref": "",
            "notice": "IVR-2026-01",
            "attributes": {},
            "turns": [TURN_OUT_EXAMPLE],
            "roles_inferred": False,
            "trajectory": TRAJECTORY_EXAMPLE,
            "talk": _TALK_EXAMPLE,
            "media": [],
            "course": {
                "online": [None, -0.41],
                "offline": [-0.41, -0.41],
                "peak": 2,
                "recovered": False,
            },
            "tags": {"urge": [2]},
            "escalation_signal": False,
            "basis": {"level": "rule", "risk": "inferred", "talk": "measured"},
            "corrections": [_CORRECTION_EXAMPLE],
            "notes": [],
        }
    )
    timezone: str
    customer_ref: str
    notice: str
    attributes: dict[str, Any]
    turns: list[TurnOut] = Field(description="Empty where they were not asked for.")
    roles_inferred: bool = Field(description="Whether a turn's role was inferred from phrases.")
    trajectory: TrajectoryOut
    talk: TalkOut
    media: list[MediaOut]
    course: CourseOut
    tags: dict[Tag, list[int]] = Field(description="Which turns have each tag, by number.")
    escalation_signal: bool = Field(
        description="The customer complains or demands somebody higher. No measured risk."
    )
    basis: dict[str, Basis] = Field(description="What is measured, inferred, or a rule.")
    corrections: list[CorrectionOut] = Field(description="Oldest first, undone ones too.")
    notes: list[str] = Field(description="What to know about how it was scored.")


class Accepted(BaseModel):
    """A conversation that will be scored."""

    model_config = example({"id": 12, "status": "queued", "url": "/api/v1/conversations/12"})
    id: int
    status: Status
    url: str = Field(description="Where to ask for the result.")


class Appended(BaseModel):
    """A turn that was appended, and what it changed."""

    model_config = example(
        {
            "conversation_id": 12,
            "turn": TURN_OUT_EXAMPLE,
            "risk": 0.61,
            "level": "dissatisfied",
            "view_state": "anger",
        }
    )
    conversation_id: int
    turn: TurnOut
    risk: Probability
    level: Level
    view_state: str
