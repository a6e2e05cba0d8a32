"""Personal numbers: telephones, identity cards, bank cards, orders, accounts.

A number may be written in digits of any script, spoken (幺三八, 零), broken by spaces, hyphens,
commas and pauses, or split over two turns. Where its form alone does not tell it from other
numbers, its checksum does, or a word in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from multimodal.masking.view import HIDDEN, IN_WORD, JOIN, LEAST_DIGITS, PAUSE, View

Found = tuple[str, int, int]
"""The type of what was found, and its half-open span in characters."""

_S = rf"[-\s.·,，、。/~_{PAUSE}{JOIN}]{{0,4}}"
"""What may stand between two digits of one number."""
_IS = rf"[\s:：是为#,，、)）(（【』」{PAUSE}{JOIN}-]{{0,6}}"
"""What may stand between a cue and its number."""
_MOBILE = re.compile(
    rf"(?<![0-9])(?<![0-9]\.)(?:[(（]?(?:\+|00)?86[)）]?{_S})?"
    rf"(1{_S}[3-9](?:{_S}[0-9]){{9}}(?:{_S}1{_S}[3-9](?:{_S}[0-9]){{9}}){{0,2}})(?![0-9])"
)
_ABROAD = re.compile(
    r"(?<![0-9+])\+(?!86)[0-9]{1,3}[- ]?(?:\([0-9]{1,4}\)[- ]?)?"
    r"[0-9]{2,4}(?:[- ]?[0-9]{2,4}){1,4}(?![0-9])"
    r"|(?<![0-9-])(?![48]00)(?:\([2-9][0-9]{2}\) ?|"
    r"[2-9][0-9]{2}[-. ])[0-9]{3}[-. ][0-9]{4}(?![0-9])"
)
_LANDLINE = re.compile(
    rf"(?<![0-9])(?:[(（](?:0[12][0-9]|0[3-9][0-9]{{2}})[)）]|0{_S}[12]{_S}[0-9]|"
    rf"0{_S}[3-9]{_S}[0-9]{_S}[0-9])"
    rf"{_S}[2-9](?:{_S}[0-9]){{6,7}}(?![0-9])(?:\s?(?:转|-|分机)\s?[0-9]{{1,6}}(?![0-9]))?"
)
_TELEPHONE_CUE = re.compile(
    rf"(?:电话|座机|固话|手机|联系方式|号码|致电|来电|拨打|小灵通|Tel|TEL|tel|phone number|"
    rf"call me (?:at|on)|phone)"
    rf"(?:号码|号)?(?:\s?is)?{_IS}((?![48]00{_S}[0-9]|"
    rf"1{_S}[0-2])[0-9](?:{_S}[0-9]){{6,12}})(?![0-9])"
)
_ID_CARD = re.compile(rf"(?<![0-9])[1-8](?:{_S}[0-9]){{16}}{_S}[0-9Xx](?![0-9])")
_ID_CUE = re.compile(
    rf"(?:身份证|证件)(?:号码|号|的)?(?:的?[前后末][四六八4689{IN_WORD}]位(?:数|数字)?)?{_IS}"
    rf"([0-9](?:{_S}[0-9]){{3,16}}(?:{_S}[0-9Xx])?)(?![0-9])"
)
_BANK_CARD = re.compile(rf"(?<![0-9])[3-69](?:{_S}[0-9]){{14,18}}(?![0-9])")
_BANK_CUE = re.compile(
    rf"(?:卡|开户行?账号|收款账号|card number|card)(?:号码|号)?(?:\s?is)?{_IS}"
    rf"([0-9](?:{_S}[0-9]){{11,18}})(?![0-9])"
)
_ORDER_CUE = re.compile(
    rf"(?:(?:订单|运单|快递|物流|流水|工单|受理|投诉|合同|保单|发票|退单|退款|交易|支付|障碍|"
    rf"报修|回执)"
    rf"(?:编号|单号|号码|尾号|号)+(?:后[四六八468{IN_WORD}]位)?|单号|订单|(?:order|tracking|booking|"
    rf"ticket)(?: number| no\.?|"
    rf" id)?)(?:\s?is)?{_IS}"
    rf"((?:[A-Za-z]{{0,6}}-?)[0-9][0-9A-Za-z{HIDDEN}-]{{0,31}}(?:{_S}[0-9]{{2,20}}){{0,8}})",
    re.IGNORECASE,
)
_COURIER = re.compile(
    r"(?<![A-Za-z0-9])(?:SF|YT|JD[A-Z]{0,2}|ZTO|STO|EMS|YD|TK|QT)-?[0-9]{10,18}(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ACCOUNT_CUE = re.compile(
    rf"(?:(?:QQ|qq|会员|客户|用户|户|帐|账|宽带|套餐)(?:编号|账号|帐号|卡号|号码|号)|"
    rf"账户|帐户|QQ|qq|"
    rf"account(?: number)?)"
    rf"(?:\s?is)?{_IS}([0-9](?:{_S}[0-9]){{4,18}})(?![0-9])"
)
_PASSPORT = re.compile(rf"护照(?:号码|号)?{_IS}([A-Za-z]{{1,2}}[0-9]{{7,8}})(?![0-9])")
_WECHAT = re.compile(
    r"(?:微信|威信|WeChat|wechat|vx|VX)(?:号|账号)?[\s:：是]{0,4}([A-Za-z][-_A-Za-z0-9]{5,19})"
)
_SPOKEN_ENGLISH = re.compile(
    r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double|"
    r"triple)\b[\s,.\-]{0,3}){7,}",
    re.IGNORECASE,
)
_DIGIT = re.compile("[0-9]")
_LISTING = re.compile("[,，、。/~]")
_NEAR_CUE = re.compile("电话|手机|号码|联系|tel|phone", re.IGNORECASE)
_CUE_CHARACTERS = 15

_PROVINCES = frozenset(
    tens + unit
    for tens, units in ((10, 5), (20, 3), (30, 7), (40, 6), (50, 4), (60, 5), (70, 1), (80, 3))
    for unit in range(0 if tens == 50 else 1, units + 1)
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"
_ISSUERS = re.compile(r"62|4|5[1-5]|2[2-7]|3[4-79]|60|65|9[0-9]|6[0-9]")
_ABROAD_DIGITS = 9
"""Digits of the shortest whole number with its country or area."""


def find_numbers(view: View) -> Iterator[Found]:
    """Personal numbers in a text; spans may overlap, the surer ones come first."""
    spoken, digits = view.spoken, view.digits
    if digits_in(spoken) < LEAST_DIGITS:
        yield from _english(view.words)
        return
    for found in _ID_CARD.finditer(spoken):
        if is_id_card(_plain(found[0])):
            yield "id_card", *found.span()
    for pattern in (_ID_CUE, _PASSPORT):
        for found in pattern.finditer(spoken):
            yield "id_card", *found.span(1)
    for found in _BANK_CARD.finditer(spoken):
        if is_bank_card(_plain(found[0])) and _is_one_card(view, *found.span()):
            yield "bank_card", *found.span()
    for pattern, name in (
        (_BANK_CUE, "bank_card"),
        (_ORDER_CUE, "order"),
        (_ACCOUNT_CUE, "account"),
    ):
        for found in pattern.finditer(digits):
            if name != "order" or digits_in(found[1]) >= 6:
                yield name, *_trimmed(found)
    for found in _COURIER.finditer(digits):
        yield "order", *found.span()
    for found in _MOBILE.finditer(digits):
        if _is_one_number(view, *found.span(1)):
            yield "mobile", *found.span()
    for found in _LANDLINE.finditer(digits):
        yield "landline", *found.span()
    for found in _ABROAD.finditer(digits):
        if digits_in(found[0]) >= _ABROAD_DIGITS:
            yield "mobile", *found.span()
    for found in _TELEPHONE_CUE.finditer(digits):
        count, area = digits_in(found[1]), _plain(found[1]).startswith("0")
        if not area or count >= _ABROAD_DIGITS:  # 020-10000 is the area's service number.
            mobile = _plain(found[1]).startswith("1") and count > 9
            yield "mobile" if mobile else "landline", *found.span(1)
    for found in _WECHAT.finditer(view.words):
        yield "account", *found.span(1)
    yield from _english(view.words)


def is_id_card(number: str) -> bool:
    """Whether 18 characters are a resident identity number (GB 11643-1999).

    Its first two digits are a province, digits 7 to 14 a date of birth, and the last character is
    the check of ISO 7064 MOD 11-2.
    """
    if len(number) != 18 or not number[:17].isdigit() or int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if born.year < 1900:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECK[total % 11] == number[17].upper()


def is_bank_card(number: str) -> bool:
    """Whether 15 to 19 digits are a payment card: a known issuer and Luhn's check (ISO 7812)."""
    if not (15 <= len(number) <= 19 and number.isdigit() and _ISSUERS.match(number)):
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(number))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def digits_in(text: str) -> int:
    """How many ASCII digits a text has."""
    return len(_DIGIT.findall(text))


