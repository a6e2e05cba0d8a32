"""Makes `data/samples/` from the scripts in `data/dialogues/`.

    python data/make_samples.py [--only NAME]

Needs espeak-ng (Debian: `apt-get install espeak-ng`) and the development install. The same versions
of the tools give the same files. Every conversation becomes one line of canonical JSONL, the
recording beside it; `data/formats/` holds two of them again in other formats. It prints how the
synthesised voice changes with the intended emotion.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import tomllib
import zlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import librosa
import numpy as np
import pysubs2
from numpy.typing import NDArray
from sample_face import EXPRESSIONS, SIZE, Expression, Puppet
from sample_speech import NEUTRAL, PROSODY, Prosody, Samples, line, speak
from skimage.data import astronaut

from multimodal import Channel, Conversation, Direction, Emotion, Media, Role, Turn
from multimodal.conversation import WHOLE_PICTURE
from multimodal.formats import conversation_to_json

HERE = Path(__file__).resolve().parent
SAMPLES, FORMATS = HERE / "samples", HERE / "formats"
NAMES = {Role.CUSTOMER: "客户", Role.AGENT: "客服", Role.BOT: "机器人"}
CHANNELS = {0: Role.AGENT, 1: Role.CUSTOMER}
PHONE_RATE, VIDEO_RATE = 8_000, 16_000
PHONE_BAND, VIDEO_BAND = (300.0, 3_400.0), (100.0, 7_000.0)
FRAMES_PER_SECOND = 12
PSEUDONYM_KEY = b"emotion-monitor samples"
"""A real site keeps its key secret; these customers do not exist."""


@dataclass(frozen=True, slots=True)
class Script:
    """One dialogue as written.

    Attributes:
        name: Of the file.
        conversation: Metadata, still without turns.
        turns: Without times.
        waits: Seconds from the end of the turn before (its start, in a chat) to each turn.
        voices: espeak-ng's voice variant for each role; empty for a chat.
    """

    name: str
    conversation: Conversation
    turns: tuple[Turn, ...]
    waits: tuple[float, ...]
    voices: dict[str, str]


def read_script(path: Path) -> Script:
    """Reads one file of `data/dialogues/`."""
    data = tomllib.loads(path.read_text("utf-8"))
    fields = data["conversation"]
    display = fields["customer_display"]
    conversation = Conversation(
        **fields
        | {
            "source": "samples",
            "channel": Channel(fields["channel"]),
            "direction": Direction(fields["direction"]),
            "customer_ref": hashlib.blake2b(
                display.encode(), key=PSEUDONYM_KEY, digest_size=16
            ).hexdigest(),
        }
    )
    return Script(
        name=path.stem,
        conversation=conversation,
        turns=tuple(_turn(item) for item in data["turns"]),
        waits=tuple(float(item["wait"]) for item in data["turns"]),
        voices=data.get("voices", {}),
    )


def _turn(item: dict[str, Any]) -> Turn:
    if "feels" in item:
        feels = {"intended_emotion": Emotion(item["feels"]).value}
        return Turn(Role.CUSTOMER, item["say"], attributes=feels)
    if "bot" in item:
        return Turn(Role.BOT, item["say"], speaker=item["bot"])
    return Turn(Role.AGENT, item["say"], agent_id=item["agent"])


def intended(turn: Turn) -> Emotion | None:
    """What the customer of the script feels at this turn; None for anybody else."""
    return Emotion(turn.attributes["intended_emotion"]) if turn.role is Role.CUSTOMER else None


def timed_chat(script: Script) -> tuple[Turn, ...]:
    """The messages with the second at which each was sent."""
    starts = itertools.accumulate(script.waits)
    return tuple(
        replace(turn, start=start) for turn, start in zip(script.turns, starts, strict=True)
    )


def spoken(
    script: Script, rate: int, band: tuple[float, float]
) -> tuple[tuple[Turn, ...], NDArray[np.float32]]:
    """The turns with their times, and the recording: float32 (n, 2), agent left, customer right."""
    turns, utterances, now = [], [], 0.0
    for turn, wait in zip(script.turns, script.waits, strict=True):
        emotion = intended(turn)
        voice = speak(
            turn.text,
            variant=script.voices[turn.role.value],
            prosody=NEUTRAL if emotion is None else _varied(PROSODY[emotion], turn.text),
            rate=rate,
        )
        start = round(now + wait, 3)
        now = start + len(voice) / rate
        channel = 1 if turn.role is Role.CUSTOMER else 0
        turns.append(replace(turn, start=start, end=round(now, 3), channel=channel))
        utterances.append(voice)
    recording = np.zeros((round((now + 1.0) * rate), 2), dtype=np.float32)
    for turn, voice in zip(turns, utterances, strict=True):
        first = round((turn.start or 0.0) * rate)
        recording[first : first + len(voice), turn.channel or 0] += voice
    for channel in CHANNELS:
        recording[:, channel] = line(recording[:, channel], rate=rate, band=band, seed=channel)
    return tuple(turns), recording


def _varied(prosody: Prosody, text: str) -> Prosody:
    """Nobody says two sentences quite alike: up to half a semitone, 4 % in rate, 1 dB."""
    pitch, tempo, loudness = np.random.default_rng(zlib.crc32(text.encode())).uniform(-1, 1, 3)
    return replace(
        prosody,
        pitch=prosody.pitch + 0.5 * pitch,
        tempo=prosody.tempo * (1 + 0.04 * tempo),
        loudness=prosody.loudness + loudness,
    )


def write_call(path: Path, recording: NDArray[np.float32]) -> None:
    """Opus in Ogg at 8 kHz, which browsers play and libsndfile and FFmpeg read."""
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=PHONE_RATE)
        stream.layout, stream.bit_rate = "stereo", 32_000
        stream.options = {"application": "voip"}
        _encode(container, stream, [_audio_frame(recording, PHONE_RATE)])


def write_video(path: Path, turns: Sequence[Turn], recording: NDArray[np.float32]) -> None:
    """H.264 and AAC in MP4 with its index in front, a key frame every 2 s."""
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        video = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width = video.height = SIZE
        video.pix_fmt, video.gop_size = "yuv420p", 2 * FRAMES_PER_SECOND
        video.codec_context.thread_count = 1
        video.options = {"crf": "27", "preset": "slow"}
        audio = container.add_stream("aac", rate=VIDEO_RATE)
        audio.layout, audio.bit_rate = "stereo", 48_000
        _encode(container, audio, [_audio_frame(recording, VIDEO_RATE)])
        _encode(container, video, acted(turns, recording[:, 1]))


def _encode(container: Any, stream: Any, frames: Any) -> None:
    for frame in itertools.chain(frames, [None]):
        for packet in stream.encode(frame):
            container.mux(packet)


def _audio_frame(recording: NDArray[np.float32], rate: int) -> Any:
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(recording.reshape(1, -1)), format="flt", layout="stereo"
    )
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def acted(turns: Sequence[Turn], voice: Samples) -> Any:
    """The customer's picture, frame by frame.

    An expression sets in 0.3 s before its turn, as a listener's does, and half fades after it; the
    lips follow the voice; the lids close every few seconds; the head moves more when aroused.
    """
    puppet = Puppet(astronaut())  # type: ignore[no-untyped-call]
    rng = np.random.default_rng(2026)
    per_frame = VIDEO_RATE // FRAMES_PER_SECOND
    count = len(voice) // per_frame
    level = np.sqrt(np.mean(voice[: count * per_frame].reshape(count, -1) ** 2, axis=1))
    lips = np.clip(level / np.percentile(level, 95), 0, 1)
    blinks = np.zeros(count + 4)
    blink_at = np.cumsum(rng.uniform(2.2, 4.5, count)) * FRAMES_PER_SECOND
    for first in blink_at[blink_at < count].astype(int):
        blinks[first : first + 3] = (0.7, 1.0, 0.5)
    face = EXPRESSIONS[Emotion.NEUTRAL]
    sway = 1.0
    for i in range(count):
        t = i / FRAMES_PER_SECOND
        aim, excitement = _aim(turns, t)
        face = face.towards(aim, 0.45)
        sway += 0.2 * (excitement - sway)
        waves = np.sin(2 * np.pi * np.array([0.13, 0.41, 0.19, 0.67, 0.11]) * t)
        turn = (
            float(sway * (1.8 * waves[0] + 0.8 * waves[1])),
            float(sway * (1.0 * waves[2] + 0.6 * waves[3]) + lips[i]),
            float(sway * 1.3 * waves[4]),
        )
        picture = puppet.frame(face, speech=float(lips[i]), blink=float(blinks[i]), turn=turn)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = i, Fraction(1, FRAMES_PER_SECOND)
        yield frame


def _aim(turns: Sequence[Turn], t: float) -> tuple[Expression, float]:
    """The expression that the face moves towards at a time, and how much the head sways."""
    calm = EXPRESSIONS[Emotion.NEUTRAL]
    current = calm
    for turn in turns:
        emotion = intended(turn)
        if emotion is None or turn.start is None or turn.end is None or turn.start - 0.3 > t:
            continue
        if t < turn.end + 0.4:
            aroused = emotion in (Emotion.ANGRY, Emotion.SURPRISE, Emotion.HAPPY)
            return EXPRESSIONS[emotion], 1.8 if aroused else 1.0
        # A listener's mouth is shut, so what stays is half of the rest of the face.
        current = replace(calm.towards(EXPRESSIONS[emotion], 0.5), gap=0.0)
    return current, 1.0


def write_formats(chat: Conversation, call: Conversation) -> None:
    """One chat as `客户：` lines and one call as SubRip, to try these formats with."""
    FORMATS.mkdir(exist_ok=True)
    lines = [f"{NAMES[turn.role]}：{turn.text}\n" for turn in chat.turns]
    (FORMATS / "chat-refund-angry.txt").write_text("".join(lines), "utf-8")
    subtitles = pysubs2.SSAFile()
    for turn in call.turns:
        start, end = round(1000 * (turn.start or 0)), round(1000 * (turn.end or 0))
        text = f"{NAMES[turn.role]}：{turn.text}"
        subtitles.append(pysubs2.SSAEvent(start=start, end=end, text=text))
    subtitles.save(str(FORMATS / "call-broadband-angry.srt"), encoding="utf-8")


def measure(turns: Sequence[Turn], voice: Samples) -> list[tuple[Emotion, list[float]]]:
    """Of each customer turn: pitch (Hz), its interquartile range (semitones), level (dB), syll/s.

    Args:
        turns: Of the call.
        voice: The customer's channel as `decoded_customer` gives it.
    """
    rows = []
    for turn in turns:
        emotion = intended(turn)
        if emotion is None or turn.start is None or turn.end is None:
            continue
        x = voice[round(turn.start * PHONE_RATE) : round(turn.end * PHONE_RATE)]
        pitch = librosa.yin(x, fmin=65, fmax=450, sr=PHONE_RATE, frame_length=512, hop_length=128)
        level = librosa.feature.rms(y=x, frame_length=512, hop_length=128)[0, : len(pitch)]
        heard = pitch[level > 0.4 * level.max()]
        low, middle, high = np.percentile(heard, [25, 50, 75])
        syllables = sum("\u4e00" <= character <= "\u9fff" for character in turn.text)
        rows.append(
            (
                emotion,
                [
                    float(middle),
                    float(12 * np.log2(high / low)),
                    float(10 * np.log10(np.mean(x**2))),
                    syllables / (turn.end - turn.start),
                ],
            )
        )
    return rows


def decoded_customer(path: Path) -> Samples:
    """The customer's channel as a player hears it, at 8 kHz: float32 (n,)."""
    resampler = av.AudioResampler(format="fltp", layout="stereo", rate=PHONE_RATE)
    with av.open(str(path)) as container:
        frames = itertools.chain(container.decode(audio=0), [None])
        blocks = [block.to_ndarray() for frame in frames for block in resampler.resample(frame)]
    return np.asarray(np.concatenate(blocks, axis=1)[1], dtype=np.float32)


