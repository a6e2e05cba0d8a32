"""Every word of the pages of alerts and rules, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboard import texts

_TEXTS: Mapping[str, tuple[str, str]] = {
    # Alerts
    "open_alerts": ("待处理 {count}", "Open {count}"),
    "view_open": ("待处理", "Open"),
    "view_closed": ("已关闭", "Closed"),
    "view_precision": ("规则准确率", "Precision of rules"),
    "keys": (
        "选中的预警用键盘处理：A 确认，1–4 关闭，J / K 下一条、上一条，O 打开回放。",
        "Keys for the marked alert: A acknowledges, 1–4 close, J / K next and previous, O opens.",
    ),
    "budget_help": (
        "每人每小时最多推送 {budget} 条，超出的照常列出，只是不弹出提示。",
        "At most {budget} an hour are pushed to a person; more are listed here and do not pop up.",
    ),
    "next": ("下一条", "Next"),
    "previous": ("上一条", "Previous"),
    "resort": ("有 {count} 条新预警，重新排序", "{count} new: sort again"),
    "acknowledge": ("确认", "Acknowledge"),
    "acknowledged": ("{who} 已确认", "Acknowledged by {who}"),
    "intervened": ("已介入", "Intervened"),
    "false_alarm": ("误报", "False alarm"),
    "no_action": ("无需处理", "No action"),
    "to_complaint": ("转投诉", "To complaints"),
    "replay_open": ("回放", "Replay"),
    "closed_as": ("已关闭：{outcome}", "Closed: {outcome}"),
    "change_outcome": ("更改结果", "Change the outcome"),
    "pick_closed": (
        "点一行可更改结果或打开回放。",
        "Select a row to change its outcome or to open the replay.",
    ),
    "notice": ("提示", "Notice"),
    "warning": ("警告", "Warning"),
    "critical": ("紧急", "Critical"),
    "hits": ("命中 {count} 次", "met {count} times"),
    "opened_ago": ("{time}前", "{time} ago"),
    "over_budget": ("超出推送额度", "over the budget"),
    "call_over": ("会话已结束", "conversation over"),
    "no_words": ("（没有客户原话）", "(no words of the customer)"),
    "none_open": ("没有待处理的预警", "No open alerts"),
    "none_open_hint": (
        "新预警会自动出现在这里。提醒什么，在“规则”页设定。",
        "New ones appear here by themselves. What is alerted to is set on the Rules page.",
    ),
    "none_closed": ("还没有关闭过的预警", "No alert was closed yet"),
    "none_closed_hint": (
        "关闭预警时选一个结果，规则的准确率由此算出。",
        "Each alert is closed with an outcome; the precision of rules follows from them.",
    ),
    "more": ("另有 {count} 条", "{count} more"),
    "when": ("时间", "When"),
    "rule": ("规则", "Rule"),
    "words_said": ("客户原话", "The customer's words"),
    "outcome": ("结果", "Outcome"),
    "by_whom": ("处理人", "By"),
    "conversation": ("会话", "Conversation"),
    "on": ("启用", "On"),
    "open_count": ("待处理", "Open"),
    "precision": ("准确率", "Precision"),
    "precision_help": (
        "规则最近一次修改以来，最近 50 条已关闭预警中不是误报的比例。"
        "少于 30% 时建议调整规则。以触发时最严重的规则计。",
        "Of the latest 50 alerts closed since the rule was changed, the share that was no false "
        "alarm. Under 30 % it should be changed. An alert counts for its most severe rule.",
    ),
    "retune": (
        "建议调整“{name}”：最近 50 条里只有 {precision} 不是误报。"
        "提高门槛、加长持续时间，或缩小范围，再试运行。",
        "“{name}” should be changed: only {precision} of its latest 50 were no false alarm. Raise "
        "the threshold, ask for longer, or narrow its scope; then try it.",
    ),
    "to_rules": ("去规则页", "To the rules"),
    # Rules
    "rules_intro": (
        "满足规则的会话会产生预警。一个会话同时只有一条预警，再次命中只会升级。"
        "只看表情不会触发任何规则。",
        "A conversation that meets a rule raises an alert: one at a time, later hits raise it. "
        "A face alone never meets a rule.",
    ),
    "new_rule": ("新建规则", "New rule"),
    "edit": ("编辑", "Edit"),
    "delete": ("删除", "Delete"),
    "sure": ("确定删除", "Delete it"),
    "back": ("返回", "Back"),
    "name": ("名称", "Name"),
    "name_en": ("英文名称（可空）", "English name (optional)"),
    "metric": ("看什么", "What to watch"),
    "metric_level": ("等级", "Level"),
    "metric_state": ("客户状态", "The customer's state"),
    "metric_emotion": ("某种情绪的概率", "Probability of an emotion"),
    "metric_risk": ("不满风险", "Risk of ending dissatisfied"),
    "metric_sentiment_drop": ("情绪下降", "Drop of sentiment"),
    "metric_disagreement": ("各通道不一致", "Channels disagree"),
    "metric_overlap": ("抢话（同时说话）", "Talking over each other"),
    "metric_words": ("关键词", "Words"),
    "metric_silence": ("静默", "Silence"),
    "metric_waiting": ("在线客户等待", "Waiting time of a chat"),
    "help_level": (
        "会话等级达到所选等级或更高。",
        "The conversation's level is at least the chosen one.",
    ),
    "help_state": ("客户这句话的状态是所选之一。", "The turn's state is one of the chosen ones."),
    "help_emotion": (
        "所选情绪的概率之和达到门槛。",
        "The chosen emotions together reach the threshold.",
    ),
    "help_risk": (
        "客户以不满结束对话的估计概率达到门槛。",
        "The estimated probability of ending dissatisfied reaches the threshold.",
    ),
    "help_sentiment_drop": (
        "从开头三句到最近三句，情绪（-5 至 +5）下降了这么多。",
        "From the first three turns to the latest three, sentiment (-5 to +5) fell by so much.",
    ),
    "help_disagreement": (
        "文字、语音、表情彼此矛盾（一正一负）的概率，0 至 1；0.2 起页面会提示。",
        "Chance that words, voice and face contradict each other, 0 to 1; pages flag it from .2.",
    ),
    "help_overlap": (
        "客户开口时对方还在说，同时说话持续了这么多秒。",
        "The customer began while somebody else spoke, and both spoke for so many seconds.",
    ),
    "help_words": (
        "客户说到其中任何一个词。只看客户的话。",
        "The customer says one of the words. Only the customer's turns are looked at.",
    ),
    "help_silence": (
        "这么多秒没有任何人的新话轮。设得比最长的一句话长。",
        "No turn of anybody came for so many seconds. Choose longer than the longest turn.",
    ),
    "help_waiting": (
        "在线聊天中，客户这么多秒没有得到回复。",
        "A chat's customer has had no answer for so many seconds.",
    ),
    "threshold": ("门槛", "Threshold"),
    "seconds_unit": ("秒数", "Seconds"),
    "points_unit": ("下降多少（0.5–10）", "By how much (0.5–10)"),
    "choices": ("选择", "Choose"),
    "at_least": ("至少", "At least"),
    "words_as": ("怎样写", "Written as"),
    "words_list": ("词表", "List of words"),
    "words_pattern": ("正则表达式", "Regular expression"),
    "words_field": ("词（每行一个，或用逗号、顿号分开）", "Words (one a line, or with commas)"),
    "skip_negated": ("否定的不算（“我不投诉”）", "Negated words do not count (“I won't complain”)"),
    "pattern_field": ("正则表达式（RE2 语法）", "Regular expression (RE2 syntax)"),
    "no_words_yet": ("填写至少一个词，或一个正则表达式。", "Give a word or a regular expression."),
    "choose_one": ("至少选一项。", "Choose at least one."),
    "name_missing": ("先填写名称", "Give it a name first"),
    "pattern_wrong": (
        "正则表达式有误：{error}",
        "There is something wrong with the expression: {error}",
    ),
    "pattern_help": (
        "不分大小写。耗时与文字长度成正比，再复杂的式子也不会拖慢评分。",
        "In any case. Its time grows with the text's length alone: no expression holds scoring up.",
    ),
    "persistence": ("要多久", "For how long"),
    "persist_once": ("一次即可", "Once is enough"),
    "persist_turns": ("最近几句里有几句", "Several of the latest turns"),
    "persist_seconds": ("持续一段时间", "For some time on end"),
    "needed": ("至少几句", "At least"),
    "window": ("最近几句", "Of the latest"),
    "seconds_field": ("持续秒数", "Seconds on end"),
    "severity": ("严重程度", "Severity"),
    "cool_down": ("关闭后多少分钟内不再提醒", "Minutes of rest after an alert was closed"),
    "cool_down_help": (
        "同一会话、同一规则。",
        "For the same conversation and rule.",
    ),
    "scope_title": ("适用范围", "Scope"),
    "queues": ("技能组（逗号分开，空为全部）", "Queues (with commas; empty for all)"),
    "channels": ("渠道（不选为全部）", "Channels (none for all)"),
    "hours": (
        "只在这些时间（如 09:00-18:00，空为全天）",
        "Only at (as 09:00-18:00; empty for all day)",
    ),
    "hours_wrong": ("时间请写成 09:00-18:00。", "Write the times as 09:00-18:00."),
    "try": ("试运行", "Try"),
    "try_last": ("用最近多少个会话", "On how many of the latest conversations"),
    "trying": ("正在试运行", "Trying"),
    "save_on": ("保存并启用", "Save and switch on"),
    "save": ("保存", "Save"),
    "save_off": ("保存（不启用）", "Save (switched off)"),
    "saved": ("已保存。", "Saved."),
    "deleted": ("已删除，它的预警保留。", "Deleted; its alerts stay."),
    "would_alert": ("会触发", "Alerts"),
    "would_alert_of": ("{alerts} / {all} 个会话", "{alerts} of {all}"),
    "per_hour": ("平均每小时", "An hour on average"),
    "per_hour_help": (
        "在有会话的 {hours} 个钟点里平均；最多的一小时 {busiest} 条。",
        "Over the {hours} hours in which there were conversations; {busiest} in the busiest one.",
    ),
    "busiest": ("最多一小时", "In the busiest hour"),
    "precision_reviewed": ("人工复核过的准确率", "Precision where reviewed"),
    "reviewed_help": (
        "有 {count} 条人看过：关闭过预警，或更正过那句话。",
        "{count} were looked at by a person: an alert was closed, or that turn was corrected.",
    ),
    "not_reviewed": ("还没有复核", "none reviewed"),
    "no_conversations": (
        "还没有可试的会话。先导入或评分一些会话。",
        "There is no conversation to try it on yet. Score some first.",
    ),
    "would_not": (
        "这些会话里没有一个会触发。门槛可能太高，或范围太窄。",
        "None of these conversations would raise it. The threshold may be too high.",
    ),
    "review": ("复核", "Reviewed"),
    "right": ("✓ 正确", "✓ right"),
    "wrong": ("✗ 误报", "✗ wrong"),
    "pick_sample": ("点一行打开回放。", "Select a row to open its replay."),
    # Sentences
    "say_level": ("等级达到“{choices}”或更高", "level {choices} or higher"),
    "say_state": ("状态为{choices}", "state {choices}"),
    "say_emotion": ("{choices}的概率 ≥ {threshold}", "probability of {choices} ≥ {threshold}"),
    "say_risk": ("风险 ≥ {threshold}", "risk ≥ {threshold}"),
    "say_sentiment_drop": ("情绪下降 ≥ {threshold}", "sentiment fell by ≥ {threshold}"),
    "say_disagreement": ("各通道不一致 ≥ {threshold}", "disagreement ≥ {threshold}"),
    "say_overlap": ("抢话 ≥ {threshold} 秒", "talking over each other ≥ {threshold} s"),
    "say_words": ("说到“{words}”", "says “{words}”"),
    "say_pattern": ("符合正则“{words}”", "matches “{words}”"),
    "say_silence": ("静默 {threshold} 秒", "silence for {threshold} s"),
    "say_waiting": ("在线客户等待 {threshold} 秒", "chat unanswered for {threshold} s"),
    "say_many_words": ("说到“{words}”等 {count} 个词", "says “{words}” or one of {count} words"),
    "say_negated": ("否定的不算", "unless negated"),
    "say_turns": ("客户最近 {window} 句中至少 {needed} 句", "in {needed} of {window} turns"),
    "say_seconds": ("持续 {seconds} 秒", "for {seconds} s"),
    "say_cool_down": ("关闭后 {minutes} 分钟内不再提醒", "rests {minutes} min"),
    # Webhooks
    "webhooks": ("推送（Webhook）", "Webhooks"),
    "webhooks_intro": (
        "新预警、升级的预警推送到群机器人或你们的系统。签名、重试，每个接收方每小时不超过推送额度。"
        "默认不允许内网地址。",
        "New and more severe alerts go to a robot or to a system of yours: signed, tried again, "
        "within the budget of an hour. Internal addresses are refused unless the settings allow.",
    ),
    "new_webhook": ("新建推送", "New webhook"),
    "vendor": ("发给", "To"),
    "vendor_wecom": ("企业微信 群机器人", "WeCom group robot"),
    "vendor_dingtalk": ("钉钉 群机器人", "DingTalk group robot"),
    "vendor_feishu": ("飞书 群机器人", "Feishu group robot"),
    "vendor_generic": ("自己的系统（JSON）", "A system of yours (JSON)"),
    "url": ("Webhook 地址", "Webhook address"),
    "url_help": (
        "从机器人设置里复制。保存后不再显示。",
        "Copy it from the robot's settings. It is not shown again.",
    ),
    "secret": ("签名密钥", "Secret for the signature"),
    "secret_help": (
        "钉钉“加签”、飞书“签名校验”里的密钥；企业微信留空；自己的系统留空则自动生成。",
        "From the robot's security settings; empty for WeCom. For a system of yours one is made.",
    ),
    "kept_secret": ("留空则不变", "Empty keeps it"),
    "least_severity": ("从哪个程度起", "From which severity on"),
    "teams": ("班组（逗号分开，空为全部）", "Teams (with commas; empty for all)"),
    "with_words": (
        "带上客户原话（已脱敏，至多 20 字）",
        "Tell the customer's words (masked, ≤ 20)",
    ),
    "secret_made": (
        "签名密钥只显示这一次：",
        "The secret for the signature is shown this once:",
    ),
    "send_test": ("发测试消息", "Send a test"),
    "test_sent": ("测试消息已送达（{seconds} 秒）。", "The test has arrived ({seconds} s)."),
    "test_failed": ("测试失败：{error}", "The test failed: {error}"),
    "log": ("推送记录", "Messages"),
    "no_log": ("还没有推送过。", "Nothing was sent yet."),
    "none_webhooks": ("还没有推送", "No webhooks yet"),
    "none_webhooks_hint": (
        "在企业微信、钉钉或飞书的群里添加机器人，把它的地址贴到这里。",
        "Add a robot to a group of WeCom, DingTalk or Feishu, and paste its address here.",
    ),
    "change": ("事由", "About"),
    "change_opened": ("新预警", "new alert"),
    "change_raised": ("升级", "raised"),
    "change_test": ("测试", "test"),
    "delivery": ("状态", "State"),
    "delivery_todo": ("等待重试", "waiting"),
    "delivery_sending": ("发送中", "sending"),
    "delivery_sent": ("已送达", "sent"),
    "delivery_failed": ("失败", "failed"),
    "delivery_over_budget": ("超出额度，未发", "over the budget"),
    "attempts": ("次数", "Attempts"),
    "answer": ("对方回复", "Answer"),
    "all_teams": ("全部班组", "all teams"),
    "signed": ("已签名", "signed"),
    "without_words": ("不带原话", "without words"),
    "off": ("停用", "off"),
}


def t(key: str, **values: object) -> str:
    """The text for a key in the session's language; what other pages say too is theirs."""
    if key not in _TEXTS:
        return texts.t(key, **values)
    text = _TEXTS[key][0 if texts.language() == "zh" else 1]
    return text.format(**values) if values else text
