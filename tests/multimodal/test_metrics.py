"""The figures, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from multimodal.metrics import classification_report, expected_calibration_error, masked


def test_report_by_hand() -> None:
    # truth a a a b; guesses a a b b: a: precision 1, recall 2/3; b: precision 1/2, recall 1.
    p = np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.4, 0.6, 0], [0.3, 0.7, 0]])
    report = classification_report([0, 0, 0, 1], p, ["a", "b", "c"])
    assert report["accuracy"] == 0.75
    assert report["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)
    assert report["weighted_f1"] == pytest.approx(0.8 * 0.75 + 2 / 3 * 0.25)
    assert report["macro_recall"] == pytest.approx((2 / 3 + 1) / 2)
    assert report["majority_accuracy"] == 0.75
    assert report["per_class"] == {
        "a": {"precision": 1.0, "recall": pytest.approx(2 / 3), "f1": pytest.approx(0.8), "n": 3},
        "b": {"precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3), "n": 1},
    }


def test_ece_by_hand() -> None:
    # Two at .95 of which one is right, one at .55 that is right: (2/3)(.45) + (1/3)(.45).
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.55, 0.45]])
    assert expected_calibration_error([0, 1, 0], p) == pytest.approx(0.45)
    assert expected_calibration_error([0, 0], np.eye(2)[[0, 0]]) == 0


def test_masking_keeps_only_the_classes_of_a_set() -> None:
    p = masked([[0.5, 0.3, 0.2], [0.0, 1.0, 0.0]], [0, 2])
    np.testing.assert_allclose(p, [[5 / 7, 0, 2 / 7], [0.5, 0, 0.5]])
