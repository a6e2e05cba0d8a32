"""AWS Bedrock Data Automation: the standard output for audio.

Speakers are `spk_n` and channels `ch_n`, so that roles are unknown. Its `asset_id` counts from 0 in
every job and is no id of the conversation.

https://docs.aws.amazon.com/bedrock/latest/userguide/bda-output-audio.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from multimodal.conversation import Channel, Role
from multimodal.formats.documents import Node
from multimodal.formats.source import Format, Item, Source
from multimodal.formats.speakers import role_of
from multimodal.formats.turns import (
    channel_of,
    file_name,
    known,
    make_conversation,
    make_turn,
    written_language,
)

_CHANNEL = re.compile(r"ch_(\d{1,4})")


def _read(source: Source) -> Iterator[Item]:
    node = Node(source.document, source.name)
    turns = []
    for item in node.objects("audio_segments", "segment"):
        if item.text("type", "TRANSCRIPT") != "TRANSCRIPT":
            continue
        label = item.object("speaker")
        speaker = label.text("speaker_label") or label.text("label")
        place = item.object("channel")
        channel = _CHANNEL.fullmatch(place.text("channel_label") or place.text("label"))
        turn = make_turn(
            item.where,
            role=role_of(speaker) if speaker else Role.UNKNOWN,
            text=item.text("text"),
            start=item.seconds("start_timestamp_millis"),
            end=item.seconds("end_timestamp_millis"),
            speaker=speaker,
            channel=channel_of(int(channel[1])) if channel else None,
        )
        turns.append(turn)
    metadata = node.object("metadata")
    yield make_conversation(
        turns,
        source.name,
        source="aws_bedrock",
        channel=Channel.PHONE,
        language=metadata.text("dominant_asset_language").lower() or written_language(turns),
        attributes=known(
            duration_seconds=metadata.seconds("duration_millis"),
            recording=file_name(metadata.text("s3_key")),
        ),
    )


AWS_BEDROCK = Format(
    name="aws_bedrock",
    zh="AWS Bedrock Data Automation 音频标准输出",
    en="standard audio output of AWS Bedrock Data Automation",
    detect=lambda source: source.first("audio_segments") is not None,
    read=_read,
)
