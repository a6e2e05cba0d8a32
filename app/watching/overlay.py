"""Draws what was seen: the face and its emotion, and the course of the last moments under it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.dashboard.theme import EMOTION_COLOURS
from multimodal.emotions import CHINESE_NAMES, EMOTIONS, FloatArray
from vision.tracking import Sight
from vision.watch import Seen

WINDOW = 30
"""Pictures over which the course of the probabilities is drawn."""
STEADY = 10
"""Pictures over whose mean the label is read, so that it does not flicker; each has its own place
in the course."""
FONTS: tuple[tuple[str, int], ...] = (
    ("NotoSansCJK-Regular.ttc", 2),
    ("SourceHanSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("wqy-zenhei.ttc", 0),
    ("PingFang.ttc", 0),
    ("msyh.ttc", 0),
)
"""Fonts with Chinese letters, as they are named on Linux, macOS and Windows, and which of the faces
in the file is the one for simplified Chinese."""

_TEXTS: Mapping[str, tuple[str, str]] = {
    "none": ("未见人脸", "no face"),
    "quality": ("画质", "quality"),
    "estimate": ("模型估计，不是事实", "an estimate, not a fact"),
    "course": ("最近 30 帧", "last 30 pictures"),
}
_LEAST_WIDTH = 640
_STRIP = 150  # height of the strip under a picture of `_LEAST_WIDTH`, in pixels
_PAPER, _INK, _GREY = (255, 255, 255), (29, 33, 41), (138, 143, 152)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Overlay:
    """Draws one video. The strip under the picture hides nothing of it.

    Args:
        size: Width and height of the pictures in pixels.
        fonts: File names of fonts, and the face within each; the first that is there is taken.

    Attributes:
        size: Width and height of what is drawn, both even.
        chinese: Whether there is a font with Chinese letters; else all is in English alone.
    """

    def __init__(self, size: tuple[int, int], fonts: Sequence[tuple[str, int]] = FONTS) -> None:
        width = max(_LEAST_WIDTH, size[0] + size[0] % 2)
        self._unit = width / _LEAST_WIDTH
        self._top = size[1]
        strip = self._px(_STRIP)
        self.size = (width, size[1] + strip + (size[1] + strip) % 2)
        self._left = (width - size[0]) // 2
        self._fonts = list(fonts)
        self._font, self.chinese = self._load(14)
        self._large, _ = self._load(17)
        self._course: deque[FloatArray | None] = deque(maxlen=WINDOW)
        self._blank = self._form()

    def draw(self, seen: Seen) -> NDArray[np.uint8]:
        """The picture with its face marked, over the course: RGB uint8 of `size`."""
        self._course.append(seen.emotions)
        emotions = self._steady()
        canvas = self._blank.copy()
        height, width = seen.image.shape[:2]
        height, width = min(height, self._top), min(width, self.size[0] - self._left)
        canvas[:height, self._left : self._left + width] = seen.image[:height, :width]
        self._curves(canvas)
        if seen.sight is not None:
            self._box(canvas, seen.sight, _colour_of(emotions))
        page = Image.fromarray(canvas)
        pen = ImageDraw.Draw(page)
        self._label(pen, seen.sight, _colour_of(emotions))
        self._shares(pen, emotions)
        return np.asarray(page, np.uint8)

    def words(self) -> str:
        """What the face says, in a few words, as it was drawn last."""
        emotions = self._steady()
        if emotions is None:
            return self._text("none")
        best = int(emotions.argmax())
        name = self._both(CHINESE_NAMES[EMOTIONS[best]], EMOTIONS[best])
        return f"{name} {emotions[best]:.0%}"

    def _steady(self) -> FloatArray | None:
        """The mean of the last answers, None where there is no face now."""
        if not self._course or self._course[-1] is None:
            return None
        latest = [row for row in list(self._course)[-STEADY:] if row is not None]
        return np.asarray(np.mean(latest, axis=0), np.float32)

    def _px(self, units: float) -> int:
        return round(units * self._unit)

    def _load(self, size: int) -> tuple[Font, bool]:
        for name, face in self._fonts:
            try:
                return ImageFont.truetype(name, self._px(size), index=face), True
            except OSError:
                continue
        return ImageFont.load_default(self._px(size)), False

    def _text(self, key: str) -> str:
        return self._both(*_TEXTS[key])

    def _both(self, chinese: str, english: str) -> str:
        return f"{chinese} {english}" if self.chinese else english

    def _plot(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the course."""
        return (
            self._px(38), self._top + self._px(30), self._px(310), self._top + self._px(_STRIP - 10)
        )  # fmt: skip

    def _place(self, index: int) -> tuple[int, int]:
        """Left and top of an emotion in the legend."""
        column, row = divmod(index, 4)
        return self._px(330 + 155 * column), self._top + self._px(32 + 27 * row)

    def _form(self) -> NDArray[np.uint8]:
        """All that stays the same."""
        page = Image.new("RGB", self.size, _INK)
        pen = ImageDraw.Draw(page)
        pen.rectangle((0, self._top, *self.size), fill=_PAPER)
        left, top, right, bottom = self._plot()
        for share in (0.0, 0.5, 1.0):
            y = bottom - share * (bottom - top)
            pen.line((left, y, right, y), fill=(217, 220, 225))
            pen.text((left - self._px(4), y), f"{share:.0%}", _GREY, self._load(11)[0], anchor="rm")
        above = self._top + self._px(8)
        pen.text((left, above), self._text("course"), _GREY, self._font)
        pen.text((self._place(0)[0], above), self._text("estimate"), _GREY, self._font)
        for index, emotion in enumerate(EMOTIONS):
            x, y = self._place(index)
            mark = (x, y + self._px(4), x + self._px(11), y + self._px(15))
            pen.rectangle(mark, fill=EMOTION_COLOURS[emotion])
            name = self._both(CHINESE_NAMES[emotion], emotion)
            pen.text((x + self._px(17), y), name, _INK, self._font)
        return np.asarray(page, np.uint8)

    def _curves(self, canvas: NDArray[np.uint8]) -> None:
        left, top, right, bottom = self._plot()
        step = (right - left) / (WINDOW - 1)
        first = right - step * (len(self._course) - 1)
        for index, emotion in enumerate(EMOTIONS):
            line: list[tuple[float, float]] = []
            for place, row in enumerate([*self._course, None]):
                if row is not None:
                    share = float(row[index])
                    line.append((first + place * step, bottom - share * (bottom - top)))
                elif line:  # a gap where no face was seen
                    points = np.round(line if len(line) > 1 else line * 2).astype(np.int32)
                    colour, width = _rgb(EMOTION_COLOURS[emotion]), self._px(1.6)
                    cv2.polylines(canvas, [points], False, colour, width, cv2.LINE_AA)
                    line = []

    def _box(self, canvas: NDArray[np.uint8], sight: Sight, name: str) -> None:
        colour = _rgb(name)
        shift = np.array([self._left, 0], np.float32)
        box = np.round(sight.face.box.reshape(2, 2) + shift).astype(int)
        picture = canvas[: self._top]
        corners = [(int(x), int(y)) for x, y in box]
        cv2.rectangle(picture, corners[0], corners[1], colour, self._px(2))
        for x, y in np.round(sight.face.landmarks + shift).astype(int):
            cv2.circle(picture, (int(x), int(y)), self._px(2), colour, -1, cv2.LINE_AA)

    def _label(self, pen: ImageDraw.ImageDraw, sight: Sight | None, colour: str) -> None:
        """What the face says, above its box, or under it where there is no room."""
        if sight is None:
            self._tag(pen, (self._left + self._px(8), self._px(8)), [self.words()], colour)
            return
        lines = [self.words(), f"{self._text('quality')} {sight.quality:.0%}"]
        left, top, _, bottom = sight.face.box
        above = top - self._px(46)
        y = above if above >= 0 else min(bottom + self._px(4), self._top - self._px(46))
        self._tag(pen, (int(left) + self._left, max(0, int(y))), lines, colour)

    def _tag(
        self, pen: ImageDraw.ImageDraw, at: tuple[int, int], lines: list[str], colour: str
    ) -> None:
        fonts = [self._large, self._font][: len(lines)]
        width = max(pen.textlength(t, font=f) for t, f in zip(lines, fonts, strict=True))
        width, height = int(width) + self._px(12), self._px(24 if len(lines) == 1 else 42)
        x = int(np.clip(at[0], 0, max(0, self.size[0] - width)))
        pen.rectangle((x, at[1], x + width, at[1] + height), fill=colour)
        ink = _INK if sum(_rgb(colour)) > 330 else _PAPER
        for row, (text, font) in enumerate(zip(lines, fonts, strict=True)):
            pen.text((x + self._px(6), at[1] + self._px(1 + 21 * row)), text, ink, font)

    def _shares(self, pen: ImageDraw.ImageDraw, emotions: FloatArray | None) -> None:
        for index in range(len(EMOTIONS)):
            x, y = self._place(index)
            share = "–" if emotions is None else f"{emotions[index]:.0%}"
            pen.text((x + self._px(140), y), share, _INK, self._font, anchor="ra")


def _colour_of(emotions: FloatArray | None) -> str:
    name = "unknown" if emotions is None else EMOTIONS[int(emotions.argmax())].value
    return EMOTION_COLOURS[name]


def _rgb(colour: str) -> tuple[int, int, int]:
    value = int(colour.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255
