"""Which column of a manifest holds what: guessed from its header, then from its content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.intake.moments import moment_of
from app.intake.sheets import Sheet, is_media_name
from multimodal.errors import InvalidInputError

PREVIEW_ROWS = 5


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can hold.

    Attributes:
        zh: Its Chinese name.
        en: Its English name.
        headers: What exports call it, normalised.
    """

    zh: str
    en: str
    headers: frozenset[str]


def _field(zh: str, en: str, headers: str) -> Field:
    return Field(zh, en, frozenset(map(normalised, (zh, en, *headers.split()))))


def normalised(header: str) -> str:
    """A header without what differs between spellings: case, spaces, underscores, brackets."""
    return re.sub(r"[\s_\-./:：()（）\[\]【】*#]+", "", header).casefold()


FIELDS: Mapping[str, Field] = {
    "file_name": _field(
        "文件名", "file name",
        "file filename recording recording_file recording_name record_file audio audio_file wav "
        "录音 录音文件 录音文件名 录音名称 录音名 音频文件 音频文件名 文件 文件名称 录音路径 "
        "文件路径 录音地址 recording_path file_path path transcript_file",
    ),
    "call_id": _field(
        "通话流水号", "call id",
        "id callid call_id conversation_id contact_id session_id external_id ucid call_uuid "
        "uuid interaction_id chat_id sid 流水号 通话id 通话编号 会话id 会话编号 呼叫id "
        "呼叫流水号 录音流水号 话单号 业务流水号 录音编号 录音id 工单号 唯一标识",
    ),
    "started_at": _field(
        "开始时间", "start time",
        "start started started_at begin begin_time call_begin call_start start_at "
        "start_timestamp call_time datetime date_time timestamp initiation_timestamp 呼叫时间 "
        "呼叫开始时间 通话开始时间 通话时间 来电时间 录音时间 录音开始时间 接通时间 应答时间 "
        "开始 会话开始时间 创建时间",
    ),
    "ended_at": _field(
        "结束时间", "end time",
        "end ended ended_at call_end stop_time end_at hangup_time disconnect_timestamp "
        "通话结束时间 呼叫结束时间 挂机时间 挂断时间 录音结束时间 结束 会话结束时间",
    ),
    "date": _field(
        "日期", "date",
        "day call_date 通话日期 呼叫日期 录音日期 来电日期",
    ),
    "time": _field(
        "时刻", "time of day",
        "time 时间 通话时刻",
    ),
    "agent_id": _field(
        "工号", "agent id",
        "agent agent_no agentno agent_code agent_number staff_id staff_no employee_id "
        "employee_no worker_id work_no job_number user_id operator_id seat_no 坐席 座席 客服 "
        "坐席工号 座席工号 客服工号 员工工号 员工编号 坐席编号 座席编号 坐席id 客服id "
        "话务员工号 话务员 接线员工号",
    ),
    "team": _field(
        "班组", "team",
        "group team_name agent_group department dept 班组名称 组别 团队 小组 部门 坐席组 座席组 "
        "所属班组",
    ),
    "queue": _field(
        "技能组", "queue",
        "skill skill_id skill_group skill_name current_skill_id queue_name queue_id skill_queue "
        "acd 队列 技能队列 技能 技能组名称 业务队列 技能组id 排队队列",
    ),
    "customer": _field(
        "客户号码", "customer",
        "customer_no customer_number customer_phone customer_id phone phone_number mobile tel "
        "telephone msisdn 客户电话 客户手机 客户手机号 手机 手机号 手机号码 电话 电话号码 "
        "联系电话 客户id 客户编号 用户号码 用户手机号 客户 来电人号码",
    ),
    "caller": _field(
        "主叫号码", "caller",
        "caller_no caller_number caller_id calling calling_number calling_no from from_number "
        "ani 主叫 主叫号 来电号码 来电 呼叫号码 来电电话",
    ),
    "callee": _field(
        "被叫号码", "callee",
        "callee_no callee_number called called_number called_no to to_number dnis dialed_number "
        "被叫 被叫号 接入号 接入号码 拨打号码 外呼号码",
    ),
    "direction": _field(
        "呼叫方向", "direction",
        "call_direction call_type type in_out io 方向 呼叫类型 通话类型 呼叫方式 呼入呼出 "
        "通话方向 呼入外呼",
    ),
    "channel": _field(
        "渠道", "channel",
        "media_type contact_channel 媒体类型 接入渠道 渠道类型 会话渠道 来源渠道",
    ),
    "business_type": _field(
        "业务类型", "business type",
        "business service_type reason topic category subject 业务 业务分类 来电原因 咨询类型 "
        "业务类别 服务类型 问题类型 诉求类型 工单类型",
    ),
    "notice": _field(
        "告知编号", "notice",
        "consent consent_id 告知 同意编号 授权编号 知情同意",
    ),
    "language": _field(
        "语言", "language",
        "lang locale 语种",
    ),
}  # fmt: skip
"""What is read; any other column is kept in `Conversation.attributes` under its header."""

