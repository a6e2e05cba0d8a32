"""The canonical JSONL: complete, strict, lazy."""

from __future__ import annotations

import itertools
import json
import tracemalloc
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.conversation import Channel, Conversation, Direction, Media, Role, Turn
from multimodal.errors import EmotionMonitorError, InvalidConversationError, TranscriptError
from multimodal.formats import (
    conversation_from_json,
    conversation_to_json,
    detect_format,
    parse_transcript,
    read_transcript,
)

TURN = {"role": "customer", "text": "都三天了", "start": 0.5, "end": 2.0}


def line(**fields: Any) -> bytes:
    return json.dumps({"schema_version": 1, "turns": [TURN], **fields}).encode() + b"\n"


def jsonl(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(b"".join(lines))
    return path


seconds = st.floats(0, 1e6, allow_nan=False)
texts = st.text(max_size=30)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)
attributes = st.dictionaries(st.text("abc_情", max_size=5), json_values, max_size=3)


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    start = draw(st.none() | seconds)
    length = draw(st.none() | st.floats(0.01, 100))
    return Turn(
        role=draw(st.sampled_from(Role)),
        text=draw(st.text(st.characters(), max_size=40)),
        start=start,
        end=None if start is None or length is None else start + length,
        speaker=draw(texts),
        agent_id=draw(texts),
        channel=draw(st.none() | st.integers(0, 7)),
        attributes=draw(attributes),
    )


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    said = draw(st.lists(turns(), max_size=6))
    untimed = [turn for turn in said if turn.start is None]
    timed = sorted((t for t in said if t.start is not None), key=lambda turn: turn.start or 0)
    offset = timezone(timedelta(minutes=draw(st.integers(-700, 800))))
    return Conversation(
        external_id=draw(st.text(min_size=1, max_size=20)),
        turns=(*untimed, *timed),
        source=draw(st.text(min_size=1, max_size=20)),
        channel=draw(st.sampled_from(Channel)),
        direction=draw(st.sampled_from(Direction)),
        started_at=draw(
            st.none()
            | st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(offset))
        ),
        timezone=draw(st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin"])),
        queue=draw(texts),
        customer_display=draw(texts),
        notice=draw(texts),
        language=draw(texts),
        media=tuple(
            draw(
                st.lists(
                    st.builds(
                        Media,
                        path=st.text("ab录音. ", min_size=1, max_size=9).map(
                            lambda name: Path(f"/recordings/x{name}")
                        ),
                        channels=st.dictionaries(st.integers(0, 5), st.sampled_from(Role)),
                        customer_region=st.none()
                        | st.just((0.5, 0.0, 0.5, 1.0))
                        | st.just((0, 0, 1, 1)),
                        offset=st.floats(-100, 100),
                    ),
                    max_size=2,
                )
            )
        ),
        attributes=draw(attributes),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(conversations(), min_size=1, max_size=3))
