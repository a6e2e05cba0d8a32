"""Fits the prosody network to measured speech: kernel machines by L-BFGS, perceptrons by AdamW."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audio.baseline import Population
from audio.evaluation import AROUSED, CALM
from audio.model import CLASSES, Head, KernelMachine, ProsodyNet, relative_input
from audio.perceptrons import fit_perceptrons
from audio.prosody import FEATURES
from audio.speech_table import CLEAN, SpeechTable
from multimodal.emotions import EMOTIONS, FloatArray

EMPHASIS = {"casia": 5.0}
"""How much more a clip of a corpus counts for the machine of all corpora."""
_FLOOR = 0.3  # variance that a direction in which speakers are alike is taken to have
_ITERATIONS = 20
_EPOCHS = 14  # of the perceptrons, for rows with one copy


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the fit is free to choose.

    Attributes:
        prior: Turns that the population's spread counts as in a speaker's.
        difference: How much more a new caller may differ from the training speakers than these
            among each other, as variances.
        diagonal: How far the covariances of voices are shrunk to their diagonals, in [0, 1]; at 1
            every feature is learnt by itself.
        nuisance: How much the differences between speakers count in the general head's
            normalisation; 0 leaves it out.
        cost: Weight of a clip's loss against the machine's norm, as C of a support vector machine.
        centres: Training rows that each machine remembers.
        linear: Size of the inputs beside the bumps; 0 leaves the linear kernel out.
        draws: Normals learnt from some turns, besides the one from all.
        vote: How much the perceptrons count beside the kernel machines, in [0, 1].
    """

    prior: float = 4.0
    difference: float = 3.0
    diagonal: float = 0.2
    nuisance: float = 3.0
    cost: float = 5.0
    centres: int = 1000
    linear: float = 0.05
    draws: int = 1
    vote: float = 0.5


SHIPPED = Recipe()


def population_of(table: SpeechTable, recipe: Recipe = SHIPPED) -> Population:
    """How the voices of a table are, and in which directions people differ more than moods do."""
    means, spreads = [], []
    for corpus in np.unique(table.corpus):
        voices = [
            table.features[table.speaker == name].astype(np.float64)
            for name in np.unique(table.speaker[table.corpus == corpus])
        ]
        means.append(np.mean([voice.mean(axis=(0, 1)) for voice in voices], axis=0))
        # Within a recording condition: nobody changes the line within a call.
        variances = [voice.var(axis=0).mean(axis=0) for voice in voices]
        spreads.append(np.sqrt(np.mean(variances, axis=0)))
    scale = np.sqrt((np.array(spreads) ** 2).mean(axis=0))
    between, within = (_shrunk(c, recipe.diagonal) for c in _covariances(table, scale))
    # In these directions both covariances are diagonal: of turns 1, of speakers the strength.
    strength, directions = scipy.linalg.eigh(recipe.difference * between, within)
    return Population(
        mean=np.array(means, dtype=np.float32),
        spread=np.array(spreads, dtype=np.float32),
        prior=recipe.prior,
        strength=np.maximum(strength, 0).astype(np.float32),
        project=(directions / scale[:, None]).astype(np.float32),
        restore=((within @ directions).T * scale).astype(np.float32),
    )


