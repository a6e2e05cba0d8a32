from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from app.evaluate import evaluate
from multimodal.errors import InputFileError, InvalidInputError, ModelMissingError

KEYS = {"accuracy", "macro_recall", "accuracy_strict", "fer2013_accuracy", "ece", "per_class"}


def smile() -> bytes:
    """The astronaut's whole picture: the face has to be found in it first."""
    import skimage

    astronaut = np.asarray(skimage.data.astronaut())  # type: ignore[no-untyped-call]
    picture = cv2.cvtColor(astronaut, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", picture)[1].tobytes())


def noise() -> bytes:
    random = np.random.default_rng(0)
    return bytes(cv2.imencode(".png", random.integers(0, 255, (48, 48)))[1].tobytes())


def test_public_test_of_ferplus(shared: Path) -> None:
    answer = evaluate("face", shared / "data" / "faces" / "ferplus" / "public_test.parquet")
    assert answer["task"] == "face"
    assert answer["n"] == 3276
    assert answer["metrics"].keys() >= KEYS
    assert len(answer["metrics"]["per_class"]) == 8
    shipped = Path(__file__).parents[2] / "vision" / "checkpoints" / "resnet" / "metrics.json"
    reported = pd.read_json(shipped, typ="series")["test"]
    for key in ("accuracy", "macro_recall", "ece"):
        assert answer["metrics"][key] == pytest.approx(reported[key], abs=1e-4)


def test_a_folder_per_class(tmp_path: Path) -> None:
    for label, picture in (("happiness", smile()), ("anger", noise()), ("boredom", noise())):
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.jpg").write_bytes(picture)
    answer = evaluate("face", tmp_path)
    assert answer["n"] == 2
    assert set(answer["metrics"]["per_class"]) == {"happy", "angry"}
    assert answer["metrics"]["per_class"]["happy"]["recall"] == 1.0


@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_parquet_of_name_emotion_image(tmp_path: Path, whole_folder: bool) -> None:
    pd.DataFrame(
        {
            "name": ["a", "b", "c"],
            "emotion": ["happy", "contempt", "Sad"],
            "image": [smile(), noise(), noise()],
        }
    ).to_parquet(tmp_path / "faces.parquet")
    answer = evaluate("face", tmp_path if whole_folder else tmp_path / "faces.parquet")
    assert answer["n"] == 3
    assert set(answer["metrics"]["per_class"]) == {"happy", "sad", "contempt"}


def test_data_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputFileError):
        evaluate("face", tmp_path / "nothing")
    with pytest.raises(InvalidInputError, match="no folders of pictures"):
        evaluate("face", tmp_path)
    (tmp_path / "text.parquet").write_text("not a parquet file")
    with pytest.raises(InvalidInputError, match="not a parquet file"):
        evaluate("face", tmp_path / "text.parquet")
    (tmp_path / "text.parquet").unlink()
    (tmp_path / "boredom").mkdir()
    (tmp_path / "boredom" / "1.png").write_bytes(noise())
    with pytest.raises(InvalidInputError, match="none of its labels"):
        evaluate("face", tmp_path)
    with pytest.raises(ModelMissingError):
        evaluate("face", tmp_path, "no-such-model")
