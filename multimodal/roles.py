"""Who is the agent, from what is said: for transcripts without roles, and for swapped channels.

Agents speak in phrases: 很高兴为您服务, 工号, 请问有什么可以帮您. Each phrase below has the log
odds with which it was an agent's in the training half of `benchmarks/roles.py`; a party's sum over
its turns, calibrated there too, gives the probability that the party is the agent. What is below
the confidence stays unknown, and whoever is taken for the customer is read in words only until a
person agrees (`policy.ROLE_INFERRED`): a wrong guess must not let an agent's voice reach a scorer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from multimodal.conversation import INFERRED, Conversation, Media, Role, Turn
from multimodal.formats.turns import with_role

CONFIDENCE = 0.9
"""Below it a role stays unknown."""
MOST = 3.0
"""What one phrase of one party counts at most, in log odds."""

PHRASES: Mapping[str, tuple[str, float]] = {
    "为您服务": (r"为您服务|为你服务|竭诚服务", 4.37),
    "有什么可以帮您": (r"有什么.{0,10}(?:帮|处理|解决|咨询)|(?:帮|助)到您|请问.{0,4}帮您", 3.89),
    "工号": (
        r"工号(?:是|[:： ])?\s?[0-9A-Za-z零幺一二三四五六七八九]{2,}.{0,8}(?:为您|很高兴)|"
        r"我的?工号|客服工号",
        3.0,
    ),
    "感谢来电": (r"感谢(?:您的)?(?:来电|致电|耐心|支持|理解|反馈|关注|配合|建议|谅解)", 5.15),
    "祝您愉快": (r"祝您|祝你生活", 4.86),
    "请稍等": (r"请(?:您)?(?:稍等|稍候)|稍等.{0,6}(?:查|看|核实)|还请您", 4.23),
    "为您": (r"为您|帮您|给您", 4.63),
    "请您": (r"请您|麻烦您|建议您|劳烦您", 4.46),
    "您": (r"您", 3.65),
    "您好": (r"^\W{0,3}您好", 4.67),
    "亲": (r"^\W{0,3}亲(?:爱的|亲|\b|[,，~!！ ])|[,， ]亲[~,，]", 2.94),
    "抱歉": (r"抱歉|歉意|给您带来不便|不便之处", 3.97),
    "请问": (r"请问", 1.81),
    "请提供": (r"请.{0,4}提供|请.{0,4}私信|私信.{0,4}(?:我们|提供)|方便.{0,6}提供", 4.86),
    "尊敬的": (r"尊敬的", 1.92),
    "还有其他": (r"还有(?:其他|别的|什么).{0,12}(?:帮|问题|需要)", 4.44),
    "自称客服": (r"小妹|小助手|客服小|客户代表|这边是|专员", 3.12),
    "我们会": (r"我们(?:会|将|已|尽快)|我司|我处|我方", 3.76),
    "已帮您": (r"已经?(?:为您|帮您|给您|记录|反馈|收到)", 2.54),
    "核实": (r"核实|相关部门|跟进|登记|工作人员", 2.05),
    "满意度": (r"满意度|评价一下|邀请您", 2.42),
    "可以的": (r"^\W{0,3}(?:可以的|是的哦|好的哦|没有哦|不客气|应该做的|应该的)|呢~|哦~|哈~", 3.04),
    "你们": (r"你们", -5.5),
    "@客服": (r"@", -3.27),
    "我要": (r"我(?:要|想|买|家|们家|的|是|在|打|就|还|都|刚|昨天|今天|已经)", -1.97),
    "帮我": (r"帮我|给我|让我|告诉我", -0.82),
    "为什么": (r"为什么|为啥|凭什么|到底|怎么还|怎么办|怎么回事|什么时候|啥时候|咋", -2.67),
    "投诉": (r"投诉|曝光|12315|工信部", -2.5),
    "骂": (r"垃圾|骗|坑|太差|无语|恶心|无耻|扯|气死|妈的|傻", -2.62),
    "谢谢": (r"谢谢|多谢|谢了", 0.85),
    "能不能": (r"能不能|可不可以|行不行|是不是", -1.9),
    "你好": (r"^\W{0,3}(?:你好|在吗|在么|客服|人工)", -3.22),
    "嗯": (r"^\W{0,3}(?:嗯+|哦+|好的?|行|对|没有|是的|不用了?)\W{0,3}$", -1.7),
    "thank you for calling": (
        r"(?i)thank(?:s| you) for calling|this is .{2,30}(?:speaking|bank|support)",
        2.5,
    ),
    "how may I help": (r"(?i)how (?:may|can) (?:I|we) (?:help|assist)|what can I (?:help|do)", 2.5),
    "anything else": (r"(?i)anything else", 2.5),
    "have a great day": (r"(?i)have a (?:great|nice|good|wonderful)|you'?re welcome", 1.5),
    "may I have your": (
        r"(?i)(?:may|can|could) I (?:please )?(?:have|get|ask)|what(?:'s| is) your|"
        r"which .{2,20} would you",
        2.0,
    ),
    "let me check": (
        r"(?i)let me (?:check|look|pull|see)|one moment|I (?:can|will) (?:help|assist)|"
        r"I apologi[sz]e",
        2.0,
    ),
    "my account": (
        r"(?i)\bmy (?:account|order|bill|card|name is|phone|package|money|internet)",
        -1.5,
    ),
    "I want to": (
        r"(?i)\bI (?:want|need|would like|wanted|lost|bought|ordered|never)|I'?m calling|"
        r"I'?d like",
        -1.5,
    ),
    "you guys": (r"(?i)you guys|why (?:is|do|did|are)|ridiculous|can you (?:help|tell)", -2.0),
}  # fmt: skip
"""Name: pattern, and log odds that it is an agent's: fitted on the training halves of STC-3 and
JDDC, but for 工号 and the English ones, which neither has in calls' use: those are set by hand."""

