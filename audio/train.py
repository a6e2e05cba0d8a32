"""Trains the prosody scorer: corpora on disk to a checkpoint folder with its card.

    python -m audio.train --data ../shared/data/speech --out audio/checkpoints/prosody

Every folder under `--data` that holds labelled clips (see `audio.corpora`) is one corpus. People
are never split: the figures come from folds by speaker, the shipped network has learnt from all of
them. `emotion-monitor train audio` trains on one's own calls alone, in the same way.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from audio.calibration import calibrate, held_out
from audio.corpora import read_clips
from audio.fitting import fit, population_of
from audio.held_out import (
    folds_by_speaker,
    held_out_figures,
    judge_of,
    languages_of,
    write_out_of_fold,
)
from audio.speech_table import SpeechTable, measure_clips
from audio.svm_baseline import svm_baselines
from audio.training_card import COMMAND, write_checkpoint
from multimodal.checkpoints import Checkpoint
from multimodal.errors import InvalidInputError

logger = logging.getLogger(__name__)

OWN = "own"
"""The name of a user's own calls among the corpora."""
_FEWEST_CLIPS = 5  # of an emotion


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
    train(cached_table(options.data, options.table), options.out, options.oof, options.seed)


def train(
    table: SpeechTable,
    out: Path,
    oof: Path | None = None,
    seed: int = 0,
    *,
    terms: str = "research",
    command: str = COMMAND,
) -> Checkpoint:
    """Measures in folds by speaker, learns from everybody, and writes the checkpoint.

    Args:
        table: What to learn from; at least two speakers.
        out: Folder of the checkpoint.
        oof: Where out-of-fold probabilities are written, if anywhere.
        seed: Of the fit.
        terms: `open` or `research`: what the licences of the recordings allow.
        command: What was run, for the card.
    """
    folds = folds_by_speaker(table)
    nets, populations = {}, {}
    for fold in np.unique(folds).tolist():
        started = time.perf_counter()
        learnt = table.take(folds != fold)
        populations[fold] = population_of(learnt)
        nets[fold] = fit(learnt, populations[fold], seed)
        logger.info("fold %d fitted in %.0f s", fold, time.perf_counter() - started)
    unheard = held_out(table, folds, nets, populations)
    for fold, net in nets.items():
        # A fold's own calibration comes from the other folds' speakers.
        calibrate(table, unheard, folds != fold).put(net)
    languages = languages_of(table)
    judges = {fold: judge_of(net, populations[fold], languages) for fold, net in nets.items()}
    metrics = {
        "model": held_out_figures(table, folds, judges),
        "svm_baseline": svm_baselines(table, folds),
    }
    if oof:
        write_out_of_fold(oof, table, folds, judges)
    population = population_of(table)
    net = fit(table, population, seed)
    calibrate(table, unheard, np.ones(len(folds), dtype=np.bool_)).put(net)
    checkpoint = write_checkpoint(
        out, net, population, table, metrics, terms=terms, command=command
    )
    logger.info("wrote %s", checkpoint.path)
    return checkpoint


def train_own(data: Path, out: Path, *, terms: str, command: str) -> Checkpoint:
    """Trains on a user's own labelled calls.

    Args:
        data: A folder SPEAKER/EMOTION/clip or a list of turns, see `audio.corpora`.
        out: Folder of the checkpoint.
        terms: `open` or `research`.
        command: What was run, for the card.

    Raises:
        InvalidInputError: If there are fewer than two speakers or emotions to tell apart.
        MediaError: If a file cannot be read.
    """
    clips = read_clips(data)
    found = measure_clips(clips, [OWN] * len(clips), jobs=1, calls=True)
    table = found.take(found.measured)
    logger.info("%d of %d clips have enough voice", len(table.truth), len(clips))
    emotions, counts = np.unique(table.truth, return_counts=True)
    speakers = len(np.unique(table.speaker))
    if speakers < 2 or len(emotions) < 2 or counts.min() < _FEWEST_CLIPS:
        raise InvalidInputError(
            f"{len(table.truth)} clips with voice, of {speakers} speakers and {len(emotions)} "
            f"emotions, the rarest {counts.min() if counts.size else 0} times: too few.",
            where=str(data),
            remedy=f"Give at least two speakers and two emotions, each {_FEWEST_CLIPS} times.",
        )
    return train(table, out, terms=terms, command=command)


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
    """Measures every corpus under a folder in all conditions.

    Raises:
        InvalidInputError: If a folder under `data` holds no labelled clip.
    """
    clips, corpora = [], []
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        found = read_clips(folder)
        clips += found
        corpora += [folder.name] * len(found)
        logger.info("%s: %d clips", folder.name, len(found))
    table = measure_clips(clips, corpora, calls=True)
    return table.take(table.measured)


if __name__ == "__main__":
    main()
