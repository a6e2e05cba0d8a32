"""A checkpoint is found by name or path, and is what its configuration says it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from multimodal.checkpoints import (
    PACKAGES,
    checkpoint_folders,
    load_checkpoint,
    model_card,
    save_checkpoint,
)
from multimodal.errors import CheckpointError, ModelMissingError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "weights.bin").write_bytes(b"weights")
    save_checkpoint(
        tmp_path,
        config={"name": "mine", "version": "1", "terms": "open"},
        metrics={"accuracy": 0.5},
        files=["weights.bin"],
        card="# mine",
    )
    return tmp_path


def test_saved_and_loaded(folder: Path) -> None:
    checkpoint = load_checkpoint("text", str(folder))
    assert (checkpoint.info.name, checkpoint.info.terms) == ("mine", "open")
    assert checkpoint.metrics == {"accuracy": 0.5}
    assert checkpoint.file("weights.bin").read_bytes() == b"weights"
    with pytest.raises(CheckpointError, match="no file 'other.bin'"):
        checkpoint.file("other.bin")


def test_a_changed_file_is_noticed(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(b"other weights")
    with pytest.raises(CheckpointError, match="weights.bin is not the file"):
        load_checkpoint("text", str(folder))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {}}', '{"files": {"no": "x"}}'])
def test_a_damaged_configuration_is_said(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointError):
        load_checkpoint("text", str(folder))


def test_a_missing_one_names_those_there_are() -> None:
    with pytest.raises(ModelMissingError, match="no text checkpoint 'nope'; installed are"):
        load_checkpoint("text", "nope")


def test_every_shipped_checkpoint_is_whole_measured_and_has_a_card() -> None:
    for package in PACKAGES:
        folders = checkpoint_folders(package)
        assert folders, f"{package} ships no checkpoint"
        for path in folders:
            checkpoint = load_checkpoint(package, path.name)
            assert checkpoint.info.name == path.name
            assert checkpoint.metrics
            card = (path / "README.md").read_text("utf-8")
            for heading in ("Training data", "Split", "Measured", "Cost", "Use", "Limits"):
                assert f"## {heading}" in card, f"{path} has no {heading}"
            assert sum(f.stat().st_size for f in path.iterdir()) < 50e6


def test_a_card_says_everything() -> None:
    card = model_card(
        title="mine",
        summary="Text in, scores out.",
        terms="research",
        data=[("corpus", "10", "MIT")],
        split="by person",
        measured=[("accuracy", ".5", ".4")],
        command="emotion-monitor evaluate",
        cost="1 MB",
        use="tests",
        limits=["none of it is true"],
        method="guessing",
    )
    assert "for research only" in card
    assert "| accuracy | .5 | .4 |" in card
