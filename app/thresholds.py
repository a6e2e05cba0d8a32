"""The thresholds that `emotion-monitor adapt` fitted to a queue's verdicts, on the disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.settings import Settings
from multimodal.checkpoints import load_checkpoint
from multimodal.errors import CheckpointError
from multimodal.thresholds import Thresholds, moved

_FOLDER = "thresholds"


def fitted_thresholds(settings: Settings) -> dict[str, Thresholds]:
    """Those in use, by queue; those of all others under the empty name.

    Those that were fitted to the risk of other models than are shipped today are left out.

    Raises:
        CheckpointError: If a file is damaged.
    """
    files = sorted((settings.checkpoint_dir / _FOLDER).glob("*.json"))
    if not files:
        return {}
    today, found = _models(), {}
    for file in files:
        try:
            kept = json.loads(file.read_text("utf-8"))
            if kept["models"] == today:
                found[str(kept["queue"])] = moved(float(kept["by"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"these fitted thresholds cannot be read: {error!r}.",
                where=str(file),
                remedy="Fit them again with emotion-monitor adapt, or delete the file.",
            ) from error
    return found


def keep_thresholds(settings: Settings, queue: str, by: float, metrics: Mapping[str, Any]) -> Path:
    """Puts thresholds to use, from the next start on; returns their file.

    Args:
        settings: The site's.
        queue: Skill group; empty for all that have none of their own.
        by: See `multimodal.thresholds.moved`.
        metrics: What they brought, kept beside them.
    """
    file = _file(settings, queue)
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {"queue": queue, "by": by, "models": _models(), "metrics": dict(metrics)}
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(kept, ensure_ascii=False, indent=1), "utf-8")
    unfinished.replace(file)
    return file


def drop_thresholds(settings: Settings, queue: str) -> bool:
    """Takes them back: the fixed ones hold again. Returns whether there were any."""
    file = _file(settings, queue)
    there = file.is_file()
    file.unlink(missing_ok=True)
    return there


def _file(settings: Settings, queue: str) -> Path:
    digest = hashlib.sha256(queue.encode()).hexdigest()[:12] if queue else "all"
    return settings.checkpoint_dir / _FOLDER / f"{digest}.json"


def _models() -> list[str]:
    return [load_checkpoint("fusion", name).info.sha256 for name in ("default", "trajectory")]
