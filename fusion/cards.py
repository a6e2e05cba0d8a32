"""The model cards of this package, written from what the training run measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fusion.evaluation import SHARES
from multimodal.checkpoints import model_card
from multimodal.scoring import DISAGREES

COMMAND = "python -m fusion.train --data ../shared/data --runs RUNS --out fusion/checkpoints"
_EMOTIONTALK = ("EmotionTalk", "15,413 turns, 11 groups of speakers", "CC BY-NC-SA 4.0")
_CREMA_D = ("CREMA-D votes", "5,617 clips, 73 actors", "ODbL")
_FUSION_METHOD = (
    "Log-linear opinion pool over smoothed, reliability-weighted scores with class-dependent "
    "matrices and a discount for shared evidence, fitted by maximum likelihood under modality "
    "dropout (Genest and Zidek 1986; Neverova et al. 2016); see `fusion/loglinear.py`. It is "
    "defined for every subset of modalities. A modality it was not trained on counts with half "
    "the mean weight of the known ones and an identity matrix."
)
_FUSION_USE = (
    "One answer per customer turn, an estimate for a person who decides. The contribution of a "
    "modality is its share of the absolute change in centred log-odds; the disagreement is the "
    "calibrated chance that people who judge each channel alone find one positive and another "
    "negative."
)
_FUSION_COST = "About 6 kB; one turn in well under 1 ms on one CPU thread; numpy only."


_TURN_FIGURES: Mapping[str, str] = {
    "angry_of_contented": "JDDC, words alone: called angry among neutral or satisfied turns",
    "angry_of_dissatisfied": "JDDC, words alone: called angry among dissatisfied turns",
    "auroc_negative": "JDDC, words alone: AUROC of P(negative) for dissatisfied turns",
}


def card(name: str, metrics: Mapping[str, Any]) -> str:
    """The model card of one checkpoint.

    Args:
        name: `labels`, `votes`, `default` or `trajectory`.
        metrics: What the training run measured.
    """
    if name == "trajectory":
        return _trajectory_card(metrics)
    summary, data, split, limits = _FUSION_TEXTS[name]
    measured = _fusion_rows(metrics)
    if "ece_of_groups_left_out" in metrics:
        left_out = metrics["ece_of_groups_left_out"]
        measured += [
            (f"{subset}: ECE, each of 11 groups of speakers left out in turn", f"{ece:.3f}", "")
            for subset, ece in left_out.items()
        ]
    if "jddc_turns" in metrics:
        before, after = (metrics["jddc_turns"][f"{p}_prior"] for p in ("emotiontalk", "service"))
        measured += [
            (
                f"as shipped, {what}",
                f"{after[key]:.3f}",
                f"with EmotionTalk's prior {before[key]:.3f}",
            )
            for key, what in _TURN_FIGURES.items()
        ]
    return model_card(
        title=f"fusion/{name}",
        summary=summary,
        terms="research",
        data=data,
        split=split,
        measured=measured,
        command=COMMAND,
        cost=_FUSION_COST,
        use=_FUSION_USE,
        limits=limits,
        method=_FUSION_METHOD,
    )


def _fusion_rows(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    mean, product, stack = (metrics[name] for name in ("naive_mean", "naive_product", "stack"))
    rows = [
        (
            "accuracy",
            f"{metrics['accuracy']:.3f}",
            f"best single modality {metrics['best_single_accuracy']:.3f}, mean "
            f"{mean['accuracy']:.3f}, product {product['accuracy']:.3f}, logistic stack "
            f"{stack['accuracy']:.3f}",
        ),
        *(
            (
                title,
                f"{metrics[key]:.3f}",
                f"mean {mean[key]:.3f}, logistic stack {stack[key]:.3f}",
            )
            for key, title in (("macro_f1", "macro-F1"), ("ece", "ECE"))
        ),
        *(
            (f"accuracy above {what}, 95 %", f"{low:+.3f} to {high:+.3f}", "0")
            for what, (low, high) in (
                ("the best single modality, raw or calibrated", metrics["gain_95"]),
                ("the logistic stack", stack["gain_95"]),
            )
        ),
    ]
    found = metrics["disagreement"]
    rows.append(
        (
            f"channels that contradict each other ({found['share']:.1%} of the turns): AUROC, ECE",
            f"{found['auroc']:.3f}, {found['ece']:.3f}",
            "",
        )
    )
    if found["precision"] is not None:
        rows.append(
            (
                f"flag from a chance of {DISAGREES:.2f}: flagged / precision / recall",
                f"{found['flagged']:.1%} / {found['precision']:.2f} / {found['recall']:.2f}",
                "",
            )
        )
    rows += [
        (
            f"{subset}: accuracy / macro-F1 / ECE",
            f"{r['accuracy']:.3f} / {r['macro_f1']:.3f} / {r['ece']:.3f}",
            "",
        )
        for subset, r in metrics["by_subset"].items()
    ]
    return rows + [
        (
            f"{label}: precision / recall / F1 (n)",
            f"{r['precision']:.3f} / {r['recall']:.3f} / {r['f1']:.3f} ({r['n']})",
            "",
        )
        for label, r in metrics["per_class"].items()
    ]


_FUSION_TEXTS: Mapping[str, tuple[str, list[tuple[str, str, str]], str, list[str]]] = {
    "labels": (
        "One-hot labels that people gave to words, voice and face alone in; what people say who "
        "had all three out.",
        [_EMOTIONTALK],
        "Trained on EmotionTalk train, measured on val: two groups of speakers that are not in "
        "train.",
        [
            "Made to be measured against people; the product fuses models' scores with `default`.",
            "Acted Chinese dialogues, not service conversations.",
        ],
    ),
    "votes": (
        "Shares of votes of people who only heard or only saw a clip in; the majority of those who "
        "did both out.",
        [_CREMA_D],
        "Measured in five folds by actor; the shipped weights are fitted on all actors. Clips "
        "whose majority is tied are left out.",
        [
            "English, acted, twelve sentences; no surprise among the choices.",
            "Made to be measured against people; the product fuses models' scores with `default`.",
        ],
    ),
    "default": (
        "Scores of the text, audio and vision models in; the emotion of the turn out.",
        [
            _EMOTIONTALK,
            ("out-of-fold scores of the audio and vision models", "see their cards", "research"),
        ],
        "Trained on EmotionTalk train, measured on val: two groups of speakers that are not in "
        "train. Voice and face scores of val are drawn from another half of the out-of-fold "
        "scores than those of train.",
        [
            "**Measured:** the emotion of the turn (people), and the text scores of the same turn "
            "by models that had not seen the speakers.",
            "**Simulated:** the voice and face scores. Each is drawn from the out-of-fold scores "
            "of clips of *other* corpora that carry the label which people gave to this turn's "
            "voice or face. That assumes that a model's error depends on the label alone, so real "
            "recordings, where errors of the channels go together, will do worse than this card. "
            "A label that the other corpora lack gives that channel nothing to say.",
            "The figures above are with the emotions as frequent as in EmotionTalk (19 % angry), "
            "acted dialogues. The shipped weights differ in the prior alone: it is that of a "
            "service, from the shares of dissatisfied, neutral and satisfied customers' turns in "
            "JDDC, split into emotions in EmotionTalk's proportions, and lower for angry, until "
            "5 % of the contented turns there are called so by their words. Estimating it without "
            "labels (Saerens et al. 2002) failed: it gave neutral no turns at all, because the "
            "words of customers differ from EmotionTalk's in more than their frequencies.",
            "Those three shares come from the same turns as the figures for JDDC above.",
            "The ECE of the subsets was measured in EmotionTalk; there is no corpus of service "
            "conversations with seven emotions to measure it in. Groups of speakers differ: of "
            "the two in val, voice and face together were a little too unsure, of all eleven left "
            "out in turn they were not.",
            "A logistic stack on the same scores is as good with all three channels there; it is "
            "not defined for a channel that it was not trained on, and takes no reliability.",
        ],
    ),
}


def _trajectory_card(metrics: Mapping[str, Any]) -> str:
    counts = metrics["dialogues"]
    return model_card(
        title="fusion/trajectory",
        summary="The customer's sentiment turn by turn in; after every turn, how likely the "
        "conversation ends dissatisfied, neutral or satisfied.",
        terms="research",
        data=[
            ("Taobao service dialogues", f"{counts['taobao']:,}, each once", "none stated"),
            ("STC-3 helpdesk, in words", f"{counts['stc3']:,} dialogues", "CC BY 4.0"),
            (
                "JDDC, in words",
                f"{counts['jddc']} dialogues",
                "research",
            ),
        ],
        split="Taobao train to dev; the two shops' files share a third of their dialogues, and "
        "whatever stands in dev was taken out of train. `human` reads the sentiments that people "
        "gave the customer's turns, `misread` draws for each what the text model said of a JDDC "
        "turn with the same label. `*_from_words` is end to end: out-of-fold answers to the "
        "customers' real words, in three folds by dialogue; the misreadings were taken from all of "
        "JDDC. The calibration of both was fitted in five folds on other dialogues.",
        measured=_risk_rows(metrics),
        command=COMMAND,
        cost="About 75 kB; 25 turns in under 1 ms on one CPU thread; numpy only.",
        use="Early warning: which open conversations deserve a look. A person decides.",
        limits=[
            "Taobao dialogues are written chats about clothes and make-up. From words the risk is "
            "calibrated to a mixture of a shop where 10 % end dissatisfied and of helpdesks where "
            "30 % do: elsewhere check it before it is read as a frequency.",
            "The agent's words count by presence and length only: the corpus has no vocabulary "
            "and the product infers no emotion of agents.",
            "In JDDC 78 % end satisfied, and so the most probable end is nearly always that one: "
            "the accuracy is that of always saying so. Read the risk, not the most probable end.",
            "JDDC has 33 dialogues that end dissatisfied: its figures have a standard error of "
            "about .05.",
            "Lengths are learned in words and served in characters / 1.6, which fits Chinese.",
        ],
        method="Gradient boosted trees (Friedman 2001) over a causal summary of the turns so far "
        "(`fusion/history.py`), so that the risk at a turn depends on nothing later; two fifths of "
        "the Taobao dialogues are read through the text model's measured errors, with 5 % of the "
        "turns unheard and lengths drawn at random. Where models read the sentiments, the "
        "log-probabilities are scaled and shifted to fit JDDC and STC-3, both of equal weight. A "
        "turn that rests on little counts as mostly neutral (`turn_sentiment`). The recurrent "
        "network of 1.x reached .932 at the end of `clothes_human`, with a quarter of dev among "
        "its training dialogues.",
    )


def _risk_rows(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    rows = []
    for name, found in metrics.items():
        if "auroc_100" not in found or name.endswith("uncalibrated"):
            continue
        beside = found.get("logistic")
        rows.append(
            (
                f"{name}: AUROC of dissatisfied after 25 / 50 / 75 / 100 %; macro-F1 at the end",
                _forecast(found),
                f"logistic on counts {_forecast(beside)}; with what people said of the agents' "
                f"turns too, which the product has not, {_forecast(found['logistic_agents_too'])}"
                if beside
                else "",
            )
        )
        rows += [
            (
                f"{name}: {alerts['alerts']:.0f} alerts per 100 conversations",
                f"precision {alerts['precision']:.2f}, recall {alerts['recall']:.2f}, median lead "
                f"{alerts['lead_turns'] or 0:.0f} turns",
                "",
            )
            for alerts in found["alerts"].values()
        ]
    for corpus in ("jddc", "stc3"):
        after, before = (metrics[f"{corpus}_from_words{end}"] for end in ("", "_uncalibrated"))
        rows.append(
            (
                f"{corpus}_from_words: ECE of the risk after 25 / 50 / 75 / 100 %",
                " / ".join(f"{after[f'risk_ece_{s}']:.3f}" for s in SHARES),
                "uncalibrated " + " / ".join(f"{before[f'risk_ece_{s}']:.3f}" for s in SHARES),
            )
        )
    return rows


def _forecast(found: Mapping[str, Any]) -> str:
    curve = " / ".join(f"{found[f'auroc_{share}']:.3f}" for share in SHARES)
    return f"{curve}; {found['macro_f1']:.3f}"
