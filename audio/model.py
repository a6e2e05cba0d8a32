"""The network over prosody: one head for any voice, one for what left the speaker's normal.

PyTorch, for training and export; serving runs the exported ONNX graph and never imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from multimodal.emotions import EMOTIONS

CLASSES = len(EMOTIONS)
_CLIP = 5.0  # standard deviations; beyond it a figure is a measuring error
_HIDDEN = 64


class Ensemble(nn.Module):
    """Several two-layer perceptrons that learn side by side, as one batched product.

    Args:
        size: Number of inputs.
        members: Number of perceptrons.
    """

    def __init__(self, size: int, members: int) -> None:
        super().__init__()
        widths = (size, _HIDDEN, _HIDDEN, CLASSES + 1)
        scales = (2.0, 2.0, 0.2)
        self.weights = nn.ParameterList(
            torch.randn(members, a, b) * (scale / a) ** 0.5
            for a, b, scale in zip(widths, widths[1:], scales, strict=False)
        )
        self.biases = nn.ParameterList(torch.zeros(members, 1, b) for b in widths[1:])
        self.members = members

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the seven emotions and of arousal: (n, size) to (members, n, 8)."""
        hidden = x.unsqueeze(0).expand(self.members, -1, -1)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = nn.functional.dropout(hidden, 0.4 if layer else 0.2, self.training)
            hidden = torch.matmul(hidden, weight) + bias
            if layer < len(self.weights) - 1:
                hidden = nn.functional.gelu(hidden)
        return hidden

    def pooled(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean log-probabilities (n, 7) and mean arousal logit (n, 1) of the members."""
        logits = self(x)
        emotion = logits[..., :CLASSES].log_softmax(-1).mean(0)
        return emotion, logits[..., CLASSES:].mean(0)


class ProsodyNet(nn.Module):
    """Both heads with everything that serving needs: normalisation, blend, calibration.

    Args:
        mean: (d,) mean of the features over the training voices.
        scale: (d,) their standard deviation, > 0.
        general: Indices of the features that the head for any voice may see: those that do not
            change with the recording's gain.
        members: Size of each ensemble.
    """

    mean: Tensor
    scale: Tensor
    columns: Tensor
    temperature: Tensor
    halfway: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, general: Sequence[int], members: int) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("columns", torch.tensor(list(general)))
        # Of the general and of the relative head (Guo et al. 2017), and the number of turns at
        # which both count alike: set by calibration.
        self.register_buffer("temperature", torch.ones(2))
        self.register_buffer("halfway", torch.ones(1))
        self.general = Ensemble(len(general), members)
        self.relative = Ensemble(len(mean), members)

    def forward(
        self, features: Tensor, mean: Tensor, spread: Tensor, count: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Probabilities (n, 7) and arousal (n,), all in [0, 1].

        Args:
            features: (n, d), in physical units.
            mean: (n, d), the speaker's normal.
            spread: (n, d), > 0, its spread.
            count: (n, 1), turns that the normal was learnt from.
        """
        any_voice, any_arousal = self.general.pooled(self.general_input(features))
        own_voice, own_arousal = self.relative.pooled(relative_input(features, mean, spread))
        known = count / (count + self.halfway)
        logits = (1 - known) * any_voice / self.temperature[0]
        logits = logits + known * own_voice / self.temperature[1]
        arousal = (1 - known) * any_arousal + known * own_arousal
        return logits.softmax(-1), arousal.sigmoid().squeeze(-1)

    def general_input(self, features: Tensor) -> Tensor:
        """Features of any voice in standard deviations of all voices."""
        scaled = ((features - self.mean) / self.scale).clamp(-_CLIP, _CLIP)
        return scaled.index_select(-1, self.columns)


def relative_input(features: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Features in standard deviations of the speaker's own normal."""
    return ((features - mean) / spread).clamp(-_CLIP, _CLIP)
