"""Pretraining: the blocks' mixture and masks, exact resume, and an encoder folder that loads."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra [train]")

import torch

from multimodal.errors import InputFileError, InvalidInputError
from text.blocks import MASKED_SHARE, Batch, Mixture
from text.model import load_encoder
from text.pretrain import Recipe, build, main, train
from text.tokens import MASK, SPECIAL, cut_vocabulary, load_tokenizer, wordpiece_tokenizer
from text.unlabelled import read_dialogues

LINES = [
    "您好，很高兴为您服务",
    "我的订单还没有到",
    "请稍等，我查一下",
    "已经3天了😡😡",
    "好的谢谢",
]
VOCABULARY = [*SPECIAL, *sorted(set("".join(LINES)) - {"3", "😡"}), "0", "龘", "##0"]

RECIPE = """
data = "{root}"
vocabulary = "{root}/vocab.txt"
least = 1
vocabulary_sources = ["chat.txt.xz"]
vectors = "{root}/vectors.npz"
start = "{start}"
layers = 1
width = 32
heads = 2
length = 16
size = 4
rate = 1e-2
warmup = 2
seed = 3
causal = 0.25
minutes = 0

[passes]
"chat.txt.xz" = 6.5
"polite.txt.xz" = 2

[cap]
"polite.txt.xz" = 0.6
"""


def corpus(path: Path, dialogues: int) -> None:
    text = "\n\n".join("\n".join(LINES) for _ in range(dialogues))
    path.write_bytes(lzma.compress(text.encode()))


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    corpus(tmp_path / "chat.txt.xz", 40)
    corpus(tmp_path / "polite.txt.xz", 12)
    (tmp_path / "vocab.txt").write_text("\n".join(VOCABULARY), "utf-8")
    chars = np.array(["您", "好", "龘"])
    vectors = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float16)
    np.savez(tmp_path / "vectors.npz", chars=chars, vectors=vectors)
    file = tmp_path / "recipe.toml"
    file.write_text(RECIPE.format(root=tmp_path, start=""), "utf-8")
    return file


def test_the_vocabulary_keeps_what_occurs_and_pictures_and_letters() -> None:
    kept = cut_vocabulary(VOCABULARY, LINES * 2, least=2)
    assert "龘" not in kept
    assert {"😡", "单", "0", "##0", MASK} <= set(kept)
    found = wordpiece_tokenizer(kept).encode("订单😡😡").tokens
    assert found == ["[CLS]", "订", "单", "😡", "😡", "[SEP]"]


def mixture(passes: dict[str, float], cap: dict[str, float]) -> Mixture:
    tokenizer = wordpiece_tokenizer(VOCABULARY)
    rows = {name: np.arange(6, 20).repeat(100).astype(np.uint16) for name in passes}
    return Mixture(rows, passes, tokenizer, length=16, size=8, seed=1, cap=cap)


def test_a_batch_is_a_function_of_its_step_and_masks_its_share() -> None:
    blocks = mixture({"a": 3.0, "b": 1.0}, {})
    once, again = blocks.batch(2), mixture({"a": 3.0, "b": 1.0}, {}).batch(2)
    np.testing.assert_array_equal(once.ids, again.ids)
    plain = blocks.plain(2).ravel()
    np.testing.assert_array_equal(plain[once.places], once.truth)
    untouched = np.setdiff1d(np.arange(plain.size), once.places)
    np.testing.assert_array_equal(once.ids.ravel()[untouched], plain[untouched])
    assert (once.ids[:, 0] == plain[0]).all()  # [CLS] is never masked.
    assert len(once.places) / plain.size == pytest.approx(MASKED_SHARE, abs=0.06)


def test_no_source_is_more_than_its_cap_of_any_batch() -> None:
    mixture({"a": 3.0, "polite": 1.0}, {"polite": 0.4})
    with pytest.raises(InvalidInputError, match="polite"):
        mixture({"a": 1.0, "polite": 3.0}, {"polite": 0.4})


def test_an_interrupted_run_ends_as_an_uninterrupted_one(recipe: Path, tmp_path: Path) -> None:
    main([str(recipe), "--run", str(tmp_path / "whole")])
    whole = load_encoder(str(tmp_path / "whole" / "encoder"))
    plan = Recipe.read(recipe)
    tokenizer = load_tokenizer(tmp_path / "whole" / "encoder")

    class Breaking(Mixture):
        def batch(self, step: int) -> Batch:
            if step == len(self) // 2:
                raise KeyboardInterrupt
            return super().batch(step)

    rows = {name: np.load(tmp_path / "whole" / "tokens" / f"{name}.npy") for name in plan.passes}
    broken = Breaking(rows, plan.passes, tokenizer, length=16, size=4, seed=3, cap={})
    (tmp_path / "cut").mkdir()
    with pytest.raises(KeyboardInterrupt):
        train(build(plan, tokenizer), broken, plan, tmp_path / "cut", len(broken))
    main([str(recipe), "--run", str(tmp_path / "cut")])
    resumed = load_encoder(str(tmp_path / "cut" / "encoder"))
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    lines = (tmp_path / "whole" / "perplexity.jsonl").read_text("utf-8").splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    assert last["perplexity"]["all"] < first["perplexity"]["all"]
    going_on = tmp_path / "more.toml"
    start = tmp_path / "whole" / "encoder"
    going_on.write_text(RECIPE.format(root=tmp_path, start=start), "utf-8")
    main([str(going_on), "--run", str(tmp_path / "more"), "--steps", "2"])
    assert (tmp_path / "more" / "encoder" / "model.safetensors").is_file()


def test_embeddings_start_from_vectors_and_waves(recipe: Path) -> None:
    tokenizer = wordpiece_tokenizer(VOCABULARY)
    model = build(Recipe.read(recipe), tokenizer)
    table = model.bert.embeddings.position_embeddings.weight.data
    apart = (table[1:] - table[:-1]).norm(dim=1)
    assert torch.allclose(apart, apart[0].expand_as(apart), rtol=1e-3)


def test_a_recipe_with_an_unknown_key_is_refused(recipe: Path) -> None:
    recipe.write_text("hurry = true\n" + recipe.read_text("utf-8"), "utf-8")
    with pytest.raises(InvalidInputError, match="hurry"):
        Recipe.read(recipe)


def test_only_training_files_are_read(tmp_path: Path) -> None:
    import gzip

    for name, text in (("train", "学"), ("eval", "考")):
        with gzip.open(tmp_path / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.write(json.dumps({"text": text, "emotion": "happy"}) + "\n")
    assert list(read_dialogues(tmp_path)) == [["学"]]
    with pytest.raises(InputFileError):
        list(read_dialogues(tmp_path / "nothing"))
