"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def require(present: bool, what: str) -> None:
    """Skips the test where something is not there, and fails it in CI, where it must be."""
    if not present:
        if os.environ.get("CI"):
            pytest.fail(f"{what}, and CI needs it")
        pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public corpora and real samples that stands beside a developer's checkout."""
    folder = ROOT.parent / "shared"
    require(folder.is_dir(), f"there are no public corpora at {folder}")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """The conversations that the project made itself."""
    return ROOT / "data" / "samples"
