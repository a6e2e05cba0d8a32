"""Fifty service dialogues with 200 pieces of made-up personal data planted in them.

Two sets of sentences, `dev` and `held_out`, share no sentence: rules were tuned on the first. On
the second the first look, before anything was mended, found 98 of 100 items with a precision of
.95; what it showed was mended, so that both are regression sets now. Every number is made from a
fixed seed and belongs to nobody on purpose. Beside the data stand amounts, dates, times,
quantities and eight-digit numbers, which must survive.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from multimodal.conversation import Conversation, Role, Turn

TYPES = ("mobile", "landline", "id_card", "bank_card", "plate", "email", "address", "name", "order")
SETS = ("dev", "held_out")
DIALOGUES = 50
ITEMS = 4
"""Pieces of personal data in each dialogue."""

_SPOKEN = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))
_PLAIN_SPOKEN = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "建国",
    "秀英",
    "志强",
    "晓燕",
    "子涵",
    "文博",
    "雨欣",
    "海燕",
)
_ROADS = ("中山", "解放", "建设", "人民", "长江", "文化", "学府", "滨河", "青年", "幸福")
_CITIES = (
    "杭州市西湖区",
    "成都市武侯区",
    "武汉市洪山区",
    "苏州市姑苏区",
    "长沙市岳麓区",
    "青岛市市南区",
)
_ESTATES = ("阳光", "翡翠城", "锦绣", "金色家园", "湖畔")


@dataclass(frozen=True, slots=True)
class Planted:
    """One piece of personal data.

    Attributes:
        kind: Its type.
        said: As it stands in the dialogue; several parts where it is said over several turns.
        secrets: What must be found nowhere: it, and the parts by which somebody is recognised.
    """

    kind: str
    said: tuple[str, ...]
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue with what was planted and what must survive."""

    conversation: Conversation
    planted: tuple[Planted, ...]
    decoys: tuple[str, ...]
    part: str = field(default="dev")


