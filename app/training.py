"""`emotion-monitor train`: a user's own data to a checkpoint that the product uses by its name."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from app.settings import Settings
from multimodal.errors import ConflictError, InvalidInputError, ModelMissingError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_TERMS = ("open", "research")


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
    folder = _folder(settings, "text", name)
    if terms not in _TERMS:
        raise InvalidInputError(f"the terms are {terms!r}, expected {' or '.join(_TERMS)}.")
    from text.card import BEHAVIOUR
    from text.encoders import COMPACT
    from text.finetune import finetune

    _progress("text")
    # Written elsewhere first: a run that fails leaves no half checkpoint behind.
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as unfinished:
        work = Path(unfinished) / name
        checkpoint = finetune(files, encoder or str(COMPACT), work, epochs=epochs, terms=terms)
        metrics = checkpoint.metrics
        work.rename(folder)
    measured = [
        {"head": head, "set": of, "n": found["n"], **_rounded(found)}
        for head, sets in metrics.items()
        if head != BEHAVIOUR
        for of, found in sets.items()
        if "held-out" in of
    ]
    return {"name": name, "folder": str(folder), "measured": measured}


def _folder(settings: Settings, package: str, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"the name is {name!r}, expected small letters, digits, - and _, 64 at most."
        )
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ModelMissingError(
            "training needs PyTorch and transformers, which serving does without.",
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
