"""The model card of the n-gram text checkpoint, written from what the training run measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multimodal.checkpoints import model_card
from text.dataset import Dataset
from text.features import LONGEST, WINDOW

_LICENCES = {
    "smp2020_usual": "none stated, research",
    "smp2020_virus": "none stated, research",
    "bmeld_zh": "MELD, GPL-3.0",
    "cped": "Apache-2.0",
    "nlpcc2014_weibo": "shared task, research",
    "emotiontalk": "CC BY-NC-SA 4.0",
    "msctd_zh": "repository MIT, subtitles non-commercial",
    "reviews": "none stated",
    "uss_jddc": "repository MIT, JDDC research use",
    "stc3_helpdesk": "annotations CC BY 4.0",
}
_BASELINES = {
    "smp2020_usual": "macro-F1 .700",
    "msctd_zh": "macro-F1 .606",
    "uss_jddc": "macro-F1 .622, AUROC .8155",
    "stc3_helpdesk": "macro-F1 .698, Spearman .747",
}
"""One model a corpus: TF-IDF of character n-grams and logistic regression."""
_SHOWN = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted F1",
    "auroc_dissatisfied": "AUROC dissatisfied",
    "spearman": "Spearman",
    "ece": "ECE",
}


def card(
    name: str,
    datasets: Mapping[str, Dataset],
    metrics: Mapping[str, Mapping[str, Any]],
    grams: int,
    sizes: Mapping[str, int],
) -> str:
    """The card in Markdown.

    Args:
        name: The checkpoint's name.
        datasets: Each head's training set.
        metrics: Head, then set, to figures, as in `metrics.json`.
        grams: Size of the vocabulary.
        sizes: File name to bytes.
    """
    data = []
    for head, dataset in datasets.items():
        for corpus in dict.fromkeys(dataset.corpora.tolist()):
            n = int((dataset.corpora == corpus).sum())
            data.append((corpus, f"{n:,} turns for `{head}`", _LICENCES[corpus]))
    measured = []
    for head, sets in metrics.items():
        for of, found in sets.items():
            text = ", ".join(
                f"{shown} {found[key]:.3f}" for key, shown in _SHOWN.items() if key in found
            )
            baseline = _BASELINES.get(of.split()[0], "-")
            measured.append((f"`{head}`: {of} (n = {found['n']:,})", text, baseline))
    classes = [
        (f"`{head}`: {of}", label, f"{c['precision']:.2f} / {c['recall']:.2f} / {c['f1']:.2f}")
        for head, sets in metrics.items()
        for of, found in sets.items()
        for label, c in found["per_class"].items()
    ]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in classes)
    return (
        model_card(
            title=name,
            summary="The words of one turn in; seven emotions, polarity and two satisfactions out.",
            terms="research",
            method=(
                f"TF-IDF of the character 1- to {LONGEST}-grams of the normalised text "
                f"({grams:,} n-grams) and one softmax layer a head, fitted by L-BFGS with an L2 "
                "penalty. A corpus without a class says nothing about it (masked softmax). The "
                "satisfaction of a conversation is learnt from the annotators' distribution. One "
                "temperature a head (Guo et al. 2017), fitted to out-of-fold answers, is worked "
                "into the weights. After Wang and Manning 2012."
            ),
            data=data,
            split=(
                "Five folds by dialogue, in EmotionTalk by group of speakers; files named eval, "
                "dev or val are never trained on. Texts of the judged part that recur word for "
                "word in the training part are dropped from it. *Held-out file*: the shipped "
                "weights on such a file. *Out of fold*: every item by a model that did not see "
                "its dialogue; the shipped weights have seen it."
            ),
            measured=measured,
            command="python -m text.train --data ../shared/data/text --out text/checkpoints/ngram",
            cost=(
                "; ".join(f"`{file}` {size / 1e6:.2f} MB" for file, size in sizes.items())
                + ". Minutes to train and no accelerator; numpy alone to serve."
            ),
            use=(
                "Estimates of what a Chinese customer's words express, for a person to judge. "
                "Never for decisions about people by itself."
            ),
            limits=[
                "It reads one turn without its context, and no irony.",
                "Chinese only: reliability is the share of known character pairs times the share "
                "of Chinese characters among the letters, so English and emoji get an answer of "
                "low reliability.",
                f"Of a turn longer than {WINDOW:,} characters the first and the last half of that "
                "many are read, and the answer says so.",
                "The emotions come from Weibo, television and acted dialogue, the satisfactions "
                "from two service corpora of retail and telecommunications; disgust and fear are "
                "rare everywhere and recognised poorly.",
                "JDDC's last labelled turn of each dialogue is the word OVERALL with the label of "
                "the whole dialogue. It counts, as it does in the baseline.",
            ],
        )
        + "\n\n## Per class\n\n| set | class | precision / recall / F1 |\n| --- | --- | --- |\n"
        + rows
    )
