"""The network over prosody: experts for any voice and for what left a speaker's normal.

PyTorch, for training and export; serving runs the exported ONNX graph and never imports this.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from audio.perceptrons import Perceptrons
from multimodal.emotions import EMOTIONS

CLASSES = len(EMOTIONS)
_CLIP = 5.0  # standard deviations; beyond it a figure is a measuring error
_ABSENT = -8.0  # log-probability of a class that an expert's corpus has not


class KernelMachine(nn.Module):
    """A linear model over the inputs and Gaussian bumps around some training rows.

    The function class of a support vector machine with a linear and an RBF kernel added up, fitted
    to the log-loss instead: the import vector machine of Zhu and Hastie (2005), on a random subset
    of centres (Williams and Seeger 2001).

    Args:
        centres: (m, d), inputs that it remembers.
        outputs: Number of outputs.
    """

    centres: Tensor
    coefficients: Tensor
    slopes: Tensor
    offset: Tensor

    def __init__(self, centres: Tensor, outputs: int) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.register_buffer("coefficients", torch.zeros(len(centres), outputs))
        self.register_buffer("slopes", torch.zeros(centres.shape[1], outputs))
        self.register_buffer("offset", torch.zeros(outputs))

    def bumps(self, x: Tensor) -> Tensor:
        """The kernel between rows and centres: (n, d) to (n, m), in (0, 1]."""
        squared = (x * x).sum(1, keepdim=True) + (self.centres * self.centres).sum(1)
        distance = (squared - 2 * x @ self.centres.T).clamp(min=0)
        return torch.exp(-distance / self.centres.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """(n, d) to (n, outputs)."""
        return self.bumps(x) @ self.coefficients + x @ self.slopes + self.offset


class Head(nn.Module):
    """Experts of the corpora, weighed by likeness, beside one that learnt from all corpora.

    A mixture of experts (Jacobs et al. 1991): emotion is acted and recorded differently in each
    corpus, and a voice is judged mostly by the corpora of its language, or that it resembles. An
    expert is the mean of a kernel machine and of perceptrons, which err differently.

    Args:
        experts: One machine per corpus, with 8 outputs: seven emotions and arousal.
        perceptrons: With the same outputs for each corpus.
        vote: How much the perceptrons count in an expert, in [0, 1].
        classes: Bool (corpora, 7), which classes each corpus has.
        common: The machine that learnt from all corpora, with 8 outputs.
    """

    classes: Tensor
    shares: Tensor

    def __init__(
        self,
        experts: Sequence[KernelMachine],
        perceptrons: Perceptrons,
        vote: float,
        classes: Tensor,
        common: KernelMachine,
    ) -> None:
        super().__init__()
        self.experts = nn.ModuleList(experts)
        self.perceptrons = perceptrons
        self.vote = vote
        self.register_buffer("classes", classes)
        # How much the common machine counts beside each expert, >= 0: set by calibration.
        self.register_buffer("shares", torch.zeros(len(classes)))
        self.common = common

    def forward(self, x: Tensor, likeness: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probabilities (n, 7), not calibrated, and the arousal logit (n, 1).

        Args:
            x: (n, d).
            likeness: (n, corpora), each row summing to 1.
        """
        emotion, high = self.expert_answers(x)
        weight = likeness.unsqueeze(-1)
        mixed = (weight * emotion.exp()).sum(1).log()
        arousal = (weight * high).sum(1)
        common = self.common(x)
        share = likeness @ self.shares.unsqueeze(1)
        emotion = mixed + share * common[:, :CLASSES].log_softmax(-1)
        high = arousal + share * common[:, CLASSES:]
        return emotion / (1 + share), high / (1 + share)

    def expert_answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Each expert's log-probabilities (n, corpora, 7) and arousal logit (n, corpora, 1)."""
        machines = torch.stack([expert(x) for expert in self.experts], dim=1)
        bag = self.perceptrons(x)
        emotion = (1 - self.vote) * self._masked(machines) + self.vote * self._masked(bag).mean(0)
        emotion = emotion.log_softmax(-1).clamp(min=_ABSENT)
        high = (1 - self.vote) * machines[..., CLASSES:]
        return emotion, high + self.vote * bag[..., CLASSES:].mean(0)

    def _masked(self, outputs: Tensor) -> Tensor:
        return outputs[..., :CLASSES].masked_fill(~self.classes, -1e4).log_softmax(-1)


class ProsodyNet(nn.Module):
    """Both heads with everything that serving needs: normalisation, blend, calibration.

    Args:
        mean: (d,) mean of the features over the training voices.
        scale: (d,) their standard deviation, > 0.
        columns: Indices of the features that the head for any voice may see: those that do not
            change with the recording's gain.
        alike: (c, c), the map of these that makes speakers alike.
        gate: How like each corpus a voice is, from those features: logits.
        general: The head for any voice.
        relative: The head for what left the speaker's own normal.
    """

    mean: Tensor
    scale: Tensor
    columns: Tensor
    alike: Tensor
    sharpness: Tensor
    halfway: Tensor

    def __init__(
        self,
        mean: Tensor,
        scale: Tensor,
        columns: Sequence[int],
        alike: Tensor,
        gate: nn.Linear,
        general: Head,
        relative: Head,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("columns", torch.tensor(list(columns)))
        self.register_buffer("alike", alike)
        # By corpus the inverse temperature (Guo et al. 2017) with nothing known, and how much it
        # grows until all is; the number of turns at which both heads count alike. Set by
        # calibration (`audio.calibration`).
        self.register_buffer("sharpness", torch.tensor([[1.0, 0.0]]).repeat(len(gate.bias), 1))
        self.register_buffer("halfway", torch.ones(1))
        self.gate = gate
        self.general = general
        self.relative = relative

    def forward(
        self, features: Tensor, mean: Tensor, spread: Tensor, count: Tensor, prior: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Probabilities (n, 7) and arousal (n,), all in [0, 1].

        Args:
            features: (n, d), in physical units.
            mean: (n, d), the speaker's normal.
            spread: (n, d), > 0, its spread.
            count: (n, 1), turns that the normal was learnt from.
            prior: (n, corpora), added to the gate's logits: which corpora speak the language.
        """
        voice, usual = self.any_voice(features), self.any_voice(mean)
        general, any_arousal = self.general(voice, (self.gate(voice) + prior).softmax(-1))
        # The gate is linear, so that its logits for the speaker's mean are the mean of its logits.
        like = (self.gate(usual) + prior).softmax(-1)
        relative, own_arousal = self.relative(relative_input(features, mean, spread), like)
        known = count / (count + self.halfway)
        sharpness = like @ self.sharpness
        logits = (1 - known) * general + known * relative
        logits = logits * (sharpness[:, :1] + known * sharpness[:, 1:])
        arousal = (1 - known) * any_arousal + known * own_arousal
        return logits.softmax(-1), arousal.sigmoid().squeeze(-1)

    def any_voice(self, features: Tensor) -> Tensor:
        """Features of any voice in standard deviations of all voices, speakers made alike."""
        scaled = ((features - self.mean) / self.scale).clamp(-_CLIP, _CLIP)
        return scaled.index_select(-1, self.columns) @ self.alike


def relative_input(features: Tensor, mean: Tensor, spread: Tensor) -> Tensor:
    """Features in standard deviations of the speaker's own normal."""
    return ((features - mean) / spread).clamp(-_CLIP, _CLIP)