_TURN = (0.76, -1.4)
"""Calibration of one turn's sum, slope and intercept, fitted on the same halves."""
_PARTY = 1.0
"""Calibration of what two parties differ by. Fitted it would be 5: written dialogues all but
separate. Calls are less formal, so that one phrase alone may say no more than 95 %."""
_PATTERNS = tuple((name, re.compile(p), odds) for name, (p, odds) in PHRASES.items())


@dataclass(frozen=True, slots=True)
class Party:
    """One party of a conversation, as the source tells parties apart.

    Attributes:
        name: The speaker's name or number in the source, else `channel N`; empty where parties are
            not told apart.
        role: What the turns of this party say now.
        inferred: Who it is by its phrases; unknown below the confidence.
        confidence: Probability that `inferred` is right, in [0, 1]; of the likelier one if unknown.
        phrases: What speaks for it, the strongest first.
        turns: How many turns the party has.
    """

    name: str
    role: Role
    inferred: Role
    confidence: float
    phrases: tuple[str, ...]
    turns: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What inference says about a conversation, before anything is changed.

    Attributes:
        parties: In the order of their first turn.
        swapped: Probability that customer and agent stand for each other, in [0, 1]; 0 where one of
            the two is not there.
    """

    parties: tuple[Party, ...]
    swapped: float


def preview(conversation: Conversation) -> Preview:
    """Who is who by their phrases, and whether the roles that are given are swapped."""
    groups = _parties(conversation.turns)
    sums = {name: _evidence(turn.text for turn in turns) for name, turns in groups.items()}
    chances = _chances({name: total for name, (total, _) in sums.items()})
    parties = []
    for name, turns in groups.items():
        chance = chances.get(name, 0.5)
        inferred, confidence = _decided(chance)
        said = sums[name][1]
        ranked = sorted(said, key=lambda phrase: -abs(said[phrase]))
        agrees = [p for p in ranked if (said[p] > 0) == (chance >= 0.5)]
        parties.append(
            Party(name, turns[0].role, inferred, confidence, tuple(agrees[:3]), len(turns))
        )
    return Preview(tuple(parties), probability_swapped(conversation))


def probability_swapped(conversation: Conversation) -> float:
    """Probability that the customer's and the agent's turns stand for each other, in [0, 1]."""
    said: dict[Role, list[str]] = {Role.CUSTOMER: [], Role.AGENT: []}
    for turn in conversation.turns:
        if turn.role in said:
            said[turn.role].append(turn.text)
    if not all(any(texts) for texts in said.values()):
        return 0.0
    gap = _evidence(said[Role.CUSTOMER])[0] - _evidence(said[Role.AGENT])[0]
    return _sigmoid(_PARTY * gap)


def with_inferred_roles(conversation: Conversation, confidence: float = CONFIDENCE) -> Conversation:
    """The conversation with roles for those unknown turns of whom the phrases say it clearly.

    Two unknown parties are told apart as a whole; where the source tells no parties apart, each
    turn speaks for itself. A role that is given is never changed. What was inferred carries its
    confidence as the attribute `role_confidence`.

    Args:
        conversation: Any conversation.
        confidence: Least probability, in (0.5, 1].
    """
    unknown = [turn for turn in conversation.turns if turn.role is Role.UNKNOWN and turn.text]
    if not unknown:
        return conversation
    groups = _parties(unknown)
    if len(groups) == 1 and len(unknown) == len(conversation.turns):
        return _turn_by_turn(conversation, confidence)
    known = {turn.role for turn in conversation.turns} & {Role.AGENT, Role.CUSTOMER}
    if len(groups) < 2 or known:
        # One party beside known ones, or a third beside two: who it is, nobody has said.
        return conversation
    sums = {name: _evidence(turn.text for turn in turns)[0] for name, turns in groups.items()}
    decided = {name: _decided(chance, confidence) for name, chance in _chances(sums).items()}
    return replace(
        conversation,
        turns=tuple(
            _inferred(turn, *decided.get(_name(turn), (Role.UNKNOWN, 0.0)))
            for turn in conversation.turns
        ),
    )


def confirmed(conversation: Conversation) -> Conversation:
    """The conversation with its inferred roles as a person's word: voice and face may be read."""
    return replace(conversation, turns=tuple(_agreed(turn) for turn in conversation.turns))


