"""The networks that the guides name, for the comparison of `benchmarks.vision`.

All take float32 (n, 1, 48, 48) in [0, 255] and give logits (n, 8), in the order of
`vision.expression.EXPRESSIONS`.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from vision.baseline import PATTERNS, uniform_patterns
from vision.expression import CONTEMPT, EXPRESSIONS
from vision.model import ExpressionNet, Standardised

CLASSES = len(EXPRESSIONS)
FER2013 = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The outputs of mini_XCEPTION."""
REGIONS = {
    "forehead": (slice(0, 16), slice(8, 40)),
    "left eye": (slice(10, 26), slice(2, 26)),
    "right eye": (slice(10, 26), slice(22, 46)),
    "nose": (slice(14, 34), slice(14, 34)),
    "left cheek": (slice(24, 44), slice(2, 20)),
    "right cheek": (slice(24, 44), slice(28, 46)),
    "mouth": (slice(30, 48), slice(10, 38)),
    "whole": (slice(0, 48), slice(0, 48)),
}
"""Rows and columns of the eight regions of a face as FER+ cuts it."""
_REGION_SIDE = 24


def guide_cnn() -> nn.Module:
    """The small CNN of guide 2, with eight outputs for its seven."""
    return nn.Sequential(
        Standardised(),
        nn.Conv2d(1, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(128 * 10 * 10, 256),
        nn.ReLU(),
        nn.Linear(256, CLASSES),
    )


def vgg() -> nn.Module:
    """Pairs of convolutions (Simonyan & Zisserman 2015, and Barsoum et al. 2016), narrow."""
    layers: list[nn.Module] = [Standardised()]
    inputs = 1
    for width in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(inputs, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)]
            layers.append(nn.ReLU())
            inputs = width
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    head = [nn.Flatten(), nn.Linear(128 * 6 * 6, 256), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, *head, nn.Linear(256, CLASSES))


def resnet() -> nn.Module:
    """The shipped network without attention."""
    return ExpressionNet(CLASSES, attention=False)


def resnet_cbam() -> nn.Module:
    """The shipped network."""
    return ExpressionNet(CLASSES)


