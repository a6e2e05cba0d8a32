"""The voice model on people it never heard: models, lines, hot starts, ablations, in one run.

    python -m benchmarks.audio --data ../shared/data/speech --cache ~/emotion-monitor-runs/audio

Speakers are left out in folds; CASIA's three one at a time. Every figure is an unweighted average
recall with the values of the single speakers beside it: with three of them a difference below .03
is chance. Rows that were measured before are read from the cache; delete its `rows.json` to
measure them again.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audio.augmentation import a_law, beside, clipped, hold_music, mobile, mu_law, office_noise
from audio.baseline import Baseline
from audio.corpora import LANGUAGES, read_audio, read_clips
from audio.evaluation import average_recall, learn_speaker
from audio.fitting import SHIPPED, Recipe, fit, population_of
from audio.frames import RATE, to_telephone_rate
from audio.held_out import folds_by_speaker, judge_of, languages_of, normals
from audio.judge import Judge
from audio.prosody import measure
from audio.speech_table import CLEAN, SpeechTable
from audio.svm_baseline import simple_population
from audio.train import cached_table
from benchmarks.rows import Rows
from multimodal.emotions import EMOTIONS, Emotion, FloatArray
from multimodal.metrics import masked

MANDARIN = "casia"
SPOKEN = LANGUAGES[MANDARIN]
HALFWAY, SHARES = 2.5, {"ased": 0.25, "casia": 0.5, "nemo": 0.5}
"""As `audio.train` set them in the shipped checkpoint (`config.json`)."""
SEEDS = range(10)
Line = Callable[[FloatArray, np.random.Generator], FloatArray]
LINES: dict[str, Line] = {
    "8 kHz": lambda x, _: x,
    "A-law": lambda x, _: a_law(x),
    "mu-law": lambda x, _: mu_law(x),
    "AMR 12.2 kbit/s (GSM EFR)": lambda x, _: mobile(x, 12200),
    "AMR 4.75 kbit/s": lambda x, _: mobile(x, 4750),
    "office noise at 15 dB": lambda x, g: beside(x, office_noise(len(x), g), 15),
    "music on hold at 15 dB": lambda x, g: beside(x, hold_music(len(x), g), 15),
    "2 % of the samples clipped": lambda x, _: clipped(x, 0.02),
    "20 dB quieter": lambda x, _: mu_law(x * np.float32(0.1)),
}
ABLATIONS: dict[str, Recipe] = {
    "as shipped": SHIPPED,
    "every feature of the normal by itself": replace(SHIPPED, diagonal=1.0),
    "speakers not made alike": replace(SHIPPED, nuisance=0.0),
    "no linear kernel": replace(SHIPPED, linear=0.0),
    "normals from all turns alone": replace(SHIPPED, draws=0),
    "kernel machines alone": replace(SHIPPED, vote=0.0),
    "perceptrons alone": replace(SHIPPED, vote=1.0),
}
MODELS = ("logistic regression", "RBF SVM", "gradient boosting", "MLP")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of corpora")
    parser.add_argument("--cache", type=Path, required=True, help="folder for what takes long")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    options.cache.mkdir(parents=True, exist_ok=True)
    table = cached_table(options.data, options.cache / "table.npz")
    rows = Rows[list[str]](options.cache / "rows.json")

    mandarin = table.corpus == MANDARIN
    print("## Models on the same features, within the corpus they judge\n")
    header = ["corpus", "model", "nothing known", "all turns", "by speaker"]
    print_table(
        header,
        [
            rows.get(f"{corpus} {model}", partial(compare, table, str(corpus), model))
            for corpus in np.unique(table.corpus)
            for model in MODELS
        ],
    )
    print("\n## The network, and what each part of it brings (CASIA)\n")
    known = ["nothing known", "k = 5", "k = 20", "5 angry", "all turns", "by speaker"]
    trials = {name: (table, recipe) for name, recipe in ABLATIONS.items()}
    trials["another seed"] = (table, SHIPPED)
    trials["Mandarin alone"] = (table.take(mandarin), SHIPPED)
    trials["clean recordings alone"] = (replace(table, features=table.features[:, :1]), SHIPPED)
    print_table(
        ["variant", *known],
        [
            rows.get(f"ablation {name}", partial(ablate, name, *trial, int(name == "another seed")))
            for name, trial in trials.items()
        ],
    )
    print("\n## Lines (CASIA)\n")
    lines = Lines(table, options.data / MANDARIN)
    print_table(
        ["line", "nothing known", "all turns", "by speaker, all turns"],
        [rows.get(f"line {name}", partial(lines.measured, name)) for name in LINES],
    )
    print("\n## Callers who are angry from the first word (CASIA)\n")
    print_table(
        ["turns that the normal is learnt from", "5 mixed", "5 angry"],
        [
            rows.get(f"hot {name}", partial(hot_starts, lines.judges, table, name, keep))
            for name, keep in (("all", None), ("those not called angry", Emotion.ANGRY))
        ],
    )


def compare(table: SpeechTable, corpus: str, model: str) -> list[str]:
    """One kind of model, trained within a corpus, on raw features and against the normal."""
    folds, own = folds_by_speaker(table), table.corpus == corpus
    table, folds = table.take(own), folds[own]
    judged = ~table.bound
    guesses = np.zeros((2, len(folds)), dtype=np.int64)
    for fold in np.unique(folds):
        train, held = table.take(folds != fold), folds == fold
        population = simple_population(train)
        for i, known in enumerate((False, True)):
            learnt, asked = (_inputs(part, population, known) for part in (train, table.take(held)))
            guesses[i, held] = _classifier(model).fit(learnt, train.truth).predict(asked)
    raw, full = (
        by_speaker(table.truth[judged], guess[judged], table.speaker[judged]) for guess in guesses
    )
    few = corpus == MANDARIN
    return [corpus, model, f"{raw[0]:.3f}", f"{full[0]:.3f}", pairs(raw[1], full[1]) if few else ""]


def _inputs(table: SpeechTable, population: Any, known: bool) -> FloatArray:
    clean = table.features[:, CLEAN]
    if not known:
        return clean
    mean, spread = normals(table, population)
    return np.asarray(np.clip((clean - mean) / spread, -5, 5), dtype=np.float32)


def _classifier(model: str) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    made = {
        "logistic regression": LogisticRegression(C=0.01, max_iter=200),
        "RBF SVM": SVC(C=2.0),
        "gradient boosting": HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, random_state=0
        ),
        "MLP": MLPClassifier((64,), alpha=1.0, max_iter=60, early_stopping=True, random_state=0),
    }
    return make_pipeline(StandardScaler(), made[model])


def fold_judges(table: SpeechTable, recipe: Recipe = SHIPPED, seed: int = 0) -> dict[str, Judge]:
    """For each Mandarin speaker the network that never heard them."""
    folds, judges = folds_by_speaker(table), {}
    for name in np.unique(table.speaker[table.corpus == MANDARIN]):
        train = table.take(folds != folds[table.speaker == name][0])
        population = population_of(train, recipe)
        net = fit(train, population, seed, recipe)
        # What `audio.train` calibrates by other speakers; recall depends little on it.
        net.halfway.fill_(HALFWAY)
        for head in (net.general, net.relative):
            head.shares.copy_(torch.tensor([SHARES.get(str(c), 0.0) for c in corpora(train)]))
        judges[str(name)] = judge_of(net, population, languages_of(train))
    return judges


def corpora(table: SpeechTable) -> list[str]:
    """The corpora of a table, in the order of the network's experts."""
    return [str(corpus) for corpus in np.unique(table.corpus)]


