"""Bodies of requests and answers, with their units, ranges and examples."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from multimodal.conversation import MAX_TURNS
from multimodal.tags import Basis, Tag

Probability = Annotated[float, Field(ge=0, le=1)]
Label = Literal["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear", "unknown"]
Emotion = Literal["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"]
Role = Literal["customer", "agent", "bot", "unknown"]
Channel = Literal["phone", "video", "chat"]
State = Literal["open", "closed"]
Status = Literal["queued", "scoring", "scored", "failed"]
Level = Literal["calm", "watch", "dissatisfied", "heated"]

TURN_EXAMPLE: dict[str, Any] = {
    "role": "customer",
    "text": "都三天了还没发货！",
    "start": 2.0,
    "end": 4.5,
}
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
_PROBABILITIES = [0.08, 0.01, 0.12, 0.7, 0.02, 0.06, 0.01]
_MODEL_EXAMPLE: dict[str, Any] = {
    "name": "late",
    "version": "1.0.0",
    "sha256": "5f70bf18a086",
    "terms": "open",
}
_ANSWER_EXAMPLE: dict[str, Any] = {
    "label": "angry",
    "probabilities": _PROBABILITIES,
    "confidence": 0.7,
    "valence": -0.88,
    "contributions": {"text": 1.0},
    "disagreement": 0.0,
    "model": _MODEL_EXAMPLE,
    "reason": "",
}
_SCORES_EXAMPLE: dict[str, Any] = {
    "label": "angry",
    "probabilities": _PROBABILITIES,
    "reliability": 0.8,
    "valence": -0.88,
    "arousal": None,
    "heads": {"polarity": [0.9, 0.08, 0.02]},
    "evidence": [{"kind": "word", "name": "还没发货", "weight": 0.6, "start": 4, "end": 8}],
    "model": _MODEL_EXAMPLE,
    "reason": "",
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

_TURN_OUT_EXAMPLE: dict[str, Any] = {
    **TURN_EXAMPLE,
    "speaker": "",
    "agent_id": "",
    "channel": None,
    "attributes": {},
    "number": 2,
    "scores": {"text": _SCORES_EXAMPLE},
    "answer": _ANSWER_EXAMPLE,
    "risk": 0.61,
    "tags": [{"tag": "urge", "basis": "rule", "places": [[4, 8]]}],
    "explanation": {
        "zh": "愤怒，把握 70%：文字 100%（“还没发货”）。",
        "en": "Anger, 70% sure: words 100% (还没发货).",
    },
    "view_state": "anger",
}
_TRAJECTORY_EXAMPLE: dict[str, Any] = {
    "risk": [0.2, 0.61],
    "sentiment": [None, None, None, -4.4],
    "shift": None,
    "talk_seconds": {"agent": 1.5, "customer": 2.5},
    "silence_seconds": 0.5,
    "overlap_seconds": 0.0,
    "characters_per_minute": 216.0,
    "model": _MODEL_EXAMPLE,
}
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
_IMPORT_EXAMPLE: dict[str, Any] = {
    "file": "call-1.wav",
    "conversations": [12],
    "failed": 0,
    "error": None,
}


def _example(value: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


class ProblemInside(BaseModel):
    """What was wrong."""

    type: str = Field(description="Which kind of error, for programs.")
    what: str = Field(description="What was wrong, and what was expected instead.")
    where: str = Field(description="The field, file or line; empty where there is none.")
    remedy: str = Field(description="What to do about it; empty where nothing can be done.")


class Problem(BaseModel):
    """The one shape of every error."""

    model_config = _example(
        {
            "error": {
                "type": "not_found",
                "what": "there is no conversation 12.",
                "where": "",
                "remedy": "See the list of conversations for those that there are.",
            }
        }
    )
    error: ProblemInside


class TurnIn(BaseModel):
    """One party's uninterrupted say."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [TURN_EXAMPLE]})
    role: Role = Field(description="Who speaks.")
    text: str = Field("", description="The words, at most 100,000 characters.")
    start: float | None = Field(None, description="Seconds from the conversation's start.")
    end: float | None = Field(None, description="Seconds, after `start`.")
    speaker: str = Field("", description="The speaker's name in the source.")
    agent_id: str = Field("", description="Which agent speaks.")
    channel: int | None = Field(
        None, ge=0, le=1023, description="Audio channel index of the recording, from 0."
    )
    attributes: dict[str, Any] = Field({}, description="What the source says besides.")


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


