"""Prosody of a turn while it is spoken: the figures of `audio.prosody.measure`, from blocks.

Every sample is resampled and transformed once, as it comes in. What is known only at the end, the
mean of the sound, is taken out then: of the level and of the two lowest bins of each spectrum,
which is all that a constant offset reaches.
"""

from __future__ import annotations

import numpy as np
import soxr

from audio.clipping import ClippingMeter
from audio.frames import FRAME, HOP, RATE, Spectra, contours, look
from audio.prosody import Prosody, summarise
from multimodal.emotions import FloatArray
from multimodal.errors import InvalidInputError

_HALF = FRAME // 2
_AT_ONCE = 25  # frames: numpy's calls cost as much for two as for these
_EDGE = -(-_HALF // HOP)  # frames that reach in front of the first sample
_HEAD = (_EDGE - 1) * HOP + _HALF  # samples that these frames look at


class ProsodyStream:
    """Measures one turn block by block; keeps about 60 kB per second of it.

    The result equals that of `audio.prosody.measure` over the whole turn within 1e-4, whatever the
    sizes of the blocks.

    Args:
        rate: Sample rate in Hz of what will be added.

    Raises:
        InvalidInputError: If the rate is not positive.
    """

    def __init__(self, rate: int) -> None:
        if rate <= 0:
            raise InvalidInputError(
                f"a stream at {rate} Hz.", remedy="Give its sample rate in Hz, for instance 8000."
            )
        same = rate == RATE
        self._resampler = None if same else soxr.ResampleStream(rate, RATE, 1, dtype="float32")
        self._clipping = ClippingMeter()
        self._head = np.zeros(0, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._skip = _EDGE * HOP - _HALF  # samples until the first that is looked at on its way
        self._seen: list[Spectra] = []
        self._frames = 0  # in `_seen`
        self._count = 0
        self._sum = 0.0
        self._shift = np.float32(0)

    @property
    def seconds(self) -> float:
        """How much was heard, in seconds."""
        return self._count / RATE

    def add(self, samples: FloatArray) -> None:
        """Takes the next samples.

        Args:
            samples: float32 (n,), in [-1, 1]; NaN and infinite ones count as 0.
        """
        sound = np.nan_to_num(np.asarray(samples, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        self._clipping.add(sound)
        if self._resampler is not None:
            sound = self._resampler.resample_chunk(np.ascontiguousarray(sound))
        self._take(sound)

    def finish(self) -> Prosody:
        """The whole turn, measured. Nothing can be added afterwards."""
        if self._resampler is not None:
            self._take(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
            self._resampler = None
        if not self._frames and self._count:
            self._shift = self._head.mean()
        offset = self._sum / self._count - float(self._shift) if self._count else 0.0
        frames = max(1, self._count // HOP)
        first = min(_EDGE, frames)
        silence = np.full(_HALF, offset, np.float32)
        seen = [look(_fitted(np.concatenate([silence, self._head - self._shift]), first, offset))]
        seen += self._seen
        last = frames - first - self._frames
        if last > 0:
            seen.append(look(_fitted(self._rest - self._shift, last, offset)))
        whole = Spectra(*(np.concatenate(parts) for parts in zip(*seen, strict=True)))
        return summarise(contours(whole, offset), self._count, self._clipping.share())

    def _take(self, sound: FloatArray) -> None:
        self._count += len(sound)
        self._sum += float(sound.sum(dtype=np.float64))
        if len(self._head) < _HEAD:
            self._head = np.concatenate([self._head, sound])[:_HEAD]
        skipped = min(self._skip, len(sound))
        self._skip -= skipped
        self._rest = np.concatenate([self._rest, sound[skipped:]])
        ready = (len(self._rest) - FRAME) // HOP + 1
        if ready < _AT_ONCE:
            return
        if not self._frames:
            # Whatever is near the mean: a large offset would cost digits.
            self._shift = self._head.mean()
        self._seen.append(look(self._rest[: (ready - 1) * HOP + FRAME] - self._shift))
        self._frames += ready
        self._rest = self._rest[ready * HOP :]


def _fitted(samples: FloatArray, frames: int, offset: float) -> FloatArray:
    """As many samples as so many frames look at, cut or filled up with the offset."""
    size = (frames - 1) * HOP + FRAME
    filling = np.full(max(size - len(samples), 0), offset, np.float32)
    return np.concatenate([samples[:size], filling])
