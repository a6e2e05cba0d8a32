from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from multimodal.checkpoints import save_checkpoint
from multimodal.errors import CheckpointError, InvalidInputError, MediaError, ModelMissingError
from vision.baseline import local_binary_patterns
from vision.corpora import TaggedFaces, read_ferplus
from vision.expression import EXPRESSIONS, SIDE, ExpressionModel
from vision.metrics import covered, ferplus_metrics

torch = pytest.importorskip("torch")

from vision.augmentation import augment  # noqa: E402  # torch is only in [train]
from vision.fitting import Recipe, fit, mixed, rate_at, soft_labels  # noqa: E402
from vision.model import ExpressionNet  # noqa: E402
from vision.train import calibrate, split, write_network  # noqa: E402


def stripes(n: int) -> TaggedFaces:
    """Two expressions that a network can learn: stripes across are happy, stripes down are sad."""
    random = np.random.default_rng(0)
    pattern = np.where(np.arange(SIDE) // 4 % 2, 180, 60)
    across = np.broadcast_to(pattern[:, None], (SIDE, SIDE))
    kind = random.integers(0, 2, n)
    faces = np.stack([across if k else across.T for k in kind]) + random.normal(0, 8, (n, 48, 48))
    votes = np.zeros((n, len(EXPRESSIONS)), np.int64)
    votes[np.arange(n), np.where(kind, 1, 3)] = 9
    votes[:, 0] = 1
    return TaggedFaces(faces.clip(0, 255).astype(np.uint8), votes, [None] * n, [""] * n)


SMALL: dict[str, Any] = {"widths": (8, 16), "blocks": (1, 1), "stride": 2}


def test_learns_and_is_served_as_it_was_trained(tmp_path: Path) -> None:
    data = stripes(512)
    torch.manual_seed(0)
    made = ExpressionNet(len(EXPRESSIONS), **SMALL)
    network, prior = fit(made, data, Recipe(epochs=5), validation=data)
    fitted = calibrate(network, prior, data)
    write_network(fitted, tmp_path, data.faces[:64], data.faces)
    config = {"name": "t", "version": "0", "terms": "open", "labels": EXPRESSIONS}
    save_checkpoint(tmp_path, config=config, metrics={}, files=["model.onnx"], card="")
    served = ExpressionModel(f"{tmp_path}/").predict(data.faces)
    with torch.inference_mode():
        trained = fitted.calibrated(torch.from_numpy(data.faces)[:, None].float()).numpy()
    assert served == pytest.approx(trained, abs=0.1)  # int8
    assert (served.argmax(axis=1) == trained.argmax(axis=1)).mean() >= 0.99
    assert ferplus_metrics(served, data)["accuracy"] > 0.95


@pytest.mark.parametrize("balance", ["adjusted", "weighted", "sampled", "none"])
def test_a_run_can_be_repeated(balance: Any) -> None:
    data = stripes(64)
    runs = []
    for _ in range(2):
        torch.manual_seed(0)
        made = ExpressionNet(len(EXPRESSIONS), **SMALL)
        network, prior = fit(made, data, Recipe(epochs=1, balance=balance), validation=data)
        assert bool(prior.any()) == (balance == "adjusted")
        runs.append(network(torch.zeros(1, 1, SIDE, SIDE)))
    assert torch.equal(*runs)


def test_the_rate_rises_falls_and_starts_again() -> None:
    assert rate_at(0, 1) == 0
    assert rate_at(0.05, 1) == pytest.approx(1, abs=0.01)
    assert rate_at(1, 1) == pytest.approx(0)
    assert rate_at(1 / 3 - 1e-6, 2) == pytest.approx(0, abs=1e-3)
    assert rate_at(1 / 3 + 1e-6, 2) == pytest.approx(1, abs=1e-3)


def test_mixing_keeps_the_sums() -> None:
    faces, labels = torch.rand(6, 1, 4, 4), torch.eye(6)
    some, mixed_labels = mixed(faces, labels, 0.2, torch.Generator().manual_seed(1))
    assert some.sum() == pytest.approx(faces.sum().item(), rel=1e-5)
    assert mixed_labels.sum(dim=1).numpy() == pytest.approx(np.ones(6))


def test_augmentation_keeps_shape_range_and_is_repeatable() -> None:
    faces = torch.full((8, 1, SIDE, SIDE), 200.0)
    one, two = (augment(faces, torch.Generator().manual_seed(3)) for _ in range(2))
    assert one.shape == faces.shape
    assert torch.equal(one, two)
    assert one.min() >= 0
    assert one.max() <= 255
    assert not torch.equal(one, faces)


def test_thirty_percent_are_covered() -> None:
    faces = np.full((20, SIDE, SIDE), 255, np.uint8)
    hidden = (covered(faces) != 255).mean(axis=(1, 2))
    assert hidden == pytest.approx(np.full(20, 0.3), abs=0.02)


def test_no_image_stands_on_both_sides_of_the_split() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (100, SIDE, SIDE)).astype(np.uint8)
    doubled = np.concatenate([faces, faces])
    training, validation = split(with_faces(doubled))
    assert not {x % 100 for x in training.tolist()} & {x % 100 for x in validation.tolist()}
    assert len(training) + len(validation) == 200
    assert 0 < len(validation) < 60