def dialogues() -> list[Dialogue]:
    """The dialogues, the same ones every time: the first half `dev`, the second `held_out`."""
    rng = random.Random(20260630)
    made = []
    kinds = [TYPES[i % len(TYPES)] for i in range(DIALOGUES * ITEMS)]
    for number in range(DIALOGUES):
        part = SETS[number * 2 // DIALOGUES]
        wanted = kinds[number * ITEMS : (number + 1) * ITEMS]
        made.append(_dialogue(number, part, wanted, rng))
    return made


def _dialogue(number: int, part: str, kinds: list[str], rng: random.Random) -> Dialogue:
    turns = [Turn(Role.AGENT, "您好，很高兴为您服务，请问有什么可以帮您？")]
    planted: list[Planted] = []
    decoys: list[str] = []
    for kind in kinds:
        item = _MAKERS[kind](rng, part)
        planted.append(item)
        lead, tail = rng.choice(_SENTENCES[part][kind])
        if len(item.said) == 1:
            turns.append(Turn(Role.CUSTOMER, f"{lead}{item.said[0]}{tail}"))
        else:
            turns.append(Turn(Role.CUSTOMER, f"{lead}{item.said[0]}"))
            for later in item.said[1:-1]:
                turns += [Turn(Role.AGENT, "嗯，您继续。"), Turn(Role.CUSTOMER, later)]
            turns += [Turn(Role.AGENT, "好的。"), Turn(Role.CUSTOMER, f"{item.said[-1]}{tail}")]
        sentence, kept = _decoy(rng, part)
        decoys += kept
        turns.append(Turn(Role.AGENT if rng.random() < 0.5 else Role.CUSTOMER, sentence))
    turns.append(Turn(Role.CUSTOMER, "都等了这么久，太让人生气了！"))
    conversation = Conversation(
        external_id=f"planted-{number:02d}", turns=tuple(turns), source="planted"
    )
    return Dialogue(conversation, tuple(planted), tuple(decoys), part)


def id_number(rng: random.Random) -> str:
    """A number with a valid check character (GB 11643)."""
    area = rng.choice(("110105", "330106", "420111", "510107", "440305", "320508"))
    born = f"{rng.randint(1950, 2003)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    body = f"{area}{born}{rng.randint(0, 999):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def card_number(rng: random.Random) -> str:
    """A card number with a valid check digit (Luhn)."""
    body = rng.choice(("622202", "621700", "622848", "436742", "520169")) + "".join(
        rng.choices("0123456789", k=rng.choice((9, 12)))
    )
    total = sum(
        (int(d) * 2 - 9 if int(d) > 4 else int(d) * 2) if place % 2 == 0 else int(d)
        for place, d in enumerate(reversed(body))
    )
    return body + str(-total % 10)


def _mobile_number(rng: random.Random) -> str:
    return rng.choice(("138", "139", "150", "177", "186", "199")) + "".join(
        rng.choices("0123456789", k=8)
    )


def _mobile(rng: random.Random, part: str) -> Planted:
    number = _mobile_number(rng)
    a, b, c = number[:3], number[3:7], number[7:]
    if part == "dev":
        forms: list[tuple[str, ...]] = [
            (number,),
            (f"{a} {b} {c}",),
            (f"{a}-{b}-{c}",),
            (_say(number),),
            ("，".join(map(_say, (a, b, c))),),
            (_wide(number),),
            (_say(a), _say(b), _say(c)),
            (f"+86 {number}",),
        ]
    else:
        forms = [
            (number,),
            (f"{number[:3]} {number[3:8]} {number[8:]}",),
            (f"{a}.{b}.{c}",),
            (_say(number, plain=True),),
            (f"{_say(a, plain=True)}，嗯，{_say(b, plain=True)}，{_say(c, plain=True)}",),
            (f"{_wide(a)}－{_wide(b)}－{_wide(c)}",),
            (number[:7], number[7:]),
            (" ".join(number),),
            (_say(number[:4]), _say(number[4:])),
        ]
    said = rng.choice(forms)
    secrets = (number, "".join(said), *(one for one in said if len(one.encode()) >= 6))
    return Planted("mobile", said, secrets)


def _landline(rng: random.Random, part: str) -> Planted:
    area = rng.choice(("010", "021", "0571", "0755", "028"))
    local = rng.choice("35678") + "".join(rng.choices("0123456789", k=7))
    dev = (f"{area}-{local}", f"{area}{local}", f"({area}){local}")
    held = (
        f"{area} {local[:4]} {local[4:]}",
        _say(area + local),
        f"（{area}）{local}",
        f"{area}—{local}".replace("—", "-"),
    )
    said = rng.choice(dev if part == "dev" else held)
    return Planted("landline", (said,), (said, local))


def _id_card(rng: random.Random, part: str) -> Planted:
    number = id_number(rng)
    spaced = f"{number[:6]} {number[6:14]} {number[14:]}"
    dev = (number, number.lower(), _say(number[:-1]) + _say(number[-1]))
    held = (
        number,
        spaced,
        "，".join(
            (
                _say(number[:6], plain=True),
                _say(number[6:14], plain=True),
                _say(number[14:], plain=True),
            )
        ),
        _wide(number),
    )
    said = rng.choice(dev if part == "dev" else held)
    return Planted("id_card", (said,), (said, number))


def _bank_card(rng: random.Random, part: str) -> Planted:
    number = card_number(rng)
    spaced = " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    dev = (number, spaced)
    held = (number, spaced.replace(" ", "-"), _say(number), spaced)
    said = rng.choice(dev if part == "dev" else held)
    return Planted("bank_card", (said,), (said, number))


def _plate(rng: random.Random, part: str) -> Planted:
    body = "".join(rng.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=1)) + "".join(
        rng.choices("0123456789", k=4)
    )
    place, letter = rng.choice("京沪粤浙苏川鄂"), rng.choice("ABCDE")
    dev = (f"{place}{letter}{body}", f"{place}{letter}·{body}")
    held = (
        f"{place}{letter} {body}",
        f"{place}{letter.lower()}{body.lower()}",
        f"{place}{letter}D{body}",
    )
    said = rng.choice(dev if part == "dev" else held)
    return Planted("plate", (said,), (said,))


def _email(rng: random.Random, part: str) -> Planted:
    user = rng.choice(("wang.wei", "lina", "zhang_q", "chenjing", "liu-yang")) + str(
        rng.randint(10, 9999)
    )
    host = rng.choice(("qq", "163", "126", "sina"))
    dev = (f"{user}@{host}.com", f"{user}＠{host}.com")
    held = (
        f"{user}@mail.{host}.com.cn",
        f"{user}艾特{host}点com",
        f"{user.upper()}@{host.upper()}.COM",
    )
    said = rng.choice(dev if part == "dev" else held)
    return Planted("email", (said,), (said, user))


def _address(rng: random.Random, part: str) -> Planted:
    city, road, estate = rng.choice(_CITIES), rng.choice(_ROADS), rng.choice(_ESTATES)
    number, building, unit, room = (
        rng.randint(1, 300),
        rng.randint(1, 30),
        rng.randint(1, 5),
        rng.randint(101, 2804),
    )
    dev = [
        (
            (f"{city}{road}路{number}号{building}栋{unit}单元{room}室"),
            (f"{road}路{number}号", f"{building}栋{unit}单元{room}"),
        ),
        (
            (f"{city}{estate}小区{building}号楼{room}"),
            (f"{estate}小区{building}号楼", f"号楼{room}"),
        ),
    ]
    held = [
        (
            (f"{city}{road}大道{number}号{estate}花园{building}幢{room}室"),
            (f"{road}大道{number}号", f"{building}幢{room}"),
        ),
        (
            (f"{road}街{number}弄{building}号{room}室"),
            (f"{road}街{number}弄", f"{building}号{room}室"),
        ),
        (
            (f"{city}{road}镇{estate}村{building}组{number}号"),
            (f"{road}镇{estate}村", f"{building}组{number}号"),
        ),
    ]
    said, secrets = rng.choice(dev if part == "dev" else held)
    return Planted("address", (said,), (said, *secrets))


def _name(rng: random.Random, _part: str) -> Planted:
    said = rng.choice(_SURNAMES) + rng.choice(_GIVEN)
    return Planted("name", (said,), (said,))


def _order(rng: random.Random, part: str) -> Planted:
    digits = "".join(rng.choices("123456789", k=1) + rng.choices("0123456789", k=13))
    dev = (digits, f"DD{digits}")
    held = (digits[:10], f"SF{digits[:13]}", _say(digits[:12]), f"{digits[:6]}-{digits[6:]}")
    said = rng.choice(dev if part == "dev" else held)
    return Planted("order", (said,), (said,))


_MAKERS: dict[str, Callable[[random.Random, str], Planted]] = {
    "mobile": _mobile,
    "landline": _landline,
    "id_card": _id_card,
    "bank_card": _bank_card,
    "plate": _plate,
    "email": _email,
    "address": _address,
    "name": _name,
    "order": _order,
}
_SENTENCES: dict[str, dict[str, list[tuple[str, str]]]] = {
    "dev": {
        "mobile": [("我的手机号是", "，你记一下。"), ("你打", "这个号码找我。"), ("联系方式", "")],
        "landline": [("家里座机", "。"), ("公司电话是", "，白天打。")],
        "id_card": [("身份证号", ""), ("我身份证是", "，麻烦核实。")],
        "bank_card": [("退到我的卡上，卡号", "。"), ("银行卡", "，建行的。")],
        "plate": [("车牌", "。"), ("我的车是", "，停在楼下。")],
        "email": [("发票发到", ""), ("邮箱是", "，谢谢。")],
        "address": [("收货地址是", "。"), ("我家住", "，别送错了。")],
        "name": [("我叫", "。"), ("收件人", "，"), ("姓名：", "")],
        "order": [("订单号", "，一直没发货。"), ("单号是", "。")],
    },
    "held_out": {
        "mobile": [("回头联系我就打", "吧，谢谢了。"), ("喂，我登记的是", "对吧"),
                   ("号码报给你啊：", "，记好了没"), ("", "")],
        "landline": [("办公室的号", "，找前台转。"), ("往", "打，家里有人接。"), ("固定电话 ", "")],
        "id_card": [("核对一下身份信息，", "，没错吧"), ("证件号码是", "。"),
                    ("", "，这是我爱人的")],
        "bank_card": [("钱打回", "这张卡里就行"), ("我用的招行，", "。"), ("信用卡", "扣错了")],
        "plate": [("开的", "，被你们的车蹭了"), ("挪车！", "挡着我了"), ("保单上登记的是", "。")],
        "email": [("合同传", "行吗"), ("我用", "注册的账户"), ("", "，收到回我。")],
        "address": [("师傅上门到", "，下午我在家。"), ("东西寄", "，别放驿站"), ("报装地点：", "")],
        "name": [("名字叫", "，大写的那个。"), ("机主是", "，我是他家属。"),
                 ("找", "先生本人核实"), ("我是", "女士的家人")],
        "order": [("查一下快递单号", "到哪儿了"), ("工单号：", "，上周报的。"),
                  ("我的订单编号是", "，催一下。")],
    },
}  # fmt: skip


def _decoy(rng: random.Random, part: str) -> tuple[str, tuple[str, ...]]:
    """A sentence with numbers that are nobody's, and those numbers."""
    money = rng.choice(
        (f"{rng.randint(10, 99999)}元", f"{rng.randint(10, 999)}.{rng.randint(10, 99)}元")
    )
    day = f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    clock = f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}"
    eight = str(rng.randint(30000000, 89999999))
    count = rng.choice(
        (f"{rng.randint(2, 48)}个", f"{rng.randint(2, 31)}天", f"{rng.randint(2, 12)}件")
    )
    dev = [
        (f"一共扣了{money}，{day}扣的。", (money, day)),
        (f"{clock}打过来的，等了{count}。", (clock, count)),
        (f"错误代码{eight}，一直登不上。", (eight,)),
    ]
    until = day.replace("-", "年", 1).replace("-", "月") + "日"
    zh_day = f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    held = [
        (f"{zh_day}{clock}之前交{money}就可以", (zh_day, clock, money)),
        (f"买了{count}，型号是{eight}的那款，才{money}", (count, eight, money)),
        (
            f"套餐一百三十八块，{count}内生效，{until}到期",
            (count, "一百三十八块"),
        ),
        (f"机器上显示{eight}，{day.replace('-', '/')}买的", (eight, day.replace("-", "/"))),
    ]
    return rng.choice(dev if part == "dev" else held)


def _say(digits: str, *, plain: bool = False) -> str:
    return "".join((_PLAIN_SPOKEN if plain else _SPOKEN).get(char, char) for char in digits)


def _wide(digits: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in digits)