class Model(BaseModel):
    """A model that answered."""

    model_config = _example(_MODEL_EXAMPLE)
    name: str
    version: str
    sha256: str = Field(description="Digest of weights and configuration, empty where none.")
    terms: Literal["open", "research"] = Field(description="What its training data allow.")


class ModelInUse(Model):
    """A model that answers now."""

    model_config = _example(_MODEL_EXAMPLE | {"modality": "fusion"})
    modality: str = Field(description="`text`, `voice`, `face`, a plug-in's, or `fusion`.")


class Models(BaseModel):
    """The models in use."""

    model_config = _example(
        {"data": [_MODEL_EXAMPLE | {"modality": "fusion"}], "stored": [_MODEL_EXAMPLE]}
    )
    data: list[ModelInUse]
    stored: list[Model] = Field(description="Every model that ever gave a stored answer.")


class EvidenceOut(BaseModel):
    """One thing that a model's answer rests on."""

    kind: Literal["word", "prosody", "moment", "quality"]
    name: str
    weight: float = Field(ge=-1, le=1, description="Negative where it spoke against the answer.")
    start: float | None = Field(
        None, description="Characters of the text for a word, else seconds; null: all of the turn."
    )
    end: float | None = None
    value: float | None = Field(None, description="The measured deviation, where there is one.")


class ScoresOut(BaseModel):
    """What one modality's model said about a turn."""

    model_config = _example(_SCORES_EXAMPLE)
    label: Label
    probabilities: list[Probability] = Field(min_length=7, max_length=7)
    reliability: Probability = Field(description="0: nothing usable was there; see `reason`.")
    valence: float | None = Field(ge=-1, le=1)
    arousal: float | None = Field(ge=0, le=1)
    heads: dict[str, list[float]] = Field(description="Further outputs, three classes each.")
    evidence: list[EvidenceOut]
    model: Model | None
    reason: str


class AnswerOut(BaseModel):
    """The fused answer."""

    model_config = _example(_ANSWER_EXAMPLE)
    label: Label = Field(description="`unknown` exactly where no modality was usable.")
    probabilities: list[Probability] = Field(min_length=7, max_length=7)
    confidence: Probability = Field(description="Calibrated probability that the label is right.")
    valence: float = Field(ge=-1, le=1)
    contributions: dict[str, float] = Field(description="By modality, summing to 1.")
    disagreement: Probability = Field(description="How far the channels contradict each other.")
    model: Model | None
    reason: str


class TagOut(BaseModel):
    """One event tag of a turn."""

    tag: Tag
    basis: Basis = Field(description="`rule`: its words. `measured`: its pitch and rate.")
    places: list[tuple[int, int]] = Field(description="Its words in the text, half-open.")


class ExplanationOut(BaseModel):
    """Why the turn was judged so, for people; empty for agents and bots."""

    zh: str
    en: str


class TurnOut(TurnIn):
    """One turn with everything that was found out about it."""

    model_config = _example(_TURN_OUT_EXAMPLE)
    number: int = Field(ge=1, description="From 1.")
    scores: dict[str, ScoresOut] = Field(description="By modality.")
    answer: AnswerOut
    risk: Probability = Field(description="Of ending dissatisfied, after this turn.")
    tags: list[TagOut] = Field(description="What it says or sounds like.")
    explanation: ExplanationOut
    view_state: str = Field(description="What a supervisor reads; empty for agents and bots.")


class TrajectoryOut(BaseModel):
    """How the conversation went."""

    model_config = _example(_TRAJECTORY_EXAMPLE)
    risk: list[Probability] = Field(description="After each turn.")
    sentiment: list[float | None] = Field(description="The customer's, per quarter, -5 to 5.")
    shift: float | None = Field(description="Last minus first known quarter, -10 to 10.")
    talk_seconds: dict[str, float] = Field(description="By role.")
    silence_seconds: float
    overlap_seconds: float
    characters_per_minute: float | None = Field(description="The customer's speaking rate.")
    model: Model | None


