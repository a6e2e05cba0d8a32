"""Fits a text network to labelled turns: one loop for every training run, ablations among them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from text.dataset import Dataset
from text.encode import Batch, Tokens, TurnEncoder
from text.model import HEADS, Output, TextNetwork
from text.precision import autocast

CLASSES_AT_MOST = 7
_CHUNK = 64
"""Batches whose turns are sorted by length together, so that little is padded."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted.

    Attributes:
        epochs: Passes over the examples.
        rate: Highest learning rate of the encoder.
        head_rate: Highest learning rate of attention and heads.
        tokens: Tokens in a batch, padding included.
        balance: Power of the inverse class frequency by which a head's examples are weighted.
        smoothing: Share of a target that is spread over the allowed classes (Szegedy et al. 2016).
        rdrop: Weight of the divergence between two passes under dropout (Liang et al. 2021), or 0.
        fgm: Length of an adversarial step on the token embeddings (Miyato et al. 2017), or 0.
        ema: Decay of the averaged weights that are kept in the end, or 0 for the last weights.
        masking: Share of the tokens that are read as [MASK], new ones at every step.
        seed: Of order, dropout and new weights.
    """

    epochs: float = 3
    rate: float = 4e-4
    head_rate: float = 1e-3
    tokens: int = 4096
    balance: float = 0.3
    smoothing: float = 0.0
    rdrop: float = 0.0
    fgm: float = 0.0
    ema: float = 0.0
    masking: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled turns of several heads.

    Attributes:
        tokens: What the encoder reads of each, n of them.
        head: int64 (n,), index in `HEADS`.
        targets: float32 (n, CLASSES_AT_MOST), each row a distribution; unused columns are 0.
        allowed: bool (n, CLASSES_AT_MOST), the classes that the turn's corpus has.
        share: float32 (n,), how often it is seen in an epoch: .5 every other time, 3 three times.
    """

    tokens: Sequence[Tokens]
    head: NDArray[np.int64]
    targets: NDArray[np.float32]
    allowed: NDArray[np.bool_]
    share: NDArray[np.float32]

    def take(self, rows: NDArray[np.int64]) -> Examples:
        """Some of them, by index."""
        return Examples(
            [self.tokens[i] for i in rows],
            self.head[rows],
            self.targets[rows],
            self.allowed[rows],
            self.share[rows],
        )

    @staticmethod
    def join(parts: Sequence[Examples]) -> Examples:
        """Several sets as one."""
        return Examples(
            [one for part in parts for one in part.tokens],
            np.concatenate([part.head for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate([part.allowed for part in parts]),
            np.concatenate([part.share for part in parts]),
        )


def examples_of(
    dataset: Dataset,
    encoder: TurnEncoder,
    share: NDArray[np.float32],
    targets: NDArray[np.float32] | None = None,
    rows: NDArray[np.int64] | None = None,
) -> Examples:
    """A head's items as examples.

    Args:
        dataset: n items.
        encoder: Of the network that is to read them.
        share: float32 (n,), how often each is seen in an epoch.
        targets: float32 (n, classes) to learn instead of the items' own.
        rows: Indices of the items that are wanted; by default all.
    """
    chosen = np.arange(len(dataset.items)) if rows is None else rows
    own = (dataset.targets if targets is None else targets)[chosen]
    n, classes = own.shape
    wide, allowed = np.zeros((n, CLASSES_AT_MOST)), np.zeros((n, CLASSES_AT_MOST), dtype=np.bool_)
    wide[:, :classes], allowed[:, :classes] = own, dataset.allowed[chosen]
    items = [dataset.items[row] for row in chosen]
    return Examples(
        encoder.encode([(item.text, item.previous) for item in items]),
        np.full(n, HEADS.index(dataset.head)),
        wide.astype(np.float32),
        allowed,
        share[chosen],
    )


def fit(network: TextNetwork, encoder: TurnEncoder, examples: Examples, recipe: Recipe) -> None:
    """Trains in place: AdamW, linear warm-up over 6 % of the steps, then cosine decay to zero.

    Args:
        network: What is trained.
        encoder: Pads its batches.
        examples: All that it learns from.
        recipe: How.
    """
    torch.manual_seed(recipe.seed)
    device = next(network.parameters()).device
    class_weights = _class_weights(examples, recipe.balance)
    batches = list(_batches(examples, recipe))
    heads = [p for name, p in network.named_parameters() if not name.startswith("encoder.")]
    groups: list[dict[str, Any]] = [
        {"params": list(network.encoder.parameters()), "lr": recipe.rate},
        {"params": heads},
    ]
    optimizer = torch.optim.AdamW(
        groups,
        lr=recipe.head_rate,
        weight_decay=0.01,
        fused=True,
    )
    warmup = max(1, round(0.06 * len(batches)))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            (step + 1) / warmup
            if step < warmup
            else 0.5 * (1 + np.cos(np.pi * (step - warmup) / max(1, len(batches) - warmup)))
        ),
    )
    average = deepcopy(network).requires_grad_(False) if recipe.ema else None
    random = np.random.default_rng(recipe.seed)
    network.train()
    begun, running = time.monotonic(), float("nan")
    for step, rows in enumerate(batches):
        chosen = examples.take(rows)
        batch = encoder.masked(encoder.batch(chosen.tokens), recipe.masking, random)
        loss = _step(network, batch, chosen, class_weights, recipe, device)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        if average is not None:
            decay = min(recipe.ema, (step + 1) / (step + 10))
            _move(average, network, decay)
        running = loss if np.isnan(running) else 0.98 * running + 0.02 * loss
        if (step + 1) % 100 == 0 or step + 1 == len(batches):
            left = (time.monotonic() - begun) / (step + 1) * (len(batches) - step - 1)
            _log.info("step %d/%d loss %.4f, %.0f s left", step + 1, len(batches), running, left)
    if average is not None:
        network.load_state_dict(average.state_dict())
    network.eval()


