"""Reads the arrays of a checkpoint; no pickles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from multimodal.errors import CheckpointError


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, Any]:
    """The named arrays of an `.npz` file.

    Raises:
        CheckpointError: If it cannot be read or lacks one of them.
    """
    try:
        # Opened here, because numpy leaves a broken archive open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            return {name: data[name] for name in names}
    except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise CheckpointError(f"no weights: {error}.", where=str(path)) from error
