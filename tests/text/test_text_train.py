"""The whole training run on corpora of a few sentences: files, card, answers, repeatability."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from multimodal.checkpoints import load_checkpoint
from multimodal.conversation import Role, Turn
from multimodal.emotions import EMOTIONS
from multimodal.errors import InvalidInputError
from multimodal.scoring import TurnInput
from text.corpora import CLASSES
from text.dataset import FOLDS, load
from text.scorer import TextScorer
from text.train import main

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


PLAN = """
version = "1.2.3"
terms = "research"
data = "{data}"
encoder = "{encoder}"
context = 16
recurrent = false
late = ["uss_jddc", "stc3_helpdesk", "../fusion/emotiontalk"]
folds = 5
replay = 0.5
sharpen = 0.3

[corpora.emotion]
smp2020_usual = 1.0
bmeld_zh = 0.5
cped = 0.5
nlpcc2014_weibo = 0.5
"../fusion/emotiontalk" = 1.0
uss_jddc = 0.5

[corpora.polarity]
msctd_zh = 1.0
reviews = 0.5

[corpora.turn_satisfaction]
uss_jddc = 1.0

[corpora.conversation_satisfaction]
stc3_helpdesk = 1.0

[words]
emotion = {{ least = 2, penalty = 0.5, balance = 0.3, contrast = true }}
polarity = {{ least = 2, penalty = 1.0, balance = 0.0 }}
turn_satisfaction = {{ least = 2, penalty = 1.0, balance = 1.0 }}
conversation_satisfaction = {{ least = 2, penalty = 1.0, balance = 1.0, earlier = 0.8 }}

[first]
epochs = 25
rate = 3e-3
head_rate = 1e-2
tokens = 512

[second]
epochs = 10
rate = 2e-3
head_rate = 1e-2
tokens = 512
"""


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path
) -> tuple[Path, Path, Path]:
    root = tmp_path_factory.mktemp("train")
    data, out, answers = corpora(root), root / "mine", root / "answers"
    (root / "plan.toml").write_text(PLAN.format(data=data, encoder=tiny_encoder), "utf-8")
    main(arguments(root, out, root / "run", "--out-of-fold", str(answers)))
    return data, out, answers


def arguments(root: Path, out: Path, run: Path, *more: str) -> list[str]:
    return [str(root / "plan.toml"), "--out", str(out), "--run", str(run), *more]


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
    assert set(checkpoint.metrics) == {*CLASSES, "behaviour"}
    assert "smp2020_usual held-out file" in checkpoint.metrics["emotion"]
    card = (checkpoint.path / "README.md").read_text("utf-8")
    for corpus in ("emotiontalk", "cped", "reviews", "stc3_helpdesk"):
        assert corpus in card
    assert checkpoint.info.terms == "research"


def test_out_of_fold_answers_are_complete(trained: tuple[Path, Path, Path]) -> None:
    with np.load(trained[2] / "text_oof.npz") as found:
        assert found["probabilities"].shape == (70, 7)  # Every turn, in some fold.
        np.testing.assert_allclose(found["probabilities"].sum(axis=1), 1, atol=1e-5)
        names = [EMOTIONS[i] for i in found["label"]]
        assert names == [i.partition("_")[2] for i in found["id"].tolist()]
    for name, head, turns in (("jddc", "turn", 40), ("stc3", "conversation", 60)):
        with np.load(trained[2] / f"text_oof_{name}.npz") as found:
            assert found["emotion"].shape == (turns, 7)
            np.testing.assert_allclose(found[f"{head}_satisfaction"].sum(axis=1), 1, atol=1e-5)
            assert found["turn"][:2].tolist() == [0, 1]


def test_a_second_run_in_the_same_folder_trains_nothing_again(
    trained: tuple[Path, Path, Path],
) -> None:
    root = trained[0].parent
    before = {file: file.stat().st_mtime_ns for file in (root / "run").iterdir()}
    main(arguments(root, root / "again" / "mine", root / "run"))
    assert {file: file.stat().st_mtime_ns for file in (root / "run").iterdir()} == before
    for name in ("tokenizer.json", "vocabulary.txt", "ngrams.npz", "metrics.json"):
        assert (root / "again" / "mine" / name).read_bytes() == (trained[1] / name).read_bytes()


def test_an_unknown_key_is_refused(trained: tuple[Path, Path, Path]) -> None:
    root = trained[0].parent
    with pytest.raises(InvalidInputError, match="speed"):
        main(arguments(root, root / "x", root / "x", "--set", "speed = 3"))


def test_int8_agrees_with_float(trained: tuple[Path, Path, Path]) -> None:
    config = load_checkpoint("text", str(trained[1])).config
    assert config["int8"]["agreement"] >= 0.9
    assert set(config["factors"]) == set(CLASSES)


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


def test_heads_that_share_a_corpus_share_its_folds(tmp_path: Path) -> None:
    dialogues = (
        {"id": i, "turns": [{"user": f"第{i}句", "system": "", "label": 0 if i % 3 else 1}]}
        for i in range(40)
    )
    write(tmp_path / "uss_jddc", "train.jsonl.gz", dialogues)
    folds = {}
    for head in ("turn_satisfaction", "emotion"):
        dataset = load(head, [tmp_path / "uss_jddc"])
        groups = [item.group for item in dataset.items]
        folds[head] = dict(zip(groups, dataset.fold.tolist(), strict=True))
    assert len(folds["turn_satisfaction"]) == 40
    assert len(folds["emotion"]) == 14  # Nobody says which emotion a dissatisfied turn has.
    assert folds["emotion"].items() <= folds["turn_satisfaction"].items()


def test_service_questions_are_taken_as_neutral(tmp_path: Path) -> None:
    file = tmp_path / "questions.txt.xz"
    with lzma.open(file, "wt", encoding="utf-8") as lines:
        lines.writelines(f"第{i}个怎么还款\n\n" for i in range(9000))
    dataset = load("emotion", [file])
    assert set(dataset.labels.tolist()) == {EMOTIONS.index("neutral")}
    assert len({item.text for item in dataset.items}) == len(dataset.items) == 4000
    assert not dataset.held_out.any()
    assert {CLASSES["polarity"][label] for label in load("polarity", [file]).labels} == {"neutral"}
