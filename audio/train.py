"""Trains the prosody scorer: corpora on disk to a checkpoint folder with its card.

    python -m audio.train --data ../shared/data/speech --out audio/checkpoints/prosody

Every folder under `--data` that holds labelled clips (see `audio.corpora`) is one corpus; put your
own recordings there as `MY_CALLS/SPEAKER/EMOTION/clip.wav`. People are never split: the figures
come from folds by speaker, the shipped network has learnt from all of them.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audio.baseline import Population
from audio.corpora import read_clips
from audio.evaluation import average_recall, evaluate_speech, learn_speaker
from audio.fitting import fit, population_of
from audio.judge import Judge
from audio.model import ProsodyNet
from audio.speech_table import CLEAN, TELEPHONE, SpeechTable, measure_clips
from audio.training_card import write_checkpoint
from multimodal.emotions import EMOTIONS, FloatArray

logger = logging.getLogger(__name__)

FOLDS = 5
CALIBRATION_WEIGHT = {"casia": 4.0}
"""How much more a corpus counts in the calibration: Mandarin as much as all others."""
HALF = 1.0  # turns at which the head for any voice and the relative head count alike


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the prosody scorer.")
    parser.add_argument("--data", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument("--table", type=Path, help="keep the measured corpora in this .npz")
    parser.add_argument("--oof", type=Path, help="write out-of-fold probabilities here (.npz)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(2)

    table = cached_table(options.data, options.table)
    folds = folds_by_speaker(table)
    nets, populations = [], []
    for fold in range(FOLDS):
        started = time.perf_counter()
        train = table.take(folds != fold)
        populations.append(population_of(train))
        nets.append(fit(train, populations[-1], options.seed))
        logger.info("fold %d fitted in %.0f s", fold, time.perf_counter() - started)
    heads = held_out_heads(table, folds, nets, populations)
    for fold, net in enumerate(nets):
        # A fold's own temperatures come from the other folds' speakers.
        net.temperature.copy_(temperatures(table, heads, folds != fold))
        net.halfway.fill_(HALF)
    judges = [judge_of(n, p) for n, p in zip(nets, populations, strict=True)]
    metrics = {
        "model": held_out_figures(table, folds, judges),
        "svm_baseline": svm_baselines(table, folds),
    }
    if options.oof:
        write_out_of_fold(options.oof, table, folds, judges)
    population = population_of(table)
    net = fit(table, population, options.seed)
    net.temperature.copy_(temperatures(table, heads, np.ones(len(folds), dtype=np.bool_)))
    net.halfway.fill_(HALF)
    checkpoint = write_checkpoint(options.out, net, population, table, metrics)
    logger.info("wrote %s", checkpoint.path)


def cached_table(data: Path, kept: Path | None) -> SpeechTable:
    """The measured corpora: from the file where they are kept, or measured now and kept there."""
    if kept is not None and kept.is_file():
        with np.load(kept) as columns:
            return SpeechTable(**columns)
    table = read_corpora(data)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(kept, allow_pickle=False, **asdict(table))
    return table


def read_corpora(data: Path) -> SpeechTable:
    """Measures every corpus under a folder in both conditions.

    Raises:
        InvalidInputError: If a folder under `data` holds no labelled clip.
    """
    clips, corpora = [], []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        found = read_clips(folder)
        clips += found
        corpora += [folder.name] * len(found)
        logger.info("%s: %d clips", folder.name, len(found))
    table = measure_clips(clips, corpora)
    return table.take(table.measured)


def folds_by_speaker(table: SpeechTable) -> NDArray[np.int64]:
    """The fold of each clip: speakers are dealt out in turn, corpus by corpus.

    A corpus with at most `FOLDS` speakers (CASIA) is thereby left out one speaker at a time.
    """
    fold_of: dict[str, int] = {}
    for corpus in np.unique(table.corpus):
        for i, name in enumerate(np.unique(table.speaker[table.corpus == corpus])):
            fold_of[str(name)] = i % FOLDS
    return np.array([fold_of[str(name)] for name in table.speaker], dtype=np.int64)


def judge_of(net: ProsodyNet, population: Population) -> Judge:
    """A judge over the PyTorch network."""

    def run(*inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        with torch.inference_mode():
            probabilities, arousal = net(*map(torch.from_numpy, inputs))
        return probabilities.numpy(), arousal.numpy()

    return Judge(run, population)


def held_out_heads(
    table: SpeechTable,
    folds: NDArray[np.int64],
    nets: Sequence[ProsodyNet],
    populations: Sequence[Population],
) -> FloatArray:
    """Log-probabilities (2, n, 7) of the general and the relative head for speakers unheard."""
    found = np.empty((2, len(table.truth), len(EMOTIONS)), dtype=np.float32)
    for fold, (net, population) in enumerate(zip(nets, populations, strict=True)):
        held = table.take(folds == fold)
        inputs = (held.features[:, CLEAN], *_normals(held, population))
        with torch.inference_mode():
            emotions, _ = net.judged(*(torch.from_numpy(a) for a in inputs))
        found[:, folds == fold] = torch.stack(emotions).numpy()
    return found


def temperatures(table: SpeechTable, heads: FloatArray, rows: NDArray[np.bool_]) -> torch.Tensor:
    """Temperatures of the general and the relative head: the least log-loss of some rows.

    Every corpus is masked to its own classes; see `CALIBRATION_WEIGHT` for how much it counts.
    """
    grid = np.geomspace(0.3, 5.0, 80)
    losses = np.zeros((2, len(grid)))
    for corpus in np.unique(table.corpus):
        own = np.flatnonzero(rows & (table.corpus == corpus) & ~table.bound)
        classes = np.unique(table.truth[own])
        column = np.searchsorted(classes, table.truth[own])
        for head, scores in enumerate(heads[:, own][:, :, classes]):
            for i, temperature in enumerate(grid):
                scaled = scores / temperature
                normaliser = np.log(np.exp(scaled).sum(axis=1))
                loss = (normaliser - scaled[np.arange(len(own)), column]).mean()
                losses[head, i] += CALIBRATION_WEIGHT.get(str(corpus), 1.0) * loss
    return torch.tensor(grid[losses.argmin(axis=1)], dtype=torch.float32)


def _normals(
    table: SpeechTable, population: Population, turns: int | None = None, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """The normal of each clip's speaker, learnt from some or all of their clips."""
    clean = table.features[:, CLEAN]
    mean, spread = np.empty_like(clean), np.empty_like(clean)
    for name in np.unique(table.speaker):
        rows = table.speaker == name
        mean[rows], spread[rows] = learn_speaker(clean[rows], turns, seed).normal(population)
    return mean, spread


