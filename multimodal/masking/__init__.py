"""Personal data in transcripts, masked on the way in: before anything is scored, kept or logged.

Found are mobile and landline numbers, identity cards (by GB 11643's checksum), bank cards (by
Luhn's), plates, e-mail addresses, addresses, names after words such as 我叫 and before 先生, order
numbers and accounts; in digits of any script and as spoken (幺三八, 零), broken by separators, and
split over a speaker's neighbouring turns. What is found is replaced for good: there is no table
from placeholders back to data.

Only words are masked. **Recordings are not**: a voice says its number aloud, and whoever may not
keep that sets `EMOTION_MONITOR_KEEP_RECORDINGS=false`. No list of rules finds everything: a name
without a cue and an address without a street stay. `benchmarks/masking.py` says how much is found.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from multimodal.conversation import INFERRED, MAX_TURN_CHARACTERS, Conversation, Role, Turn
from multimodal.errors import EmotionMonitorError
from multimodal.masking.across import NEAR_TURNS, find_across, parts_of_numbers
from multimodal.masking.names import COMPOUND, SURNAMES
from multimodal.masking.numbers import Found, find_numbers, is_id_card
from multimodal.masking.view import view_of
from multimodal.masking.words import find_words

__all__ = ["NEAR_TURNS", "PLACEHOLDERS", "TYPES", "Masked", "Masker", "Style", "plain_number"]

Style = Literal["placeholder", "partial"]
TYPES: Mapping[str, tuple[str, str]] = {
    "mobile": ("[手机号]", "[phone]"),
    "landline": ("[座机号]", "[phone number]"),
    "id_card": ("[身份证号]", "[id number]"),
    "bank_card": ("[银行卡号]", "[card number]"),
    "plate": ("[车牌号]", "[plate]"),
    "email": ("[邮箱]", "[e-mail]"),
    "address": ("[地址]", "[address]"),
    "name": ("[姓名]", "[name]"),
    "order": ("[订单号]", "[order number]"),
    "account": ("[账号]", "[account]"),
}
"""What is masked, with its placeholders in Chinese and English conversations."""
PLACEHOLDERS = frozenset(text for pair in TYPES.values() for text in pair)
_KEEPS: Mapping[str, tuple[int, int]] = {
    "mobile": (3, 4),
    "landline": (3, 2),
    "id_card": (1, 2),
    "bank_card": (0, 4),
    "plate": (2, 1),
    "email": (1, 0),
    "name": (1, 0),
    "order": (0, 4),
    "account": (0, 2),
}
"""Characters that the partial style keeps in front and at the end; an address keeps none."""
_PASSES = 5
_WORD_KEYS = ("word", "text", "content", "w")
"""What vendors call the word in a list of words."""
_UUID = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REFERENCE = re.compile("[0-9a-f]{32}")
_CAME_MASKED = re.compile("[*＊]|[xX×]{2,}")
_GENERIC_SPEAKER = re.compile(
    r"(?i)\W*(?:spk|speaker|spkr|channel|ch|agent|customer|caller|user|客户|顾客|用户|来电|客服|坐席|说话人|发言人|声道)?[\W_]*\d{0,4}\W*"
)
_PERSON = re.compile(
    rf"(?:{'|'.join(COMPOUND)}|[{''.join(sorted(SURNAMES))}])[\u4e00-\u9fff]{{1,2}}"
    r"|[A-Z][a-z'-]+(?: [A-Z][a-z'-]+){1,2}"
)
_WHOSE = (
    "(?:客户|顾客|用户|会员|联系人|来电人|机主|车主|户主|收件人|收货人|投保人|患者|乘客"
    "|customer|caller|client|contact)"
)
_COLUMNS: Mapping[str, re.Pattern[str]] = {
    "name": re.compile(f"(?i){_WHOSE}?(?:姓名|名字)|联系人|{_WHOSE}[ _-]?name"),
    "address": re.compile(f"(?i){_WHOSE}?[ _-]?(?:家庭|收货|联系|通讯)?(?:住址|地址|address)"),
    "id_card": re.compile(f"(?i){_WHOSE}?(?:身份证|证件)(?:号码?)?|id[ _-]?card"),
    "bank_card": re.compile(f"(?i){_WHOSE}?(?:银行)?卡号|card[ _-]?number"),
    "account": re.compile(f"(?i){_WHOSE}?(?:账号|帐号)|account[ _-]?number"),
}
"""Columns and keys whose values are personal data whatever stands there."""
_IN_FILE_NAME = re.compile(r"(?<![0-9])(1[3-9][0-9])([0-9]{4})([0-9]{4})(?![0-9])")
_ID_IN_FILE_NAME = re.compile(r"(?<![0-9])[1-8][0-9]{16}[0-9Xx](?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its personal data.

    Attributes:
        text: The text as it may be kept.
        found: What stood in the *original*: type and half-open span in characters, in order.
    """

    text: str
    found: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Masker:
    """Masks texts, turns, conversations and errors. Masking twice is masking once.

    Attributes:
        types: Which of `TYPES` are masked.
        style: `placeholder` for [手机号], `partial` for 138****1234.
        key: Gives the site's secret under which customers' numbers become references, when one is
            needed; where it is empty no reference is kept.
    """

    types: frozenset[str] = frozenset(TYPES)
    style: Style = "placeholder"
    key: Callable[[], bytes] = bytes

    def text(self, text: str, *, english: bool = False) -> str:
        """A text without its personal data; one that has none comes back as it is."""
        return self.find(text, english=english).text

    def find(self, text: str, *, english: bool = False) -> Masked:
        """A text without its personal data, and where that stood.

        Args:
            text: Any text.
            english: Whether placeholders are in English.
        """
        first: tuple[Found, ...] = ()
        # What is masked may leave a new beginning behind: until nothing more is found.
        for _ in range(_PASSES):
            found = self._found(text)
            if not found:
                break
            first = first or found
            text = self._replaced(text, found, english)
        return Masked(text[:MAX_TURN_CHARACTERS], first)

    def turns(self, turns: Sequence[Turn], *, english: bool = False) -> tuple[Turn, ...]:
        """Turns without personal data, also where one number was said over several of them."""
        texts = [self.text(turn.text, english=english) for turn in turns]
        # A part that is masked may leave a new beginning behind, as in one text.
        for _ in range(_PASSES):
            across = find_across(turns, texts, PLACEHOLDERS)
            for index, found in across.items():
                wanted = merged(one for one in found if one[0] in self.types)
                texts[index] = self._replaced(texts[index], wanted, english)
            if not across:
                break
        speakers = self._speakers(turns)
        masked = []
        for turn, text in zip(turns, texts, strict=True):
            attributes = self.json(turn.attributes)
            speaker = speakers.get(turn.speaker, turn.speaker)
            if (text, speaker, attributes) != (turn.text, turn.speaker, turn.attributes):
                turn = replace(turn, text=text, speaker=speaker, attributes=attributes)
            masked.append(turn)
        return tuple(masked)

    def conversation(self, conversation: Conversation) -> Conversation:
        """A conversation as it may be scored and kept.

        A customer's number in `customer_ref` becomes its keyed hash, in `customer_display` the form
        138****1234, and in the external id that form with a few digits of the hash.
        """
        english = conversation.language.lower().startswith("en")
        return replace(
            conversation,
            turns=self.turns(conversation.turns, english=english),
            external_id=self.name(conversation.external_id)[:200],
            queue=self.text(conversation.queue),
            team=self.text(conversation.team),
            business_type=self.text(conversation.business_type),
            customer_ref=self.reference(conversation.customer_ref),
            customer_display=self.display(conversation.customer_display),
            attributes=self.json(conversation.attributes),
        )

    def reference(self, customer: str) -> str:
        """The keyed hash (BLAKE2b, 32 hex digits) by which a customer is recognised and erased.

        Args:
            customer: A number in any spelling, or a reference already, which stays as it is.

        Returns:
            An empty string for an empty one, for one that came masked (it may be many people's),
            or where the site has no key.
        """
        customer = customer.strip()
        if not customer or _REFERENCE.fullmatch(customer):
            return customer
        if _CAME_MASKED.search(customer):
            return ""
        key = self.key()
        if not key:
            return ""
        plain = plain_number(customer)
        return hashlib.blake2b(plain.encode(), digest_size=16, key=key[:64]).hexdigest()

    def display(self, customer: str) -> str:
        """A customer as people may see them: 138****1234."""
        partial = replace(self, types=frozenset(TYPES), style="partial")
        return partial.text(_IN_FILE_NAME.sub(r"\1****\3", customer))

    def name(self, name: str, *, distinct: bool = True) -> str:
        """An id or a file's name without telephone and identity numbers.

        Args:
            name: The name.
            distinct: Whether distinct ones stay so, by some digits of a hash.
        """

        def hidden(found: re.Match[str]) -> str:
            if not distinct:
                return f"{found[0][:3]}****{found[0][-4:]}"
            digest = hashlib.blake2b(found[0].encode(), digest_size=5, key=self.key()[:64])
            return f"{found[0][:3]}****{found[0][-4:]}~{digest.hexdigest()}"

        shown = _IN_FILE_NAME.sub(hidden, name)
        return _ID_IN_FILE_NAME.sub(
            lambda found: hidden(found) if is_id_card(found[0]) else found[0], shown
        )

    def error(self, error: EmotionMonitorError) -> EmotionMonitorError:
        """The same error without what somebody said in it."""
        return type(error)(
            self.text(error.what),
            where=self.display(error.where),
            remedy=self.text(error.remedy),
        )

    def json(self, value: Any) -> Any:
        """A JSON value with every text in it masked; numbers that are telephones become texts."""
        match value:
            case str():
                return value if _UUID.fullmatch(value) else self.text(value)
            case bool():
                return value
            case int() if _IN_FILE_NAME.fullmatch(str(value)):
                return self.text(str(value))
            case Mapping():
                return {key: self._under(key, item) for key, item in value.items()}
            case list() | tuple():
                return self._list([self.json(item) for item in value])
            case _:
                return value

    def _under(self, key: Any, item: Any) -> Any:
        """What stands under a name: a column 客户姓名 says what no rule sees in 王小明."""
        if isinstance(key, str) and isinstance(item, str) and item.strip():
            for kind, named in _COLUMNS.items():
                if kind in self.types and named.fullmatch(key.strip()):
                    return item if item in PLACEHOLDERS else self._mark(kind, item, False)
        return self.json(item)

    def _list(self, items: list[Any]) -> list[Any]:
        """Masks numbers that lie in several items: vendors list words one by one."""
        places = [(n, word) for n, item in enumerate(items) if (word := _word_of(item)) is not None]
        parts: dict[int, list[Found]] = {}
        for index, one in parts_of_numbers([word for _, word in places], PLACEHOLDERS):
            parts.setdefault(index, []).append(one)
        for index, found in parts.items():
            number, word = places[index]
            wanted = merged(one for one in found if one[0] in self.types)
            text = self._replaced(word, wanted, False)
            item = items[number]
            if isinstance(item, str):
                items[number] = text
            else:
                key = next(key for key in _WORD_KEYS if key in item)
                items[number] = {**item, key: text}
        return items

    def _found(self, text: str) -> tuple[Found, ...]:
        if len(text) < 2:
            return ()
        view = view_of(text, PLACEHOLDERS)
        found = (*find_numbers(view), *find_words(view))
        return merged(one for one in found if one[0] in self.types)

    def _replaced(self, text: str, found: Iterable[Found], english: bool) -> str:
        parts, at = [], 0
        for kind, start, end in found:
            parts += [text[at:start], self._mark(kind, text[start:end], english)]
            at = end
        return "".join((*parts, text[at:]))

    def _mark(self, kind: str, said: str, english: bool) -> str:
        placeholder = TYPES[kind][1 if english else 0]
        if self.style == "placeholder" or kind not in _KEEPS:
            return placeholder
        head, tail = _KEEPS[kind]
        domain = ""
        if kind == "email" and "@" in said:
            said, _, domain = said.partition("@")
        if kind not in ("email", "name"):
            said = "".join(char for char in view_of(said, PLACEHOLDERS).spoken if char.isalnum())
        spoken = kind == "mobile" and not any(char.isdigit() for char in said)
        if spoken or (len(said) <= head + tail and kind not in ("name", "email")):
            return placeholder
        stars = "*" if kind == "name" else "****"
        shown = said[:head] if len(said) > 1 else ""
        return shown + stars + (said[-tail:] if tail else "") + (f"@{domain}" if domain else "")

    def _speakers(self, turns: Sequence[Turn]) -> dict[str, str]:
        """What speakers are called instead of their names; staff keep theirs."""
        masked: dict[str, str] = {}
        for turn in turns:
            name = turn.speaker
            if not name or name in masked or _GENERIC_SPEAKER.fullmatch(name):
                continue
            shown = self.text(name)
            customer = turn.role in (Role.CUSTOMER, Role.UNKNOWN) or INFERRED in turn.attributes
            if "name" in self.types and customer and _PERSON.fullmatch(shown.strip()):
                shown = TYPES["name"][0]
            if shown != name:
                taken = sum(other.startswith(shown) for other in masked.values())
                masked[name] = shown if not taken else f"{shown}{taken + 1}"
        return masked


def plain_number(number: str) -> str:
    """One spelling for all in which the same number is written: +86 138-1234-1234, 013812341234."""
    plain = re.sub(r"[\s()\-.]", "", view_of(number.strip(), PLACEHOLDERS).words).lower()
    return re.sub(r"^(?:(?:\+|00)?86|0)?0?(?=1[3-9][0-9]{9}$)", "", plain)


def _word_of(item: Any) -> str | None:
    """The word of one item in a list of words, None where it is something else."""
    if isinstance(item, Mapping):
        item = next((item[key] for key in _WORD_KEYS if key in item), None)
    return item if isinstance(item, str) else None


def merged(found: Iterable[Found]) -> tuple[Found, ...]:
    """Spans in order; overlapping ones become one, of the type that was found first."""
    ranked = sorted(enumerate(found), key=lambda item: (item[1][1], item[0]))
    result: list[tuple[int, Found]] = []
    for rank, (kind, start, end) in ranked:
        if result and start < result[-1][1][2]:
            before_rank, (before, begin, until) = result[-1]
            best = before if before_rank < rank else kind
            result[-1] = (min(rank, before_rank), (best, begin, max(until, end)))
        else:
            result.append((rank, (kind, start, end)))
    return tuple(one for _, one in result)
