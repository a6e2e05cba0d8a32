"""What comes over a call's WebSocket: a plain framing, and the messages of Twilio Media Streams.

Plain: one JSON text first, then binary frames of samples, all channels interleaved, in any length.

    {"event": "start", "encoding": "pcm_s16le", "rate": 8000, "channels": 2,
     "roles": {"0": "agent", "1": "customer"}, "offset": 12.5}
    ... binary ...
    {"event": "stop"}

`encoding` is `pcm_s16le` (16 bit, little-endian) or `mulaw` (G.711), `rate` 8000 or 16000,
`channels` 1 or 2. `roles` says who is on which channel. `offset` is where in the conversation the
first sample lies, in seconds; without it, a first stream begins at 0.

Twilio: https://www.twilio.com/docs/voice/media-streams/websocket-messages. The track `inbound` is
what Twilio hears from the call: the customer, unless the custom parameter `customer` says
`outbound`. `offset` may be given as a custom parameter too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multimodal.conversation import Role, storable
from multimodal.errors import InvalidInputError, TranscriptError
from multimodal.formats.documents import parse_json

Samples = NDArray[np.int16]
RATES = (8000, 16000)
MAX_OFFSET = 24 * 3600.0
REMEDY = "See the README, section Live, for what is expected."
TRACKS = ("inbound", "outbound")


@dataclass(frozen=True, slots=True)
class AudioForm:
    """How a stream's samples come.

    Attributes:
        encoding: `pcm_s16le` or `mulaw`.
        rate: Samples per second and channel, 8000 or 16000.
        channels: 1 or 2.
        roles: Who is on which channel; a channel that is not named is of unknown role.
        offset: Seconds from the conversation's start to the first sample; None where not given.
        twilio: Whether messages are Twilio's.
    """

    encoding: Literal["pcm_s16le", "mulaw"]
    rate: int
    channels: int
    roles: Mapping[int, Role]
    offset: float | None = None
    twilio: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some sound.

    Attributes:
        samples: int16 (n, channels), or (n, 1) of one channel.
        channel: The one channel; None for all of them.
        at: Sample of the stream at which it begins, None where it follows the one before.
    """

    samples: Samples
    channel: int | None = None
    at: int | None = None


class Stop:
    """The sender has said that nothing more comes."""


Message = AudioForm | Piece | Stop | None


class Framing:
    """Reads one connection's messages, in their order; what is none of them is refused."""

    def __init__(self) -> None:
        self.form: AudioForm | None = None

    def text(self, text: str) -> Message:
        """One text message; None for one that says nothing of sound.

        Raises:
            InvalidInputError: If it is not what was expected here.
        """
        try:
            data = parse_json(text, "message")
        except TranscriptError as error:
            raise InvalidInputError("the message is not JSON.", remedy=REMEDY) from error
        if not isinstance(data, dict):
            raise InvalidInputError("the message is not a JSON object.", remedy=REMEDY)
        event = data.get("event")
        if event == "stop":
            return Stop()
        if event == "start" and self.form is None:
            self.form = _twilio_form(data) if "streamSid" in data else _plain_form(data)
            return self.form
        if event == "media" and self.form is not None and self.form.twilio:
            return _twilio_piece(data, self.form)
        if event in ("connected", "mark", "dtmf"):
            return None
        raise InvalidInputError(
            f"the message's event {storable(str(event))[:40]!r} is not expected here.",
            remedy=REMEDY,
        )

    def binary(self, data: bytes) -> Piece:
        """One binary message.

        Raises:
            InvalidInputError: If no start came before, or it ends within a sample.
        """
        if self.form is None or self.form.twilio:
            raise InvalidInputError("a binary message came without a start.", remedy=REMEDY)
        return Piece(decode(data, self.form).reshape(-1, self.form.channels))


def decode(data: bytes, form: AudioForm) -> Samples:
    """Samples as they are kept, int16 (n,).

    Raises:
        InvalidInputError: If there is not a whole number of them for every channel.
    """
    width = (2 if form.encoding == "pcm_s16le" else 1) * (1 if form.twilio else form.channels)
    if len(data) % width:
        raise InvalidInputError(
            f"the message has {len(data)} bytes, expected a multiple of {width}.", remedy=REMEDY
        )
    if form.encoding == "pcm_s16le":
        return np.frombuffer(data, dtype="<i2").astype(np.int16)
    return _MULAW[np.frombuffer(data, dtype=np.uint8)]


