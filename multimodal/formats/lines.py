"""Plain text, one turn a line: `客户：…`, `坐席：…`, `Agent: ...`."""

from __future__ import annotations

from collections.abc import Iterator

from multimodal.conversation import Role, Turn
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import names_in, role_of, split_name
from multimodal.formats.turns import make_conversation, make_turn


def _detect(source: Source) -> bool:
    """At least a third of the lines begin with a name whose role is known."""
    lines = [line for line in source.text.splitlines() if line.strip()]
    names = [split[0] for split in map(split_name, lines) if split]
    known = sum(role_of(name) is not Role.UNKNOWN for name in names)
    return known > 0 and 3 * known >= len(lines)


def _read(source: Source) -> Iterator[Item]:
    lines = [line for line in source.text.splitlines() if line.strip()]
    names = names_in(lines)
    preamble: list[str] = []
    said: list[tuple[str, list[str]]] = []
    for line in lines:
        split = split_name(line)
        if split and split[0] in names:
            said.append((split[0], [split[1].strip()]))
        else:
            # A message of several lines goes on, or the first one has not begun yet.
            (said[-1][1] if said else preamble).append(line.strip())
    turns: list[Turn] = [
        make_turn(
            f"{source.name}, turn {number}",
            role=role_of(name),
            text="\n".join(parts),
            speaker=name,
        )
        for number, (name, parts) in enumerate(said, start=1)
    ]
    attributes = {"preamble": "\n".join(preamble)} if preamble else {}
    yield make_conversation(turns, source.name, source="lines", attributes=attributes)


LINES = Format(
    name="lines",
    zh="纯文本，每行「客户：…」「坐席：…」",
    en="plain text, lines such as 'Customer: ...' and 'Agent: ...'",
    detect=_detect,
    read=_read,
)