def test_any_conversation_comes_back_as_it_was(
    tmp_path_factory: Any, given_: list[Conversation]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round_trip.jsonl"
    written = [json.dumps(conversation_to_json(c), ensure_ascii=False) for c in given_]
    path.write_text("".join(f"{text}\n" for text in written), encoding="utf-8")
    assert list(read_transcript(path)) == given_


def test_media_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    media = {
        "path": "calls/c1.wav",
        "channels": {"0": "agent", "1": "customer"},
        "customer_region": [0, 0, 0.5, 1],
        "offset": -1.5,
    }
    path = jsonl(tmp_path, line(media=[media]))
    (conversation,) = read_transcript(path)
    assert isinstance(conversation, Conversation)
    (found,) = conversation.media
    assert found.path == tmp_path / "calls" / "c1.wav"
    assert found.channels == {0: Role.AGENT, 1: Role.CUSTOMER}
    assert found.customer_region == (0.0, 0.0, 0.5, 1.0)
    assert found.offset == -1.5


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.wav", "a/b.wav", "a\\b.wav"])
def test_an_upload_cannot_name_files_of_this_machine(path: str) -> None:
    good, bad, bare = parse_transcript(
        line(external_id="1") + line(media=[{"path": path}]) + line(media=[{"path": "b.wav"}]), "up"
    )
    assert isinstance(bad, TranscriptError)
    assert "file name alone" in str(bad)
    assert isinstance(good, Conversation)
    assert isinstance(bare, Conversation)
    assert bare.media[0].path == Path("b.wav")


def test_a_bad_line_does_not_lose_the_others(tmp_path: Path) -> None:
    path = jsonl(
        tmp_path,
        line(external_id="1"),
        b'{"turns": [{"role": "customer", "te\n',
        b"\n",
        line(external_id="4", turns=[TURN, TURN | {"start": 5, "end": 3}]),
        line(external_id="5", turns=[TURN | {"role": "boss"}]),
        "{坏".encode(),
        b"\n",
        line(external_id="7"),
    )
    items = list(read_transcript(path))
    ids = [item.external_id for item in items if isinstance(item, Conversation)]
    assert ids == ["1", "7"]
    errors = [str(item) for item in items if isinstance(item, EmotionMonitorError)]
    assert all(str(path) in error for error in errors)
    for error, expected in zip(
        errors,
        (
            ["line 2", "ends in the middle"],
            ["line 4, turn 2", "3.0", "5.0"],
            ["line 5, turn 1", "'boss'", "customer, agent, bot, unknown"],
            ["line 6"],
        ),
        strict=True,
    ):
        assert all(part in error for part in expected), error


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema_version": 2}, "schema_version is 2, expected 1"),
        ({"quene": "x"}, "unknown field 'quene'"),
        ({"turns": [TURN | {"txt": ""}]}, "unknown field 'txt'"),
        ({"turns": {"role": "customer"}}, "expected a list"),
        ({"turns": None}, "turns is missing"),
        ({"turns": []}, "no turn"),
        ({"turns": ["hello"]}, "where an object should"),
        ({"turns": [{"text": "x"}]}, "role is None"),
        ({"turns": [TURN | {"start": True}]}, "expected a number"),
        ({"turns": [TURN | {"start": "1.5"}]}, "expected a number"),
        ({"turns": [TURN | {"end": 0.5}]}, "more than the start"),
        ({"turns": [TURN | {"text": 5}]}, "expected text"),
        ({"turns": [TURN | {"channel": 1.5}]}, "whole number"),
        ({"turns": [TURN | {"text": "啊" * 2**20}]}, "expected at most 100,000"),
        ({"channel": "fax"}, "expected one of phone, video, chat"),
        ({"started_at": "yesterday"}, "expected a time"),
        ({"started_at": "2026-06-30T23:50:00"}, "no time zone"),
        ({"timezone": "Mars/Olympus"}, "not an IANA"),
        ({"external_id": "x" * 201}, "expected 1 to 200"),
        ({"media": [{"path": ""}]}, "path of a file"),
        ({"media": [{"path": "a", "channels": {"left": "agent"}}]}, "channel index"),
        ({"media": [{"path": "a", "channels": {"0": "boss"}}]}, "expected one of customer"),
        ({"media": [{"path": "a", "customer_region": [0, 0, 2, 1]}]}, "fractions"),
        ({"media": [{"path": "a", "customer_region": [0, 0, None, 1]}]}, "four numbers"),
    ],
)
def test_what_is_wrong_is_said(fields: dict[str, Any], message: str) -> None:
    (item,) = parse_transcript(line(**fields), "x.jsonl")
    assert isinstance(item, (TranscriptError, InvalidConversationError))
    assert "x.jsonl, line 1" in str(item)
    assert message in str(item)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"turns": [{"role": "customer", "start": NaN}]}', "NaN"),
        ('{"turns": [{"role": "customer", "start": -Infinity}]}', "-Infinity"),
        ('{"turns": [{"role": "customer", "start": 1e999}]}', "64 bits"),
        ('{"turns": [{"role": "customer", "start": 1%s}]}' % ("0" * 5000), "64 bits"),
        ('{"turns": [{"role": "customer", "role": "agent"}]}', "'role' stands twice"),
        ('{"turns": [], "attributes": %s}' % ('{"a":' * 100_000 + "1" + "}" * 100_000), "deeply"),
        ('{"turns": [%s' % ("[" * 100_000), "deeply"),
    ],
)
def test_json_that_python_would_let_through(text: str, message: str) -> None:
    good, bad = parse_transcript(line() + text.encode(), "x.jsonl")
    assert isinstance(good, Conversation)
    assert isinstance(bad, TranscriptError)
    assert message in str(bad)


