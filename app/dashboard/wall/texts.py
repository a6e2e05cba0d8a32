"""Every word of the wall and of the big screen, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboard.texts import language, t

_SHARED = (
    "heated", "dissatisfied", "watch", "calm", "phone", "video", "chat", "text", "voice", "face",
    "state_calm", "state_satisfied", "state_surprised", "state_worried", "state_low",
    "state_dissatisfied", "state_anger", "state_undecided", "team", "queue", "channel", "risk_help",
)  # fmt: skip
"""What other pages say too."""

_TEXTS: Mapping[str, tuple[str, str]] = {
    "caption": (
        "进行中的会话，最需要处理的在前。方向键移动，问号键看全部按键。",
        "Open conversations, the most urgent first. Arrow keys move; the question mark lists keys.",
    ),
    "column_level": ("等级", "Level"),
    "column_why": ("客户原话", "The customer's words"),
    "column_agent": ("坐席", "Agent"),
    "column_customer": ("客户", "Customer"),
    "column_length": ("时长", "Duration"),
    "column_course": ("情绪走势", "Sentiment"),
    "column_handling": ("处理人", "Handled by"),
    "unscored": ("评分中", "Scoring"),
    "in_level": ("在此等级的时间", "Time in this level"),
    "open": ("打开", "Open"),
    "open_at": ("打开会话，从这句话开始", "Open the conversation at these words"),
    "basis": ("依据{names}", "from {names}"),
    "comma": ("、", ", "),
    "alert_of": ("预警：{rule}", "Alert: {rule}"),
    "no_agent": ("坐席未知", "Agent not known"),
    "no_customer": ("客户未知", "Customer not known"),
    "repeat": ("7天内第{n}次", "{n}× in 7 days"),
    "repeat_help": (
        "重复来电：同一客户七天内的次数，含这一次",
        "The same customer's conversations within 7 days, with this one",
    ),
    "trend_alt": (
        "客户最近几句的情绪，从旧到新：{values}",
        "The customer's sentiment, oldest to latest: {values}",
    ),
    "no_trend": ("还没有可判断的话", "Nothing to judge by yet"),
    "risk_short": ("风险 {risk}", "Risk {risk}"),
    "waits": ("已等 {time}", "Waits {time}"),
    "waits_help": ("客户在等回复", "The customer has no answer yet"),
    "gaps": ("静默 {silence} · 重叠 {overlap}", "Silent {silence} · both {overlap}"),
    "acknowledge": ("确认", "Confirm"),
    "take": ("处理", "Take"),
    "release": ("交回", "Return"),
    "listen": ("监听", "Listen"),
    "barge": ("强插", "Join"),
    "ticket": ("工单", "Ticket"),
    "somebody": ("有人", "somebody"),
    "handled_by": ("{who} 处理中", "{who} is on it"),
    "acknowledged_by": ("{who} 已确认", "Seen by {who}"),
    "left": ("不再进行中", "No longer open"),
    "ended": ("会话已结束", "The conversation has ended"),
    "timed_out": ("已超时：很久没有新内容", "Timed out: nothing came for long"),
    "deleted": ("会话已删除", "The conversation was deleted"),
    "loading": ("正在载入…", "Loading…"),
    "none_open": (
        "现在没有进行中的会话。新会话开始后会自动出现。",
        "No conversation is open now. New ones appear by themselves.",
    ),
    "none_match": (
        "没有符合筛选条件的会话。再点一次等级，或选“全部”。",
        "No open conversation matches the filters. Click a level again, or choose all.",
    ),
    "level_filter": ("按等级筛选", "Filter by level"),
    "my_teams": ("我的班组", "My teams"),
    "all_team": ("全部班组", "All teams"),
    "all_queue": ("全部技能组", "All queues"),
    "all_channel": ("全部渠道", "All channels"),
    "connection_live": ("实时", "Live"),
    "connection_polling": ("实时（轮询）", "Live (polling)"),
    "connection_polling_help": (
        "事件流没有连上，每两秒查询一次。",
        "The stream of events is not connected: asked every two seconds.",
    ),
    "connection_down": (
        "服务没有应答，以下是 {age} 前的情况",
        "The service does not answer: this is {age} old",
    ),
    "connection_down_help": ("恢复后自动更新。", "It goes on by itself."),
    "connection_signed-out": (
        "登录已过期，以下是 {age} 前的情况",
        "Your session has ended: this is {age} old",
    ),
    "first_down": (
        "服务没有应答。检查 emotion-monitor serve 是否在运行；恢复后自动显示。",
        "The service does not answer. Check that emotion-monitor serve is running; "
        "the wall appears by itself.",
    ),
    "first_signed-out": ("请先登录。", "Sign in first."),
    "sign_in": ("重新登录", "Sign in"),
    "sound_on": ("声音：开", "Sound: on"),
    "sound_off": ("声音：关", "Sound: off"),
    "screen": ("大屏", "Big screen"),
    "screen_help": (
        "只读、不显示任何人的姓名与编号，在新窗口打开",
        "Read-only and without anybody's name, in a new window",
    ),
    "news": ("需要处理：{level}，{words}，坐席 {who}", "Needs you: {level}, {words}, agent {who}"),
    "news_more": ("，另有 {n} 通", ", and {n} more"),
    "nothing_to_acknowledge": ("这一行没有待确认的预警。", "This row has no alert to acknowledge."),
    "done_acknowledge": ("已确认。", "Acknowledged."),
    "done_take": ("已由你处理。", "It is yours now."),
    "done_release": ("已交回。", "Returned."),
    "failed_0": ("没有成功：服务没有应答。", "That did not work: the service does not answer."),
    "failed_401": ("没有成功：登录已过期。", "That did not work: your session has ended."),
    "failed_403": (
        "没有成功：需要班长权限。",
        "That did not work: only supervisors may.",
    ),
    "failed_404": ("没有成功：会话已删除。", "That did not work: the conversation was deleted."),
    "failed_409": ("没有成功：会话已结束。", "That did not work: the conversation has ended."),
    "failed_now": ("没有成功，请稍后再试。", "That did not work; try again."),
    "keys": ("按键", "Keys"),
    "key_move": ("上一行、下一行", "Row above, row below"),
    "key_open": ("打开会话，从这句话开始", "Open the conversation at these words"),
    "key_acknowledge": ("确认预警", "Acknowledge the alert"),
    "key_take": ("由我处理，或交回", "Take it over, or return it"),
    "key_help": ("这份说明", "This list"),
    "order_help": (
        "顺序：未确认的紧急预警、等级、在此等级的时间、风险；有人处理的在最后。"
        "至多每 5 秒排一次，鼠标所在和选中的行不动。",
        "Order: unacknowledged critical alerts, level, time in it, risk; what somebody handles "
        "comes last. Sorted at most every 5 seconds; the row under the pointer and the focused "
        "one stay where they are.",
    ),
    "close": ("关闭", "Close"),
    "screen_title": ("客服情绪 · 实时", "Service emotion · live"),
    "tile_unhandled": ("待处理", "Needs somebody"),
    "tile_waiting": ("聊天最长等待", "Longest wait in chat"),
    "being_handled": ("处理中", "being handled"),
    "all_calm": ("进行中的会话都平稳。", "All open conversations are calm."),
}


def wall_texts() -> dict[str, str]:
    """All texts in the session's language, by key."""
    column = 0 if language() == "zh" else 1
    own = {key: both[column] for key, both in _TEXTS.items()}
    return own | {"language": language()} | {key: t(key) for key in (*_SHARED, "estimate")}
