"""Personal data that takes more than one turn: numbers said in parts, and answers to questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from multimodal.conversation import Role, Turn
from multimodal.masking.names import COMPOUND, SURNAMES
from multimodal.masking.numbers import Found, find_numbers
from multimodal.masking.view import JOIN, PAUSE, view_of

NEAR_TURNS = 4
"""Turns that may lie between two parts of one number, the other party's 嗯 and 请讲 among them."""

_SEPARATOR = r"[-\s.·,，、。/~_嗯呃啊哦]"
_DIGIT = "[0-9０-９零〇幺一二三四五六七八九]"
_BEGINS = re.compile(rf"{_SEPARATOR}{{0,4}}{_DIGIT}")
_ENDS = re.compile(rf"{_DIGIT}{_SEPARATOR}{{0,4}}$|[:：是为号话码]$")
_BEFORE_REPLY = 12
"""Characters that may stand in front of a number that answers a question."""
_NO_REPLY = re.compile("代码|热线|客服|工号|机器|型号|显示|错误|拨|版本|短信|验证码")
"""What stands in front of a number that is something else."""
_REPLY = re.compile(
    rf"(?<![0-9A-Za-z_])(?![48]00|10[0168][0-9]{{2,7}}(?![0-9]))[A-Za-z]{{0,6}}[0-9](?:[-\s.,，、{PAUSE}]{{0,2}}[0-9]){{5,29}}(?![0-9])"
)
_QUESTIONS = (
    ("id_card", re.compile("身份证|证件号")),
    ("bank_card", re.compile("卡号|银行卡|信用卡")),
    ("order", re.compile("订单|运单|单号|工单|order number|tracking number", re.IGNORECASE)),
    ("account", re.compile("账号|帐号|宽带|会员号|户号|QQ|account", re.IGNORECASE)),
    ("mobile", re.compile("手机|电话|联系方式|号码|phone|contact", re.IGNORECASE)),
)
_ASKS_NAME = re.compile("贵姓|怎么称呼|如何称呼|您的?(?:姓名|名字|全名)|机主姓名|姓名是|叫什么")
_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(sorted(SURNAMES))}])"
_NAME_REPLY = re.compile(
    rf"\W{{0,3}}(?:嗯|哦|啊|我|姓|叫|是|免贵|免贵姓|\W){{0,4}}"
    rf"(?!谢谢)({_SURNAME}[\u4e00-\u9fff]{{0,2}})(?=\W|先生|女士|小姐|$)"
)


def find_across(
    turns: Sequence[Turn], texts: Sequence[str], placeholders: frozenset[str]
) -> dict[int, list[Found]]:
    """Personal data of each turn that the turns around it give away; spans in its own text.

    Args:
        turns: Who speaks.
        texts: What they say, in the same order, with what a turn gives away by itself masked.
        placeholders: What masked data were replaced by.
    """
    found: dict[int, list[Found]] = {}
    for index, one in (*_answers(turns, texts, placeholders), *_parts(turns, texts, placeholders)):
        found.setdefault(index, []).append(one)
    return found


def _answers(
    turns: Sequence[Turn], texts: Sequence[str], placeholders: frozenset[str]
) -> Iterator[tuple[int, Found]]:
    """Numbers and names with which a turn answers the other party's turn in front of it."""
    for index in range(1, len(turns)):
        asked, asks, reply = turns[index - 1], texts[index - 1], texts[index]
        if (asked.role, asked.speaker) == (turns[index].role, turns[index].speaker):
            continue
        if turns[index].role not in (Role.CUSTOMER, Role.UNKNOWN):
            continue  # What staff answers is a hotline, a code, an amount.
        if _ASKS_NAME.search(asks) and (name := _NAME_REPLY.match(reply)):
            yield index, ("name", *name.span(1))
        kind = next((kind for kind, pattern in _QUESTIONS if pattern.search(asks)), "")
        number = _REPLY.search(view_of(reply, placeholders).digits) if kind else None
        if number is None or number.start() > _BEFORE_REPLY:
            continue
        if not _NO_REPLY.search(reply[: number.start()]):
            yield index, (kind, *number.span())


def _parts(
    turns: Sequence[Turn], texts: Sequence[str], placeholders: frozenset[str]
) -> Iterator[tuple[int, Found]]:
    """Parts of numbers whose digits stand in neighbouring turns of one speaker."""
    by_speaker: dict[tuple[str, str], list[int]] = {}
    for index, turn in enumerate(turns):
        if _BEGINS.match(texts[index]) or _ENDS.search(texts[index]):
            by_speaker.setdefault((turn.role, turn.speaker), []).append(index)
    for indices in by_speaker.values():
        for group in _neighbours(indices):
            said = [texts[index] for index in group]
            for place, one in parts_of_numbers(said, placeholders):
                yield group[place], one


def parts_of_numbers(
    texts: Sequence[str], placeholders: frozenset[str]
) -> Iterator[tuple[int, Found]]:
    """Parts of numbers that go over from one text to the next: index, and the span in that text."""
    joined = JOIN.join(texts)
    if JOIN not in joined:
        return
    over = [
        one
        for one in find_numbers(view_of(joined, placeholders))
        if JOIN in joined[one[1] : one[2]]
    ]
    begin = 0
    for index, text in enumerate(texts):
        for kind, start, end in over:
            left, right = max(start - begin, 0), min(end - begin, len(text))
            if left < right and re.search(_DIGIT, text[left:right]):
                yield index, (kind, left, right)
        begin += len(text) + 1


def _neighbours(indices: Iterable[int]) -> list[list[int]]:
    """Indices of a speaker's turns in groups in which none is far from the next."""
    groups: list[list[int]] = []
    for index in indices:
        if groups and index - groups[-1][-1] <= NEAR_TURNS:
            groups[-1].append(index)
        else:
            groups.append([index])
    return [group for group in groups if len(group) > 1]
