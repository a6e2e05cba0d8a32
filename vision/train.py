"""Trains the expression network on FER+ and writes a checkpoint with its model card.

    python -m vision.train --data ../shared/data/faces/ferplus --out vision/checkpoints/resnet

`training.parquet` is split nine to one; every choice is made on the tenth. `public_test.parquet`
is measured once, at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from multimodal.checkpoints import save_checkpoint
from multimodal.emotions import EMOTIONS
from multimodal.metrics import classification_report
from vision.augmentation import augment
from vision.baseline import linear_baseline
from vision.card import card
from vision.corpora import FerPlus, read_ferplus
from vision.expression import EXPRESSIONS, SIDE, ExpressionModel, fold_contempt
from vision.metrics import ferplus_metrics
from vision.model import Calibrated, ExpressionNet

SEED = 0
VALIDATION_SHARE = 0.1
BATCH = 128
LEARNING_RATE = 0.1
WEIGHT_DECAY = 5e-4
PRIOR_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)

log = logging.getLogger("vision.train")


def split_by_image(faces: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows for training and for validation; copies of one image stay on the same side.

    FER2013 names no people, so that images are the finest thing that can be kept apart.
    """
    keys = [hashlib.sha256(face.tobytes()).hexdigest() for face in faces]
    _, group = np.unique(keys, return_inverse=True)
    chosen = np.random.default_rng(SEED).random(group.max() + 1) < VALIDATION_SHARE
    return np.flatnonzero(~chosen[group]), np.flatnonzero(chosen[group])


def soft_labels(votes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The taggers' votes as distributions; single votes are dropped as outliers.

    Barsoum et al. 2016 drop them too. Where nothing but single votes is there, they all count.
    """
    kept = np.where(votes > 1, votes, 0)
    kept = np.where(kept.sum(axis=1, keepdims=True) > 0, kept, votes)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True), dtype=np.float32)


def logits_of(network: ExpressionNet, data: FerPlus) -> Tensor:
    """The network's logits, float32 (n, 8), in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        return torch.cat(
            [
                network(part[:, None].float())
                for part in torch.split(torch.from_numpy(data.faces), BATCH)
            ]
        )


