"""Who speaks, from what a source calls them.

A wrong `customer` would let an agent's voice reach a scorer, so that a name counts as the
customer's only where nothing in it speaks for staff; whatever is not clear stays unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from multimodal.conversation import Role

_BOT = re.compile("机器人|智能客服|智能助手|智能助理|语音助手|虚拟|自动|系统|小助手")
_BOT_WORDS = frozenset(
    ["bot", "chatbot", "voicebot", "robot", "ivr", "automated", "virtual", "system", "acd"]
)
_STAFF = re.compile(
    "客服|坐席|座席|话务|接线|客户经理|客户服务|客户代表|服务人员|专员|顾问|销售|商家|卖家|店主|"
    "催收|员工|工号"
)
_STAFF_WORDS = frozenset(
    [
        "agent",
        "agents",
        "representative",
        "rep",
        "advisor",
        "adviser",
        "operator",
        "csr",
        "support",
        "service",
        "staff",
        "employee",
        "seller",
        "merchant",
        "specialist",
        "manager",
        "care",
        "success",
        "team",
        "desk",
        "internal",
    ]
)
_CUSTOMER = re.compile(
    r"(?:.{0,6})(?:客户|顾客|用户|买家|消费者|来电人|来电者|投诉人|会员)"
    r"(?:[\W_].*|[A-Za-z]?\d*|.{1,3}(?:先生|女士|小姐|太太))",
    re.DOTALL,
)
_CUSTOMER_WORDS = frozenset(
    ["customer", "caller", "client", "user", "consumer", "buyer", "external"]
)
_NAME = re.compile(r"\s*([^\s:：][^:：\n]{0,39}?)\s*[:：][ \t\u3000]*", re.DOTALL)
_SENTENCE = frozenset('，。！？；、,!?;"“”<>{}=')


@lru_cache(maxsize=1024)
def role_of(name: str) -> Role:
    """The role that a speaker's name stands for; unknown where it says nothing clear.

    Args:
        name: For instance 客服小王, 坐席, Agent Wang, CUSTOMER, 客户(138****1234), 机器人, SYSTEM.
    """
    name = name.strip()
    words = [word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", name)]
    if _BOT.search(name) or _BOT_WORDS.intersection(words):
        return Role.BOT
    if _STAFF.search(name) or _STAFF_WORDS.intersection(words):
        return Role.AGENT
    if _CUSTOMER.fullmatch(name):
        return Role.CUSTOMER
    if len(words) <= 3 and _CUSTOMER_WORDS.intersection(words):
        return Role.CUSTOMER
    return Role.UNKNOWN


def split_name(line: str) -> tuple[str, str] | None:
    """The name and the rest of `Name: text` or `名字：话`, or None where there is no name.

    Times (`10:30`), addresses (`https://`) and half sentences are no names.
    """
    match = _NAME.match(line)
    if match is None or _SENTENCE.intersection(match[1]) or match[1].isdigit():
        return None
    rest = line[match.end() :]
    return None if rest.startswith("//") else (match[1], rest)


def names_in(lines: Iterable[str]) -> frozenset[str]:
    """The names that really stand for speakers at the starts of these lines.

    A name counts if its role is known, or if it returns and at least half of the lines carry one:
    a customer's single 地址：… is no speaker.
    """
    counts: Counter[str] = Counter()
    total = 0
    for line in lines:
        total += 1
        split = split_name(line)
        if split:
            counts[split[0]] += 1
    dense = 2 * counts.total() >= total
    return frozenset(
        name
        for name, count in counts.items()
        if role_of(name) is not Role.UNKNOWN or (dense and count > 1)
    )
