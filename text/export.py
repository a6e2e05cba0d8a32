"""A trained text model as the files that the product serves: ONNX, tokeniser, n-grams, card."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from text.bert import MODEL_FILE, NGRAMS_FILE, VOCABULARY_FILE
from text.corpora import CLASSES, EMOTION
from text.dataset import vectorise
from text.encode import Tokens, TurnEncoder
from text.features import Vocabulary
from text.model import HEADS, TextNetwork
from text.tokens import TOKENIZER_FILE

OPSET = 20
_CALIBRATION_BATCH = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Halves:
    """A text model, finished.

    Attributes:
        network: Encoder, attention and heads.
        tokenizer: The encoder's.
        context: Tokens of context at most.
        vocabulary: The n-grams.
        words: Head to its n-gram classifier, see `text.words.WordModels.tables`; the heads that
            the checkpoint has.
        factors: Head to the factors of network and n-grams.
    """

    network: TextNetwork
    tokenizer: Tokenizer
    context: int
    vocabulary: Vocabulary
    words: Mapping[str, Mapping[str, NDArray[np.float32]]]
    factors: Mapping[str, tuple[float, float]]


class Served(nn.Module):
    """The network with the factors worked in, and all heads' scores in one row."""

    def __init__(self, halves: Halves) -> None:
        super().__init__()
        self.network = halves.network
        self.factors = {head: halves.factors[head][0] for head in HEADS if head in halves.words}

    def forward(self, ids: Tensor, segments: Tensor) -> Tensor:
        """Scores (n, all classes), see `TextNetwork.forward`."""
        output = self.network(ids, segments)
        scores = [factor * output.scores[head] for head, factor in self.factors.items()]
        return torch.cat(scores, dim=1)


def write_model(
    folder: Path, halves: Halves, turns: Sequence[Tokens]
) -> tuple[list[str], dict[str, float]]:
    """Writes the files of a checkpoint of kind `bert`.

    Args:
        folder: Is made where it is missing.
        halves: The model.
        turns: Turns of all kinds: the int8 ranges are measured on one half of them, and how well
            int8 and float32 agree on the other.

    Returns:
        The names of the files, and `agreement`, the share of the other half whose emotion is the
        same, and `largest_difference` of a class score.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoder = TurnEncoder(halves.tokenizer, halves.context)
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "whole.onnx"
        export_onnx(halves, whole)
        quantise(whole, folder / MODEL_FILE, encoder, turns[::2])
        judged = list(turns[1::2]) or list(turns)
        exact = onnx_scores(whole, encoder, judged)
        rough = onnx_scores(folder / MODEL_FILE, encoder, judged)
    emotions = len(CLASSES[EMOTION])
    head = halves.words[EMOTION]
    rows = vectorise(halves.vocabulary, [one.text for one in judged])
    words = halves.factors[EMOTION][1] * (rows @ head["weight"] + head["bias"])
    labels = [(words + scores[:, :emotions]).argmax(axis=1) for scores in (exact, rough)]
    quality = {
        "n": len(judged),
        "agreement": float((labels[0] == labels[1]).mean()),
        "largest_difference": float(np.abs(exact - rough).max()),
    }
    _log.info("int8: %s", quality)
    halves.tokenizer.save(str(folder / TOKENIZER_FILE))
    (folder / VOCABULARY_FILE).write_text(
        "".join(f"{gram}\n" for gram in halves.vocabulary.grams), "utf-8"
    )
    arrays = {"idf": halves.vocabulary.idf.astype(np.float16)}
    for name, tables in halves.words.items():
        for part, table in tables.items():
            arrays[f"{name}.{part}"] = (halves.factors[name][1] * table).astype(np.float16)
    np.savez_compressed(folder / NGRAMS_FILE, allow_pickle=False, **arrays)
    return [MODEL_FILE, TOKENIZER_FILE, VOCABULARY_FILE, NGRAMS_FILE], quality


def export_onnx(halves: Halves, path: Path) -> None:
    """Writes the network alone in float32: `ids`, `segments` (n, length) to `scores`."""
    served = Served(halves).eval().cpu()
    ids = torch.ones(3, 12, dtype=torch.long)
    segments = torch.zeros(3, 12, dtype=torch.long)
    n, length = torch.export.Dim("n", min=1), torch.export.Dim("length", min=2, max=512)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The exporter warns about its own insides.
        program = torch.onnx.export(
            served,
            (ids, segments),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["ids", "segments"],
            output_names=["scores"],
            dynamic_shapes={"ids": {0: n, 1: length}, "segments": {0: n, 1: length}},
        )
    assert program is not None
    program.save(str(path), external_data=False)


def quantise(whole: Path, path: Path, encoder: TurnEncoder, turns: Sequence[Tokens]) -> None:
    """Makes matrices int8, with fixed scales for what flows between them.

    The scales are fixed on `turns` beforehand (static quantisation): with scales of each batch's
    own, a turn's answer would depend on the turns beside it. Embeddings stay as they are: one scale
    for all of them costs about one label in a hundred.

    Args:
        whole: The float32 file.
        path: The new file.
        encoder: Pads batches.
        turns: What the ranges are measured on.
    """
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Calibration(encoder, turns),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )


class _Calibration:
    """Batches for ONNX Runtime's quantiser."""

    def __init__(self, encoder: TurnEncoder, turns: Sequence[Tokens]) -> None:
        starts = range(0, len(turns), _CALIBRATION_BATCH)
        batches = [encoder.batch(turns[start : start + _CALIBRATION_BATCH]) for start in starts]
        self._left = iter([{"ids": b.ids, "segments": b.segments} for b in batches])

    def get_next(self) -> dict[str, NDArray[np.int64]] | None:
        return next(self._left, None)


def onnx_scores(path: Path, encoder: TurnEncoder, turns: Sequence[Tokens]) -> NDArray[np.float32]:
    """What an exported network gives for turns: float32 (n, all classes)."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    found = []
    for start in range(0, len(turns), _CALIBRATION_BATCH):
        batch = encoder.batch(turns[start : start + _CALIBRATION_BATCH])
        found += session.run(["scores"], {"ids": batch.ids, "segments": batch.segments})
    return np.concatenate(found)
