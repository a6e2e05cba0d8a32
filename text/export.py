"""A trained text model as the files that the product serves: ONNX, tokeniser, n-grams, card."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from text.bert import HALVES_FILE, MODEL_FILE, VOCABULARY_FILE
from text.encode import Tokens, TurnEncoder
from text.features import Vocabulary
from text.linear import LinearHead
from text.model import HEADS, TextNetwork
from text.tokens import TOKENIZER_FILE

OPSET = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Halves:
    """A text model, finished.

    Attributes:
        network: Encoder, attention and heads.
        tokenizer: The encoder's.
        context: Tokens of context at most.
        vocabulary: The n-grams.
        words: Head to its n-gram classifier; the heads that the checkpoint has.
        factors: Head to the factors of network and n-grams.
    """

    network: TextNetwork
    tokenizer: Tokenizer
    context: int
    vocabulary: Vocabulary
    words: Mapping[str, LinearHead]
    factors: Mapping[str, tuple[float, float]]


class _Served(nn.Module):
    """The network with the factors worked in, and all heads' scores in one row."""

    def __init__(self, halves: Halves) -> None:
        super().__init__()
        self.network = halves.network
        self.factors = {head: halves.factors[head][0] for head in HEADS if head in halves.words}

    def forward(self, ids: Tensor, segments: Tensor) -> tuple[Tensor, Tensor]:
        output = self.network(ids, segments)
        scores = [factor * output.scores[head] for head, factor in self.factors.items()]
        return torch.cat(scores, dim=1), self.factors["emotion"] * output.contributions


def write_model(folder: Path, halves: Halves, *, quantised: bool) -> list[str]:
    """Writes the files of a checkpoint of kind `bert`.

    Args:
        folder: Is made where it is missing.
        halves: The model.
        quantised: Whether the ONNX file's matrices are int8 (dynamic, one scale a column).

    Returns:
        The names of the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    export_onnx(halves, folder / MODEL_FILE, quantised=quantised)
    halves.tokenizer.save(str(folder / TOKENIZER_FILE))
    (folder / VOCABULARY_FILE).write_text(
        "".join(f"{gram}\n" for gram in halves.vocabulary.grams), "utf-8"
    )
    arrays = {"idf": halves.vocabulary.idf.astype(np.float16)}
    for name, head in halves.words.items():
        arrays[f"{name}.weight"] = (halves.factors[name][1] * head.weight).astype(np.float16)
        arrays[f"{name}.bias"] = (halves.factors[name][1] * head.bias).astype(np.float16)
    np.savez_compressed(folder / HALVES_FILE, allow_pickle=False, **arrays)
    return [MODEL_FILE, TOKENIZER_FILE, VOCABULARY_FILE, HALVES_FILE]


def export_onnx(halves: Halves, path: Path, *, quantised: bool) -> None:
    """Writes the network alone: `ids`, `segments` (n, length) to `scores`, `contributions`."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    served = _Served(halves).eval().cpu()
    ids = torch.ones(3, 12, dtype=torch.long)
    segments = torch.zeros(3, 12, dtype=torch.long)
    n, length = torch.export.Dim("n", min=1), torch.export.Dim("length", min=2, max=512)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # The exporter warns about its own insides.
        program = torch.onnx.export(
            served,
            (ids, segments),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["ids", "segments"],
            output_names=["scores", "contributions"],
            dynamic_shapes={"ids": {0: n, 1: length}, "segments": {0: n, 1: length}},
        )
        assert program is not None
        whole = Path(folder) / "whole.onnx" if quantised else path
        program.save(str(whole), external_data=False)
        if quantised:
            quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)
    _log.info("%s: %.2f MB", path.name, path.stat().st_size / 1e6)


def torch_scores(halves: Halves, encoder: TurnEncoder, tokens: list[Tokens]) -> NDArray[np.float32]:
    """What the exported network must give for turns: float32 (n, all classes), in one batch."""
    batch = encoder.batch(tokens)
    with torch.no_grad():
        scores, _ = _Served(halves).eval()(
            torch.from_numpy(batch.ids), torch.from_numpy(batch.segments)
        )
    return np.asarray(scores.numpy(), dtype=np.float32)
