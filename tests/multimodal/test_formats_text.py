"""CSV, plain lines, subtitles and speakers' names, in the shapes that people send."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats import detect_format, parse_transcript
from multimodal.formats.speakers import role_of

A, C, B, U = Role.AGENT, Role.CUSTOMER, Role.BOT, Role.UNKNOWN


def one(text: str | bytes) -> Conversation:
    data = text.encode() if isinstance(text, str) else text
    (conversation,) = parse_transcript(data, "file")
    assert isinstance(conversation, Conversation)
    return conversation


def said(conversation: Conversation) -> list[tuple[Any, ...]]:
    return [(t.role, t.text, t.start, t.end) for t in conversation.turns]


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (A, "客服 坐席 座席 客服小王 在线客服 人工客服001 客户经理 客户服务中心 客户代表 AGENT "
            "Agent_7 CustomerService rep operator 销售 工号8801"),
        (C, "客户 顾客 用户 客户1 客户A 客户(138****1234) 客户-张三 客户王女士 VIP客户 CUSTOMER "
            "Customer caller END_USER customer1 买家"),
        (B, "机器人 智能客服 语音助手 IVR bot ChatBot_bot SYSTEM AUTOMATED_AGENT 系统"),
        (U, "张三 0 1 Speaker_0 John 客户主任李 用户运营小李 unknown"),
    ],
)  # fmt: skip
def test_roles_of_names(role: Role, names: str) -> None:
    assert {name: role_of(name) for name in names.split()} == dict.fromkeys(names.split(), role)


@pytest.mark.parametrize(
    "name",
    ["Customer Service", "customer care team", "Customer Success Manager", "客户服务专员", ""],
)
def test_staff_are_never_taken_for_customers(name: str) -> None:
    assert role_of(name) is not Role.CUSTOMER


CHINESE = '角色,开始时间,结束时间,内容\r\n客服,0.5,2,您好\r\n客户,2.5,4.25,"我要退款,现在"\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_chinese(encoding: str, delimiter: str) -> None:
    rows = csv.reader(io.StringIO(CHINESE))
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    conversation = one(text.getvalue().encode(encoding))
    assert said(conversation) == [(A, "您好", 0.5, 2.0), (C, "我要退款,现在", 2.5, 4.25)]
    assert (conversation.source, conversation.channel) == ("csv", Channel.PHONE)


def test_csv_of_many_conversations_with_one_bad() -> None:
    items = parse_transcript(
        (
            b"call_id,speaker,start_ms,end_ms,text,score\n"
            b"c1,Customer,1000,2000,hello,5\nc2,Agent,0,900,hi,\nc1,Agent,2000,2500,yes,\n"
            b"c2,Customer,900,100,no,\nc3,Customer,,,a,b,c\nc4,Bob,,,hm,\n"
        ),
        "calls.csv",
    )
    c1, c2, c3, c4 = items
    assert isinstance(c1, Conversation)
    assert isinstance(c4, Conversation)
    assert c1.external_id == "c1"
    assert said(c1) == [(C, "hello", 1.0, 2.0), (A, "yes", 2.0, 2.5)]
    assert c1.turns[0].attributes == {"score": "5"}
    assert said(c4) == [(U, "hm", None, None)]
    assert isinstance(c2, EmotionMonitorError)
    assert "calls.csv, line 5" in str(c2)
    assert "0.1 s" in str(c2)
    assert isinstance(c3, TranscriptError)
    assert "7 cells, expected 6" in str(c3)
    assert "line 6" in str(c3)


def test_csv_with_dates_counts_from_the_first() -> None:
    conversation = one(
        "时间,发送人,消息\n2026/6/30 9:00:05,客户,在吗\n2026-06-30 09:00:01.5,客服,您好\n"
    )
    assert said(conversation) == [(A, "您好", 0.0, None), (C, "在吗", 3.5, None)]
    assert conversation.started_at == datetime.fromisoformat("2026-06-30T09:00:01.5+08:00")
    assert conversation.channel is Channel.CHAT


def test_csv_with_clock_times_and_agent_ids() -> None:
    conversation = one(
        "speaker,工号,start,end,text\n客服,8801,00:00:01,01:02.5,x\n客户,,1:00:00,,y\n"
    )
    assert said(conversation) == [(A, "x", 1.0, 62.5), (C, "y", 3600.0, None)]
    assert conversation.turns[0].agent_id == "8801"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("客户,soon,,x", "line 2: start is 'soon'"),
        ("客户,nan,,x", "start is 'nan'"),
        ("客户,5,1,x", "line 2: the turn ends at 1.0"),
        ("客户,,5,x", "ends at 5.0"),
        ("客户,1,2,a,b", "double quotes"),
        ('客户,1,2,"a', "no valid CSV"),
        ("客户,1,,x\n客户,2026-01-01 10:00:00,,y", "some times are dates"),
        ("客户,1,2," + "啊" * 2**20, "no valid CSV"),
        ("客户,1,2," + "啊" * 110_000, "expected at most 100,000"),
        ("", "no turn"),
    ],
)
def test_csv_that_is_wrong(rows: str, message: str) -> None:
    with pytest.raises(EmotionMonitorError, match=r"bad\.csv") as caught:
        parse_transcript(f"speaker,start,end,text\n{rows}\n".encode(), "bad.csv")
    assert message in str(caught.value)


def test_100_000_turns_of_one_conversation_are_refused_and_of_many_are_read() -> None:
    header = "call_id,speaker,text\n"
    with pytest.raises(EmotionMonitorError, match="100,000 turns, expected at most 20,000"):
        parse_transcript((header + "c,客户,x\n" * 100_000).encode(), "big.csv")
    rows = "".join(f"c{i // 50},客户,x{i}\n" for i in range(10_000))
    assert len(parse_transcript((header + rows).encode(), "big.csv")) == 200


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20).map(
    str.strip
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["客户", "客服", "机器人", "张三"]),
            st.none() | st.integers(0, 10**7).map(lambda ms: ms / 1000),
            st.integers(1, 10**5).map(lambda ms: ms / 1000),
            cells,
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
)
def test_csv_round_trip(rows: list[tuple[str, float | None, float, str]], encoding: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["speaker", "start", "end", "text"])
    expected = []
    latest = -1.0
    for speaker, start, length, words in rows:
        end = None if start is None else start + length
        writer.writerow([speaker, start, end, words])
        latest = latest if start is None else start
        turn = Turn(role_of(speaker), words, start, end, speaker)
        expected.append((latest, turn))
    expected.sort(key=lambda pair: pair[0])
    try:
        data = text.getvalue().encode(encoding)
    except UnicodeEncodeError:
        return
    assert list(one(data).turns) == [turn for _, turn in expected]


def test_plain_lines() -> None:
    text = (
        "通话记录 2026-06-30\n\n客户：我的快递呢\n地址：北京\n坐席: 您好\n客服：稍等\r\n"
        "机器人：已转人工\n客户：http://a.b/c 打不开\n"
    )
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        conversation = one(text.encode(encoding))
        assert said(conversation) == [
            (C, "我的快递呢\n地址：北京", None, None),
            (A, "您好", None, None),
            (A, "稍等", None, None),
            (B, "已转人工", None, None),
            (C, "http://a.b/c 打不开", None, None),
        ]
        assert conversation.attributes == {"preamble": "通话记录 2026-06-30"}
        assert conversation.source == "lines"


def test_plain_lines_in_english_and_with_names() -> None:
    conversation = one("Customer: Where is it?\nJane: Let me see.\nCustomer: Now!\nJane: Sorry.\n")
    assert [t.role for t in conversation.turns] == [C, U, C, U]
    assert [t.speaker for t in conversation.turns] == ["Customer", "Jane"] * 2
    assert [t.role for t in one("Customer: hi\nAgent: hello\n").turns] == [C, A]


def test_damaged_utf8_is_not_taken_for_gb18030() -> None:
    data = "客户：我要投诉你们\n客服：好的\n".encode()
    conversation = one(data[:15] + b"\xff" + data[15:])
    assert conversation.turns[0].text == "我要\ufffd投诉你们"


SRT = """\
1
00:00:01,000 --> 00:00:02,000
<i>客户</i>：验证码是
1234

