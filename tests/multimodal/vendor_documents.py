"""One short document of each vendor's format, written out by us after the vendor's field tables."""

from __future__ import annotations

import json
from typing import Any

AZURE_BATCH: dict[str, Any] = {
    "source": "https://store.example.net/calls/call-7.wav?sv=2024&sig=SECRET",
    "timestamp": "2026-07-01T09:00:00Z",
    "durationTicks": 120_000_000,
    "duration": "PT12S",
    "combinedRecognizedPhrases": [],
    "recognizedPhrases": [
        {
            "recognitionStatus": "Success",
            "channel": 0,
            "speaker": 1,
            "offset": "PT0.04S",
            "duration": "PT2.18S",
            "offsetInTicks": 400000.0,
            "durationInTicks": 21800000.0,
            "nBest": [
                {"confidence": 0.6, "lexical": "hello", "display": "Hello.", "sentiment": None},
                {"confidence": 0.9, "lexical": "hullo", "display": "Hullo."},
            ],
        },
        {
            "recognitionStatus": "Success",
            "channel": 1,
            "offset": "PT3S",
            "duration": "PT1.5S",
            "nBest": [
                {
                    "confidence": 0.8,
                    "display": "It is broken again!",
                    "sentiment": {"negative": 0.9, "neutral": 0.08, "positive": 0.02},
                }
            ],
        },
        {"recognitionStatus": "NoMatch", "channel": 0, "offset": "PT5S", "nBest": []},
    ],
}
AZURE_REALTIME: list[Any] = [
    {
        "RecognitionStatus": "Success",
        "Offset": 900_000,
        "Duration": 5_600_000,
        "SpeakerId": "0",
        "NBest": [{"Confidence": 0.9, "Display": "Hello.", "Sentiment": None, "Words": None}],
    },
    {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 0, "NBest": None},
]
AZURE_CONVERSATION: dict[str, Any] = {
    "displayName": "two chats",
    "analysisInput": {
        "conversations": [
            {
                "id": "chat-1",
                "language": "en",
                "modality": "text",
                "conversationItems": [
                    {"id": "1", "participantId": "Agent", "text": "How may I help?"},
                    {"id": "2", "participantId": "Customer", "text": "My parcel is late."},
                ],
            },
            {
                "id": "call-2",
                "language": "zh-hans",
                "modality": "transcript",
                "conversationItems": [
                    {"id": "1", "participantId": "7", "role": "Customer", "text": "", "itn": "喂"}
                ],
            },
        ]
    },
}
GENESYS: dict[str, Any] = {
    "organizationId": "o",
    "conversationId": "g-1",
    "communicationId": "leg-1",
    "mediaType": "voice",
    "conversationStartTime": 1_782_834_600_000,
    "transcripts": [
        {
            "transcriptId": "a",
            "language": "zh-cn",
            "phrases": [
                {
                    "phraseIndex": 0,
                    "text": "请说",
                    "startTimeMs": 1_782_834_600_200,
                    "duration": {"milliseconds": 900},
                    "participantPurpose": "ivr",
                },
                {
                    "phraseIndex": 1,
                    "text": "我 要 投诉",
                    "decoratedText": "我要投诉！",
                    "startTimeMs": 1_782_834_602_000,
                    "duration": {"milliseconds": 1500},
                    "participantPurpose": "external",
                    "confidence": 0.9,
                },
            ],
            "analytics": {
                "sentiment": [{"phraseIndex": 1, "sentiment": -1, "participant": "external"}],
                "acoustic": [
                    {
                        "eventType": "silence",
                        "startTimeMs": 1_782_834_604_000,
                        "durationMs": 6000,
                        "participant": "both",
                    }
                ],
            },
        },
        {
            "transcriptId": "b",
            "phrases": [
                {
                    "phraseIndex": 0,
                    "text": "您好",
                    "startTimeMs": 1_782_834_610_000,
                    "participantPurpose": "internal",
                    "words": [{"word": "您好", "offsetMs": 0, "durationMs": 700}],
                },
                {
                    "phraseIndex": 1,
                    "text": "谢谢",
                    "startTimeMs": 1_782_834_640_000,
                    "participantPurpose": "user",
                },
                {"phraseIndex": 2, "startTimeMs": 1_782_834_650_000},
                {
                    "phraseIndex": 3,
                    "text": "好",
                    "startTimeMs": 1_782_834_660_000,
                    "participantPurpose": "external",
                },
            ],
            "analytics": {"sentiment": [{"phraseIndex": 3, "sentiment": 1}]},
        },
    ],
    "participants": [
        {"participantPurpose": "external", "ani": "+8613800138000"},
        {
            "participantPurpose": "internal",
            "userId": "u-1",
            "startTimeMs": 1_782_834_605_000,
            "endTimeMs": 1_782_834_630_000,
        },
        {
            "participantPurpose": "internal",
            "userId": "u-2",
            "startTimeMs": 1_782_834_630_000,
            "endTimeMs": 1_782_834_670_000,
        },
    ],
}
GOOGLE_INSIGHTS: dict[str, Any] = {
    "conversation_info": {"categories": [{"display_name": "账单"}]},
    "entries": [
        {"start_timestamp_usec": 0, "text": "请输入卡号", "role": "AUTOMATED_AGENT", "user_id": 3},
        {"start_timestamp_usec": 1_500_000, "text": "查账单", "role": "END_USER", "user_id": 1},
        {"start_timestamp_usec": 4_000_000, "text": "好的", "role": "AGENT", "user_id": 2},
    ],
}
GOOGLE_CONVERSATION: dict[str, Any] = {
    "name": "projects/p/locations/l/conversations/77",
    "startTime": "2026-06-30T15:50:00.250Z",
    "duration": "61.5s",
    "transcript": {
        "transcriptSegments": [
            {
                "text": "您好",
                "confidence": 0.9,
                "languageCode": "zh-CN",
                "channelTag": 1,
                "segmentParticipant": {"role": "HUMAN_AGENT", "userId": "8801"},
                "words": [{"word": "您好", "startOffset": "0s", "endOffset": "0.8s"}],
            },
            {
                "text": "太慢了",
                "channelTag": 2,
                "segmentParticipant": {"role": "END_USER"},
                "sentiment": {"magnitude": 0.9, "score": -0.7},
                "words": [
                    {"word": "太慢", "startOffset": "1.200s", "endOffset": "1.9s"},
                    {"word": "了", "startOffset": "1.9s", "endOffset": "2.100s"},
                ],
            },
        ]
    },
}
TWILIO: list[Any] = [
    {
        "sentences": [
            {
                "media_channel": 2,
                "sentence_index": 1,
                "start_time": "4.2",
                "end_time": "6.0",
                "transcript": "Sure.",
                "sid": "GX1",
                "confidence": "0.95",
                "words": None,
            }
        ],
        "meta": {"key": "sentences", "page": 1, "next_page_url": None},
    },
    {
        "sentences": [
            {
                "media_channel": 1,
                "sentence_index": 0,
                "start_time": "0.5",
                "end_time": "2.9",
                "transcript": "My bill is wrong.",
                "sid": "GX0",
                "confidence": None,
                "words": None,
            }
        ],
        "meta": {
            "key": "sentences",
            "page": 0,
            "url": f"https://intelligence.twilio.com/v2/Transcripts/GT{'0' * 32}/Sentences?Page=0",
            "next_page_url": "https://intelligence.twilio.com/...Page=1",
        },
    },
]
DEEPGRAM: dict[str, Any] = {
    "metadata": {"request_id": "d-1", "duration": 9.5, "channels": 1},
    "results": {
        "channels": [{"alternatives": [{"transcript": "...", "words": []}]}],
        "utterances": [
            {
                "start": 0.5,
                "end": 5.0,
                "channel": 0,
                "speaker": 0,
                "id": "u-1",
                "transcript": "Can I help you? Yes, I am furious.",
                "sentiment": "negative",
                "sentiment_score": -0.4,
                "words": [
                    {"word": "can", "punctuated_word": "Can", "start": 0.5, "end": 0.7,
                     "confidence": 0.9, "speaker": 0},
                    {"word": "i", "punctuated_word": "I", "start": 0.7, "end": 0.8,
                     "confidence": 0.7, "speaker": 0},
                    {"word": "help", "punctuated_word": "help?", "start": 0.8, "end": 1.4,
                     "confidence": 0.8, "speaker": 0},
                    {"word": "furious", "punctuated_word": "Furious.", "start": 3.0, "end": 3.9,
                     "confidence": 1.0, "speaker": 1},
                ],
            },
            {"start": 6.0, "end": 7.0, "channel": 0, "speaker": 1, "transcript": "Now!",
             "confidence": 0.99, "words": []},
        ],
    },
}  # fmt: skip
AWS_PCA: dict[str, Any] = {
    "ConversationAnalytics": {
        "Agent": "8801",
        "GUID": "pca-1",
        "ConversationTime": "2026-06-30 23:50:00.000000",
        "ConversationLocation": "Asia/Shanghai",
        "Duration": "61.5",
        "LanguageCode": "en-US",
        "SpeakerLabels": [
            {"Speaker": "spk_0", "DisplayText": "Customer"},
            {"Speaker": "spk_1", "DisplayText": "Agent"},
        ],
        "SentimentTrends": {"spk_0": {"SentimentScore": -1.5}},
        "CategoriesDetected": [{"Name": "refund", "Instances": 1}],
        "SourceInformation": [
            {"TranscribeJobInfo": {"MediaOriginalUri": "s3://bucket/in/call.wav"}}
        ],
    },
    "SpeechSegments": [
        {
            "SegmentStartTime": 0.0,
            "SegmentEndTime": 2.0,
            "SegmentSpeaker": "spk_1",
            "IVRSegment": True,
            "OriginalText": "Please hold.",
            "DisplayText": "Please hold.",
        },
        {
            "SegmentStartTime": 2.5,
            "SegmentEndTime": 6.0,
            "SegmentSpeaker": "spk_0",
            "SegmentInterruption": True,
            "OriginalText": "My name is John and I want my money.",
            "DisplayText": "My name is [PII] and I want my money.",
            "SentimentIsPositive": 0,
            "SentimentIsNegative": 1,
            "SentimentScore": 3.5,
            "LoudnessScores": [70.5, None, 80.5],
        },
        {
            "SegmentStartTime": 7.0,
            "SegmentEndTime": 8.0,
            "SegmentSpeaker": "spk_1",
            "DisplayText": "Of course.",
            "SentimentIsPositive": 1,
            "SentimentIsNegative": 1,
        },
    ],
}
AWS_BEDROCK: dict[str, Any] = {
    "metadata": {
        "asset_id": "0",
        "semantic_modality": "AUDIO",
        "s3_key": "calls/monday.wav",
        "duration_millis": 9000,
        "dominant_asset_language": "ZH",
    },
    "audio_items": [{"item_index": 0, "content": "喂"}],
    "audio_segments": [
        {
            "start_timestamp_millis": 100,
            "end_timestamp_millis": 900,
            "segment_index": 0,
            "type": "TRANSCRIPT",
            "text": "喂，你好。",
            "speaker": {"speaker_label": "spk_1"},
            "channel": {"channel_label": "ch_1"},
        },
        {"start_timestamp_millis": 950, "end_timestamp_millis": 1000, "type": "SILENCE"},
    ],
}
ALIYUN_SCA: dict[str, Any] = {
    "Code": "200",
    "Success": True,
    "Data": {
        "Status": 1,
        "FileId": "f-1",
        "FileMergeName": "in/call-1.wav",
        "TotalScore": 85,
        "Dialogues": [
            {"Role": "客服", "Identity": "客服", "Words": "您好", "Begin": 8000, "End": 9800,
             "BeginTime": "2026-06-30 23:50:08", "EmotionValue": 7, "SpeechRate": 200,
             "SilenceDuration": 1},
            {"Role": "客户", "Identity": "客户", "Words": "怎么还没到", "Begin": 10000,
             "End": 12000, "BeginTime": "2026-06-30 23:50:10", "EmotionValue": 9,
             "SpeechRate": 260, "SilenceDuration": 3},
        ],
        "HitRuleReviewInfoList": [{"ScoreSubName": "催单", "ScoreNum": 5}],
    },
}  # fmt: skip
ALIYUN_RESULTS: dict[str, Any] = {
    "Code": "200",
    "Data": {
        "ResultInfo": [
            {
                "TaskId": "t",
                "Score": 90,
                "Recording": {"Id": "r-1", "Name": "a.wav", "Url": "http://x.example.net/a.wav"},
                "Agent": {"Id": "8801", "Name": "小王", "SkillGroup": "售后"},
                "AsrResult": {
                    "AsrResult": [
                        {"Role": "客服", "Words": "您好", "Begin": 0, "End": 900},
                        {"Role": "客户", "Words": "太慢了", "Begin": 1000, "End": 2000,
                         "EmotionValue": 8, "SpeechRate": 240, "SilenceDuration": 0},
                    ]
                },
                "HitResult": {"HitResult": [{"Rid": "1", "Name": "抱怨"}]},
            },
            {"Recording": {"Id": "r-2"}, "AsrResult": {"AsrResult": [{"Words": 5}]}},
        ]
    },
}  # fmt: skip
ALIYUN_FILETRANS: dict[str, Any] = {
    "TaskId": "t-1",
    "StatusText": "SUCCESS",
    "BizDuration": 5000,
    "Result": {
        "Sentences": [
            {"BeginTime": 340, "EndTime": 1830, "ChannelId": 1, "Text": "太慢了",
             "EmotionValue": 6.5, "SpeechRate": 153, "SilenceDuration": 0}
        ]
    },
}  # fmt: skip
ALIYUN_SECRET: dict[str, Any] = {
    "callId": "s-1",
    "secretNo": "17000000000",
    "statusCode": "21050000",
    "sentences": [
        {"beginTime": 1020, "channelId": 0, "emotionValue": "5.7", "endTime": 1770,
         "silenceDuration": "0", "speechRate": "80", "text": "您好"}
    ],
}  # fmt: skip
TENCENT: dict[str, Any] = {
    "Response": {
        "RequestId": "r",
        "Data": {
            "TaskId": 77,
            "Status": 2,
            "StatusStr": "success",
            "AudioDuration": 6.0,
            "Result": "",
            "ResultDetail": [
                {"FinalSentence": "您好。", "StartMs": 20, "EndMs": 2380, "SpeakerId": 0,
                 "SpeechSpeed": 4.5, "EmotionalEnergy": 6.2, "EmotionType": ["neutral"]},
                {"FinalSentence": None, "SliceSentence": "太 慢 了", "WrittenText": None,
                 "StartMs": 2500, "EndMs": None, "SpeakerId": None, "SpeechSpeed": None,
                 "EmotionalEnergy": None, "SilenceTime": None, "EmotionType": None, "Words": None},
            ],
        },
    }
}  # fmt: skip
TENCENT_PLAIN: dict[str, Any] = {
    "Data": {
        "TaskId": 78,
        "StatusStr": "success",
        "Result": "[0:0.020,0:2.380,0]  您好。\n[1:02.500,1:04.000,1]  太慢了。\n",
        "ResultDetail": None,
    }
}


