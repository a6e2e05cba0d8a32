"""Any program that writes down a recording and prints one of the known transcript formats.

It is started without a shell, from a list of arguments in which `{audio}` stands for the recording;
its time and its output are limited.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from multimodal.conversation import Conversation, Turn
from multimodal.errors import (
    EmotionMonitorError,
    EmptyTranscriptError,
    InvalidInputError,
    TranscriptionError,
)
from multimodal.formats import parse_transcript

MAX_OUTPUT = 50 * 2**20
"""Bytes that the program may print."""
TIMEOUT_SECONDS = 3600.0
PLACEHOLDER = "{audio}"
_TAIL = 600
"""Characters of what it says on stderr that an error repeats."""


class CommandTranscriber:
    """A program as a transcriber.

    Args:
        command: Its command line, as in `asr --json {audio}`; quotes group words, nothing is
            expanded.
        timeout: Seconds that it may take for one recording or channel.

    Raises:
        InvalidInputError: If the command line has no `{audio}` or is not whole.
    """

    name = "command"

    def __init__(self, command: str, timeout: float = TIMEOUT_SECONDS) -> None:
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise InvalidInputError(
                f"the transcriber command is not whole: {error}.",
                where=command[:200],
                remedy="Close its quotes.",
            ) from error
        if not any(PLACEHOLDER in argument for argument in self._arguments[1:]):
            raise InvalidInputError(
                f"the transcriber command does not say where the recording goes: {PLACEHOLDER}.",
                where=command[:200],
                remedy=f"Write it as in: my-asr --format json {PLACEHOLDER}",
            )
        self._timeout = timeout

    def transcribe(self, audio: Path) -> list[Turn]:
        """See `Transcriber`; the program's output is read as a transcript of any known format."""
        program = self._arguments[0]
        output = self._run([part.replace(PLACEHOLDER, str(audio)) for part in self._arguments])
        if not output.strip():
            return []
        where = f"what {Path(program).name} printed"
        try:
            items = parse_transcript(output, where)
        except EmptyTranscriptError:
            return []
        except EmotionMonitorError as error:
            raise TranscriptionError(error.what, where=error.where, remedy=error.remedy) from error
        turns: list[Turn] = []
        for item in items:
            if isinstance(item, EmptyTranscriptError):
                continue
            if not isinstance(item, Conversation):
                raise TranscriptionError(item.what, where=item.where, remedy=item.remedy) from item
            turns += item.turns
        if len(items) > 1:
            raise TranscriptionError(
                f"it holds {len(items)} conversations, expected the one recording's.", where=where
            )
        return turns

    def _run(self, command: list[str]) -> bytes:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                process = subprocess.Popen(  # noqa: S603 (the site's own program, no shell)
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise TranscriptionError(
                    f"the transcriber cannot be started: {error}.",
                    where=command[0],
                    remedy="Check the command's name and that this user may run it.",
                ) from error
            try:
                self._wait(process, out, command[0])
            finally:
                _stop(process)
            if process.returncode:
                raise TranscriptionError(
                    f"the transcriber ended with status {process.returncode}: {_said(err)}",
                    where=command[0],
                    remedy="Run the same command by hand on the recording.",
                )
            out.seek(0)
            return out.read()

    def _wait(self, process: subprocess.Popen[bytes], out: IO[bytes], name: str) -> None:
        """Waits for the end; time and output are looked at ten times a second."""
        deadline = time.monotonic() + self._timeout
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(min(0.1, max(deadline - time.monotonic(), 0.0)))
            if os.fstat(out.fileno()).st_size > MAX_OUTPUT:
                raise TranscriptionError(
                    f"the transcriber printed more than {MAX_OUTPUT // 2**20} MB.",
                    where=name,
                    remedy="Let it print the transcript alone.",
                )
            if process.returncode is not None:
                return
            if time.monotonic() >= deadline:
                raise TranscriptionError(
                    f"the transcriber took more than {self._timeout:g} s.",
                    where=name,
                    remedy="Give it more time (EMOTION_MONITOR_TRANSCRIBER_TIMEOUT).",
                )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the program with all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _said(err: IO[bytes]) -> str:
    size = err.seek(0, os.SEEK_END)
    err.seek(max(0, size - 4 * _TAIL))
    return err.read().decode("utf-8", "replace").strip()[-_TAIL:] or "it said nothing."