def _mulaw_table() -> Samples:
    """G.711: sign, three bits of exponent, four of mantissa, all inverted; a bias of 132."""
    codes = ~np.arange(256, dtype=np.uint8)
    exponent, mantissa = (codes >> 4 & 7).astype(np.int32), (codes & 15).astype(np.int32)
    size = (((mantissa << 3) + 132) << exponent) - 132
    return np.where(codes & 128, -size, size).astype(np.int16)


_MULAW = _mulaw_table()


def _plain_form(data: Mapping[str, Any]) -> AudioForm:
    encoding = _choice(data, "encoding", ("pcm_s16le", "mulaw"))
    rate, channels = _choice(data, "rate", RATES), _choice(data, "channels", (1, 2))
    roles: dict[int, Role] = {}
    given = data.get("roles", {})
    if not isinstance(given, dict):
        raise InvalidInputError("roles is not an object from channel to role.", remedy=REMEDY)
    for channel, role in given.items():
        if channel not in {str(index) for index in range(channels)} or role not in list(Role):
            raise InvalidInputError(
                f"roles says {storable(str(role))[:20]!r} of channel {channel[:20]!r}, expected "
                f"one of {', '.join(Role)} of channel 0 to {channels - 1}.",
                remedy=REMEDY,
            )
        roles[int(channel)] = Role(role)
    return AudioForm(encoding, rate, channels, roles, _offset(data.get("offset")))


def _twilio_form(data: Mapping[str, Any]) -> AudioForm:
    start = data.get("start")
    if not isinstance(start, dict):
        raise InvalidInputError("Twilio's start has no start object.", remedy=REMEDY)
    media = start.get("mediaFormat", {})
    if not isinstance(media, dict) or media.get("encoding", "audio/x-mulaw") != "audio/x-mulaw":
        raise InvalidInputError("Twilio's encoding is not audio/x-mulaw.", remedy=REMEDY)
    rate = _choice({"rate": media.get("sampleRate", 8000)}, "rate", RATES)
    tracks = start.get("tracks", ["inbound"])
    if not isinstance(tracks, list) or not tracks or not set(map(str, tracks)) <= set(TRACKS):
        raise InvalidInputError("Twilio's tracks are not inbound and outbound.", remedy=REMEDY)
    custom = start.get("customParameters", {})
    custom = custom if isinstance(custom, dict) else {}
    customer = _choice({"customer": custom.get("customer", "inbound")}, "customer", TRACKS)
    roles = {
        index: Role.CUSTOMER if track == customer else Role.AGENT
        for index, track in enumerate(_tracks(tracks))
    }
    offset = _offset(custom.get("offset"))
    return AudioForm("mulaw", rate, len(roles), roles, offset, twilio=True)


def _tracks(given: list[Any]) -> list[str]:
    return [track for track in TRACKS if track in given]


def _twilio_piece(data: Mapping[str, Any], form: AudioForm) -> Piece:
    media = data.get("media")
    if not isinstance(media, dict) or not isinstance(media.get("payload"), str):
        raise InvalidInputError("Twilio's media has no payload.", remedy=REMEDY)
    try:
        payload = base64.b64decode(media["payload"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("Twilio's payload is not base64.", remedy=REMEDY) from error
    track = media.get("track", "inbound")
    # With one track there is one channel, whichever it is.
    channel = TRACKS.index(track) if track in TRACKS and form.channels == 2 else 0
    at = str(media.get("timestamp", ""))
    begins = int(at) * form.rate // 1000 if at.isascii() and at.isdigit() and len(at) < 12 else None
    return Piece(decode(payload, form).reshape(-1, 1), channel, begins)


def _choice(data: Mapping[str, Any], name: str, allowed: tuple[Any, ...]) -> Any:
    value = data.get(name)
    if isinstance(value, bool) or value not in allowed:
        raise InvalidInputError(
            f"{name} is {storable(str(value))[:40]!r}, expected one of "
            f"{', '.join(map(str, allowed))}.",
            remedy=REMEDY,
        )
    return value


def _offset(value: Any) -> float | None:
    if value is None:
        return None
    try:
        offset = float(value)
    except (TypeError, ValueError):
        offset = -1.0
    if not 0 <= offset <= MAX_OFFSET:
        raise InvalidInputError(
            f"offset is {storable(str(value))[:40]!r}, expected 0 to {MAX_OFFSET:.0f} seconds.",
            remedy=REMEDY,
        )
    return offset
