"""A BERT that is small enough to train in a test, over the characters of the tests' sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from text.tokens import SPECIAL, TOKENIZER_FILE, wordpiece_tokenizer

CHARACTERS = (
    "今天昨刚才现在早上晚真的反正其实那个几点送到太开心了好难过啊气死我居然这样恶害怕一般差很"
    "下午您客服的单号还没发货谢等满意不问就要投诉，。！？0ab"
)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder such as `bert-base-chinese`'s: config.json, model.safetensors, tokenizer.json."""
    pytest.importorskip("torch", reason="training needs the extra [train]")
    import torch
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = wordpiece_tokenizer([*SPECIAL, *dict.fromkeys(CHARACTERS)])
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save(str(folder / TOKENIZER_FILE))
    return folder
