"""What a face may look like without changing its expression, for training only."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

ROTATION = math.radians(15)
SHIFT = 0.08
ZOOM = 0.12
BRIGHTNESS = 0.3


def augment(faces: Tensor, generator: torch.Generator) -> Tensor:
    """Flips, turns by up to 15 degrees, shifts, zooms, lights, and covers part of each face.

    Erasing follows Zhong et al. 2020, "Random erasing data augmentation".

    Args:
        faces: float32 (n, 1, side, side) in [0, 255].
        generator: Where the chance comes from.

    Returns:
        The same shape and range.
    """
    n, side = len(faces), faces.shape[-1]

    def uniform(bound: float) -> Tensor:
        return (torch.rand(n, generator=generator) * 2 - 1) * bound

    angle, zoom = uniform(ROTATION), 1 + uniform(ZOOM)
    flip = torch.where(uniform(1) < 0, -1.0, 1.0)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    matrix = torch.stack(
        [
            torch.stack([flip * cos, -sin, uniform(2 * SHIFT)], dim=1),
            torch.stack([flip * sin, cos, uniform(2 * SHIFT)], dim=1),
        ],
        dim=1,
    )
    grid = nn.functional.affine_grid(matrix, list(faces.shape), align_corners=False)
    moved = nn.functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
    lit = moved * (1 + uniform(BRIGHTNESS))[:, None, None, None]
    # Half of the faces lose a rectangle of up to 30 % of their area, filled with mid-grey.
    size = (torch.rand(n, 2, generator=generator) * 0.35 + 0.2) * side
    centre = torch.rand(n, 2, generator=generator) * side
    position = torch.arange(side)
    rows = (position - centre[:, :1]).abs() < size[:, :1] / 2
    columns = (position - centre[:, 1:]).abs() < size[:, 1:] / 2
    hidden = (rows[:, :, None] & columns[:, None, :])[:, None] & (uniform(1) < 0)[
        :, None, None, None
    ]
    return lit.masked_fill(hidden, 128.0).clamp(0, 255)