def test_no_person_stands_on_both_sides_of_the_split() -> None:
    people = [f"person {i % 5}" for i in range(100)]
    data = with_faces(np.zeros((100, SIDE, SIDE), np.uint8), people)
    training, validation = split(data)
    assert {people[i] for i in training}.isdisjoint(people[i] for i in validation)
    assert len(validation) == 20


def with_faces(faces: np.ndarray, people: list[str] | None = None) -> TaggedFaces:
    n = len(faces)
    return TaggedFaces(faces, np.ones((n, 8), np.int64), [None] * n, people or [""] * n)


def test_soft_labels_drop_single_votes_unless_there_is_nothing_else() -> None:
    votes = np.array([[6, 3, 1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0]])
    expected = [[2 / 3, 1 / 3, 0, 0, 0, 0, 0, 0], [0.5, 0.5, 0, 0, 0, 0, 0, 0]]
    assert soft_labels(votes) == pytest.approx(np.array(expected))


def test_model_is_small() -> None:
    assert sum(p.numel() for p in ExpressionNet(8).parameters()) < 1_000_000


def test_binary_patterns_of_a_flat_face_and_of_an_edge() -> None:
    flat = np.full((1, SIDE, SIDE), 90, np.uint8)
    edge = flat.copy()
    edge[:, :, 28:] = 200
    patterns = local_binary_patterns(np.concatenate([flat, edge])).reshape(2, 36, 59)
    assert np.square(patterns).sum(axis=2) == pytest.approx(1.0)
    assert (patterns[0] > 0).sum() == 36
    assert (patterns[1, 3] > 0).sum() > 1
    assert (patterns[1, 0] > 0).sum() == 1


def write_ferplus(path: Path, rows: list[tuple[list[int], str | None, bool]]) -> None:
    encoded = cv2.imencode(".png", np.full((SIDE, SIDE), 99, np.uint8))[1].tobytes()
    pd.DataFrame(
        {
            "name": [f"{i}.png" for i in range(len(rows))],
            "image": [encoded] * len(rows),
            "votes": [votes for votes, _, _ in rows],
            "fer2013_label": [label for _, label, _ in rows],
            "duplicate_of_training": [copy for _, _, copy in rows],
        }
    ).to_parquet(path)


def test_ferplus_without_copies_and_unknowns(tmp_path: Path) -> None:
    path = tmp_path / "some.parquet"
    write_ferplus(
        path,
        [
            ([8, 0, 0, 0, 0, 0, 0, 0, 2, 0], "neutral", False),
            ([0, 9, 0, 0, 0, 0, 0, 0, 0, 1], "happy", True),
            ([0, 3, 0, 0, 0, 0, 0, 0, 7, 0], None, False),
            ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None, False),
            ([0, 4, 0, 4, 0, 0, 0, 0, 2, 0], None, False),
        ],
    )
    data = read_ferplus(path)
    assert data.majority.tolist() == [0, 1]
    assert data.fer2013 == ["neutral", None]
    assert data.faces.shape == (2, SIDE, SIDE)


def test_ties_count_for_either_label_and_agreement_is_strict() -> None:
    votes = np.array([[0, 4, 0, 4, 0, 0, 0, 0], [5, 4, 1, 0, 0, 0, 0, 0], [1, 9, 0, 0, 0, 0, 0, 0]])
    data = TaggedFaces(
        np.zeros((3, SIDE, SIDE), np.uint8), votes, [None, "happy", "neutral"], [""] * 3
    )
    guess = np.eye(8, dtype=np.float32)[[3, 0, 1]]
    metrics = ferplus_metrics(guess, data)
    assert metrics["accuracy"] == 1.0
    assert (metrics["n_strict"], metrics["accuracy_strict"]) == (1, 1.0)
    assert (metrics["n_fer2013"], metrics["fer2013_accuracy"]) == (2, 0.0)


def test_broken_data_say_what_is_wrong(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InvalidInputError, match="lacks the columns"):
        read_ferplus(tmp_path / "a.parquet")
    write_ferplus(tmp_path / "b.parquet", [([9] + [0] * 9, None, False)])
    table = pd.read_parquet(tmp_path / "b.parquet")
    table["image"] = [b"not a picture"]
    table.to_parquet(tmp_path / "b.parquet")
    with pytest.raises(MediaError, match="row 1"):
        read_ferplus(tmp_path / "b.parquet")


def test_checkpoints_that_are_missing_or_made_for_other_labels(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="no vision checkpoint"):
        ExpressionModel("no-such-model")
    (tmp_path / "model.onnx").write_bytes(b"")
    config = {"name": "t", "version": "0", "terms": "open", "labels": ["a", "b"]}
    save_checkpoint(tmp_path, config=config, metrics={}, files=["model.onnx"], card="")
    with pytest.raises(CheckpointError, match="labels"):
        ExpressionModel(f"{tmp_path}/")
