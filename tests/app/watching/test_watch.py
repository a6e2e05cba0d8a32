"""`emotion-monitor watch`: whom it may watch, what it draws, what it writes and serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from app.dashboard.theme import EMOTION_COLOURS
from app.watching.overlay import FONTS, WINDOW, Overlay
from app.watching.page import Page
from app.watching.writer import VideoWriter
from multimodal.emotions import EMOTIONS
from multimodal.errors import InvalidInputError, OutputError
from vision.detection import Face
from vision.tracking import Sight
from vision.watch import Seen

COMMAND = Path(sys.executable).with_name("emotion-monitor")
DECLARED = ("--role", "customer", "--notice", "N-1")
Image = NDArray[np.uint8]


def run(folder: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EMOTION_MONITOR_DATA_DIR": str(folder / "data"), **settings}
    return subprocess.run(
        [COMMAND, "watch", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def clip(path: Path, images: list[Image], rate: int = 25) -> Path:
    with VideoWriter(path, (images[0].shape[1], images[0].shape[0])) as writer:
        for index, image in enumerate(images):
            writer.add(index / rate, image)
    return path


def pictures(path: Path) -> list[tuple[float, Image]]:
    with av.open(str(path)) as container:
        return [
            (float(frame.time or 0), np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            for frame in container.decode(video=0)
            if isinstance(frame, av.VideoFrame)
        ]


def seen(emotion: int | None = 1, size: tuple[int, int] = (640, 360)) -> Seen:
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    if emotion is None:
        return Seen(0.0, image, 0.0)
    box = np.array([200, 100, 300, 220], np.float32)
    marks = np.array([[230, 140], [270, 140], [250, 165], [235, 190], [265, 190]], np.float32)
    scores = np.full(len(EMOTIONS), 0.02, np.float32)
    scores[emotion] = 0.88
    face = Sight(Face(box, marks, 0.99), np.zeros((48, 48), np.uint8), 0.8)
    return Seen(0.0, image, 0.0, face, scores, 0.01)


def near(image: Image, colour: str, tolerance: int = 8) -> int:
    """How many pixels have about that colour."""
    value = int(colour.removeprefix("#"), 16)
    wanted = np.array([value >> 16, value >> 8 & 255, value & 255])
    return int((np.abs(image.astype(int) - wanted).max(axis=2) <= tolerance).sum())


def test_the_sample_is_annotated_picture_by_picture(samples: Path, tmp_path: Path) -> None:
    source, out = samples / "video-card-replacement.mp4", tmp_path / "out.mp4"
    short = tmp_path / "short.mp4"
    with av.open(str(source)) as container:
        images = []
        for frame in container.decode(video=0):
            images.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            if len(images) == 40:
                break
    clip(short, images)
    done = run(tmp_path, short, "--annotate", out, *DECLARED, "--json")
    assert done.returncode == 0, done.stderr
    row: dict[str, Any] = json.loads(done.stdout)
    assert row["pictures"] == 40
    assert row["with_face"] >= 38
    assert row["dropped"] == 0
    written = pictures(out)
    assert [at for at, _ in written] == pytest.approx([i / 25 for i in range(40)], abs=1e-3)
    height, width = images[0].shape[:2]
    for (_, drawn), image in zip(written[5:], images[5:], strict=True):
        assert drawn.shape[1] == max(640, width)
        assert drawn.shape[0] >= height + 150  # the strip lies under the picture, not on it
        assert (drawn[height + 4 : -4] > 240).mean() > 0.6
        left = (drawn.shape[1] - width) // 2
        inside = drawn[:height, left : left + width].astype(int)
        assert np.median(np.abs(inside - image)) < 12  # the picture itself is still there
        marked = sum(near(drawn[:height], EMOTION_COLOURS[e], 30) for e in EMOTIONS)
        assert marked > 300  # with a box and a label


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "role is not known"),
        (("--role", "customer"), "no notice is recorded"),
        (("--role", "agent", "--notice", "N-1"), "never scored"),
        (("--role", "unknown", "--notice", "N-1"), "role is not known"),
        (("--role", "boss", "--notice", "N-1"), "expected customer"),
    ],
)
def test_only_customers_who_were_told_are_watched(
    samples: Path, tmp_path: Path, arguments: tuple[str, ...], expected: str
) -> None:
    out = tmp_path / "out.mp4"
    done = run(tmp_path, samples / "video-card-replacement.mp4", "--annotate", out, *arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_standing_notice_does_but_no_role_is_guessed(tmp_path: Path) -> None:
    done = run(tmp_path, "none.mp4", "--role", "customer", EMOTION_MONITOR_STANDING_NOTICE="N-9")
    assert "there is no such file" in done.stderr
    done = run(tmp_path, "none.mp4", EMOTION_MONITOR_STANDING_NOTICE="N-9")
    assert "role is not known" in done.stderr


def test_what_cannot_be_watched_says_why(tmp_path: Path) -> None:
    grey = [np.full((48, 64, 3), 90, np.uint8)] * 3
    good = clip(tmp_path / "good.mp4", grey)
    (tmp_path / "text.mp4").write_text("no video")
    soundfile.write(tmp_path / "sound.wav", np.zeros(8000), 8000)
    for arguments, expected in (
        (("--camera", "97"), "camera 97: it is not there"),
        ((), "a file or a camera"),
        ((good, "--camera", "0"), "a file or a camera"),
        ((tmp_path / "none.mp4",), "there is no such file"),
        ((tmp_path / "text.mp4",), "no recording that FFmpeg can read"),
        ((tmp_path / "sound.wav",), "no moving picture"),
        ((good, "--annotate", good), "replace the video itself"),
        ((good, "--annotate", tmp_path / "out.txt"), "expected .mp4, .mkv, .mov"),
        ((good, "--annotate", tmp_path / "no" / "out.mp4"), "cannot be written"),
    ):
        done = run(tmp_path, *arguments, *DECLARED)
        assert done.returncode in (1, 2), done.stderr
        assert expected in done.stderr.replace("\n", " ")
        assert "Traceback" not in done.stderr
    assert len(pictures(good)) == 3


def test_models_for_research_are_left_out_where_the_site_says_so(tmp_path: Path) -> None:
    good = clip(tmp_path / "good.mp4", [np.full((48, 64, 3), 90, np.uint8)] * 3)
    done = run(tmp_path, good, *DECLARED, EMOTION_MONITOR_OPEN_MODELS_ONLY="true")
    assert done.returncode == 3
    assert "OPEN_MODELS_ONLY" in done.stderr


def test_a_file_is_shown_as_it_runs(tmp_path: Path) -> None:
    path = clip(tmp_path / "x.mp4", [np.full((48, 64, 3), 90, np.uint8)] * 20)
    done = run(tmp_path, path, *DECLARED, "--json")
    assert done.returncode == 0, done.stderr
    assert "http://127.0.0.1:" in done.stderr
    row = json.loads(done.stdout)
    assert row["pictures"] + row["dropped"] == 20
    assert row["with_face"] == 0
    assert row["pictures_per_second"] < 27  # no faster than it was taken


@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (1, 1), (97, 301), (360, 640)])
@pytest.mark.parametrize("emotion", [0, 3, None])
def test_drawing_suits_every_size(size: tuple[int, int], emotion: int | None) -> None:
    overlay = Overlay(size)
    for _ in range(WINDOW + 2):
        drawn = overlay.draw(seen(emotion, size))
    width, height = overlay.size
    assert drawn.shape == (height, width, 3)
    assert width % 2 == height % 2 == 0
    assert width >= 640
    assert height > size[1] + 140
    # Curves of the same share lie over one another: that of the emotion stands alone.
    colour = EMOTION_COLOURS[EMOTIONS[3 if emotion is None else emotion]]
    assert (near(drawn[size[1] :, : width // 2], colour) > 100) == (emotion is not None)


def test_letters_are_chinese_where_a_font_has_them_and_english_elsewhere() -> None:
    plain = Overlay((640, 360), fonts=[("no-such-font.ttf", 0)])
    assert not plain.chinese
    plain.draw(seen(1))
    assert plain.words() == "happy 88%"
    plain.draw(seen(None))
    assert plain.words() == "no face"
    both = Overlay((640, 360), FONTS)
    if both.chinese:
        both.draw(seen(1))
        assert both.words() == "高兴 happy 88%"


def test_a_label_does_not_flicker_and_the_course_shows_each_picture() -> None:
    overlay = Overlay((640, 360))
    for _ in range(10):
        overlay.draw(seen(1))
    overlay.draw(seen(3))
    assert "happy" in overlay.words()
    for _ in range(9):
        overlay.draw(seen(3))
    assert "angry" in overlay.words()


def test_a_face_at_the_border_keeps_its_label_inside() -> None:
    overlay = Overlay((640, 360))
    one = seen(1)
    assert one.sight is not None
    one.sight.face.box[:] = [560, -40, 700, 390]
    drawn = overlay.draw(one)
    assert near(drawn[:360], EMOTION_COLOURS["happy"]) > 1500  # the label's ground


def test_times_are_kept_and_never_go_back(tmp_path: Path) -> None:
    image = np.full((50, 64, 3), 90, np.uint8)
    with VideoWriter(tmp_path / "x.mp4", (64, 50)) as writer:
        for at in (0.0, 0.04, 0.5, 0.5, 0.2, 3.0):
            writer.add(at, image)
    times = [at for at, _ in pictures(tmp_path / "x.mp4")]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[2] == pytest.approx(0.5, abs=1e-3)
    assert times[-1] == pytest.approx(3.0, abs=1e-3)


def test_an_interrupted_video_plays(tmp_path: Path) -> None:
    def interrupted() -> None:
        with VideoWriter(tmp_path / "x.mp4", (64, 50)) as writer:
            for index in range(9):
                writer.add(index / 25, np.full((50, 64, 3), 90, np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(pictures(tmp_path / "x.mp4")) == 9


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    (tmp_path / "full.mkv").symlink_to("/dev/full")
    with pytest.raises(OutputError, match="cannot be written"):
        clip(tmp_path / "full.mkv", [np.roll(noise, 7 * i, axis=1) for i in range(100)])


def test_names_that_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="ends in nothing"):
        VideoWriter(tmp_path / "out", (64, 48))


def test_the_page_shows_the_latest_picture_to_who_knows_its_address() -> None:
    with Page() as page:
        html = urllib.request.urlopen(page.address, timeout=5).read().decode()
        assert '<img src="video"' in html
        page.show(np.full((48, 64, 3), 10, np.uint8))
        page.show(np.full((48, 64, 3), 200, np.uint8))
        with urllib.request.urlopen(page.address + "video", timeout=5) as stream:
            assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            assert stream.headers["Cache-Control"] == "no-store"
            assert stream.readline().strip() == b"--picture"
            assert stream.readline().strip() == b"Content-Type: image/jpeg"
            length = int(stream.readline().split(b":")[1])
            assert stream.readline().strip() == b""
            jpeg = cv2.imdecode(np.frombuffer(stream.read(length), np.uint8), cv2.IMREAD_COLOR)
        assert jpeg is not None
        assert jpeg.mean() == pytest.approx(200, abs=2)
        root = page.address.rsplit("/", 2)[0]
        for path in ("/", "/video", "/wrong/", "/../"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(root + path, timeout=5)
        assert root.startswith("http://127.0.0.1:")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(page.address, timeout=5)
