"""The four text tasks read their corpora and report exactly the figures of the table."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from app.evaluate import evaluate
from multimodal.errors import InvalidInputError, ModelMissingError

KEYS = {
    "text-emotion": {"accuracy", "macro_f1", "weighted_f1", "ece", "majority_accuracy"},
    "text-sentiment": {"accuracy", "macro_f1", "ece"},
    "text-satisfaction": {"accuracy", "macro_f1", "auroc_dissatisfied", "ece"},
    "conversation-satisfaction": {"accuracy", "macro_f1", "spearman", "ece"},
}


def write(path: Path, *records: dict[str, Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return path


@pytest.mark.parametrize(
    ("task", "path", "lines", "better_than"),
    [
        ("text-emotion", "text/smp2020_usual/eval.jsonl.gz", 200, 0.6),
        ("text-emotion", "text/bmeld_zh/dev.jsonl.gz", 200, 0.4),
        ("text-emotion", "fusion/emotiontalk/val.jsonl.gz", 200, 0.4),
        ("text-sentiment", "text/msctd_zh/dev.jsonl.gz", 60, 0.5),
        ("text-sentiment", "text/reviews/waimai.jsonl.gz", 200, 0.8),
        ("text-satisfaction", "text/uss_jddc/train.jsonl.gz", 40, 0.5),
        ("conversation-satisfaction", "text/stc3_helpdesk/train.jsonl.gz", 80, 0.6),
    ],
)
def test_real_corpora(
    shared: Path, tmp_path: Path, task: str, path: str, lines: int, better_than: float
) -> None:
    with gzip.open(shared / "data" / path, "rt", encoding="utf-8") as file:
        part = write(tmp_path / "part.jsonl.gz", *map(json.loads, islice(file, lines)))
    found = evaluate(task, part)
    assert set(found) == {"task", "n", "metrics", "checkpoint", "seconds"}
    assert set(found["metrics"]) == KEYS[task] | {"per_class"}
    assert found["metrics"]["accuracy"] > better_than
    per_class = found["metrics"]["per_class"]
    assert sum(label["n"] for label in per_class.values()) == found["n"]
    assert all(set(label) == {"precision", "recall", "f1", "n"} for label in per_class.values())
    assert found["checkpoint"].startswith("bert@")
    json.dumps(found, allow_nan=False)


def test_a_class_that_the_corpus_lacks_is_never_answered(tmp_path: Path) -> None:
    data = write(tmp_path / "a.jsonl.gz", {"text": "一般", "positive": 1})
    assert set(evaluate("text-sentiment", data)["metrics"]["per_class"]) == {"positive"}
    disgusting = [{"text": "真恶心，恶心死了，想吐", "emotion": "angry"}]
    metrics = evaluate("text-emotion", write(tmp_path / "b.jsonl.gz", *disgusting))["metrics"]
    assert set(metrics["per_class"]) == {"angry"}


def test_one_class_has_no_auroc_and_one_dialogue_no_correlation(tmp_path: Path) -> None:
    turns = [{"user": "没有货", "system": "", "label": 0}, {"user": "", "system": "", "label": 0}]
    found = evaluate("text-satisfaction", write(tmp_path / "a.jsonl.gz", {"id": 1, "turns": turns}))
    assert found["metrics"]["auroc_dissatisfied"] is None
    assert found["n"] == 2  # A turn without words counts.
    dialogue = {
        "id": "1",
        "annotations": [{"quality": {"S": 1}}],
        "turns": [{"sender": "customer", "utterances": ["谢谢"]}],
    }
    found = evaluate("conversation-satisfaction", write(tmp_path / "b.jsonl.gz", dialogue))
    assert found["metrics"]["spearman"] is None


def test_a_corpus_for_another_task_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "a.jsonl.gz", {"text": "好", "positive": 1})
    with pytest.raises(InvalidInputError, match="text-sentiment"):
        evaluate("text-emotion", data)


def test_a_checkpoint_that_is_not_there_is_said(tmp_path: Path) -> None:
    data = write(tmp_path / "a.jsonl.gz", {"text": "好", "positive": 1})
    with pytest.raises(ModelMissingError, match="no-such"):
        evaluate("text-sentiment", data, "no-such")