def _sentence(begin: str, end: str, speaker: str, *words: str) -> dict[str, Any]:
    ws = [{"cw": [{"w": w, "wp": "n"}, {"w": "别的"}], "wb": 0, "we": 40} for w in words]
    st = {"bg": begin, "ed": end, "rl": speaker, "rt": [{"ws": ws}]}
    return {"json_1best": json.dumps({"st": st}, ensure_ascii=False)}


IFLYTEK: dict[str, Any] = {
    "code": "000000",
    "content": {
        "orderInfo": {"orderId": "i-1", "originalDuration": 5000},
        "orderResult": json.dumps(
            {
                "lattice": [
                    _sentence("820", "2510", "1", "你好", "！"),
                    _sentence("2600", "4000", "2", "太慢了"),
                ],
                "label": {"rl_track": [{"rl": "1", "track": "L"}, {"rl": "2", "track": "R"}]},
            },
            ensure_ascii=False,
        ),
    },
}
IFLYTEK_LEGACY: dict[str, Any] = {
    "err_no": 0,
    "ok": 0,
    "failed": None,
    "data": json.dumps(
        [
            {"bg": "0", "ed": "1000", "onebest": "喂，", "speaker": "1"},
            {"bg": "1000", "ed": "2000", "onebest": "您好。", "speaker": "2"},
        ],
        ensure_ascii=False,
    ),
}
BAIDU: dict[str, Any] = {
    "error_code": 0,
    "result": {
        "session_id": "b-1",
        "call_duration": 60,
        "asr_result": [
            {"sentence": "您好", "speaker_id": 0, "begin_time": 120, "end_time": 900,
             "voice_speed": 4, "voice_power": 60},
            {"sentence": "我要投诉", "speaker_id": 1, "begin_time": 1300, "end_time": 2600,
             "voice_speed": 6, "voice_power": 82},
        ],
        "detection_result": {"category": "投诉", "keywords": ["投诉"]},
    },
}  # fmt: skip
HUAWEI_SIS: dict[str, Any] = {
    "status": "FINISHED",
    "audio_duration": 12000,
    "segments": [
        {"start_time": 590, "end_time": 2000, "result": {"text": "您好", "analysis_info":
         {"role": "AGENT", "emotion": "ANGRY", "speed": 4.2}}},
        {"start_time": 2600, "end_time": 5200, "result": {"text": "怎么回事", "analysis_info":
         {"role": "USER", "emotion": "ANGRY", "speed": 6.1}}},
        {"start_time": 6000, "end_time": 6500, "result": {"text": "嗯"}},
    ],
}  # fmt: skip
HUAWEI_QUALITY: dict[str, Any] = {
    "call_id": 91,
    "file_name": "call.wav",
    "left_channel": "座席",
    "right_channel": "客户",
    "segments": [
        {"asr_text": "您好", "speaker": "座席", "start_time": 0, "end_time": 900, "segment_id": 1},
        {"asr_text": "太慢了", "speaker": 2, "start_time": 1000, "end_time": 2000, "segment_id": 2},
    ],
}
NICE: list[Any] = [
    {"segmentId": "n-1", "masterExternalId": "m-1", "mediaType": "Voice", "startTime":
     "2026-06-30T15:50:00Z", "customerSentiment": "NEGATIVE", "resolvedProbability": 0.2},
    {"segmentId": "n-2", "masterExternalId": "m-1", "mediaType": "Chat"},
    {"segmentId": "n-1", "masterExternalId": "m-1", "mediaType": "Voice", "startTime":
     "2026-06-30T15:50:00Z", "customerSentiment": "MIXED", "resolvedProbability": 0.6},
]  # fmt: skip

