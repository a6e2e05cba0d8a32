"""A user's own labelled turns and any BERT folder become a checkpoint that is used by its name."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.checkpoints import installed
from app.monitor import build_monitor
from app.settings import Settings
from app.training import train_text
from multimodal.conversation import Conversation, Role, Turn
from multimodal.errors import ConflictError, InvalidInputError, ModelMissingError
from multimodal.scoring import TEXT
from text.labelled import read_labelled

WORDS = ("今天", "昨天", "刚才", "现在", "早上", "晚上", "真的", "反正", "其实", "那个")
SAID = {"高兴": "太开心了", "angry": "气死我了", "neutral": "几点送到"}


def table(path: Path, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["conversation", "role", "text", "emotion", "turn_satisfaction"])
        for i, word in enumerate(WORDS * 3):
            writer.writerow([f"c{i}", "agent", "您好", "", ""])
            for emotion, text in SAID.items():
                satisfied = {"高兴": "满意", "angry": "不满意"}.get(emotion, "")
                writer.writerow([f"c{i}", "customer", word + text, emotion, satisfied])
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_labels_context_and_conversations_are_read(tmp_path: Path) -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        datasets = read_labelled([table(tmp_path / "own.csv", encoding)])
        assert {head: len(d.items) for head, d in datasets.items()} == {
            "emotion": 90,
            "turn_satisfaction": 60,
        }
        first = datasets["emotion"].items[1]
        assert first.text == "今天气死我了"
        assert [turn.role for turn in first.previous] == [Role.AGENT, Role.CUSTOMER]
        assert first.group.endswith("c0")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,emotion\n好,furious\n", "furious"),
        ("words,emotion\n好,happy\n", "expected text among"),
        ("text,emotion\n,happy\n", "no text"),
        ("text,emotion\n好,\n", "no customer's line has an emotion"),
        ("text,emotion,role\n好,happy,boss\n", "boss"),
        ('{"text": "好", "emotion": "happy"}\n{"text": ', "line 2"),
        ("", "its columns are none"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text(content, "utf-8")
    with pytest.raises(InvalidInputError, match=message):
        read_labelled([file])


def test_a_checkpoint_of_ones_own_is_used_by_name(
    tmp_path: Path, tiny_encoder: Path, settings: Settings
) -> None:
    result = train_text(
        settings, [table(tmp_path / "own.csv")], str(tiny_encoder), "mine", epochs=25, terms="open"
    )
    assert {row["head"] for row in result["measured"]} == {"emotion", "turn_satisfaction"}
    emotion = next(row for row in result["measured"] if row["head"] == "emotion")
    assert emotion["n"] == 18
    assert emotion["accuracy"] > 0.9
    folder = Path(result["folder"])
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert config["terms"] == "open"
    assert (folder / "README.md").read_text("utf-8").startswith("# mine")
    assert "mine" in [checkpoint.info.name for _, checkpoint in installed(settings)]
    chosen = Settings(data_dir=settings.data_dir, text_checkpoint="mine")
    monitor = build_monitor(chosen)
    assert monitor.models()[TEXT].name == "mine"
    scored = monitor.score(Conversation("c", (Turn(Role.CUSTOMER, "下午气死我了"),)))
    assert scored.turns[0].scores[TEXT].label == "angry"
    assert "polarity" not in scored.turns[0].scores[TEXT].heads
    with pytest.raises(ConflictError, match="already"):
        train_text(settings, [], str(tiny_encoder), "mine", epochs=1, terms="open")


def test_a_run_that_fails_leaves_nothing_behind(tmp_path: Path, settings: Settings) -> None:
    data = [table(tmp_path / "own.csv")]
    with pytest.raises(ModelMissingError, match="no encoder"):
        train_text(settings, data, str(tmp_path / "nowhere"), "mine", epochs=1, terms="open")
    with pytest.raises(InvalidInputError, match="name"):
        train_text(settings, data, "", "../mine", epochs=1, terms="open")
    with pytest.raises(InvalidInputError, match="terms"):
        train_text(settings, data, "", "mine", epochs=1, terms="mit")
    assert not list((settings.checkpoint_dir / "text").glob("*"))