def _covariances(
    table: SpeechTable, scale: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between the speakers of a corpus, and within a speaker; corpora count alike."""
    size, corpora = table.features.shape[-1], np.unique(table.corpus)
    between, within = np.zeros((size, size)), np.zeros((size, size))
    for corpus in corpora:
        voices = [
            table.features[table.speaker == name, CLEAN] / scale
            for name in np.unique(table.speaker[table.corpus == corpus])
        ]
        means = np.array([voice.mean(axis=0) for voice in voices])
        if len(voices) > 1:
            between += np.cov(means.T)
        within += np.mean([np.cov(voice.T, bias=True) for voice in voices], axis=0)
    return between / len(corpora), within / len(corpora)


def _shrunk(covariance: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    diagonal = np.diag(np.diag(covariance) + 1e-6)
    return np.asarray((1 - share) * covariance + share * diagonal)


def fit(
    table: SpeechTable, population: Population, seed: int = 0, recipe: Recipe = SHIPPED
) -> ProsodyNet:
    """Fits the gate and both heads; the same seed gives the same network.

    Args:
        table: Speakers to learn from.
        population: How they are in general.
        seed: Of the centres and of the turns that normals are learnt from.
        recipe: How.
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
            return _fit_machine(inputs[rows], answers, classes, counts * factor, recipe)

        experts = [machine(torch.from_numpy(np.flatnonzero(of == i))) for i in range(len(corpora))]
        classes = torch.stack([allowed[corpus == i][0] for i in range(len(corpora))])
        everyone = machine(torch.arange(len(of)), emphasis.repeat(copies))
        place = torch.from_numpy(of)
        # Between a clip and a corpus: each corpus counts as the root of its size.
        counts = torch.bincount(place).rsqrt()[place] * targets[2]
        bag = fit_perceptrons(
            inputs,
            place,
            targets[0],
            targets[1],
            _arousal(targets[0]),
            counts / counts.mean(),
            round(_EPOCHS / copies**0.5),
        )
        return Head(experts, bag, recipe.vote, classes, everyone)

    mean, scale = features.mean(axis=0), features.std(axis=0)
    columns = [i for i, feature in enumerate(FEATURES) if not feature.gain]
    voice = torch.from_numpy(np.clip((features - mean) / scale, -5, 5)[:, columns])
    alike = _speaker_normaliser(table, scale, columns, recipe.nuisance)
    voice = voice @ alike
    voices = _voices(table)
    relative = [_relative(features, voices, population)]
    relative += [_relative(features, voices, population, generator) for _ in range(recipe.draws)]
    net = ProsodyNet(
        torch.from_numpy(mean),
        torch.from_numpy(scale),
        columns,
        alike,
        _fit_gate(voice, torch.from_numpy(corpus)),
        head(voice, 1),
        head(torch.cat(relative), len(relative)),
    )
    return net.eval()


def _speaker_normaliser(
    table: SpeechTable, scale: FloatArray, columns: list[int], nuisance: float
) -> Tensor:
    """The map (d, d) that shortens the directions in which people differ who act the same emotion.

    Within-class covariance normalisation (Hatch, Kajarekar and Stolcke 2006), with emotions as the
    classes: a head that knows nothing of a speaker is to look past who it is.
    """
    clean = table.features[:, CLEAN][:, columns] / scale[columns]
    total, corpora = np.zeros((len(columns), len(columns))), np.unique(table.corpus)
    for corpus in corpora:
        apart = []
        for emotion in np.unique(table.truth[table.corpus == corpus]):
            rows = (table.corpus == corpus) & (table.truth == emotion)
            means = np.array(
                [
                    clean[rows & (table.speaker == name)].mean(axis=0)
                    for name in np.unique(table.speaker[rows])
                ]
            )
            if len(means) > 1:
                apart.append((means - means.mean(axis=0)) * np.sqrt(len(means) / (len(means) - 1)))
        if apart:
            stacked = np.concatenate(apart)
            total += stacked.T @ stacked / len(stacked)
    variance, directions = np.linalg.eigh(nuisance * total / len(corpora))
    whole = (directions / np.sqrt(variance.clip(min=0) + _FLOOR)) @ directions.T
    # Features stay about as large as they were, which the kernel's width relies on.
    size = np.sqrt(((clean - clean.mean(axis=0)) @ whole).var(axis=0).mean())
    return torch.from_numpy((whole / size).astype(np.float32))


def _fit_machine(
    inputs: Tensor, truth: Tensor, allowed: Tensor, weight: Tensor, recipe: Recipe
) -> KernelMachine:
    centres = inputs[torch.randperm(len(inputs))[: recipe.centres]].clone()
    machine = KernelMachine(centres, CLASSES + 1)
    # In the basis in which the kernel's norm is the plain one (Williams and Seeger 2001).
    kernel = machine.bumps(centres) + 1e-3 * torch.eye(len(centres))
    root = torch.linalg.cholesky(kernel)
    bumps = torch.linalg.solve_triangular(root, machine.bumps(inputs).T, upper=False).T
    basis = torch.cat([bumps, recipe.linear * inputs], dim=1)
    aroused = _arousal(truth)
    known = ~aroused.isnan()

    def loss(logits: Tensor) -> Tensor:
        # A corpus without a class says nothing about it: its logit is left out of the softmax.
        emotion = logits[:, :CLASSES].masked_fill(~allowed, -1e9)
        losses = nn.functional.cross_entropy(emotion, truth, reduction="none")
        arousal = nn.functional.binary_cross_entropy_with_logits(
            logits[:, CLASSES], aroused.nan_to_num(0), reduction="none"
        )
        return recipe.cost * ((losses + arousal * known) * weight).sum()

    coefficients, offset = _minimise(basis, CLASSES + 1, loss)
    of_bumps, of_inputs = coefficients[: len(centres)], coefficients[len(centres) :]
    machine.coefficients.copy_(torch.linalg.solve_triangular(root.T, of_bumps, upper=True))
    machine.slopes.copy_(recipe.linear * of_inputs)
    machine.offset.copy_(offset)
    return machine


def _arousal(truth: Tensor) -> Tensor:
    """1 for emotions of high arousal, 0 for those of low, NaN for the others."""
    high, low = (torch.isin(truth, torch.tensor(which)) for which in (AROUSED, CALM))
    return torch.where(high | low, high.float(), torch.nan)


def _fit_gate(voice: Tensor, corpus: Tensor) -> nn.Linear:
    """Logistic regression of the corpus, each counting alike."""
    counts = torch.bincount(corpus)
    weight = len(corpus) / len(counts) / counts.float()
    coefficients, offset = _minimise(
        voice,
        len(counts),
        lambda logits: nn.functional.cross_entropy(logits, corpus, weight, reduction="sum") / 10,
    )
    gate = nn.Linear(voice.shape[1], len(counts)).requires_grad_(requires_grad=False)
    gate.weight.copy_(coefficients.T)
    gate.bias.copy_(offset)
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
        turns = features[rows].astype(np.float64)
        if generator is not None:
            # Log-uniform between 2 turns and all.
            some = int(2 * (len(rows) / 2) ** generator.random())
            chosen = generator.choice(len(rows), max(1, min(some, len(rows))), replace=False)
            turns = turns[chosen]
        centre = turns.mean(axis=0)
        deviations = ((turns - centre) ** 2).sum(axis=0)
        mean[rows], spread[rows] = population.normal(len(turns), centre, deviations)
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
