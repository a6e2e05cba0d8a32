"""The network: a BERT-family encoder under additive attention, with one linear head a task.

Attention pooling after Bahdanau et al. 2015: every head weighs the token states by itself, and its
class scores are linear in the weighted states.

A turn's tokens do not see its context, and `emotion` and `polarity` look at the turn alone: what is
said before a turn never changes its emotion. The satisfactions look at both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedModel

from multimodal.errors import ModelMissingError
from text.corpora import CLASSES, EMOTION, POLARITY
from text.encode import PADDING, TURN
from text.tokens import load_tokenizer

HEADS: tuple[str, ...] = tuple(CLASSES)
_ATTENTION = 128
_OF_THE_TURN = (EMOTION, POLARITY)


@dataclass(frozen=True, slots=True)
class Output:
    """What the network makes of a batch of n sequences.

    Attributes:
        scores: Head to class scores, float (n, classes).
        weights: float (n, heads, length): each head's attention, summing to 1.
    """

    scores: dict[str, Tensor]
    weights: Tensor


class TextNetwork(nn.Module):
    """Encoder, attention and heads.

    Args:
        encoder: Any BERT-family encoder of transformers.
        dropout: Of the pooled states.
        recurrent: Whether a bidirectional LSTM stands between encoder and attention.
    """

    def __init__(
        self, encoder: PreTrainedModel, *, dropout: float = 0.1, recurrent: bool = False
    ) -> None:
        super().__init__()
        self.encoder = encoder
        width = int(encoder.config.hidden_size)
        self.recurrent = (
            nn.LSTM(width, width // 2, batch_first=True, bidirectional=True) if recurrent else None
        )
        self.project = nn.Linear(width, _ATTENTION)
        self.query = nn.Linear(_ATTENTION, len(HEADS), bias=False)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({h: nn.Linear(width, len(CLASSES[h])) for h in HEADS})
        self._has_segments = int(getattr(encoder.config, "type_vocab_size", 1) or 1) > 1

    def forward(self, ids: Tensor, segments: Tensor) -> Output:
        """Scores sequences.

        Args:
            ids: int64 (n, length).
            segments: int64 (n, length), see `text.encode.Batch`.
        """
        return self.pooled(self.states(ids, segments), segments)

    def states(self, ids: Tensor, segments: Tensor, embeddings: Tensor | None = None) -> Tensor:
        """Token states float (n, length, width), from ids or from token embeddings."""
        seen = (segments[:, None, :] <= segments[:, :, None]) & (segments != PADDING)[:, None, :]
        inputs = {"input_ids": ids} if embeddings is None else {"inputs_embeds": embeddings}
        if self._has_segments:
            inputs["token_type_ids"] = (segments != TURN).long()
        states: Tensor = self.encoder(**inputs, attention_mask=seen[:, None]).last_hidden_state
        if self.recurrent is not None:
            states = self.recurrent(states)[0]
        return states

    def pooled(self, states: Tensor, segments: Tensor) -> Output:
        """Attention and heads over token states."""
        wanted = self.query(torch.tanh(self.project(states))).transpose(1, 2)
        turn, present = (segments == TURN)[:, None], (segments != PADDING)[:, None]
        seen = torch.cat([turn if h in _OF_THE_TURN else present for h in HEADS], dim=1)
        weights = wanted.float().masked_fill(~seen, float("-inf")).softmax(dim=-1)
        mixed = self.dropout(weights.to(states.dtype) @ states)
        scores = {h: self.heads[h](mixed[:, i]).float() for i, h in enumerate(HEADS)}
        return Output(scores, weights)


def load_encoder(path: str, *, dropout: float = 0.1) -> PreTrainedModel:
    """A BERT-family encoder from a local folder, or by its hub id where downloads are allowed.

    Weights are safetensors alone, and no code that comes with a model is run. `HF_HUB_OFFLINE`
    turns downloads off.

    Args:
        path: Folder or id.
        dropout: Of the hidden states, while it is trained.

    Raises:
        ModelMissingError: If there is none, or it is no encoder that transformers knows.
    """
    with _missing(path):
        encoder: PreTrainedModel = AutoModel.from_pretrained(
            path,
            trust_remote_code=False,
            use_safetensors=True,
            local_files_only=Path(path).is_dir(),
            dtype=torch.float32,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,
            attn_implementation="sdpa",
        )
    if hasattr(encoder, "pooler"):
        encoder.register_module("pooler", None)  # Attention takes its place.
    return encoder


def tokenizer_of(path: str) -> Tokenizer:
    """The tokeniser of the same encoder, which must be one that `tokenizers` can run.

    Raises:
        ModelMissingError: If there is none.
    """
    if Path(path).is_dir():
        with _missing(path):
            return load_tokenizer(Path(path))
    with _missing(path):
        found = AutoTokenizer.from_pretrained(path, trust_remote_code=False, use_fast=True)
        tokenizer: Tokenizer = found.backend_tokenizer
        return tokenizer


@contextmanager
def _missing(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError) as error:  # What transformers raises, offline too.
        raise ModelMissingError(
            f"there is no encoder {path!r} that can be loaded: {str(error).splitlines()[0]}.",
            remedy="Give a folder with config.json, model.safetensors and tokenizer.json or "
            "vocab.txt, or a hub id while downloads are allowed (HF_HUB_OFFLINE).",
        ) from error
