"""Fits the two models of this package. Needs torch; serving does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fusion.corpora import Dialogue, Judgements
from fusion.history import history
from fusion.loglinear import Array, K, Weights, opposition, terms
from fusion.risk import OUTCOMES, RiskModel
from multimodal.emotions import ModelInfo

L2 = 1e-4
"""Weight of the squared off-diagonal weights: a class-dependent matrix has to be earned."""
ROUNDS = 100
LEARNING_RATE = 0.08
LEAVES = 12
LEAST_IN_LEAF = 60
MOMENTS = 3
"""So many turns of every conversation are learned from, beside its last one."""
NOISY = 0.4
"""Share of the dialogues that are read through the text model's errors instead of human eyes."""
UNHEARD = 0.05
"""Share of the customer's turns of those that have no sentiment at all."""


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
            contradiction=np.array([1.0, 0.0]),
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
    return replace(fitted, **{a: getattr(fitted, a).detach().numpy() for a in arrays})


def fit_contradiction(weights: Weights, turns: Judgements) -> Weights:
    """The weights with the calibration of their `disagreement`, fitted on what people judged.

    Args:
        weights: Fitted to the same modalities.
        turns: Their `contradicts` is what is to be foreseen from their `probabilities`.
    """
    from scipy.optimize import minimize

    everything = np.ones(turns.probabilities.shape[:2])
    _, strength = terms(np, weights, turns.probabilities, everything)
    logs = np.log(np.maximum(opposition(turns.probabilities, strength), 1e-9))
    event = turns.contradicts
    if logs[event].min() > logs[~event].max():
        return weights  # One-hot labels say it themselves: there is nothing to calibrate.

    def loss(x: Array) -> float:
        z = np.exp(x[0]) * logs + x[1]
        return float(np.logaddexp(0, z).sum() - z[event].sum()) / len(z)

    slope, offset = minimize(loss, np.zeros(2), method="L-BFGS-B").x
    return replace(weights, contradiction=np.array([np.exp(slope), offset]))


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
    parts: Sequence[tuple[Sequence[Array], Sequence[int]]],
    *,
    head_share: float,
    info: ModelInfo,
    seed: int = 0,
) -> RiskModel:
    """Fits the boosted trees of the risk model, not yet calibrated; deterministic.

    Of every conversation its end and a few moments on the way are learned, drawn at random; every
    conversation counts the same.

    Args:
        parts: Of each corpus the conversations' summaries (see `fusion.history`) and outcomes.
        head_share: Stored with the model; see `RiskModel`.
        info: Stored with the model.
        seed: Of the moments that are drawn.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(seed)
    rows, truth, weights = [], [], []
    for summaries, outcomes in parts:
        for summary, outcome in zip(summaries, outcomes, strict=True):
            drawn = {*rng.integers(len(summary), size=MOMENTS).tolist(), len(summary) - 1}
            rows.append(summary[sorted(drawn)])
            truth += [outcome] * len(drawn)
            weights += [1 / len(drawn)] * len(drawn)
    boosted = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_IN_LEAF,
        l2_regularization=2.0,
        early_stopping=False,
        random_state=seed,
    ).fit(np.concatenate(rows), truth, sample_weight=weights)
    return RiskModel(
        **_arrays_of(boosted),
        scale=np.ones(1),
        scale_bias=np.zeros(len(OUTCOMES)),
        head_share=head_share,
        info=info,
    )


def _arrays_of(boosted: Any) -> dict[str, Any]:
    """The trees of scikit-learn's boosting as `RiskModel` reads them."""
    trees = [tree.nodes for round_ in boosted._predictors for tree in round_]
    shape = (len(trees), max(map(len, trees)))
    own = np.tile(np.arange(shape[1], dtype=np.int16), (shape[0], 1))
    arrays: dict[str, Any] = {
        "baseline": np.asarray(boosted._baseline_prediction, np.float64).reshape(-1),
        "feature": np.zeros(shape, np.int16),
        "threshold": np.zeros(shape),
        "left": own,
        "right": own.copy(),
        "value": np.zeros(shape),
    }
    for i, nodes in enumerate(trees):
        inner = np.flatnonzero(nodes["is_leaf"] == 0)
        arrays["value"][i, : len(nodes)] = nodes["value"]
        for name, field in _FIELDS.items():
            arrays[name][i, inner] = nodes[field][inner]
    return arrays


_FIELDS = {
    "feature": "feature_idx",
    "threshold": "num_threshold",
    "left": "left",
    "right": "right",
}


def misread(
    dialogue: Dialogue, misreadings: Mapping[int, Array], rng: np.random.Generator
) -> Array:
    """The sentiments (n, 3) as the text model would have given them, drawn by their true class."""
    drawn = np.zeros_like(dialogue.sentiment)
    for label, bank in misreadings.items():
        rows = np.flatnonzero(dialogue.sentiment[:, label] > 0.5)
        drawn[rows] = bank[rng.integers(len(bank), size=len(rows))]
    return drawn


def summaries(
    dialogues: Sequence[Dialogue], misreadings: Mapping[int, Array], *, noisy: float, seed: int = 0
) -> list[Array]:
    """The histories of dialogues of which a share is read through the text model's errors.

    In those that are misread, a few turns have no sentiment at all, and turns are as long as other
    turns of the corpus: what lengths tell of a shop's chat is not carried over to conversations
    that models read (on JDDC it made the risk worse).

    Args:
        dialogues: Dialogues with human sentiments.
        misreadings: See `misread`.
        noisy: The share, in [0, 1].
        seed: Of what is drawn.
    """
    rng = np.random.default_rng(seed)
    lengths = np.concatenate([dialogue.words for dialogue in dialogues])
    found = []
    for dialogue in dialogues:
        sentiment, words = dialogue.sentiment, dialogue.words
        if rng.random() < noisy:
            heard = rng.random(len(sentiment)) >= UNHEARD
            sentiment = misread(dialogue, misreadings, rng) * heard[:, None]
            words = rng.choice(lengths, size=len(words))
        found.append(history(dialogue.customer, sentiment, words))
    return found
