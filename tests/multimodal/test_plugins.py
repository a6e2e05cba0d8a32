"""A fourth modality is a package with one line of metadata."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from multimodal.errors import ModelMissingError
from multimodal.plugins import load_fuser, load_scorers

PLUGIN = """
from multimodal.emotions import EmotionScores, ModelInfo

class HeartRate:
    modality = "heart_rate"
    needs = frozenset()
    stateful = False
    info = ModelInfo("heart-rate", "1")

    def score(self, inputs):
        return [EmotionScores.missing("no sensor", model=self.info) for _ in inputs]
"""
PROGRAM = """
from multimodal import Conversation, EmotionMonitor, Role, Turn
turns = (Turn(Role.CUSTOMER, "你好"), Turn(Role.AGENT, "您好"))
scored = EmotionMonitor().score(Conversation("c", turns, notice="N"))
for turn in scored.turns:
    print(*turn.scores, "|", turn.scores["heart_rate"].reason[:6])
"""


def test_the_shipped_ones_come_in_order() -> None:
    assert [scorer.modality for scorer in load_scorers()] == ["text", "voice", "face"]
    assert load_fuser().info.name
    with pytest.raises(ModelMissingError, match="no fuser 'early'; installed are late"):
        load_fuser("early")


def test_an_installed_plug_in_is_found_and_gated(tmp_path: Path) -> None:
    (tmp_path / "heart.py").write_text(PLUGIN)
    metadata = tmp_path / "heart-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: heart\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[multimodal.scorers]\nheart_rate = heart:HeartRate\n"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": "", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "text voice face heart_rate | no sen",
        "text voice face heart_rate | policy",
    ]