class CourseOut(BaseModel):
    """How the customer's sentiment went, -1 to 1."""

    online: list[float | None] = Field(description="After each turn, from the turns so far.")
    offline: list[float | None] = Field(description="At each turn, from all of them.")
    peak: int | None = Field(description="Number of the customer's turn where it was worst.")
    recovered: bool = Field(
        description="It had gone badly and ended well; a closing that only thanks does not count."
    )


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

    model_config = _example(_TALK_EXAMPLE)
    roles: dict[str, RoleTalkOut]
    silence_seconds: float
    longest_silence: float
    overlap_seconds: float
    loudness: list[tuple[float, float]] = Field(
        description="Start and mean level in dB re full scale of each customer's turn heard."
    )


class CorrectionOut(BaseModel):
    """A correction; undone where `revoked_at` is set."""

    model_config = _example(_CORRECTION_EXAMPLE)
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

    model_config = _example(
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

    model_config = _example(_SUMMARY_EXAMPLE)
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

    model_config = _example(_SUMMARY_EXAMPLE | _FOUND_EXAMPLE)
    found_turn: int | None = Field(description="The first turn with a word of `q`, from 1.")
    found_text: str = Field(description="What it says around that word, at most 200 characters.")


class Page(BaseModel):
    """One page of a list."""

    model_config = _example({"data": [_SUMMARY_EXAMPLE | _FOUND_EXAMPLE], "count": 1})
    data: list[ListedOut]
    count: int = Field(description="Conversations in the whole list.")


class ConversationOut(Summary):
    """Everything about one conversation."""

    model_config = _example(
        _SUMMARY_EXAMPLE
        | {
            "timezone": "Asia/Shanghai",
            "customer_ref": "",
            "notice": "IVR-2026-01",
            "attributes": {},
            "turns": [_TURN_OUT_EXAMPLE],
            "roles_inferred": False,
            "trajectory": _TRAJECTORY_EXAMPLE,
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

    model_config = _example({"id": 12, "status": "queued", "url": "/api/v1/conversations/12"})
    id: int
    status: Status
    url: str = Field(description="Where to ask for the result.")


class Appended(BaseModel):
    """A turn that was appended, and what it changed."""

    model_config = _example(
        {
            "conversation_id": 12,
            "turn": _TURN_OUT_EXAMPLE,
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


class ImportResult(BaseModel):
    """What became of one file."""

    model_config = _example(_IMPORT_EXAMPLE)
    file: str
    conversations: list[int] = Field(description="Ids, those that were there already too.")
    failed: int = Field(description="Conversations of the file that could not be read or scored.")
    error: ProblemInside | None = Field(description="What was wrong with the first of those.")


class Imported(BaseModel):
    """What became of every file."""

    model_config = _example({"data": [_IMPORT_EXAMPLE]})
    data: list[ImportResult]


_PARTY_EXAMPLE: dict[str, Any] = {
    "name": "spk_0",
    "role": "unknown",
    "inferred": "agent",
    "confidence": 0.98,
    "phrases": ["为您服务", "工号"],
    "turns": 12,
}


class PartyOut(BaseModel):
    """One party, and who it is by its phrases."""

    model_config = _example(_PARTY_EXAMPLE)
    name: str = Field(description="As the source calls it.")
    role: Role = Field(description="What its turns say now.")
    inferred: Role = Field(description="`unknown` below the confidence.")
    confidence: Probability
    phrases: list[str] = Field(description="What speaks for it, the strongest first.")
    turns: int


class RolesPreview(BaseModel):
    """Who is who by their phrases."""

    model_config = _example({"parties": [_PARTY_EXAMPLE], "swapped": 0.02})
    parties: list[PartyOut]
    swapped: Probability = Field(description="That customer and agent stand for each other.")


class SourceSwapIn(BaseModel):
    """Of which source customer and agent are exchanged."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"source": "pbx"}]})
    source: str = Field(min_length=1, max_length=100)


class SourceSwapOut(BaseModel):
    """What is scored again."""

    model_config = _example({"queued": 120, "skipped": 1})
    queued: int = Field(description="Conversations that will be scored under their new roles.")
    skipped: int = Field(description="Left alone: open, or their words have been deleted.")


class EraseIn(BaseModel):
    """Whom to erase."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"customer": "13800138000"}]}
    )
    customer: str = Field(
        min_length=1,
        max_length=200,
        description="The customer's number as it was imported, or `customer_ref`.",
    )


class ErasedOut(BaseModel):
    """What was erased."""

    model_config = _example(
        {"conversations": 2, "media": 1, "shared": 0, "elsewhere": [], "notes": []}
    )
    conversations: int
    media: int = Field(description="Recordings deleted from the media folder.")
    shared: int = Field(description="Recordings that another customer's conversation has too.")
    elsewhere: list[str] = Field(description="Recordings outside of it: the site's to delete.")
    notes: list[str] = Field(description="What could not be done.")


class SweptOut(BaseModel):
    """What a sweep deleted, or would delete."""

    model_config = _example(
        {"media": 3, "transcripts": 1, "conversations": 0, "audit": 0, "orphans": 0, "batches": 0}
    )
    media: int = Field(description="Recordings.")
    transcripts: int = Field(description="Conversations whose words went.")
    conversations: int = Field(description="Conversations of which nothing is left.")
    audit: int = Field(description="Entries of the audit.")
    orphans: int = Field(description="Files in the media folder that nothing referred to.")
    batches: int = Field(description="Batches of files, with files that were never scored.")


_NOTICE_EXAMPLE: dict[str, Any] = {
    "reference": "IVR-2026-01",
    "text": "本次通话将被录音并用于情绪分析，以改进服务。",
    "valid_from": "2026-01-01T00:00:00+08:00",
    "valid_until": None,
}


class NoticeIn(BaseModel):
    """A notice or consent."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_NOTICE_EXAMPLE]})
    reference: str = Field(
        min_length=1, max_length=200, description="What conversations name it by."
    )
    text: str = Field(min_length=1, max_length=20_000, description="What customers are told.")
    valid_from: datetime | None = Field(None, description="By default now.")
    valid_until: datetime | None = Field(None, description="First moment at which it has ended.")


class NoticeEndIn(BaseModel):
    """Which notice ends, and when."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reference": "IVR-2026-01"}]}
    )
    reference: str = Field(min_length=1, max_length=200)
    at: datetime | None = Field(None, description="By default now.")


