"""Names, addresses, plates and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.masking.names import CITIES, COMPOUND, NOT_IN_NAMES, NOT_NAMES, PROVINCES, SURNAMES
from multimodal.masking.numbers import Found
from multimodal.masking.view import View

_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_SURNAME = f"(?:{'|'.join(COMPOUND)}|[{''.join(sorted(SURNAMES))}])"
_GIVEN = rf"(?:(?!{'|'.join(NOT_NAMES)}|[{''.join(sorted(NOT_IN_NAMES))}]){_HAN})"
_TITLE = "(?:先生|女士|小姐|太太)"
_IN_FULL = rf"{_SURNAME}{_HAN}{{1,2}}(?<![卡级员户人])(?:[，,。.!！\s]|$)"
"""我是 says many things: a name only where the sentence ends behind it."""
_SAYS_NAME = rf"[我他她]叫|我是(?={_IN_FULL})|名字叫|名字是|本人叫"
"""Behind these stands a name, and the sentence may go on at once."""
_NAME_FIELD = (
    "名叫|(?:姓名|户名|联系人|收件人|收货人|持卡人|机主|户主|申请人|投保人|开户人|乘客|乘机人|"
    "入住人|名字)"
    "(?:姓名|名字)?(?:是|为|叫|就是)?"
)
"""Behind these too, but they are said in passing as well: 收件人电话. The name must end there."""
_NAME_ENDS = rf"(?:(?!{_HAN})|(?={'|'.join(NOT_NAMES)}|[{''.join(sorted(NOT_IN_NAMES))}]))"
_NAMED = re.compile(
    rf"(?:{_SAYS_NAME})[\s:：,，]{{0,3}}({_SURNAME}{_GIVEN}{{1,2}})"
    rf"|(?:{_NAME_FIELD})[\s:：,，]{{0,3}}({_SURNAME}{_GIVEN}{{1,2}}){_NAME_ENDS}"
)
_FILLED_IN = re.compile(
    rf"(?:姓名|联系人|收件人|收货人|户名|持卡人)\s?[:：]\s?(?!{'|'.join(NOT_NAMES)}|联系|地址)"
    rf"({_HAN}{{2,4}})(?!{_HAN})"
)
_SPELT = re.compile(
    rf"(?:我姓|免贵姓|贵姓是?|姓)({_SURNAME})(?:[\s,，]{{0,2}}(?:名|叫)({_GIVEN}{{1,2}}))?"
)
_TITLED = re.compile(rf"(?<![任为如](?=何))({_SURNAME}{_GIVEN}{{0,2}})(?={_TITLE})")
_THANKS = re.compile("[感谢多]谢$")
_ENGLISH_CUE = re.compile(
    r"\b(?:[Mm]y name(?: is|'s)|[Nn]ame is|[Tt]his is|I am called|[Ii]'m called|Mr\.?|Mrs\.?|"
    r"Ms\.?|Miss)\s+"
    r"([A-Z][a-z'-]+(?:\s[A-Z][a-z'-]+){0,2})"
)
_ENGLISH_SELF = re.compile(r"\b(?:I'm|I am)\s+([A-Z][a-z'-]+\s[A-Z][a-z'-]+)\b")
_NO_ENGLISH_NAME = frozenset(
    ["The", "A", "An", "My", "Your", "It", "That", "This", "Not", "Just", "So", "What", "Agent"]
)

_PLATE = re.compile(
    r"(?<![A-Za-z0-9])[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]\s?[A-HJ-NP-Za-hj-np-z][·•.\s-]{0,2}"
    r"((?:[A-HJ-NP-Za-hj-np-z0-9][\s,，]?){4,5}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳])(?![A-Za-z0-9])"
)
_EMAIL = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,63})@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}"
    r"|[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}\s?(?:艾特|圈a|小老鼠| at )\s?[A-Za-z0-9-]{1,63}"
    r"(?:\s?(?:点|\.| dot )\s?(?:com|cn|net|org|edu|COM|CN)){1,2}"
)

_PLACE = "|".join(sorted({*PROVINCES, *CITIES}, key=len, reverse=True))
_NOT_IN_PLACES = (
    "你我他她它您咱谁的了吗呢吧啊呀哦嗯是在有跟要想不就也都这那么没被把给从来去"
    "说问买用请让能还又很得住寄送离到佬各满"
)
_IN_PLACES = rf"(?:(?![{_NOT_IN_PLACES}]){_HAN})"
_NUMBER = r"[0-9A-Za-z一二三四五六七八九十百零〇幺\-]{1,8}"
_BUILDING = rf"{_NUMBER}\s?(?:号楼|号院|号|栋|幢|座|单元|室|楼|层|组|队|弄|户|门)"
_UNIT = (
    rf"(?:{_BUILDING}|{_IN_PLACES}{{1,8}}?(?:特别行政区|自治区|自治州|自治县|开发区|高新区|新区|"
    rf"街道|社区|小区|花园|公寓|大厦|广场|"
    r"家园|新村|大道|胡同|省|市|区|县|旗|镇|乡|(?<!农)村|庄|(?<!网)路|街|巷|苑|院|屯){1,3}|"
    r"[0-9]{2,4}(?![0-9元块月年日]))"
)
# Atomic and possessive: a text made to be slow is read as fast as any other.
_UNITS = rf"(?:(?>\s?{_UNIT})){{1,8}}+"
_ADDRESS = re.compile(rf"(?:{_PLACE})(?:省|市|自治区|特别行政区)?{_UNITS}")
_ADDRESS_CUE = re.compile(
    r"(?:地址(?:是|为|在|写|填)?|住址(?:是|为)?|我家?住在?|家住|家在|寄到|寄给?|送到|送货到|"
    r"收货地址?是|搬到|位于|我在(?=[:：]))"
    rf"[\s:：,，]{{0,3}}((?:{_PLACE})?(?:省|市)?{_UNITS})"
)
_STREET = re.compile(
    rf"{_IN_PLACES}{{2,6}}?(?:路|街|大道|巷|弄|胡同|小区|花园|公寓|大厦|家园|新村|苑)"
    rf"(?:\s?{_BUILDING}){{1,5}}+(?:\s?[0-9]{{2,4}}(?![0-9元块月年日]))?"
)
_DISTRICT = re.compile(rf"{_IN_PLACES}{{1,4}}?(?:区|县|镇|乡){_UNITS}")
_NUMBERED = re.compile(r"[0-9A-Za-z]\s?(?:号楼|号|栋|幢|座|单元|室|弄)")
_DETAILED = re.compile(
    r"路|街|道|巷|弄|胡同|小区|社区|花园|公寓|大厦|广场|家园|新村|村|庄|镇|乡|苑|栋|幢|座|单元|"
    r"室|楼|院|组|队"
)
_FLOOR = re.compile(rf"{_NUMBER}\s?[楼层室座]|.{{0,2}}[村院楼层]")
"""Where somebody is in a house that nobody named: 我住21楼."""
_ENGLISH_ADDRESS = re.compile(
    r"\b[0-9]{1,5}\s(?:[A-Z][a-z]+\s){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|"
    r"Boulevard|Blvd|Court|Ct|Terrace|Place|Square|Way)\b\.?"
)
_SIGNS = re.compile("[省市区县路街道镇乡村庄号栋幢座室苑园厦寓巷弄里]")
_TITLES = ("先生", "女士", "小姐", "太太")


def find_words(view: View) -> Iterator[Found]:
    """Names, addresses, plates and e-mail addresses; spans may overlap."""
    words = view.words
    if "@" in words or "艾特" in words or " at " in words or "小老鼠" in words or "圈a" in words:
        for found in _EMAIL.finditer(words):
            yield "email", *found.span()
    yield from _plates(view)
    yield from _addresses(words)
    yield from _names(words)


def _plates(view: View) -> Iterator[Found]:
    for found in _PLATE.finditer(view.spoken):
        if sum(char.isdigit() for char in found[1]) >= 2:
            yield "plate", *found.span()


def _addresses(words: str) -> Iterator[Found]:
    if _SIGNS.search(words):
        for found in _ADDRESS.finditer(words):
            if found[0][2:] not in CITIES and _DETAILED.search(found[0]):
                yield "address", *found.span()
        for found in _ADDRESS_CUE.finditer(words):
            if _DETAILED.search(found[1]) and not _FLOOR.fullmatch(found[1]):
                yield "address", *found.span(1)
        for found in _DISTRICT.finditer(words):
            if _NUMBERED.search(found[0]):
                yield "address", *found.span()
        for found in _STREET.finditer(words):
            yield "address", *found.span()
    if words.isascii():
        for found in _ENGLISH_ADDRESS.finditer(words):
            yield "address", *found.span()


def _names(words: str) -> Iterator[Found]:
    for found in _NAMED.finditer(words):
        yield "name", *found.span(1 if found[1] else 2)
    for found in _FILLED_IN.finditer(words):
        yield "name", *found.span(1)
    if "姓" in words:
        for found in _SPELT.finditer(words):
            yield "name", *found.span(1)
            if found[2]:
                yield "name", *found.span(2)
    if any(title in words for title in _TITLES):
        for found in _TITLED.finditer(words):
            start, end = found.span(1)
            if end - start > 1 and _THANKS.search(words[: start + 1]):
                start += 1  # 感谢王先生: 谢 thanks and is no surname.
            yield "name", start, end
    for found in _ENGLISH_SELF.finditer(words):
        yield "name", *found.span(1)
    for found in _ENGLISH_CUE.finditer(words):
        if found[1].split()[0] not in _NO_ENGLISH_NAME:
            yield "name", *found.span(1)
