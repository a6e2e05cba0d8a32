"""Fits the two models of this package. Needs torch; serving does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fusion.corpora import Dialogue
from fusion.loglinear import Array, K, Weights, terms
from fusion.risk import INPUTS, OUTCOMES, RiskModel, inputs_of
from multimodal.emotions import ModelInfo

L2 = 1e-4
"""Weight of the squared off-diagonal weights: a class-dependent matrix has to be earned."""
HIDDEN = 32
EPOCHS = 10
BATCH = 128
NOISY = 0.35
"""Share of the dialogues that are read through the text model's errors instead of human eyes."""
UNHEARD = 0.05
"""Share of the customer's turns that have no sentiment at all."""
LONGEST = 100
"""Turns of a dialogue that are trained on; the longest have more."""
LAST_TURN = 0.3
"""Extra weight of a dialogue's last turn, beside the mean over all its turns."""


def fit_loglinear(
    names: Sequence[str],
    probabilities: Array,
    reliability: Array,
    truth: NDArray[np.int64],
    *,
    seed: int = 0,
    steps: int = 100,
) -> Weights:
    """Maximum likelihood with modality dropout, by L-BFGS; deterministic.

    Every turn is seen twice: as it is, and with a random part of its modalities taken away.

    Args:
        names: The modalities.
        probabilities: (n, M, 7).
        reliability: (n, M); 0 where absent.
        truth: (n,), index of the true emotion.
        seed: Of the dropout.
        steps: L-BFGS iterations at most.
    """
    size = len(names)
    rng = np.random.default_rng(seed)
    subsets = np.array([[i >> m & 1 for m in range(size)] for i in range(1, 2**size - 1)])
    kept = reliability * subsets[rng.integers(len(subsets), size=len(truth))]
    rows, counts = _merged(
        np.concatenate([probabilities, probabilities]),
        np.concatenate([reliability, kept]),
        np.concatenate([truth, truth]),
    )
    p, r = torch.tensor(rows[0]), torch.tensor(rows[1])
    target = torch.tensor(counts / counts.sum())
    eye = torch.eye(K, dtype=torch.float64)
    others = 1 - torch.eye(size, dtype=torch.float64)
    raw = {
        "prior": torch.log(target.sum(dim=0) + 1e-6),
        "smoothing": torch.full((size,), -3.0, dtype=torch.float64),
        "matrix": eye.repeat(size, 1, 1),
        "shift": torch.zeros(size, K, dtype=torch.float64),
        "discount": torch.full((size, size), -2.0, dtype=torch.float64),
    }
    for value in raw.values():
        value.requires_grad_()

    def weights() -> Weights:
        return Weights(
            tuple(names),
            prior=raw["prior"],
            smoothing=torch.sigmoid(raw["smoothing"]),
            matrix=raw["matrix"],
            shift=raw["shift"],
            discount=torch.nn.functional.softplus(raw["discount"]) * others,
        )

    optimiser = torch.optim.LBFGS(
        list(raw.values()), max_iter=steps, history_size=20, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        current = weights()
        moved, _ = terms(torch, current, p, r)
        log_p = torch.log_softmax(current.prior + moved.sum(dim=1), dim=-1)
        penalty = (raw["matrix"] * (1 - eye)).square().sum() + raw["shift"].square().sum()
        penalty = penalty + 0.1 * (raw["matrix"].diagonal(dim1=1, dim2=2) - 1).square().sum()
        loss = -(target * log_p).sum() + L2 * penalty
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    fitted = weights()
    arrays = ("prior", "smoothing", "matrix", "shift", "discount")
    return Weights(fitted.names, **{a: getattr(fitted, a).detach().numpy() for a in arrays})


def _merged(
    probabilities: Array, reliability: Array, truth: NDArray[np.int64]
) -> tuple[tuple[Array, Array], Array]:
    """Equal inputs counted once: human labels have few distinct ones. Counts are (rows, 7)."""
    size = reliability.shape[1]
    hidden = np.where(reliability[..., None] > 0, probabilities, 1 / K)
    flat = np.concatenate([hidden.reshape(len(truth), -1), reliability], axis=1)
    unique, row = np.unique(flat.round(6), axis=0, return_inverse=True)
    counts = np.zeros((len(unique), K))
    np.add.at(counts, (row, truth), 1.0)
    return (unique[:, :-size].reshape(-1, size, K), unique[:, -size:]), counts


def fit_risk(
    dialogues: Sequence[Dialogue],
    misreadings: Mapping[int, Array],
    *,
    head_share: float,
    info: ModelInfo,
    seed: int = 0,
) -> RiskModel:
    """Trains the recurrent risk model with Adam, not yet calibrated; deterministic.

    Args:
        dialogues: Dialogues with human sentiments.
        misreadings: For each true class (0 negative, 1 neutral, 2 positive) sentiment
            distributions (n, 3) that the text model gave for turns of that class.
        head_share: Stored with the model; see `RiskModel`.
        info: Stored with the model.
        seed: Of weights, order and noise.
    """
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network = torch.nn.GRU(INPUTS, HIDDEN, batch_first=True)
    head = torch.nn.Linear(HIDDEN, len(OUTCOMES))
    parameters = [*network.parameters(), *head.parameters()]
    order = np.argsort([len(d.customer) for d in dialogues], kind="stable")
    batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=8e-3, total_steps=EPOCHS * len(batches)
    )
    for _ in range(EPOCHS):
        for number in rng.permutation(len(batches)):
            batch = [dialogues[i] for i in batches[number]]
            x, weight = _padded([_read(dialogue, misreadings, rng) for dialogue in batch])
            y = torch.tensor([dialogue.outcome for dialogue in batch])
            logits = head(network(x)[0]).transpose(1, 2)
            losses = torch.nn.functional.cross_entropy(
                logits, y[:, None].expand(weight.shape), reduction="none"
            )
            optimiser.zero_grad()
            loss = (losses * weight).sum() / len(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
    gru: dict[str, Any] = dict(network.named_parameters())
    return RiskModel(
        input_weights=gru["weight_ih_l0"].detach().numpy(),
        input_bias=gru["bias_ih_l0"].detach().numpy(),
        hidden_weights=gru["weight_hh_l0"].detach().numpy(),
        hidden_bias=gru["bias_hh_l0"].detach().numpy(),
        out_weights=head.weight.detach().numpy(),
        out_bias=head.bias.detach().numpy(),
        scale=np.ones(1, dtype=np.float32),
        scale_bias=np.zeros(len(OUTCOMES), dtype=np.float32),
        head_share=head_share,
        info=info,
    )


def misread(
    dialogue: Dialogue, misreadings: Mapping[int, Array], rng: np.random.Generator
) -> Array:
    """The sentiments (n, 3) as the text model would have given them, drawn by their true class."""
    drawn = np.zeros_like(dialogue.sentiment)
    for label, bank in misreadings.items():
        rows = np.flatnonzero(dialogue.sentiment[:, label] > 0.5)
        drawn[rows] = bank[rng.integers(len(bank), size=len(rows))]
    return drawn


def _read(
    dialogue: Dialogue, misreadings: Mapping[int, Array], rng: np.random.Generator
) -> NDArray[np.float32]:
    noisy = rng.random() < NOISY
    sentiment = misread(dialogue, misreadings, rng) if noisy else dialogue.sentiment
    heard = rng.random(len(sentiment)) >= UNHEARD
    inputs = inputs_of(dialogue.customer, sentiment * heard[:, None], dialogue.words)
    return inputs[:LONGEST]


def _padded(inputs: Sequence[NDArray[np.float32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs (n, T, 7) filled up with zeros, and the weight of every turn (n, T)."""
    longest = max(map(len, inputs))
    x = torch.zeros(len(inputs), longest, INPUTS)
    weight = torch.zeros(len(inputs), longest)
    for i, rows in enumerate(inputs):
        x[i, : len(rows)] = torch.from_numpy(rows)
        weight[i, : len(rows)] = 1 / len(rows)
        weight[i, len(rows) - 1] += LAST_TURN
    return x, weight
