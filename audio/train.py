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
from audio.model import ProsodyNet, relative_input
from audio.speech_table import CLEAN, TELEPHONE, SpeechTable, measure_clips
from audio.training_card import write_checkpoint
from multimodal.emotions import EMOTIONS, FloatArray

logger = logging.getLogger(__name__)

FOLDS = 5
HALF = 0.5  # turns at which the head for any voice and the relative head count alike


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
    torch.set_num_threads(1)

    table = cached_table(options.data, options.table)
    folds = folds_by_speaker(table)
    nets, populations = [], []
    for fold in range(FOLDS):
        started = time.perf_counter()
        train = table.take(folds != fold)
        populations.append(population_of(train))
        nets.append(fit(train, populations[-1], options.seed))
        logger.info("fold %d fitted in %.0f s", fold, time.perf_counter() - started)
    temperatures = calibrate(table, folds, nets, populations)
    for fold, net in enumerate(nets):
        # A fold's own temperature comes from the other folds' speakers.
        others = [t for i, t in enumerate(temperatures) if i != fold]
        net.temperature.copy_(torch.tensor(np.exp(np.mean(np.log(others), axis=0))))
        net.halfway.fill_(HALF)
    judges = [judge_of(n, p) for n, p in zip(nets, populations, strict=True)]
    metrics = {
        "model": held_out_figures(table, folds, judges),
        "svm_baseline": svm_baseline(table),
    }
    if options.oof:
        write_out_of_fold(options.oof, table, folds, judges)
    population = population_of(table)
    net = fit(table, population, options.seed)
    net.temperature.copy_(torch.tensor(np.exp(np.mean(np.log(temperatures), axis=0))))
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


def calibrate(
    table: SpeechTable,
    folds: NDArray[np.int64],
    nets: Sequence[ProsodyNet],
    populations: Sequence[Population],
) -> list[tuple[float, float]]:
    """Each fold's temperatures of the general and the relative head, on its held-out speakers.

    Every corpus is masked to its own classes, and counts alike.
    """
    found = []
    for fold, (net, population) in enumerate(zip(nets, populations, strict=True)):
        held = table.take(folds == fold)
        features = torch.from_numpy(held.features[:, CLEAN])
        mean, spread = (torch.from_numpy(a) for a in _full_normals(held, population))
        with torch.inference_mode():
            general = net.general.pooled(net.general_input(features))[0].numpy()
            relative = net.relative.pooled(relative_input(features, mean, spread))[0].numpy()
        found.append((_temperature(held, general), _temperature(held, relative)))
    return found


def _temperature(held: SpeechTable, log_probabilities: FloatArray) -> float:
    grid = np.geomspace(0.3, 4.0, 60)
    losses = np.zeros(len(grid))
    for corpus in np.unique(held.corpus):
        rows = np.flatnonzero(held.corpus == corpus)
        truth = held.truth[rows]
        scores = log_probabilities[np.ix_(rows, np.unique(truth))]
        column = np.searchsorted(np.unique(truth), truth)
        for i, temperature in enumerate(grid):
            scaled = scores / temperature
            normaliser = np.log(np.exp(scaled).sum(axis=1))
            losses[i] += (normaliser - scaled[np.arange(len(rows)), column]).mean()
    return float(grid[losses.argmin()])


def _full_normals(table: SpeechTable, population: Population) -> tuple[FloatArray, FloatArray]:
    """The normal of each clip's speaker, learnt from all their clips."""
    clean = table.features[:, CLEAN]
    mean, spread = np.empty_like(clean), np.empty_like(clean)
    for name in np.unique(table.speaker):
        rows = table.speaker == name
        baseline = learn_speaker(clean[rows], None)
        mean[rows], spread[rows] = baseline.normal(population)
    return mean, spread


def held_out_figures(
    table: SpeechTable, folds: NDArray[np.int64], judges: Sequence[Judge]
) -> dict[str, Any]:
    """`evaluate_speech` per corpus, each speaker judged by the network that never heard them.

    Figures of the folds are averaged by their number of speakers.
    """
    figures: dict[str, Any] = {}
    for corpus in np.unique(table.corpus):
        parts, sizes = [], []
        for fold, judge in enumerate(judges):
            held = table.take((folds == fold) & (table.corpus == corpus) & ~table.bound)
            if len(held.truth):
                clean, telephone = held.features[:, CLEAN], held.features[:, TELEPHONE]
                parts.append(
                    evaluate_speech(judge, clean, telephone, held.truth, held.speaker.tolist())
                )
                sizes.append(len(np.unique(held.speaker)))
        numbers = [name for name, value in parts[0].items() if isinstance(value, float)]
        means = {
            name: np.average([part[name] for part in parts], weights=sizes) for name in numbers
        }
        figures[str(corpus)] = {
            **{name: round(float(value), 4) for name, value in means.items()},
            "per_speaker": {
                name: {key: round(value, 4) for key, value in person.items()}
                for part in parts
                for name, person in part["per_speaker"].items()
            },
        }
        logger.info(
            "%s: %s", corpus, {k: v for k, v in figures[str(corpus)].items() if k != "per_speaker"}
        )
    return figures


def svm_baseline(table: SpeechTable, corpus: str = "casia") -> dict[str, Any]:
    """The simple model to beat: an SVM on the same features, leaving one speaker out.

    Trained on the other speakers of the corpus alone, once on raw features and once on features
    normalised by all of each speaker's own turns.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    table = table.take(table.corpus == corpus)
    raw = table.features[:, CLEAN]
    normalised = np.empty_like(raw)
    for name in np.unique(table.speaker):
        rows = table.speaker == name
        normalised[rows] = (raw[rows] - raw[rows].mean(axis=0)) / raw[rows].std(axis=0)
    figures: dict[str, dict[str, float]] = {}
    for key, features in (("uar", raw), ("uar_all", normalised)):
        for name in np.unique(table.speaker):
            held = table.speaker == name
            model = make_pipeline(StandardScaler(), SVC(C=2.0))
            model.fit(features[~held], table.truth[~held])
            recall = average_recall(table.truth[held], model.predict(features[held]))
            figures.setdefault(key, {})[str(name)] = round(recall, 4)
    means = {key: round(float(np.mean(list(v.values()))), 4) for key, v in figures.items()}
    logger.info("SVM: %s", means)
    return {**means, "per_speaker": figures}


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
