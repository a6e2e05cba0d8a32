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
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fusion.calibration import Sample, calibrate, service_prior
from fusion.cards import card
from fusion.corpora import (
    Case,
    Judgements,
    read_crema_d,
    read_emotiontalk,
    read_jddc,
    read_stc3,
    read_taobao,
)
from fusion.evaluation import fusion_report, subsets, trajectory_report
from fusion.fitting import fit_loglinear, fit_risk, misread
from fusion.loglinear import Array, Weights, posterior
from fusion.realistic import realistic, turn_report, words_read
from fusion.risk import RiskModel, inputs_of
from multimodal.checkpoints import save_checkpoint
from multimodal.emotions import EMOTIONS, Emotion, ModelInfo
from multimodal.metrics import masked

VERSIONS = {"labels": "1.0.0", "votes": "1.0.0", "default": "1.2.0", "trajectory": "1.2.0"}
FOLDS = 5
SHOPS = ("clothes", "makeup")
HEAD_SHARES = (0.0, 0.5)
"""Tried for `RiskModel.head_share`; the best early warning on JDDC ships."""
RESAMPLES = 1000
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
    split = GroupKFold(FOLDS).split(turns.truth, groups=turns.groups)
    for train, test in split:
        weights = _fit(turns.modalities, turns.probabilities[train], turns.truth[train])
        for name, answer in _answers(weights, turns.probabilities[test]).items():
            answers[name][test] = answer
    _fit(turns.modalities, turns.probabilities, turns.truth).save(folder / "weights.npz")
    return _config(turns.modalities), _measured(turns, answers)


