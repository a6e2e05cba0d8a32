"""faster-whisper (MIT): Whisper models in CTranslate2's format.

The model's folder holds `model.bin`, `config.json` and `tokenizer.json`, as Systran publishes them;
without its tokenizer the library would fetch one from the internet, which is refused.

https://github.com/SYSTRAN/faster-whisper
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from multimodal.conversation import Role, Turn
from multimodal.errors import ModelMissingError, TranscriptionError
from multimodal.formats.turns import known, make_turn
from multimodal.transcription.protocol import Word, lacking_library, need_files, phrases


class FasterWhisper:
    """A CTranslate2 Whisper model as a transcriber.

    Args:
        model: Its folder.

    Raises:
        ModelMissingError: If the library is not installed, or the folder holds no such model.
    """

    name = "faster-whisper"

    def __init__(self, model: Path) -> None:
        need_files(model, "model.bin", "config.json", "tokenizer.json")
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise lacking_library("faster-whisper", "faster-whisper", error) from error
        try:
            self._model = WhisperModel(str(model), local_files_only=True)
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelMissingError(
                f"faster-whisper cannot use the model: {error}.",
                where=str(model),
                remedy="Convert it with ct2-transformers-converter.",
            ) from error

    def transcribe(self, audio: Path) -> list[Turn]:
        """See `Transcriber`; the library's voice activity detection (Silero) comes first."""
        try:
            segments, _ = self._model.transcribe(
                str(audio), vad_filter=True, word_timestamps=True, condition_on_previous_text=False
            )
            return turns_of(segments)
        except (RuntimeError, ValueError) as error:
            raise TranscriptionError(
                f"faster-whisper failed: {error}.", where=audio.name
            ) from error


def turns_of(segments: Iterable[Any]) -> list[Turn]:
    """The turns of Whisper's segments, fitted to their words and cut at pauses."""
    turns = []
    for segment in segments:
        words = [Word(w.word, w.start, w.end) for w in segment.words or ()]
        runs = phrases(words) or [[Word(segment.text, segment.start, segment.end)]]
        chances = [w.probability for w in segment.words or ()]
        for run in runs:
            text = "".join(word.text for word in run).strip()
            if not text:
                continue
            turn = make_turn(
                "faster-whisper",
                role=Role.UNKNOWN,
                text=text,
                start=round(float(run[0].start), 3),
                end=round(float(max(run[-1].end, run[0].start)), 3),
                attributes=known(
                    confidence=round(float(sum(chances) / len(chances)), 4) if chances else None,
                    vendor_avg_logprob=round(float(segment.avg_logprob), 4),
                    vendor_no_speech_prob=round(float(segment.no_speech_prob), 4),
                ),
            )
            turns.append(turn)
    return turns
