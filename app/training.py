"""`emotion-monitor train`: a user's own data to a checkpoint that the product uses by its name."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.settings import Settings
from multimodal.checkpoints import Checkpoint
from multimodal.errors import (
    ConflictError,
    InputFileError,
    InvalidInputError,
    ModelMissingError,
)

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TERMS = ("open", "research")
_LIBRARIES = {
    "text": ("torch", "transformers"),
    "audio": ("torch", "onnxscript"),
    "vision": ("torch", "onnx"),
}


def train_text(
    settings: Settings, files: Sequence[Path], encoder: str, name: str, *, epochs: float, terms: str
) -> dict[str, Any]:
    """Fine-tunes the text model; progress goes to stderr.

    Args:
        settings: Say where the checkpoint is kept.
        files: Labelled CSV or JSON lines, see `text.labelled`.
        encoder: Folder or hub id of a BERT-family encoder; empty for the compact one.
        name: Of the new checkpoint.
        epochs: Passes over the turns.
        terms: `open` or `research`.

    Returns:
        `name`, `folder`, `measured`: per head, on turns that were kept back.

    Raises:
        InvalidInputError: If name, terms or data are not as they should be.
        ConflictError: If there is a checkpoint of that name.
        ModelMissingError: If PyTorch or the encoder is missing.
    """
    folder = _folder(settings, "text", name, terms)
    from text.card import BEHAVIOUR
    from text.encoders import COMPACT
    from text.finetune import finetune

    metrics = _written(
        folder,
        "text",
        lambda work: finetune(files, encoder or str(COMPACT), work, epochs=epochs, terms=terms),
    )
    measured = [
        {"head": head, "set": of, "n": found["n"], **_rounded(found)}
        for head, sets in metrics.items()
        if head != BEHAVIOUR
        for of, found in sets.items()
        if "held-out" in of
    ]
    return {"name": name, "folder": str(folder), "measured": measured}


def train_audio(settings: Settings, data: Path, name: str, *, terms: str) -> dict[str, Any]:
    """Trains the voice model; progress goes to stderr.

    Args:
        settings: Say where the checkpoint is kept.
        data: Labelled calls: a folder or a CSV file, see `audio.corpora`.
        name: Of the new checkpoint.
        terms: `open` or `research`.

    Returns:
        `name`, `folder`, `measured`: on speakers that were kept back, of the new model and of the
        support vector machine beside it.

    Raises:
        InputFileError: If there is nothing at `data`.
        InvalidInputError: If name, terms or data are not as they should be.
        MediaError: If a recording cannot be read.
        ConflictError: If there is a checkpoint of that name.
        ModelMissingError: If PyTorch is missing.
    """
    folder = _folder(settings, "audio", name, terms)
    _require_files([data])
    from audio.train import OWN, train_own

    command = f"emotion-monitor train audio --data {data} --name {name}"
    metrics = _written(
        folder, "audio", lambda work: train_own(data, work, terms=terms, command=command)
    )
    measured = [
        {"model": title, **_rounded(metrics[key][OWN])}
        for key, title in (("model", name), ("svm_baseline", "SVM"))
    ]
    return {"name": name, "folder": str(folder), "measured": measured}


def train_vision(
    settings: Settings, data: Sequence[Path], name: str, *, epochs: int, terms: str
) -> dict[str, Any]:
    """Trains the face model; progress goes to stderr.

    Args:
        settings: Say where the checkpoint is kept.
        data: Labelled faces in the forms of `vision.corpora.read_faces`.
        name: Of the new checkpoint.
        epochs: Passes over the faces.
        terms: `open` or `research`.

    Returns:
        `name`, `folder`, `measured`: on faces that were kept back, of the new model and of a linear
        one on local binary patterns beside it.

    Raises:
        InputFileError: If there is nothing at one of `data`, or it cannot be read.
        InvalidInputError: If name, terms or data are not as they should be.
        MediaError: If a picture cannot be decoded.
        ConflictError: If there is a checkpoint of that name.
        ModelMissingError: If PyTorch is missing.
    """
    folder = _folder(settings, "vision", name, terms)
    _require_files(data)
    from vision.train import train_own

    command = f"emotion-monitor train vision {' '.join(f'--data {p}' for p in data)} --name {name}"
    metrics = _written(
        folder,
        "vision",
        lambda work: train_own(data, work, epochs=epochs, terms=terms, command=command),
    )
    measured = [
        {"model": title, "n": sum(row["n"] for row in of["per_class"].values()), **_rounded(of)}
        for of, title in ((metrics["test"], name), (metrics["baseline"], "LBP"))
    ]
    return {"name": name, "folder": str(folder), "measured": measured}


def _written(folder: Path, package: str, run: Callable[[Path], Checkpoint]) -> dict[str, Any]:
    """Runs a training and puts its checkpoint where it belongs; the figures that it measured."""
    _progress(package)
    # Written elsewhere first: a run that fails leaves no half checkpoint behind.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as unfinished:
        work = Path(unfinished) / folder.name
        metrics = run(work).metrics
        work.rename(folder)
    return metrics


def _require_files(paths: Sequence[Path]) -> None:
    for path in paths:
        if not path.exists():
            raise InputFileError("there is no such file or folder.", where=str(path))


def _folder(settings: Settings, package: str, name: str, terms: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"the name is {name!r}, expected small letters, digits, - and _, 64 at most."
        )
    if terms not in _TERMS:
        raise InvalidInputError(f"the terms are {terms!r}, expected {' or '.join(_TERMS)}.")
    if any(find_spec(library) is None for library in _LIBRARIES[package]):
        raise ModelMissingError(
            f"training needs {' and '.join(_LIBRARIES[package])}, which serving does without.",
            remedy="Run pip install 'emotion-monitor[train]'.",
        )
    folder = settings.checkpoint_dir / package / name
    if folder.exists():
        raise ConflictError(
            f"there is a checkpoint {name!r} already.",
            where=str(folder),
            remedy="Choose another name, or delete its folder first.",
        )
    return folder


def _progress(package: str) -> None:
    """Lets the package's own messages through to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger(package)
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)


def _rounded(found: dict[str, Any]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in found.items() if isinstance(value, float)}