class NoticeOut(BaseModel):
    """A notice as it is recorded."""

    model_config = _example(_NOTICE_EXAMPLE | {"author": "local", "conversations": 128})
    reference: str
    text: str
    valid_from: datetime
    valid_until: datetime | None
    author: str = Field(description="Who recorded it.")
    conversations: int = Field(description="How many conversations name it.")


class Notices(BaseModel):
    """The notices."""

    model_config = _example({"data": [_NOTICE_EXAMPLE | {"author": "local", "conversations": 128}]})
    data: list[NoticeOut]


_AUDIT_EXAMPLE: dict[str, Any] = {
    "at": "2026-07-01T09:12:00+08:00",
    "who": "local",
    "action": "erase",
    "detail": {"conversations": 2, "media": 1, "elsewhere": 0},
}


class AuditEntry(BaseModel):
    """One entry of the audit."""

    model_config = _example(_AUDIT_EXAMPLE)
    at: datetime
    who: str
    action: str
    detail: dict[str, Any]


class Audit(BaseModel):
    """The audit, newest first."""

    model_config = _example({"data": [_AUDIT_EXAMPLE]})
    data: list[AuditEntry]


_BATCH_EXAMPLE: dict[str, Any] = {
    "id": 4,
    "state": "running",
    "made_at": "2026-07-01T09:00:00+08:00",
    "files": 12,
    "counts": {"todo": 7, "done": 4, "failed": 1},
    "conversations": {"created": 4},
    "seconds_left": 21.0,
    "options": {"notice": "IVR-2026-01"},
}
_ITEM_EXAMPLE: dict[str, Any] = {
    "number": 1,
    "name": "call-1.json",
    "kind": "transcript",
    "format": "aws_transcribe",
    "format_zh": "AWS Transcribe 通话分析",
    "format_en": "AWS Transcribe Call Analytics",
    "size": 20311,
    "state": "done",
    "detail": {"conversations": 1, "turns": 30, "more": False},
    "error": None,
    "conversations": [12],
    "unchanged": 0,
}
_PROFILE_EXAMPLE: dict[str, Any] = {
    "name": "华为",
    "timezone": "Asia/Shanghai",
    "columns": {"录音文件名": "file_name", "坐席": "agent_id"},
    "template": "{date}_{agent}_{caller}_{call_id}.wav",
}
FileState = Literal["todo", "claimed", "done", "failed", "joined", "duplicate"]


