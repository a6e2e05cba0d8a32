"""Models that stand in for real ones: built here, small, and read by the real libraries.

Each says the same few words into any sound, at times that are known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

SENSE_VOICE_TOKENS = [
    "<blank>", "<|zh|>", "<|ANGRY|>", "<|Speech|>", "<|withitn|>", "太", "慢", "了", "快", "点",
]  # fmt: skip
SENSE_VOICE_SAYS = {0: "太", 2: "慢", 3: "了", 40: "快", 42: "点"}
"""Token by frame of 60 ms, so that the second phrase begins at 2.4 s."""
WHISPER_TEXT = ["<unk>", " too", " slow", "!"]
WHISPER_SPECIAL = [
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
]  # fmt: skip
_WIDTH = 64


def sense_voice(folder: Path) -> None:
    """An ONNX model with SenseVoice's inputs, outputs and metadata, as sherpa-onnx reads them."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    frames = [1, 2, 3, 4] + [0] * 60
    for frame, token in SENSE_VOICE_SAYS.items():
        frames[4 + frame] = SENSE_VOICE_TOKENS.index(token)
    table = np.full((len(frames) + 1, len(SENSE_VOICE_TOKENS)), -9, np.float32)
    for frame, token_id in enumerate([*frames, 0]):
        table[frame, token_id] = 9
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["length"]),
        helper.make_node("Add", ["length", "four"], ["count"]),
        helper.make_node("Range", ["zero", "count", "one"], ["each"]),
        helper.make_node("Min", ["each", "last"], ["frame"]),
        helper.make_node("Gather", ["table", "frame"], ["rows"], axis=0),
        helper.make_node("Unsqueeze", ["rows", "first"], ["logits"]),
    ]
    numbers = {"one": 1, "four": 4, "zero": 0, "last": len(frames)}
    constants = [numpy_helper.from_array(np.array(v, np.int64), n) for n, v in numbers.items()]
    constants += [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([0], np.int64), "first"),
    ]
    float32, int32 = TensorProto.FLOAT, TensorProto.INT32
    inputs = [helper.make_tensor_value_info("x", float32, ["N", "T", 560])] + [
        helper.make_tensor_value_info(name, int32, ["N"])
        for name in ("x_length", "language", "text_norm")
    ]
    outputs = [helper.make_tensor_value_info("logits", float32, ["N", "L", table.shape[1]])]
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    metadata = {
        "model_type": "sense_voice_ctc",
        "vocab_size": len(SENSE_VOICE_TOKENS),
        "lfr_window_size": 7,
        "lfr_window_shift": 6,
        "normalize_samples": 0,
        "with_itn": 14,
        "without_itn": 15,
        "lang_auto": 0,
        "lang_zh": 3,
        "lang_en": 4,
        "lang_yue": 7,
        "lang_ja": 11,
        "lang_ko": 12,
        "neg_mean": ",".join(["0"] * 560),
        "inv_stddev": ",".join(["1"] * 560),
    }
    helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
    onnx.save(model, folder / "model.onnx")
    lines = [f"{token} {number}\n" for number, token in enumerate(SENSE_VOICE_TOKENS)]
    (folder / "tokens.txt").write_text("".join(lines), "utf-8")