def ablate(name: str, table: SpeechTable, recipe: Recipe, seed: int) -> list[str]:
    """The network, trained without something."""
    judges = fold_judges(table, recipe, seed)
    found = [known_from(judges, table, turns) for turns in (0, 5, 20)]
    found += [known_from(judges, table, 5, Emotion.ANGRY), known_from(judges, table, None)]
    return [name, *(f"{mean:.3f}" for mean, _ in found), pairs(found[0][1], found[-1][1])]


def known_from(
    judges: dict[str, Judge],
    table: SpeechTable,
    turns: int | None,
    only: Emotion | None = None,
    skipped: Emotion | None = None,
) -> tuple[float, list[float]]:
    """UAR on CASIA, and by speaker, with the normal from some turns; the mean over `SEEDS`.

    Args:
        judges: By speaker.
        table: Holds CASIA.
        turns: How many turns are known; None for all.
        only: Their emotion, if they all have the same.
        skipped: Turns that the network calls this, knowing nobody, are not learnt from.
    """
    found = []
    for name, judge in judges.items():
        own = table.take(table.speaker == name)
        features, allowed = own.features[:, CLEAN], np.unique(own.truth).tolist()
        pool = features if only is None else features[own.truth == EMOTIONS.index(only)]
        recalls = []
        for seed in SEEDS if turns else [0]:
            baseline = _learnt(judge, pool, turns, seed, skipped)
            answer = judge.judge(features, [baseline] * len(features), SPOKEN).probabilities
            recalls.append(average_recall(own.truth, masked(answer, allowed).argmax(axis=1)))
        found.append(float(np.mean(recalls)))
    return float(np.mean(found)), found