class BatchOut(BaseModel):
    """Files that came together, and how far they are."""

    model_config = _example(_BATCH_EXAMPLE)
    id: int
    state: Literal["draft", "running", "paused", "finished"]
    made_at: datetime
    files: int = Field(description="How many there are.")
    counts: dict[FileState, int] = Field(description="How many are in which state.")
    conversations: dict[str, int] = Field(
        description="How many were `created`, `rescored`, or there already (`unchanged`)."
    )
    seconds_left: float | None = Field(description="Estimated; null where it is not known yet.")
    options: dict[str, Any]


class BatchList(BaseModel):
    """The latest batches."""

    model_config = _example({"data": [_BATCH_EXAMPLE]})
    data: list[BatchOut]


class FileProblem(BaseModel):
    """What was wrong with a file, or with the first of its conversations."""

    what: str
    where: str
    remedy: str
    count: int = Field(1, description="How many of its conversations were wrong.")


class FileOut(BaseModel):
    """One file of a batch."""

    model_config = _example(_ITEM_EXAMPLE)
    number: int
    name: str
    kind: Literal["transcript", "recording", "manifest", "sidecar", "unknown"]
    format: str
    format_zh: str
    format_en: str
    size: int = Field(description="Bytes.")
    state: FileState
    detail: dict[str, Any] = Field(
        description="`conversations`, `turns`, `seconds`, `channels`, `rows`, `copy_of`, as known."
    )
    error: FileProblem | None
    conversations: list[int] = Field(description="Ids of what came of it.")
    unchanged: int = Field(description="How many of these were there already.")


class FileList(BaseModel):
    """Files of a batch."""

    model_config = _example({"data": [_ITEM_EXAMPLE]})
    data: list[FileOut]


class ProfileIn(BaseModel):
    """How the files of a source are read; what is empty is guessed or by default."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{k: v for k, v in _PROFILE_EXAMPLE.items() if k != "name"}]
        },
    )
    timezone: str = Field("", max_length=60, description="IANA name; of times that name none.")
    columns: dict[str, str] = Field({}, max_length=500, description="Field by header.")
    template: str = Field("", max_length=300, description="Pattern of file names.")


class BatchOptions(ProfileIn):
    """How the files of a batch are read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"notice": "IVR-2026-01"}]}
    )
    notice: str = Field("", max_length=200, description="Notice under which they are analysed.")
    channels: str = Field("", max_length=200, description="`left=agent,right=customer`.")
    role: Literal["", "customer", "agent", "bot", "unknown"] = Field(
        "", description="Who speaks in a recording of one person."
    )
    source: str = Field("", max_length=100, description="Where they come from.")
    keep_recordings: bool = Field(
        True,
        description="False: recordings are deleted when they are scored. Personal data are masked "
        "in words, not in sound.",
    )
    swap_roles: bool = Field(
        False, description="Customer and agent stand for each other in all its files."
    )


class ProfileOut(BaseModel):
    """What is kept about a source."""

    model_config = _example(_PROFILE_EXAMPLE)
    name: str
    timezone: str
    columns: dict[str, str]
    template: str


class Profiles(BaseModel):
    """Every source that something is kept about."""

    model_config = _example({"data": [_PROFILE_EXAMPLE]})
    data: list[ProfileOut]


class PreviewTurn(BaseModel):
    """A turn as it will be kept."""

    role: Role
    inferred: bool = Field(description="Whether the role was inferred from phrases.")
    text: str


class FilePreview(BaseModel):
    """What is in a file, before it is scored."""

    model_config = _example(
        {
            "turns": [{"role": "customer", "inferred": True, "text": "都三天了！"}],
            "swapped": 0.02,
            "manifest": None,
        }
    )
    turns: list[PreviewTurn] = Field([], description="The first turns of its first conversation.")
    swapped: Probability = Field(
        0.0, description="That customer and agent stand for each other in it."
    )
    manifest: dict[str, Any] | None = Field(
        None,
        description="`headers`, `columns`, `rows`, `cells`, `records` of a table of calls, and "
        "all `fields` that a column can be.",
    )


class Health(BaseModel):
    """The process answers."""

    model_config = _example({"status": "ok"})
    status: Literal["ok"]