2
00:00:02,000 --> 00:00:02,000
- 客服：好的
- 客户：快点 &amp; 别忘

00:00:03,000 --> 00:00:04,500
第一行
第二行 one
two
"""


def test_srt_numbers_dashes_tags_and_wrapped_lines() -> None:
    assert said(one(SRT)) == [
        (C, "验证码是 1234", 1.0, 2.0),
        (A, "好的", 2.0, None),
        (C, "快点 & 别忘", 2.0, None),
        (U, "第一行第二行 one two", 3.0, 4.5),
    ]
    assert said(one(SRT.replace("\n", "\r\n").encode("utf-8-sig"))) == said(one(SRT))
    assert said(one(SRT.encode("gb18030"))) == said(one(SRT))


VTT = """\
WEBVTT - Teams

NOTE
客户：this is a comment

STYLE
::cue { color: red }

a1b2-c3/9-0
00:01.000 --> 00:02.000 align:start
<v.loud 客服 小王>您好</v> <v 客户>喂<00:00:01.500>喂</v>

a1b2-c3/9-1
00:00:02.000 --> 00:00:03.000

a1b2-c3/9-2
00:00:03.000 --> 00:00:04.000
(笑声)
"""


def test_vtt_identifiers_comments_voices_and_empty_cues() -> None:
    assert said(one(VTT)) == [
        (A, "您好", 1.0, 2.0),
        (C, "喂喂", 1.0, 2.0),
        (U, "(笑声)", 3.0, 4.0),
    ]
    assert one(VTT).turns[0].speaker == "客服 小王"


def test_subtitles_that_end_before_they_start() -> None:
    with pytest.raises(EmotionMonitorError, match="x.srt, cue 2: the turn ends at 1.0 s"):
        parse_transcript(
            b"1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:01,000\nb\n", "x.srt"
        )


def test_whisperx_speakers_and_silence() -> None:
    segment = '{"start": 1, "end": 1, "text": " a", "speaker": "S0"}'
    conversation = one(f'{{"language": "English", "segments": [{segment}]}}')
    assert said(conversation) == [(U, "a", 1.0, None)]
    assert (conversation.turns[0].speaker, conversation.language) == ("S0", "en")
    with pytest.raises(TranscriptError, match="no turn"):
        parse_transcript(b'{"language": "zh", "text": "", "segments": []}', "x")


def test_funasr_with_several_recordings_loses_only_the_bad_one() -> None:
    good = '{"key": "a", "sentence_info": [{"text": "好", "start": 0, "end": 10, "spk": 0}]}'
    bad = '{"key": "b", "sentence_info": [{"text": "好", "start": 20, "end": 10, "spk": 0}]}'
    first, second, third = parse_transcript(f"[{good}, {bad}, {good}]".encode(), "x")
    assert isinstance(first, Conversation)
    assert first == third
    assert isinstance(second, EmotionMonitorError)
    assert "x, recording 2, sentence 1" in str(second)


def test_the_name_of_the_file_says_nothing() -> None:
    assert detect_format(CHINESE.encode()) == "csv"
    (conversation,) = parse_transcript(CHINESE.encode(), "call.srt")
    assert isinstance(conversation, Conversation)