KEYS = ("file_name", "call_id")
"""One of these joins a row to its call."""
_TRANSCRIPT = (
    "text content utterance message transcript words sentence 内容 文本 话术 对话内容 消息内容 "
    "发言内容 聊天内容 通话内容 语句 转写文本 文字 角色 role 说话人 speaker 发言人"
)
_DIRECTIONS = frozenset(["呼入", "呼出", "外呼", "inbound", "outbound", "in", "out"])
_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d[\d*]{8}")
_LONG_ID = re.compile(r"[\w-]{10,64}")


def guess_columns(sheet: Sheet) -> dict[str, str]:
    """What each column of a table seems to hold, by header; columns that say nothing are left out.

    Headers count first; a column whose header says nothing is looked into.
    """
    found: dict[str, str] = {}
    for header in sheet.headers:
        for name, field in FIELDS.items():
            if name not in found.values() and normalised(header) in field.headers:
                found[header] = name
                break
    for index, header in enumerate(sheet.headers):
        if header not in found:
            values = [cells[index] for _, cells in sheet.rows[:50] if index < len(cells)]
            name = _by_content([value for value in values if value], set(found.values()))
            if name:
                found[header] = name
    return found


def is_manifest(sheet: Sheet) -> bool:
    """Whether a table lists calls, and is no transcript with a row a turn."""
    if any(normalised(header) in _TRANSCRIPT.split() for header in sheet.headers):
        return False
    found = set(guess_columns(sheet).values())
    return len(found) >= 2 and not found.isdisjoint(KEYS)


def check_columns(columns: Mapping[str, str]) -> dict[str, str]:
    """A mapping as a person gave it, checked.

    Args:
        columns: Names in `FIELDS` by header; an empty name keeps the column as an attribute.

    Raises:
        InvalidInputError: If a field is unknown, stands twice, or no column joins rows to calls.
    """
    given = [name for name in columns.values() if name]
    for name in given:
        if name not in FIELDS:
            raise InvalidInputError(
                f"there is no field {name[:40]!r}; there are {', '.join(FIELDS)}.",
                where="columns",
            )
        if given.count(name) > 1:
            raise InvalidInputError(
                f"two columns are {FIELDS[name].zh} ({name}), expected one.",
                where="columns",
                remedy="Leave the other one as it is: it is kept under its own header.",
            )
    if not set(given) & set(KEYS):
        raise InvalidInputError(
            "no column is the file name or the call id, so that no row can be joined to its call.",
            where="columns",
            remedy="Say which column is 文件名 (file_name) or 通话流水号 (call_id).",
        )
    return {header: name for header, name in columns.items() if name}


def _by_content(values: Sequence[str], taken: set[str]) -> str:
    def most(test: Callable[[str], object]) -> bool:
        return bool(values) and sum(map(bool, map(test, values))) >= 0.8 * len(values)

    phones = {"customer", "caller", "callee"}
    if "file_name" not in taken and most(is_media_name):
        return "file_name"
    if "direction" not in taken and most(lambda value: value.casefold() in _DIRECTIONS):
        return "direction"
    if not phones & taken and most(_MOBILE.fullmatch):
        return "customer"
    if not {"started_at", "date"} & taken and most(_is_moment):
        return "started_at"
    distinct = len(set(values)) == len(values) > 1
    if "call_id" not in taken and "file_name" not in taken and distinct and most(_is_long_id):
        return "call_id"
    return ""


def _is_moment(value: str) -> bool:
    try:
        moment_of(value, ZoneInfo("UTC"))
    except ValueError:
        return False
    return not value.isdigit() or len(value) in (12, 14)


def _is_long_id(value: str) -> bool:
    return bool(_LONG_ID.fullmatch(value)) and any(map(str.isdigit, value))
