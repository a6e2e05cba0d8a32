"""The whole training run on corpora of a few sentences: files, card, answers, repeatability."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multimodal.checkpoints import load_checkpoint
from multimodal.conversation import Role, Turn
from multimodal.emotions import EMOTIONS
from multimodal.scoring import TurnInput
from text.corpora import CLASSES
from text.dataset import FOLDS, load
from text.scorer import TextScorer
from text.train import customer_turns, main

SENTENCES = {
    "neutral": "几点送到",
    "happy": "太开心了",
    "sad": "好难过啊",
    "angry": "气死我了",
    "surprise": "居然这样",
    "disgust": "真恶心啊",
    "fear": "我好害怕",
}
WORDS = ("今天", "昨天", "刚才", "现在", "早上", "晚上", "真的", "反正", "其实", "那个")


def write(folder: Path, name: str, records: Iterator[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / name, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def corpora(root: Path) -> Path:
    data = root / "text"

    def emotions(*missing: str, **fields: Any) -> Iterator[dict[str, Any]]:
        for i, word in enumerate(WORDS):
            for label, sentence in SENTENCES.items():
                if label not in missing:
                    ids = {"dialogue": f"G{i:05}_01", "turn": label, "id": f"G{i:05}_{label}"}
                    found = {"text": f"{word}{sentence}", "emotion": label, "text_label": label}
                    yield {**found, **{k: v for k, v in ids.items() if k in fields}, **fields}

    def only(records: Iterator[dict[str, Any]], *names: str) -> Iterator[dict[str, Any]]:
        for record in records:
            yield {name: record[name] for name in names}

    smp = ("text", "emotion")
    write(data / "smp2020_usual", "train.jsonl.gz", only(emotions("disgust"), *smp))
    write(data / "smp2020_usual", "eval.jsonl.gz", only(emotions("disgust"), *smp))
    write(data / "smp2020_virus", "train.jsonl.gz", only(emotions("disgust"), *smp))
    line = ("dialogue", "turn", "text", "emotion")
    turn: dict[str, Any] = {"dialogue": "1", "turn": "1"}
    write(data / "bmeld_zh", "train.jsonl.gz", only(emotions(**turn), *line))
    write(data / "cped", "train.jsonl.gz", only(emotions(act="x", **turn), *line, "act"))
    weibo = only(emotions(second=None), *smp, "second")
    write(data / "nlpcc2014_weibo", "train.jsonl.gz", weibo)
    talk = (
        {
            "id": f"G{i:05}_{label}",
            "dialogue": f"G{i:05}_01",
            "text": f"{word}[over/]{sentence}[/over]",
            "text_label": label,
        }
        for i, word in enumerate(WORDS)
        for label, sentence in SENTENCES.items()
    )
    write(root / "fusion" / "emotiontalk", "train.jsonl.gz", talk)
    said = ("一般", "太差了", "很好")
    msctd = (
        {"id": i, "turns": [{"text": word + s, "sentiment": k} for k, s in enumerate(said)]}
        for i, word in enumerate(WORDS)
    )
    write(data / "msctd_zh", "train.jsonl.gz", msctd)
    reviews = ({"text": w + said[1 + k], "positive": k} for w in WORDS for k in (0, 1))
    write(data / "reviews", "hotel.jsonl.gz", reviews)
    jddc = (
        {
            "id": f"d{i}",
            "turns": [
                {"user": word, "system": "您好", "label": None},
                *(
                    {"user": word + s, "system": "", "label": (1, 0, 2)[k]}
                    for k, s in enumerate(said)
                ),
            ],
        }
        for i, word in enumerate(WORDS)
    )
    write(data / "uss_jddc", "train.jsonl.gz", jddc)
    stc3 = (
        {
            "id": f"{i}-{k}",
            "annotations": [{"quality": {"S": s}} for s in (k, k, 0)],
            "turns": [
                {"sender": "customer", "utterances": [word]},
                {"sender": "helpdesk", "utterances": ["您好"]},
                {"sender": "customer", "utterances": [word + said[k]]},
            ],
        }
        for i, word in enumerate(WORDS)
        for k in (0, -2, 2)
    )
    write(data / "stc3_helpdesk", "train.jsonl.gz", stc3)
    return data


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    root = tmp_path_factory.mktemp("train")
    data, out, answers = corpora(root), root / "mine", root / "answers"
    arguments = ["--data", str(data), "--out", str(out), "--out-of-fold", str(answers)]
    main(arguments)
    return data, out, answers


def test_the_checkpoint_answers(trained: tuple[Path, Path, Path]) -> None:
    scorer = TextScorer(str(trained[1]))
    inputs = [TurnInput(Turn(Role.CUSTOMER, f"下午{s}")) for s in SENTENCES.values()]
    assert [answer.label for answer in scorer.score(inputs)] == list(SENTENCES)
    (satisfied,) = scorer.score([TurnInput(Turn(Role.CUSTOMER, "下午很好"))])
    assert {name: int(p.argmax()) for name, p in satisfied.heads.items()} == {
        name: 2 for name in CLASSES if name != "emotion"
    }


def test_the_card_and_the_metrics_name_every_corpus(trained: tuple[Path, Path, Path]) -> None:
    checkpoint = load_checkpoint("text", str(trained[1]))
    assert set(checkpoint.metrics) == set(CLASSES)
    assert "smp2020_usual held-out file" in checkpoint.metrics["emotion"]
    card = (checkpoint.path / "README.md").read_text("utf-8")
    for corpus in ("emotiontalk", "cped", "reviews", "stc3_helpdesk"):
        assert corpus in card
    assert checkpoint.info.terms == "research"


def test_out_of_fold_answers_are_complete(trained: tuple[Path, Path, Path]) -> None:
    with np.load(trained[2] / "text_oof.npz") as found:
        assert found["probabilities"].shape == (70, 7)
        np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, atol=1e-5)
        names = [EMOTIONS[i] for i in found["label"]]
        assert names == [i.partition("_")[2] for i in found["id"].tolist()]
    for name, head, turns in (("jddc", "turn", 40), ("stc3", "conversation", 60)):
        with np.load(trained[2] / f"text_oof_{name}.npz") as found:
            assert found["emotion"].shape == (turns, 7)
            np.testing.assert_allclose(found[f"{head}_satisfaction"].sum(axis=1), 1, atol=1e-5)
            assert found["turn"][:2].tolist() == [0, 1]


def test_training_again_gives_the_same_checkpoint(trained: tuple[Path, Path, Path]) -> None:
    data, out, _ = trained
    again = out.parent / "again" / "mine"
    main(["--data", str(data), "--out", str(again)])
    for file in out.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_groups_and_copies_never_stand_on_both_sides(trained: tuple[Path, Path, Path]) -> None:
    dataset = load("emotion", [trained[0].parent / "fusion" / "emotiontalk"])
    for fold in range(FOLDS):
        groups = {
            item.group for item, f in zip(dataset.items, dataset.fold, strict=True) if f == fold
        }
        others = {
            item.group for item, f in zip(dataset.items, dataset.fold, strict=True) if f != fold
        }
        assert groups
        assert not groups & others
    folder = trained[0] / "reviews"
    extra = ({"text": "质量真的太差了，再也不买了！", "positive": 0} for _ in range(8))
    write(folder, "more.jsonl.gz", extra)
    copies = load("polarity", [folder])
    (folder / "more.jsonl.gz").unlink()
    is_copy = np.array([item.text.startswith("质量真的") for item in copies.items])
    for fold in set(copies.fold[is_copy].tolist()):
        assert not (copies.without_copies_of(copies.fold == fold) & is_copy).any()


def test_customer_turns_are_the_customers_in_order(trained: tuple[Path, Path, Path]) -> None:
    (*_, last) = load("turn_satisfaction", [trained[0] / "uss_jddc"]).items
    assert customer_turns(last) == ["那个", "那个一般", "那个太差了", "那个很好"]
