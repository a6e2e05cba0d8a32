"""MTCNN's three networks on ONNX Runtime, with the weights that the `mtcnn` wheel carries.

Zhang et al. 2016, "Joint face detection and alignment using multitask cascaded convolutional
networks". Importing the package `mtcnn` needs TensorFlow, so its weight files are read without
importing it: lists of arrays in the order and layout of Keras (height, width, inputs, outputs).
They are pickles inside, hence nothing is loaded whose SHA-256 is not the one known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from multimodal.emotions import FloatArray
from multimodal.errors import CheckpointError, ModelMissingError

Name = Literal["pnet", "rnet", "onet"]

_SHA256: Mapping[Name, str] = MappingProxyType(
    {
        "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
        "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
        "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
    }
)
# Per network, the layers in front of its heads. A pool is (size, padding) with stride 2; Keras pads
# at the lower right where ONNX says SAME_UPPER. A number is a fully connected layer's width.
_LAYERS: Mapping[Name, tuple[str | tuple[int, str] | int, ...]] = MappingProxyType(
    {
        "pnet": ("conv", (2, "SAME_UPPER"), "conv", "conv"),
        "rnet": ("conv", (3, "SAME_UPPER"), "conv", (3, "VALID"), "conv", 128),
        "onet": (
            *("conv", (3, "SAME_UPPER"), "conv", (3, "VALID")),
            *("conv", (2, "SAME_UPPER"), "conv", 256),
        ),
    }
)
# The heads in the order of the weights; all but the last, `score`, are regressions.
_HEADS: Mapping[Name, tuple[str, ...]] = MappingProxyType(
    {
        "pnet": ("offsets", "score"),
        "rnet": ("offsets", "score"),
        "onet": ("offsets", "landmarks", "score"),
    }
)


def read_weights(name: Name, folder: Path | None = None) -> list[FloatArray]:
    """The arrays of one network.

    Args:
        name: Which network.
        folder: Where `<name>.lz4` lies; by default inside the installed `mtcnn` package.

    Raises:
        ModelMissingError: If the file is not there.
        CheckpointError: If it is not the file whose digest is known.
    """
    import joblib

    if folder is None:
        spec = find_spec("mtcnn")
        if spec is None or not spec.submodule_search_locations:
            raise ModelMissingError(
                "the package mtcnn, which carries the face detector's weights, is not installed.",
                remedy="Run: pip install 'mtcnn>=1.0,<2' (TensorFlow is not needed).",
            )
        folder = Path(spec.submodule_search_locations[0]) / "assets" / "weights"
    path = folder / f"{name}.lz4"
    if not path.is_file():
        raise ModelMissingError("there is no such weight file.", where=str(path))
    if hashlib.sha256(path.read_bytes()).hexdigest() != _SHA256[name]:
        raise CheckpointError(
            "it is not the weight file of mtcnn 1.0.0, so it is not opened.",
            where=str(path),
            remedy="Run: pip install --force-reinstall --no-deps mtcnn==1.0.0",
        )
    weights: list[FloatArray] = joblib.load(path)
    return weights


def build_onnx(name: Name, weights: Sequence[FloatArray]) -> bytes:
    """One network as a serialised ONNX model.

    Its input is `images`, float32 (n, 3, h, w), (RGB - 127.5) / 128. Its outputs are `offsets`
    (n, 4, ...), for O-Net `landmarks` (n, 10), and `score` (n, 2, ...), of which the second is the
    probability of a face; P-Net's have a position for every step of two pixels.
    """
    from onnx import TensorProto, helper, numpy_helper

    remaining = iter(weights)
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(value: FloatArray) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), f"w{len(constants)}"))
        return str(constants[-1].name)

    def node(kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"x{len(nodes)}"
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(x: str, output: str = "") -> str:
        kernel, bias = next(remaining), next(remaining)
        return node("Conv", [x, constant(kernel.transpose(3, 2, 0, 1)), constant(bias)], output)

    def dense(x: str, output: str = "") -> str:
        matrix, bias = next(remaining), next(remaining)
        return node("Gemm", [x, constant(matrix), constant(bias)], output)

    x = "images"
    for layer in _LAYERS[name]:
        if isinstance(layer, tuple):
            size, padding = layer
            x = node("MaxPool", [x], kernel_shape=[size, size], strides=[2, 2], auto_pad=padding)
        elif layer == "conv":
            x = convolution(x)
            x = node("PRelu", [x, constant(next(remaining).reshape(-1, 1, 1))])
        else:
            # The weights expect columns before rows, as in the original MATLAB code.
            x = node("Flatten", [node("Transpose", [x], perm=[0, 3, 2, 1])])
            x = dense(x)
            x = node("PRelu", [x, constant(next(remaining))])
    head = convolution if name == "pnet" else dense
    for output in _HEADS[name]:
        if output == "score":
            node("Softmax", [head(x)], output, axis=1)
        else:
            head(x, output)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in _HEADS[name]],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())