def whisper(folder: Path) -> None:
    """A Whisper model in CTranslate2's format, with one layer and no learning.

    Every token is a random code. A position of the decoder is the code of the token that stands
    there, and the cross-attention of a token goes to the half second that holds its code.
    """
    import tokenizers
    from ctranslate2.specs.whisper_spec import WhisperSpec

    stamps = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]
    vocabulary = WHISPER_TEXT + WHISPER_SPECIAL + stamps
    codes = np.random.default_rng(1).choice([-1.0, 1.0], (len(vocabulary), _WIDTH))
    codes = codes.astype(np.float32)
    code = dict(zip(vocabulary, codes, strict=True))
    said = ["<|0.00|>", *WHISPER_TEXT[1:], "<|1.50|>", "<|endoftext|>"]
    heard = [code[word] for word in WHISPER_TEXT[1:] for _ in range(25)]
    spec = WhisperSpec(1, 1, 1, 1)
    _fill(spec, "")
    spec.encoder.position_encodings.encodings = np.stack(
        heard + [code["<|endoftext|>"]] * (1500 - len(heard))
    )
    spec.decoder.position_encodings.encodings = np.stack(
        [100 * code[said[min(place, len(said) - 1)]] for place in range(448)]
    )
    spec.decoder.embeddings.weight = spec.decoder.projection.weight = codes
    one = np.eye(_WIDTH, dtype=np.float32)
    cross = spec.decoder.layer[0].attention
    cross.linear[0].weight = one
    cross.linear[1].weight = np.concatenate([one, np.zeros_like(one)])
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = [0]
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [vocabulary.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    words = {token: number for number, token in enumerate(vocabulary)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    tokenizer.decoder = tokenizers.decoders.Fuse()
    tokenizer.add_special_tokens(WHISPER_SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))


_SHAPES = {
    "conv1/weight": (_WIDTH, 80, 3),
    "conv2/weight": (_WIDTH, _WIDTH, 3),
    "self_attention/linear_0/weight": (3 * _WIDTH, _WIDTH),
    "self_attention/linear_1/weight": (_WIDTH, _WIDTH),
    "/attention/linear_0/weight": (_WIDTH, _WIDTH),
    "/attention/linear_1/weight": (2 * _WIDTH, _WIDTH),
    "/attention/linear_2/weight": (_WIDTH, _WIDTH),
    "ffn/linear_0/weight": (4 * _WIDTH, _WIDTH),
    "ffn/linear_1/weight": (_WIDTH, 4 * _WIDTH),
    "gamma": (_WIDTH,),
    "beta": (_WIDTH,),
    "conv1/bias": (_WIDTH,),
    "conv2/bias": (_WIDTH,),
}


def _fill(layer: Any, name: str) -> None:
    """Gives every weight of a CTranslate2 specification zeros, and norms ones."""
    for part, value in list(vars(layer).items()):
        here = f"{name}/{part}"
        for number, inner in enumerate(value if isinstance(value, list) else [value]):
            if hasattr(inner, "variables"):
                _fill(inner, f"{here}_{number}" if isinstance(value, list) else here)
        shape = next((shape for end, shape in _SHAPES.items() if here.endswith(end)), None)
        if shape is not None:
            setattr(layer, part, (np.ones if part == "gamma" else np.zeros)(shape, np.float32))


def funasr(folder: Path) -> None:
    """A model in FunASR's registry, with the files that its loader wants."""
    import soundfile
    import torch
    from funasr.register import tables

    class StandIn(torch.nn.Module):
        def __init__(self, **_: Any) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def inference(
            self, data_in: list[str], key: list[str] | None = None, **_: Any
        ) -> tuple[list[dict[str, Any]], dict[str, float]]:
            sound, _ = soundfile.read(data_in[0])
            if not np.any(sound):
                return [{"key": "x", "text": ""}], {"batch_data_time": 1.0}
            sentences = [
                {"text": "太慢了。", "start": 120, "end": 800, "spk": 0},
                {"text": "快点！", "start": 2400, "end": 3000, "spk": 1},
            ]
            found = {"key": "x", "text": "太慢了。快点！", "sentence_info": sentences}
            return [found], {"batch_data_time": 1.0}

    tables.register("model_classes", "StandIn")(StandIn)
    (folder / "config.yaml").write_text("model: StandIn\nmodel_conf: {}\n", "utf-8")
    files = {"init_param": "model.pt", "config": "config.yaml"}
    described = {"framework": "pytorch", "model": {"type": "funasr"}, "file_path_metas": files}
    (folder / "configuration.json").write_text(json.dumps(described), "utf-8")
    torch.save({"weight": torch.zeros(1)}, folder / "model.pt")
