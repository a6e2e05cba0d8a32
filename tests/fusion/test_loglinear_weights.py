"""The parameters: saved and read, extended by a fourth modality, the same in torch and numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fusion.loglinear import K, Weights, posterior, terms
from multimodal.checkpoints import load_checkpoint
from multimodal.errors import CheckpointError


@pytest.fixture
def weights() -> Weights:
    return Weights.load(load_checkpoint("fusion", "labels").file("weights.npz"))


def test_saved_and_read_again(weights: Weights, tmp_path: Path) -> None:
    weights.save(tmp_path / "w.npz")
    again = Weights.load(tmp_path / "w.npz")
    assert again.names == weights.names
    np.testing.assert_array_equal(again.matrix, weights.matrix)


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(CheckpointError, match="no weights"):
        Weights.load(tmp_path / "w.npz")


def test_weights_of_other_shapes_are_refused(weights: Weights, tmp_path: Path) -> None:
    arrays = {"prior": weights.prior[:6], "smoothing": weights.smoothing}
    arrays |= {"matrix": weights.matrix, "shift": weights.shift, "discount": weights.discount}
    arrays["contradiction"] = weights.contradiction
    np.savez(tmp_path / "w.npz", names=np.array(weights.names), **arrays)
    with pytest.raises(CheckpointError, match="expected"):
        Weights.load(tmp_path / "w.npz")


def test_new_modality_gets_half_the_mean_weight(weights: Weights) -> None:
    wider = weights.extended((*weights.names, "eeg"))
    scale = np.trace(weights.matrix, axis1=1, axis2=2).mean() / K / 2
    np.testing.assert_allclose(wider.matrix[3], scale * np.eye(K))
    np.testing.assert_array_equal(wider.matrix[:3], weights.matrix)
    np.testing.assert_array_equal(wider.discount[:3, :3], weights.discount)
    assert not wider.discount.diagonal().any()
    p = np.full((1, 4, K), 0.02)
    p[0, 3, 3] = 0.88
    answer = posterior(wider, p, np.array([[0.0, 0, 0, 1]]))
    assert answer.argmax() == 3


def test_torch_and_numpy_agree(weights: Weights) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    p, r = rng.dirichlet(np.ones(K), size=(20, 3)), rng.random((20, 3))
    arrays = {
        name: torch.tensor(getattr(weights, name))
        for name in ("prior", "smoothing", "matrix", "shift", "discount", "contradiction")
    }
    moved, strength = terms(
        torch, Weights(weights.names, **arrays), torch.tensor(p), torch.tensor(r)
    )
    expected, expected_strength = terms(np, weights, p, r)
    np.testing.assert_allclose(moved.numpy(), expected, atol=1e-10)
    np.testing.assert_allclose(strength.numpy(), expected_strength, atol=1e-10)
