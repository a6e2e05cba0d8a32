"""Fits a network to faces: one recipe for the shipped one, the benchmarks, and one's own faces."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from multimodal.emotions import FloatArray
from vision.augmentation import augment
from vision.corpora import TaggedFaces
from vision.model import both_ways

_BATCH = 128
_SMALL_BATCH = 16
_WARM_UP = 0.05  # share of the steps in which the learning rate rises
_EVALUATED = 256

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted.

    Attributes:
        epochs: Passes over the faces.
        learning_rate: The highest of stochastic gradient descent with Nesterov momentum .9, at a
            batch of 128; less at smaller ones, in proportion.
        cycles: Of the cosine schedule, each twice as long as the one before (Loshchilov & Hutter
            2017, "SGDR"); 1 is no restart.
        weight_decay: L2 penalty.
        mixup: Alpha of Zhang et al. 2018, "mixup"; 0 mixes nothing.
        average: Decay of the moving average of the weights, which is what is kept; 0 keeps the
            last ones.
        balance: What is done for rare expressions: `adjusted` adds the log of their frequency to
            the logits in the loss (Menon et al. 2021, "Long-tail learning via logit adjustment");
            `weighted` weighs the loss, `sampled` draws the faces, both by the inverse square root
            of the frequency; `none` does nothing.
        augmented: Whether faces are augmented.
        seed: Of everything random but the network's first weights.
    """

    epochs: int = 40
    learning_rate: float = 0.1
    cycles: int = 1
    weight_decay: float = 5e-4
    mixup: float = 0.2
    average: float = 0.998
    balance: Literal["adjusted", "weighted", "sampled", "none"] = "adjusted"
    augmented: bool = True
    seed: int = 0


def soft_labels(votes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The taggers' votes as distributions; single votes are dropped as outliers.

    Barsoum et al. 2016 drop them too. Where nothing but single votes is there, they all count.
    """
    kept = np.where(votes > 1, votes, 0)
    kept = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, votes)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), dtype=np.float32)


def fit(
    network: nn.Module,
    data: TaggedFaces,
    recipe: Recipe,
    *,
    validation: TaggedFaces,
    labels: FloatArray | None = None,
) -> tuple[nn.Module, Tensor]:
    """Fits a network, on one thread of the process from then on.

    Args:
        network: Takes float32 (n, 1, SIDE, SIDE) in [0, 255], gives logits (n, 8).
        data: Faces to learn from.
        recipe: How.
        validation: Faces on which the accuracy is logged as training goes on.
        labels: What is learnt, (n, 8), such as a teacher's answers; by default the votes.

    Returns:
        The network in evaluation mode, and the log frequencies that belong to its logits, (8,).
    """
    # On more threads the convolutions of torch 2.13 corrupt memory here (SIGSEGV, or worse).
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(recipe.seed)
    faces = torch.from_numpy(data.faces)[:, None]
    targets = torch.from_numpy(soft_labels(data.votes) if labels is None else labels)
    frequency = targets.mean(dim=0).clamp(min=1e-5)  # one's own data may lack a class
    prior = frequency.log() if recipe.balance == "adjusted" else torch.zeros_like(frequency)
    rarity = frequency.rsqrt() * (targets.sum(dim=0) > 0)
    weights = rarity / (rarity @ frequency) if recipe.balance == "weighted" else None
    drawn = targets @ rarity if recipe.balance == "sampled" else None

    batch = min(_BATCH, max(_SMALL_BATCH, len(faces) // 20), len(faces))  # few faces: small steps
    highest = recipe.learning_rate * batch / _BATCH
    steps = len(faces) // batch
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(
        network, multi_avg_fn=partial(_average, recipe.average), use_buffers=True
    )
    optimiser = torch.optim.SGD(
        network.parameters(),
        highest,
        0.9,
        weight_decay=recipe.weight_decay,
        nesterov=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: rate_at(step / (steps * recipe.epochs), recipe.cycles)
    )
    # bfloat16 halves the time where the processor has it, and takes longer where it does not.
    fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    for epoch in range(recipe.epochs):
        network.train()
        start, total = time.perf_counter(), 0.0
        order = (
            torch.randperm(len(faces), generator=generator)
            if drawn is None
            else torch.multinomial(drawn, len(faces), replacement=True, generator=generator)
        )
        for rows in order[: steps * batch].view(steps, batch):
            seen, wanted = faces[rows].float(), targets[rows]
            if recipe.augmented:
                seen = augment(seen, generator)
            if recipe.mixup:
                seen, wanted = mixed(seen, wanted, recipe.mixup, generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=fast):
                logits = network(seen.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits.float() + prior, wanted, weights)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            averaged.update_parameters(network)
            total += loss.item()
        guess = (logits_of(averaged.module, validation.faces) + prior).argmax(dim=1).numpy()
        log.info(
            "epoch %d: loss %.4f, validation accuracy %.4f, %.0f s",
            *(epoch + 1, total / steps, (guess == validation.majority).mean()),
            time.perf_counter() - start,
        )
    kept: nn.Module = averaged.module
    return kept.eval(), prior


def _average(
    decay: float, averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor
) -> None:
    """Moves averages on; the decay rises to its value, so that the first weights are forgotten."""
    share = 1 - min(decay, (1 + count.item()) / (10 + count.item()))
    for one, other in zip(averaged, current, strict=True):
        if one.is_floating_point():
            one.lerp_(other, share)
        else:
            one.copy_(other)


def rate_at(progress: float, cycles: int) -> float:
    """The learning rate as a share of the highest, `progress` in [0, 1] of the way.

    A linear rise, then `cycles` half cosines, each twice as long as the one before.
    """
    position = progress * (2**cycles - 1)
    cycle = min(int(np.log2(position + 1)), cycles - 1)
    within = (position - (2**cycle - 1)) / 2**cycle
    return float(min(1.0, progress / _WARM_UP) * (0.5 + 0.5 * np.cos(np.pi * within)))


def mixed(
    faces: Tensor, labels: Tensor, alpha: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Each face with another one laid over it, and the labels in the same proportion."""
    # A beta variable from two gamma ones: torch.distributions take no generator.
    gamma = torch._standard_gamma(torch.full((2,), alpha), generator=generator)
    share = (gamma[0] / gamma.sum().clamp(min=1e-12)).item()
    other = torch.randperm(len(faces), generator=generator)
    return (
        share * faces + (1 - share) * faces[other],
        share * labels + (1 - share) * labels[other],
    )


def logits_of(network: nn.Module, faces: NDArray[np.uint8]) -> Tensor:
    """A network's logits as they are served, float32 (n, 8): in evaluation mode, both ways."""
    network.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                both_ways(
                    network, part[:, None].float().contiguous(memory_format=torch.channels_last)
                )
                for part in torch.split(torch.from_numpy(faces), _EVALUATED)
            ]
        )
