"""Where checkpoints lie, whether they are whole, and the model card that stands beside them.

A checkpoint is a folder `<package>/checkpoints/<name>/`, or a folder of the user's own:

    config.json    what it is: name, version, task, terms, training data, `files` with their SHA-256
    metrics.json   what was measured on people it never saw
    README.md      the model card, written by the training run from the two above
    *.onnx, *.safetensors, ...   the weights
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from multimodal.emotions import ModelInfo
from multimodal.errors import CheckpointError, ModelMissingError

PACKAGES = ("text", "audio", "vision", "fusion")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder whose files are what its configuration says they are."""

    path: Path
    config: Mapping[str, Any]

    @cached_property
    def info(self) -> ModelInfo:
        """Name, version, terms, and a digest over configuration and weights."""
        digest = hashlib.sha256((self.path / "config.json").read_bytes()).hexdigest()
        return ModelInfo(
            name=self.config["name"],
            version=self.config["version"],
            sha256=digest,
            terms=self.config["terms"],
        )

    @property
    def metrics(self) -> dict[str, Any]:
        """What was measured when it was trained."""
        path = self.path / "metrics.json"
        return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}

    def file(self, name: str) -> Path:
        """One of its files.

        Raises:
            CheckpointError: If the configuration does not name it.
        """
        if name not in self.config["files"]:
            raise CheckpointError(f"it has no file {name!r}.", where=str(self.path))
        return self.path / name


def load_checkpoint(package: str, name: str) -> Checkpoint:
    """A checkpoint by its name, or by the path of its folder, verified file by file.

    Args:
        package: `text`, `audio`, `vision` or `fusion`.
        name: The folder's name under `<package>/checkpoints/`, or a path with a separator in it.

    Raises:
        ModelMissingError: If there is no such folder.
        CheckpointError: If a file is missing, damaged, or the configuration cannot be read.
    """
    path = Path(name) if "/" in name or "\\" in name else _folder(package) / name
    config_path = path / "config.json"
    if not config_path.is_file():
        known = ", ".join(c.name for c in checkpoint_folders(package)) or "none"
        raise ModelMissingError(
            f"there is no {package} checkpoint {name!r}; installed are: {known}.",
            remedy=f"Train one (python -m {package}.train --help) or give the path of its folder.",
        )
    try:
        config = json.loads(config_path.read_text("utf-8"))
        for file, expected in config["files"].items():
            if _sha256(path / file) != expected:
                raise CheckpointError(
                    f"{file} is not the file that the configuration names.",
                    where=str(path),
                    remedy="Install the checkpoint again.",
                )
        if {"name", "version", "terms"} - config.keys():
            raise CheckpointError("config.json lacks name, version or terms.", where=str(path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"it cannot be read: {error}.", where=str(path)) from error
    return Checkpoint(path, config)


def checkpoint_folders(package: str) -> list[Path]:
    """The folders of the checkpoints that a package ships, by name."""
    return sorted(p.parent for p in _folder(package).glob("*/config.json"))


def save_checkpoint(
    path: Path,
    *,
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    files: Sequence[str],
    card: str,
) -> Checkpoint:
    """Completes a checkpoint folder whose weights are already there.

    Args:
        path: The folder.
        config: `name`, `version`, `terms` (`open` or `research`) and whatever the scorer needs.
        metrics: What was measured, as JSON values.
        files: Names of the weight files in the folder; their digests go into the configuration.
        card: Text of the model card, in Markdown; see `model_card`.
    """
    whole = {**config, "files": {name: _sha256(path / name) for name in files}}
    _write_json(path / "config.json", whole)
    _write_json(path / "metrics.json", metrics)
    (path / "README.md").write_text(card.rstrip() + "\n", "utf-8")
    return Checkpoint(path, whole)


def model_card(
    *,
    title: str,
    summary: str,
    terms: str,
    data: Sequence[tuple[str, str, str]],
    split: str,
    measured: Sequence[tuple[str, str, str]],
    command: str,
    cost: str,
    use: str,
    limits: Sequence[str],
    method: str,
) -> str:
    """A model card in Markdown (after Mitchell et al. 2019, "Model cards for model reporting").

    Args:
        title: The checkpoint's name.
        summary: One sentence: what goes in, what comes out.
        terms: `open` or `research`.
        data: Rows of corpus, size, licence.
        split: How people were kept apart between training and evaluation.
        measured: Rows of measure, this model, baseline.
        command: The command that measures it again.
        cost: Size and speed, with the machine.
        use: What it is meant for.
        limits: Where it fails and what it must not be used for.
        method: How it works and where the method comes from.
    """

    def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
        lines = [" | ".join(head), " | ".join("---" for _ in head)]
        lines += [" | ".join(row) for row in rows]
        return "\n".join(f"| {line} |" for line in lines)

    return "\n\n".join(
        [
            f"# {title}",
            summary,
            f"**Terms: `{terms}`.** "
            + (
                "Every corpus it was trained on allows free use."
                if terms == "open"
                else "Trained on corpora that are for research only; so is this checkpoint."
            ),
            "## Method\n\n" + method,
            "## Training data\n\n" + table(("corpus", "size", "licence"), data),
            "## Split\n\n" + split,
            "## Measured\n\n"
            + table(("measure", "this model", "baseline"), measured)
            + f"\n\nMeasured by `{command}`.",
            "## Cost\n\n" + cost,
            "## Use\n\n" + use,
            "## Limits\n\n" + "\n".join(f"- {limit}" for limit in limits),
        ]
    )


def _folder(package: str) -> Path:
    if package not in PACKAGES:
        raise ModelMissingError(f"there is no package {package!r}; there are {PACKAGES}.")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelMissingError(f"the package {package!r} is not installed.")
    return Path(spec.origin).parent / "checkpoints"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")
