"""Trains the expression network on FER+ and writes a checkpoint with its model card.

    python -m vision.train --data ../shared/data/faces/ferplus --out vision/checkpoints/resnet

`training.parquet` is split nine to one; every choice is made on the tenth. `public_test.parquet`
is measured once, at the end. `emotion-monitor train vision` trains on one's own faces.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from multimodal.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from multimodal.emotions import EMOTIONS
from multimodal.errors import InvalidInputError
from vision.baseline import linear_baseline
from vision.card import FERPLUS, card
from vision.corpora import TaggedFaces, join, read_faces, read_ferplus
from vision.export import export, quantise
from vision.expression import (
    EXPRESSIONS,
    ExpressionModel,
    answers_of,
    emotion_of,
    fold_contempt,
    open_session,
)
from vision.fitting import Recipe, fit, logits_of
from vision.metrics import covered, ferplus_metrics
from vision.model import Calibrated, ExpressionNet

VERSION = "0.4.0"
VALIDATION_SHARE = 0.1
PRIOR_SHARES = tuple(tenths / 10 for tenths in range(11))
LEAST_RECALL = 0.65
"""Macro-recall on validation faces that rare expressions are not given up below."""
AGREEMENT = 0.99
"""Share of validation faces on which int8 must give the label of float32 to be served."""
MODEL_FILE = "model.onnx"
_FEWEST = 10  # own faces of an expression
_RANGES = 512  # faces on which the ranges of int8 are measured

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network that is ready to be written.

    Attributes:
        network: Gives logits.
        temperature: By which they are divided.
        share: Of the prior that is put back, see `PRIOR_SHARES`.
        prior: The classes' log frequencies, (8,).
        minutes: Spent on fitting.
    """

    network: nn.Module
    temperature: float
    share: float
    prior: Tensor
    minutes: float = 0.0

    @property
    def calibrated(self) -> Calibrated:
        """Faces to probabilities."""
        return Calibrated(self.network, self.temperature, self.share * self.prior)


