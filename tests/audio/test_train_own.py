"""`emotion-monitor train audio`: labelled calls to a checkpoint that is used by its name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")

from app.checkpoints import installed
from app.evaluate import evaluate
from app.monitor import build_monitor
from app.settings import Settings
from app.training import train_audio
from multimodal.errors import ConflictError, InputFileError, InvalidInputError, MediaError
from multimodal.scoring import VOICE

RATE = 8000
SPEAKERS = {"王女士": 210.0, "李先生": 110.0, "赵先生": 140.0}


def clip(hz: float, *, angry: bool, seed: int) -> np.ndarray:
    """Swelling harmonics; angry is higher, brighter, and more lively."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(1.2 * RATE)) / RATE
    lively = (0.25 if angry else 0.05) * np.sin(2 * np.pi * rng.uniform(0.8, 1.2) * time)
    phase = 2 * np.pi * np.cumsum(hz * (1.3 if angry else 1.0) * (1 + lively)) / RATE
    bright = 0.6 if angry else 1.5
    sound = sum(np.sin(k * phase) / k**bright for k in range(1, 10))
    swell = np.sin(2 * np.pi * (3 if angry else 2) * time).clip(0)
    return np.asarray(0.05 * swell * sound + rng.normal(0, 1e-3, len(time)), dtype=np.float32)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three calls, each one file, with a list of the turns in them."""
    folder = tmp_path_factory.mktemp("calls")
    lines = ["file,start,end,speaker,emotion"]
    for who, (speaker, hz) in enumerate(SPEAKERS.items()):
        turns = [clip(hz, angry=i % 2 == 1, seed=100 * who + i) for i in range(12)]
        soundfile.write(folder / f"call{who}.wav", np.concatenate(turns), RATE)
        for i in range(12):
            emotion = "生气" if i % 2 else "平静"
            lines.append(f"call{who}.wav,{1.2 * i:.1f},{1.2 * (i + 1):.1f},{speaker},{emotion}")
    (folder / "turns.csv").write_text("\n".join(lines), "utf-8")
    return folder / "turns.csv"


def test_a_checkpoint_of_ones_own_is_used_by_name(tmp_path: Path, calls: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    result = train_audio(settings, calls, "mine", terms="open")
    own, svm = result["measured"]
    assert (own["model"], svm["model"]) == ("mine", "SVM")
    assert own["uar_all"] > 0.9
    folder = Path(result["folder"])
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["terms"] == "open"
    assert config["speakers"] == {"own": sorted(SPEAKERS)}
    card = (folder / "README.md").read_text("utf-8")
    assert card.startswith("# mine")
    assert "emotion-monitor train audio" in card
    assert "CASIA" not in card
    assert "mine" in [checkpoint.info.name for _, checkpoint in installed(settings)]
    monitor = build_monitor(Settings(data_dir=tmp_path, audio_checkpoint="mine"))
    assert monitor.models()[VOICE].name == "mine"
    measured = evaluate("speech", calls, str(folder))
    assert measured["n"] == 36
    assert measured["metrics"]["seen_speakers"] == sorted(SPEAKERS)
    assert measured["metrics"]["uar_all"] > 0.9
    with pytest.raises(ConflictError, match="already"):
        train_audio(settings, calls, "mine", terms="open")


def test_a_run_that_fails_leaves_nothing_behind(tmp_path: Path, calls: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(InputFileError, match="nowhere"):
        train_audio(settings, tmp_path / "nowhere", "mine", terms="open")
    with pytest.raises(InvalidInputError, match="name"):
        train_audio(settings, calls, "../mine", terms="open")
    with pytest.raises(InvalidInputError, match="terms"):
        train_audio(settings, calls, "mine", terms="mit")
    lines = calls.read_text("utf-8").splitlines()
    one = calls.parent / "one.csv"
    one.write_text("\n".join(lines[:13]), "utf-8")
    with pytest.raises(InvalidInputError, match="1 speakers"):
        train_audio(settings, one, "mine", terms="open")
    (calls.parent / "broken.wav").write_bytes(b"no sound")
    one.write_text(f"{lines[0]}\nbroken.wav,,,A,angry", "utf-8")
    with pytest.raises(MediaError, match=r"broken\.wav"):
        train_audio(settings, one, "mine", terms="open")
    assert not list((settings.checkpoint_dir / "audio").glob("*"))
