"""Takes channels out of the expression network, for the comparison of `benchmarks.vision`."""

from __future__ import annotations

import copy

import torch
from torch import nn

from vision.model import Residual


def prune(network: nn.Module, share: float) -> nn.Module:
    """Removes the channels inside each residual block whose filters have the least L1 norm.

    Li et al. 2017, "Pruning filters for efficient ConvNets". Channels between blocks stay, because
    the shortcuts add them up.

    Args:
        network: A trained `ExpressionNet`; not changed.
        share: Of the channels inside a block, in [0, 1).

    Returns:
        A smaller network.
    """
    network = copy.deepcopy(network)
    for block in [module for module in network.modules() if isinstance(module, Residual)]:
        first, norm, second = block.body[0], block.body[1], block.body[3]
        assert isinstance(first, nn.Conv2d)
        assert isinstance(second, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        strength = first.weight.abs().sum(dim=(1, 2, 3))
        count = max(1, round(len(strength) * (1 - share)))
        kept = strength.topk(count).indices.sort().values
        block.body[0] = _convolution(first, first.weight[kept])
        block.body[3] = _convolution(second, second.weight[:, kept])
        smaller = nn.BatchNorm2d(count)
        smaller.load_state_dict(
            {
                name: value[kept] if value.ndim else value
                for name, value in norm.state_dict().items()
            }
        )
        block.body[1] = smaller
    return network


def _convolution(old: nn.Conv2d, weight: torch.Tensor) -> nn.Conv2d:
    outputs, inputs, size, _ = weight.shape
    made = nn.Conv2d(inputs, outputs, size, old.stride, old.padding, bias=False)  # type: ignore[arg-type]
    made.weight.data = weight.detach().clone()
    return made
