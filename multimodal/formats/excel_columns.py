"""What stands in an Excel workbook of results: its columns, names and explanations, zh and en."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from multimodal.conversation import Channel, Role

Language = Literal["zh", "en"]
Kind = Literal["text", "id", "number", "signed", "share", "clock", "moment", "link", "level"]
"""How a cell is written and looks; `clock` is seconds, shown as h:mm:ss."""

MAX_CHARACTERS = 32_767
"""Characters of one cell; longer texts are cut, which the notes say."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, what its cells hold, its width in characters, and what it means."""

    zh: str
    en: str
    kind: Kind
    width: int
    meaning_zh: str = ""
    meaning_en: str = ""

    def name(self, language: Language) -> str:
        """The header."""
        return self.zh if language == "zh" else self.en


CONVERSATION_COLUMNS = (
    Column("通话流水号", "Call id", "id", 24),
    Column("开始时间", "Started", "moment", 19),
    Column("技能组", "Queue", "text", 12),
    Column("班组", "Team", "text", 12),
    Column("工号", "Agent id", "id", 12),
    Column("渠道", "Channel", "text", 10),
    Column("时长", "Duration", "clock", 9),
    Column(
        "等级", "Level", "level", 8,
        "平稳、关注、不满、激烈：由各句情绪与风险按固定规则得出（规则），提示先看哪些会话",
        "calm, watch, dissatisfied, heated: a fixed rule over emotions and risk (rule)",
    ),
    Column(
        "主要原因", "Main reason", "text", 30,
        "给出该等级的那一句：状态，以及主要依据的通道和词",
        "the turn that gave the level: its state, the channel that weighed most, and its words",
    ),
    Column("客户原话", "The customer's words", "text", 60,
            "那一句的原文", "what was said in that turn"),
    Column("峰值时刻", "Peak at", "clock", 10,
            "风险最高的客户话轮的开始；没有时间的写第几句",
            "start of the customer's turn with the highest risk, or its number without times"),
    Column("首末变化", "First to last", "signed", 10,
            "客户情绪末段减首段，-10 至 +10；正数为好转",
            "the customer's sentiment, last quarter minus first, -10 to +10; up is better"),
    Column("风险", "Risk", "share", 9,
            "客户以不满结束对话的估计概率，0 至 1（推断）",
            "estimated probability that the customer ends dissatisfied, 0 to 1 (inferred)"),
    Column("复核结果", "Review", "text", 24,
            "人工更正：第几句、改为何种情绪；空白为未更正",
            "corrections by a person: which turn, which emotion; empty where there is none"),
    Column("回放链接", "Replay", "link", 10,
            "打开监测页面回放；空白为未入库", "opens the replay; empty where it was not kept"),
    Column("事件标签", "Tags", "text", 18,
            "客户话语中的事件，括号内为次数：感谢、催促、辱骂、投诉倾向、要求升级；按词表（规则）或语速与音高（实测）",
            "what the customer says, with how many turns: by lists of words (rule) or by rate and "
            "pitch (measured)"),
    Column("升级信号", "Escalation signal", "text", 10,
            "出现投诉倾向或要求升级（规则）；不是风险：没有结果可供验证",
            "a complaint or a demand for somebody higher (rule); no risk: no outcome was measured"),
)  # fmt: skip
TURN_COLUMNS = (
    Column("通话流水号", "Call id", "id", 24),
    Column("句号", "Turn", "number", 7),
    Column("角色", "Role", "text", 8),
    Column("开始", "Start", "clock", 9),
    Column("结束", "End", "clock", 9),
    Column("客户原话", "The customer's words", "text", 70),
    Column("状态", "State", "text", 9,
            "给人看的状态（推断）；把握不足 35% 时为无法判断",
            "what people read (inferred); undecided below 35 % confidence"),
    Column("标签", "Tags", "text", 14,
            "按词表（规则），或语速与音高同时高于本人平时（实测）",
            "by lists of words (rule), or where rate and pitch both left the caller's usual "
            "(measured)"),
    Column("判断依据", "Why", "text", 50,
            "各通道占多少、依据什么；各通道不一致时写明",
            "each channel's share and what it rests on; said where they point different ways"),
    Column("情绪", "Emotion", "text", 9,
            "各通道融合后的情绪；没有可用通道时为无法判断",
            "fused over words, voice and face; unknown where none was usable"),
    Column("置信度", "Confidence", "share", 9,
            "该情绪正确的校准概率，0 至 1", "calibrated probability that it is right, 0 to 1"),
    Column("倾向", "Valence", "signed", 9, "-1 负面 至 +1 正面", "-1 negative to +1 positive"),
    Column("风险", "Risk", "share", 9, "到这一句为止", "up to this turn"),
    Column("文字", "Words", "text", 9, "该通道单独的判断；空白为不可用",
            "what the channel says by itself; empty where it was not usable"),
    Column("语音", "Voice", "text", 9),
    Column("表情", "Face", "text", 9),
    Column("分歧", "Disagreement", "share", 9,
            "各通道相互矛盾（一正一负）的概率，0 至 1",
            "chance that one channel is positive and another negative, 0 to 1"),
    Column("人工更正", "Corrected to", "text", 10),
    Column("平台情绪", "Vendor's label", "text", 14,
            "来源平台自己的判断，按原样列出，供逐句对照",
            "what the source platform says itself, as it stands, to compare turn by turn"),
    Column("平台情绪分", "Vendor's score", "signed", 12,
            "来源平台自己的分数，-5 至 +5", "the source platform's own score, -5 to +5"),
    Column("平台响度", "Vendor's loudness", "number", 12,
            "来源平台测得的响度，dB；阿里云、腾讯云的“情绪能量值”是响度，不是情绪",
            "dB, as the platform measured it; Alibaba's, Tencent's “emotion energy” is loudness"),
    Column("平台语速", "Vendor's rate", "number", 12,
            "来源平台测得的语速，字/分", "characters per minute, as the platform measured it"),
)  # fmt: skip
WORDS: Mapping[str, tuple[str, str]] = {
    "conversations": ("会话", "Conversations"),
    "turns": ("客户话轮", "Customer turns"),
    "notes": ("说明", "Notes"),
    Channel.PHONE: ("电话", "phone"),
    Channel.VIDEO: ("视频", "video"),
    Channel.CHAT: ("在线聊天", "chat"),
    Role.CUSTOMER: ("客户", "customer"),
    Role.UNKNOWN: ("未知", "unknown"),
    "yes": ("有", "yes"),
    "undecided": ("无法判断", "unknown"),
    "text": ("文字", "words"),
    "voice": ("语音", "voice"),
    "face": ("表情", "face"),
    "rising": ("风险升高", "rising risk"),
    "replay": ("回放", "replay"),
    "turn": ("第 {} 句", "turn {}"),
    "research": ("仅限研究", "research only"),
    "open": ("开放", "open"),
    "list": ("、", ", "),
    "pair": ("：", ": "),
}
ABOUT: Sequence[tuple[tuple[str, str], tuple[str, str]]] = (
    (
        ("用途", "Purpose"),
        (
            "本表为模型估计，不是事实；由人听录音、看原文后作决定。",
            "These are estimates, not facts; a person listens, reads and decides.",
        ),
    ),
    (
        ("坐席", "Agents"),
        (
            "客户情绪不等于坐席表现：不得据此给坐席排名、打分或处罚。本表不含坐席的任何情绪。",
            "A customer's emotion does not measure an agent: never rank, score or punish agents by "
            "it. No emotion of an agent is in this workbook.",
        ),
    ),
    (
        ("局限", "Limits"),
        (
            "反讽、方言、口音、噪声和转写错误会使判断出错；合成或表演的数据训练的模型在真实通话上会更差；"
            "没有告知编号的会话不分析语音与表情；单声道录音中多人同时说话的部分不分析。",
            "Irony, dialect, accent, noise and transcription errors mislead it; models trained on "
            "acted speech do worse on real calls; without a notice voice and face are not "
            "analysed; what several people say at once on one channel is left out.",
        ),
    ),
    (
        ("单元格", "Cells"),
        (
            "流水号与工号为文本，不会丢失前导零；以 = + - @ 开头的原话前加了 '，以免被当作公式；"
            f"超过 {MAX_CHARACTERS:,} 字的原话被截断，全文见 JSONL。",
            "Ids are text and keep leading zeros; words that begin with = + - @ have a ' before "
            f"them, so that they are no formula; words over {MAX_CHARACTERS:,} characters are cut "
            "(see the JSONL).",
        ),
    ),
)
