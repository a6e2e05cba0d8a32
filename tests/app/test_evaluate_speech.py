"""`evaluate speech` on folders of clips."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from app.evaluate import evaluate
from multimodal.errors import InvalidInputError, ModelMissingError

KEYS = {
    *("uar", "uar_k5", "uar_k20", "uar_all", "uar_8k", "uar_8k_all"),
    *("arousal_uar", "ece", "per_class", "per_speaker", "seen_speakers"),
}


@pytest.fixture(scope="module")
def speech(shared: Path) -> Path:
    return shared / "data" / "speech"


def some(source: Path, target: Path, every: int) -> Path:
    for path in sorted(source.rglob("*.ogg"))[::every]:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    return target


def test_mandarin_speakers(speech: Path, tmp_path: Path) -> None:
    result = evaluate("speech", some(speech / "casia", tmp_path / "casia", 15))
    metrics = result["metrics"]
    assert result["n"] == 60
    assert result["checkpoint"].startswith("prosody@")
    assert metrics.keys() >= KEYS
    assert set(metrics["per_speaker"]) == {"ZhaoZuoxiang", "liuchanhg", "wangzhe"}
    assert set(metrics["per_class"]) == {"neutral", "happy", "sad", "angry", "surprise", "fear"}
    assert metrics["per_class"]["angry"].keys() == {"precision", "recall", "f1", "n"}
    # Trained on, and it says so; the figures only show that the path is whole.
    assert metrics["seen_speakers"] == ["ZhaoZuoxiang", "liuchanhg", "wangzhe"]
    assert metrics["uar_all"] > 0.5
    json.dumps(result)


def test_bound_sentences_are_never_judged(speech: Path, tmp_path: Path) -> None:
    folder = some(speech / "ased" / "ased_01", tmp_path / "ased_01", 2)
    result = evaluate("speech", folder)
    assert result["metrics"]["left_out"] > 0
    judged = len(list(folder.rglob("*.ogg"))) - result["metrics"]["left_out"]
    assert result["n"] == judged > 0


def test_a_new_speaker_is_not_called_seen(speech: Path, tmp_path: Path) -> None:
    some(speech / "casia" / "wangzhe", tmp_path / "set" / "somebody", 100)
    assert evaluate("speech", tmp_path / "set")["metrics"]["seen_speakers"] == []


def test_errors_name_the_place(speech: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="labelled clip"):
        evaluate("speech", tmp_path)
    with pytest.raises(ModelMissingError, match="no-such"):
        evaluate("speech", speech / "casia", "no-such")
