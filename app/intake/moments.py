"""Moments as call centres write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[T_ -]?(\d{2})(\d{2})(\d{2})?\d{0,3})?")
_DATE = r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
_CLOCK = r"(\d{1,2})\s*[:：时点]\s*(\d{1,2})\s*(?:[:：分]\s*(\d{1,2})?\s*秒?)?(?:[.,]\d{1,9})?"
_WRITTEN = re.compile(rf"{_DATE}(?:[T\s]*{_CLOCK})?\s*(Z|[+-]\d{{2}}:?\d{{2}})?")
_TIME = re.compile(_CLOCK)
_TIME_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{2})")
_EPOCH = re.compile(r"(1\d{9})(\d{3})?")
_SERIAL = re.compile(r"[2-6]\d{4}(\.\d+)?")
_SERIAL_ZERO = datetime(1899, 12, 30)


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """The moment that a text stands for, with a time zone.

    Args:
        text: 2026-06-30 23:50:00, 2026/6/30 23:50, 20260630235000, 2026年6月30日 23时50分, ISO 8601
            with or without an offset, seconds or milliseconds since 1970, a day of Excel.
        zone: Zone of those that name none.

    Raises:
        ValueError: If it is none of these.
    """
    text = text.strip()
    if epoch := _EPOCH.fullmatch(text):
        return datetime.fromtimestamp(int(epoch[1]) + int(epoch[2] or 0) / 1000, UTC)
    if _SERIAL.fullmatch(text):
        return (_SERIAL_ZERO + timedelta(days=float(text))).replace(tzinfo=zone)
    if digits := _DIGITS.fullmatch(text):
        return _moment(digits.groups(), zone)
    if written := _WRITTEN.fullmatch(text):
        *parts, offset = written.groups()
        moment = _moment(parts, zone)
        if offset:
            sign = datetime.fromisoformat(
                f"2000-01-01T00:00:00{'+00:00' if offset == 'Z' else offset}"
            )
            moment = moment.replace(tzinfo=sign.tzinfo)
        return moment
    raise ValueError(f"{text[:40]!r} is no moment")


def _moment(parts: Sequence[str | None], zone: ZoneInfo) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    return datetime(year, month, day, hour, minute, second, tzinfo=zone)


def joined(date: str, time: str) -> str:
    """One text from a date and a time of day that stood in two cells."""
    if digits := _TIME_DIGITS.fullmatch(time.strip()):
        time = ":".join(digits.groups())
    elif " " in time.strip() and not _TIME.fullmatch(time.strip()):
        time = time.strip().rpartition(" ")[2]  # Excel gives a time of day its day 0.
    day = date.strip()
    if compact := re.fullmatch(r"(\d{4})(\d{2})(\d{2})", day):
        day = "-".join(compact.groups())
    else:
        day = re.split(r"[T\s]", day)[0]
    return f"{day} {time.strip()}".strip()
