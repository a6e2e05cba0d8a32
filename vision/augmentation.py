"""What a face may look like without changing its expression, for training only."""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor, nn

ROTATION = math.radians(15)
SHIFT = 0.08
ZOOM = 0.12
ELASTIC = 0.025
"""Standard deviation of the elastic shifts of six by six knots, as a share of half the side."""
LIGHT = 0.3
SMALLEST = 24
"""Side in pixels from which a face is brought back to its size, as one far from the camera."""
COVERED = 0.3
"""The largest part of a face that erasing covers."""
_SMALLEST_COVERED = 0.03
_GREY = 128.0
_SHARE = 0.2  # of the faces, for each way in which a picture becomes worse


def augment(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors, turns, bends, lights, worsens, and covers part of each face.

    Turns by up to 15 degrees; brightness and contrast by up to 30 %; elastic bending follows Simard
    et al. 2003, "Best practices for convolutional neural networks"; erasing follows Zhong et al.
    2020, "Random erasing data augmentation".

    Args:
        faces: float32 (n, 1, side, side) in [0, 255].
        generator: Where the chance comes from.

    Returns:
        The same shape and range.
    """
    return _covered(_worse(_lit(_moved(faces, generator), generator), generator), generator)


def _uniform(n: int, bound: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(n, generator=generator) * 2 - 1) * bound


def _moved(faces: Tensor, generator: torch.Generator) -> Tensor:
    n, side = len(faces), faces.shape[-1]
    angle = _uniform(n, ROTATION, generator)
    zoom = 1 + _uniform(n, ZOOM, generator)
    flip = torch.where(_uniform(n, 1, generator) < 0, -1.0, 1.0)
    right, down = (_uniform(n, 2 * SHIFT, generator) for _ in range(2))
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix = torch.stack(
        [
            torch.stack([flip * cos, -sin, right], dim=1),
            torch.stack([flip * sin, cos, down], dim=1),
        ],
        dim=1,
    )
    grid = nn.functional.affine_grid(matrix, list(faces.shape), align_corners=False)
    bent = _uniform(n, 1, generator)[:, None, None, None] < 0
    knots = torch.randn(n, 2, 6, 6, generator=generator) * ELASTIC * bent
    bending = nn.functional.interpolate(knots, size=(side, side), mode="bicubic")
    grid = grid + bending.permute(0, 2, 3, 1)
    return nn.functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def _lit(faces: Tensor, generator: torch.Generator) -> Tensor:
    n = len(faces)
    mean = faces.mean(dim=(1, 2, 3), keepdim=True)
    contrast, brightness = (
        1 + _uniform(n, LIGHT, generator)[:, None, None, None] for _ in range(2)
    )
    return ((faces - mean) * contrast + mean) * brightness


def _worse(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Some faces from far away, some out of focus, some compressed."""
    n, side = len(faces), faces.shape[-1]
    order = torch.randperm(n, generator=generator)
    small, blurred, packed = order[: 3 * int(_SHARE * n)].view(3, -1)
    reduced = int(torch.randint(SMALLEST, side, (1,), generator=generator))
    away = nn.functional.interpolate(
        faces[small], size=(reduced, reduced), mode="bilinear", antialias=True
    )
    faces[small] = nn.functional.interpolate(away, size=(side, side), mode="bilinear")
    faces[blurred] = nn.functional.avg_pool2d(
        nn.functional.pad(faces[blurred], (1, 1, 1, 1), mode="replicate"), 3, 1
    )
    quality = int(torch.randint(20, 70, (1,), generator=generator))
    for row in packed.tolist():
        pixels = faces[row, 0].clamp(0, 255).numpy().astype(np.uint8)
        _, code = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        image = cv2.imdecode(code, cv2.IMREAD_GRAYSCALE)
        assert image is not None
        faces[row, 0] = torch.from_numpy(image).float()
    return faces


def _covered(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the faces lose a rectangle of up to `COVERED` of their area, filled with mid-grey.

    It is up to twice as long as wide, or as wide as long.
    """
    n, side = len(faces), faces.shape[-1]
    area = _SMALLEST_COVERED + torch.rand(n, generator=generator) * (COVERED - _SMALLEST_COVERED)
    ratio = 2 ** _uniform(n, 1, generator)
    size = torch.stack([area * ratio, area / ratio], dim=1).sqrt() * side
    start = torch.rand(n, 2, generator=generator) * (side - size)
    position = torch.arange(side)
    rows = (position >= start[:, :1]) & (position < (start + size)[:, :1])
    columns = (position >= start[:, 1:]) & (position < (start + size)[:, 1:])
    chosen = (_uniform(n, 1, generator) < 0)[:, None, None, None]
    hidden = (rows[:, :, None] & columns[:, None, :])[:, None] & chosen
    return faces.masked_fill(hidden, _GREY).clamp(0, 255)
