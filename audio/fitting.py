"""Fits the prosody network to measured speech: convex problems, solved by L-BFGS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audio.baseline import Population
from audio.evaluation import AROUSED, CALM
from audio.model import CLASSES, Head, KernelMachine, ProsodyNet, relative_input
from audio.prosody import FEATURES
from audio.speech_table import SpeechTable
from multimodal.emotions import EMOTIONS, FloatArray

PRIOR = 2.0
CENTRES = 500
"""Training rows that each machine remembers."""
COST = 3.0
"""Weight of a clip's loss against the machine's norm, as C of a support vector machine."""
EMPHASIS = {"casia": 5.0}
"""How much more a clip of a corpus counts for the machine of all corpora."""
GATE_PRIOR = {"casia": 2.0}
"""Added to the gate's logits: Mandarin is what most callers speak."""
_DRAWS = 2  # normals learnt from some turns, besides the one from all
_ITERATIONS = 15


def population_of(table: SpeechTable) -> Population:
    """Mean over speakers of their means, root mean square over speakers of their spreads."""
    voices = [table.features[table.speaker == name] for name in np.unique(table.speaker)]
    flat = [voice.reshape(-1, voice.shape[-1]) for voice in voices]
    mean = np.mean([np.nanmean(v, axis=0) for v in flat], axis=0)
    spread = np.sqrt(np.mean([np.nanvar(v, axis=0) for v in flat], axis=0))
    return Population(mean.astype(np.float32), spread.astype(np.float32), PRIOR)


