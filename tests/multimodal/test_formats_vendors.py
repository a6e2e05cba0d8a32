"""Every vendor's format on a written-out document: who said what when, and what it measured."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

import pytest

from multimodal.conversation import Channel, Conversation, Role, Turn
from multimodal.errors import EmotionMonitorError, TranscriptError
from multimodal.formats import FORMATS, detect_format, parse_transcript
from multimodal.formats.source import Source
from multimodal.formats.turns import file_name, loudness
from tests.multimodal import vendor_documents as documents
from tests.multimodal.vendor_documents import DOCUMENTS

CUSTOMER, AGENT, BOT, UNKNOWN = Role.CUSTOMER, Role.AGENT, Role.BOT, Role.UNKNOWN


def written(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def read(document: Any) -> Conversation:
    (conversation,) = parse_transcript(written(document), "v.json")
    assert isinstance(conversation, Conversation)
    return conversation


def said(conversation: Conversation) -> list[tuple[Any, ...]]:
    return [(t.role, t.text, t.start, t.end) for t in conversation.turns]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_of_exactly_one_format(name: str) -> None:
    expected, document = DOCUMENTS[name]
    data = written(document)
    source = Source("v", data.decode(), data=data)
    assert [f.name for f in FORMATS.values() if f.detect(source)] == [expected]
    assert detect_format(data) == expected
    indented = json.dumps(document, ensure_ascii=True, indent=2).encode()
    assert detect_format(indented) == expected


@pytest.mark.parametrize("name", DOCUMENTS)
def test_nothing_personal_of_the_envelope_is_kept(name: str) -> None:
    kept = str(parse_transcript(written(DOCUMENTS[name][1]), "v.json"))
    for secret in ("SECRET", "13800138000", "17000000000", "John", "example.net"):
        assert secret not in kept


def test_azure_batch() -> None:
    conversation = read(documents.AZURE_BATCH)
    assert said(conversation) == [
        (UNKNOWN, "Hello.", 0.04, 2.22),
        (UNKNOWN, "It is broken again!", 3.0, 4.5),
    ]
    first, second = conversation.turns
    assert (first.speaker, first.channel) == ("1", 0)
    assert (second.speaker, second.channel) == ("channel 1", 1)
    assert first.attributes == {"confidence": 0.6}
    assert second.attributes["vendor_sentiment"] == "NEGATIVE"
    assert second.attributes["vendor_sentiment_score"] == -4.4
    assert conversation.attributes == {"recording": "call-7.wav", "duration_seconds": 12.0}
    assert (conversation.language, conversation.started_at) == ("en", None)


def test_azure_batch_in_milliseconds_and_with_an_impossible_duration() -> None:
    document = copy.deepcopy(documents.AZURE_BATCH)
    phrase = document["recognizedPhrases"][1]
    del phrase["offset"], phrase["duration"]
    phrase |= {"offsetMilliseconds": 3000, "durationMilliseconds": 1500}
    assert said(read(document))[1] == (UNKNOWN, "It is broken again!", 3.0, 4.5)
    phrase |= {"offsetMilliseconds": None, "offset": "3 seconds"}
    with pytest.raises(TranscriptError, match=r"v\.json, phrase 2: offset is.*PT0\.04S"):
        read(document)


def test_azure_realtime_and_conversation_input() -> None:
    assert said(read(documents.AZURE_REALTIME)) == [(UNKNOWN, "Hello.", 0.09, 0.65)]
    chat, call = parse_transcript(written(documents.AZURE_CONVERSATION), "v.json")
    assert isinstance(chat, Conversation)
    assert isinstance(call, Conversation)
    assert (chat.external_id, chat.channel, chat.language) == ("chat-1", Channel.CHAT, "en")
    assert said(chat) == [
        (AGENT, "How may I help?", None, None),
        (CUSTOMER, "My parcel is late.", None, None),
    ]
    assert (call.channel, said(call)) == (Channel.PHONE, [(CUSTOMER, "喂", None, None)])


def test_one_bad_conversation_of_azure_is_reported_and_the_others_are_read() -> None:
    document = copy.deepcopy(documents.AZURE_CONVERSATION)
    document["analysisInput"]["conversations"][0]["conversationItems"][0]["text"] = 5
    error, call = parse_transcript(written(document), "v.json")
    assert isinstance(error, EmotionMonitorError)
    assert "conversation 1, item 1" in str(error)
    assert isinstance(call, Conversation)


def test_genesys() -> None:
    conversation = read(documents.GENESYS)
    assert said(conversation) == [
        (BOT, "请说", 0.2, 1.1),
        (CUSTOMER, "我要投诉！", 2.0, 3.5),
        (AGENT, "您好", 10.0, 10.7),
        (AGENT, "谢谢", 40.0, None),
        (CUSTOMER, "好", 60.0, None),
    ]
    assert [t.agent_id for t in conversation.turns] == ["", "", "u-1", "u-2", ""]
    scores = [t.attributes.get("vendor_sentiment_score") for t in conversation.turns]
    assert scores == [None, -5.0, None, None, 5.0]
    assert conversation.turns[1].attributes["vendor_sentiment"] == "NEGATIVE"
    assert conversation.started_at == datetime.fromisoformat("2026-06-30T15:50:00+00:00")
    assert (conversation.external_id, conversation.language) == ("g-1", "zh-cn")
    (event,) = conversation.attributes["vendor_events"]
    assert event == {"type": "silence", "start": 4.0, "seconds": 6.0, "participant": "both"}


def test_google_insights() -> None:
    conversation = read(documents.GOOGLE_INSIGHTS)
    assert said(conversation) == [
        (BOT, "请输入卡号", 0.0, None),
        (CUSTOMER, "查账单", 1.5, None),
        (AGENT, "好的", 4.0, None),
    ]
    assert [t.agent_id for t in conversation.turns] == ["", "", "2"]
    assert conversation.attributes == {"vendor_categories": ["账单"]}
    document = copy.deepcopy(documents.GOOGLE_INSIGHTS)
    for entry in document["entries"]:
        entry["start_timestamp_usec"] += 1_782_834_600_000_000
    absolute = read(document)
    assert said(absolute) == said(conversation)
    assert absolute.started_at == datetime.fromisoformat("2026-06-30T15:50:00+00:00")


def test_google_conversation_that_comes_out_with_its_sentiment() -> None:
    conversation = read(documents.GOOGLE_CONVERSATION)
    assert said(conversation) == [(AGENT, "您好", 0.0, 0.8), (CUSTOMER, "太慢了", 1.2, 2.1)]
    agent, customer = conversation.turns
    assert (agent.agent_id, agent.channel, agent.attributes) == ("8801", 0, {"confidence": 0.9})
    assert (customer.channel, customer.attributes) == (1, {"vendor_sentiment_score": -3.5})
    assert (conversation.external_id, conversation.language) == ("77", "zh-CN")
    assert conversation.started_at == datetime.fromisoformat("2026-06-30T15:50:00.250+00:00")
    assert conversation.attributes == {"duration_seconds": 61.5}


def test_twilio_pages_come_in_any_order_and_must_all_be_there() -> None:
    conversation = read(documents.TWILIO)
    assert said(conversation) == [
        (UNKNOWN, "My bill is wrong.", 0.5, 2.9),
        (UNKNOWN, "Sure.", 4.2, 6.0),
    ]
    assert [(t.channel, t.speaker) for t in conversation.turns] == [(0, "1"), (1, "2")]
    assert conversation.turns[1].attributes == {"vendor_id": "GX1", "confidence": 0.95}
    assert conversation.external_id == f"GT{'0' * 32}"
    for part in documents.TWILIO:
        with pytest.raises(TranscriptError, match=r"v\.json.*pages.*every page"):
            read(part)


def test_deepgram_utterance_with_two_speakers_is_cut() -> None:
    conversation = read(documents.DEEPGRAM)
    found = [(t.speaker, t.text, t.start, t.end) for t in conversation.turns]
    assert found == [
        ("0", "Can I help?", 0.5, 1.4),
        ("1", "Furious.", 3.0, 3.9),
        ("1", "Now!", 6.0, 7.0),
    ]
    first = conversation.turns[0]
    assert first.attributes["confidence"] == 0.8
    assert first.attributes["vendor_sentiment_score"] == -2.0
    assert first.attributes["vendor_sentiment"] == "NEGATIVE"
    assert conversation.external_id == "d-1"


def test_deepgram_without_utterances_is_cut_at_pauses_and_by_channel() -> None:
    words = documents.DEEPGRAM["results"]["utterances"][0]["words"]
    channel = {"alternatives": [{"words": [{**w, "speaker": 0} for w in words]}]}
    document = {"metadata": {}, "results": {"channels": [channel, {"alternatives": []}]}}
    found = [(t.channel, t.text, t.start, t.end) for t in read(document).turns]
    assert found == [(0, "Can I help?", 0.5, 1.4), (0, "Furious.", 3.0, 3.9)]


def test_aws_pca() -> None:
    conversation = read(documents.AWS_PCA)
    assert said(conversation) == [
        (BOT, "Please hold.", 0.0, 2.0),
        (CUSTOMER, "My name is [PII] and I want my money.", 2.5, 6.0),
        (AGENT, "Of course.", 7.0, 8.0),
    ]
    customer, agent = conversation.turns[1:]
    assert customer.attributes == {
        "vendor_sentiment": "NEGATIVE",
        "vendor_sentiment_score": -3.5,
        "vendor_interruption": True,
        "vendor_loudness": [70.5, None, 80.5],
    }
    assert loudness(customer.attributes) == 75.5
    assert (agent.agent_id, agent.attributes) == ("8801", {"vendor_sentiment": "MIXED"})
    assert conversation.attributes["duration_seconds"] == 61.5
    assert conversation.attributes["vendor_sentiment_overall"] == {"Customer": -1.5}
    assert conversation.attributes["recording"] == "call.wav"
    assert conversation.started_at == datetime.fromisoformat("2026-06-30T23:50:00+08:00")


def test_aws_bedrock() -> None:
    conversation = read(documents.AWS_BEDROCK)
    assert conversation.turns == (
        Turn(UNKNOWN, "喂，你好。", 0.1, 0.9, speaker="spk_1", channel=1),
    )
    assert conversation.attributes == {"duration_seconds": 9.0, "recording": "monday.wav"}
    assert conversation.language == "zh"
    assert conversation.external_id != "0"


def test_aliyun_emotion_value_is_loudness_and_no_emotion() -> None:
    for document in (
        documents.ALIYUN_SCA,
        documents.ALIYUN_FILETRANS,
        documents.ALIYUN_SECRET,
    ):
        for turn in read(document).turns:
            assert 50 < turn.attributes["vendor_loudness"] <= 100
            assert not {"vendor_emotion", "vendor_sentiment"} & set(turn.attributes)


def test_aliyun() -> None:
    sca = read(documents.ALIYUN_SCA)
    assert said(sca) == [(AGENT, "您好", 8.0, 9.8), (CUSTOMER, "怎么还没到", 10.0, 12.0)]
    measured = {"vendor_loudness": 90.0, "vendor_rate": 260.0, "vendor_silence": 3.0}
    assert sca.turns[1].attributes == measured
    assert sca.started_at == datetime.fromisoformat("2026-06-30T23:50:00+08:00")
    assert sca.attributes == {
        "vendor_quality_score": 85.0,
        "vendor_categories": ["催单"],
        "recording": "call-1.wav",
    }
    pascal = read(documents.ALIYUN_FILETRANS)
    assert said(pascal) == [(UNKNOWN, "太慢了", 0.34, 1.83)]
    assert pascal.turns[0].attributes["vendor_loudness"] == 65.0
    assert (pascal.turns[0].channel, pascal.external_id) == (1, "t-1")
    camel = read(documents.ALIYUN_SECRET)
    assert said(camel) == [(UNKNOWN, "您好", 1.02, 1.77)]
    measured = {"vendor_loudness": 57.0, "vendor_rate": 80.0, "vendor_silence": 0.0}
    assert camel.turns[0].attributes == measured


def test_aliyun_results_hold_many_conversations_wrapped_or_not() -> None:
    wrapped = documents.ALIYUN_RESULTS
    plain = copy.deepcopy(wrapped)
    plain["Data"] = plain["Data"]["ResultInfo"]
    for item in plain["Data"]:
        item["AsrResult"] = item["AsrResult"]["AsrResult"]
    for document in (wrapped, plain):
        good, bad = parse_transcript(written(document), "v.json")
        assert isinstance(good, Conversation)
        assert (good.external_id, good.queue) == ("r-1", "售后")
        assert said(good) == [(AGENT, "您好", 0.0, 0.9), (CUSTOMER, "太慢了", 1.0, 2.0)]
        assert [t.agent_id for t in good.turns] == ["8801", ""]
        assert good.turns[1].attributes["vendor_loudness"] == 80.0
        assert isinstance(bad, EmotionMonitorError)
        assert "result 2" in str(bad)


def test_tencent_with_nulls_and_as_plain_text() -> None:
    conversation = read(documents.TENCENT)
    assert said(conversation) == [
        (UNKNOWN, "您好。", 0.02, 2.38),
        (UNKNOWN, "太 慢 了", 2.5, None),
    ]
    measured = {"vendor_emotion": "neutral", "vendor_loudness": 62.0, "vendor_rate": 270.0}
    assert conversation.turns[0].attributes == measured
    assert conversation.turns[1].attributes == {}
    plain = read(documents.TENCENT_PLAIN)
    assert said(plain) == [(UNKNOWN, "您好。", 0.02, 2.38), (UNKNOWN, "太慢了。", 62.5, 64.0)]
    assert [t.speaker for t in plain.turns] == ["0", "1"]


def test_iflytek_json_within_json_within_json() -> None:
    conversation = read(documents.IFLYTEK)
    assert said(conversation) == [(UNKNOWN, "你好！", 0.82, 2.51), (UNKNOWN, "太慢了", 2.6, 4.0)]
    assert [(t.speaker, t.channel) for t in conversation.turns] == [("1", 0), ("2", 1)]
    assert conversation.external_id == "i-1"
    document = copy.deepcopy(documents.IFLYTEK)
    document["content"]["orderResult"] = document["content"]["orderResult"][:-20]
    with pytest.raises(TranscriptError, match=r"v\.json, content, orderResult.*ends in the middle"):
        read(document)


def test_iflytek_legacy() -> None:
    assert said(read(documents.IFLYTEK_LEGACY)) == [
        (UNKNOWN, "喂，", 0.0, 1.0),
        (UNKNOWN, "您好。", 1.0, 2.0),
    ]


def test_baidu() -> None:
    conversation = read(documents.BAIDU)
    assert said(conversation) == [(UNKNOWN, "您好", 0.12, 0.9), (UNKNOWN, "我要投诉", 1.3, 2.6)]
    assert conversation.turns[1].attributes == {"vendor_loudness": 82.0, "vendor_rate": 6.0}
    assert conversation.attributes == {"duration_seconds": 60.0, "vendor_categories": ["投诉"]}
    alone = copy.deepcopy(documents.BAIDU)
    alone["result"]["asr_result"] = alone["result"]["asr_result"][0]
    assert said(read(alone)) == [(UNKNOWN, "您好", 0.12, 0.9)]


def test_huawei_keeps_no_emotion_of_the_agent() -> None:
    conversation = read(documents.HUAWEI_SIS)
    assert said(conversation) == [
        (AGENT, "您好", 0.59, 2.0),
        (CUSTOMER, "怎么回事", 2.6, 5.2),
        (UNKNOWN, "嗯", 6.0, 6.5),
    ]
    assert [dict(t.attributes) for t in conversation.turns] == [
        {"vendor_rate": 252.0},
        {"vendor_emotion": "ANGRY", "vendor_rate": 366.0},
        {},
    ]
    quality = read(documents.HUAWEI_QUALITY)
    assert [(t.role, t.speaker, t.text) for t in quality.turns] == [
        (AGENT, "座席", "您好"),
        (UNKNOWN, "2", "太慢了"),
    ]


def test_nice_has_no_words_and_its_last_analysis_counts() -> None:
    second, first = parse_transcript(written(documents.NICE), "v.json")
    assert isinstance(first, Conversation)
    assert isinstance(second, Conversation)
    assert (first.external_id, second.external_id) == ("n-1", "n-2")
    assert first.turns == ()
    assert first.channel is Channel.PHONE
    assert first.attributes == {
        "interaction": "m-1",
        "vendor_sentiment_overall": {"customerSentiment": "MIXED"},
        "vendor_resolved_score": 0.6,
    }
    assert first.started_at == datetime.fromisoformat("2026-06-30T15:50:00+00:00")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://h.example/a/b.wav?sig=s", "b.wav"),
        ("https://h.example", ""),
        ("https://h.example?sig=s", ""),
        ("s3://bucket/x/y.wav", "y.wav"),
        ("C:\\calls\\z.wav", "z.wav"),
        ("plain.wav", "plain.wav"),
        ("", ""),
    ],
)
def test_of_an_address_the_file_name_alone_is_kept(address: str, name: str) -> None:
    assert file_name(address) == name
