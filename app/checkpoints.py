"""Checkpoints that were trained on this installation, beside those that the packages ship."""

from __future__ import annotations

from pathlib import Path

from app.settings import Settings
from fusion.late import LateFuser
from multimodal.checkpoints import PACKAGES, Checkpoint, checkpoint_folders, load_checkpoint
from multimodal.scoring import Fuser

BASE = "default"
"""The fuser that `emotion-monitor adapt` starts from."""
ADAPTED = "adapted"
"""How the names of the fusers begin that it made."""


def located(settings: Settings, package: str, name: str) -> str:
    """The path of a checkpoint that was trained here, or the name as it is.

    Args:
        settings: The site's settings.
        package: `text`, `audio`, `vision` or `fusion`.
        name: A checkpoint's name, or the path of a folder.
    """
    own = settings.checkpoint_dir / package / name
    return str(own) if name and (own / "config.json").is_file() else name


def installed(settings: Settings) -> list[tuple[str, Checkpoint]]:
    """Every checkpoint, shipped or trained here, with its package."""
    folders = [(p, folder) for p in PACKAGES for folder in checkpoint_folders(p)]
    for package in PACKAGES:
        own = sorted((settings.checkpoint_dir / package).glob("*/config.json"))
        folders += [(package, config.parent) for config in own]
    return [(package, load_checkpoint(package, _path(folder))) for package, folder in folders]


def adapted_fusers(settings: Settings) -> dict[str, Fuser]:
    """The fits in use, by queue; the one for all others under the empty name.

    One that was fitted to other weights than the shipped ones of today is left out.
    """
    base = load_checkpoint("fusion", BASE).info.sha256
    fusers: dict[str, Fuser] = {}
    for config in sorted((settings.checkpoint_dir / "fusion").glob(f"{ADAPTED}*/config.json")):
        found = load_checkpoint("fusion", _path(config.parent))
        if found.config.get("adapted_from") == base:
            fusers[str(found.config["queue"])] = LateFuser(str(found.path))
    return fusers


def _path(folder: Path) -> str:
    return str(folder.resolve())
