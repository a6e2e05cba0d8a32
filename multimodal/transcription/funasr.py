"""FunASR (MIT): Paraformer or SenseVoice, with its own voice activity, punctuation and speakers.

The model's folder is one of FunASR's models (`configuration.json` or `config.yaml`), or holds
several in the folders `asr`, `vad`, `punc` and `spk`, of which `asr` must be there. With `punc` and
`vad`, FunASR gives sentences with times; without, one text for all.

https://github.com/modelscope/FunASR
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from multimodal.conversation import Turn
from multimodal.errors import ModelMissingError, TranscriptionError
from multimodal.formats.funasr import sentence_turns
from multimodal.transcription.protocol import lacking_library, need_files

_PARTS = {"vad": "vad_model", "punc": "punc_model", "spk": "spk_model"}


class FunAsr:
    """FunASR models as a transcriber.

    Args:
        model: Their folder.

    Raises:
        ModelMissingError: If the library is not installed, or the folder holds no such model.
    """

    name = "funasr"

    def __init__(self, model: Path) -> None:
        main = model / "asr" if (model / "asr").is_dir() else model
        need_files(main, "config*")
        try:
            from funasr import AutoModel
        except ImportError as error:
            raise lacking_library("FunASR", "funasr", error) from error
        parts = {
            argument: str(model / folder)
            for folder, argument in _PARTS.items()
            if main != model and (model / folder).is_dir()
        }
        try:
            self._model = AutoModel(
                model=str(main), **parts, disable_update=True, disable_pbar=True, disable_log=True
            )
        except Exception as error:  # FunASR raises whatever its parts do.
            raise ModelMissingError(
                f"FunASR cannot use the model: {type(error).__name__}: {error}.",
                where=str(model),
                remedy="Use folders as ModelScope publishes them.",
            ) from error

    def transcribe(self, audio: Path) -> list[Turn]:
        """See `Transcriber`."""
        try:
            result = self._model.generate(
                input=str(audio), batch_size_s=300, sentence_timestamp=True
            )
        except Exception as error:  # FunASR raises whatever its parts do.
            raise TranscriptionError(
                f"FunASR failed: {type(error).__name__}: {error}.", where=audio.name
            ) from error
        return turns_of(result)


def turns_of(result: list[dict[str, Any]]) -> list[Turn]:
    """The turns of what FunASR returns: its sentences, or all as one where it has none."""
    turns: list[Turn] = []
    for found in result:
        sentences = found.get("sentence_info")
        if not sentences:
            times = found.get("timestamp") or []
            span = {"start": times[0][0], "end": times[-1][1]} if times else {}
            sentences = [{"text": found.get("text") or "", **span}]
        turns += [turn for turn in sentence_turns(sentences, "FunASR") if turn.text]
    return turns
