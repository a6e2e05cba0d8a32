"""The model card of the expression network, from the figures of its training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multimodal.checkpoints import model_card
from vision.expression import EXPRESSIONS

FERPLUS = "FER+ training.parquet"


def card(
    config: Mapping[str, Any], metrics: Mapping[str, Any], sizes: Mapping[str, int], command: str
) -> str:
    """The card in Markdown.

    Args:
        config: What goes into `config.json`.
        metrics: What goes into `metrics.json`.
        sizes: Number of faces of `training`, `validation` and `test`.
        command: What measures the figures again.
    """
    ours, theirs = metrics["test"], metrics["baseline"]
    names = {
        "accuracy": f"accuracy, majority of {len(EXPRESSIONS)}",
        "macro_recall": "macro-recall",
        "macro_f1": "macro-F1",
        "accuracy_strict": f"accuracy where > 5 of 10 taggers agree ({ours['n_strict']} images)",
        "fer2013_accuracy": "accuracy against FER2013's label, 7 emotions",
    }
    measured = [
        (text, f"{ours[key]:.3f}", f"{theirs[key]:.3f}")
        for key, text in names.items()
        if ours[key] is not None
    ]
    measured += [
        ("accuracy with 30 % of the face covered", f"{ours['covered']['accuracy']:.3f}", ""),
        ("ECE, 10 bins", f"{ours['ece']:.3f}", "not calibrated"),
        ("int8: share of labels that are those of float32", f"{metrics['int8_agreement']:.4f}", ""),
    ]
    measured += [
        (f"recall of {label} ({row['n']})", f"{row['recall']:.3f}", f"{other:.3f}")
        for label, row in ours["per_class"].items()
        for other in [theirs["per_class"].get(label, {}).get("recall", 0.0)]
    ]
    return model_card(
        title=f"{config['name']} {config['version']}",
        summary="One 48x48 grey face in, probabilities of eight expressions out; the product folds "
        "contempt into disgust and pools the faces of a turn.",
        terms=config["terms"],
        method=_method(config),
        data=_data(config, sizes),
        split=_split(config, sizes),
        measured=measured,
        command=command,
        cost=f"{config['parameters']:,} parameters, {config['precision']} ONNX; trained in "
        f"{config['training_minutes']} minutes on one core of a shared CPU. "
        "`python -m benchmarks.vision` measures the time for a face.",
        use="Faces of customers who were told of it, as one of several hints about a turn, for a "
        "person to judge.",
        limits=[
            "It sees an expression, not a feeling; posed and spontaneous faces differ.",
            "Disgust, fear and contempt are rare in the data and often missed.",
            "Strong head turns, masks, hands before the face, and faces below about 24 pixels.",
            "Fairness between groups of age, sex and skin colour has not been measured; FER2013 is "
            "unbalanced in all of them and does not say who is shown.",
            "Never for agents, hiring, or identifying anybody.",
        ],
    )


def _method(config: Mapping[str, Any]) -> str:
    return (
        "A residual network with dense 3x3 convolutions (He et al. 2016) and CBAM attention (Woo "
        f"et al. 2018), trained for {config['epochs']} epochs on the distribution of the taggers' "
        "votes (Barsoum et al. 2016) with logit adjustment (Menon et al. 2021), mixup (Zhang et "
        "al. 2018) and a moving average of the weights, on faces that are mirrored, turned, bent, "
        f"lit, reduced, blurred, compressed and partly covered. A share of "
        f"{config['prior_share']} of the class prior and a temperature of "
        f"{config['temperature']:.2f} were fitted on the validation part."
    )


def _data(config: Mapping[str, Any], sizes: Mapping[str, int]) -> list[tuple[str, str, str]]:
    size = f"{sizes['training']:,} images"
    if config["training_data"] == [FERPLUS]:
        licence = "labels MIT; images scraped from the web, no clear licence: research only"
        return [("FER+ (labels), FER2013 (images)", size, licence)]
    return [(", ".join(config["training_data"]), size, f"the user's: {config['terms']}")]


def _split(config: Mapping[str, Any], sizes: Mapping[str, int]) -> str:
    if config["training_data"] == [FERPLUS]:
        return (
            f"{sizes['validation']:,} further images of the training file, no image of which is a "
            f"copy of one trained on, served for every choice; the {sizes['test']:,} images of the "
            "public test that are no copies of training images were measured at the end; nothing "
            "is chosen on them. FER2013 does not say who is in a picture, so that people cannot be "
            "kept apart."
        )
    return (
        f"{sizes['validation']:,} further images served for every choice, {sizes['test']:,} were "
        "measured at the end. Where the data name people, none stands on two sides; else copies of "
        "an image do not."
    )
