"""Fusion and risk beside what they have to beat.

    python -m benchmarks.fusion --data ../shared/data --runs RUNS

`RUNS` is the folder from which `python -m fusion.train` fitted the shipped checkpoints. Intervals
are 95 %, by bootstrap over dialogues (EmotionTalk) or actors (CREMA-D).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from fusion.baselines import Stack, counts_forecast, majority, mean, product
from fusion.calibration import Sample
from fusion.corpora import (
    Judgements,
    read_crema_d,
    read_emotiontalk,
    read_jddc,
)
from fusion.evaluation import SHARES, clusters, interval, subsets
from fusion.fitting import fit_loglinear, summaries
from fusion.late import LateFuser
from fusion.loglinear import Array, Weights, posterior
from fusion.realistic import WordsRead, realistic, words_read
from fusion.risk import RiskModel
from fusion.train import shops
from multimodal.checkpoints import load_checkpoint
from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores
from multimodal.metrics import classification_report, masked
from multimodal.scoring import MODALITIES

FOLDS = 5


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fusion", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public corpora")
    parser.add_argument("--runs", type=Path, required=True, help="folder with *_oof.npz")
    options = parser.parse_args()
    corpus = options.data / "fusion"
    crema_d(read_crema_d(corpus / "crema_d_votes"))
    train, val = (
        read_emotiontalk(corpus / f"emotiontalk/{split}.jsonl.gz") for split in ("train", "val")
    )
    held_out("EmotionTalk, human labels in", train, val, "labels")
    scored, unseen = (
        realistic(turns, options.runs, half=half) for half, turns in enumerate((train, val))
    )
    title = "EmotionTalk, our models' scores in (voice and face simulated)"
    held_out(title, scored, unseen, "default")
    risk(options.data / "text", options.runs)
    cost()


def crema_d(turns: Judgements) -> None:
    """CREMA-D votes, in folds by actor."""
    from sklearn.model_selection import GroupKFold

    n, size = len(turns.truth), len(turns.modalities)
    stacked = np.zeros((n, len(EMOTIONS)))
    ours = {name: np.zeros((n, len(EMOTIONS))) for name in subsets(turns.modalities)}
    for rest, fold in GroupKFold(FOLDS).split(turns.truth, groups=turns.groups):
        known, unseen = turns.rows(rest), turns.probabilities[fold]
        stack = Stack(known.probabilities, known.truth)
        stacked[fold] = stack(unseen, range(size))
        everything = np.ones(known.probabilities.shape[:2])
        weights = fit_loglinear(known.modalities, known.probabilities, everything, known.truth)
        for name, chosen in subsets(turns.modalities).items():
            ours[name][fold] = _fused(weights, unseen, chosen)
    _table(f"CREMA-D votes, {FOLDS} folds by actor", turns, stacked, ours)


def held_out(title: str, train: Judgements, val: Judgements, checkpoint: str) -> None:
    """EmotionTalk: fitted on train, measured on val."""
    weights = Weights.load(load_checkpoint("fusion", checkpoint).file("weights.npz"))
    if checkpoint == "default":
        # As shipped it has the prior of a service; EmotionTalk has its own.
        everything = np.ones(train.probabilities.shape[:2])
        weights = fit_loglinear(train.modalities, train.probabilities, everything, train.truth)
    stack = Stack(train.probabilities, train.truth)
    ours = {
        name: _fused(weights, val.probabilities, chosen)
        for name, chosen in subsets(val.modalities).items()
    }
    _table(title, val, stack(val.probabilities, range(len(val.modalities))), ours)


def _fused(weights: Weights, probabilities: Array, chosen: Sequence[int]) -> Array:
    reliability = np.zeros(probabilities.shape[:2])
    reliability[:, list(chosen)] = 1.0
    return posterior(weights, probabilities, reliability)


def _table(title: str, turns: Judgements, stack: Array, ours: Mapping[str, Array]) -> None:
    naive: dict[str, Callable[[Array], Array]] = {
        "mean": mean,
        "product": product,
        "majority vote": majority,
    }
    everything = ours["+".join(turns.modalities)]
    rows = {name: turns.probabilities[:, m] for m, name in enumerate(turns.modalities)}
    rows |= {name: answer(turns.probabilities) for name, answer in naive.items()}
    rows |= {"logistic stack": stack, "ours": everything}
    who = clusters(turns)
    best = _hits(turns, everything)
    print(f"\n{title}: {len(turns.truth)} turns")
    print(f"{'':<16}accuracy  macro-F1  ECE    ours minus this, 95 %")
    for name, answer in rows.items():
        report = classification_report(turns.truth, masked(answer, turns.allowed), list(EMOTIONS))
        low, high = interval(best - _hits(turns, answer), who)
        gain = "" if name == "ours" else f"{low:+.3f} to {high:+.3f}"
        figures = f"{report['accuracy']:.3f}     {report['macro_f1']:.3f}     {report['ece']:.3f}"
        print(f"{name:<16}{figures}  {gain}")
    print("by subset, accuracy / ECE:")
    for name, answer in ours.items():
        report = classification_report(turns.truth, masked(answer, turns.allowed), list(EMOTIONS))
        print(f"  {name:<18}{report['accuracy']:.3f} / {report['ece']:.3f}")


def _hits(turns: Judgements, answer: Array) -> Array:
    right = masked(answer, turns.allowed).argmax(axis=1) == turns.truth
    return np.asarray(right, dtype=np.float64)


def risk(texts: Path, runs: Path) -> None:
    """How well the end is foreseen, and what a supervisor feels of it.

    What people said of the agents' turns tells most of the end. The product has no such thing: it
    infers no emotion of agents. A row shows what that costs.
    """
    metrics = load_checkpoint("fusion", "trajectory").metrics
    model = RiskModel.load("trajectory")
    print("\nRisk of ending dissatisfied: AUROC after 25 / 50 / 75 / 100 %; macro-F1 at the end")
    train, dev = shops(texts / "taobao_satisfaction")
    everybody, dev_everybody = shops(texts / "taobao_satisfaction", agents=True)
    for shop, dialogues in dev.items():
        foreseen = [model.outcomes(rows) for rows in summaries(dialogues, {}, noisy=0.0)]
        found = Sample([d.outcome for d in dialogues], foreseen)
        _forecast(f"{shop}, logistic, people on customers", counts_forecast(train, dialogues))
        unfair = counts_forecast(everybody, dev_everybody[shop])
        _forecast(f"{shop}, logistic, people on agents too", unfair)
        _forecast(f"{shop}, ours, people on customers", found.report())
        _forecast(f"{shop}, ours, our models' errors", metrics[f"{shop}_misread"])
    for corpus in ("jddc", "stc3"):
        _forecast(f"{corpus} from words, folds of fusion.train", metrics[f"{corpus}_from_words"])
    cases = read_jddc(texts / "uss_jddc")
    fuser = Weights.load(load_checkpoint("fusion", "default").file("weights.npz"))
    read = words_read(cases, runs / "text_oof_jddc.npz", fuser)
    print("JDDC, two dissatisfied turns in a row, as a rule:")
    _two_in_a_row("labels by people", read, lambda case, _felt: _labels(case))
    _two_in_a_row("read by the text model", read, lambda case, felt: _read(case, felt))


def _forecast(name: str, report: Mapping[str, Any]) -> None:
    curve = " / ".join(f"{report[f'auroc_{share}']:.3f}" for share in SHARES)
    print(f"{name:<42}{curve}; {report['macro_f1']:.3f}")
    for kind, found in report.get("alerts", {}).items():
        print(
            f"    {found['alerts']:5.1f} alerts per 100 conversations ({kind}): precision "
            f"{found['precision']:.2f}, recall {found['recall']:.2f}, median lead "
            f"{found['lead_turns'] or 0:.0f} turns"
        )


def _labels(case: Any) -> list[bool]:
    return [label == 0 for label in case.labels if label is not None]


def _read(case: Any, felt: Array) -> list[bool]:
    own = [turn.role is Role.CUSTOMER for turn in case.conversation.turns]
    return [bool(row.argmax() == 0) for row in felt[own]]


def _two_in_a_row(
    name: str, read: WordsRead, dissatisfied: Callable[[Any, Array], list[bool]]
) -> None:
    felt = read.sentiments(1.0)
    marks = [dissatisfied(case, rows) for case, rows in zip(read.cases, felt, strict=True)]
    raised = np.array([any(a and b for a, b in pairwise(m)) for m in marks])
    bad = np.array([case.outcome == 0 for case in read.cases])
    print(
        f"    {name}: {100 * raised.mean():.0f} alerts per 100 conversations, precision "
        f"{bad[raised].mean():.2f}, recall {raised[bad].mean():.2f}"
    )


def cost() -> None:
    """Milliseconds to fuse one turn and update the trajectory of 25."""
    fuser, rng = LateFuser(), np.random.default_rng(0)
    scores = [
        {m: EmotionScores(rng.dirichlet(np.ones(7)).astype(np.float32), 0.9) for m in MODALITIES}
        if i % 2 == 0
        else {}
        for i in range(25)
    ]
    roles = (Role.CUSTOMER, Role.AGENT)
    turns = tuple(Turn(roles[i % 2], "请问什么时候发货") for i in range(25))
    conversation, answers = Conversation("cost", turns), fuser.fuse(scores)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        fuser.fuse(scores[-1:])
        middle = time.perf_counter()
        fuser.track(conversation, scores, answers)
        times.append((middle - start, time.perf_counter() - middle))
    fused, tracked = 1000 * np.median(times, axis=0)
    print(f"\nOne turn fused in {fused:.2f} ms; the trajectory of 25 turns in {tracked:.2f} ms")


if __name__ == "__main__":
    main()
