"""Every word of the page of trends and of the reports' buttons, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from app.dashboard import texts

_TEXTS: Mapping[str, tuple[str, str]] = {
    "intro": (
        "已结束的会话。每个数字都带 95% 区间；标“有变化”的与其余的差别不像偶然"
        "（Fisher 检验，按比较次数校正），其余都在误差之内。不按坐席分组。",
        "Conversations that are over. Every figure has its 95 % interval; what is marked as news "
        "differs from all others by more than chance (Fisher's test, corrected for how many are "
        "compared), the rest is within noise. Nothing is grouped by agent.",
    ),
    "by": ("按", "By"),
    "by_day": ("天", "day"),
    "by_week": ("周", "week"),
    "by_queue": ("技能组", "queue"),
    "by_channel": ("渠道", "channel"),
    "by_hour": ("时段", "hour"),
    "period": ("期间", "Period"),
    "days_7": ("近 7 天", "7 days"),
    "days_30": ("近 30 天", "30 days"),
    "days_90": ("近 90 天", "90 days"),
    "days_0": ("全部", "All"),
    "all_queues": ("全部技能组", "All queues"),
    "all_channels": ("全部渠道", "All channels"),
    "calls": ("会话", "Conversations"),
    "bad": ("不满或激烈", "Dissatisfied or heated"),
    "recovery": ("挽回率", "Recovery"),
    "recovery_help": (
        "前半段负面的会话中，末段不再负面、也未以不满结束的比例",
        "Of those negative in their first half: not negative in the last quarter, and not "
        "dissatisfied at the end",
    ),
    "shift_help": (
        "客户情绪，末段减首段，-10 至 +10",
        "The customer's sentiment, last quarter minus first, -10 to +10",
    ),
    "interval": ("95% 区间 {low} – {high}", "95 % interval {low} – {high}"),
    "interval_of": ("区间", "Interval"),
    "too_few": ("太少，无法判断", "too few to tell"),
    "over_groups": ("“不满或激烈”的比例", "Share dissatisfied or heated"),
    "over_groups_help": (
        "竖线是 95% 区间，虚线是合计。实心点：有变化；空心点：误差之内。",
        "Bars are 95 % intervals, the dotted line is all. A filled dot is news, an empty one is "
        "within noise.",
    ),
    "news": ("有变化", "news"),
    "noise": ("误差之内", "within noise"),
    "reading": ("解读", "Reading"),
    "name": ("名称", "Name"),
    "none_named": ("（无）", "(none)"),
    "whole": ("合计", "all"),
    "course": ("首末四段的客户情绪", "Sentiment over the four quarters"),
    "quarter": ("第 {n} 段", "Quarter {n}"),
    "heat": ("星期与时段", "Days of the week and hours"),
    "heat_help": (
        "颜色是“不满或激烈”的比例；少于 {least} 通的格子不显示。",
        "Colour is the share dissatisfied or heated; cells with fewer than {least} calls are left "
        "out.",
    ),
    "no_heat": (
        "还没有哪个时段达到 {least} 通会话。",
        "No hour of the week has {least} conversations yet.",
    ),
    "weekdays": ("周一 周二 周三 周四 周五 周六 周日", "Mon Tue Wed Thu Fri Sat Sun"),
    "words": ("随不满而多出现的说法", "Words that come with dissatisfaction"),
    "words_help": (
        "带信息先验的对数几率（Monroe 等 2008）：至少出现在 5 通不满的会话里，"
        "按检验次数校正后仍显著。",
        "Log-odds with an informative prior (Monroe et al. 2008): in at least 5 dissatisfied "
        "conversations, and significant after correction for how many were tried.",
    ),
    "no_words": ("没有超出误差的说法。", "None beyond noise."),
    "word": ("说法", "Words"),
    "among_bad": ("不满的会话中", "Where dissatisfied"),
    "among_others": ("其余会话中", "Elsewhere"),
    "surely": ("z 值", "z"),
    "none": ("这一期间没有已评分的会话", "No scored conversation in this time"),
    "none_hint": ("选更长的期间，或去掉筛选。", "Choose a longer time, or drop the filters."),
    "report": ("评估报告", "Report"),
    "report_help": ("含方法、局限与使用限制", "With method, limits and what it may be used for"),
    "make_report": ("生成报告", "Make the report"),
    "warning": (
        "客户情绪不等于坐席表现，不得单独作为绩效依据",
        "A customer's emotion is not an agent's performance, and no sole ground for judging one",
    ),
}


t = partial(texts.text_of, _TEXTS)
"""The text for a key in the session's language; what other pages say too is theirs."""
