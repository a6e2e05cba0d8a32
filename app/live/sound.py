"""A call's sound while it comes: on the disk at once, so that nothing is lost and memory is small.

A stream is a WAV file in the folder of recordings, under a name that begins with `live`, and a row
of the conversation's recordings. Whatever the process does, it is a recording of the conversation,
up to the last sample that was written. When the stream ends, it gets its hash as its name.

A customer's turn is cut out of it by its times. Sound that is still on its way is waited for, at
most `LONGEST_WAIT`; then the words are scored with the sound that there is.

So a turn is measured once, when it is over, and exactly as in a batch. `audio.stream` would measure
it while it comes, to the same figures within 1e-4; but which blocks are a turn is known only when
its words arrive with their times, and measuring a turn of 10 s then takes 14 ms (.0014 of its
duration, `python -m benchmarks.audio_cost`). Streams are for whoever knows the turn as it begins.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import struct
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.live.framing import AudioForm, Piece, Samples
from app.store import Scope, Store
from app.store.media import LIVE
from multimodal.conversation import Media, Role, Turn
from multimodal.errors import EmotionMonitorError, MediaLimitError, OutputError
from multimodal.media import describe_channels

LONGEST_WAIT = 1.0
"""Seconds that a turn waits for sound which has not come yet."""
LOOK_SECONDS = 0.05
MAX_AHEAD = 2.0
"""Seconds that one of two channels may be ahead; then the other counts as silent so far."""
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_UNKNOWN = 0xFFFFFFFF
"""Size that stands in the header of a file that is still written; readers go on to its end."""


class Stream:
    """One stream that is written; one writer at a time, from the event loop.

    Args:
        path: The file; it is made.
        form: How the samples come.
        most: Seconds after which more is refused.
    """

    def __init__(self, path: Path, form: AudioForm, most: float) -> None:
        self.path = path
        self._form = form
        self._most = int(most * form.rate)
        self._written = 0
        self._pending = [np.zeros(0, dtype=np.int16) for _ in range(form.channels)]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = path.open("xb", buffering=0)
        # Whoever closes the conversation leaves a file alone that is still written.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._write(_header(form.rate, form.channels, None))

    @property
    def seconds(self) -> float:
        """How much sound is in the file."""
        return self._written / self._form.rate

    def add(self, piece: Piece) -> None:
        """Writes some sound; of one channel, as soon as it has come for the other one too.

        Raises:
            MediaLimitError: If the stream is longer than recordings may be.
            OutputError: If it cannot be written.
        """
        if piece.channel is None:
            self._append(piece.samples)
            return
        place = self._written + len(self._pending[piece.channel])
        samples = piece.samples[:, 0]
        ahead = int(MAX_AHEAD * self._form.rate)
        if piece.at is not None and piece.at != place:
            gap = min(piece.at - place, self._most)
            # What comes again is left out, what was left out is silence.
            samples = samples[-gap:] if gap < 0 else np.pad(samples, (gap, 0))
        self._pending[piece.channel] = np.concatenate([self._pending[piece.channel], samples])
        lengths = [len(one) for one in self._pending]
        self._flush(max(min(lengths), max(lengths) - ahead))

    def sync(self) -> float:
        """Brings what was written onto the disk; returns how many seconds that is."""
        seconds = self.seconds
        os.fdatasync(self._file.fileno())
        return seconds

    def end(self) -> None:
        """Writes what waited for the other channel, and the size into the header."""
        try:
            self._flush(max(len(one) for one in self._pending))
            self._file.seek(0)
            self._write(_header(self._form.rate, self._form.channels, self._written))
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _flush(self, count: int) -> None:
        if count > 0:
            ready = [np.pad(one[:count], (0, max(count - len(one), 0))) for one in self._pending]
            self._pending = [one[count:] for one in self._pending]
            self._append(np.stack(ready, axis=1))

    def _append(self, samples: Samples) -> None:
        if self._written + len(samples) > self._most:
            raise MediaLimitError(
                f"the stream is longer than {self._most / self._form.rate / 3600:g} hours.",
                remedy="End it with the call; the limit is EMOTION_MONITOR_MAX_MEDIA_HOURS.",
            )
        self._write(samples.astype("<i2").tobytes())
        self._written += len(samples)

    def _write(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            raise OutputError(
                f"the sound could not be kept: {error.strerror}.", remedy="Make room on the disk."
            ) from error


class LiveSound:
    """The sound of open conversations.

    Args:
        store: Where they are kept.
        most: Longest stream in seconds.
    """

    def __init__(self, store: Store, most: float) -> None:
        self._store = store
        self._most = most

    def begin(self, conversation_id: int, form: AudioForm, scope: Scope) -> tuple[Stream, Media]:
        """Begins a stream of an open conversation.

        Raises:
            NotFoundError: If there is no such conversation.
            ConflictError: If it is closed.
        """
        path = self._store.media.live(f"{LIVE}{secrets.token_hex(30)}")
        offset = form.offset
        if offset is None:
            offset = _follows(self._store.recordings(conversation_id, scope))
        # A channel that nobody is said to be on may carry anybody: it is kept, and not scored.
        roles = {index: form.roles.get(index, Role.UNKNOWN) for index in range(form.channels)}
        media = Media(path, roles, offset=offset)
        stream = Stream(path, form, self._most)
        try:
            self._store.begin_stream(conversation_id, media, scope)
        except BaseException:
            stream.end()
            path.unlink(missing_ok=True)
            raise
        return stream, media

    def finish(self, conversation_id: int, stream: Stream) -> None:
        """Ends a stream: its file becomes a recording like any other; without sound it is none."""
        stream.end()
        if not stream.seconds:
            stream.path.unlink(missing_ok=True)
        self._store.finish_stream(conversation_id, stream.path)

    def finish_left(self, conversation_id: int) -> None:
        """Ends streams of a conversation whose writers are gone; of others the writer does."""
        for path in self._store.unfinished_streams(conversation_id):
            if _is_left(path):
                _repair(path)
                self._store.finish_stream(conversation_id, path)

    def holding(self, conversation_id: int, turn: Turn, scope: Scope) -> Media | None:
        """The stream in which a customer's turn begins, or begins soon; None for none."""
        if turn.role is not Role.CUSTOMER or turn.start is None or turn.end is None:
            return None
        begun = [
            (media, wave)
            for media in self._store.recordings(conversation_id, scope)
            if media.offset <= turn.start and (wave := _Wave.open(media.path)) is not None
        ]
        for media, wave in begun:
            if turn.start < media.offset + wave.seconds:
                return media
        return max(begun, key=lambda one: one[0].offset)[0] if begun else None

    async def arrive(self, media: Media, end: float) -> None:
        """Waits until the sound up to a moment of the conversation is there, or no longer."""
        until = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < until:
            wave = _Wave.open(media.path)
            if wave is None or not wave.live or media.offset + wave.seconds >= end:
                return
            await asyncio.sleep(LOOK_SECONDS)

    @contextmanager
    def cut(self, media: Media, turn: Turn) -> Iterator[Sequence[Media]]:
        """The turn's part of a stream as a recording of its own, for as long as it is scored."""
        wave = _Wave.open(media.path)
        if wave is None or turn.start is None or turn.end is None:
            yield ()
            return
        data = wave.read(turn.start - media.offset, turn.end - media.offset)
        if not data:
            yield ()
            return
        with tempfile.NamedTemporaryFile(suffix=".wav", prefix="emotion-monitor-") as file:
            file.write(_header(wave.rate, wave.channels, len(data) // (2 * wave.channels)))
            file.write(data)
            file.flush()
            path = Path(file.name)
            roles = _roles(path, media.channels)
            yield (replace(media, path=path, channels=roles, offset=turn.start),)


@dataclass(frozen=True, slots=True)
class _Wave:
    """A file that a stream wrote, or writes."""

    path: Path
    rate: int
    channels: int
    seconds: float
    live: bool

    @classmethod
    def open(cls, path: Path) -> _Wave | None:
        """What is there so far; None for another kind of file, or none."""
        try:
            with path.open("rb") as file:
                head = file.read(_HEADER.size)
                size = os.fstat(file.fileno()).st_size - _HEADER.size
        except OSError:
            return None
        if len(head) < _HEADER.size:
            return None
        riff, _, wave, fmt, sixteen, kind, channels, rate, _, _, bits, data, told = _HEADER.unpack(
            head
        )
        if (riff, wave, fmt, sixteen, kind, bits, data) != (
            b"RIFF", b"WAVE", b"fmt ", 16, 1, 16, b"data",
        ) or not (channels and rate):  # fmt: skip
            return None
        return cls(path, rate, channels, size / (2 * channels * rate), told == _UNKNOWN)

    def read(self, start: float, end: float) -> bytes:
        """The samples of a span in seconds, as far as they are there; whole frames."""
        width = 2 * self.channels
        first, last = max(round(start * self.rate), 0), max(round(end * self.rate), 0)
        with self.path.open("rb") as file:
            file.seek(_HEADER.size + first * width)
            data = file.read(max(last - first, 0) * width)
        return data[: len(data) // width * width]


def _header(rate: int, channels: int, samples: int | None) -> bytes:
    width = 2 * channels
    size = _UNKNOWN if samples is None else min(samples * width, _UNKNOWN - 36)
    whole = _UNKNOWN if samples is None else size + 36
    return _HEADER.pack(
        b"RIFF", whole, b"WAVE", b"fmt ", 16, 1, channels, rate, rate * width, width, 16, b"data",
        size,
    )  # fmt: skip


def _roles(path: Path, roles: Mapping[int, Role]) -> Mapping[int, Role]:
    """Who is on the channels of a turn's part; nobody is known where all carry the same.

    While a call goes on it is not known who else spoke in this time: their words may come later.
    So a channel that carries several parties is not scored, as it would be when the call is over.
    """
    try:
        if describe_channels(path).identical:
            return dict.fromkeys(roles, Role.UNKNOWN)
    except EmotionMonitorError:
        pass  # Whoever reads it next says why.
    return roles


def _follows(media: Sequence[Media]) -> float:
    """Where a stream without an offset begins: 0, or after those before it, by the clock here."""
    ends = [
        one.offset + wave.seconds + max(0.0, time.time() - one.path.stat().st_mtime)
        for one in media
        if (wave := _Wave.open(one.path)) is not None
    ]
    return max(ends, default=0.0)


def _repair(path: Path) -> None:
    """Writes the size into the header of a file whose writer is gone; an empty one is removed."""
    wave = _Wave.open(path)
    if wave is None or not wave.seconds:
        path.unlink(missing_ok=True)
        return
    with path.open("r+b") as file:
        file.write(_header(wave.rate, wave.channels, int(wave.seconds * wave.rate)))


def _is_left(path: Path) -> bool:
    """Whether nobody writes a file any more."""
    file: BinaryIO
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
