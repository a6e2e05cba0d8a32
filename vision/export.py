"""Writes a trained expression network for serving: ONNX, float32 or int8."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vision.expression import SIDE

_CALIBRATION_BATCH = 64


def export(network: nn.Module, path: Path) -> None:
    """Writes a network as ONNX with a free batch size: `faces` (n, 1, SIDE, SIDE) to its output."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It is deprecated, but dynamo takes twenty times as long.
        torch.onnx.export(
            network.eval(),
            (torch.zeros(2, 1, SIDE, SIDE),),
            path,
            input_names=["faces"],
            output_names=["probabilities"],
            dynamic_axes={"faces": {0: "n"}, "probabilities": {0: "n"}},
            dynamo=False,
        )


def quantise(whole: Path, path: Path, faces: NDArray[np.uint8]) -> None:
    """Makes convolutions and matrices int8, with scales fixed on faces beforehand (static).

    Args:
        whole: The float32 file.
        path: The new file.
        faces: What the ranges are measured on, (n, SIDE, SIDE); a few hundred are enough.
    """
    from onnxruntime.quantization import (
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(whole, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            path,
            _Calibration(faces),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "Gemm"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


class _Calibration:
    """Batches for ONNX Runtime's quantiser."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        parts = [
            faces[i : i + _CALIBRATION_BATCH, None].astype(np.float32)
            for i in range(0, len(faces), _CALIBRATION_BATCH)
        ]
        self._left = iter([{"faces": part} for part in parts])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._left, None)
