"""Every real or documented file, each turn's words, role and time checked against the file itself.

The expected values are taken from the raw files by code that shares nothing with the readers.
"""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from multimodal.conversation import Channel, Conversation, Role
from multimodal.formats import FORMATS, detect_format, parse_transcript, read_transcript
from multimodal.formats.source import Source, decode

ROLES = {"AGENT": Role.AGENT, "CUSTOMER": Role.CUSTOMER, "SYSTEM": Role.BOT}


@pytest.fixture(scope="session")
def transcripts(shared: Path) -> Path:
    return shared / "samples" / "transcripts"


def one(path: Path) -> Conversation:
    (conversation,) = read_transcript(path)
    assert isinstance(conversation, Conversation)
    (same,) = parse_transcript(path.read_bytes(), path.name)
    assert same == conversation
    return conversation


def raw(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_aws_transcribe_call_analytics(transcripts: Path) -> None:
    path = transcripts / "aws_transcribe_call_analytics" / "example-call.json"
    conversation, document = one(path), raw(path)
    assert conversation.source == "aws_transcribe_redacted"
    assert conversation.external_id == document["JobName"]
    assert conversation.language == "en-US"
    assert conversation.attributes["redacted"] is True
    assert conversation.attributes["vendor_sentiment_overall"] == {"AGENT": 2.4, "CUSTOMER": 1.8}
    assert len(conversation.turns) == len(document["Transcript"]) == 37
    for turn, item in zip(conversation.turns, document["Transcript"], strict=True):
        assert turn.text == item["Content"]
        assert turn.role is ROLES[item["ParticipantRole"]]
        assert turn.start == item["BeginOffsetMillis"] / 1000
        assert turn.end == item["EndOffsetMillis"] / 1000
        assert turn.attributes["vendor_sentiment"] == item["Sentiment"]
        assert turn.attributes["vendor_loudness"] == item["LoudnessScores"]
        spoken = [word for word in item["Items"] if word["Type"] == "pronunciation"]
        words = [word["Confidence"] for word in spoken if "Confidence" in word]  # not [PII]
        mean = pytest.approx(sum(words) / len(words), abs=1e-4) if words else None
        assert turn.attributes.get("confidence") == mean
    spans = [(t.start, t.end) for t in conversation.turns]
    overlaps = sum(b[0] < a[1] for a, b in itertools.pairwise(spans) if b[0] and a[1])
    assert overlaps == 12


@pytest.mark.parametrize("name", ["files.0", "files.1.redacted"])
def test_contact_lens_voice(transcripts: Path, name: str) -> None:
    path = transcripts / "amazon_connect_contact_lens" / f"contact-lens-example-output-{name}.json"
    conversation, document = one(path), raw(path)
    redacted = "_redacted" if "redacted" in name else ""
    assert conversation.source == f"contact_lens_voice{redacted}"
    assert conversation.channel is Channel.PHONE
    assert conversation.attributes["redacted"] is ("redacted" in name)
    assert len(conversation.turns) == len(document["Transcript"]) == 10
    for turn, item in zip(conversation.turns, document["Transcript"], strict=True):
        assert turn.text == item["Content"]
        assert turn.role is ROLES[item["ParticipantId"]]
        assert (turn.start, turn.end) == (
            item["BeginOffsetMillis"] / 1000,
            item["EndOffsetMillis"] / 1000,
        )
        assert turn.attributes["vendor_sentiment"] == item["Sentiment"]
        assert turn.attributes["vendor_loudness"] == item["LoudnessScore"]


def test_older_contact_lens_voice_maps_ids_through_the_participants(transcripts: Path) -> None:
    path = transcripts / "amazon_connect_contact_lens" / "contact-lens-example-output-files.0.json"
    document = raw(path)
    document["Version"] = "1.1.0"
    ids = {"AGENT": "4c7f-11", "CUSTOMER": "9aa0-22"}
    for party in document["Participants"]:
        party["ParticipantId"] = ids[party["ParticipantRole"]]
    for item in document["Transcript"]:
        item["ParticipantId"] = ids[item["ParticipantId"]]
    (conversation,) = parse_transcript(json.dumps(document).encode(), "old.json")
    assert isinstance(conversation, Conversation)
    assert [t.role for t in conversation.turns] == [t.role for t in one(path).turns]
    assert {t.speaker for t in conversation.turns} == set(ids.values())


@pytest.mark.parametrize("number", [0, 1])
def test_contact_lens_chat(transcripts: Path, number: int) -> None:
    folder = transcripts / "amazon_connect_contact_lens"
    path = folder / f"contact-lens-example-output-files-chat.{number}.json"
    conversation, document = one(path), raw(path)
    # Both files are of one contact: its id is kept, and the source tells them apart.
    assert conversation.source == ["contact_lens_chat", "contact_lens_chat_redacted"][number]
    assert conversation.channel is Channel.CHAT
    assert conversation.external_id == document["CustomerMetadata"]["ContactId"]
    zero = datetime.fromisoformat(document["Transcript"][0]["AbsoluteTime"])
    assert conversation.started_at == zero
    messages = [item for item in document["Transcript"] if item["Type"] == "MESSAGE"]
    groups = document["ConversationCharacteristics"]["Sentiment"]["DetailsByTranscriptItemGroup"]
    sentiment = {i["Id"]: group for group in groups for i in group["TranscriptItems"]}
    assert len(conversation.turns) == len(messages) == 31
    for turn, item in zip(conversation.turns, messages, strict=True):
        assert turn.text == item["Content"]
        assert turn.role is ROLES[item["ParticipantRole"]]
        assert turn.speaker == item["DisplayName"]
        seconds = (datetime.fromisoformat(item["AbsoluteTime"]) - zero).total_seconds()
        assert turn.start == pytest.approx(seconds, abs=1e-6)
        assert turn.end is None
        group = sentiment.get(item["Id"])
        assert turn.attributes.get("vendor_sentiment") == (group and group["Sentiment"])
        assert turn.attributes.get("vendor_sentiment_score") == (
            group and group["ProgressiveScore"]
        )
    assert sum("vendor_sentiment" in turn.attributes for turn in conversation.turns) == 28


def test_whisper(transcripts: Path) -> None:
    path = transcripts / "whisper" / "verbose_documented_shape.json"
    conversation, document = one(path), raw(path)
    assert (conversation.source, conversation.language) == ("whisper", "zh")
    for turn, segment in zip(conversation.turns, document["segments"], strict=True):
        assert turn.text == segment["text"][1:]
        assert turn.role is Role.UNKNOWN
        assert (turn.start, turn.end) == (segment["start"], segment["end"])
        assert turn.attributes["vendor_no_speech_prob"] == segment["no_speech_prob"]


@pytest.mark.parametrize(
    ("name", "key"), [("paraformer_sentence_info", "text"), ("sensevoice_sentence_key", "sentence")]
)
def test_funasr(transcripts: Path, name: str, key: str) -> None:
    path = transcripts / "funasr" / f"{name}.json"
    conversation, document = one(path), raw(path)
    assert conversation.source == "funasr"
    assert conversation.attributes["recording"] == document[0]["key"]
    sentences = document[0]["sentence_info"]
    assert len(conversation.turns) == len(sentences) == 2
    for turn, sentence in zip(conversation.turns, sentences, strict=True):
        assert turn.text == sentence[key].rpartition("|>")[2]
        assert (turn.start, turn.end) == (sentence["start"] / 1000, sentence["end"] / 1000)
        assert (turn.role, turn.speaker) == (Role.UNKNOWN, str(sentence["spk"]))
    emotions = [turn.attributes.get("vendor_emotion") for turn in conversation.turns]
    assert emotions == (["NEUTRAL", "ANGRY"] if key == "sentence" else [None, None])


AGENT, CUSTOMER = Role.AGENT, Role.CUSTOMER
SUBTITLES = {
    "paren_speaker_two_in_one_cue.vtt": [
        (AGENT, "Agent Wang", "How can I help you today", 8.0, 12.0),
        (AGENT, "Agent Wang", "sir?", 12.0, 16.0),
        (CUSTOMER, "Customer", "My order is late", 12.0, 16.0),
    ],
    "plain_bom_crlf.srt": [
        (AGENT, "客服", "您好。", 1.25, 2.5),
        (CUSTOMER, "客户", "我要投诉！", 3.0, 5.0),
    ],
    "teams_voice_tag.vtt": [
        (AGENT, "客服小王", "您好，请问有什么可以帮您？", 0.0, 2.0),
        (CUSTOMER, "客户", "我的订单还没有到。", 2.5, 5.0),
    ],
    "zoom_style.vtt": [
        (AGENT, "客服小王", "您好，请问有什么可以帮您？", 1.0, 3.0),
        (CUSTOMER, "客户", "我的订单已经等了一个星期了。", 3.4, 6.1),
    ],
}


@pytest.mark.parametrize("name", SUBTITLES)
def test_subtitles(transcripts: Path, name: str) -> None:
    path = transcripts / "webvtt_srt" / name
    conversation = one(path)
    assert conversation.source == path.suffix[1:]
    found = [(t.role, t.speaker, t.text, t.start, t.end) for t in conversation.turns]
    assert found == SUBTITLES[name]
    everything = path.read_text(encoding="utf-8-sig")
    for _, speaker, text, _, _ in found:
        assert speaker in everything
        assert text in everything


def test_each_known_file_has_its_format_and_no_other_file_has_one(transcripts: Path) -> None:
    found = {}
    for path in sorted(transcripts.rglob("*.*")):
        try:
            found[path.name] = detect_format(path.read_bytes())
        except ValueError:
            continue
    assert found == {
        "example-call.json": "aws_transcribe",
        "contact-lens-example-output-files.0.json": "contact_lens_voice",
        "contact-lens-example-output-files.1.redacted.json": "contact_lens_voice",
        "contact-lens-example-output-files-chat.0.json": "contact_lens_chat",
        "contact-lens-example-output-files-chat.1.json": "contact_lens_chat",
        "bda-standard.json": "aws_bedrock",
        "transcriptSample.json": "azure_batch",
        "summarizationInputSample.json": "azure_batch",
        "realtimeresult.json": "azure_realtime",
        "Json_input_customer_support.json": "azure_conversation",
        "transcript_documented_shape.json": "genesys",
        "conversation_documented_shape.json": "google_insights",
        "sentences_documented_shape.json": "twilio",
        "GetResultToReview_documented_shape.json": "aliyun_sca",
        "SecretAsrReport_documented_shape.json": "aliyun_filetrans",
        "ResultDetail_documented_shape.json": "tencent_asr",
        "orderResult_documented_shape.json": "iflytek",
        "legacy_data_string.json": "iflytek_legacy",
        "detection_result_documented_shape.json": "baidu_quality",
        "transcriber_result_documented_shape.json": "huawei_sis",
        "verbose_documented_shape.json": "whisper",
        "paraformer_sentence_info.json": "funasr",
        "sensevoice_sentence_key.json": "funasr",
        "paren_speaker_two_in_one_cue.vtt": "vtt",
        "teams_voice_tag.vtt": "vtt",
        "zoom_style.vtt": "vtt",
        "plain_bom_crlf.srt": "srt",
    }
    assert set(found.values()) <= set(FORMATS)


def test_no_file_is_of_two_formats(transcripts: Path) -> None:
    for path in sorted(transcripts.rglob("*.*")):
        data = path.read_bytes()
        source = Source(path.name, decode(data), data=data)
        found = [name for name, format_ in FORMATS.items() if format_.detect(source)]
        # Plain texts are asked for from the most particular to the least: what a VTT cue holds
        # would pass for SRT, and that for lines with names.
        assert len(found) <= 1 or set(found) <= {"vtt", "srt", "lines"}, path


SECONDS: dict[str, tuple[Any, ...]] = {
    # folder, file, the turn list, the words, start and end in seconds
    "azure 1": (
        "azure_call_center/transcriptSample.json",
        lambda d: d["recognizedPhrases"],
        lambda t: t["nBest"][0]["display"],
        lambda t: t["offsetInTicks"] / 1e7,
        lambda t: (t["offsetInTicks"] + t["durationInTicks"]) / 1e7,
    ),
    "azure 2": (
        "azure_call_center/summarizationInputSample.json",
        lambda d: d["recognizedPhrases"],
        lambda t: t["nBest"][0]["display"],
        lambda t: float(t["offset"][2:-1]),
        lambda t: float(t["offset"][2:-1]) + float(t["duration"][2:-1]),
    ),
    "azure 3": (
        "azure_call_center/realtimeresult.json",
        lambda d: d,
        lambda t: t["NBest"][0]["Display"],
        lambda t: t["Offset"] / 1e7,
        lambda t: (t["Offset"] + t["Duration"]) / 1e7,
    ),
    "azure 4": (
        "azure_call_center/Json_input_customer_support.json",
        lambda d: d["analysisInput"]["conversations"][0]["conversationItems"],
        lambda t: t["text"],
        lambda t: None,
        lambda t: None,
    ),
    "bedrock": (
        "aws_transcribe_call_analytics/bda-standard.json",
        lambda d: d["audio_segments"],
        lambda t: t["text"],
        lambda t: t["start_timestamp_millis"] / 1000,
        lambda t: t["end_timestamp_millis"] / 1000,
    ),
    "genesys": (
        "genesys_cloud/transcript_documented_shape.json",
        lambda d: d["transcripts"][0]["phrases"],
        lambda t: t.get("decoratedText") or t["text"],
        lambda t: t["startTimeMs"] / 1000,
        lambda t: None,
    ),
    "google": (
        "google_ccai_insights/conversation_documented_shape.json",
        lambda d: d["entries"],
        lambda t: t["text"],
        lambda t: t["start_timestamp_usec"] / 1e6,
        lambda t: None,
    ),
    "twilio": (
        "twilio_intelligence/sentences_documented_shape.json",
        lambda d: d["sentences"],
        lambda t: t["transcript"],
        lambda t: float(t["start_time"]),
        lambda t: float(t["end_time"]),
    ),
    "aliyun": (
        "aliyun_sca/GetResultToReview_documented_shape.json",
        lambda d: d["Data"]["Dialogues"],
        lambda t: t["Words"],
        lambda t: t["Begin"] / 1000,
        lambda t: t["End"] / 1000,
    ),
    "aliyun secret": (
        "aliyun_filetrans/SecretAsrReport_documented_shape.json",
        lambda d: d["sentences"],
        lambda t: t["text"],
        lambda t: t["beginTime"] / 1000,
        lambda t: t["endTime"] / 1000,
    ),
    "tencent": (
        "tencent_asr/ResultDetail_documented_shape.json",
        lambda d: d["Data"]["ResultDetail"],
        lambda t: t["FinalSentence"],
        lambda t: t["StartMs"] / 1000,
        lambda t: t["EndMs"] / 1000,
    ),
    "iflytek": (
        "iflytek_lfasr/legacy_data_string.json",
        lambda d: json.loads(d["data"]),
        lambda t: t["onebest"],
        lambda t: int(t["bg"]) / 1000,
        lambda t: int(t["ed"]) / 1000,
    ),
    "baidu": (
        "baidu_quality/detection_result_documented_shape.json",
        lambda d: d["result"]["asr_result"],
        lambda t: t["sentence"],
        lambda t: t["begin_time"] / 1000,
        lambda t: t["end_time"] / 1000,
    ),
    "huawei": (
        "huawei_sis/transcriber_result_documented_shape.json",
        lambda d: d["segments"],
        lambda t: t["result"]["text"],
        lambda t: t["start_time"] / 1000,
        lambda t: t["end_time"] / 1000,
    ),
}


@pytest.mark.parametrize("name", SECONDS)
def test_words_and_times_of_the_other_vendors(transcripts: Path, name: str) -> None:
    file, items, text, start, end = SECONDS[name]
    document = raw(transcripts / file)
    conversation = one(transcripts / file)
    expected = items(document)
    assert len(conversation.turns) == len(expected) > 0
    for turn, item in zip(conversation.turns, expected, strict=True):
        assert turn.text == text(item)
        assert turn.start == (start(item) if start(item) is None else pytest.approx(start(item)))
        assert turn.end == (end(item) if end(item) is None else pytest.approx(end(item)))


def test_roles_and_measures_of_the_other_vendors(transcripts: Path) -> None:
    chat = one(transcripts / "azure_call_center" / "Json_input_customer_support.json")
    assert [t.role for t in chat.turns[:3]] == [Role.AGENT, Role.CUSTOMER, Role.AGENT]
    bedrock = one(transcripts / "aws_transcribe_call_analytics" / "bda-standard.json")
    assert {(t.role, t.channel) for t in bedrock.turns} == {(Role.UNKNOWN, 0), (Role.UNKNOWN, 1)}
    genesys = one(transcripts / "genesys_cloud" / "transcript_documented_shape.json")
    scores = [(t.role, t.attributes.get("vendor_sentiment_score")) for t in genesys.turns]
    assert scores == [(Role.CUSTOMER, 0.0), (Role.AGENT, None), (Role.CUSTOMER, -5.0)]
    lfasr = one(transcripts / "iflytek_lfasr" / "orderResult_documented_shape.json")
    assert [(t.text, t.start, t.end, t.channel) for t in lfasr.turns] == [("你好！", 0.82, 2.51, 0)]
    sca = one(transcripts / "aliyun_sca" / "GetResultToReview_documented_shape.json")
    assert [t.attributes["vendor_loudness"] for t in sca.turns] == [70, 90]
    huawei = one(transcripts / "huawei_sis" / "transcriber_result_documented_shape.json")
    assert [t.attributes.get("vendor_emotion") for t in huawei.turns] == [None, "ANGRY"]


@pytest.mark.parametrize("share", [0.6, 0.95])
def test_the_beginning_of_a_file_is_enough_to_tell_its_format(
    transcripts: Path, share: float
) -> None:
    for path, name in (
        ("aws_transcribe_call_analytics/example-call.json", "aws_transcribe"),
        ("funasr/sensevoice_sentence_key.json", "funasr"),
    ):
        data = (transcripts / path).read_bytes()
        assert detect_format(data[: int(share * len(data))]) == name


def test_the_same_file_twice_is_the_same_conversation(transcripts: Path) -> None:
    path = transcripts / "webvtt_srt" / "zoom_style.vtt"
    assert one(path).external_id == one(path).external_id
    other = path.read_text(encoding="utf-8").replace("一个星期", "两个星期")
    (changed,) = parse_transcript(other.encode(), "x")
    assert isinstance(changed, Conversation)
    assert changed.external_id != one(path).external_id
