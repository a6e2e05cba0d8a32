"""How sure the network may be: fitted to people whom it never heard, by what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.special
import torch
from numpy.typing import NDArray

from audio.baseline import Baseline, Population
from audio.evaluation import learn_speaker
from audio.model import CLASSES, ProsodyNet, relative_input
from audio.speech_table import CLEAN, SpeechTable
from multimodal.emotions import FloatArray

KNOWN: tuple[int | None, ...] = (0, 5, 20, None)
"""Turns known of a speaker; None for all."""
WEIGHT = {"casia": 4.0}
"""How much more a corpus counts in what all share: Mandarin as much as all others."""
_SHARES = (0.0, 0.25, 0.5)
_HALVES = (0.5, 1.0, 1.5, 2.5)
_SHRINK = 0.02  # how much a unit of sharpness away from 1 costs, in nats


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What networks said of people whom they never heard, by the experts of the right language.

    Attributes:
        answers: float32 (4, n, 2, 2, 7), log-probabilities: by `KNOWN` and clip, of the general
            and the relative head, of the expert and the machine of all corpora.
        count: float32 (4, n), turns known.
    """

    answers: FloatArray
    count: FloatArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is set in a network.

    Attributes:
        halfway: Turns at which both heads count alike.
        shares: By corpus, how much the machine of all corpora counts beside the expert.
        sharpness: By corpus, inverse temperature with nothing known and its growth.
    """

    halfway: float
    shares: tuple[float, ...]
    sharpness: tuple[tuple[float, float], ...]

    def put(self, net: ProsodyNet) -> None:
        """Sets it in a network whose corpora are those that it was fitted to."""
        net.halfway.fill_(self.halfway)
        net.sharpness.copy_(torch.tensor(self.sharpness))
        for head in (net.general, net.relative):
            head.shares.copy_(torch.tensor(self.shares))


def held_out(
    table: SpeechTable,
    folds: NDArray[np.int64],
    nets: Mapping[int, ProsodyNet],
    populations: Mapping[int, Population],
) -> HeldOut:
    """What the network of each fold says of the fold's speakers."""
    corpora, corpus = np.unique(table.corpus, return_inverse=True)
    size = len(folds)
    answers = np.zeros((len(KNOWN), size, 2, 2, CLASSES), dtype=np.float32)
    count = np.zeros((len(KNOWN), size), dtype=np.float32)
    for fold, net in nets.items():
        rows = np.flatnonzero(folds == fold)
        features = table.features[rows, CLEAN]
        for known, turns in enumerate(KNOWN):
            baselines = _baselines(features, table.speaker[rows], turns)
            normals = [baseline.normal(populations[fold]) for baseline in baselines]
            mean, spread = (np.stack(part) for part in zip(*normals, strict=True))
            count[known, rows] = [baseline.count for baseline in baselines]
            heard, usual, usually = (torch.from_numpy(a) for a in (features, mean, spread))
            with torch.inference_mode():
                for head, (judge, inputs) in enumerate(
                    (
                        (net.general, net.any_voice(heard)),
                        (net.relative, relative_input(heard, usual, usually)),
                    )
                ):
                    experts, _ = judge.expert_answers(inputs)
                    common = judge.common(inputs)[:, :CLASSES].log_softmax(-1)
                    answers[known, rows, head, 0] = experts[
                        torch.arange(len(rows)), torch.from_numpy(corpus[rows])
                    ]
                    answers[known, rows, head, 1] = common
    assert len(corpora) == len(next(iter(nets.values())).gate.bias)
    return HeldOut(answers, count)


def _baselines(
    features: FloatArray, speakers: NDArray[np.str_], turns: int | None
) -> list[Baseline]:
    if turns == 0:  # The turn itself is the first thing known.
        return [learn_speaker(row[None], None) for row in features]
    learnt = {name: learn_speaker(features[speakers == name], turns) for name in set(speakers)}
    return [learnt[name] for name in speakers]


def calibrate(table: SpeechTable, found: HeldOut, rows: NDArray[np.bool_]) -> Calibration:
    """The calibration with the least log-loss on some rows, over all amounts known.

    Every corpus is masked to its own classes. `halfway` is shared; see `WEIGHT` for how much a
    corpus counts in it.
    """
    best: dict[float, tuple[float, list[tuple[float, tuple[float, float]]]]] = {}
    for halfway in _HALVES:
        total, chosen = 0.0, []
        for corpus in np.unique(table.corpus):
            own = rows & (table.corpus == corpus) & ~table.bound
            if not own.any():  # Nobody to tell: as it comes out of the fit.
                chosen.append((0.0, (1.0, 0.0)))
                continue
            tried = [(_fitted(table, found, own, halfway, share), share) for share in _SHARES]
            (loss, sharpness), share = min(tried, key=lambda one: one[0][0])
            total += WEIGHT.get(str(corpus), 1.0) * loss
            chosen.append((share, sharpness))
        best[halfway] = total, chosen
    halfway = min(best, key=lambda one: best[one][0])
    _, chosen = best[halfway]
    shares = tuple(share for share, _ in chosen)
    return Calibration(halfway, shares, tuple(sharpness for _, sharpness in chosen))


def _fitted(
    table: SpeechTable, found: HeldOut, own: NDArray[np.bool_], halfway: float, share: float
) -> tuple[float, tuple[float, float]]:
    """The least loss of a corpus, and the sharpness that gives it."""
    known = (found.count[:, own] / (found.count[:, own] + halfway))[..., None]
    both = found.answers[:, own]
    heads = (both[..., 0, :] + share * both[..., 1, :]) / (1 + share)
    logits = (1 - known) * heads[:, :, 0] + known * heads[:, :, 1]
    classes = np.unique(table.truth[own])
    column, logits = np.searchsorted(classes, table.truth[own]), logits[..., classes]
    place = np.arange(len(column))

    def loss(sharpness: NDArray[np.float64]) -> float:
        scaled: NDArray[np.float64] = logits * (sharpness[0] + sharpness[1] * known)
        lost = scipy.special.logsumexp(scaled, axis=-1) - scaled[:, place, column]
        return float(lost.mean() + _SHRINK * ((sharpness[0] - 1) ** 2 + sharpness[1] ** 2))

    answer = scipy.optimize.minimize(
        loss, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(0.1, 5.0), (-4.0, 4.0)]
    )
    first, growth = (float(value) for value in answer.x)
    # Never less sure than nothing, with all known.
    return float(answer.fun), (first, max(growth, 0.1 - first))