def split(data: TaggedFaces, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows for training and for validation; a person, or copies of one image, stay on one side.

    FER2013 names no people, so that images are the finest thing that can be kept apart there.
    """
    keys = [
        person or hashlib.sha256(face.tobytes()).hexdigest()
        for person, face in zip(data.person, data.faces, strict=True)
    ]
    _, group = np.unique(keys, return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(group.max() + 1)
    chosen = drawn[group] < max(1, round(len(drawn) * VALIDATION_SHARE))
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def train_network(
    training: TaggedFaces, validation: TaggedFaces, epochs: int, kept: Path | None = None
) -> Fitted:
    """Trains and calibrates a network.

    Args:
        training: To learn from.
        validation: On which temperature and prior are chosen.
        epochs: Passes over the faces.
        kept: File in which the weights are kept, and found again.
    """
    torch.manual_seed(0)
    network: nn.Module = ExpressionNet(len(EXPRESSIONS))
    if kept and kept.is_file():
        state = torch.load(kept)
        network.load_state_dict(state["weights"])
        prior, minutes = state["prior"], state["minutes"]
    else:
        start = time.perf_counter()
        network, prior = fit(network, training, Recipe(epochs=epochs), validation=validation)
        minutes = (time.perf_counter() - start) / 60
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            state = {"weights": network.state_dict(), "prior": prior, "minutes": minutes}
            torch.save(state, kept)
    return replace(calibrate(network.eval(), prior, validation), minutes=minutes)


def calibrate(network: nn.Module, prior: Tensor, data: TaggedFaces) -> Fitted:
    """Chooses on validation data how much of the prior is put back, and the temperature.

    The more of the prior, the better the accuracy and the less the rare expressions are found: the
    share is the one with the best accuracy among those whose macro-recall is at least
    `LEAST_RECALL`, or the one with the best sum of the two where none is. The temperature is the
    one with the least negative log-likelihood of the majority label.
    """
    logits = logits_of(network, data.faces)
    truth = torch.from_numpy(data.majority)
    found = []
    for share in PRIOR_SHARES if prior.any() else (0.0,):
        losses = {
            temperature: nn.functional.cross_entropy(
                (logits + share * prior) / temperature, truth
            ).item()
            for temperature in np.arange(0.3, 2.01, 0.05)
        }
        temperature = min(losses, key=losses.__getitem__)
        probabilities = torch.softmax((logits + share * prior) / temperature, dim=1).numpy()
        report = ferplus_metrics(probabilities, data)
        log.info(
            "prior share %.1f, temperature %.2f: accuracy %.4f, macro-recall %.4f, ECE %.4f",
            *(share, temperature, report["accuracy"], report["macro_recall"], report["ece"]),
        )
        fitted = Fitted(network, float(temperature), share, prior)
        found.append((report["accuracy"], report["macro_recall"], fitted))
    enough = [one for one in found if one[1] >= LEAST_RECALL]
    if enough:
        return max(enough, key=lambda one: one[0])[2]
    return max(found, key=lambda one: one[0] + one[1])[2]


def write_network(
    fitted: Fitted, folder: Path, ranges: NDArray[np.uint8], compared: NDArray[np.uint8]
) -> float:
    """Writes the network that is served: int8 where it says the same as float32, else float32.

    Args:
        fitted: The network.
        folder: Of the checkpoint.
        ranges: Faces on which the ranges of int8 are measured.
        compared: Faces on which int8 is compared with float32, see `AGREEMENT`.

    Returns:
        The share of `compared` to which int8 gives the label of float32.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / MODEL_FILE
    export(fitted.calibrated, whole)
    with tempfile.TemporaryDirectory() as temporary:
        small = Path(temporary) / MODEL_FILE
        quantise(whole, small, ranges)
        labels = [
            answers_of(open_session(path), compared).argmax(axis=1) for path in (whole, small)
        ]
        agreement = float((labels[0] == labels[1]).mean())
        if agreement >= AGREEMENT:
            shutil.copyfile(small, whole)
    return agreement


def measured(folder: Path, parts: dict[str, TaggedFaces]) -> dict[str, Any]:
    """Figures of a written checkpoint, as it is served.

    Args:
        folder: Of the checkpoint.
        parts: Faces by the name of the part.

    Returns:
        By part the keys of `ferplus_metrics`, and `covered`: the same with 30 % of each face
        covered.
    """
    model = ExpressionModel(f"{folder}/")
    return {
        name: {
            **ferplus_metrics(model.predict(data.faces), data),
            "covered": ferplus_metrics(model.predict(covered(data.faces)), data),
        }
        for name, data in parts.items()
    }


def write_checkpoint(
    folder: Path,
    fitted: Fitted,
    training: TaggedFaces,
    parts: dict[str, TaggedFaces],
    config: dict[str, Any],
    *,
    command: str,
) -> Checkpoint:
    """Writes weights, configuration, figures and card.

    Args:
        folder: Of the checkpoint.
        fitted: The network.
        training: What it has learnt from.
        parts: Faces it is measured on: `validation`, and `test`.
        config: What is particular to this run: `terms`, `training_data`, `epochs`,
    .
        command: What was run, for the card.
    """
    agreement = write_network(fitted, folder, training.faces[:_RANGES], parts["validation"].faces)
    config = {
        "name": folder.name,
        "version": VERSION,
        "task": "face",
        "labels": EXPRESSIONS,
        "temperature": fitted.temperature,
        "prior_share": fitted.share,
        "training_minutes": round(fitted.minutes, 1),
        "precision": "int8" if agreement >= AGREEMENT else "float32",
        "parameters": sum(p.numel() for p in fitted.network.parameters()),
        **config,
    }
    files = [MODEL_FILE]
    save_checkpoint(folder, config=config, metrics={}, files=files, card="")
    metrics = measured(folder, parts)
    metrics["int8_agreement"] = agreement
    metrics["baseline"] = linear_baseline(training, parts["test"])
    sizes = {"training": len(training), **{name: len(part) for name, part in parts.items()}}
    text = card(config, metrics, sizes, command)
    save_checkpoint(folder, config=config, metrics=metrics, files=files, card=text)
    return load_checkpoint("vision", f"{folder}/")


def train_own(
    paths: Sequence[Path], out: Path, *, epochs: int, terms: str, command: str
) -> Checkpoint:
    """Trains on a user's own faces: eight parts to learn from, one to choose, one to judge.

    Args:
        paths: In the forms of `vision.corpora.read_faces`.
        out: Folder of the checkpoint.
        epochs: Passes over the faces.
        terms: `open` or `research`.
        command: What was run, for the card.

    Raises:
        InvalidInputError: If there are too few faces, or they cannot be read as faces.
        InputFileError: If a file cannot be read.
        MediaError: If a picture cannot be decoded.
    """
    data = join([read_faces(path) for path in paths])
    found, counts = np.unique(data.majority, return_counts=True)
    if len(found) < 2 or counts.min() < _FEWEST:
        named = ", ".join(
            f"{EXPRESSIONS[i]} {n}" for i, n in zip(found.tolist(), counts.tolist(), strict=True)
        )
        raise InvalidInputError(
            f"there are too few faces: {named}.",
            where=", ".join(str(path) for path in paths),
            remedy=f"Give at least two expressions, each {_FEWEST} times.",
        )
    rest, judged = split(data)
    learnt, chosen = split(data.take(rest), seed=1)
    training, validation = data.take(rest).take(learnt), data.take(rest).take(chosen)
    fitted = train_network(training, validation, epochs)
    config = {
        "terms": terms,
        "training_data": [path.name for path in paths],
        "epochs": epochs,
    }
    parts = {"validation": validation, "test": data.take(judged)}
    return write_checkpoint(out, fitted, training, parts, config, command=command)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the expression network on FER+.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the FER+ parquet files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--weights", type=Path, help="file to keep the trained weights in")
    parser.add_argument(
        "--validation-out",
        type=Path,
        help="also write the validation part's probabilities (n, 7) and labels (n,) as .npz",
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")

    data = read_ferplus(options.data / "training.parquet")
    rows, held_out = split(data)
    training, validation = data.take(rows), data.take(held_out)
    log.info("training on %d images, validating on %d", len(training), len(validation))
    fitted = train_network(
        training,
        validation,
        options.epochs,
        options.weights,
    )
    config = {
        "terms": "research",
        "training_data": [FERPLUS],
        "epochs": options.epochs,
    }
    test = read_ferplus(options.data / "public_test.parquet")
    checkpoint = write_checkpoint(
        options.out,
        fitted,
        training,
        {"validation": validation, "test": test},
        config,
        command="emotion-monitor evaluate face --data ferplus/public_test.parquet",
    )
    log.info("%s", checkpoint.metrics)
    if options.validation_out:
        held = ExpressionModel(f"{options.out}/").predict(validation.faces)
        write_validation(options.validation_out, held, validation)


def write_validation(path: Path, probabilities: NDArray[np.float32], data: TaggedFaces) -> None:
    """The seven emotions' probabilities and the true emotion's index, for fitting a fuser."""
    np.savez_compressed(
        path,
        probabilities=fold_contempt(probabilities),
        label=emotion_of(data.majority),
        emotions=[str(emotion) for emotion in EMOTIONS],
    )


if __name__ == "__main__":
    main()