class Parts(nn.Module):
    """Eight regions looked at by convolutions of their own, each weighed by how much it tells.

    After the region attention of Wang et al. 2020, "Region attention networks for pose and
    occlusion robust facial expression recognition".
    """

    def __init__(self) -> None:
        super().__init__()
        parts, width = len(REGIONS), 32
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 16), (16, width), (width, 2 * width)):
            layers += [
                nn.Conv2d(parts * inputs, parts * outputs, 3, 1, 1, groups=parts, bias=False),
                nn.BatchNorm2d(parts * outputs),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        self.standardised = Standardised()
        self.look = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.weigh = nn.Linear(2 * width, 1)
        self.answer = nn.Sequential(nn.Dropout(0.3), nn.Linear(parts * 2 * width, CLASSES))

    def forward(self, faces: Tensor) -> Tensor:
        """Faces to logits."""
        faces = self.standardised(faces)
        regions = torch.cat(
            [
                nn.functional.interpolate(
                    faces[:, :, rows, columns], size=(_REGION_SIDE, _REGION_SIDE), mode="bilinear"
                )
                for rows, columns in REGIONS.values()
            ],
            dim=1,
        )
        seen = self.look(regions).flatten(1).unflatten(1, (len(REGIONS), -1))
        logits: Tensor = self.answer((seen * torch.sigmoid(self.weigh(seen))).flatten(1))
        return logits


class PatternsAndDeep(nn.Module):
    """Local binary patterns and the shipped network's features, joined before the last layer."""

    def __init__(self) -> None:
        super().__init__()
        self.deep = nn.Sequential(*list(ExpressionNet(CLASSES))[:-1])
        self.register_buffer("patterns", torch.from_numpy(uniform_patterns()).long())
        self.patterns: Tensor
        self.answer = nn.Linear(128 + 36 * PATTERNS, CLASSES)

    def forward(self, faces: Tensor) -> Tensor:
        """Faces to logits."""
        padded = nn.functional.pad(faces, (1, 1, 1, 1), mode="replicate")
        places = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
        code = sum(
            (padded[:, 0, row : row + 48, column : column + 48] >= faces[:, 0]).long() << bit
            for bit, (row, column) in enumerate(places)
        )
        hot = nn.functional.one_hot(self.patterns[code], PATTERNS).permute(0, 3, 1, 2)
        histograms = nn.functional.avg_pool2d(hot.float(), 8).sqrt().flatten(1)
        logits: Tensor = self.answer(torch.cat([self.deep(faces), histograms], dim=1))
        return logits


class MiniXception(nn.Module):
    """mini_XCEPTION (Arriaga et al. 2017) with the weights of the `face_classification` project.

    Args:
        path: Its Keras file, read without TensorFlow.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        import h5py

        with h5py.File(path) as file:
            weights = file["model_weights"]

            def array(layer: str, name: str) -> Tensor:
                return torch.from_numpy(weights[f"{layer}/{layer}_1/{name}:0"][:])

            def convolution(number: int, stride: int = 1, padding: int = 0) -> nn.Conv2d:
                kernel = array(f"conv2d_{number}", "kernel").permute(3, 2, 0, 1)
                outputs, inputs, size, _ = kernel.shape
                made = nn.Conv2d(inputs, outputs, size, stride, padding, bias=number == 7)
                made.weight.data = kernel.contiguous()
                if made.bias is not None:
                    made.bias.data = array("conv2d_7", "bias")
                return made

            def separable(number: int) -> nn.Sequential:
                layer = f"separable_conv2d_{number}"
                depth = array(layer, "depthwise_kernel").permute(2, 3, 0, 1)
                point = array(layer, "pointwise_kernel").permute(3, 2, 0, 1)
                channels, outputs = len(depth), len(point)
                one = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels, bias=False)
                two = nn.Conv2d(channels, outputs, 1, bias=False)
                one.weight.data, two.weight.data = depth.contiguous(), point.contiguous()
                return nn.Sequential(one, two)

            def normalised(number: int) -> nn.BatchNorm2d:
                layer = f"batch_normalization_{number}"
                made = nn.BatchNorm2d(len(array(layer, "gamma")), eps=1e-3)
                made.weight.data, made.bias.data = array(layer, "gamma"), array(layer, "beta")
                made.running_mean = array(layer, "moving_mean")
                made.running_var = array(layer, "moving_variance")
                return made

            first = [convolution(1), normalised(1), nn.ReLU(), convolution(2), normalised(2)]
            self.first = nn.Sequential(*first, nn.ReLU())
            self.bodies, self.shortcuts = nn.ModuleList(), nn.ModuleList()
            for block in range(4):
                one, two, norm = 2 * block + 1, 2 * block + 2, 3 * block + 3
                self.shortcuts.append(nn.Sequential(convolution(block + 3, 2), normalised(norm)))
                self.bodies.append(
                    nn.Sequential(
                        *(separable(one), normalised(norm + 1), nn.ReLU()),
                        *(separable(two), normalised(norm + 2)),
                    )
                )
            self.last = convolution(7, padding=1)
        order = [FER2013.index(name) if name != CONTEMPT else -1 for name in EXPRESSIONS]
        self.order = order

    def forward(self, faces: Tensor) -> Tensor:
        """Faces to logits; contempt, which it does not know, is as good as impossible."""
        x = nn.functional.interpolate(faces, size=(64, 64), mode="bilinear") / 127.5 - 1
        x = self.first(x)
        for body, shortcut in zip(self.bodies, self.shortcuts, strict=True):
            # Keras pads "same" at the end first.
            end = 1 + x.shape[-1] % 2
            padded = nn.functional.pad(body(x), (end - 1, 1, end - 1, 1), value=float("-inf"))
            x = nn.functional.max_pool2d(padded, 3, 2) + shortcut(x)
        known = self.last(x).mean(dim=(2, 3))
        unknown = torch.full_like(known[:, :1], -20.0)
        return torch.cat([known, unknown], dim=1)[:, self.order]
