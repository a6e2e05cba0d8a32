"""A moving, speaking face for the video sample, warped from one public-domain photograph.

The photograph is scikit-image's `data.astronaut()`: NASA's portrait of Eileen Collins, public
domain. She smiles in it, with her teeth showing. Each expression is a smooth displacement of
brows, lids, mouth corners and lips (the action units of Ekman and Friesen's FACS, named below) on
a version of the picture whose mouth can be closed and opened. It is a puppet for trying the
product out: no likeness of anything that she felt or said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from multimodal import Emotion

Image = NDArray[np.uint8]
Field = NDArray[np.float32]

SIZE = 384
"""Width and height of the picture, in pixels."""
_LEFT, _TOP, _SIDE = 138.0, 28.0, 172.0  # the part of the photograph that is shown
_SCALE = SIZE / _SIDE

# Places in the photograph, in its own pixels (x, y); left and right as seen.
_MOUTH_LEFT, _MOUTH_RIGHT = (204.0, 140.0), (244.5, 141.0)
_LIP_CURVE = 3.0  # by how much the middle of the upper lip hangs below its corners
_BROW_LEFT = ((190.0, 90.0), (201.0, 88.5), (212.0, 92.0))  # outer, middle, inner
_BROW_RIGHT = ((264.0, 95.0), (252.0, 92.5), (238.0, 93.5))
_EYE_LEFT, _EYE_RIGHT = (203.0, 101.0), (246.0, 103.5)


@dataclass(frozen=True, slots=True)
class Expression:
    """Displacements from a relaxed face with closed lips, in pixels of the photograph.

    Attributes:
        smile: Corners of the mouth out and up (AU12); negative for down (AU15).
        teeth: How much of the photograph's own smile shows between the lips, 0 to 1.
        gap: How far the lips part (AU25, AU26).
        pout: Corners of the mouth inwards (AU18, AU23).
        brow_inner: Inner brows up (AU1); negative for down and together (AU4).
        brow_outer: Outer brows up (AU2); negative for down.
        lid: Eyes wider (AU5); negative for narrower (AU7).
        furrow: Darkness of the folds between the brows, 0 to 1.
    """

    smile: float = 0.0
    teeth: float = 0.0
    gap: float = 0.0
    pout: float = 0.0
    brow_inner: float = 0.0
    brow_outer: float = 0.0
    lid: float = 0.0
    furrow: float = 0.0

    def towards(self, other: Expression, share: float) -> Expression:
        """The expression that lies `share` of the way to another."""
        return Expression(
            *(
                (1 - share) * getattr(self, f.name) + share * getattr(other, f.name)
                for f in fields(self)
            )
        )


EXPRESSIONS: Mapping[Emotion, Expression] = MappingProxyType(
    {
        Emotion.NEUTRAL: Expression(smile=-2.5, pout=2.0, brow_inner=1.0, lid=0.3),
        Emotion.HAPPY: Expression(smile=2.0, teeth=1.0, gap=0.5, lid=-0.3),
        Emotion.SAD: Expression(smile=-8.0, pout=4.5, brow_inner=5.5, brow_outer=-3.5, lid=-1.2),
        Emotion.ANGRY: Expression(
            smile=-7.0, pout=5.0, brow_inner=-7.0, brow_outer=0.0, lid=-0.8, furrow=1.0
        ),
        Emotion.SURPRISE: Expression(
            smile=-2.5, gap=12.0, pout=7.5, brow_inner=6.0, brow_outer=6.0, lid=2.2
        ),
        Emotion.DISGUST: Expression(smile=-3.0, pout=2.0, brow_inner=-3.0, lid=-1.5, furrow=0.5),
        Emotion.FEAR: Expression(
            smile=-3.0, gap=4.0, pout=-1.0, brow_inner=5.0, brow_outer=1.5, lid=2.0
        ),
    }
)


class Puppet:
    """The face, rendered frame by frame.

    Args:
        photograph: RGB uint8 (512, 512, 3), `skimage.data.astronaut()`.
    """

    def __init__(self, photograph: Image) -> None:
        self._photograph = photograph
        self._colours = photograph.astype(np.float32)
        grid = np.arange(SIZE, dtype=np.float32) / _SCALE
        self._x, self._y = np.meshgrid(grid + _LEFT, grid + _TOP)

    def frame(
        self,
        expression: Expression,
        *,
        speech: float = 0.0,
        blink: float = 0.0,
        turn: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> Image:
        """One frame.

        Args:
            expression: Of the face.
            speech: How far speaking opens the mouth, 0 to 1.
            blink: How far the lids are closed, 0 to 1.
            turn: The head's shift to the right and downwards, in pixels of the photograph, and its
                rotation in degrees.

        Returns:
            RGB uint8 (SIZE, SIZE, 3).
        """
        x, y = self._moved(turn)
        dx, dy = self._displacement(x, y, expression, blink)
        x, y = x - dx, y - dy
        mouth_y, inside, depth = self._opened_mouth(x, y, expression, speech)
        relaxed = _sampled(self._relaxed, x, mouth_y)
        smiling = _sampled(self._colours, x, mouth_y)
        skin = relaxed + (smiling - relaxed) * min(1.0, expression.teeth)
        picture = skin + (self._mouth_inside(x, depth, expression) - skin) * inside[..., None]
        picture *= (1 - self._shade(x + dx, y + dy, expression))[..., None]
        return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)

    @cached_property
    def _relaxed(self) -> Field:
        """The photograph without the folds that its smile cuts into the cheeks."""
        folds = np.zeros(self._photograph.shape[:2], dtype=np.uint8)
        for points in (
            ((209, 123), (205, 129), (199, 134), (197, 138)),
            ((240, 124), (245, 131), (250, 137), (250, 141)),
            ((200, 139), (202, 142)),
            ((248, 139), (248, 144)),
        ):
            cv2.polylines(folds, [np.array(points, dtype=np.int32)], False, 255, 3)
        even = cv2.inpaint(self._photograph, folds, 5, cv2.INPAINT_TELEA).astype(np.float32)
        rows, columns = np.indices(even.shape[:2], dtype=np.float32)
        # The round of the cheeks tells a smile, to people and to models, as much as the mouth does.
        cheeks = sum(_bump(columns, rows, (x, y), (12, 13)) for x, y in ((199, 128), (250, 132)))
        grain = np.random.default_rng(0).normal(0, 4, even.shape[:2]).astype(np.float32)
        pores = cv2.GaussianBlur(grain, (0, 0), 0.8)[..., None]
        soft = cv2.GaussianBlur(even, (0, 0), 7) + pores
        share = np.clip(1.5 * np.asarray(cheeks), 0, 1)[..., None]
        return np.asarray(even + (soft - even) * share, dtype=np.float32)

    def _moved(self, turn: tuple[float, float, float]) -> tuple[Field, Field]:
        """Where in the photograph each pixel looks; head and shoulders move, the wall less."""
        right, down, degrees = turn
        near = _bump(self._x, self._y, (224.0, 110.0), (75.0, 95.0))
        angle = np.deg2rad(degrees) * near
        ox, oy = self._x - 224.0, self._y - 190.0
        x = 224.0 + ox * np.cos(angle) + oy * np.sin(angle) - right * near
        y = 190.0 - ox * np.sin(angle) + oy * np.cos(angle) - down * near
        return x.astype(np.float32), y.astype(np.float32)

    def _displacement(
        self, x: Field, y: Field, expression: Expression, blink: float
    ) -> tuple[Field, Field]:
        """How far brows, lids and corners of the mouth are carried at each place."""
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for corner, side in ((_MOUTH_LEFT, -1), (_MOUTH_RIGHT, 1)):
            near = _bump(x, y, corner, (10.0, 8.0))
            dx += near * side * (0.5 * max(expression.smile, 0) - expression.pout)
            dy -= near * expression.smile
        # The photograph's lips hang in a smile's curve; a face at rest has them level.
        level = 1 - min(1.0, expression.teeth)
        dy -= _LIP_CURVE * level * _arch(x) * _bump(x, y, (224.0, 144.0), (30.0, 11.0))
        for brow, side in ((_BROW_LEFT, -1), (_BROW_RIGHT, 1)):
            inner, outer = expression.brow_inner, expression.brow_outer
            for place, lift in zip(brow, (outer, (inner + outer) / 2, inner), strict=True):
                near = _bump(x, y, place, (7.5, 6.5))
                dy -= 0.75 * near * lift
                if place is brow[2] and inner < 0:
                    dx += 0.4 * near * side * inner
        for eye in (_EYE_LEFT, _EYE_RIGHT):
            # Stretching about the eye's middle parts the lids or brings them together.
            lid = expression.lid - 7.0 * blink
            dy += _bump(x, y, eye, (11.0, 5.5)) * np.tanh((y - eye[1]) / 3.0) * lid * 0.6
        return dx, dy

    def _opened_mouth(
        self, x: Field, y: Field, expression: Expression, speech: float
    ) -> tuple[Field, Field, Field]:
        """Closes the photograph's mouth, and opens it again as far as is wanted.

        Returns:
            Where to look for skin and lips, how much each pixel lies inside the mouth (0 to 1),
            and how deep within the opening (0 at the upper lip, 1 at the lower).
        """
        across, arch = (x - 224.0) / 20.5, _arch(x)
        lip = 140.4 + _LIP_CURVE * arch  # lower edge of the upper lip in the photograph
        teeth = 6.3 * np.sqrt(arch)  # height of the photograph's opening
        round_ = np.sqrt(np.clip(1 - (across * 1.15) ** 2, 0, 1))
        parted = (expression.gap + 4.5 * speech) * round_
        lift = 0.4 * parted  # the upper lip rises a little where the jaw drops
        upper, gap = lip - lift, expression.teeth * teeth + parted
        below = y - upper - gap
        jaw = np.exp(-(((x - 224.0) / 32.0) ** 4)) * np.exp(
            -((np.clip(below, 0, None) / 26.0) ** 2)
        )
        above = np.minimum(y + lift * np.exp(-(((upper - y) / 9.0) ** 2)), lip)
        look = np.where(below > 0, y + (teeth - gap + lift) * jaw, above)
        inside = np.clip((y - upper) * 1.5, 0, 1) * np.clip(-below * 1.5, 0, 1)
        depth = np.clip((y - upper) / np.maximum(gap, 0.3), 0, 1)
        return look.astype(np.float32), inside.astype(np.float32), depth.astype(np.float32)

    def _mouth_inside(self, x: Field, depth: Field, expression: Expression) -> Field:
        """The photograph's teeth where they show, a dark mouth with their edge where not."""
        arch = _arch(x)
        height = 140.4 + _LIP_CURVE * arch + 6.3 * np.sqrt(arch) * depth
        own = _sampled(self._colours, x, height.astype(np.float32))
        dark = np.array((62.0, 24.0, 26.0), dtype=np.float32)
        edge = np.clip(0.75 - 4.0 * depth, 0, 0.6)[..., None] * arch[..., None]
        mouth = dark + (np.array((214.0, 200.0, 190.0), dtype=np.float32) - dark) * edge
        return np.asarray(mouth + (own - mouth) * min(1.0, expression.teeth), dtype=np.float32)

    def _shade(self, x: Field, y: Field, expression: Expression) -> Field:
        """Folds between the brows; brows drawn darker, for her own are too fair when small."""
        shade = np.zeros_like(x)
        for brow in (_BROW_LEFT, _BROW_RIGHT):
            outer, inner = expression.brow_outer, expression.brow_inner
            lifts = (outer, (outer + inner) / 2, inner)
            xs = [place[0] for place in brow]
            ys = [place[1] - 0.9 * lift for place, lift in zip(brow, lifts, strict=True)]
            curve = np.polyval(np.polyfit(xs, ys, 2), x)
            within = np.clip((x - min(xs)) / 3 + 0.5, 0, 1) * np.clip((max(xs) - x) / 3 + 0.5, 0, 1)
            shade += 0.30 * within * np.exp(-(((y - curve) / 1.8) ** 2))
        for fold in (221.5, 229.0):
            strength = 0.18 * expression.furrow
            shade += strength * _bump(x, y, (fold, 94.0), (1.7, 5.5))
        return np.clip(shade, 0, 0.7)


def _arch(x: Field) -> Field:
    """1 above the middle of the mouth, falling to 0 at its corners."""
    return np.asarray(np.clip(1 - ((x - 224.0) / 20.5) ** 2, 0, 1), dtype=np.float32)


def _bump(x: Field, y: Field, place: tuple[float, float], width: tuple[float, float]) -> Field:
    """A Gaussian of height 1 about a place."""
    squared = ((x - place[0]) / width[0]) ** 2 + ((y - place[1]) / width[1]) ** 2
    return np.asarray(np.exp(-squared), dtype=np.float32)


def _sampled(picture: NDArray[np.float32], x: Field, y: Field) -> Field:
    return np.asarray(
        cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), dtype=np.float32
    )
