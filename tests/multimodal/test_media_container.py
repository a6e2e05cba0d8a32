"""Probing: what a recording says about itself, and everything that is refused before decoding."""

from __future__ import annotations

import io
import os
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from multimodal.errors import InputFileError, MediaError, MediaLimitError
from multimodal.media import DEFAULT_LIMITS, MediaLimits, audio_blocks, probe


def write_clip(
    path: Path, *, sound: bool = True, picture: bool = True, options: dict[str, str] | None = None
) -> Path:
    """Two seconds: a tone in stereo AAC at 16 kHz, grey MPEG-4 pictures 64 x 48 at 25 a second."""
    with av.open(str(path), "w", container_options=options or {}) as container:
        audio = container.add_stream("aac", rate=16000, layout="stereo") if sound else None
        video = container.add_stream("mpeg4", rate=25) if picture else None
        if video:
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            for index in range(50):
                grey = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8))
                grey.pts = index
                container.mux(video.encode(grey))
            container.mux(video.encode(None))
        if audio:
            tone = np.sin(np.arange(32000) / 16000 * 2 * np.pi * 300).astype(np.float32) / 2
            frame = av.AudioFrame.from_ndarray(np.stack([tone, -tone]), "fltp", "stereo")
            frame.sample_rate, frame.pts = 16000, 0
            container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def black_png(side: int) -> bytes:
    """A square 1-bit picture: 49 kB for 20,000 x 20,000."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + (side + 7) // 8)) for _ in range(side))

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows + packer.flush())
        + chunk(b"IEND", b"")
    )


def crc(data: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value <<= 1
            if value >> bits:
                value ^= polynomial | 1 << bits
    return value


def silent_flac(hours: float) -> bytes:
    """16 kHz mono in frames of one constant each (RFC 9639): six hours take 1.1 MB."""
    blocks = round(hours * 3600 * 16000 / 4096)
    fields = (16000 << 44) | (15 << 36) | blocks * 4096
    stream_info = struct.pack(">HHxxxxxxQ16x", 4096, 4096, fields)
    parts = [b"fLaC\x80\x00\x00\x22" + stream_info]
    for number in range(blocks):
        # No decoder gets as far as the second frame: its checksums need not be right.
        header = b"\xff\xf8\xc5\x08" + chr(number).encode("utf-8", "surrogatepass")
        header += bytes([crc(header, 0x07, 8) if number == 0 else 0])
        frame = header + b"\x00\x00\x00"
        parts.append(frame + (crc(frame, 0x8005, 16) if number == 0 else 0).to_bytes(2, "big"))
    return b"".join(parts)


def test_sound_and_picture(tmp_path: Path) -> None:
    info = probe(write_clip(tmp_path / "clip.mp4"))
    assert info.container.startswith("mov")
    assert info.seconds == pytest.approx(2.0, abs=0.1)
    assert info.audio is not None
    assert info.video is not None
    assert (info.audio.rate, info.audio.channels, info.audio.codec) == (16000, 2, "aac")
    assert (info.video.width, info.video.height, info.video.frame_rate) == (64, 48, 25.0)
    assert (info.video.rotation, info.video.codec) == (0, "mpeg4")


def test_sound_alone_and_picture_alone(tmp_path: Path) -> None:
    assert probe(write_clip(tmp_path / "a.m4a", picture=False)).video is None
    assert probe(write_clip(tmp_path / "v.mp4", sound=False)).audio is None


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT", "ULAW", "ALAW"])
def test_telephone_encodings(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((4000, 2)), 8000, subtype=subtype)
    info = probe(tmp_path / "x.wav")
    assert info.seconds == pytest.approx(0.5)
    assert info.audio is not None
    assert (info.audio.rate, info.audio.channels) == (8000, 2)


def test_the_ending_of_the_name_does_not_matter(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4").rename(tmp_path / "clip.txt")
    assert probe(path).video is not None


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(picture, "PNG")
    with av.open(str(tmp_path / "song.mp3"), "w") as container:
        stream = container.add_stream("libmp3lame", rate=16000, layout="mono")
        cover = container.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        packet = av.Packet(picture.getvalue())
        packet.stream, packet.pts, packet.dts = cover, 0, 0
        container.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 16000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    info = probe(tmp_path / "song.mp3")
    assert info.video is None
    assert info.audio is not None


def test_a_container_without_duration_is_measured(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "live.mkv", options={"live": "1"})
    with av.open(str(path)) as container:
        assert container.duration is None, "the file should state no duration"
    assert probe(path).seconds == pytest.approx(2.0, abs=0.1)
    with pytest.raises(MediaLimitError, match="lasts"):
        probe(path, MediaLimits(max_seconds=1))


def test_tags_in_an_old_chinese_encoding(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(800), 8000)
    data = (tmp_path / "x.wav").read_bytes()
    tag = b"INFOINAM" + struct.pack("<I", 8) + "客户录音".encode("gb18030")
    data += b"LIST" + struct.pack("<I", len(tag)) + tag
    (tmp_path / "x.wav").write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert probe(tmp_path / "x.wav").seconds == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"])
def test_a_picture_named_wav_is_called_a_picture(tmp_path: Path, kind: str) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "call.wav", kind)
    with pytest.raises(MediaError, match=r"call\.wav: it is a picture"):
        probe(tmp_path / "call.wav")


def test_a_picture_of_20000_by_20000_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "big.png").write_bytes(black_png(20_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with pytest.raises(MediaError, match="picture"):
        probe(tmp_path / "big.png")
    assert time.perf_counter() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000, "it was decoded"


def test_six_hours_of_silence_in_a_megabyte_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "six.flac").write_bytes(silent_flac(6))
    assert (tmp_path / "six.flac").stat().st_size < 1_200_000
    began = time.perf_counter()
    with pytest.raises(MediaLimitError, match=r"six\.flac: it lasts 6\.0 hours.* at most 4\.0"):
        probe(tmp_path / "six.flac")
    with pytest.raises(MediaLimitError):
        next(audio_blocks(tmp_path / "six.flac"))
    assert time.perf_counter() - began < 1


def test_the_crafted_flac_is_a_real_one(tmp_path: Path) -> None:
    (tmp_path / "short.flac").write_bytes(silent_flac(4096 / 16000 / 3600))
    (block,) = audio_blocks(tmp_path / "short.flac")
    assert block.shape == (4096, 1)
    assert not block.any()


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (MediaLimits(max_seconds=1), "lasts"),
        (MediaLimits(max_pixels=64 * 48 - 1), "pixels"),
        (MediaLimits(max_streams=1), "streams"),
        (MediaLimits(max_channels=1), "audio channels"),
        (MediaLimits(max_rate=8000), "Hz sample rate"),
        (MediaLimits(max_frame_rate=20), "pictures per second"),
    ],
)
def test_every_limit(tmp_path: Path, limits: MediaLimits, words: str) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    with pytest.raises(MediaLimitError, match=rf"clip\.mp4: it.* {words}") as caught:
        probe(path, limits)
    assert caught.value.remedy


def test_4k_is_within_the_limits() -> None:
    for width, height in ((3840, 2160), (2160, 3840), (4096, 2160)):
        assert width * height <= DEFAULT_LIMITS.max_pixels


def _truncated_mp4(path: Path) -> None:
    data = write_clip(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(np.random.default_rng(0).bytes(200_000)),
        lambda path: path.write_text("客户：你好\n坐席：您好\n" * 50, encoding="utf-8"),
        lambda path: soundfile.write(path, np.zeros(0), 16000, format="WAV"),
        _truncated_mp4,
    ],
    ids=["empty", "random bytes", "text", "no samples", "truncated mp4"],
)
def test_what_is_no_recording(tmp_path: Path, write: Callable[[Path], object]) -> None:
    path = tmp_path / "x.mp4"
    write(path)
    with pytest.raises(MediaError, match=r"^x\.mp4: ") as caught:
        probe(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {other}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    ],
    ids=["HLS", "concat", "SDP"],
)
def test_a_playlist_opens_no_other_file(tmp_path: Path, text: str) -> None:
    other = write_clip(tmp_path / "other.mp4")
    (tmp_path / "list.mp4").write_text(text.format(other=other))
    with pytest.raises(MediaError):
        probe(tmp_path / "list.mp4")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.wav", tmp_path, tmp_path / "pipe", tmp_path / "a\0b"):
        with pytest.raises(InputFileError) as caught:
            probe(path)
        assert str(path) in str(caught.value)
        assert caught.value.remedy


def test_no_permission(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "secret.mp4")
    path.chmod(0)
    user = os.geteuid()
    if user == 0:  # the administrator may read everything, so act as somebody else
        os.seteuid(65534)
    try:
        with pytest.raises(InputFileError, match="cannot be read"):
            probe(path)
    finally:
        os.seteuid(user)


def test_real_samples(shared: Path) -> None:
    calls, video = shared / "samples/calls", shared / "samples/video"
    stereo = probe(calls / "Auto_Repairs_40_stereo_L-agent_R-caller.flac")
    assert stereo.seconds == pytest.approx(245.38)
    assert stereo.audio is not None
    assert (stereo.audio.rate, stereo.audio.channels, stereo.video) == (8000, 2, None)
    mono = probe(calls / "Auto0_mono.wav").audio
    assert mono is not None
    assert (mono.rate, mono.channels, mono.codec) == (8000, 1, "pcm_u8")
    clip = probe(video / "Silent_Status.mp4").video
    assert clip is not None
    assert (clip.width, clip.height, clip.frame_rate) == (3840, 2160, 50.0)
