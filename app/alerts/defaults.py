"""The rules that a site begins with. A supervisor may change or switch off each of them.

The words are ours, from how people in Chinese and English swear at a service and threaten to
complain. What is as often something else (妈的 a mother's, 操 an operation) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.alerts.rules import Rule
from multimodal.conversation import Channel

ABUSE = (
    "傻逼", "傻比", "傻b", "傻叉", "煞笔", "沙比", "你他妈", "真他妈", "真tm", "特么", "tmd",
    "妈了个", "操你", "草你", "艹你", "日你", "干你娘", "你妈逼", "尼玛", "泥马", "草泥马",
    "cnm", "nmsl", "你妈死", "死全家", "全家死", "去死", "滚蛋", "滚开", "给我滚", "王八蛋",
    "混蛋", "狗屁", "放屁", "不要脸", "脑残", "白痴", "神经病", "有病吧", "脑子有病", "脑子进水",
    "废物", "饭桶", "蠢货", "猪脑子", "畜生", "狗东西", "狗日的", "贱人", "婊子", "垃圾公司",
    "垃圾客服", "垃圾平台", "骂的就是你", "弄死你", "砍死", "sb", "fuck", "fucking", "shit",
    "bullshit", "bitch", "asshole", "bastard", "moron", "idiot",
)  # fmt: skip
COMPLAINT = (
    "12315", "12300", "12321", "12345", "12378", "12363", "工信部", "通管局", "通信管理局",
    "消协", "消费者协会", "银保监", "金融监管", "金管局", "人民银行投诉", "市场监管局",
    "市场监督管理局", "工商局", "市长热线", "监管部门", "主管部门", "投诉", "举报", "曝光",
    "找媒体", "找记者", "律师函", "找律师", "法院见", "法庭见", "起诉", "报警", "维权", "黑猫",
    "complain", "complaint", "regulator", "ombudsman", "lawyer", "sue you", "trading standards",
)  # fmt: skip

DEFAULTS: Mapping[str, Rule] = {
    "abuse": Rule(
        name="辱骂",
        name_en="Abuse",
        metric="words",
        words=ABUSE,
        skip_negated=True,
        severity="critical",
    ),
    "complaint": Rule(
        name="投诉或监管用语",
        name_en="Complaint or regulator",
        metric="words",
        words=COMPLAINT,
        skip_negated=True,
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