def swapped(conversation: Conversation) -> Conversation:
    """The conversation with customer and agent exchanged, on the recordings' channels too.

    Twice is as it was, but that inferred roles are a person's word then. Where all agent's turns
    have one `agent_id`, it goes to those who are the agent now.
    """
    ids = {turn.agent_id for turn in conversation.turns if turn.agent_id}
    turns = []
    for turn in conversation.turns:
        role = _OTHER.get(turn.role, turn.role)
        agent_id = turn.agent_id
        if len(ids) == 1:
            agent_id = next(iter(ids)) if role is Role.AGENT else ""
        turns.append(replace(with_role(_agreed(turn), role), agent_id=agent_id))
    media = tuple(swapped_media(one) for one in conversation.media)
    return replace(conversation, turns=tuple(turns), media=media)


def swapped_media(media: Media) -> Media:
    """A recording with customer and agent exchanged on its audio channels."""
    return replace(media, channels={i: _OTHER.get(r, r) for i, r in media.channels.items()})


_OTHER = {Role.CUSTOMER: Role.AGENT, Role.AGENT: Role.CUSTOMER}


def _agreed(turn: Turn) -> Turn:
    if INFERRED not in turn.attributes:
        return turn
    return replace(turn, attributes={k: v for k, v in turn.attributes.items() if k != INFERRED})


def _turn_by_turn(conversation: Conversation, confidence: float) -> Conversation:
    slope, intercept = _TURN
    turns = []
    for turn in conversation.turns:
        chance = _sigmoid(slope * _evidence([turn.text])[0] + intercept)
        role, sure = _decided(chance, confidence)
        # A turn in which nothing was recognised is no customer's for that.
        heard = any(pattern.search(turn.text) for _, pattern, _ in _PATTERNS)
        turns.append(_inferred(turn, role, sure) if heard else turn)
    return replace(conversation, turns=tuple(turns))


def _inferred(turn: Turn, role: Role, confidence: float) -> Turn:
    if turn.role is not Role.UNKNOWN or role is Role.UNKNOWN:
        return turn
    attributes = {**turn.attributes, INFERRED: round(confidence, 3)}
    return with_role(replace(turn, attributes=attributes), role)


def _chances(sums: Mapping[str, float]) -> dict[str, float]:
    """Probability of each of two parties that it is the agent; of more or fewer nothing is said."""
    if len(sums) != 2:
        return {}
    (first, one), (second, two) = sums.items()
    chance = _sigmoid(_PARTY * (one - two))
    return {first: chance, second: 1 - chance}


def _decided(chance: float, confidence: float = CONFIDENCE) -> tuple[Role, float]:
    sure = max(chance, 1 - chance)
    if sure < confidence:
        return Role.UNKNOWN, sure
    return (Role.AGENT if chance > 0.5 else Role.CUSTOMER), sure


def _parties(turns: Iterable[Turn]) -> dict[str, list[Turn]]:
    groups: dict[str, list[Turn]] = {}
    for turn in turns:
        groups.setdefault(_name(turn), []).append(turn)
    return groups


def _name(turn: Turn) -> str:
    if turn.speaker or turn.channel is None:
        return turn.speaker or ("" if turn.role is Role.UNKNOWN else turn.role.value)
    return f"channel {turn.channel}"


def _evidence(texts: Iterable[str]) -> tuple[float, dict[str, float]]:
    """Log odds that one party's turns are an agent's, and what each phrase gave to them."""
    said: dict[str, float] = {}
    for text in texts:
        for name, pattern, odds in _PATTERNS:
            if pattern.search(text):
                said[name] = max(-MOST, min(MOST, said.get(name, 0.0) + odds))
    return sum(said.values()), said


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, value))))
