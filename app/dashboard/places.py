"""Links into a replay: which conversation, and which moment or turn of it.

`/replay?source=pbx&external_id=call-7&t=83.2` is what other systems know a call by; `id` is the
product's own number. Whatever else stands in a link is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.dashboard import client


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in a conversation.

    Attributes:
        turn: Index of the turn, from 0.
        seconds: Seconds from the conversation's start; None where its turns have no times.
    """

    turn: int
    seconds: float | None


def conversation_number(link: Mapping[str, str]) -> int | None:
    """The conversation that a link names, or None where it names none.

    Raises:
        ApiError: With status 404 if there is none of that source and external id.
    """
    number = link.get("id", "")
    if number.isdecimal():
        return int(number)
    external_id = link.get("external_id", "")
    if not external_id:
        return None
    found = client.conversations(
        source=link.get("source"), external_id=external_id, sort="-id", limit=1
    )["data"]
    if not found:
        raise client.ApiError(404, "there is no such conversation.")
    return int(found[0]["id"])


def moment(link: Mapping[str, str], turns: list[dict[str, Any]]) -> Moment | None:
    """The moment that a link names: the turn that is spoken at `t`, else the one before it.

    What is no time, and a turn that there is not, count as not given.
    """
    number = link.get("turn", "")
    if number.isdecimal() and 1 <= int(number) <= len(turns):
        return Moment(int(number) - 1, turns[int(number) - 1]["start"])
    try:
        seconds = float(link.get("t", ""))
    except ValueError:
        return None
    started = [i for i, turn in enumerate(turns) if turn["start"] is not None]
    if not started or not math.isfinite(seconds) or seconds < 0:
        return None
    before = [i for i in started if turns[i]["start"] <= seconds]
    return Moment(before[-1] if before else started[0], seconds)
