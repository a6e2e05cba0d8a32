"""sherpa-onnx (Apache-2.0): SenseVoice, Paraformer, Zipformer and Whisper models on ONNX Runtime.

The model's folder is one as k2-fsa publishes it: `tokens.txt` with one `model.onnx`, or with an
encoder, a decoder and, for transducers, a joiner; a `.int8.onnx` is preferred. Its offline
recognisers take an utterance: a recording is cut at its quietest moments.

https://k2-fsa.github.io/sherpa/onnx/pretrained_models/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from multimodal.conversation import Role, Turn
from multimodal.emotions import FloatArray
from multimodal.errors import ModelMissingError, TranscriptionError
from multimodal.formats.turns import known, make_turn
from multimodal.transcription.protocol import RATE, Word, lacking_library, need_files, phrases

PIECE_SECONDS = 20.0
"""Longest piece of a recording that is recognised at once."""
_LOOK_BACK_SECONDS = 8.0
"""At the end of a piece, the part in which its quietest moment is looked for."""
_FRAME = RATE // 50
_SILENT = 1e-4
"""Root mean square below which nothing is said in a piece."""
_LAST_WORD_SECONDS = 0.2
"""Length of a last token; models give where tokens begin."""
_TAG = re.compile(r"<\|([^|<>]*)\|>")
_MODELS = {
    "sense_voice_ctc": "from_sense_voice",
    "paraformer": "from_paraformer",
    "zipformer2_ctc": "from_zipformer_ctc",
    "wenet_ctc": "from_wenet_ctc",
    "telespeech_ctc": "from_telespeech_ctc",
}
"""How a single model says in its metadata what it is, and which recogniser it needs."""


class SherpaOnnx:
    """A sherpa-onnx model as a transcriber.

    Args:
        model: Its folder.

    Raises:
        ModelMissingError: If the library is not installed, or the folder holds no known model.
    """

    name = "sherpa-onnx"

    def __init__(self, model: Path) -> None:
        need_files(model, "*tokens.txt", "*.onnx")
        try:
            import sherpa_onnx
        except ImportError as error:
            raise lacking_library("sherpa-onnx", "sherpa-onnx", error) from error
        self._recogniser = _recogniser(sherpa_onnx.OfflineRecognizer, model)

    def transcribe(self, audio: Path) -> list[Turn]:
        """See `Transcriber`."""
        turns = []
        for start, samples in pieces(audio):
            if float(np.sqrt(np.mean(samples**2))) < _SILENT:
                continue
            try:
                stream = self._recogniser.create_stream()
                stream.accept_waveform(RATE, samples)
                self._recogniser.decode_stream(stream)
            except RuntimeError as error:
                raise TranscriptionError(
                    f"sherpa-onnx failed at {start:.1f} s: {error}.", where=audio.name
                ) from error
            turns += turns_of(stream.result, start, start + len(samples) / RATE)
        return turns


def turns_of(result: Any, start: float, end: float) -> list[Turn]:
    """The turns of what was recognised in one piece, from `start` to `end` seconds."""
    text = _TAG.sub("", result.text).strip()
    if not text:
        return []
    emotion = _TAG.fullmatch(getattr(result, "emotion", "") or "")
    attributes = known(vendor_emotion=emotion[1] if emotion else None)
    times = [start + time for time in result.timestamps]
    if not times or len(times) != len(result.tokens):
        return [_turn(text, start, end, attributes)]
    ends = [*times[1:], min(end, times[-1] + _LAST_WORD_SECONDS)]
    words = [
        # Where the next token is far, this one ends soon: the rest is a pause.
        Word(token, time, min(until, time + 2 * _LAST_WORD_SECONDS))
        for token, time, until in zip(result.tokens, times, ends, strict=True)
    ]
    runs = phrases(words)
    if len(runs) == 1:
        return [_turn(text, words[0].start, words[-1].end, attributes)]
    return [
        _turn(said, run[0].start, run[-1].end, attributes)
        for run in runs
        if (said := _joined([word.text for word in run]))
    ]


def pieces(audio: Path) -> Iterator[tuple[float, FloatArray]]:
    """A recording in pieces of at most `PIECE_SECONDS`, cut where it is quietest.

    Yields:
        Start in seconds, and float32 (n,) at `RATE` Hz.
    """
    import soundfile

    longest, back = round(PIECE_SECONDS * RATE), round(_LOOK_BACK_SECONDS * RATE)
    at = 0
    rest: FloatArray = np.zeros(0, np.float32)
    with soundfile.SoundFile(audio) as sound:
        while True:
            rest = np.concatenate([rest, sound.read(longest - len(rest), dtype="float32")])
            if len(rest) < longest:
                if len(rest):
                    yield at / RATE, rest
                return
            frames = rest[-back:].reshape(-1, _FRAME)
            quietest = int(np.argmin((frames**2).sum(axis=1)))
            cut = longest - back + quietest * _FRAME + _FRAME // 2
            yield at / RATE, rest[:cut]
            at, rest = at + cut, rest[cut:]


def _turn(text: str, start: float, end: float, attributes: dict[str, Any]) -> Turn:
    return make_turn(
        "sherpa-onnx",
        role=Role.UNKNOWN,
        text=text,
        start=round(start, 3),
        end=round(end, 3),
        attributes=attributes,
    )


def _joined(tokens: list[str]) -> str:
    """Tokens as words: a piece of a word has `@@` behind it or no `▁` before it."""
    text = "".join(token.replace("▁", " ").replace("@@", "") for token in tokens)
    return _TAG.sub("", text).strip()


def _recogniser(kind: Any, model: Path) -> Any:
    tokens = str(next(iter(sorted(model.glob("*tokens.txt")))))
    encoder, decoder, joiner = (
        _file(model, f"*{part}*") for part in ("encoder", "decoder", "joiner")
    )
    try:
        if encoder and decoder and joiner:
            return kind.from_transducer(encoder, decoder, joiner, tokens)
        if encoder and decoder:
            return kind.from_whisper(encoder, decoder, tokens)
        single = _file(model, "*")
        make = _MODELS.get(_model_type(Path(single)), "from_nemo_ctc")
        return getattr(kind, make)(single, tokens)
    except (RuntimeError, ValueError) as error:
        raise ModelMissingError(
            f"sherpa-onnx cannot use the model: {error}.",
            where=str(model),
            remedy="Use the folder of a non-streaming model as k2-fsa publishes it.",
        ) from error


def _file(model: Path, pattern: str) -> str:
    """The first matching ONNX file, a quantised one before others; empty where there is none."""
    found = sorted(
        model.glob(f"{pattern}.onnx"), key=lambda file: (".int8." not in file.name, file)
    )
    return str(found[0]) if found else ""


def _model_type(file: Path) -> str:
    """What a model says that it is."""
    import onnx

    try:
        held = onnx.load(file, load_external_data=False)
    except Exception as error:  # Protobuf has errors of its own for files that are none.
        raise ModelMissingError(
            f"it is no ONNX model ({type(error).__name__}).",
            where=str(file),
            remedy="Copy the model again.",
        ) from error
    return next((p.value for p in held.metadata_props if p.key == "model_type"), "")