def fit(table: SpeechTable, population: Population, seed: int = 0) -> ProsodyNet:
    """Fits the gate and both heads; the same seed gives the same network.

    Args:
        table: Speakers to learn from.
        population: How they are in general.
        seed: Of the centres and of the turns that normals are learnt from.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    table = table.take(table.measured)
    conditions = table.features.shape[1]
    features = table.features.reshape(-1, table.features.shape[-1])
    corpora, corpus = np.unique(np.repeat(table.corpus, conditions), return_inverse=True)
    truth = torch.from_numpy(np.repeat(table.truth, conditions))
    allowed = torch.from_numpy(np.repeat(_classes_of_corpus(table), conditions, axis=0))
    weight = torch.from_numpy(np.repeat(_weights(table), conditions)) / conditions
    emphasis = torch.tensor([EMPHASIS.get(str(name), 1.0) for name in corpora])[corpus]
    emphasis = emphasis / emphasis.mean()

    def head(inputs: Tensor, copies: int) -> Head:
        targets = truth.repeat(copies), allowed.repeat(copies, 1), weight.repeat(copies) / copies
        of = np.tile(corpus, copies)

        def machine(rows: Tensor, factor: Tensor | float = 1.0) -> KernelMachine:
            answers, classes, counts = (part[rows] for part in targets)
            return _fit_machine(inputs[rows], answers, classes, counts * factor)

        experts = [machine(torch.from_numpy(np.flatnonzero(of == i))) for i in range(len(corpora))]
        classes = torch.stack([allowed[corpus == i][0] for i in range(len(corpora))])
        return Head(experts, classes, machine(torch.arange(len(of)), emphasis.repeat(copies)))

    mean, scale = features.mean(axis=0), features.std(axis=0)
    columns = [i for i, feature in enumerate(FEATURES) if not feature.gain]
    voice = torch.from_numpy(np.clip((features - mean) / scale, -5, 5)[:, columns])
    voices = _voices(table)
    relative = [_relative(features, voices, population)]
    relative += [_relative(features, voices, population, generator) for _ in range(_DRAWS)]
    net = ProsodyNet(
        torch.from_numpy(mean),
        torch.from_numpy(scale),
        columns,
        _fit_gate(voice, torch.from_numpy(corpus), [GATE_PRIOR.get(str(c), 0.0) for c in corpora]),
        head(voice, 1),
        head(torch.cat(relative), len(relative)),
    )
    return net.eval()


def _fit_machine(inputs: Tensor, truth: Tensor, allowed: Tensor, weight: Tensor) -> KernelMachine:
    centres = inputs[torch.randperm(len(inputs))[:CENTRES]].clone()
    machine = KernelMachine(centres, CLASSES + 1)
    # In the basis in which the kernel's norm is the plain one (Williams and Seeger 2001).
    kernel = machine.bumps(centres) + 1e-3 * torch.eye(len(centres))
    root = torch.linalg.cholesky(kernel)
    bumps = torch.linalg.solve_triangular(root, machine.bumps(inputs).T, upper=False).T.contiguous()
    aroused = torch.isin(truth, torch.tensor(AROUSED))
    known = aroused | torch.isin(truth, torch.tensor(CALM))

    def loss(logits: Tensor) -> Tensor:
        # A corpus without a class says nothing about it: its logit is left out of the softmax.
        emotion = logits[:, :CLASSES].masked_fill(~allowed, -1e9)
        losses = nn.functional.cross_entropy(emotion, truth, reduction="none")
        arousal = nn.functional.binary_cross_entropy_with_logits(
            logits[:, CLASSES], aroused.float(), reduction="none"
        )
        return COST * ((losses + arousal * known) * weight).sum()

    coefficients, offset = _minimise(bumps, CLASSES + 1, loss)
    machine.coefficients.copy_(torch.linalg.solve_triangular(root.T, coefficients, upper=True))
    machine.offset.copy_(offset)
    return machine


def _fit_gate(voice: Tensor, corpus: Tensor, prior: list[float]) -> nn.Linear:
    """Logistic regression of the corpus, each counting alike, with the prior on top."""
    counts = torch.bincount(corpus)
    weight = len(corpus) / len(counts) / counts.float()
    coefficients, offset = _minimise(
        voice,
        len(counts),
        lambda logits: nn.functional.cross_entropy(logits, corpus, weight, reduction="sum") / 10,
    )
    gate = nn.Linear(voice.shape[1], len(counts)).requires_grad_(requires_grad=False)
    gate.weight.copy_(coefficients.T)
    gate.bias.copy_(offset + torch.tensor(prior))
    return gate


def _minimise(
    inputs: Tensor, outputs: int, loss: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Coefficients and offset of the linear model with the least loss plus half squared norm."""
    coefficients = torch.zeros(inputs.shape[1], outputs, requires_grad=True)
    offset = torch.zeros(outputs, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [coefficients, offset], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        total = loss(inputs @ coefficients + offset) + (coefficients**2).sum() / 2
        total.backward()  # type: ignore[no-untyped-call]
        return float(total.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return coefficients.detach(), offset.detach()


def _relative(
    features: FloatArray,
    voices: list[NDArray[np.int64]],
    population: Population,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Every row against the normal of its voice, learnt from all turns, or from some at random.

    A voice is a speaker in one recording condition: nobody changes the line within a call.
    """
    mean, spread = np.empty_like(features), np.empty_like(features)
    for rows in voices:
        turns = features[rows]
        if generator is not None:
            # Log-uniform between 2 turns and all.
            some = int(2 * (len(rows) / 2) ** generator.random())
            turns = features[generator.choice(rows, max(1, min(some, len(rows))), replace=False)]
        total = len(turns) + PRIOR
        centre = turns.mean(axis=0)
        mean[rows] = (turns.sum(axis=0) + PRIOR * population.mean) / total
        deviations = ((turns - centre) ** 2).sum(axis=0)
        spread[rows] = np.sqrt((deviations + PRIOR * population.spread**2) / total)
    return relative_input(*(torch.from_numpy(a) for a in (features, mean, spread)))


def _voices(table: SpeechTable) -> list[NDArray[np.int64]]:
    conditions = table.features.shape[1]
    return [
        np.flatnonzero(table.speaker == name) * conditions + condition
        for name in np.unique(table.speaker)
        for condition in range(conditions)
    ]


def _weights(table: SpeechTable) -> NDArray[np.float32]:
    """Classes count alike within a corpus; mean 1 in each."""
    weights = np.empty(len(table.truth), dtype=np.float32)
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        counts = np.bincount(table.truth[rows], minlength=len(EMOTIONS))
        inverse = 1 / counts[table.truth[rows]]
        weights[rows] = inverse / inverse.mean()
    return weights


def _classes_of_corpus(table: SpeechTable) -> NDArray[np.bool_]:
    """Bool (n, 7): which classes the corpus of each clip has."""
    allowed = np.zeros((len(table.truth), len(EMOTIONS)), dtype=np.bool_)
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        allowed[np.ix_(rows, np.unique(table.truth[rows]))] = True
    return allowed
