"""RTTM as diarisation tools write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.conversation import Conversation, Role
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats import detect_format, parse_transcript

CALL = """\
;; made by a diarisation tool
SPKR-INFO call-17 1 <NA> <NA> <NA> unknown agent <NA> <NA>
SPEAKER call-17 1 4.20 3.05 <NA> <NA> customer <NA> <NA>
SPEAKER call-17 1 0.00 4.50 <NA> <NA> agent <NA> <NA>
SPEAKER call-17 1 8.00 1.00 <NA> <NA> SPEAKER_02 0.93 <NA>
SPEAKER call-18 1 0.5 2 <NA> <NA> 客户 <NA>
"""


def conversations(text: str) -> list[Conversation]:
    found = parse_transcript(text.encode(), "calls.rttm")
    assert all(isinstance(item, Conversation) for item in found)
    return [item for item in found if isinstance(item, Conversation)]


def test_turns_with_roles_where_names_say_them() -> None:
    assert detect_format(CALL.encode()) == "rttm"
    first, second = conversations(CALL)
    assert (first.external_id, first.source, first.channel) == ("call-17", "rttm", "phone")
    assert [(t.role, t.start, t.end, t.speaker) for t in first.turns] == [
        (Role.AGENT, 0.0, 4.5, "agent"),
        (Role.CUSTOMER, 4.2, 7.25, "customer"),
        (Role.UNKNOWN, 8.0, 9.0, "SPEAKER_02"),
    ]
    assert all(turn.channel is None and turn.text == "" for turn in first.turns)
    assert second.turns[0].role is Role.CUSTOMER


def test_a_broken_line_spoils_its_own_recording_only() -> None:
    broken = CALL + "SPEAKER call-17 1 ten 1.0 <NA> <NA> agent <NA> <NA>\n"
    error, fine = parse_transcript(broken.encode(), "calls.rttm")
    assert isinstance(error, TranscriptError)
    assert "line 7" in str(error)
    assert isinstance(fine, Conversation)


@pytest.mark.parametrize("times", ["nan 1", "1 -2", "inf 1", "1 1e999", "1", "x 1"])
def test_times_that_cannot_be_are_errors(times: str) -> None:
    line = f"SPEAKER c 1 0 1 <NA> <NA> agent <NA> <NA>\nSPEAKER c 1 {times} <NA> <NA> customer\n"
    (item,) = parse_transcript(line.encode(), "c.rttm")
    assert isinstance(item, EmotionMonitorError)
    assert "line 2" in str(item)


FIELD = st.text(st.characters(blacklist_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(FIELD, max_size=11), max_size=5))
def test_no_file_breaks_the_reader(lines: list[list[str]]) -> None:
    text = "SPEAKER c 1 0 1 <NA> <NA> agent <NA> <NA>\n"
    text += "\n".join("SPEAKER " + " ".join(fields) for fields in lines)
    for item in parse_transcript(text.encode(), "c.rttm"):
        assert isinstance(item, (Conversation, EmotionMonitorError))
