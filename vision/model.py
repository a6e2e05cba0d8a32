"""The expression network, for training only: serving runs its ONNX export.

A small residual network (He et al. 2016, "Deep residual learning") with dense convolutions, which
are faster on a CPU than depthwise ones. Each face is standardised inside the network, so that
brightness and contrast of the picture do not matter.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) to (n, outputs, h / stride, w / stride)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ExpressionNet(nn.Module):
    """Grey faces to logits: float32 (n, 1, 48, 48) in [0, 255] to (n, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            Residual(32, 64, 2),
            Residual(64, 64, 1),
            Residual(64, 128, 2),
        )
        self.head = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(128, classes)
        )

    def forward(self, faces: Tensor) -> Tensor:
        """Logits of a class-balanced prior; see `Calibrated` for probabilities."""
        centred = faces - faces.mean(dim=(1, 2, 3), keepdim=True)
        deviation = centred.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
        logits: Tensor = self.head(self.features(centred / (deviation + 1.0)))
        return logits


class Calibrated(nn.Module):
    """What is exported: softmax((logits + prior) / temperature).

    Args:
        network: The trained network.
        temperature: Sets how sure the answer is (Guo et al. 2017, "On calibration").
        prior: (classes,), the part of the classes' log frequency that is put back.
    """

    def __init__(self, network: ExpressionNet, temperature: float, prior: Tensor) -> None:
        super().__init__()
        self.network = network
        self.temperature = temperature
        self.register_buffer("prior", prior)
        self.prior: Tensor

    def forward(self, faces: Tensor) -> Tensor:
        """(n, 1, 48, 48) in [0, 255] to probabilities (n, classes)."""
        return torch.softmax((self.network(faces) + self.prior) / self.temperature, dim=1)
