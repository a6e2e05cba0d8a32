"""`emotion-monitor evaluate`: how a shipped model does on people it never saw.

One task is one name in `TASKS`; its module has a function

    evaluate(task: str, data: Path, checkpoint: str | None) -> Measured

that reads the file formats of the corpora exactly as they lie on disk.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from multimodal.errors import InputFileError, InvalidInputError

TASKS: Mapping[str, str] = {
    "text-emotion": "app.evaluate.text",
    "text-sentiment": "app.evaluate.text",
    "text-satisfaction": "app.evaluate.text",
    "conversation-satisfaction": "app.evaluate.text",
    "speech": "app.evaluate.speech",
    "face": "app.evaluate.face",
    "fusion": "app.evaluate.fusion",
    "trajectory": "app.evaluate.fusion",
}
PACKAGES: Mapping[str, str] = {
    **dict.fromkeys(TASKS, "text"),
    "speech": "audio",
    "face": "vision",
    "fusion": "fusion",
    "trajectory": "fusion",
}
"""The package whose checkpoint a task measures."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one evaluation measured.

    Attributes:
        n: Number of items judged.
        metrics: Name to figure, `per_class` among them; JSON values.
        checkpoint: Name and version of the checkpoint that was measured.
    """

    n: int
    metrics: Mapping[str, Any]
    checkpoint: str


def evaluate(task: str, data: Path, checkpoint: str | None = None) -> dict[str, Any]:
    """Measures a checkpoint on a corpus.

    Args:
        task: One of `TASKS`.
        data: A `.jsonl.gz`, a `.parquet`, a folder with such files, or a folder tree of media.
        checkpoint: Name of a shipped checkpoint or path of a folder; None for the shipped default.

    Returns:
        `task`, `n`, `metrics`, `checkpoint`, `seconds`.

    Raises:
        InvalidInputError: If there is no such task, or the data are not in a format it reads.
        InputFileError: If there is nothing at `data`.
        ModelMissingError: If there is no model for the task.
    """
    if task not in TASKS:
        raise InvalidInputError(f"there is no task {task!r}; there are {', '.join(TASKS)}.")
    if not data.exists():
        raise InputFileError("there is no such file or folder.", where=str(data))
    start = time.perf_counter()
    measured: Measured = import_module(TASKS[task]).evaluate(task, data, checkpoint)
    return {
        "task": task,
        "n": measured.n,
        "metrics": measured.metrics,
        "checkpoint": measured.checkpoint,
        "seconds": round(time.perf_counter() - start, 3),
    }
