"""Trains the four checkpoints of this package: `labels`, `votes`, `default`, `trajectory`.

    python -m fusion.train --data ../shared/data --runs RUNS --out fusion/checkpoints

`RUNS` holds what the other packages' training wrote of people whom their models had not seen:
`text_oof.npz`, `text_oof_jddc.npz`, `text_oof_stc3.npz`, `audio_oof.npz`, `vision_oof.npz`. One run
re-fits everything when a scorer changes.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fusion.baselines import Stack, counts_forecast, mean, product
from fusion.calibration import Sample, calibrate, service_prior
from fusion.cards import card
from fusion.corpora import (
    Case,
    Dialogue,
    Judgements,
    read_crema_d,
    read_emotiontalk,
    read_jddc,
    read_stc3,
    read_taobao,
)
from fusion.evaluation import clusters, disagreement_report, fusion_report, interval, subsets
from fusion.fitting import NOISY, fit_contradiction, fit_loglinear, fit_risk, summaries
from fusion.loglinear import Array, Weights, disagreement, posterior, terms
from fusion.realistic import WordsRead, realistic, turn_report, words_read
from fusion.risk import RiskModel
from fusion.trajectory import of_turns
from multimodal.checkpoints import save_checkpoint
from multimodal.emotions import EMOTIONS, Emotion, ModelInfo
from multimodal.metrics import masked

VERSIONS = {"labels": "1.1.0", "votes": "1.1.0", "default": "1.4.0", "trajectory": "2.1.0"}
FOLDS = 5
SHOPS = ("clothes", "makeup")
HEAD_SHARE = 0.5
"""See `RiskModel.head_share`; 0 foresaw no better on JDDC."""
RISK_FOLDS = 3
"""In which JDDC and STC-3 are foreseen by models that had not seen the dialogue."""
FALSE_ANGER = 0.05
"""Most of the turns that people called neutral or satisfied that words alone may call angry."""

_log = logging.getLogger(__name__)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m fusion.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public corpora")
    parser.add_argument("--runs", type=Path, required=True, help="folder with *_oof.npz")
    parser.add_argument("--out", type=Path, default=Path("fusion/checkpoints"))
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)  # Tensors this small are slower with more.
    for name in options.only:
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        config, metrics = RECIPES[name](options.data, options.runs, folder)
        save_checkpoint(
            folder,
            config={"name": name, "version": VERSIONS[name], "terms": "research", **config},
            metrics=metrics,
            files=["weights.npz"],
            card=card(name, metrics),
        )
        _log.info("%s %s", name, json.dumps(metrics))


def train_labels(data: Path, _runs: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """One-hot human labels in; EmotionTalk train to val, other people."""
    train = read_emotiontalk(data / "fusion/emotiontalk/train.jsonl.gz")
    val = read_emotiontalk(data / "fusion/emotiontalk/val.jsonl.gz")
    return _train_on(train, val, folder)


def train_votes(data: Path, _runs: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Shares of human votes in; CREMA-D, measured in folds by actor, shipped from all of it."""
    from sklearn.model_selection import GroupKFold

    turns = read_crema_d(data / "fusion/crema_d_votes")
    answers: dict[str, Array] = {
        name: np.zeros((len(turns.truth), turns.probabilities.shape[2]))
        for name in subsets(turns.modalities)
    }
    contradiction, stacked = np.zeros(len(turns.truth)), np.zeros_like(turns.probabilities[:, 0])
    split = GroupKFold(FOLDS).split(turns.truth, groups=turns.groups)
    for train, test in split:
        known = turns.rows(train)
        weights = _fit(known)
        for name, answer in _answers(weights, turns.probabilities[test]).items():
            answers[name][test] = answer
        stacked[test] = _stack(known, turns.probabilities[test])
        contradiction[test] = _contradiction(weights, turns.probabilities[test])
    _fit(turns).save(folder / "weights.npz")
    return _config(turns.modalities), _measured(turns, answers, contradiction, stacked)