def _plain(text: str) -> str:
    return "".join(char for char in text if char.isalnum() and char.isascii())


def _trimmed(found: re.Match[str]) -> tuple[int, int]:
    """The span of what a cue names, without signs at its end."""
    start, end = found.span(1)
    while end > start and not found.string[end - 1].isalnum():
        end -= 1
    return start, end


def _is_one_card(view: View, start: int, end: int) -> bool:
    """Whether digits are one card's and not several numbers that pass for one by chance."""
    written = view.words[start:end]
    groups = re.findall("[0-9]+", written)
    if sum(map(len, groups)) < digits_in(view.spoken[start:end]):
        return True  # Spoken.
    signs = {sign for sign in written if not sign.isdigit()} - {PAUSE, JOIN}
    even = all(len(group) == len(groups[0]) for group in groups[:-1])
    return (not signs or signs == {" "} or signs == {"-"}) and (even or len(groups) == 2)


def _is_one_number(view: View, start: int, end: int) -> bool:
    """Whether eleven digits are one number and no list of prices: 1999、2999、399."""
    written = view.words[start:end]
    if JOIN in written or not _LISTING.search(written):
        return True
    groups = re.findall("[0-9]+", written)
    if sum(map(len, groups)) < digits_in(view.spoken[start:end]) or len(groups) >= 9:
        return True  # Spoken, or dictated digit by digit.
    near = view.words[max(0, start - _CUE_CHARACTERS) : start]
    return [len(group) for group in groups] == [3, 4, 4] or bool(_NEAR_CUE.search(near))


def _english(words: str) -> Iterator[Found]:
    for found in _SPOKEN_ENGLISH.finditer(words):
        rest = len(found[0].rstrip(" ,.-\t\r\n"))
        yield "mobile", found.start(), found.start() + rest
