"""Documents of every format, mutated in structure and bytes: no input crashes or hangs a reader."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multimodal.conversation import Conversation
from multimodal.errors import EmotionMonitorError
from multimodal.formats import FORMATS, conversation_to_json, parse_transcript
from multimodal.formats.source import Source
from tests.multimodal.test_formats_workbook import workbook
from tests.multimodal.vendor_documents import DOCUMENTS

SECONDS = 2.0
"""What the reading of one small document may take."""

XML_VALUE = re.compile(rb'(?<==")[^"]*(?=")|(?<=>)[^<>]+(?=<)')
XML_VALUES = st.sampled_from(
    ["", "0", "-1", "1e9", "99999999999", "A1:XFD1048576", "A1", "ZZZ9", "s", "d", "n", "b", "e",
     "str", "inlineStr", "../../etc/passwd", "xl/worksheets/sheet1.xml", "&amp;", "\x00", "h:mm"]
)  # fmt: skip
WORKBOOK = workbook([["说话人", "内容"], ["客户", "太慢了"]])
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 1, 10**18, -(10**18), 1e300, -1e300, 5e-324, "", " ", "x", "客户",
     "1e999", "-5", "1" * 400, "PT1S", "9999-12-31T23:59:59Z", "0001-01-01 00:00:00", "\x00",
     "\ud800", "[" * 5000, "{", "[]", "null", "[1]", [], {}, [[]], [None], [{}], {"a": 1}, "9" * 5]
)  # fmt: skip


def _places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a document."""
    children = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [here, *(place for key, child in children for place in _places(child, (*here, key)))]


def _changed(value: Any, place: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not place:
        return change(value)
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[place[0]] = _changed(value[place[0]], place[1:], change)
    return copied


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(_places(document)))
        kind = draw(st.sampled_from(["replace", "remove", "repeat", "wrap", "text"]))
        new = draw(VALUES)

        def change(value: Any, kind: str = kind, new: Any = new) -> Any:
            match kind:
                case "remove" if isinstance(value, dict) and value:
                    return dict(list(value.items())[1:])
                case "remove" if isinstance(value, list):
                    return value[1:]
                case "repeat" if isinstance(value, list):
                    return value * 3
                case "wrap":
                    return [value]
                case "text":
                    return json.dumps(value)
                case _:
                    return new

        document = _changed(document, place, change)
    return document


def harmless(data: bytes) -> None:
    started = time.monotonic()
    try:
        items = parse_transcript(data, "fuzz")
    except EmotionMonitorError as error:
        items = [error]
    for item in items:
        if isinstance(item, Conversation):
            json.dumps(conversation_to_json(item), allow_nan=False).encode()
        else:
            assert "fuzz" in str(item)
            assert len(str(item)) < 5000
    assert time.monotonic() - started < SECONDS


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_document_that_is_built_otherwise(name: str, data: st.DataObject) -> None:
    document = data.draw(mutated(DOCUMENTS[name][1]))
    harmless(json.dumps(document).encode())


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_bytes_that_are_damaged(name: str, data: st.DataObject) -> None:
    content = bytearray(json.dumps(DOCUMENTS[name][1], ensure_ascii=False).encode())
    _damage(content, data)
    harmless(bytes(content))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_workbooks_that_are_damaged(data: st.DataObject) -> None:
    content = bytearray(WORKBOOK)
    _damage(content, data)
    harmless(bytes(content))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_workbooks_whose_xml_is_damaged(data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as archive:
        parts = {entry.filename: bytearray(archive.read(entry)) for entry in archive.infolist()}
    for _ in range(data.draw(st.integers(1, 2))):
        part = parts[data.draw(st.sampled_from(sorted(parts)))]
        found = list(XML_VALUE.finditer(part))
        values: bool = data.draw(st.booleans())
        if found and values:
            first, last = data.draw(st.sampled_from(found)).span()
            part[first:last] = data.draw(XML_VALUES).encode()
        else:
            _damage(part, data)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, bytes(part))
    harmless(stream.getvalue())


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["results", "utterances", "Data", "Dialogues", "data", "content"])
                | st.sampled_from(["segments", "entries", "sentences", "transcripts", "phrases"])
                | st.sampled_from(
                    ["recognizedPhrases", "audio_segments", "SpeechSegments", "result"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=12,
    )
)
def test_no_detector_raises(document: Any) -> None:
    text = json.dumps(document)
    source = Source("fuzz", text, data=text.encode())
    assert {format_.detect(source) for format_ in FORMATS.values()} <= {True, False}
    harmless(text.encode())


@pytest.mark.parametrize(
    "document",
    [
        {"content": {"orderResult": '{"lattice": [' + "{}," * 50_000 + "{}]}"}},
        {"content": {"orderResult": "[" * 200_000}},
        {"content": {"orderResult": json.dumps({"lattice": [{"json_1best": "[" * 200_000}]})}},
        {"data": '[{"onebest": "' + "啊" * 200_000 + '"}]'},
        {"Data": {"ResultDetail": None, "Result": "[0:0.0,0:1.0] 啊\n" * 30_000}},
        {"Data": {"ResultDetail": None, "Result": "[" + "0" * 500_000}},
        {"recognizedPhrases": [{"offset": "PT" + "9" * 100_000, "nBest": [{}]}]},
        {"transcripts": [{"phrases": [{"text": "x"}] * 30_000}], "conversationId": "c"},
        {"SpeechSegments": [{"SegmentSpeaker": "spk_0"}] * 30_000, "ConversationAnalytics": {}},
        {"sentences": [{"transcript": "x", "media_channel": 1, "start_time": "1" * 100_000}]},
        [{"segmentId": str(n), "masterExternalId": "m"} for n in range(5_000)],
        {"results": {"utterances": [{"transcript": "a", "words": [{"word": "a", "speaker": n % 2}
         for n in range(30_000)]}]}},
    ],
)  # fmt: skip
def test_long_documents_take_no_long_time(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.multimodal.test_formats_fuzz.SECONDS", 10.0)
    harmless(json.dumps(document).encode())


def _damage(content: bytearray, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        match data.draw(st.sampled_from(["cut", "flip", "insert", "drop"])):
            case "cut":
                del content[at:]
            case "flip" if content:
                content[at] ^= 1 << data.draw(st.integers(0, 7))
            case "insert":
                content[at:at] = data.draw(st.binary(min_size=1, max_size=4))
            case _:
                del content[at : at + data.draw(st.integers(1, 20))]
