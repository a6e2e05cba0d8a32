"""Face networks side by side on the same images, what each part of the recipe brings, compression.

    python -m benchmarks.vision --data ../shared/data/faces --out ~/emotion-monitor-runs/vision

Every network is trained with the shipped recipe for `--epochs` passes (mini_XCEPTION is loaded as
it is), calibrated on the validation part of FER+'s training file, and measured on the public test.
Nothing is chosen on the test. Rows that were measured before are read from `rows.json` there.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.rows import Rows, print_table
from benchmarks.vision_compression import prune
from benchmarks.vision_networks import (
    MiniXception,
    Parts,
    PatternsAndDeep,
    guide_cnn,
    resnet,
    resnet_cbam,
    vgg,
)
from multimodal.emotions import FloatArray
from vision.baseline import local_binary_patterns
from vision.corpora import TaggedFaces, read_ferplus
from vision.export import export, quantise
from vision.expression import EXPRESSIONS, open_session
from vision.fitting import Recipe, fit, logits_of, soft_labels
from vision.metrics import covered, ferplus_metrics
from vision.train import Fitted, calibrate, split

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "small CNN of guide 2": guide_cnn,
    "VGG style": vgg,
    "ResNet": resnet,
    "ResNet + CBAM (shipped)": resnet_cbam,
    "eight regions": Parts,
    "LBP + deep features": PatternsAndDeep,
}
SHIPPED = "ResNet + CBAM (shipped)"
ABLATIONS: dict[str, dict[str, Any]] = {
    "rare classes: weighted loss": {"balance": "weighted"},
    "rare classes: balanced sampling": {"balance": "sampled"},
    "rare classes: nothing": {"balance": "none"},
    "no mixup": {"mixup": 0.0},
    "no moving average": {"average": 0.0},
    "no augmentation": {"augmented": False},
    "cosine restarts": {"cycles": 2},
    "another seed": {"seed": 1},
}
PRUNED = 0.3
BATCH = 16

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with ferplus/ and weights/"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for rows and networks")
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    bench = Bench(options.data, options.out, options.epochs)
    rows = Rows[dict[str, Any]](options.out / "rows.json")

    print(f"## Networks, {options.epochs} epochs each\n")
    table = {name: rows.get(name, partial(bench.network, name)) for name in NETWORKS}
    table["mini_XCEPTION, as published"] = rows.get("mini_XCEPTION", bench.mini_xception)
    table["LBP + linear SVM"] = rows.get("LBP + linear SVM", bench.svm)
    print_table(table)

    print("\n## What each part of the recipe brings\n")
    table = {"as shipped": table[SHIPPED]}
    for name, change in ABLATIONS.items():
        recipe = replace(bench.recipe, **change)
        table[name] = rows.get(name, partial(bench.trained, resnet_cbam, recipe))
    table["CLAHE before the network"] = rows.get("CLAHE", bench.equalised)
    print_table(table)

    print("\n## Compression\n")
    table = {"float32": table["as shipped"]}
    table["int8, static"] = rows.get("int8", bench.int8)
    table["30 % of the channels pruned by L1, 2 more epochs"] = rows.get("pruned", bench.pruned)
    table["taught by the VGG style and the ResNet + CBAM"] = rows.get("taught", bench.taught)
    print_table(table)


class Bench:
    """Data and recipe of the comparison; trained networks are kept in `out`.

    Args:
        data: Folder with ferplus/ and weights/.
        out: Folder for networks.
        epochs: Of every network.
    """

    def __init__(self, data: Path, out: Path, epochs: int) -> None:
        whole = read_ferplus(data / "ferplus" / "training.parquet")
        rows, held = split(whole)
        self.training, self.validation = whole.take(rows), whole.take(held)
        self.test = read_ferplus(data / "ferplus" / "public_test.parquet")
        self.weights = data / "weights" / "fer2013_mini_XCEPTION.102-0.66.hdf5"
        self.recipe = Recipe(epochs=epochs)
        self.out = out

    def network(self, name: str) -> dict[str, Any]:
        """One of `NETWORKS`, trained; it is kept for what follows."""
        return self.trained(NETWORKS[name], self.recipe, keep=name)

    def trained(
        self,
        make: Callable[[], nn.Module],
        recipe: Recipe,
        *,
        keep: str = "",
        labels: FloatArray | None = None,
        prepare: Callable[[TaggedFaces], TaggedFaces] = lambda data: data,
    ) -> dict[str, Any]:
        """The row of a network that is trained here."""
        torch.manual_seed(recipe.seed)
        training, validation, test = map(prepare, (self.training, self.validation, self.test))
        start = time.perf_counter()
        network, prior = fit(make(), training, recipe, validation=validation, labels=labels)
        minutes = (time.perf_counter() - start) / 60
        fitted = calibrate(network, prior, validation)
        if keep:
            torch.save((network.state_dict(), fitted.prior, minutes), self._kept(keep))
        return self.measured(fitted, minutes, test)

    def measured(self, fitted: Fitted, minutes: float | None, test: TaggedFaces) -> dict[str, Any]:
        """Accuracy of the float32 network, its size as ONNX, and its time for a face."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            export(fitted.calibrated, path)
            return self._row(path, _size(fitted.network), minutes, test)

    def mini_xception(self) -> dict[str, Any]:
        """The published weights, with contempt as good as impossible."""
        network = MiniXception(self.weights).eval()
        fitted = calibrate(network, torch.zeros(len(EXPRESSIONS)), self.validation)
        return self.measured(fitted, None, self.test)

    def svm(self) -> dict[str, Any]:
        """A linear support vector machine on local binary patterns."""
        from sklearn.svm import LinearSVC

        start = time.perf_counter()
        machine = LinearSVC(C=0.05, class_weight="balanced", random_state=0)
        machine.fit(local_binary_patterns(self.training.faces), self.training.majority)
        minutes = (time.perf_counter() - start) / 60

        def answer(faces: NDArray[np.uint8]) -> FloatArray:
            weights = np.exp(machine.decision_function(local_binary_patterns(faces)))
            return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)

        few = self.test.faces[:BATCH]
        timed = _median(lambda: answer(few)) / BATCH
        return _figures(answer, self.test, machine.coef_.size, machine.coef_.nbytes, timed, minutes)

    def equalised(self) -> dict[str, Any]:
        """The shipped network with CLAHE before it, in training and in use."""
        clahe = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4))

        def prepare(data: TaggedFaces) -> TaggedFaces:
            return replace(data, faces=np.stack([clahe.apply(face) for face in data.faces]))

        return self.trained(resnet_cbam, self.recipe, prepare=prepare)

    def int8(self) -> dict[str, Any]:
        """The shipped network with int8 convolutions."""
        fitted = self._found(SHIPPED)
        with tempfile.TemporaryDirectory() as folder:
            whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
            export(fitted.calibrated, whole)
            quantise(whole, small, self.training.faces[:512])
            return self._row(small, _size(fitted.network), None, self.test)

    def pruned(self) -> dict[str, Any]:
        """The shipped network without the weakest channels, trained a little more."""
        smaller = prune(self._found(SHIPPED).network, PRUNED)
        recipe = replace(self.recipe, epochs=2, learning_rate=self.recipe.learning_rate / 10)
        return self.trained(lambda: smaller, recipe)

    def taught(self) -> dict[str, Any]:
        """The shipped network, taught by two others (Hinton et al. 2015)."""
        answers = [
            torch.softmax(logits_of(one.network, self.training.faces) + one.prior, dim=1).numpy()
            for one in (self._found("VGG style"), self._found(SHIPPED))
        ]
        labels = 0.3 * soft_labels(self.training.votes) + 0.7 * np.mean(answers, axis=0)
        return self.trained(resnet_cbam, self.recipe, labels=labels.astype(np.float32))

    def _row(
        self, path: Path, parameters: int, minutes: float | None, test: TaggedFaces
    ) -> dict[str, Any]:
        session = open_session(path)

        def answer(faces: NDArray[np.uint8]) -> FloatArray:
            parts = [
                session.run(None, {"faces": faces[i : i + BATCH, None].astype(np.float32)})[0]
                for i in range(0, len(faces), BATCH)
            ]
            return np.concatenate(parts)

        timed = _median(lambda: answer(test.faces[:BATCH])) / BATCH
        return _figures(answer, test, parameters, path.stat().st_size, timed, minutes)

    def _found(self, name: str) -> Fitted:
        network = NETWORKS[name]()
        weights, prior, _ = torch.load(self._kept(name), weights_only=True)
        network.load_state_dict(weights)
        return calibrate(network.eval(), prior, self.validation)

    def _kept(self, name: str) -> Path:
        return self.out / f"{name.replace(' ', '-')}.pt"


def _figures(
    answer: Callable[[NDArray[np.uint8]], FloatArray],
    test: TaggedFaces,
    parameters: int,
    size: int,
    seconds: float,
    minutes: float | None,
) -> dict[str, Any]:
    found = ferplus_metrics(answer(test.faces), test)
    hidden = ferplus_metrics(answer(covered(test.faces)), test)
    return {
        "accuracy": found["accuracy"],
        "macro-recall": found["macro_recall"],
        "> 5 of 10 agree": found["accuracy_strict"],
        "30 % covered": hidden["accuracy"],
        "ECE": found["ece"],
        "parameters": parameters,
        "KiB": size // 1024,
        "ms a face": seconds * 1000,
        "minutes": minutes,
    }


def _size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _median(run: Callable[[], object], times: int = 20) -> float:
    """Median seconds of a call, after one to warm up."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
