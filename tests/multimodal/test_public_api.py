"""`import multimodal`: its names, its weight, and the three-line example of the README."""

from __future__ import annotations

import subprocess
import sys

import pytest

import multimodal
from multimodal import Conversation, EmotionMonitor, Role, Turn


def test_every_public_name_can_be_had_and_no_other() -> None:
    for name in multimodal.__all__:
        assert getattr(multimodal, name) is not None
    assert dir(multimodal) == sorted(multimodal.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = multimodal.nothing


def test_import_is_light() -> None:
    code = "import sys, multimodal; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {
        "torch",
        "librosa",
        "cv2",
        "onnxruntime",
        "av",
        "sklearn",
        "pandas",
        "numpy",
    }


def test_the_readmes_example() -> None:
    conversation = Conversation("c1", (Turn(Role.CUSTOMER, "等了三天还没发货，我非常生气！"),))
    scored = EmotionMonitor().score(conversation)
    answer = scored.turns[0].answer
    assert answer.label == "angry"
    assert answer.valence < -0.3
    assert 0 < answer.confidence <= 1
