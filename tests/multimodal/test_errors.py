"""The tree of errors."""

from __future__ import annotations

import pickle

import pytest

from multimodal.errors import CheckpointError, EmotionMonitorError, MediaError


@pytest.mark.parametrize("kind", [EmotionMonitorError, MediaError, CheckpointError])
def test_an_error_passes_from_a_worker_process_to_its_parent(
    kind: type[EmotionMonitorError],
) -> None:
    error = kind("it has no sound.", where="a.wav", remedy="Give another.")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error) == "a.wav: it has no sound. Give another."
    assert (back.what, back.where, back.remedy) == (error.what, error.where, error.remedy)
