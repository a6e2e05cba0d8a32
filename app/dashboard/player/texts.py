"""Every word of the player, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboard.texts import language, t

_SHARED = (
    "neutral", "happy", "sad", "angry", "surprise", "disgust", "fear", "unknown", "role_customer",
    "role_agent", "role_bot", "role_unknown", "text", "voice", "face", "not_scored_agent",
    "transcript", "play_from", "no_media", "customer_only", "correct", "correct_help",
    "correction", "undo", "sound", "tags_help", "tag_thanks", "tag_urge", "tag_abuse",
    "tag_complaint", "tag_escalation", "basis_rule", "basis_measured", "basis_inferred",
    "disagreement", "reliability", "vendor", "rate_unit", "colon", "retry",
)  # fmt: skip
"""What other pages say too."""

_TEXTS: Mapping[str, tuple[str, str]] = {
    "player": ("回放", "Replay"),
    "loading": ("正在打开会话…", "Opening the conversation…"),
    "play": ("▶ 播放", "▶ Play"),
    "pause": ("❚❚ 暂停", "❚❚ Pause"),
    "back": ("后退 5 秒", "Back 5 seconds"),
    "forward": ("前进 5 秒", "Forward 5 seconds"),
    "rate": ("速度", "Speed"),
    "skip": ("跳过静默", "Skip silence"),
    "next_hot": ("下一个热点 (n)", "Next hot (n)"),
    "next_hot_help": (
        "预警，或客户转为愤怒、不满的地方",
        "An alert, or where the customer turns angry or dissatisfied",
    ),
    "no_more": ("后面没有热点了。", "There is no hot moment further on."),
    "timeline": ("时间线", "Timeline"),
    "lane_emotion": ("情绪", "Emotion"),
    "lane_text": ("文字", "Words"),
    "lane_voice": ("语音", "Voice"),
    "lane_face": ("表情", "Face"),
    "lane_risk": ("风险", "Risk"),
    "lane_help": ("在时间线下展开或收起", "Shown below the timeline, or folded away"),
    "sound_line": ("录音", "Sound"),
    "moments": ("关键时刻 {n} 处（热点 {hot}）", "{n} moments ({hot} hot)"),
    "no_moments": ("没有预警、愤怒或不满的话。", "No alert, and nothing angry or dissatisfied."),
    "more_moments": (
        "只列出前 {n} 处，其余在时间线上。",
        "The first {n} are listed; the timeline has all.",
    ),
    "moment_alert": ("预警 {name}", "Alert {name}"),
    "moment_anger": ("愤怒", "Angry"),
    "moment_dissatisfied": ("不满", "Dissatisfied"),
    "moment_disagreement": ("各通道不一致", "Channels disagree"),
    "moment_overlap": ("重叠 {seconds} 秒", "Both speak, {seconds} s"),
    "moment_silence": ("静默 {seconds} 秒", "Silence of {seconds} s"),
    "turn_count": ("{n} 个话轮", "{n} turns"),
    "show_all": ("展开全部 {n} 字", "Show all {n} characters"),
    "cancel": ("取消", "Cancel"),
    "comma": ("、", ", "),
    "corrected": ("已更正，与模型结果一同保留。", "Corrected; the model's answer is kept too."),
    "undone": ("已撤销更正。", "The correction is undone."),
    "untimed": (
        "话轮没有时间，按顺序以阅读速度回放。",
        "The turns have no times; they are replayed in order, as fast as they are read.",
    ),
    "media_gone": (
        "录音文件已删除或不在原处，按文字回放。",
        "The recording was deleted or is not where it was; the words are replayed.",
    ),
    "media_failed": (
        "浏览器不能播放这个录音的格式，按文字回放。",
        "The browser cannot play this recording's format; the words are replayed.",
    ),
    "not_seekable": (
        "这个录音不能跳转，只能从头播放。",
        "This recording cannot be seeked; it plays from its beginning.",
    ),
    "wrong_length": (
        "录音到 {sound}，文字到 {words}，两者长度不符，时间可能错位。",
        "The recording ends at {sound}, the words at {words}: times may not fit.",
    ),
    "keys": ("按键", "Keys"),
    "key_play": ("播放、暂停", "Play, pause"),
    "key_seconds": ("后退、前进 5 秒", "Back, forward 5 seconds"),
    "key_turns": ("上一句、下一句", "Turn before, next turn"),
    "key_hot": ("下一个、上一个热点", "Next, previous hot moment"),
    "key_skip": ("跳过静默：开、关", "Skip silence on, off"),
    "key_rate": ("慢一些、快一些", "Slower, faster"),
    "close": ("关闭", "Close"),
    "failed_0": ("服务没有应答。", "The service does not answer."),
    "failed_401": ("登录已过期，请重新登录。", "Your session has ended; sign in again."),
    "failed_403": ("没有成功：没有权限。", "That did not work: you may not do this."),
    "failed_404": ("这个会话已不存在。", "This conversation is no longer there."),
    "failed_now": ("没有成功，请稍后再试。", "That did not work; try again."),
}


def player_texts() -> dict[str, str]:
    """All texts in the session's language, by key."""
    column = 0 if language() == "zh" else 1
    own = {key: both[column] for key, both in _TEXTS.items()}
    return {key: t(key) for key in _SHARED} | own
