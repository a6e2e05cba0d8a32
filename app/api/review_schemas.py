"""Bodies of requests and answers about review: tasks, labels, verdicts, appeals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.api.schemas import Channel, Emotion, Label, Level, Probability, Role, example

Queue = Literal["must", "random", "learn"]
VerdictName = Literal["upheld", "false_alarm", "missed"]
Cause = Literal["", "transcript", "sound", "irony", "about_other", "context", "roles", "other"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)]
Comment = Annotated[str, Field(max_length=2000)]

_MOMENT = "2026-03-02T10:15:00+08:00"
_APPEAL: dict[str, Any] = {
    "id": 2,
    "reason": "客户说的是邻居家的事",
    "author": "zhao.lei",
    "made_at": _MOMENT,
    "decision": "false_alarm",
    "dissatisfied": False,
    "comment": "第 7 句确是转述",
    "decided_by": "qian.li",
    "decided_at": _MOMENT,
}
_VERDICT: dict[str, Any] = {
    "id": 5,
    "task_id": 9,
    "queue": "must",
    "conversation_id": 12,
    "external_id": "call-7",
    "team": "一组",
    "of_queue": "售后",
    "verdict": "upheld",
    "dissatisfied": True,
    "cause": "",
    "comment": "",
    "level": "heated",
    "risk": 0.82,
    "author": "li.ming",
    "made_at": _MOMENT,
    "revoked_at": None,
    "revoked_by": "",
    "appeal_until": "2026-03-09T10:15:00+08:00",
    "appeal": _APPEAL,
    "holds": "false_alarm",
    "final": True,
}
_SUMMARY: dict[str, Any] = {
    "id": 9,
    "queue": "must",
    "slot": 1,
    "conversation_id": 12,
    "source": "pbx",
    "external_id": "call-7",
    "channel": "phone",
    "of_queue": "售后",
    "team": "一组",
    "customer_display": "138****1234",
    "business_type": "退款",
    "started_at": _MOMENT,
    "duration": 184.0,
    "assignee": "",
    "taken_by": "li.ming",
    "taken_at": _MOMENT,
    "done_at": None,
    "hidden": False,
    "level": "heated",
    "risk": 0.82,
}
_DRAWN: dict[str, Any] = {
    "id": 3,
    "queue": "random",
    "seed": 7,
    "drawn": 50,
    "eligible": 812,
    "wanted": {"number": 50, "turns": 5, "reviewers": ["li.ming"]},
    "author": "boss",
    "made_at": _MOMENT,
}
_TASK: dict[str, Any] = _SUMMARY | {
    "wanted": [3],
    "turns": [
        {
            "number": 3,
            "role": "customer",
            "text": "都三天了还没人来",
            "start": 12.5,
            "end": 15.0,
            "wanted": True,
            "mine": "angry",
            "model": {"label": "angry", "confidence": 0.71},
        }
    ],
    "left_out": 0,
    "dissatisfied": None,
    "verdict": None,
}


class NextIn(BaseModel):
    """Which queue somebody works in."""

    model_config = example({"queue": "must"}, strict=True)
    queue: Queue = "must"
    after: int | None = Field(None, ge=1, le=2**63 - 1, description="The task that is put off.")


class DrawIn(BaseModel):
    """What is drawn for review."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"queue": "random", "number": 50, "seed": 7, "reviewers": ["li.ming"]}]
        },
    )
    queue: Queue
    number: int | None = Field(None, ge=1, le=5000, description="Conversations; or `share`.")
    share: float | None = Field(None, gt=0, le=1, description="Part of those eligible.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="The same one draws the same.")
    turns: int = Field(5, ge=1, le=50, description="Turns of each that are to be labelled.")
    reviewers: list[Name] = Field([], max_length=50, description="In turn; none for whoever comes.")
    second: bool = Field(False, description="Two reviewers judge each, apart from each other.")
    of_queue: str = Field("", max_length=200, description="Of this queue of the call centre only.")
    started_from: datetime | None = None
    started_to: datetime | None = None


class DrawOut(BaseModel):
    """What a draw gave."""

    model_config = example(_DRAWN)
    id: int
    queue: Queue
    seed: int
    drawn: int
    eligible: int = Field(description="Conversations that it drew from.")
    wanted: dict[str, Any] = Field(description="What was asked for.")
    author: str
    made_at: datetime


class Draws(BaseModel):
    """The latest draws, newest first."""

    model_config = example({"data": [_DRAWN]})
    data: list[DrawOut]


class Progress(BaseModel):
    """How much of a queue there is."""

    model_config = example({"open": 12, "mine": 3, "done": 20})
    open: int = Field(description="Open to the caller.")
    mine: int = Field(description="Of those, assigned to the caller by name.")
    done: int = Field(description="Done by the caller in all.")


class Queues(BaseModel):
    """The three queues, as the caller sees them."""

    model_config = example(
        {name: {"open": 12, "mine": 3, "done": 20} for name in ("must", "random", "learn")}
        | {"appeals": 1}
    )
    must: Progress
    random: Progress
    learn: Progress
    appeals: int = Field(description="Appeals that wait for a decision.")


class ModelSays(BaseModel):
    """What the models answered for a turn."""

    label: Label
    confidence: Probability


class TurnToLabel(BaseModel):
    """A turn of a task, or one around those to be labelled."""

    number: int
    role: Role
    text: str
    start: float | None
    end: float | None
    wanted: bool = Field(description="Whether it is to be labelled.")
    mine: Emotion | None = Field(description="What the reviewer said.")
    model: ModelSays | None = Field(description="Null while it is hidden, and where none answered.")


class TaskSummary(BaseModel):
    """A task in a list."""

    model_config = example(_SUMMARY)
    id: int
    queue: Queue
    slot: int = Field(description="2 for the second reviewer's.")
    conversation_id: int
    source: str
    external_id: str
    channel: Channel
    of_queue: str = Field(description="The conversation's queue in the call centre.")
    team: str
    customer_display: str
    business_type: str
    started_at: datetime | None
    duration: float | None
    assignee: str
    taken_by: str
    taken_at: datetime | None
    done_at: datetime | None
    hidden: bool = Field(description="Whether the product's answers are hidden still.")
    level: Level | None = Field(description="Null while it is hidden.")
    risk: Probability | None = Field(description="Null while it is hidden.")


class Tasks(BaseModel):
    """A page of tasks."""

    model_config = example({"data": [_SUMMARY], "count": 1})
    data: list[TaskSummary]
    count: int


class AppealOut(BaseModel):
    """An appeal; its decision is final."""

    model_config = example(_APPEAL)
    id: int
    reason: str
    author: str
    made_at: datetime
    decision: VerdictName | Literal[""] = Field(description="Empty while nobody has decided.")
    dissatisfied: bool | None
    comment: str
    decided_by: str
    decided_at: datetime | None


class VerdictOut(BaseModel):
    """A verdict as it was given, and what has become of it."""

    model_config = example(_VERDICT)
    id: int
    task_id: int
    queue: Queue
    conversation_id: int
    external_id: str
    team: str
    of_queue: str
    verdict: VerdictName
    dissatisfied: bool = Field(description="Whether the customer was, as the reviewer says.")
    cause: Cause
    comment: str
    level: Level
    risk: Probability
    author: str
    made_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    appeal_until: datetime
    appeal: AppealOut | None
    holds: VerdictName = Field(description="The decision where there is one, else the verdict.")
    final: bool = Field(description="Whether nothing can change it any more.")


class VerdictPage(BaseModel):
    """A page of verdicts."""

    model_config = example({"data": [_VERDICT], "count": 1})
    data: list[VerdictOut]
    count: int


class History(BaseModel):
    """All verdicts on a conversation, undone ones too, oldest first."""

    model_config = example({"data": [_VERDICT]})
    data: list[VerdictOut]


class TaskOut(TaskSummary):
    """A task with the words that are to be judged."""

    model_config = example(_TASK)
    wanted: list[int] = Field(description="Numbers of the turns to be labelled.")
    turns: list[TurnToLabel]
    left_out: int = Field(description="Turns that are far from those to be labelled.")
    dissatisfied: bool | None = Field(description="What the reviewer says of the customer.")
    verdict: VerdictOut | None = Field(description="Null while it is hidden.")


class NextOut(BaseModel):
    """The task that comes next; null where the queue is empty."""

    model_config = example({"task": _TASK})
    task: TaskOut | None


class AssignIn(BaseModel):
    """Who is to do a task."""

    model_config = example({"assignee": "li"}, strict=True)
    assignee: Name = Field(description="Empty for whoever comes.")


class LabelIn(BaseModel):
    """What a person hears in a turn."""

    model_config = example({"label": "angry"}, strict=True)
    label: Emotion


class VerdictIn(BaseModel):
    """What a person says of a conversation: `verdict`, or `dissatisfied`, which gives it."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"verdict": "upheld"}]}
    )
    verdict: VerdictName | None = None
    dissatisfied: bool | None = Field(None, description="The only one where answers are hidden.")
    cause: Cause = ""
    comment: Comment = ""


class AppealIn(BaseModel):
    """Why a verdict is wrong."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "客户说的是邻居家的事"}]}
    )
    reason: Comment


class DecisionIn(BaseModel):
    """What the second look says."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"dissatisfied": False}]}
    )
    dissatisfied: bool
    comment: Comment = ""
