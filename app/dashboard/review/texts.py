"""Every word of review, in Chinese and English, by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from app.dashboard import texts

_SHARED = (
    "neutral", "happy", "sad", "angry", "surprise", "disgust", "fear", "unknown", "heated",
    "dissatisfied", "watch", "calm", "phone", "video", "chat", "role_customer", "role_agent",
    "role_bot", "role_unknown", "undo",
)  # fmt: skip
"""What other pages say too."""

_TEXTS: Mapping[str, tuple[str, str]] = {
    "view_desk": ("复核台", "Desk"),
    "view_appeals": ("结论与申诉", "Verdicts and appeals"),
    "view_accuracy": ("准确率与标注", "Accuracy and labels"),
    "view_draws": ("抽样与分配", "Draw and assign"),
    "queue_must": ("必看", "Must see"),
    "queue_random": ("抽检", "Random"),
    "queue_learn": ("学习", "Learn"),
    "queue_must_help": ("高风险与预警，风险高的在前", "High risk and alerts, the riskiest first"),
    "queue_random_help": (
        "随机抽取，作答前不显示模型结果；对外公布的准确率只来自这里",
        "Drawn at random, models hidden until you answer; published accuracy comes from here alone",
    ),
    "queue_learn_help": (
        "模型没有把握或各通道矛盾的，您的标注最有用",
        "Where the models doubt or contradict each other: your labels teach most",
    ),
    "done_so_far": ("您已完成 {n} 通", "You have done {n}"),
    "keys": ("按键", "Keys"),
    "loading": ("正在载入…", "Loading…"),
    "look_again": ("再看一次", "Look again"),
    "empty_must": ("没有必看的会话", "Nothing that must be seen"),
    "empty_must_hint": (
        "出现高风险或预警的会话结束后会自动出现在这里。",
        "Conversations with high risk or an alert come by themselves when they are over.",
    ),
    "empty_random": ("没有待抽检的会话", "Nothing drawn is left"),
    "empty_random_hint": (
        "由班长在“抽样与分配”里抽取。",
        "A supervisor draws them under “Draw and assign”.",
    ),
    "empty_learn": ("没有需要学习的会话", "Nothing to teach"),
    "empty_learn_hint": (
        "模型没有把握的会话会自动出现在这里。",
        "Conversations in which the models doubt come by themselves.",
    ),
    "left_out": ("另有 {n} 句离要标注的话较远，未列出", "{n} turns far from these are left out"),
    "not_labelled": ("待标注", "to label"),
    "you": ("您：{label}", "you: {label}"),
    "model": ("模型：{label}", "model: {label}"),
    "agree": ("同模型", "as the model"),
    "level_hidden": ("模型结果作答后显示", "Models shown when you have answered"),
    "risk_of": ("风险\u00a0{risk}", "Risk\u00a0{risk}"),
    "second": ("第二复核人", "second reviewer"),
    "labelled": ("已标注 {n} / {all} 句", "{n} of {all} turns labelled"),
    "question": ("系统对这通会话的判断：", "What the product said of this conversation:"),
    "question_blind": ("客户在这通会话里不满吗？", "Was the customer dissatisfied?"),
    "was_dissatisfied": ("客户不满", "Dissatisfied"),
    "was_not": ("客户没有不满", "Not dissatisfied"),
    "verdict_upheld": ("成立", "Upheld"),
    "verdict_false_alarm": ("误判", "False alarm"),
    "verdict_missed": ("漏判", "Missed"),
    "cause": ("原因", "Cause"),
    "cause_none": ("原因（可不填）", "Cause (optional)"),
    "cause_transcript": ("转写有误", "Wrong transcript"),
    "cause_sound": ("音质差", "Poor sound"),
    "cause_irony": ("反话、玩笑", "Irony, a joke"),
    "cause_about_other": ("说的是别人、别的事", "About somebody or something else"),
    "cause_context": ("要看上下文", "Needs its context"),
    "cause_roles": ("客服与客户认反", "Roles swapped"),
    "cause_other": ("其他", "Other"),
    "comment": ("备注", "Comment"),
    "later": ("稍后再看", "Later"),
    "replay": ("回放", "Replay"),
    "next": ("下一通", "Next"),
    "same": ("{all} 句中 {n} 句与模型一致", "{n} of {all} turns as the model"),
    "answered": ("已作答", "Answered"),
    "hidden_still": (
        "另一位复核人作答后，才显示模型结果。",
        "What the models said is shown when the other reviewer has answered too.",
    ),
    "undone": ("已撤销", "Undone"),
    "before_this": (
        "上一通。再按 Z 撤销它的结论，Enter 回到下一通。",
        "The one before. Z once more undoes its verdict, Enter goes on.",
    ),
    "nothing_to_undo": ("没有可撤销的操作", "There is nothing to undo"),
    "nothing_to_agree": ("模型结果未显示或没有结果", "The model's answer is hidden, or none"),
    "no_replay": (
        "作答前不能看回放，以免看到模型结果。",
        "No replay before you have answered: it shows what the models said.",
    ),
    "failed_0": (
        "没有成功：服务没有应答。恢复后按 Enter。",
        "That did not work: the service does not answer. Press Enter when it is back.",
    ),
    "failed_401": ("登录已过期，请刷新页面重新登录。", "Your session has ended: reload the page."),
    "failed_404": ("这通会话已删除，按 Enter 看下一通。", "It was deleted: Enter for the next."),
    "taken_by": (
        "{who} 从 {at} 起在复核这一通。按 Enter 看下一通。",
        "{who} has had it open since {at}. Enter for the next.",
    ),
    "done_by": (
        "{who} 已于 {at} 复核这一通。按 Enter 看下一通。",
        "{who} answered it at {at}. Enter for the next.",
    ),
    "assigned_to": (
        "这一通已分配给 {who}。按 Enter 看下一通。",
        "It was given to {who}. Enter for the next.",
    ),
    "failed": ("没有成功：{what}", "That did not work: {what}"),
    "close": ("关闭", "Close"),
    "key_emotion": ("标注这句话的情绪，自动到下一句", "Label the turn, and go to the next"),
    "key_agree": ("与模型相同", "As the model says"),
    "key_move": ("下一句、上一句", "Next turn, turn before"),
    "key_verdict": (
        "整通结论：成立、误判、漏判；抽检为不满、没有不满",
        "The whole: upheld, false alarm, missed; in Random dissatisfied, not dissatisfied",
    ),
    "key_comment": ("写备注", "Write a comment"),
    "key_undo": ("撤销上一步", "Undo the last step"),
    "key_later": ("放回队列，先看下一通", "Put it back, and see the next"),
    "key_next": ("结论之后到下一通", "After the verdict: the next one"),
    "key_queue": ("上一个、下一个队列", "Queue before, next queue"),
    "key_replay": ("打开回放", "Open the replay"),
    # Appeals
    "appeals_waiting": ("待裁定的申诉 {count}", "Appeals to be decided: {count}"),
    "no_appeals": ("没有待裁定的申诉。", "No appeal waits for a decision."),
    "latest_verdicts": ("最近的结论", "Latest verdicts"),
    "appeal_rule": (
        "班长可在期限内对本组会话的结论申诉一次；由初审人和申诉人以外的人裁定，裁定为最终结论。"
        "原结论始终保留。",
        "A supervisor may appeal once within the days allowed; somebody other than the reviewer "
        "and the one who appealed decides for good. The first verdict is always kept.",
    ),
    "no_verdicts": ("还没有结论", "No verdicts yet"),
    "no_verdicts_hint": ("在复核台给出结论后出现在这里。", "They come from the desk."),
    "final": ("最终", "final"),
    "said_verdict": ("{who} 判定：{verdict}", "{who}: {verdict}"),
    "said_appeal": ("{who} 申诉", "{who} appealed"),
    "said_decision": ("{who} 裁定：{verdict}（最终）", "{who} decided: {verdict} (final)"),
    "appeal_until": ("之前可申诉", "is the last moment for an appeal"),
    "appeal": ("申诉", "Appeal"),
    "appeal_reason": ("理由", "Reason"),
    "appeal_send": ("提交申诉", "Send the appeal"),
    "appealed": ("已提交申诉", "The appeal is sent"),
    "decide": ("裁定", "Decide"),
    "decision_comment": ("裁定说明", "Why"),
    "decided": ("已裁定", "Decided"),
    "not_yours_to_decide": (
        "由初审人和申诉人以外的人裁定",
        "Decided by somebody other than the reviewer and the one who appealed",
    ),
    # Accuracy
    "accuracy_intro": (
        "只用抽检：会话随机抽取，复核人作答前看不到模型结果。区间为 95% Wilson 区间，"
        "同一通会话里的话彼此相像，按有效样本量计算。合计按抽到的会话计：专门多抽的技能组占得更重。",
        "From the random queue alone: drawn at random, answered before the models were shown. "
        "Intervals are Wilson's at 95 %, by effective sample size, for turns of one conversation "
        "are alike. All of them together weigh a queue by what was drawn of it.",
    ),
    "nothing_measured": ("还没有抽检结果", "Nothing measured yet"),
    "nothing_measured_hint": (
        "先在“抽样与分配”里抽取，再到复核台的“抽检”队列作答。",
        "Draw conversations, then answer them in the random queue of the desk.",
    ),
    "accuracy_turns": ("每句情绪的准确率", "Accuracy of turns' emotions"),
    "accuracy_conversations": (
        "整通“是否不满”的准确率",
        "Accuracy of whole conversations: dissatisfied or not",
    ),
    "group": ("分组", "By"),
    "by_all": ("合计", "all"),
    "by_queue": ("技能组", "queue"),
    "by_models": ("模型版本", "models"),
    "which": ("名称", "Which"),
    "no_queue": ("（无技能组）", "(no queue)"),
    "accuracy": ("准确率", "Accuracy"),
    "interval": ("95% 区间", "95 % interval"),
    "answers": ("句数", "Answers"),
    "calls": ("会话", "Conversations"),
    "agreement": (
        "两位复核人都答了 {n} 项：一致 {share}，Cohen's kappa {kappa}。",
        "Both reviewers answered {n}: the same in {share}, Cohen's kappa {kappa}.",
    ),
    "changes": ("换新模型会改变什么", "What new models change"),
    "changes_help": (
        "有人工标注、且新旧模型都评过分的话：改对与改错各多少。重新评分后自动出现。",
        "Labelled turns that both sets of models answered: how many are right now, and wrong now. "
        "It comes by itself when conversations are scored again.",
    ),
    "no_changes": (
        "还没有由两套模型评过分的标注。",
        "No labelled turn has been scored by two sets of models yet.",
    ),
    "before": ("之前", "Before"),
    "after": ("现在", "Now"),
    "changed": ("答案变了", "Changed"),
    "mended": ("改对", "Right now"),
    "broken": ("改错", "Wrong now"),
    "reading": ("解读", "Reading"),
    "noise": ("在误差之内", "within noise"),
    "no_noise": ("不像是偶然", "hardly chance"),
    "labels": ("导出标注", "Export the labels"),
    "labels_help": (
        "全部人工标注与上下文，可直接用于 emotion-monitor train text。",
        "All labels with their context, as emotion-monitor train text reads them.",
    ),
    # Draws
    "draw_intro": (
        "抽检按技能组分层随机抽取：同一随机种子、同一批会话，抽到的相同。已在队列里的不会重复抽到。",
        "A random draw is stratified by queue: the same seed over the same conversations draws the "
        "same ones. What is in the queue already is not drawn again.",
    ),
    "draw_queue": ("放入队列", "Into the queue"),
    "draw_by": ("按", "By"),
    "number": ("通数", "number"),
    "share": ("百分比", "per cent"),
    "draw_size": ("数量", "How many"),
    "draw_size_help": ("通数，或占全部可抽会话的百分比", "Conversations, or per cent of all"),
    "draw_turns": ("每通标注句数", "Turns of each"),
    "draw_turns_help": ("从客户的话里随机选", "Chosen at random among the customer's"),
    "all": ("全部", "All"),
    "seed": ("随机种子", "Seed"),
    "seed_help": ("记下它，就能重复这次抽样", "Note it down to repeat this draw"),
    "reviewers": ("复核人（轮流分配）", "Reviewers (in turn)"),
    "reviewers_help": (
        "用户名，用逗号分开；不填则谁有空谁做",
        "User names with commas between them; none for whoever comes",
    ),
    "second_reviewer": ("两人独立复核", "Two reviewers, apart from each other"),
    "second_reviewer_help": (
        "由此得到两人的一致性（Cohen's kappa）",
        "It gives their agreement (Cohen's kappa)",
    ),
    "draw": ("抽取", "Draw"),
    "open_tasks": ("待复核的任务", "Open tasks"),
    "no_open_tasks": ("这个队列没有待复核的任务。", "No open task in this queue."),
    "pick_task": (
        "共 {count} 个。点一行可指定复核人。",
        "{count} in all. Select a row to give it to somebody.",
    ),
    "reviewer": ("复核人", "Reviewer"),
    "whoever": ("（谁有空谁做）", "(whoever comes)"),
    "opened_by": ("正在复核", "Open at"),
    "give_to": ("交给", "Give it to"),
    "give_to_help": ("用户名；不填则谁有空谁做", "A user's name; none for whoever comes"),
    "give": ("指定", "Give"),
    "latest_draws": ("最近的抽样", "Latest draws"),
    "when": ("时间", "When"),
    "drawn_of": ("抽取 / 可抽", "Drawn / eligible"),
    "by_whom": ("抽样人", "By"),
    "drawn": (
        "已从 {eligible} 通中抽取 {drawn} 通，随机种子 {seed}。",
        "{drawn} of {eligible} conversations drawn, seed {seed}.",
    ),
}


t = partial(texts.text_of, _TEXTS)
"""The text for a key in the session's language; what other pages say too is theirs."""


def desk_texts() -> dict[str, str]:
    """All texts of the desk in the session's language, by key."""
    column = 0 if texts.language() == "zh" else 1
    own = {key: both[column] for key, both in _TEXTS.items()}
    return own | {key: texts.t(key) for key in _SHARED}