DOCUMENTS: dict[str, tuple[str, Any]] = {
    "azure batch": ("azure_batch", AZURE_BATCH),
    "azure realtime": ("azure_realtime", AZURE_REALTIME),
    "azure conversation": ("azure_conversation", AZURE_CONVERSATION),
    "genesys": ("genesys", GENESYS),
    "google": ("google_insights", GOOGLE_INSIGHTS),
    "google out": ("google_conversation", GOOGLE_CONVERSATION),
    "twilio": ("twilio", TWILIO),
    "deepgram": ("deepgram", DEEPGRAM),
    "pca": ("aws_pca", AWS_PCA),
    "bedrock": ("aws_bedrock", AWS_BEDROCK),
    "aliyun sca": ("aliyun_sca", ALIYUN_SCA),
    "aliyun results": ("aliyun_sca", ALIYUN_RESULTS),
    "aliyun filetrans": ("aliyun_filetrans", ALIYUN_FILETRANS),
    "aliyun secret": ("aliyun_filetrans", ALIYUN_SECRET),
    "tencent": ("tencent_asr", TENCENT),
    "tencent plain": ("tencent_asr", TENCENT_PLAIN),
    "iflytek": ("iflytek", IFLYTEK),
    "iflytek legacy": ("iflytek_legacy", IFLYTEK_LEGACY),
    "baidu": ("baidu_quality", BAIDU),
    "huawei sis": ("huawei_sis", HUAWEI_SIS),
    "huawei quality": ("huawei_quality", HUAWEI_QUALITY),
    "nice": ("nice_cxone", NICE),
}
"""Name of the format and the document, by what it is."""