def held_out_figures(
    table: SpeechTable, folds: NDArray[np.int64], judges: Sequence[Judge]
) -> dict[str, Any]:
    """`evaluate_speech` per corpus, each speaker judged by the network that never heard them."""
    fold_of = dict(zip(table.speaker.tolist(), folds.tolist(), strict=True))
    figures: dict[str, Any] = {}
    for corpus in np.unique(table.corpus):
        held = table.take((table.corpus == corpus) & ~table.bound)
        clean, telephone = held.features[:, CLEAN], held.features[:, TELEPHONE]
        found = evaluate_speech(
            lambda name: judges[fold_of[name]], clean, telephone, held.truth, held.speaker.tolist()
        )
        figures[str(corpus)] = _rounded(found)
        numbers = {k: v for k, v in figures[str(corpus)].items() if isinstance(v, float)}
        logger.info("%s: %s", corpus, numbers)
    return figures


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def svm_baselines(table: SpeechTable, folds: NDArray[np.int64]) -> dict[str, Any]:
    """The simple models to beat: per corpus an SVM on the same features and the same folds.

    Each learns from the other speakers of its corpus alone, once on raw features, once on features
    against the speaker's normal from all turns, and is given unseen speakers' normals from 5, 20
    (means over five draws) or all turns.
    """
    figures: dict[str, Any] = {}
    for corpus in np.unique(table.corpus):
        own = table.corpus == corpus
        guesses, truth, who = _svm_guesses(table.take(own), folds[own])
        found: dict[str, Any] = _mean_recalls(guesses, truth, np.ones(len(who), dtype=np.bool_))
        found["per_speaker"] = {
            str(name): _mean_recalls(guesses, truth, who == name) for name in np.unique(who)
        }
        figures[str(corpus)] = _rounded(found)
        logger.info("SVM %s: %s", corpus, {k: round(found[k], 4) for k in guesses})
    return figures


