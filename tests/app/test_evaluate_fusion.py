"""The tasks `fusion` and `trajectory` on parts of the real corpora, and on broken files."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.evaluate import evaluate
from fusion.corpora import read_crema_d, read_jddc, read_stc3, read_taobao
from fusion.evaluation import trajectory_report
from multimodal.errors import InputFileError, InvalidInputError


def excerpt(source: Path, folder: Path, lines: int) -> Path:
    """The first records of a corpus, as a file of the same kind."""
    target = folder / source.name
    with (
        gzip.open(source, "rt", encoding="utf-8") as full,
        gzip.open(target, "wt", encoding="utf-8") as part,
    ):
        part.writelines(islice(full, lines))
    return target


def write(path: Path, *records: object) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def test_emotiontalk_beats_the_best_single_modality(shared: Path) -> None:
    result = evaluate("fusion", shared / "data/fusion/emotiontalk/val.jsonl.gz")
    metrics = result["metrics"]
    assert result["n"] == 1908
    assert result["checkpoint"].startswith("labels@")
    assert metrics["accuracy"] > 0.72
    assert metrics["macro_f1"] > 0.64
    assert metrics["ece"] < 0.05
    assert metrics["best_single_accuracy"] == pytest.approx(0.693, abs=0.001)
    assert metrics["by_subset"].keys() == {
        "text",
        "voice",
        "face",
        "text+voice",
        "text+face",
        "voice+face",
        "text+voice+face",
    }
    assert metrics["per_class"]["angry"]["n"] == 409
    json.dumps(result)


def test_crema_d(shared: Path, tmp_path: Path) -> None:
    part = excerpt(shared / "data/fusion/crema_d_votes/train.jsonl.gz", tmp_path, 800)
    metrics = evaluate("fusion", part)["metrics"]
    assert metrics["accuracy"] > metrics["best_single_accuracy"] + 0.02
    assert metrics["by_subset"].keys() == {"voice", "face", "voice+face"}
    assert "surprise" not in metrics["per_class"]


def test_crema_d_drops_ties(tmp_path: Path) -> None:
    votes = dict.fromkeys("ADFHNS", 0)
    clip: dict[str, Any] = {"clip": "1", "actor": "1", "voice": votes | {"A": 3}}
    clip |= {"face": votes | {"H": 2, "N": 2}, "both": votes | {"A": 2, "N": 2}}
    path = write(tmp_path / "c.jsonl.gz", clip, clip | {"both": votes | {"A": 3, "N": 2}})
    turns = read_crema_d(path)
    assert turns.truth.tolist() == [3]
    np.testing.assert_allclose(turns.probabilities[0, 1, :2], 0.5)


def test_taobao_is_foreseen_better_with_every_quarter(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/text/taobao_satisfaction/clothes_dev.jsonl.gz"
    result = evaluate("trajectory", excerpt(source, tmp_path, 1000))
    metrics = result["metrics"]
    early_to_late = [metrics[f"auroc_{share}"] for share in (25, 50, 75, 100)]
    assert early_to_late == sorted(early_to_late)
    assert early_to_late[-1] > 0.92
    assert metrics["macro_f1"] > 0.72
    assert metrics["per_class"].keys() == {"dissatisfied", "neutral", "satisfied"}


def test_service_dialogues_from_raw_text(shared: Path, tmp_path: Path) -> None:
    source = shared / "data/text/uss_jddc/train.jsonl.gz"
    result = evaluate("trajectory", excerpt(source, tmp_path, 100))
    assert result["n"] == 100
    assert result["metrics"]["auroc_100"] > 0.5


def test_readers_of_service_dialogues(shared: Path, tmp_path: Path) -> None:
    text = shared / "data/text"
    cases = read_jddc(excerpt(text / "uss_jddc/train.jsonl.gz", tmp_path, 5))
    with gzip.open(tmp_path / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        overall = [json.loads(line)["turns"][-1] for line in file]
    for case, last in zip(cases, overall, strict=True):
        # The label of the whole dialogue stands at a turn that nobody said.
        assert last["user"] == "OVERALL" not in {turn.text for turn in case.conversation.turns}
        customers = [t for t in case.conversation.turns if t.role.value == "customer"]
        assert len(customers) == len(case.labels)
        assert case.outcome == last["label"]
    helpdesk = read_stc3(excerpt(text / "stc3_helpdesk/train.jsonl.gz", tmp_path, 1))
    assert helpdesk[0].outcome == 0
    taobao = text / "taobao_satisfaction/clothes_dev.jsonl.gz"
    dialogue = read_taobao(excerpt(taobao, tmp_path, 1))[0]
    assert not dialogue.sentiment[~dialogue.customer].any()


def test_share_of_turns_is_rounded_up() -> None:
    late = np.array([[0.1, 0.8, 0.1]] * 2 + [[0.9, 0.05, 0.05]] * 3)
    calm = np.array([[0.2, 0.7, 0.1]])
    report = trajectory_report([0, 1], [late, calm])
    assert [report[f"auroc_{s}"] for s in (25, 50, 75, 100)] == [0.0, 1.0, 1.0, 1.0]
    assert report["accuracy"] == 1.0
    assert trajectory_report([1], [calm])["auroc_100"] is None


def test_a_record_that_does_not_fit_is_named_by_its_line(tmp_path: Path) -> None:
    dialogue = {"satisfaction": 1, "turns": [{"role": "customer", "words": [1], "sentiment": 9}]}
    path = write(tmp_path / "t.jsonl.gz", dialogue)
    with pytest.raises(InvalidInputError, match="line 1"):
        evaluate("trajectory", path)


def test_wrong_corpus_no_corpus_and_no_gzip(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl.gz", {"text": "你好"})
    with pytest.raises(InvalidInputError, match="no fusion corpus"):
        evaluate("fusion", path)
    with pytest.raises(InvalidInputError, match="cannot be measured on taobao"):
        evaluate("fusion", write(tmp_path / "b.jsonl.gz", {"satisfaction": 1, "turns": []}))
    (tmp_path / "c.jsonl.gz").write_bytes(b"plain")
    with pytest.raises(InvalidInputError, match="no gzip"):
        evaluate("fusion", tmp_path / "c.jsonl.gz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="no .jsonl.gz"):
        evaluate("fusion", tmp_path / "empty")