def print_table(name: str, rows: Sequence[tuple[Emotion, list[float]]]) -> None:
    """The mean of every measure by intended emotion."""
    by_emotion = defaultdict(list)
    for emotion, values in rows:
        by_emotion[emotion].append(values)
    print(f"\n{name}\n{'emotion':10}{'turns':>6}{'F0 Hz':>8}{'IQR st':>10}{'dB':>8}{'syll/s':>8}")
    for emotion in Emotion:
        if emotion in by_emotion:
            mean = np.mean(by_emotion[emotion], axis=0)
            n = len(by_emotion[emotion])
            print(f"{emotion:10}{n:6}{mean[0]:8.0f}{mean[1]:10.1f}{mean[2]:8.1f}{mean[3]:8.1f}")


def make(script: Script) -> Conversation:
    """Writes one sample, media and JSONL, and gives it back."""
    conversation = script.conversation
    if conversation.channel is Channel.CHAT:
        made = replace(conversation, turns=timed_chat(script))
    else:
        is_video = conversation.channel is Channel.VIDEO
        rate, band = (VIDEO_RATE, VIDEO_BAND) if is_video else (PHONE_RATE, PHONE_BAND)
        turns, recording = spoken(script, rate, band)
        path = SAMPLES / f"{script.name}{'.mp4' if is_video else '.ogg'}"
        if is_video:
            write_video(path, turns, recording)
        else:
            write_call(path, recording)
        region = WHOLE_PICTURE if is_video else None
        media = Media(Path(path.name), channels=CHANNELS, customer_region=region)
        made = replace(conversation, turns=turns, media=(media,))
        print_table(path.name, measure(turns, decoded_customer(path)))
    text = json.dumps(conversation_to_json(made), ensure_ascii=False)
    (SAMPLES / f"{script.name}.jsonl").write_text(text + "\n", "utf-8")
    return made


def main() -> None:
    """Makes them all, or the one that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    names = sorted(path.stem for path in (HERE / "dialogues").glob("*.toml"))
    parser.add_argument("--only", choices=names, help="make this one alone")
    only = parser.parse_args().only
    SAMPLES.mkdir(exist_ok=True)
    scripts = [read_script(HERE / "dialogues" / f"{name}.toml") for name in names]
    made = {script.name: make(script) for script in scripts if only in (None, script.name)}
    if only is None:
        write_formats(made["chat-refund-angry"], made["call-broadband-angry"])


if __name__ == "__main__":
    main()
