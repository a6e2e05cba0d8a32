"""Pictures of recordings: the right moment, size, way up and colour, in little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from multimodal.errors import InvalidInputError, MediaError, MediaLimitError
from multimodal.media import MediaLimits, frames, probe

ROOT = Path(__file__).resolve().parents[2]
Image = NDArray[np.uint8]
FLASH = 188


def write(
    path: Path,
    picture: Callable[[int], Image],
    *,
    codec: str = "libx264",
    count: int = 250,
    rotation: int = 0,
    mirrored: bool = False,
    clock: Fraction | None = None,
) -> Path:
    """A clip that states 25 pictures a second; `clock` is their real distance in seconds."""
    height, width = picture(0).shape[:2]
    with av.open(str(path), "w") as container:
        fast = {"deadline": "realtime", "cpu-used": "8"} if codec == "libvpx" else {}
        stream = container.add_stream(codec, rate=25, options=fast)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        if clock:
            stream.codec_context.time_base = clock
        for index in range(count):
            frame = av.VideoFrame.from_ndarray(picture(index))
            frame.pts, frame.time_base = index, clock or Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def flash(index: int) -> Image:
    """Black, and white for one picture at 7.52 s."""
    return np.full((48, 64, 3), 255 if index == FLASH else 0, np.uint8)


def corner(index: int) -> Image:
    """Black, with red at the top left."""
    image = np.zeros((96, 128, 3), np.uint8)
    image[:48, :64, 0] = 255
    return image


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("x.mp4", "libx264"),
        ("x.mp4", "mpeg4"),
        ("x.mkv", "libx264"),
        ("x.ts", "libx264"),
        ("x.webm", "libvpx"),
        ("x.avi", "mpeg4"),
        ("x.flv", "libx264"),
    ],
)
@pytest.mark.parametrize("start", [0.0, 6.9, 7.5])
def test_a_flash_is_where_it_is(tmp_path: Path, name: str, codec: str, start: float) -> None:
    path = write(tmp_path / name, flash, codec=codec)
    found = list(frames(path, start, 8.0, rate=25))
    assert len(found) == pytest.approx((8.0 - start) * 25, abs=1)
    assert all(start - 1e-3 <= time < 8.0 for time, _ in found)
    bright = [time for time, image in found if image.mean() > 128]
    assert bright == pytest.approx([FLASH / 25], abs=1 / 25)


@pytest.mark.parametrize(("rate", "expected"), [(1, 4), (5, 20), (12.5, 50), (25, 100), (99, 100)])
def test_rate(tmp_path: Path, rate: float, expected: int) -> None:
    path = write(tmp_path / "x.mp4", flash, codec="mpeg4")
    times = [time for time, _ in frames(path, 2.0, 6.0, rate=rate)]
    assert len(times) == expected
    assert times[0] == pytest.approx(2.0)
    assert np.diff(times) == pytest.approx(1 / min(rate, 25), abs=1e-3)


def test_pictures_are_scaled_and_never_enlarged(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mp4", corner, count=3)
    for max_side, shape in ((64, (48, 64, 3)), (128, (96, 128, 3)), (999, (96, 128, 3))):
        ((_, image),) = frames(path, 0.0, 0.01, rate=5, max_side=max_side)
        assert image.dtype == np.uint8
        assert image.shape == shape
        height, width = shape[0] // 4, shape[1] // 4
        assert image[height, width] == pytest.approx([255, 0, 0], abs=12)
        assert image[-height, -width] == pytest.approx([0, 0, 0], abs=12)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
def test_pictures_are_turned_upright(tmp_path: Path, rotation: int, mirrored: bool) -> None:
    path = write(tmp_path / "x.mp4", corner, count=3, rotation=rotation, mirrored=mirrored)
    ((_, image),) = frames(path, 0.0, 0.01, rate=5)
    expected = np.rot90(corner(0), rotation // 90)
    expected = expected[:, ::-1] if mirrored else expected
    assert image.shape == expected.shape
    assert np.abs(image[8::16, 8::16].astype(int) - expected[8::16, 8::16]).max() < 30
    if not mirrored:
        video = probe(path).video
        assert video is not None
        assert (video.rotation, video.width, video.height) == (rotation % 360, 128, 96)


def test_spans_without_pictures(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mp4", flash, count=25)
    for start, end in ((50.0, 60.0), (0.5, 0.5), (0.5, 0.2), (-3.0, -1.0)):
        assert list(frames(path, start, end, rate=5)) == []
    assert len(list(frames(path, -1.0, 99.0, rate=25))) == 25


def test_what_makes_no_sense(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mp4", flash, count=3)
    for start, end, rate in ((0.0, 1.0, 0.0), (float("nan"), 1.0, 5.0), (0.0, float("inf"), 5.0)):
        with pytest.raises(InvalidInputError, match=r"x\.mp4"):
            next(frames(path, start, end, rate=rate))


def test_a_recording_without_picture(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(8000), 8000)
    with pytest.raises(MediaError, match=r"x\.wav: it has no moving picture"):
        next(frames(tmp_path / "x.wav", 0.0, 1.0, rate=5))


def test_limits_hold_while_decoding(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mkv", flash, codec="mpeg4")
    with pytest.raises(MediaLimitError, match="lasts"):
        list(frames(path, 0.0, 9.0, rate=5, limits=MediaLimits(max_seconds=5)))
    with pytest.raises(MediaLimitError, match="pixels"):
        list(frames(path, 0.0, 9.0, rate=5, limits=MediaLimits(max_pixels=3000)))


def test_a_stated_frame_rate_that_is_a_lie(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mkv", corner, codec="mpeg4", count=1500, clock=Fraction(1, 1000))
    video = probe(path).video
    assert video is not None
    assert video.frame_rate == 25
    with pytest.raises(MediaLimitError, match="pictures per second"):
        list(frames(path, 0.0, 9.0, rate=5, limits=MediaLimits(max_frame_rate=120)))


def test_a_clip_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mkv", flash, codec="mpeg4")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = [time for time, _ in frames(path, 0.0, 10.0, rate=25)]
    assert 50 < len(found) < 200
    assert list(frames(path, 9.0, 10.0, rate=25)) == []


_MEASURE = """
import sys
from pathlib import Path
from multimodal.media import frames
shapes = [image.shape for _, image in frames(Path(sys.argv[1]), 0.0, 2.0, rate=5)]
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(len(shapes), *shapes[0], peak // 1024)
"""


def test_a_4k_clip_takes_little_memory(shared: Path) -> None:
    output = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(shared / "samples/video/Status0_Speaking.mp4")],
        check=True, capture_output=True, text=True, cwd=ROOT,
    ).stdout  # fmt: skip
    count, height, width, depth, megabytes = (int(value) for value in output.split())
    assert (count, height, width, depth) == (10, 720, 1280, 3)
    assert megabytes < 250