def fit(data: FerPlus, validation: FerPlus, epochs: int) -> tuple[ExpressionNet, Tensor]:
    """Trains on soft labels with logit adjustment.

    The log of the classes' frequencies is added to the logits in the loss (Menon et al. 2021,
    "Long-tail learning via logit adjustment"), so that the network itself learns as if all classes
    were equally frequent, and disgust and contempt are not drowned.

    Returns:
        The network in evaluation mode, and the classes' log frequencies, (8,).
    """
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    faces = torch.from_numpy(data.faces)[:, None]
    labels = torch.from_numpy(soft_labels(data.votes))
    prior = labels.mean(dim=0).clamp(min=1e-5).log()  # a class may be absent from one's own data
    network = ExpressionNet(len(EXPRESSIONS))
    optimiser = torch.optim.SGD(
        network.parameters(), LEARNING_RATE, 0.9, weight_decay=WEIGHT_DECAY, nesterov=True
    )
    steps = len(faces) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=steps * epochs
    )
    # bfloat16 halves the time where the processor has it, and takes longer where it does not.
    fast = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    for epoch in range(epochs):
        network.train()
        start, total = time.perf_counter(), 0.0
        order = torch.randperm(len(faces), generator=generator)
        for rows in order[: steps * BATCH].view(steps, BATCH):
            batch = augment(faces[rows].float(), generator)
            with torch.autocast("cpu", torch.bfloat16, enabled=fast):
                logits = network(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(logits.float() + prior, labels[rows])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            schedule.step()
            total += loss.item()
        guess = (logits_of(network, validation) + prior).argmax(dim=1).numpy()
        log.info(
            "epoch %d: loss %.4f, validation accuracy %.4f, %.0f s",
            *(epoch, total / steps, (guess == validation.majority).mean()),
            time.perf_counter() - start,
        )
    return network.eval(), prior


def calibrate(network: ExpressionNet, data: FerPlus, prior: Tensor) -> tuple[float, float]:
    """Chooses on validation data how much of the prior is put back, and the temperature.

    The share of the prior is the one with the best mean of accuracy and macro-recall; the
    temperature is the one with the least negative log-likelihood of the majority label.

    Returns:
        Temperature and share of the prior.
    """
    logits = logits_of(network, data)
    truth = torch.from_numpy(data.majority)
    best, chosen = -1.0, (1.0, 1.0)
    for share in PRIOR_SHARES:
        losses = {
            temperature: nn.functional.cross_entropy(
                (logits + share * prior) / temperature, truth
            ).item()
            for temperature in np.arange(0.3, 2.01, 0.05)
        }
        temperature = min(losses, key=losses.__getitem__)
        probabilities = torch.softmax((logits + share * prior) / temperature, dim=1).numpy()
        report = classification_report(data.majority, probabilities, EXPRESSIONS)
        score = (report["accuracy"] + report["macro_recall"]) / 2
        log.info(
            "prior share %.2f, temperature %.2f: accuracy %.4f, macro-recall %.4f, ECE %.4f",
            *(share, temperature, report["accuracy"], report["macro_recall"], report["ece"]),
        )
        if score > best:
            best, chosen = score, (float(temperature), share)
    return chosen


def export(network: nn.Module, path: Path) -> None:
    """Writes the network as ONNX with a free batch size."""
    # The newer exporter (dynamo) takes twenty times as long for the same graph.
    torch.onnx.export(
        network,
        (torch.zeros(2, 1, SIDE, SIDE),),
        path,
        input_names=["faces"],
        output_names=["probabilities"],
        dynamic_axes={"faces": {0: "n"}, "probabilities": {0: "n"}},
        dynamo=False,
    )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the FER+ parquet files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--validation-out",
        type=Path,
        help="also write the validation part's probabilities (n, 7) and labels (n,) as .npz",
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)

    data = read_ferplus(options.data / "training.parquet")
    rows, held_out = split_by_image(data.faces)
    training, validation = data.take(rows), data.take(held_out)
    log.info("training on %d images, validating on %d", len(training), len(validation))

    start = time.perf_counter()
    network, prior = fit(training, validation, options.epochs)
    minutes = (time.perf_counter() - start) / 60
    temperature, share = calibrate(network, validation, prior)
    options.out.mkdir(parents=True, exist_ok=True)
    export(Calibrated(network, temperature, share * prior).eval(), options.out / "model.onnx")

    config: dict[str, Any] = {
        "name": options.out.name,
        "version": "0.2.0",
        "task": "face",
        "terms": "research",
        "labels": EXPRESSIONS,
        "temperature": temperature,
        "prior_share": share,
        "epochs": options.epochs,
        "parameters": sum(p.numel() for p in network.parameters()),
        "training_minutes": round(minutes, 1),
        "training_data": ["FER+ training.parquet"],
    }
    files = ["model.onnx"]
    save_checkpoint(options.out, config=config, metrics={}, files=files, card="")
    model = ExpressionModel(f"{options.out}/")

    held = model.predict(validation.faces)
    if options.validation_out:
        write_validation(options.validation_out, held, validation)
    test = read_ferplus(options.data / "public_test.parquet")
    metrics = {
        "validation": ferplus_metrics(held, validation),
        "public_test": ferplus_metrics(model.predict(test.faces), test),
        "baseline_public_test": linear_baseline(training, test),
    }
    log.info("%s", metrics)
    save_checkpoint(
        options.out,
        config=config,
        metrics=metrics,
        files=files,
        card=card(config, metrics, len(training), len(validation), len(test)),
    )


def write_validation(path: Path, probabilities: NDArray[np.float32], data: FerPlus) -> None:
    """The seven emotions' probabilities and the true emotion's index, for fitting a fuser."""
    folded = fold_contempt(np.eye(len(EXPRESSIONS), dtype=np.float32))
    emotion_of = folded.argmax(axis=1)
    np.savez_compressed(
        path,
        probabilities=fold_contempt(probabilities),
        label=emotion_of[data.majority],
        emotions=[str(emotion) for emotion in EMOTIONS],
    )


if __name__ == "__main__":
    main()
