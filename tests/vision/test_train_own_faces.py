"""`emotion-monitor train vision`: labelled faces to a checkpoint that is used by its name."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("torch")

from app.checkpoints import installed
from app.evaluate import evaluate
from app.monitor import build_monitor
from app.settings import Settings
from app.training import train_vision
from multimodal.errors import ConflictError, InputFileError, InvalidInputError, MediaError
from multimodal.scoring import FACE


def face(*, happy: bool, seed: int) -> np.ndarray:
    """A grey disc with a mouth: a line for neutral, an open one for happy."""
    rng = np.random.default_rng(seed)
    image = np.full((48, 48), rng.integers(60, 100), np.uint8)
    cv2.circle(image, (24, 24), 20, 180, -1)
    for x in (16, 32):
        cv2.circle(image, (x, 18), 3, 30, -1)
    mouth = (24 + int(rng.integers(-1, 2)), 33)
    cv2.ellipse(image, mouth, (9, 6 if happy else 1), 0, 0, 360, 20, -1)
    return np.asarray(np.clip(image + rng.normal(0, 4, image.shape), 0, 255), np.uint8)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten people with ten faces each: PERSON/EXPRESSION/picture."""
    folder = tmp_path_factory.mktemp("faces")
    for person in range(10):
        for number in range(20):
            label = "高兴" if number % 2 else "neutral"
            path = folder / f"person{person}" / label
            path.mkdir(parents=True, exist_ok=True)
            image = face(happy=label == "高兴", seed=100 * person + number)
            # OpenCV cannot write to such a path on every system.
            (path / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return folder


def test_a_checkpoint_of_ones_own_is_used_by_name(tmp_path: Path, faces: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    result = train_vision(settings, [faces], "mine", epochs=8, terms="open")
    own, baseline = result["measured"]
    assert (own["model"], baseline["model"]) == ("mine", "LBP")
    assert own["n"] == 20  # one person
    assert own["accuracy"] > 0.8
    folder = Path(result["folder"])
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert (config["terms"], config["epochs"]) == ("open", 8)
    card = (folder / "README.md").read_text("utf-8")
    assert "--name mine" in card
    assert "the user's: open" in card
    assert "mine" in {checkpoint.info.name for _, checkpoint in installed(settings)}
    monitor = build_monitor(Settings(data_dir=tmp_path, vision_checkpoint="mine"))
    assert monitor.models()[FACE].name == "mine"
    measured = evaluate("face", faces, str(folder))
    assert measured["n"] == 200
    with pytest.raises(ConflictError, match="already"):
        train_vision(settings, [faces], "mine", epochs=1, terms="open")


def test_data_that_cannot_be_trained_on_say_why(tmp_path: Path, faces: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")

    def refused(kind: type[Exception], match: str, *paths: Path) -> None:
        with pytest.raises(kind, match=match):
            train_vision(settings, list(paths), "other", epochs=1, terms="open")

    refused(InputFileError, "no such", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    refused(InvalidInputError, "no folders of pictures", tmp_path / "empty")
    few = tmp_path / "few.parquet"
    picture = next(faces.glob("*/*/*.png")).read_bytes()
    rows = {"name": ["a", "b"], "emotion": ["happy", "sad"], "image": [picture] * 2}
    pd.DataFrame(rows).to_parquet(few)
    refused(InvalidInputError, "too few faces: happy 1, sad 1", few)
    pd.DataFrame(rows | {"image": [b"no picture"] * 2}).to_parquet(few)
    refused(MediaError, "can be decoded", few)
    pd.DataFrame(rows | {"emotion": ["hungry", "tired"]}).to_parquet(few)
    refused(InvalidInputError, "none of its labels", few)
    assert not list((tmp_path / "data").rglob("other"))