def test_values_that_no_json_parser_gives_are_refused_too() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    for value in (float("nan"), 2**70, {1: 2}, object(), deep):
        with pytest.raises(TranscriptError):
            conversation_from_json({"turns": [TURN], "attributes": {"x": value}})
    with pytest.raises(TranscriptError, match="finite"):
        conversation_from_json({"turns": [TURN | {"start": 10**400}]})


def test_lone_surrogates_and_nul_become_replacement_characters() -> None:
    text = (
        r'{"turns": [{"role": "customer", "text": "a\ud83d\u0000b", "speaker": "\udc00"}],'
        r' "external_id": "\u0000", "attributes": {"k\ud800": ["\udfff"]}}'
    )
    (conversation,) = parse_transcript(text.encode(), "x")
    assert isinstance(conversation, Conversation)
    assert conversation.turns[0].text == "a\ufffd\ufffdb"
    assert conversation.turns[0].speaker == conversation.external_id == "\ufffd"
    assert conversation.attributes == {"k\ufffd": ["\ufffd"]}


def test_turns_come_in_the_order_of_their_start_and_overlaps_stay() -> None:
    said = [
        {"role": "agent", "text": "3", "start": 5.0, "end": 9.0},
        {"role": "agent", "text": "4"},
        {"role": "customer", "text": "1", "start": 1.0, "end": 6.0},
        {"role": "customer", "text": "2", "start": 1.0},
    ]
    conversation = conversation_from_json({"turns": said})
    assert [turn.text for turn in conversation.turns] == ["1", "2", "3", "4"]
    assert conversation.turns[0].end == 6.0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"turns": [TURN]}, ensure_ascii=False) + "\r\n"
    path = tmp_path / "x"
    path.write_bytes((text * 2).encode(encoding))
    for conversation in read_transcript(path):
        assert isinstance(conversation, Conversation)
        assert conversation.turns[0].text == TURN["text"]


def test_one_document_or_a_list_of_them() -> None:
    document = {"turns": [TURN], "queue": "宽带"}
    pretty = json.dumps([document, {"turns": []}, document | {"queue": "银行"}], indent=1)
    assert detect_format(pretty.encode()) == "json"
    first, second, third = parse_transcript(pretty.encode(), "x")
    assert isinstance(first, Conversation)
    assert isinstance(second, TranscriptError)
    assert "conversation 2" in str(second)
    assert isinstance(third, Conversation)
    assert (first.queue, third.queue) == ("宽带", "银行")
    (alone,) = parse_transcript(json.dumps(document, indent=1).encode(), "x")
    assert alone == first


def test_a_large_file_is_read_in_constant_memory(tmp_path: Path) -> None:
    long = TURN | {"text": "很" * 10_000}
    path = jsonl(tmp_path, *itertools.repeat(line(turns=[long] * 5), 100))
    assert path.stat().st_size > 20e6
    tracemalloc.start()
    try:
        count = sum(isinstance(item, Conversation) for item in read_transcript(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 100
    assert peak < 4e6


def test_an_endless_line_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multimodal.formats.canonical.MAX_LINE_BYTES", 1000)
    path = jsonl(tmp_path, line(external_id="1"), b"{" * 5500 + b"\n", line(external_id="3"))
    first, error, third = read_transcript(path)
    assert isinstance(first, Conversation)
    assert isinstance(third, Conversation)
    assert isinstance(error, TranscriptError)
    assert "line 2" in str(error)