def train_default(data: Path, runs: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scores of the product's own models in; see `fusion.realistic` for what is simulated."""
    train = realistic(read_emotiontalk(data / "fusion/emotiontalk/train.jsonl.gz"), runs, half=0)
    val = realistic(read_emotiontalk(data / "fusion/emotiontalk/val.jsonl.gz"), runs, half=1)
    config, metrics = _train_on(train, val, folder)
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
    """Taobao dialogues, read by people and through the text model's errors on JDDC."""
    corpus = data / "text/taobao_satisfaction"
    dialogues = [
        d for s in ("clothes", "makeup") for d in read_taobao(corpus / f"{s}_train.jsonl.gz")
    ]
    cases = read_jddc(data / "text/uss_jddc")
    fuser = Weights.load(folder.parent / "default" / "weights.npz")
    readings = words_read(cases, runs / "text_oof_jddc.npz", fuser)
    models: dict[float, RiskModel] = {}
    on_jddc: dict[float, dict[str, Any]] = {}
    for share in HEAD_SHARES:
        models[share] = fit_risk(
            dialogues,
            readings.by_label(share),
            head_share=share,
            info=ModelInfo("trajectory", VERSIONS["trajectory"]),
        )
        sample = Sample(readings.cases, readings.sentiments(share))
        on_jddc[share] = sample.report(sample.predicted(models[share]))
        _log.info("head_share %s on JDDC: %s", share, json.dumps(on_jddc[share]))
    best = max(HEAD_SHARES, key=lambda share: _mean_auroc(on_jddc[share]))
    helpdesk = read_stc3(data / "text/stc3_helpdesk")
    helped = words_read(helpdesk, runs / "text_oof_stc3.npz", fuser)
    samples = [Sample(r.cases, r.sentiments(best)) for r in (readings, helped)]
    model, calibrated = calibrate(models[best], samples)
    model.save(folder / "weights.npz")
    metrics: dict[str, Any] = {
        "jddc_from_words": calibrated[0],
        "stc3_from_words": calibrated[1],
        "jddc_from_words_uncalibrated": on_jddc[best],
        "stc3_from_words_uncalibrated": samples[1].report(samples[1].predicted(models[best])),
        "jddc_by_head_share": {str(share): on_jddc[share] for share in HEAD_SHARES},
    }
    rng = np.random.default_rng(1)
    misreadings = readings.by_label(best)
    for shop in SHOPS:
        dev = read_taobao(corpus / f"{shop}_dev.jsonl.gz")
        seen = {
            "human": [d.sentiment for d in dev],
            "misread": [misread(d, misreadings, rng) for d in dev],
        }
        for kind, sentiments in seen.items():
            predicted = [
                model.outcomes(inputs_of(d.customer, sentiment, d.words))
                for d, sentiment in zip(dev, sentiments, strict=True)
            ]
            metrics[f"{shop}_{kind}"] = trajectory_report([d.outcome for d in dev], predicted)
    return {"task": "trajectory", "head_share": best}, metrics


def _mean_auroc(report: Mapping[str, Any]) -> float:
    return float(np.mean([value for key, value in report.items() if key.startswith("auroc")]))


def _train_on(
    train: Judgements, val: Judgements, folder: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    weights = _fit(train.modalities, train.probabilities, train.truth)
    weights.save(folder / "weights.npz")
    return _config(train.modalities), _measured(val, _answers(weights, val.probabilities))


def _fit(names: tuple[str, ...], probabilities: Array, truth: Any) -> Weights:
    return fit_loglinear(names, probabilities, np.ones(probabilities.shape[:2]), truth)


def _config(modalities: tuple[str, ...]) -> dict[str, Any]:
    return {"task": "fusion", "modalities": list(modalities)}


def _answers(weights: Weights, probabilities: Array) -> dict[str, Array]:
    answers = {}
    for name, chosen in subsets(weights.names).items():
        reliability = np.zeros(probabilities.shape[:2])
        reliability[:, list(chosen)] = 1.0
        answers[name] = posterior(weights, probabilities, reliability)
    return answers


def _measured(turns: Judgements, answers: dict[str, Array]) -> dict[str, Any]:
    """The fused answer beside the naive mean and product, and its gain over the best modality.

    The best modality is the best of all, as it came in or calibrated by the fuser.
    """
    report = fusion_report(turns, answers)
    floored = turns.probabilities + 0.01
    product = np.prod(floored / floored.sum(axis=-1, keepdims=True), axis=1)
    naive = {"mean": turns.probabilities.mean(axis=1), "product": product}
    everything = "+".join(turns.modalities)
    for name, answer in naive.items():
        whole = answer / answer.sum(axis=1, keepdims=True)
        judged = fusion_report(turns, {everything: whole})
        report[f"naive_{name}"] = {key: judged[key] for key in ("accuracy", "macro_f1", "ece")}
    singles = [turns.probabilities[:, m] for m in range(len(turns.modalities))]
    singles += [answers[name] for name in turns.modalities]
    hits = [masked(p, turns.allowed).argmax(axis=1) == turns.truth for p in singles]
    best = max(hits, key=lambda hit: float(hit.mean()))
    fused = masked(answers[everything], turns.allowed).argmax(axis=1) == turns.truth
    report["gain_95"] = _interval(fused.astype(float) - best, _clusters(turns))
    return {"n": len(turns.truth), **report}


def _clusters(turns: Judgements) -> NDArray[np.int64]:
    """What is resampled: the dialogue in EmotionTalk (few groups of speakers), else the person."""
    dialogues = np.array([turn.rpartition("_")[0] for turn in turns.ids])
    names = dialogues if turns.name == "emotiontalk" else turns.groups
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _interval(difference: Array, cluster: NDArray[np.int64]) -> list[float]:
    """95 % bootstrap interval of a mean, resampled by cluster."""
    sums = np.bincount(cluster, difference)
    sizes = np.bincount(cluster)
    drawn = np.random.default_rng(0).integers(len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return [float(value) for value in np.quantile(means, [0.025, 0.975])]


RECIPES: dict[str, Callable[[Path, Path, Path], tuple[dict[str, Any], dict[str, Any]]]] = {
    "labels": train_labels,
    "votes": train_votes,
    "default": train_default,
    "trajectory": train_trajectory,
}
"""Checkpoints in the order in which they need each other."""

if __name__ == "__main__":
    main()
