"""The expression network, for training only: serving runs its ONNX export.

A residual network (He et al. 2016, "Deep residual learning") with dense convolutions, which are
several times faster on a CPU than depthwise ones, and CBAM attention (Woo et al. 2018, "CBAM:
convolutional block attention module"). Each face is standardised inside the network, so that
brightness and contrast of the picture do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

WIDTHS = (16, 32, 64, 128)
BLOCKS = (1, 2, 2, 2)


class Attention(nn.Module):
    """CBAM: weighs the channels first, then the places."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = nn.Sequential(
            nn.Linear(channels, channels // 8), nn.ReLU(), nn.Linear(channels // 8, channels)
        )
        self.places = nn.Conv2d(2, 1, 7, 1, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w), weighed."""
        largest = nn.functional.adaptive_max_pool2d(x, 1).flatten(1)
        weights = torch.sigmoid(self.channels(x.mean(dim=(2, 3))) + self.channels(largest))
        x = x * weights[:, :, None, None]
        summary = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True).values], dim=1)
        return x * torch.sigmoid(self.places(summary))


class Residual(nn.Module):
    """Two 3x3 convolutions, and attention where it is wanted, around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, attention: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            Attention(outputs) if attention else nn.Identity(),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class Standardised(nn.Module):
    """Each face to mean 0 and deviation 1; a face of one grey becomes 0."""

    def forward(self, faces: Tensor) -> Tensor:
        """(n, 1, h, w) in [0, 255] to the same shape."""
        centred = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
        deviation = centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        return centred / (deviation + 1.0)


class ExpressionNet(nn.Sequential):
    """Grey faces to logits: float32 (n, 1, 48, 48) in [0, 255] to (n, classes).

    The logits are those of a class-balanced prior; see `Calibrated` for probabilities.

    Args:
        classes: Number of expressions.
        widths: Channels of each stage; every stage but the first halves the picture.
        blocks: Residual blocks of each stage.
        stride: Of the first convolution.
        attention: Whether the blocks of the last two stages have CBAM; in the first ones it would
            take as long as the convolutions.
    """

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = WIDTHS,
        blocks: Sequence[int] = BLOCKS,
        *,
        stride: int = 1,
        attention: bool = True,
    ) -> None:
        layers: list[nn.Module] = [
            Standardised(),
            nn.Conv2d(1, widths[0], 3, stride, 1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        inputs = widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            for block in range(count):
                halves = block == 0 and stage > 0
                late = stage >= len(widths) - 2
                layers.append(Residual(inputs, width, 1 + halves, attention=attention and late))
                inputs = width
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(inputs, classes)]
        super().__init__(*layers, *head)


class Calibrated(nn.Module):
    """What is exported: softmax((logits + prior) / temperature).

    The logits are the mean of those of the face and of its mirror image: an expression has no side.

    Args:
        network: The trained network.
        temperature: Sets how sure the answer is (Guo et al. 2017, "On calibration").
        prior: (classes,), the part of the classes' log frequency that is put back.
    """

    def __init__(self, network: nn.Module, temperature: float, prior: Tensor) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        self.register_buffer("prior", prior)
        self.prior: Tensor

    def forward(self, faces: Tensor) -> Tensor:
        """(n, 1, 48, 48) in [0, 255] to probabilities (n, classes)."""
        logits = both_ways(self.network, faces)
        return torch.softmax((logits + self.prior) / self.temperature, dim=1)


def both_ways(network: nn.Module, faces: Tensor) -> Tensor:
    """Mean logits of each face and its mirror image, (n, classes)."""
    logits: Tensor = (network(faces) + network(faces.flip(3))) / 2
    return logits
