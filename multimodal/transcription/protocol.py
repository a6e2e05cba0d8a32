"""What a transcriber is, and what adapters of libraries share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from multimodal.conversation import Turn
from multimodal.errors import ModelMissingError

RATE = 16_000
"""Hz of the recordings that transcribers get."""
PAUSE_SECONDS = 1.0
"""A pause between two words after which a new turn begins, as for turns by voice activity."""


@runtime_checkable
class Transcriber(Protocol):
    """Writes down what is said in a recording.

    It is made from the folder of a model, opens no network connection, and changes nothing
    process-wide. The contract test runs over all of them.

    Attributes:
        name: Under which it is known.
    """

    name: str

    def transcribe(self, audio: Path) -> list[Turn]:
        """The turns of a recording.

        Args:
            audio: WAV, one channel, 16 bit, `RATE` Hz.

        Returns:
            In the order of their start; `start` and `end` in seconds of the recording, as the first
            and the last word lie; `role` unknown unless it is told apart; none for silence.

        Raises:
            TranscriptionError: If it fails.
        """
        ...


class Word(NamedTuple):
    """A word or a character with its time.

    Attributes:
        text: As it is written, with the space before it where there is one.
        start: Seconds.
        end: Seconds.
    """

    text: str
    start: float
    end: float


def phrases(words: Sequence[Word]) -> list[list[Word]]:
    """The words in order, cut where somebody pauses for more than `PAUSE_SECONDS`."""
    runs: list[list[Word]] = []
    for word in words:
        if not runs or word.start - runs[-1][-1].end > PAUSE_SECONDS:
            runs.append([])
        runs[-1].append(word)
    return runs


def need_files(model: Path, *names: str) -> None:
    """Checks that a model's folder holds these files.

    Raises:
        ModelMissingError: If one is not there.
    """
    missing = [name for name in names if not any(model.glob(name))]
    if missing or not model.is_dir():
        raise ModelMissingError(
            f"there is no {', no '.join(missing)} in the model's folder."
            if model.is_dir()
            else "there is no such folder.",
            where=str(model),
            remedy="Name the folder of a model that lies on this machine; none is downloaded.",
        )


def lacking_library(package: str, extra: str, error: ImportError) -> ModelMissingError:
    """The error that an optional library is not installed."""
    return ModelMissingError(
        f"{package} is not installed ({error}).",
        remedy=f"Install it with: pip install 'emotion-monitor[{extra}]'",
    )
