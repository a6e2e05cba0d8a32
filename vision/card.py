"""The model card of the expression network, from the figures of its training run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multimodal.checkpoints import model_card


def card(
    config: Mapping[str, Any], metrics: Mapping[str, Any], training: int, validation: int, test: int
) -> str:
    """The card in Markdown.

    Args:
        config: What goes into `config.json`.
        metrics: What goes into `metrics.json`.
        training: Number of images trained on.
        validation: Number of images on which choices were made.
        test: Number of images of the public test.
    """
    ours, theirs = metrics["public_test"], metrics["baseline_public_test"]
    names = {
        "accuracy": "accuracy, majority of 8",
        "macro_recall": "macro-recall",
        "macro_f1": "macro-F1",
        "accuracy_strict": f"accuracy where > 5 of 10 taggers agree ({ours['n_strict']} images)",
        "fer2013_accuracy": "accuracy against FER2013's label, 7 emotions",
    }
    measured = [(text, f"{ours[key]:.3f}", f"{theirs[key]:.3f}") for key, text in names.items()]
    measured.append(("ECE, 10 bins", f"{ours['ece']:.3f}", "not calibrated"))
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
        method="A residual network with dense 3x3 convolutions (He et al. 2016), trained for "
        f"{config['epochs']} epochs on the distribution of ten taggers' votes (Barsoum et al. "
        "2016) with logit adjustment (Menon et al. 2021), flips, rotation, shifts, zoom, "
        f"brightness and erasing. A share of {config['prior_share']} of the class prior and a "
        f"temperature of {config['temperature']:.2f} were fitted on the validation part.",
        data=[
            (
                "FER+ (labels), FER2013 (images)",
                f"{training:,} images",
                "labels MIT; images scraped from the web, no clear licence: research only",
            )
        ],
        split=f"{validation:,} further images of the training file, no image of which is a copy of "
        f"one trained on, served for every choice; the {test:,} images of the public test that are "
        "no copies of training images were measured at the end; nothing is chosen on them. "
        "FER2013 does not say who is in a picture, so that people cannot be kept apart.",
        measured=measured,
        command="emotion-monitor evaluate face --data ferplus/public_test.parquet",
        cost=f"{config['parameters']:,} parameters, fp32 ONNX; trained in "
        f"{config['training_minutes']} minutes on a shared CPU.",
        use="Faces of customers who were told of it, as one of several hints about a turn, for a "
        "person to judge.",
        limits=[
            "It sees an expression, not a feeling; posed and spontaneous faces differ.",
            "Disgust, fear and contempt are rare in the data and often missed.",
            "Strong head turns, masks, hands before the face, and faces below about 24 pixels.",
            "FER2013 is unbalanced in age, sex and skin colour, and its people are not known: "
            "fairness between groups has not been measured.",
            "Never for agents, hiring, or identifying anybody.",
        ],
    )