def _mean_recalls(
    guesses: dict[str, list[NDArray[np.int64]]], truth: NDArray[np.int64], rows: NDArray[np.bool_]
) -> dict[str, float]:
    return {
        key: float(np.mean([average_recall(truth[rows], guess[rows]) for guess in guesses[key]]))
        for key in sorted(guesses)
    }


def _svm_guesses(
    table: SpeechTable, folds: NDArray[np.int64]
) -> tuple[dict[str, list[NDArray[np.int64]]], NDArray[np.int64], NDArray[np.str_]]:
    """Guesses of each draw by condition, the truth and the speakers, without bound sentences."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    draws = {"uar": (0, 1), "uar_k5": (5, 5), "uar_k20": (20, 5), "uar_all": (None, 1)}
    judged = ~table.bound
    guesses = {
        key: [np.empty(len(folds), dtype=np.int64) for _ in range(seeds)]
        for key, (_, seeds) in draws.items()
    }
    for fold in np.unique(folds):
        train, held = table.take(folds != fold), judged & (folds == fold)
        population = population_of(train)
        raw, relative = (make_pipeline(StandardScaler(), SVC(C=2.0)) for _ in range(2))
        raw.fit(train.features[:, CLEAN], train.truth)
        relative.fit(_against_normal(train, population), train.truth)
        unheard = table.take(held)
        guesses["uar"][0][held] = raw.predict(unheard.features[:, CLEAN])
        for key in ("uar_k5", "uar_k20", "uar_all"):
            for seed, guess in enumerate(guesses[key]):
                inputs = _against_normal(unheard, population, draws[key][0], seed)
                guess[held] = relative.predict(inputs)
    kept = {key: [guess[judged] for guess in drawn] for key, drawn in guesses.items()}
    return kept, table.truth[judged], table.speaker[judged]


def _against_normal(
    table: SpeechTable, population: Population, turns: int | None = None, seed: int = 0
) -> FloatArray:
    mean, spread = _normals(table, population, turns, seed)
    return np.asarray(np.clip((table.features[:, CLEAN] - mean) / spread, -5, 5))


def write_out_of_fold(
    path: Path, table: SpeechTable, folds: NDArray[np.int64], judges: Sequence[Judge]
) -> None:
    """Probabilities of each clip from the network that never heard its speaker.

    `probabilities` are as in the middle of a call: the normal learnt from 0 to 20 of the speaker's
    turns. `probabilities_raw` and `probabilities_all` know none and all of them.
    """
    generator = np.random.default_rng(0)
    columns: dict[str, NDArray[Any]] = {
        name: np.empty((len(table.truth), len(EMOTIONS)), dtype=np.float32)
        for name in ("probabilities", "probabilities_raw", "probabilities_all")
    }
    clean = table.features[:, CLEAN]
    for name in np.unique(table.speaker):
        rows = np.flatnonzero(table.speaker == name)
        judge, own = judges[folds[rows[0]]], clean[rows]
        some = [learn_speaker(own, k, seed=k) for k in range(21)]
        columns["probabilities"][rows] = judge.judge(
            own, [some[generator.integers(21)] for _ in rows]
        ).probabilities
        columns["probabilities_raw"][rows] = judge.judge(own, [some[0]] * len(rows)).probabilities
        full = learn_speaker(own, None)
        columns["probabilities_all"][rows] = judge.judge(own, [full] * len(rows)).probabilities
    path.parent.mkdir(parents=True, exist_ok=True)
    columns |= {"label": table.truth, "corpus": table.corpus, "speaker": table.speaker}
    np.savez_compressed(path, allow_pickle=False, **columns)


if __name__ == "__main__":
    main()
