"""The simple model to beat: a support vector machine on the same features and the same folds."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.baseline import Population
from audio.evaluation import average_recall
from audio.held_out import normals, rounded
from audio.speech_table import CLEAN, SpeechTable
from multimodal.emotions import FloatArray

logger = logging.getLogger(__name__)

_PRIOR = 2.0  # turns that the population counts as


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
        figures[str(corpus)] = rounded(found)
        logger.info("SVM %s: %s", corpus, {k: round(found[k], 4) for k in guesses})
    return figures


def simple_population(table: SpeechTable) -> Population:
    """One normal distribution for all voices, every feature by itself, worth two turns."""
    clean = [table.features[table.speaker == name, CLEAN] for name in np.unique(table.speaker)]
    size = clean[0].shape[1]
    identity = np.eye(size, dtype=np.float32)
    return Population(
        mean=np.mean([voice.mean(axis=0) for voice in clean], axis=0)[None],
        spread=np.sqrt(np.mean([voice.var(axis=0) for voice in clean], axis=0))[None],
        prior=_PRIOR,
        strength=np.full(size, 1 / _PRIOR, dtype=np.float32),
        project=identity,
        restore=identity,
    )


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
        population = simple_population(train)
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
    mean, spread = normals(table, population, turns, seed)
    return np.asarray(np.clip((table.features[:, CLEAN] - mean) / spread, -5, 5))
