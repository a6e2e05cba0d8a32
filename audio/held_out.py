"""Figures about people whom the network never heard: folds by speaker, and what comes of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audio.baseline import Population
from audio.corpora import LANGUAGES
from audio.evaluation import evaluate_speech, learn_speaker
from audio.judge import Judge
from audio.model import ProsodyNet
from audio.speech_table import CLEAN, TELEPHONE, SpeechTable
from multimodal.emotions import EMOTIONS, FloatArray

logger = logging.getLogger(__name__)

FOLDS = 5


def folds_by_speaker(table: SpeechTable) -> NDArray[np.int64]:
    """The fold of each clip: speakers are dealt out in turn, corpus by corpus.

    A corpus with at most `FOLDS` speakers (CASIA) is thereby left out one speaker at a time.
    """
    fold_of: dict[str, int] = {}
    for corpus in np.unique(table.corpus):
        for i, name in enumerate(np.unique(table.speaker[table.corpus == corpus])):
            fold_of[str(name)] = i % FOLDS
    return np.array([fold_of[str(name)] for name in table.speaker], dtype=np.int64)


def languages_of(table: SpeechTable) -> tuple[str, ...]:
    """The language of each corpus of a table, in the order of the network's experts."""
    return tuple(LANGUAGES.get(str(corpus), "") for corpus in np.unique(table.corpus))


def judge_of(net: ProsodyNet, population: Population, languages: tuple[str, ...]) -> Judge:
    """A judge over the PyTorch network; see `languages_of`."""

    def run(*inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        with torch.inference_mode():
            probabilities, arousal = net(*map(torch.from_numpy, inputs))
        return probabilities.numpy(), arousal.numpy()

    return Judge(run, population, languages)


def normals(
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
    table: SpeechTable, folds: NDArray[np.int64], judges: Mapping[int, Judge]
) -> dict[str, Any]:
    """`evaluate_speech` per corpus, each speaker judged by the network that never heard them."""
    fold_of = dict(zip(table.speaker.tolist(), folds.tolist(), strict=True))
    figures: dict[str, Any] = {}
    for corpus in np.unique(table.corpus):
        held = table.take((table.corpus == corpus) & ~table.bound)
        clean, telephone = held.features[:, CLEAN], held.features[:, TELEPHONE]
        found = evaluate_speech(
            lambda name: judges[fold_of[name]],
            clean,
            telephone,
            held.truth,
            held.speaker.tolist(),
            LANGUAGES.get(str(corpus), ""),
        )
        figures[str(corpus)] = rounded(found)
        numbers = {k: v for k, v in figures[str(corpus)].items() if isinstance(v, float)}
        logger.info("%s: %s", corpus, numbers)
    return figures


def rounded(value: Any) -> Any:
    """Figures of any nesting, to four digits."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def write_out_of_fold(
    path: Path, table: SpeechTable, folds: NDArray[np.int64], judges: Mapping[int, Judge]
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
        language = LANGUAGES.get(str(table.corpus[rows[0]]), "")
        some = [learn_speaker(own, k, seed=k) for k in range(21)]
        columns["probabilities"][rows] = judge.judge(
            own, [some[generator.integers(21)] for _ in rows], language
        ).probabilities
        for known, baseline in (("raw", some[0]), ("all", learn_speaker(own, None))):
            answer = judge.judge(own, [baseline] * len(rows), language)
            columns[f"probabilities_{known}"][rows] = answer.probabilities
    path.parent.mkdir(parents=True, exist_ok=True)
    columns |= {"label": table.truth, "corpus": table.corpus, "speaker": table.speaker}
    np.savez_compressed(path, allow_pickle=False, **columns)
