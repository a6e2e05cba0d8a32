"""Fits the two heads of the prosody network to measured speech."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audio.baseline import Population
from audio.evaluation import AROUSED, CALM
from audio.model import CLASSES, ProsodyNet, relative_input
from audio.prosody import FEATURES
from audio.speech_table import SpeechTable
from multimodal.emotions import EMOTIONS, FloatArray

PRIOR = 2.0
MEMBERS = 4
EPOCHS = 20
BATCH = 512
RATE = 2e-3
DECAY = 3e-2
SMOOTHING = 0.05
AROUSAL_WEIGHT = 0.3
EMPHASIS = {"casia": 20.0}
"""How much more a clip of a corpus counts: Mandarin is what most callers speak."""
_REDRAW = 3  # epochs after which every speaker's normal is learnt from other turns


def population_of(table: SpeechTable) -> Population:
    """Mean over speakers of their means, root mean square over speakers of their spreads."""
    voices = [table.features[table.speaker == name] for name in np.unique(table.speaker)]
    flat = [voice.reshape(-1, voice.shape[-1]) for voice in voices]
    mean = np.mean([np.nanmean(v, axis=0) for v in flat], axis=0)
    spread = np.sqrt(np.mean([np.nanvar(v, axis=0) for v in flat], axis=0))
    return Population(mean.astype(np.float32), spread.astype(np.float32), PRIOR)


def fit(table: SpeechTable, population: Population, seed: int = 0) -> ProsodyNet:
    """Trains both heads on every clip and condition; the same seed gives the same network.

    Args:
        table: Speakers to learn from.
        population: How they are in general.
        seed: Of initial weights, dropout, order and the turns that normals are learnt from.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    table = table.take(table.measured)
    conditions = table.features.shape[1]
    features = table.features.reshape(-1, table.features.shape[-1])
    truth = torch.from_numpy(np.repeat(table.truth, conditions))
    weight = torch.from_numpy(np.repeat(_weights(table), conditions))
    allowed = torch.from_numpy(np.repeat(_classes_of_corpus(table), conditions, axis=0))
    net = ProsodyNet(
        torch.from_numpy(features.mean(axis=0)),
        torch.from_numpy(features.std(axis=0)),
        [i for i, feature in enumerate(FEATURES) if not feature.gain],
        MEMBERS,
    )
    voices = _voices(table)
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(truth) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    general = net.general_input(torch.from_numpy(features))
    for epoch in range(EPOCHS):
        if epoch % _REDRAW == 0:
            relative = _drawn_relative(features, voices, population, generator)
        for rows in torch.split(torch.randperm(len(truth)), BATCH):
            loss = _loss(net.general(general[rows]), truth[rows], allowed[rows], weight[rows])
            loss += _loss(net.relative(relative[rows]), truth[rows], allowed[rows], weight[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return net.eval()


def _loss(logits: Tensor, truth: Tensor, allowed: Tensor, weight: Tensor) -> Tensor:
    # A corpus without a class says nothing about that class: its logit is left out of the softmax.
    emotion = logits[..., :CLASSES].masked_fill(~allowed, -1e9).log_softmax(-1)
    target = nn.functional.one_hot(truth, CLASSES) * (1 - SMOOTHING)
    target = target + SMOOTHING * allowed / allowed.sum(-1, keepdim=True)
    loss = -(emotion * target).sum(-1)
    aroused = torch.isin(truth, torch.tensor(AROUSED))
    known = aroused | torch.isin(truth, torch.tensor(CALM))
    arousal = nn.functional.binary_cross_entropy_with_logits(
        logits[..., CLASSES], aroused.float().expand(logits.shape[:-1]), reduction="none"
    )
    return ((loss + AROUSAL_WEIGHT * arousal * known) * weight).mean()


def _drawn_relative(
    features: FloatArray,
    voices: list[NDArray[np.int64]],
    population: Population,
    generator: np.random.Generator,
) -> Tensor:
    """Every row against the normal of its voice, learnt from as many turns as chance will have it.

    A voice is a speaker in one recording condition: nobody changes the line within a call.
    """
    mean, spread = np.empty_like(features), np.empty_like(features)
    for rows in voices:
        n = len(rows)
        # Log-uniform between 2 turns and all; in two draws of five simply all.
        some = n if generator.random() < 0.4 else int(2 * (n / 2) ** generator.random())
        turns = features[generator.choice(rows, max(1, min(some, n)), replace=False)]
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
    """Classes count alike within a corpus, corpora by their size and emphasis; mean 1."""
    weights = np.empty(len(table.truth))
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        counts = np.bincount(table.truth[rows], minlength=len(EMOTIONS))
        inverse = 1 / counts[table.truth[rows]]
        weights[rows] = inverse / inverse.mean() * EMPHASIS.get(str(corpus), 1.0)
    return np.asarray(weights / weights.mean(), dtype=np.float32)


def _classes_of_corpus(table: SpeechTable) -> NDArray[np.bool_]:
    """Bool (n, 7): which classes the corpus of each clip has."""
    allowed = np.zeros((len(table.truth), len(EMOTIONS)), dtype=np.bool_)
    for corpus in np.unique(table.corpus):
        rows = table.corpus == corpus
        allowed[np.ix_(rows, np.unique(table.truth[rows]))] = True
    return allowed
