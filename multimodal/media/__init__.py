"""Recordings: what is in them, their sound and their pictures, in constant memory.

PyAV (FFmpeg) reads every container. What a file states about itself is checked against
`MediaLimits` before anything is decoded, and enforced again while decoding, because a header can
lie. Time is seconds from the start of the recording, the same zero for sound and pictures.
"""

from __future__ import annotations

from multimodal.media.audio import MAX_TURN_SECONDS, audio_blocks, turn_audio
from multimodal.media.channels import (
    ChannelMeter,
    ChannelReport,
    describe_channels,
    parse_channel_map,
)
from multimodal.media.container import (
    DEFAULT_LIMITS,
    AudioStream,
    MediaInfo,
    MediaLimits,
    VideoStream,
    probe,
)
from multimodal.media.peaks import MOST_PEAKS, Peaks, peaks
from multimodal.media.video import frames

__all__ = [
    "DEFAULT_LIMITS",
    "MAX_TURN_SECONDS",
    "MOST_PEAKS",
    "AudioStream",
    "ChannelMeter",
    "ChannelReport",
    "MediaInfo",
    "MediaLimits",
    "Peaks",
    "VideoStream",
    "audio_blocks",
    "describe_channels",
    "frames",
    "parse_channel_map",
    "peaks",
    "probe",
    "turn_audio",
]
