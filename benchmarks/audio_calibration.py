"""Whether one more temperature, for the first turn of a voice, would calibrate the voice model.

    python -m benchmarks.audio_calibration --oof audio_oof.npz

The file is that of `python -m audio.train --oof`. Of every corpus the expected calibration error of
answers that know nothing of the speaker is printed: as they are; with a temperature (Guo et al.
2017) fitted to the corpus' other speakers; with one fitted to all corpora's other speakers, each
corpus of the same weight; and with the best one in hindsight, which nobody can know. Beside it
stands the best one of each speaker (of the first six).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fusion.loglinear import softmax
from multimodal.metrics import classification_report, masked

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Answers about speakers whom the networks never heard.

    Attributes:
        logs: (n, c), log-probabilities of the classes that the corpus has.
        truth: (n,), index of the true one.
        speaker: (n,).
    """

    logs: Array
    truth: NDArray[np.int64]
    speaker: NDArray[np.str_]

    def loss(self, sharpness: float, rows: NDArray[np.bool_]) -> float:
        """Mean log-loss of some rows at an inverse temperature."""
        answers = softmax(sharpness * self.logs[rows])
        return -float(np.log(answers[np.arange(len(answers)), self.truth[rows]]).mean())

    def ece(self, sharpness: float | Array = 1.0) -> float:
        """Expected calibration error at an inverse temperature, or one of each row."""
        names = [str(i) for i in range(self.logs.shape[1])]
        answers = softmax(np.reshape(sharpness, (-1, 1)) * self.logs)
        return float(classification_report(self.truth, answers, names)["ece"])


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--oof", type=Path, required=True, help="out-of-fold answers (.npz)")
    corpora = read(parser.parse_args(arguments).oof)
    print("| corpus | as it is | own others | all others | in hindsight | best of each speaker |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, own in corpora.items():
        everybody = np.ones(len(own.truth), dtype=np.bool_)
        by_own, by_all = np.ones((2, len(own.truth)))
        best = []
        for who in np.unique(own.speaker):
            rows = own.speaker == who
            by_own[rows] = fitted([(own, ~rows)])
            others = {**{n: np.ones(len(c.truth), bool) for n, c in corpora.items()}, name: ~rows}
            by_all[rows] = fitted([(corpora[n], some) for n, some in others.items()])
            best.append(fitted([(own, rows)]))
        hindsight = fitted([(own, everybody)])
        errors = [own.ece(s) for s in (1.0, by_own, by_all, hindsight)]
        told = ", ".join(f"{value:.2f}" for value in best[:6])
        print(f"| {name} | {' | '.join(f'{error:.3f}' for error in errors)} | {told} |")


def read(path: Path) -> dict[str, Corpus]:
    """The answers of each corpus that know nothing of the speaker."""
    found = {}
    with np.load(path) as kept:
        for name in np.unique(kept["corpus"]):
            rows = kept["corpus"] == name
            truth = kept["label"][rows]
            classes = np.unique(truth)
            answers = masked(kept["probabilities_raw"][rows], classes.tolist())[:, classes]
            logs = np.log(answers.astype(np.float64) + 1e-9)
            found[str(name)] = Corpus(logs, np.searchsorted(classes, truth), kept["speaker"][rows])
    return found


def fitted(parts: Sequence[tuple[Corpus, NDArray[np.bool_]]]) -> float:
    """The inverse temperature of the least loss; all corpora count the same."""
    from scipy.optimize import minimize_scalar

    def loss(sharpness: float) -> float:
        return sum(corpus.loss(sharpness, rows) for corpus, rows in parts)

    return float(minimize_scalar(loss, bounds=(0.1, 4), method="bounded").x)


if __name__ == "__main__":
    main()
