"""A bag of small perceptrons over prosody: the other kind of member beside kernel machines.

What it learns in common from all corpora is the hidden layer; each corpus has outputs of its own.
PyTorch, for training and export, like `audio.model`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from multimodal.emotions import EMOTIONS

OUTPUTS = len(EMOTIONS) + 1
"""Seven emotions and arousal."""
_MEMBERS, _HIDDEN = 4, 96
_BATCH, _FEWEST_STEPS = 256, 300
_RATE, _DECAY = 4e-3, 0.05
_DROP_INPUT, _DROP_HIDDEN = 0.15, 0.4


class Perceptrons(nn.Module):
    """Networks of one hidden layer with outputs for each corpus, side by side.

    Args:
        inputs: Number of inputs.
        corpora: Number of corpora.
    """

    def __init__(self, inputs: int, corpora: int) -> None:
        super().__init__()
        outputs = corpora * OUTPUTS
        self.corpora = corpora
        self.hidden = nn.Parameter(torch.randn(_MEMBERS, inputs, _HIDDEN) / inputs**0.5)
        self.hidden_offset = nn.Parameter(torch.zeros(_MEMBERS, 1, _HIDDEN))
        self.output = nn.Parameter(0.5 * torch.randn(_MEMBERS, _HIDDEN, outputs) / _HIDDEN**0.5)
        self.output_offset = nn.Parameter(torch.zeros(_MEMBERS, 1, outputs))
        self.drop_input, self.drop_hidden = nn.Dropout(_DROP_INPUT), nn.Dropout(_DROP_HIDDEN)

    def forward(self, x: Tensor) -> Tensor:
        """(n, d), or (members, n, d) with rows of each member's own, to (members, n, c, 8)."""
        hidden = torch.relu(self.drop_input(x) @ self.hidden + self.hidden_offset)
        outputs = self.drop_hidden(hidden) @ self.output + self.output_offset
        by_corpus: Tensor = outputs.view(*outputs.shape[:-1], self.corpora, OUTPUTS)
        return by_corpus


def fit_perceptrons(
    inputs: Tensor,
    corpus: Tensor,
    truth: Tensor,
    allowed: Tensor,
    arousal: Tensor,
    weight: Tensor,
    epochs: int,
) -> Perceptrons:
    """Trains them by AdamW (Loshchilov and Hutter 2019), each on batches of its own.

    Args:
        inputs: float32 (n, d).
        corpus: int64 (n,), whose outputs judge the row.
        truth: int64 (n,), index into `EMOTIONS`.
        allowed: bool (n, 7), the classes that the row's corpus has.
        arousal: float32 (n,), 1 for high, 0 for low, NaN where it is neither.
        weight: float32 (n,), how much each row counts, about 1.
        epochs: How often each row is seen.
    """
    net = Perceptrons(inputs.shape[1], int(corpus.max()) + 1)
    batch = min(_BATCH, len(inputs))
    steps = max(epochs * len(inputs) // batch, _FEWEST_STEPS)
    optimiser = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=steps)
    member, place = torch.arange(_MEMBERS)[:, None], torch.arange(batch)
    for _ in range(steps):
        rows = torch.randint(len(inputs), (_MEMBERS, batch))
        outputs = net(inputs[rows])[member, place, corpus[rows]]
        emotion = outputs[..., :-1].masked_fill(~allowed[rows], -1e9)
        losses = nn.functional.cross_entropy(
            emotion.flatten(0, 1), truth[rows].flatten(), reduction="none"
        )
        high = arousal[rows].flatten()
        known = ~high.isnan()
        losses = losses + known * nn.functional.binary_cross_entropy_with_logits(
            outputs[..., -1].flatten(), high.nan_to_num(0), reduction="none"
        )
        loss = _MEMBERS * (losses * weight[rows].flatten()).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        rate.step()
    return net.eval().requires_grad_(requires_grad=False)
