"""Every error that the product raises on purpose, in one tree.

    EmotionMonitorError
    ├── InvalidInputError (ValueError)       what came in is wrong; the caller can mend it
    │   ├── InvalidConversationError         a conversation, turn or field breaks the model's rules
    │   ├── TranscriptError                  a file of a known format, with something wrong inside
    │   │   └── EmptyTranscriptError         ... in which nobody says anything
    │   ├── UnknownFormatError               not a transcript I know
    │   └── MediaError                       audio, video or a picture that cannot be used
    │       └── MediaLimitError              refused before decoding: too long, too large, too many
    ├── InputFileError (OSError)             a file that is not there or may not be read
    ├── OutputError (OSError)                results that could not be written
    ├── ModelMissingError (LookupError)      no such checkpoint, scorer or fuser is installed
    ├── CheckpointError (ValueError)         a checkpoint that is damaged or of another kind
    ├── NotFoundError (LookupError)          no such conversation, turn or media in the store
    ├── LibraryMissingError (RuntimeError)   a library or font of the system that is not installed
    ├── TranscriptionError (RuntimeError)    a program or library that should write down a recording
    ├── SignedOutError (PermissionError)     nobody is signed in, or not any more
    ├── NotAllowedError (PermissionError)    somebody is, and it takes more rights than they have
    └── ConflictError (ValueError)           the same key was used before for something else

A message says what was wrong, where (file, line, turn), what was expected, and what to do.
"""

from __future__ import annotations

from typing import Any


class EmotionMonitorError(Exception):
    """Base of all errors raised on purpose.

    Args:
        what: What was wrong, and what was expected instead: one sentence.
        where: The place: a file, and within it a line, turn or field. Empty where there is none.
        remedy: What the reader can do about it: one sentence, empty where nothing can be done.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(what, where, remedy)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[Any, ...]:
        # Without it a worker process that reports an error to its parent breaks the pool.
        return _rebuilt, (type(self), self.what, self.where, self.remedy)

    def at(self, where: str) -> EmotionMonitorError:
        """The same error with `where` put before the place it already names."""
        place = f"{where}, {self.where}" if self.where else where
        return type(self)(self.what, where=place, remedy=self.remedy)


def _rebuilt(
    kind: type[EmotionMonitorError], what: str, where: str, remedy: str
) -> EmotionMonitorError:
    return kind(what, where=where, remedy=remedy)


class InvalidInputError(EmotionMonitorError, ValueError):
    """What came in is wrong, and whoever sent it can mend it."""


class InvalidConversationError(InvalidInputError):
    """A conversation, a turn or one of their fields breaks the model's rules."""


class TranscriptError(InvalidInputError):
    """A transcript of a known format with something wrong inside."""


class EmptyTranscriptError(TranscriptError):
    """A transcript of a known format in which nobody says anything."""


class UnknownFormatError(InvalidInputError):
    """A file that is none of the known transcript formats."""


class MediaError(InvalidInputError):
    """Audio, video or a picture that cannot be used."""


class MediaLimitError(MediaError):
    """Media refused before decoding because it is too long, too large or has too many streams."""


class InputFileError(EmotionMonitorError, OSError):
    """A file that is not there, is not a file, or may not be read."""


class OutputError(EmotionMonitorError, OSError):
    """Results that could not be written, for instance because the disk is full."""


class ModelMissingError(EmotionMonitorError, LookupError):
    """No such checkpoint, scorer or fuser is installed."""


class CheckpointError(EmotionMonitorError, ValueError):
    """A checkpoint that is damaged, incomplete or made for something else."""


class LibraryMissingError(EmotionMonitorError, RuntimeError):
    """A library or a font of the system that is not installed; it names the package."""


class TranscriptionError(EmotionMonitorError, RuntimeError):
    """A program or library that should write down a recording did not."""


class NotFoundError(EmotionMonitorError, LookupError):
    """No such conversation, turn or media in the store, or none that this person may see."""


class SignedOutError(EmotionMonitorError, PermissionError):
    """Nobody is signed in, or the session is over, or the key is none."""


class NotAllowedError(EmotionMonitorError, PermissionError):
    """Whoever is signed in has not the right to do this."""


class ConflictError(EmotionMonitorError, ValueError):
    """The same idempotency key or the same turn was used before with different content."""