def train_default(data: Path, runs: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scores of the product's own models in; see `fusion.realistic` for what is simulated."""
    train = realistic(read_emotiontalk(data / "fusion/emotiontalk/train.jsonl.gz"), runs, half=0)
    val = realistic(read_emotiontalk(data / "fusion/emotiontalk/val.jsonl.gz"), runs, half=1)
    config, metrics = _train_on(train, val, folder)
    metrics["ece_of_groups_left_out"] = _groups_left_out(train)
    measured = Weights.load(folder / "weights.npz")
    frequency = np.bincount(train.truth, minlength=len(EMOTIONS)) / len(train.truth)
    cases = read_jddc(data / "text/uss_jddc")
    service = service_prior(frequency, cases)
    serviced = replace(measured, prior=measured.prior + np.log(service / frequency))
    shipped, restraint = _restrained(serviced, cases, runs / "text_oof_jddc.npz")
    metrics["restraint_of_angry"] = restraint
    shipped.save(folder / "weights.npz")
    metrics["prior"] = {
        name: dict(zip(EMOTIONS, np.round(p, 4).tolist(), strict=True))
        for name, p in (("emotiontalk", frequency), ("service", service))
    }
    metrics["jddc_turns"] = {
        name: turn_report(words_read(cases, runs / "text_oof_jddc.npz", weights))
        for name, weights in (("emotiontalk_prior", measured), ("service_prior", shipped))
    }
    return config, metrics


def _groups_left_out(turns: Judgements) -> dict[str, float]:
    """ECE by subset, each group of speakers judged by weights that never saw it."""
    answers = {name: np.zeros_like(turns.probabilities[:, 0]) for name in subsets(turns.modalities)}
    for group in np.unique(turns.groups):
        held = turns.groups == group
        for name, answer in _answers(_fit(turns.rows(~held)), turns.probabilities[held]).items():
            answers[name][held] = answer
    by_subset = fusion_report(turns, answers)["by_subset"]
    return {name: float(found["ece"]) for name, found in by_subset.items()}


def _restrained(weights: Weights, cases: list[Case], path: Path) -> tuple[Weights, float]:
    """Lowers the prior of `angry` until few contented turns are called so by their words alone.

    Returns:
        The weights, and by how much the log-prior was lowered.
    """
    angry = EMOTIONS.index(Emotion.ANGRY)
    for step in np.arange(0.0, 3.0, 0.05):
        prior = weights.prior.copy()
        prior[angry] -= step
        lowered = replace(weights, prior=prior)
        found = turn_report(words_read(cases, path, lowered))
        if found["angry_of_contented"] <= FALSE_ANGER:
            break
    return lowered, float(step)


def train_trajectory(data: Path, runs: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Taobao, read by people and through the text model's errors on JDDC, and STC-3 in words."""
    corpus = data / "text/taobao_satisfaction"
    dialogues, dev = shops(corpus)
    everybody, dev_everybody = shops(corpus, agents=True)
    fuser = Weights.load(folder.parent / "default" / "weights.npz")
    jddc = words_read(read_jddc(data / "text/uss_jddc"), runs / "text_oof_jddc.npz", fuser)
    stc3 = words_read(read_stc3(data / "text/stc3_helpdesk"), runs / "text_oof_stc3.npz", fuser)
    misreadings = jddc.by_label(HEAD_SHARE)
    taobao = (summaries(dialogues, misreadings, noisy=NOISY), [d.outcome for d in dialogues])
    read = [Heard.of(words) for words in (jddc, stc3)]

    def fit(but: int | None) -> RiskModel:
        info = ModelInfo("trajectory", VERSIONS["trajectory"])
        parts = [heard.without(but) for heard in read]
        return fit_risk([taobao, *parts], head_share=HEAD_SHARE, info=info)

    unseeing = [fit(fold) for fold in range(RISK_FOLDS)]
    samples = [Sample(heard.ends, heard.foreseen(unseeing)) for heard in read]
    model = fit(None)
    scale, bias, calibrated = calibrate(samples)
    replace(model, scale=np.array([scale]), scale_bias=bias).save(folder / "weights.npz")
    metrics: dict[str, Any] = {}
    for name, plain, fitted in zip(("jddc", "stc3"), samples, calibrated, strict=True):
        metrics[f"{name}_from_words"] = fitted.report()
        metrics[f"{name}_from_words_uncalibrated"] = plain.report()
    for shop, of_shop in dev.items():
        for kind, noisy in (("human", 0.0), ("misread", 1.0)):
            rows = summaries(of_shop, misreadings, noisy=noisy, seed=1)
            found = Sample([d.outcome for d in of_shop], [model.outcomes(row) for row in rows])
            metrics[f"{shop}_{kind}"] = found.report()
        metrics[f"{shop}_human"]["logistic"] = counts_forecast(dialogues, of_shop)
        unfair = counts_forecast(everybody, dev_everybody[shop])
        metrics[f"{shop}_human"]["logistic_agents_too"] = unfair
    metrics["dialogues"] = {
        "taobao": len(dialogues),
        "stc3": len(stc3.cases),
        "jddc": len(jddc.cases),
    }
    return {"task": "trajectory", "head_share": HEAD_SHARE}, metrics


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A corpus of service dialogues in words, and the fold of each.

    Attributes:
        summaries: Of each dialogue what the risk model reads.
        ends: How each ended.
        fold: Of each dialogue, 0 to `RISK_FOLDS` - 1.
    """

    summaries: list[Array]
    ends: list[int]
    fold: NDArray[np.int64]

    @classmethod
    def of(cls, words: WordsRead) -> Heard:
        """What the text model read, as the risk model reads it."""
        from sklearn.model_selection import StratifiedKFold

        felt = words.sentiments(HEAD_SHARE)
        ends = [case.outcome for case in words.cases]
        fold = np.zeros(len(ends), dtype=np.int64)
        split = StratifiedKFold(RISK_FOLDS, shuffle=True, random_state=0).split(fold, ends)
        for number, (_, rows) in enumerate(split):
            fold[rows] = number
        read = zip(words.cases, felt, strict=True)
        return cls([of_turns(c.conversation.turns, f) for c, f in read], ends, fold)

    def without(self, fold: int | None) -> tuple[list[Array], list[int]]:
        """A part for `fit_risk`: the dialogues of all folds but one."""
        rows = np.flatnonzero(self.fold != fold).tolist()
        return [self.summaries[i] for i in rows], [self.ends[i] for i in rows]

    def foreseen(self, models: Sequence[RiskModel]) -> list[Array]:
        """What the model that had not seen each dialogue foresaw after each of its turns."""
        return [
            models[fold].outcomes(rows)
            for rows, fold in zip(self.summaries, self.fold.tolist(), strict=True)
        ]


def shops(
    taobao: Path, *, agents: bool = False
) -> tuple[list[Dialogue], dict[str, list[Dialogue]]]:
    """What is learned from, and by shop what is measured on.

    Each dialogue once, and none in both: the shops' files share a third.

    Args:
        taobao: The corpus.
        agents: See `read_taobao`.
    """
    dev = {s: read_taobao(taobao / f"{s}_dev.jsonl.gz", agents=agents) for s in SHOPS}
    unseen = {d.digest for of_shop in dev.values() for d in of_shop}
    both = [d for s in SHOPS for d in read_taobao(taobao / f"{s}_train.jsonl.gz", agents=agents)]
    return list({d.digest: d for d in both if d.digest not in unseen}.values()), dev


def _train_on(
    train: Judgements, val: Judgements, folder: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    weights = _fit(train)
    weights.save(folder / "weights.npz")
    answers = _answers(weights, val.probabilities)
    contradiction = _contradiction(weights, val.probabilities)
    stacked = _stack(train, val.probabilities)
    return _config(train.modalities), _measured(val, answers, contradiction, stacked)


def _fit(turns: Judgements) -> Weights:
    everything = np.ones(turns.probabilities.shape[:2])
    weights = fit_loglinear(turns.modalities, turns.probabilities, everything, turns.truth)
    return fit_contradiction(weights, turns)


def _contradiction(weights: Weights, probabilities: Array) -> Array:
    _, strength = terms(np, weights, probabilities, np.ones(probabilities.shape[:2]))
    return disagreement(weights, probabilities, strength)


def _stack(train: Judgements, probabilities: Array) -> Array:
    return Stack(train.probabilities, train.truth)(probabilities, range(len(train.modalities)))


def _config(modalities: tuple[str, ...]) -> dict[str, Any]:
    return {"task": "fusion", "modalities": list(modalities)}


def _answers(weights: Weights, probabilities: Array) -> dict[str, Array]:
    answers = {}
    for name, chosen in subsets(weights.names).items():
        reliability = np.zeros(probabilities.shape[:2])
        reliability[:, list(chosen)] = 1.0
        answers[name] = posterior(weights, probabilities, reliability)
    return answers


def _measured(
    turns: Judgements, answers: dict[str, Array], contradiction: Array, stacked: Array
) -> dict[str, Any]:
    """The fused answer beside the naive mean, the product and the stack, and its gains.

    The best modality is the best of all, as it came in or calibrated by the fuser.
    """
    report = fusion_report(turns, answers)
    everything = "+".join(turns.modalities)
    beside = {
        "naive_mean": mean(turns.probabilities),
        "naive_product": product(turns.probabilities),
        "stack": stacked,
    }
    for name, answer in beside.items():
        judged = fusion_report(turns, {everything: answer})
        report[name] = {key: judged[key] for key in ("accuracy", "macro_f1", "ece")}

    def hits(answer: Array) -> Array:
        right = masked(answer, turns.allowed).argmax(axis=1) == turns.truth
        return np.asarray(right, dtype=np.float64)

    singles = [turns.probabilities[:, m] for m in range(len(turns.modalities))]
    singles += [answers[name] for name in turns.modalities]
    best = max(map(hits, singles), key=lambda hit: float(hit.mean()))
    fused, who = hits(answers[everything]), clusters(turns)
    report["gain_95"] = interval(fused - best, who)
    report["stack"]["gain_95"] = interval(fused - hits(stacked), who)
    report["disagreement"] = disagreement_report(turns, contradiction)
    return {"n": len(turns.truth), **report}


RECIPES: dict[str, Callable[[Path, Path, Path], tuple[dict[str, Any], dict[str, Any]]]] = {
    "labels": train_labels,
    "votes": train_votes,
    "default": train_default,
    "trajectory": train_trajectory,
}
"""Checkpoints in the order in which they need each other."""

if __name__ == "__main__":
    main()
