"""Links into a replay: which conversation; the moment or turn of it is the player's.

`/replay?source=pbx&external_id=call-7&t=83.2` is what other systems know a call by; `id` is the
product's own number. Whatever else stands in a link is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.dashboard import client


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
