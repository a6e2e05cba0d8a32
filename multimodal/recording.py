"""A conversation's recordings, opened once and cut into what each of the customer's turns may show.

This is where policy meets the media: nothing but the customer's own channel, time and region of the
picture leaves this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from multimodal import policy
from multimodal.conversation import Conversation, Media, Region, Turn
from multimodal.emotions import FloatArray
from multimodal.errors import EmotionMonitorError
from multimodal.masking import Masker
from multimodal.media import (
    DEFAULT_LIMITS,
    ChannelReport,
    MediaInfo,
    MediaLimits,
    describe_channels,
    frames,
    probe,
    turn_audio,
)
from multimodal.scoring import Frame, Need, TurnInput

FACE_RATE = 5.0
"""Pictures of a second of video that a face scorer is offered, if nothing else is asked for."""
NO_RECORDING = "no recording"
NO_TIME = "the turn has no start and end, so it cannot be found in a recording"
OUTSIDE = "the recording does not cover the turn"
OTHERS_SPEAK = "policy: others speak throughout the turn on the same audio channel"
_MASKER = Masker()
"""A file may be named after its caller; notes and reasons are kept."""
LEAST_SECONDS = 0.3
"""What must be left of a turn on a mixed recording once other speakers are cut out."""


@dataclass(frozen=True, slots=True)
class _Open:
    media: Media
    info: MediaInfo
    channels: ChannelReport | None

    @property
    def mixed(self) -> bool:
        """Whether all parties are heard on the one channel that there is."""
        one = self.info.audio is not None and self.info.audio.channels == 1
        return one or (self.channels is not None and self.channels.identical)

    def covers(self, turn: Turn) -> bool:
        """Whether the turn begins while the recording runs."""
        at = -1.0 if turn.start is None else turn.start - self.media.offset
        return 0 <= at < self.info.seconds


@dataclass(frozen=True, slots=True)
class _Span:
    index: int
    start: float
    end: float
    channel: int


class Recordings:
    """The recordings of one conversation.

    Args:
        conversation: The conversation.
        limits: Recordings beyond them are not opened; a note says so.
        face_rate: Pictures of a second of video that a face scorer is offered.

    Attributes:
        notes: What a person should know about them; filled when they are first opened.
    """

    def __init__(
        self,
        conversation: Conversation,
        limits: MediaLimits = DEFAULT_LIMITS,
        face_rate: float = FACE_RATE,
    ) -> None:
        self._conversation = conversation
        self._limits = limits
        self._face_rate = face_rate
        self._opened: list[_Open] | None = None
        self.notes: list[str] = []

    def inputs(
        self, needs: frozenset[Need], indices: Sequence[int]
    ) -> Iterator[tuple[int, TurnInput]]:
        """For each of the turns, in their order, what a scorer may hear and see of it.

        Args:
            needs: What the scorer reads.
            indices: Ascending indices of turns for which policy permits it.

        Yields:
            Index and input; audio or frames are None, with the reason, where there are none.
        """
        nothing = ((index, None, None, "") for index in indices)
        for index, audio, rate, why in self._audio(indices) if "audio" in needs else nothing:
            turn = self._conversation.turns[index]
            others = policy.others_share(self._conversation, turn)
            given = TurnInput(turn, audio=audio, rate=rate, reason=why, crosstalk=others)
            yield index, self._with_frames(given) if "frames" in needs else given

    def _open(self) -> list[_Open]:
        if self._opened is None:
            self._opened = []
            for item in self._conversation.media:
                try:
                    info = probe(item.path, self._limits)
                    report = describe_channels(item.path, self._limits) if info.audio else None
                except EmotionMonitorError as error:
                    self.notes.append(str(_MASKER.error(error)))
                    continue
                self._opened.append(_Open(item, info, report))
                self.notes += _channel_notes(item, report)
        return self._opened

    def _audio(
        self, indices: Sequence[int]
    ) -> Iterator[tuple[int, FloatArray | None, int | None, str]]:
        """Audio of the turns in their order: index, samples or None, rate in Hz, reason if None."""
        reasons: dict[int, str] = {}
        spans: dict[int, list[_Span]] = {}
        for index in indices:
            found = self._locate(index)
            if isinstance(found, str):
                reasons[index] = found
            else:
                number, span = found
                spans.setdefault(number, []).append(span)
        streams = {n: self._decode(self._open()[n], wanted) for n, wanted in spans.items()}
        home = {span.index: n for n, wanted in spans.items() for span in wanted}
        waiting: dict[int, FloatArray] = {}
        for index in indices:
            if index in reasons:
                yield index, None, None, reasons[index]
                continue
            opened = self._open()[home[index]]
            try:
                # A turn inside a longer one ends first: it waits for its place.
                while index not in waiting:
                    done, samples = next(streams[home[index]])
                    waiting[done] = samples
            except EmotionMonitorError as error:
                why = str(_MASKER.error(error))
                if why not in self.notes:
                    self.notes.append(why)
                yield index, None, None, why
                continue
            except StopIteration:
                yield index, None, None, OUTSIDE
                continue
            heard, why = self._customer_only(opened, index, waiting.pop(index))
            assert opened.info.audio is not None
            yield index, heard, opened.info.audio.rate, why

    def _locate(self, index: int) -> tuple[int, _Span] | str:
        """Which recording holds the turn's voice, where; or why none does."""
        turn = self._conversation.turns[index]
        opened = [(n, item) for n, item in enumerate(self._open()) if item.info.audio]
        if not opened:
            return NO_RECORDING
        if turn.start is None or turn.end is None:
            return NO_TIME
        for number, item in opened:
            if item.covers(turn):
                assert item.info.audio is not None
                channel = policy.customer_channel(
                    item.media, turn, item.info.audio.channels, mixed=item.mixed
                )
                if isinstance(channel, str):
                    return channel
                offset = item.media.offset
                return number, _Span(index, turn.start - offset, turn.end - offset, channel)
        return OUTSIDE

    def _decode(self, opened: _Open, spans: Sequence[_Span]) -> Iterator[tuple[int, FloatArray]]:
        pieces = turn_audio(
            opened.media.path,
            [(span.start, span.end) for span in spans],
            [span.channel for span in spans],
            self._limits,
        )
        for position, samples in pieces:
            yield spans[position].index, samples

    def _customer_only(
        self, opened: _Open, index: int, samples: FloatArray
    ) -> tuple[FloatArray | None, str]:
        """The samples without the time in which anybody else speaks on the same channel."""
        assert opened.info.audio is not None
        turn = self._conversation.turns[index]
        if not opened.mixed or turn.start is None:
            return samples, ""
        keep = np.ones(len(samples), dtype=bool)
        rate = opened.info.audio.rate
        for start, end in policy.others_speak(self._conversation, turn):
            keep[int((start - turn.start) * rate) : int(np.ceil((end - turn.start) * rate))] = False
        if keep.all():
            return samples, ""
        rest = samples[keep]
        return (rest, "") if len(rest) >= LEAST_SECONDS * rate else (None, OTHERS_SPEAK)

    def _with_frames(self, given: TurnInput) -> TurnInput:
        turn = given.turn
        opened = [item for item in self._open() if item.info.video]
        here = [item for item in opened if item.covers(turn)]
        why = ""
        if not opened:
            why = NO_RECORDING
        elif turn.start is None or turn.end is None:
            why = NO_TIME
        elif not here:
            why = OUTSIDE
        elif here[0].media.customer_region is None:
            why = policy.FACE_UNKNOWN
        if why or turn.start is None or turn.end is None:
            return replace(given, reason=given.reason or why)
        item, start, end = here[0], turn.start, turn.end
        region = item.media.customer_region
        assert region is not None

        def pictures() -> Iterator[Frame]:
            offset = item.media.offset
            span = (item.media.path, start - offset, end - offset)
            for at, image in frames(*span, rate=self._face_rate, limits=self._limits):
                yield Frame(at + offset, cropped(image, region))

        return replace(given, frames=pictures)


def cropped(image: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
    """The region of a picture, at least one pixel of it.

    Args:
        image: RGB uint8 (height, width, 3).
        region: As `Media.customer_region`.
    """
    height, width = image.shape[:2]
    left, top = min(int(region[0] * width), width - 1), min(int(region[1] * height), height - 1)
    right = max(left + 1, int((region[0] + region[2]) * width + 0.5))
    bottom = max(top + 1, int((region[1] + region[3]) * height + 0.5))
    return image[top:bottom, left:right]


def _channel_notes(item: Media, report: ChannelReport | None) -> list[str]:
    if report is None:
        return []
    notes = []
    name = _MASKER.name(item.path.name)
    if report.identical:
        notes.append(
            f"{name}: its audio channels are identical, so speakers cannot be told apart "
            "by channel."
        )
    for channel in report.silent:
        role = item.channels.get(channel)
        who = f" ({role})" if role else ""
        notes.append(f"{name}: audio channel {channel}{who} is silent.")
    return notes
