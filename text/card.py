"""The model card of a text checkpoint, written from what the training run measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from multimodal.checkpoints import Checkpoint, model_card, save_checkpoint
from text.behaviour import pass_rates
from text.dataset import Dataset
from text.encode import UTTERANCE, WINDOW, Tokens
from text.export import Halves, write_model
from text.features import LONGEST
from text.scorer import TextScorer

LICENCES = {
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
    "service_questions.txt.xz": "none stated, research",
}
_BASELINES = {
    "smp2020_usual": "macro-F1 .700",
    "msctd_zh": "macro-F1 .606",
    "uss_jddc": "macro-F1 .622, AUROC .8155",
    "stc3_helpdesk": "macro-F1 .698, Spearman .747",
}
"""One model a corpus: TF-IDF of character n-grams and logistic regression."""
BEHAVIOUR = "behaviour"
"""Where `metrics.json` keeps the pass rates of the behaviour tests, beside the heads."""
_SHOWN = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "weighted_f1": "weighted F1",
    "auroc_dissatisfied": "AUROC dissatisfied",
    "spearman": "Spearman",
    "ece": "ECE",
}


def write_checkpoint(
    out: Path,
    halves: Halves,
    facts: Mapping[str, Any],
    datasets: Mapping[str, Dataset],
    metrics: Mapping[str, Mapping[str, Any]],
    command: str,
    turns: Sequence[Tokens],
) -> Checkpoint:
    """Writes a checkpoint of kind `bert` with its card.

    Args:
        out: Its folder; its name is the checkpoint's.
        halves: The model.
        facts: `version`, `terms` and whatever else the configuration is to say.
        datasets: Each head's training set.
        metrics: Head, then set, to figures.
        command: The command that measures it again.
        turns: Turns of all kinds, see `write_model`.
    """
    files, int8 = write_model(out, halves, turns)
    config = {
        "name": out.name,
        "task": "text",
        "kind": "bert",
        "heads": list(datasets),
        "context": halves.context,
        "factors": {head: list(halves.factors[head]) for head in datasets},
        "int8": int8,
        **facts,
    }
    sizes = {name: (out / name).stat().st_size for name in files}
    text = _card(config, datasets, metrics, command, sizes)
    save_checkpoint(out, config=config, metrics=metrics, files=files, card=text)
    # The behaviour tests ask the finished checkpoint, as the product does.
    behaviour = pass_rates(TextScorer(str(out.resolve())))
    text += _behaviour(behaviour)
    whole = {**metrics, BEHAVIOUR: behaviour}
    return save_checkpoint(out, config=config, metrics=whole, files=files, card=text)


def _behaviour(rates: Mapping[str, Mapping[str, int]]) -> str:
    passed, n = (sum(rate[key] for rate in rates.values()) for key in ("passed", "n"))
    rows = [f"| {name} | {rate['passed']} of {rate['n']} |" for name, rate in rates.items()]
    return (
        f"\n\n## Behaviour\n\n{passed} of {n} tests of `text/behaviour.csv` hold; "
        "`text/behaviour.py` says when one does.\n\n| capability | holds |\n| --- | --- |\n"
        + "\n".join(rows)
    )


def _card(
    config: Mapping[str, Any],
    datasets: Mapping[str, Dataset],
    metrics: Mapping[str, Mapping[str, Any]],
    command: str,
    sizes: Mapping[str, int],
) -> str:
    """The card in Markdown, from the configuration and what else `write_checkpoint` was given."""
    data = []
    for head, dataset in datasets.items():
        for corpus in dict.fromkeys(dataset.corpora.tolist()):
            n = int((dataset.corpora == corpus).sum())
            data.append(
                (corpus, f"{n:,} turns for `{head}`", LICENCES.get(corpus, "the user's own"))
            )
    measured = [
        (f"`{head}`: {of} (n = {found['n']:,})", *_row(of, found))
        for head, sets in metrics.items()
        for of, found in sets.items()
    ]
    classes = [
        (f"`{head}`: {of}", label, f"{c['precision']:.2f} / {c['recall']:.2f} / {c['f1']:.2f}")
        for head, sets in metrics.items()
        for of, found in sets.items()
        for label, c in found["per_class"].items()
    ]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in classes)
    factors = "; ".join(
        f"`{head}` {network:.2f} and {words:.2f}"
        for head, (network, words) in config["factors"].items()
    )
    return (
        model_card(
            title=str(config["name"]),
            summary="The words of one turn in; seven emotions, polarity and two satisfactions out.",
            terms=str(config["terms"]),
            method=(
                "A compact Chinese BERT (4 layers of 256, pretrained by `text.pretrain`), additive "
                "attention over its token states (Bahdanau et al. 2015) and one linear head a "
                f"task; beside it TF-IDF of the character 1- to {LONGEST}-grams with a linear head "
                "a task (Wang and Manning 2012). The class scores of both are summed with two "
                f"factors a head, network and n-grams: {factors}. They are fitted to development "
                "items and out-of-fold answers, which calibrates at the same time. A corpus "
                "without a class says nothing about it (masked softmax). The satisfaction of a "
                "conversation is learnt from the annotators' distribution, and its n-grams read "
                "what customer and agent said before as well (`text.earlier`). Everything else "
                f"sees {_context(config['context'])}. Two sources of emotions have weak labels: "
                "service questions are taken as neutral, and JDDC's neutral and satisfied turns "
                "as neutral and happy."
            ),
            data=data,
            split=(
                "Files named eval, dev or val are never trained on (*held-out file*). Of the "
                "corpora that are not judged in folds, one group in twenty is kept for "
                "*development*: blending and calibration. JDDC, STC-3 and EmotionTalk are judged "
                "*out of fold*, by dialogue, in EmotionTalk by group of speakers; the shipped "
                "weights have seen them all. Texts that share 70 % of their five-letter shingles "
                "with a judged text of the same head are not trained on. The encoder has read the "
                "texts of all training files without their labels, those of judged folds too."
            ),
            measured=measured,
            command=command,
            cost="; ".join(f"`{file}` {size / 1e6:.2f} MB" for file, size in sizes.items())
            + ". ONNX Runtime and tokenizers to serve; see `benchmarks/text.py` for the speed.",
            use=(
                "Estimates of what a Chinese customer's words express, for a person to judge. "
                "Never for decisions about people by itself."
            ),
            limits=[
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


def _context(tokens: int) -> str:
    if not tokens:
        return "the turn alone"
    return (
        f"the turn, the satisfactions up to {tokens} tokens before it as well (at most {UTTERANCE} "
        "characters an utterance, the newest first)"
    )


def _row(of: str, found: Mapping[str, Any]) -> tuple[str, str]:
    """The blended figures, and beside them each half alone and the published baseline."""

    def shown(figures: Mapping[str, Any]) -> str:
        return ", ".join(
            f"{text} {figures[key]:.3f}" for key, text in _SHOWN.items() if key in figures
        )

    alone = f"encoder alone: {shown(found['encoder'])}; n-grams alone: {shown(found['n-grams'])}"
    published = _BASELINES.get(of.split()[0])
    return shown(found), alone + (
        f"; n-gram model of this corpus: {published}" if published else ""
    )
