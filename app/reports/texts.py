"""Every word of the reports, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from multimodal.emotions import CHINESE_NAMES, UNKNOWN, Emotion
from multimodal.states import LEVEL_NAMES, STATE_NAMES

Language = Literal["zh", "en"]

_TEXTS: Mapping[str, tuple[str, str]] = {
    "conversation_report": ("会话评估报告", "Conversation report"),
    "queue_report": ("技能组评估报告", "Queue report"),
    "all_queues": ("全部技能组", "All queues"),
    "warning": (
        "客户情绪不等于坐席表现，不得单独作为绩效依据",
        "A customer's emotion is not an agent's performance, and no sole ground for judging one",
    ),
    "estimate": (
        "全部结果为模型估计，不是事实；由人作决定。",
        "All results are estimates of models, not facts; a person decides.",
    ),
    "made": ("{when} 由 {who} 生成", "Made {when} by {who}"),
    "level": ("等级", "Level"),
    "state": ("客户状态", "State"),
    "risk": ("不满风险", "Risk"),
    "risk_help": ("以不满结束的估计概率", "estimated probability of ending dissatisfied"),
    "shift": ("首末变化", "First to last"),
    "shift_help": ("四等分首尾情绪之差，-10 至 +10", "last minus first quarter, -10 to +10"),
    "external_id": ("会话编号", "Id"),
    "source": ("来源", "Source"),
    "channel": ("渠道", "Channel"),
    "phone": ("电话", "phone"),
    "video": ("视频", "video"),
    "chat": ("在线聊天", "chat"),
    "queue": ("技能组", "Queue"),
    "team": ("班组", "Team"),
    "business": ("业务", "Business"),
    "customer": ("客户", "Customer"),
    "agents": ("参与坐席", "Agents who took part"),
    "started": ("开始", "Started"),
    "duration": ("时长", "Duration"),
    "turns": ("话轮", "Turns"),
    "notice": ("告知编号", "Notice"),
    "no_notice": ("无：未分析语音与表情", "none: voice and face were not analysed"),
    "timeline": ("情绪时间线", "Timeline"),
    "timeline_help": (
        "圆点是客户的话：越高越正面，颜色是情绪，越大越有把握。虚线是以不满结束的风险（右轴）。",
        "Dots are the customer's turns: the higher the more positive, coloured by emotion, larger "
        "where surer. The dashed line is the risk of ending dissatisfied (right axis).",
    ),
    "positive": ("正面", "positive"),
    "neither": ("中性", "neutral"),
    "negative": ("负面", "negative"),
    "quarters": ("客户情绪，会话四等分（-5 至 +5）", "Sentiment by quarter (-5 to +5)"),
    "quarter": ("第 {n} 段", "Quarter {n}"),
    "moments": ("关键时刻", "Key moments"),
    "no_moments": ("没有负面情绪的话轮。", "No turn with a negative emotion."),
    "time": ("时间", "Time"),
    "quote": ("客户原话", "The customer's words"),
    "answer": ("判断", "Answer"),
    "basis": ("依据", "From"),
    "text": ("文字", "words"),
    "voice": ("语音", "voice"),
    "face": ("表情", "face"),
    "disagrees": ("各通道看法不一", "the channels disagree"),
    "corrected": ("人工更正：{label}（{who}）", "corrected: {label} ({who})"),
    "review": ("复核与申诉", "Review and appeals"),
    "not_reviewed": ("尚未复核。", "Not reviewed yet."),
    "upheld": ("成立", "upheld"),
    "false_alarm": ("误判", "false alarm"),
    "missed": ("漏判", "missed"),
    "said_verdict": ("{who} 判定：{verdict}", "{who}: {verdict}"),
    "undone": ("（{who} 已撤销）", "(undone by {who})"),
    "said_appeal": ("{who} 申诉", "{who} appealed"),
    "said_decision": ("{who} 裁定：{verdict}（最终）", "{who} decided: {verdict} (final)"),
    "service": ("服务指标", "Service metrics"),
    "service_help": (
        "只统计说话的时间与方式，不评判任何人的情绪。",
        "How the talking went; nobody's emotion.",
    ),
    "role_customer": ("客户", "Customer"),
    "role_agent": ("客服", "Agent"),
    "role_bot": ("机器人", "Bot"),
    "role_unknown": ("未知", "Unknown"),
    "talk_time": ("说话时长", "Talk time"),
    "monologue": ("最长独白", "Longest monologue"),
    "interruptions": ("打断对方", "Interruptions"),
    "pace": ("语速（字/分）", "Pace (syllables/min)"),
    "silence": ("静默", "Silence"),
    "overlap": ("重叠", "Overlap"),
    "seconds": ("{n} 秒", "{n} s"),
    "transcript": ("对话全文", "Transcript"),
    "not_scored": ("客服 · 不做情绪评分", "Agent · emotion is not scored"),
    "cut": (
        "只印出前 {shown} 句，共 {all} 句；全文见回放。",
        "The first {shown} of {all} turns are printed; the replay has them all.",
    ),
    "words_gone": (
        "文字已按保存期限删除。",
        "The words were deleted when their time was over.",
    ),
    "method": ("方法与局限", "Method and limits"),
    "method_text": (
        "客户的每句话由文字、语音、表情三个模型分别评分（有录音录像并已告知时），再融合为一个经过校准的判断；"
        "模型之间矛盾时注明。等级由规则得出：最近三句中两句愤怒为“激烈”，风险不低于 0.5 为“不满”，"
        "不低于 0.25 或末句负面为“关注”。坐席的情绪、声音与表情一律不评。",
        "Each of the customer's turns is scored by three models, from words, voice and face (the "
        "latter two with a recording and a notice), and fused into one calibrated answer; where "
        "they contradict each other it says so. The level is a rule: two angry turns of the last "
        "three are heated, a risk of at least .5 dissatisfied, one of .25 or a negative last turn "
        "watch. Agents' emotion, voice and face are never scored.",
    ),
    "limits_text": (
        "模型会错：反话、方言、转写错误、噪声与多人说话都会影响结果；准确率见模型卡与抽检结果。"
        "单通会话的结果不足以评价任何人，也不应据此作出对个人有法律或重大影响的决定。",
        "Models err: irony, dialects, wrong transcripts, noise and other voices all tell on the "
        "result; accuracy stands in the model cards and comes from the random review. One "
        "conversation judges nobody, and no decision of weight about a person rests on it.",
    ),
    "models": ("使用的模型", "Models"),
    "terms_open": ("开放", "open"),
    "terms_research": ("仅限研究", "research only"),
    "period": ("期间", "Period"),
    "whole_time": ("全部时间", "all time"),
    "from_to": ("{first} 至 {last}", "{first} to {last}"),
    "conversations": ("会话", "Conversations"),
    "dissatisfied": ("不满或激烈", "Dissatisfied or heated"),
    "recovery": ("挽回率", "Recovery"),
    "recovery_help": (
        "前半段负面的会话中，末段不再负面、也未以不满结束的比例",
        "of those negative in their first half: not negative in the last quarter, and not "
        "dissatisfied at the end",
    ),
    "interval": ("95% 区间 {low} – {high}", "95 % interval {low} – {high}"),
    "too_few": ("太少，无法判断", "too few to tell"),
    "levels": ("等级分布", "Levels"),
    "days": ("每天“不满或激烈”的比例", "Dissatisfied or heated, by day"),
    "weeks": ("每周“不满或激烈”的比例", "Dissatisfied or heated, by week"),
    "days_help": (
        "竖线是 95% Wilson 区间；实心点表示与整个期间有区别，空心点在误差之内。",
        "Bars are 95 % Wilson intervals; a filled dot differs from the whole period, an empty one "
        "is within noise.",
    ),
    "words": ("随不满而多出现的说法", "Words that come with dissatisfaction"),
    "words_help": (
        "带信息先验的对数几率（Monroe 等 2008），按检验次数校正后仍显著的；括号内为出现的会话数。",
        "Log-odds with an informative prior (Monroe et al. 2008), significant after correction for "
        "how many were tried; in brackets the conversations that have it.",
    ),
    "no_words": ("没有超出误差的说法。", "None beyond noise."),
    "examples": ("风险最高的会话", "Conversations at the highest risk"),
    "accuracy": ("抽检准确率", "Measured accuracy"),
    "accuracy_text": (
        "随机抽检 {n} 句（{calls} 通）：与复核人一致 {share}，95% 区间 {low} – {high}。",
        "Random review of {n} turns ({calls} conversations): {share} as the reviewer says, 95 % "
        "interval {low} – {high}.",
    ),
    "not_measured": (
        "本技能组还没有抽检结果，准确率未知。",
        "Nothing was reviewed at random here: the accuracy is not known.",
    ),
    "none": ("这一期间没有已评分的会话。", "No scored conversation in this time."),
    "page": ("第 {page} 页", "page {page}"),
}


class Words:
    """The texts of one language.

    Args:
        language: `zh` or `en`.
    """

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text for a key, with values filled in."""
        text = _TEXTS[key][0 if self.language == "zh" else 1]
        return text.format(**values) if values else text

    def emotion(self, label: str) -> str:
        """The name of an emotion, or of none."""
        if self.language == "en":
            return label
        if label == UNKNOWN:
            return "无法判断"
        return CHINESE_NAMES[Emotion(label)]

    def level(self, level: str) -> str:
        """The name of a level; empty for none."""
        names = {one.value: zh for one, zh in LEVEL_NAMES.items()}
        return level if self.language == "en" else names.get(level, level)

    def state(self, state: str) -> str:
        """The name of a state; empty for none."""
        names = {one.value: zh for one, zh in STATE_NAMES.items()}
        return state if self.language == "en" else names.get(state, state)
