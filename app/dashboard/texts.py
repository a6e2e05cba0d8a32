"""Every word on the pages, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from app.dashboard.account_texts import ACCOUNT_TEXTS

LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}

_TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("客服情绪监测", "Emotion monitor"),
    "wall": ("实时监控", "Live wall"),
    "conversations": ("会话", "Conversations"),
    "replay": ("回放", "Replay"),
    "review": ("复核", "Review"),
    "trends": ("趋势", "Trends"),
    "models": ("模型", "Models"),
    "batch": ("批量评分", "Batch"),
    "alerts": ("预警", "Alerts"),
    "rules": ("规则", "Rules"),
    "language": ("语言", "Language"),
    "estimate": (
        "以上为模型估计，不是事实；由人作决定。客户情绪不等于坐席表现，不得单独作为绩效依据。",
        "Estimates, not facts; a person decides. A customer's emotion does not measure an "
        "agent and must not by itself be used to judge one.",
    ),
    "terms": ("模型条款", "Model terms"),
    "research": ("仅限研究", "research only"),
    "open": ("开放", "open"),
    "search": ("搜索原话或编号", "Search words or ids"),
    "search_help": (
        "在所有话轮和会话编号中查找；空格隔开的每个词都要出现，引号里的算一个词",
        "Looks in all turns and ids; each word between spaces must occur, quotes make one word",
    ),
    "level": ("等级", "Level"),
    "state": ("状态", "State"),
    "risk": ("风险", "Risk"),
    "risk_help": (
        "客户以不满结束对话的估计概率",
        "Estimated probability that the customer ends the conversation dissatisfied",
    ),
    "more_pages": ("更多", "More"),
    "channel": ("渠道", "Channel"),
    "queue": ("技能组", "Queue"),
    "team": ("班组", "Team"),
    "agent": ("工号", "Agent"),
    "day": ("日期", "Day"),
    "day_help": ("通话开始的日期，按本站时区", "The day on which it started, in the site's zone"),
    "customer": ("客户", "Customer"),
    "business": ("业务", "Business"),
    "started": ("开始时间", "Started"),
    "duration": ("时长", "Duration"),
    "turns": ("话轮", "Turns"),
    "cause": ("客户原话", "The customer's words"),
    "trend": ("情绪走势", "Sentiment"),
    "trend_help": (
        "客户情绪，对话四等分，-5 至 +5",
        "Customer sentiment by quarter of the conversation, -5 to +5",
    ),
    "external_id": ("通话流水号", "Id"),
    "status": ("处理", "Status"),
    "sort": ("排序", "Sort by"),
    "sort_best": ("默认", "Default"),
    "sort_help": (
        "默认：搜索时，出现次数多的在前；否则风险高的在前",
        "Default: what says the words most often first; without words the highest risk",
    ),
    "sort_risk": ("风险从高到低", "Highest risk first"),
    "sort_started": ("最近开始", "Most recent first"),
    "sort_duration": ("时长从长到短", "Longest first"),
    "phone": ("电话", "Phone"),
    "video": ("视频", "Video"),
    "chat": ("在线聊天", "Chat"),
    "none_yet": ("还没有会话", "No conversations yet"),
    "none_yet_hint": (
        "在“批量评分”页拖入文件，或运行 emotion-monitor demo 载入示例会话。",
        "Drop files on the Batch page, or run emotion-monitor demo for the sample conversations.",
    ),
    "none_match": ("没有符合条件的会话", "No conversation matches these filters"),
    "none_match_hint": ("放宽筛选条件。", "Loosen the filters."),
    "clear": ("清除筛选", "Clear filters"),
    "more_filters": ("更多条件", "More filters"),
    "any": ("不限", "Any"),
    "label_filter": ("出现过的情绪", "Emotion in any turn"),
    "tag_filter": ("出现过的事件", "Event tag in any turn"),
    "review_filter": ("复核状态", "Review"),
    "review_waiting": ("待复核", "waiting"),
    "review_reviewed": ("已复核", "reviewed"),
    "review_upheld": ("复核：成立", "upheld"),
    "review_false_alarm": ("复核：误判", "false alarm"),
    "review_missed": ("复核：漏判", "missed"),
    "review_appealed": ("申诉待裁决", "appeal undecided"),
    "corrected_filter": ("人工更正", "Corrections"),
    "corrected_yes": ("有更正", "Corrected"),
    "corrected_no": ("没有更正", "Not corrected"),
    "min_risk": ("风险不低于", "Risk from"),
    "max_risk": ("风险不高于", "Risk to"),
    "min_minutes": ("时长不少于（分钟）", "Duration from (min)"),
    "max_minutes": ("时长不多于（分钟）", "Duration to (min)"),
    "min_shift": ("首末变化不低于", "First to last from"),
    "max_shift": ("首末变化不高于", "First to last to"),
    "shift_help": (
        "客户情绪末段减首段，-10 至 10；负数表示变差",
        "Sentiment of the last quarter minus the first, -10 to 10; negative is worse",
    ),
    "kept_searches": ("保存的搜索", "Kept searches"),
    "no_kept_searches": ("还没有保存的搜索。", "You keep no searches yet."),
    "search_name": ("名称", "Name"),
    "keep_search": ("保存当前条件", "Keep these filters"),
    "forget_search": ("删除“{name}”", "Delete “{name}”"),
    "found": ("找到的话", "Words found"),
    "pick_found": ("点击一行，回放到这句话。", "Click a row to replay from these words."),
    "pick_row": ("点击一行即可打开回放。", "Click a row to open its replay."),
    "download_help": (
        "符合当前筛选条件的全部会话",
        "All conversations that the filters leave",
    ),
    "shown": ("第 {first}–{last} 条，共 {count} 条", "{first}–{last} of {count}"),
    "page": ("页", "Page"),
    "calm": ("平稳", "Calm"),
    "watch": ("关注", "Watch"),
    "dissatisfied": ("不满", "Dissatisfied"),
    "heated": ("激烈", "Heated"),
    "state_calm": ("平静", "calm"),
    "state_satisfied": ("满意", "satisfied"),
    "state_surprised": ("惊讶", "surprised"),
    "state_worried": ("担忧", "worried"),
    "state_low": ("低落", "low"),
    "state_dissatisfied": ("不满", "dissatisfied"),
    "state_anger": ("愤怒", "angry"),
    "state_undecided": ("无法判断", "undecided"),
    "tag_thanks": ("感谢", "thanks"),
    "tag_urge": ("催促", "urging"),
    "tag_abuse": ("辱骂", "abuse"),
    "tag_complaint": ("投诉倾向", "complaint"),
    "tag_escalation": ("要求升级", "wants somebody higher"),
    "tags_help": (
        "规则：按词表，带否定判断；实测：语速与音高同时高于本人平时。",
        "Rule: by lists of words, minding negation. Measured: rate and pitch above the caller's "
        "usual.",
    ),
    "basis_rule": ("规则", "rule"),
    "basis_measured": ("实测", "measured"),
    "basis_inferred": ("推断", "inferred"),
    "basis_help": (
        "实测：直接量得；推断：模型估计；规则：按固定规则得出。",
        "Measured: as it was. Inferred: a model's estimate. Rule: follows from a fixed rule.",
    ),
    "escalation_signal": ("升级信号", "Escalation signal"),
    "escalation_signal_help": (
        "客户有投诉倾向或要求升级。这不是风险：没有结果可供验证。",
        "The customer complains or demands somebody higher. It is no risk: no outcome was measured "
        "against it.",
    ),
    "recovered": ("情绪已恢复", "recovered"),
    "recovered_help": (
        "客户情绪曾明显变差，结束时已转好；只说一句谢谢不算。",
        "The customer's sentiment had gone badly and was good at the end; a mere closing thanks "
        "does not count.",
    ),
    "neutral": ("平静", "neutral"),
    "happy": ("高兴", "happy"),
    "sad": ("难过", "sad"),
    "angry": ("生气", "angry"),
    "surprise": ("惊讶", "surprise"),
    "disgust": ("厌恶", "disgust"),
    "fear": ("恐惧", "fear"),
    "unknown": ("无法判断", "unknown"),
    "role_customer": ("客户", "Customer"),
    "role_agent": ("客服", "Agent"),
    "role_bot": ("机器人", "Bot"),
    "role_unknown": ("未知", "Unknown"),
    "text": ("文字", "words"),
    "voice": ("语音", "voice"),
    "face": ("表情", "face"),
    "not_scored_agent": ("客服 · 不做情绪评分", "Agent · emotion is not scored"),
    "no_conversation": ("先选一个会话", "Choose a conversation first"),
    "no_conversation_hint": ("在“会话”页选中一行。", "Select a row on the Conversations page."),
    "to_conversations": ("去会话列表", "To the conversations"),
    "positive": ("正面", "positive"),
    "neither": ("中性", "neutral"),
    "negative": ("负面", "negative"),
    "time": ("时间", "Time"),
    "turn": ("话轮", "Turn"),
    "transcript": ("对话", "Transcript"),
    "play_from": ("从这里播放", "Play from here"),
    "no_media": (
        "这个会话没有录音或录像，按文字回放。",
        "This conversation has no recording; it is replayed as text.",
    ),
    "quarters": ("客户情绪（四等分）", "Customer sentiment by quarter"),
    "quarters_alt": (
        "四段对话中客户情绪的柱状图",
        "Bars of the customer's sentiment in the four quarters",
    ),
    "shift": ("首末变化", "First to last"),
    "talk_time": ("说话时长", "Talk time"),
    "silence": ("静默", "Silence"),
    "overlap": ("重叠", "Overlap"),
    "service_metrics": ("服务指标", "Service metrics"),
    "service_metrics_help": (
        "只统计说话的时间与方式，不评判任何人的情绪。打断：对方正在说话时插入 1 秒以上；"
        "独白：中间没有别人说话，也没有 3 秒以上的停顿。",
        "How the talking went; nobody's emotion. An interruption is a turn of 1 s or more while "
        "the other goes on speaking; a monologue ends with another voice or a pause of 3 s.",
    ),
    "sound": ("音质", "sound"),
    "colon": ("：", ": "),
    "monologue": ("最长独白", "Longest monologue"),
    "interruptions": ("打断对方", "Interruptions"),
    "pace": ("语速", "Pace"),
    "syllables_unit": ("字/分", "syll./min"),
    "longest_silence": ("最长静默", "Longest silence"),
    "loudness": ("客户音量", "Customer's loudness"),
    "loudness_help": (
        "每个客户话轮的平均电平（0-4 kHz，最响处以下 30 dB 以内的部分），以满幅为 0 dB。"
        "只宜在同一通电话内比较。",
        "Mean level of each customer's turn (0-4 kHz, what lies within 30 dB of its loudest), "
        "in dB re full scale. Compare within one call only.",
    ),
    "loudness_alt": ("客户音量随时间的变化", "The customer's loudness over time"),
    "rate_unit": ("字/分", "characters/min"),
    "notice": ("告知编号", "Notice"),
    "no_notice": ("未告知：不分析语音与表情", "No notice: voice and face are not analysed"),
    "source": ("来源", "Source"),
    "notes": ("说明", "Notes"),
    "vendor": ("来源平台", "Vendor"),
    "vendor_help": (
        "来源平台自己的判断与测量，供对照；不参与评分。",
        "What the source platform says and measured, to compare with; it is not used here.",
    ),
    "confidence": ("置信度", "Confidence"),
    "reliability": ("可靠度", "Reliability"),
    "disagreement": ("各通道看法不一致，请听录音确认", "The channels disagree: listen and decide"),
    "correct": ("更正", "Correct"),
    "correct_help": (
        "更正与模型结果都会保留。",
        "Your correction is kept beside the model's answer.",
    ),
    "correction": ("人工更正", "Corrected"),
    "undo": ("撤销", "Undo"),
    "customer_only": ("只看客户", "Customer only"),
    "drop": (
        "拖入转写文本、录音或录像",
        "Drop transcripts, recordings or videos",
    ),
    "drop_help": (
        "JSONL、CSV、Excel、“客户：…”文本、SRT、WebVTT、阿里云、腾讯云、讯飞、百度、华为云、AWS、Azure、"
        "Genesys、Google、Twilio、Deepgram、NICE、Whisper、FunASR，FFmpeg 能读的音视频，"
        "以及通话清单（CSV、Excel）。",
        "JSONL, CSV, Excel, “Customer: …” text, SRT, WebVTT, Alibaba, Tencent, iFlytek, Baidu, "
        "Huawei, AWS, Azure, Genesys, Google, Twilio, Deepgram, NICE, Whisper, FunASR, "
        "any audio or video that FFmpeg reads, and tables of calls (CSV, Excel).",
    ),
    "notice_field": ("告知或同意编号", "Notice or consent reference"),
    "notice_field_help": (
        "没有告知，就不分析语音与表情。",
        "Without a notice, voice and face are not analysed.",
    ),
    "channels_field": ("录音声道", "Channels of recordings"),
    "channels_none": ("单声道或不清楚", "Mono, or not known"),
    "channels_agent_left": ("左坐席，右客户", "Left agent, right customer"),
    "channels_customer_left": ("左客户，右坐席", "Left customer, right agent"),
    "channels_customer": ("只有客户一人", "The customer alone"),
    "masking": (
        "文字中的手机号、证件号、银行卡号、姓名、地址等自动遮蔽，不可还原；录音里的声音不遮蔽。",
        "Telephone, identity and card numbers, names and addresses are masked in the words, for "
        "good; what is said in recordings is not masked.",
    ),
    "keep_recordings": ("保留录音，以便回放", "Keep the recordings for replay"),
    "keep_recordings_help": (
        "不保留时，评分后即删除上传的录音。",
        "If not kept, uploaded recordings are deleted when they are scored.",
    ),
    "roles": ("谁是客服", "Who is the agent"),
    "roles_by_phrases": ("按话语应为", "by the phrases"),
    "roles_phrases": ("依据：{phrases}", "because of: {phrases}"),
    "roles_seem_swapped": (
        "从话语看，客服与客户像是反了（{percent}）。",
        "By the phrases, agent and customer seem to be swapped ({percent}).",
    ),
    "roles_inferred": (
        "角色由话语推断。确认之前只分析文字，不分析语音与表情。",
        "The roles were inferred from phrases. Until you confirm them, words alone are analysed.",
    ),
    "roles_confirm": ("角色正确", "The roles are right"),
    "roles_confirmed": ("已确认，并重新评分。", "Confirmed, and scored again."),
    "role_by_phrases": ("{role}（推断）", "{role} (inferred)"),
    "roles_swap_batch": (
        "客服/客户互换（这一批的全部文件）",
        "Swap agent and customer (in all files of this batch)",
    ),
    "roles_swapped_batch": (
        "这一批文件的客服与客户已互换，评分时按互换后的角色。",
        "Agent and customer are swapped in the files of this batch; they are scored that way.",
    ),
    "roles_swap": ("客服/客户互换", "Swap agent and customer"),
    "roles_swap_source": (
        "互换来源“{source}”的全部会话",
        "Swap in all conversations of “{source}”",
    ),
    "roles_swap_source_help": (
        "这个来源的每个已结束会话都会互换并重新评分。再点一次即撤销。",
        "Every closed conversation of this source is swapped and scored again. The same once more "
        "undoes it.",
    ),
    "roles_swapped": (
        "已互换并重新评分；再点一次即撤销。",
        "Swapped and scored again; the same once more undoes it.",
    ),
    "roles_source_swapped": (
        "已互换 {count} 个会话，正在重新评分；再点一次即撤销。",
        "Swapped in {count} conversations, which are being scored again; the same once more "
        "undoes it.",
    ),
    "roles_scoring": ("正在重新评分", "Scoring again"),
    "score_files": ("开始评分", "Score"),
    "reading_files": ("正在查看文件（{done}/{all}）", "Looking at the files ({done}/{all})"),
    "drop_more": ("继续添加文件", "Add more files"),
    "what_it_is": ("是什么", "What it is"),
    "content": ("内容", "Content"),
    "remark": ("提示", "Remark"),
    "kind_transcript": ("转写文本", "Transcript"),
    "kind_recording": ("录音", "Recording"),
    "kind_video": ("录像", "Video"),
    "kind_manifest": ("通话清单", "Table of calls"),
    "kind_sidecar": ("附带信息", "Description"),
    "kind_unknown": ("不认识", "Not known"),
    "kind_duplicate": ("重复文件", "Duplicate"),
    "content_transcript": (
        "{conversations} 通会话，{turns} 句",
        "{conversations} conversation(s), {turns} turns",
    ),
    "content_recording": ("{clock}，{channels} 声道", "{clock}, {channels} channel(s)"),
    "content_manifest": ("{rows} 行", "{rows} rows"),
    "copy_of": ("与 {name} 内容相同，不重复评分", "The same as {name}; not scored twice"),
    "already_there": ("以前已入库，未重复评分", "Was there already; not scored again"),
    "joined_recording": ("归入它的转写文本", "Goes with its transcript"),
    "joined_manifest": ("已用于补充会话信息", "Its rows describe the calls"),
    "state_todo": ("待评分", "waiting"),
    "state_claimed": ("评分中", "scoring"),
    "state_done": ("已评分", "scored"),
    "state_failed": ("有误", "failed"),
    "state_joined": ("已并入", "joined"),
    "state_duplicate": ("重复", "duplicate"),
    "files_found": (
        "{files} 个文件：{good} 个可以评分，{other} 个补充信息或重复，{bad} 个有误。",
        "{files} files: {good} to be scored, {other} that describe others or are copies, "
        "{bad} with errors.",
    ),
    "pick_file": ("点击一行，查看文件内容。", "Click a row to look into the file."),
    "first_rows": ("只列出前 {count} 个文件", "The first {count} files are listed"),
    "more_failed": ("另有 {count} 个，见下表。", "{count} more: see the table."),
    "only_failed": ("只看有误的", "Errors only"),
    "how_read": ("如何读取", "How they are read"),
    "source_field": ("来源名称", "Name of the source"),
    "source_field_help": (
        "例如“华为”“工单系统”。列的含义、时区和文件名格式按来源保存，下次自动使用。",
        "For instance the telephone system. Columns, zone and file names are kept per source "
        "and used again.",
    ),
    "source_pick": ("选择，或输入新名称", "Pick one, or type a new name"),
    "template_field": ("文件名格式", "Pattern of file names"),
    "zone_field": ("来源时区", "Zone of the source"),
    "columns_title": ("通话清单的列：{name}", "Columns of the table of calls: {name}"),
    "columns_help": (
        "“含义”一列可以改。其他的列按原名保留，个人信息自动遮蔽。",
        "What a column holds can be changed. A column of anything else is kept by its name, with "
        "personal data masked.",
    ),
    "column": ("列", "Column"),
    "holds": ("含义", "Holds"),
    "kept_column": ("（按原名保留）", "(kept by its name)"),
    "understood": ("前五行读成", "The first five rows are read as"),
    "save_source": ("为来源“{name}”保存", "Keep for the source “{name}”"),
    "source_kept": ("已保存，下次自动使用。", "Kept; it is used the next time too."),
    "name_source": ("填写来源名称即可保存。", "Name the source to keep this."),
    "inbound": ("呼入", "inbound"),
    "outbound": ("呼出", "outbound"),
    "running": ("正在评分：{done}/{all} 个文件", "Scoring: {done} of {all} files"),
    "time_left": ("，约剩 {time}", ", about {time} left"),
    "paused_at": ("已暂停：{done}/{all} 个文件", "Paused: {done} of {all} files"),
    "paused_help": (
        "可以关闭页面，随时回来继续。已评分的不会重复。",
        "You can close the page and go on later. Nothing is scored twice.",
    ),
    "pause": ("暂停", "Pause"),
    "resume": ("继续", "Resume"),
    "discard": ("放弃这一批", "Discard"),
    "new_batch": ("新的一批", "New batch"),
    "recent": ("最近的批次", "Latest batches"),
    "batch_state_draft": ("未开始", "not started"),
    "batch_state_running": ("评分中", "running"),
    "batch_state_paused": ("已暂停", "paused"),
    "batch_state_finished": ("已完成", "finished"),
    "batch_line": (
        "{made} · {files} 个文件 · {state}",
        "{made} · {files} files · {state}",
    ),
    "done": (
        "完成：{good} 个会话，{bad} 个文件有误。",
        "Done: {good} conversations, {bad} errors.",
    ),
    "done_again": ("其中 {count} 个以前已入库。", "{count} of them were there already."),
    "nothing_to_score": (
        "没有可以评分的文件。添加转写文本或录音。",
        "There is nothing to score. Add a transcript or a recording.",
    ),
    "seconds_short": ("{n} 秒", "{n} s"),
    "minutes_short": ("{n} 分钟", "{n} min"),
    "hours_short": ("{n} 小时", "{n} h"),
    "file": ("文件", "File"),
    "remedy": ("怎么办", "What to do"),
    "scored": ("已评分", "scored"),
    "failed": ("未能评分", "failed"),
    "queued": ("排队中", "queued"),
    "scoring": ("评分中", "scoring"),
    "nothing_dropped": (
        "把文件拖到上面。评分在本机进行，文件不离开这台机器。",
        "Drop files above. Scoring happens on this machine; nothing leaves it.",
    ),
    "api_down": ("服务没有应答", "The service does not answer"),
    "api_down_hint": (
        "检查 emotion-monitor serve 是否在运行；恢复后点“重试”。",
        "Check that emotion-monitor serve is running, then retry.",
    ),
    "retry": ("重试", "Retry"),
    "turn_number": ("第 {number} 句", "Turn {number}"),
    "goes_on": ("● 会话进行中，新的话轮自动出现", "● Going on: new turns appear by themselves"),
    "gone": ("这个会话已不存在。", "This conversation is no longer there."),
}


def language() -> str:
    """The language of this browser session: `zh` or `en`."""
    return str(st.session_state.get("language", "zh"))


def t(key: str, **values: object) -> str:
    """The text for a key in the session's language, with values filled in."""
    return text_of({}, key, **values)


def listed(names: Iterable[str]) -> str:
    """Names one after the other, as the session's language does it."""
    return ("、" if language() == "zh" else ", ").join(names)


def text_of(own: Mapping[str, tuple[str, str]], key: str, **values: object) -> str:
    """The same from a page's own texts, in Chinese and English; what it lacks is every page's."""
    found = own.get(key) or ACCOUNT_TEXTS.get(key) or _TEXTS[key]
    text = found[0 if language() == "zh" else 1]
    return text.format(**values) if values else text
