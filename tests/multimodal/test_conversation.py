"""What a conversation may be, and what the error says where it may not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from multimodal.conversation import (
    MAX_TURN_CHARACTERS,
    MAX_TURNS,
    Conversation,
    Media,
    Role,
    Turn,
)
from multimodal.errors import InvalidConversationError


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"role": "manager"}, "role is 'manager', expected one of customer"),
        ({"start": 5.0, "end": 4.0}, "ends at 4.0 s, which is not after its start at 5.0 s"),
        ({"start": 5.0, "end": 5.0}, "not after its start"),
        ({"end": 5.0}, "not after its start at None"),
        ({"start": float("nan")}, "start is nan"),
        ({"start": 1.0, "end": float("inf")}, "end is inf"),
        ({"text": "话" * (MAX_TURN_CHARACTERS + 1)}, "100,001 characters, expected at most"),
    ],
)
def test_a_bad_turn_says_what_was_expected(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConversationError, match=message):
        Turn(**{"role": Role.CUSTOMER, **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"external_id": ""}, "external_id has 0 characters"),
        ({"external_id": "x" * 201}, "external_id has 201 characters"),
        ({"started_at": datetime(2026, 6, 30, 23, 50)}, "has no time zone"),
        ({"timezone": "Mars/Olympus"}, "not an IANA time zone"),
        ({"timezone": "../etc/passwd"}, "not an IANA time zone"),
        (
            {"turns": (Turn(Role.AGENT, start=3.0), Turn(Role.AGENT, start=2.0))},
            "turn 2: it starts at 2.0 s, before",
        ),
        ({"turns": (Turn(Role.AGENT),) * (MAX_TURNS + 1)}, "20,001 turns"),
    ],
)
def test_a_bad_conversation_says_what_was_expected(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConversationError, match=message):
        Conversation(**{"external_id": "c", **fields})


@pytest.mark.parametrize(
    "region", [(0, 0, 0, 1), (0.5, 0, 0.6, 1), (-0.1, 0, 1, 1), (0, 0, 1), (0, 0, 1, float("nan"))]
)
def test_a_bad_region_is_refused(region: Any) -> None:
    with pytest.raises(InvalidConversationError, match="customer_region"):
        Media(Path("a.mp4"), {}, region)


def test_text_that_no_database_stores_is_mended() -> None:
    assert Turn(Role.CUSTOMER, "a\x00b\ud800c").text == "a\ufffdb\ufffdc"
    assert Conversation("c\ud800").external_id == "c\ufffd"


def test_duration_is_the_latest_end() -> None:
    turns = (
        Turn(Role.AGENT, start=0.0, end=9.0),
        Turn(Role.CUSTOMER, start=1.0, end=2.0),
        Turn(Role.CUSTOMER, start=3.0),
    )
    assert Conversation("c", turns).duration == 9.0
    assert Conversation("c").duration is None