@torch.no_grad()
def scores_of(
    network: TextNetwork, encoder: TurnEncoder, tokens: Sequence[Tokens], head: str
) -> NDArray[np.float32]:
    """Class scores float32 (n, classes) of one head for turns, in their order."""
    network.eval()
    device = next(network.parameters()).device
    order = np.argsort([len(one.ids) for one in tokens], kind="stable")
    found: list[NDArray[np.float32]] = []
    for start in range(0, len(order), 256):
        batch = encoder.batch([tokens[i] for i in order[start : start + 256]])
        ids, segments = _tensors(batch, device)
        with autocast(device):
            scores = network(ids, segments).scores[head]
        found.append(scores.float().cpu().numpy())
    together = np.concatenate(found)
    answers = np.empty_like(together)
    answers[order] = together
    return answers


def _step(
    network: TextNetwork,
    batch: Batch,
    chosen: Examples,
    class_weights: NDArray[np.float32],
    recipe: Recipe,
    device: torch.device,
) -> float:
    """One backward pass, or two where adversarial; returns the loss without regularisers."""
    ids, segments = _tensors(batch, device)
    targets = torch.from_numpy(chosen.targets).to(device)
    allowed = torch.from_numpy(chosen.allowed).to(device)
    head = torch.from_numpy(chosen.head).to(device)
    of_class = torch.from_numpy(class_weights[chosen.head]).to(device)
    weight = (of_class * targets).sum(dim=1)
    if recipe.smoothing:
        spread = allowed / allowed.sum(dim=1, keepdim=True)
        targets = (1 - recipe.smoothing) * targets + recipe.smoothing * spread

    def logits(output: Output) -> Tensor:
        wide = [
            functional.pad(output.scores[h], (0, CLASSES_AT_MOST - output.scores[h].shape[1]))
            for h in HEADS
        ]
        picked = torch.stack(wide, dim=1)[torch.arange(len(head), device=device), head]
        return picked.masked_fill(~allowed, -1e4).log_softmax(dim=1)

    def loss_of(log_p: Tensor) -> Tensor:
        return (weight * -(targets * log_p).sum(dim=1)).sum() / weight.sum()

    with autocast(device):
        log_p = logits(network(ids, segments))
        loss = total = loss_of(log_p)
        if recipe.rdrop:
            other = logits(network(ids, segments))
            loss = (loss + loss_of(other)) / 2
            apart = (log_p.exp() - other.exp()) * (log_p - other)
            total = loss + recipe.rdrop * 0.5 * (apart * allowed).sum(dim=1).mean()
    total.backward()  # type: ignore[no-untyped-call]
    if recipe.fgm:
        table = network.encoder.get_input_embeddings().get_parameter("weight")
        assert table.grad is not None
        step = recipe.fgm * table.grad / (table.grad.norm() + 1e-8)
        with torch.no_grad():
            table.add_(step)
        with autocast(device):
            loss_of(logits(network(ids, segments))).backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            table.sub_(step)
    return loss.item()


def _batches(examples: Examples, recipe: Recipe) -> Iterator[NDArray[np.int64]]:
    """Rows of each step: turns of like length, as many as the tokens of a batch allow."""
    random = np.random.default_rng(recipe.seed)
    lengths = np.array([len(one.ids) for one in examples.tokens])
    left = recipe.epochs
    while left > 0:
        times = np.floor(examples.share * min(1.0, left) + random.random(len(lengths)))
        order = random.permutation(np.repeat(np.arange(len(lengths)), times.astype(int)))
        left -= 1
        chunk = max(1, int(_CHUNK * recipe.tokens / lengths.mean()))
        made: list[NDArray[np.int64]] = []
        for start in range(0, len(order), chunk):
            inside = order[start : start + chunk]
            inside = inside[np.argsort(lengths[inside], kind="stable")]
            first = 0
            for i in range(1, len(inside) + 1):
                if i == len(inside) or lengths[inside[i]] * (i + 1 - first) > recipe.tokens:
                    made.append(inside[first:i])
                    first = i
        yield from (made[i] for i in random.permutation(len(made)))


def _class_weights(examples: Examples, balance: float) -> NDArray[np.float32]:
    """float32 (heads, CLASSES_AT_MOST): rare classes count more; the mean of a head is 1."""
    weights = np.ones((len(HEADS), CLASSES_AT_MOST), dtype=np.float32)
    for head in range(len(HEADS)):
        rows = examples.targets[examples.head == head]
        if len(rows):
            frequency = rows.sum(axis=0) / rows.sum()
            raw = np.maximum(frequency, 1e-3) ** -balance
            weights[head] = raw / (raw * frequency).sum()
    return weights


def _move(average: TextNetwork, network: TextNetwork, decay: float) -> None:
    with torch.no_grad():
        for old, new in zip(average.parameters(), network.parameters(), strict=True):
            old.lerp_(new, 1 - decay)


def _tensors(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(batch.ids).to(device), torch.from_numpy(batch.segments).to(device)