def _learnt(
    judge: Judge, pool: FloatArray, turns: int | None, seed: int, skipped: Emotion | None
) -> Baseline:
    if skipped is None:
        return learn_speaker(pool, turns, seed)
    drawn = pool[np.random.default_rng(seed).permutation(len(pool))[:turns]]
    nobody = [Baseline.empty(drawn.shape[1])] * len(drawn)
    called = judge.judge(drawn, nobody, SPOKEN).probabilities.argmax(axis=1)
    return learn_speaker(drawn[called != EMOTIONS.index(skipped)], None)


def hot_starts(
    judges: dict[str, Judge], table: SpeechTable, name: str, skipped: Emotion | None
) -> list[str]:
    """Five mixed and five angry turns, with and without those that are called angry."""
    mixed = known_from(judges, table, 5, skipped=skipped)
    angry = known_from(judges, table, 5, Emotion.ANGRY, skipped)
    return [
        name,
        *(f"{mean:.3f} ({', '.join(f'{v:.2f}' for v in own)})" for mean, own in (mixed, angry)),
    ]


class Lines:
    """CASIA over telephone lines, some of which nobody trained on.

    Args:
        table: The corpora.
        folder: CASIA's clips.
    """

    def __init__(self, table: SpeechTable, folder: Path) -> None:
        self._table, self._clips = table, read_clips(folder)
        self._judges: dict[str, Judge] = {}

    @property
    def judges(self) -> dict[str, Judge]:
        """By speaker, fitted when first asked for."""
        self._judges = self._judges or fold_judges(self._table)
        return self._judges

    def measured(self, name: str) -> list[str]:
        """Training and line differ; the caller's normal is learnt over the same line."""
        features = []
        for i, clip in enumerate(self._clips):
            samples = to_telephone_rate(*read_audio(clip.path))
            features.append(measure(LINES[name](samples, np.random.default_rng(i)), RATE).features)
        heard = np.stack(features)
        speakers = np.array([clip.speaker for clip in self._clips])
        truth = np.array([EMOTIONS.index(clip.emotion) for clip in self._clips])
        allowed, results = np.unique(truth).tolist(), []
        for turns in (0, None):
            guess = np.zeros(len(truth), dtype=np.int64)
            for speaker, judge in self.judges.items():
                rows = speakers == speaker
                known = [learn_speaker(heard[rows], turns)] * int(rows.sum())
                answer = judge.judge(heard[rows], known, SPOKEN).probabilities
                guess[rows] = masked(answer, allowed).argmax(axis=1)
            results.append(by_speaker(truth, guess, speakers))
        raw, full = results
        return [name, f"{raw[0]:.3f}", f"{full[0]:.3f}", ", ".join(f"{v:.2f}" for v in full[1])]


def by_speaker(
    truth: NDArray[np.int64], guess: NDArray[np.int64], speakers: NDArray[np.str_]
) -> tuple[float, list[float]]:
    """UAR over all clips, and of each speaker."""
    own = [average_recall(truth[speakers == s], guess[speakers == s]) for s in np.unique(speakers)]
    return average_recall(truth, guess), own


def pairs(first: Sequence[float], last: Sequence[float]) -> str:
    """Each speaker's value with nothing and with all turns known."""
    return ", ".join(f"{a:.2f}/{b:.2f}" for a, b in zip(first, last, strict=True))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table in Markdown."""
    for line in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
