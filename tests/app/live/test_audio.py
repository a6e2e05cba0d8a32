"""A call's sound over a WebSocket: the customer's turns are heard in it, the agent's never."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.api.routes import audio
from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Need, TurnInput
from tests.app.conftest import API, OneFuser, WordScorer, problem
from tests.app.live.serving import Served, served

RATE = 8000
START = {"event": "start", "encoding": "pcm_s16le", "rate": RATE, "channels": 2}
BOTH = START | {"roles": {"0": "agent", "1": "customer"}}
Sound = NDArray[np.int16]


class Listener:
    """Keeps what it is given to hear."""

    modality = "voice"
    needs: frozenset[Need] = frozenset({"audio"})
    stateful = True
    info = ModelInfo("listener", "1", "cd" * 32, "open")

    def __init__(self) -> None:
        self.heard: list[NDArray[np.float32] | None] = []

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        self.heard += [given.audio for given in inputs]
        neutral = np.full(7, 1 / 7, dtype=np.float32)
        return [
            EmotionScores.missing(given.reason or "silence", model=self.info)
            if given.audio is None
            else EmotionScores(neutral, 0.5, model=self.info)
            for given in inputs
        ]


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def server(tmp_path: Path, listener: Listener) -> Iterator[Served]:
    monitor = EmotionMonitor([WordScorer(), listener], OneFuser(), standing_notice="N1")
    with served(tmp_path, monitor) as server:
        yield server


def tone(hertz: float, seconds: float) -> Sound:
    times = np.arange(int(seconds * RATE)) / RATE
    return (12000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def pitch(sound: NDArray[np.float32] | None) -> float:
    assert sound is not None
    spectrum = np.abs(np.fft.rfft(sound))
    return float(np.fft.rfftfreq(len(sound), 1 / RATE)[spectrum.argmax()])


def call(server: Served, name: str = "call") -> str:
    body = {"external_id": name, "source": "t", "channel": "phone", "turns": []}
    made = server.client.post(f"{API}/conversations?state=open", json=body)
    assert made.status_code == 201
    return f"{API}/conversations/{made.json()['id']}"


@contextmanager
def stream(server: Served, url: str) -> Iterator[ClientConnection]:
    address = server.url.replace("http", "ws") + url + "/audio"
    headers = {"Authorization": server.client.headers["Authorization"]}
    with connect(address, additional_headers=headers, proxy=None) as socket:
        yield socket


def say(server: Served, url: str, start: float, end: float, role: str = "customer") -> Any:
    turn = {"role": role, "text": f"{start}", "start": start, "end": end}
    answer = server.client.post(f"{url}/turns", json=turn)
    assert answer.status_code == 201, answer.text
    return answer.json()["turn"]["scores"]["voice"]


def send(socket: ClientConnection, *channels: Sound) -> None:
    data = np.stack(channels, axis=1).astype("<i2").tobytes()
    for at in range(0, len(data), 3200):
        socket.send(data[at : at + 3200])


def until(socket: ClientConnection, seconds: float) -> None:
    while json.loads(socket.recv(10)).get("seconds", 0) < seconds:
        pass


def closed_with(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason with which the server ends, after what it had to say before."""
    close = None
    while close is None:
        try:
            socket.recv(10)
        except ConnectionClosed as closed:
            close = closed.rcvd
    return close.code, close.reason


def test_a_turn_is_heard_on_the_customers_channel(server: Served, listener: Listener) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        assert json.loads(socket.recv(10)) == {"event": "started", "offset": 0.0}
        send(socket, tone(200, 4), np.concatenate([tone(500, 2), tone(900, 2)]))
        until(socket, 3.0)
        assert say(server, url, 0.5, 1.5)["reason"] == ""
        say(server, url, 2.5, 3.5)
        assert say(server, url, 1.0, 3.0, "agent")["reason"].startswith("policy")
        socket.send(json.dumps({"event": "stop"}))
        assert closed_with(socket)[0] == 1000
    assert [pitch(one) for one in listener.heard] == [500, 900]
    assert len(listener.heard[0]) == RATE  # type: ignore[arg-type]
    server.client.post(f"{url}/close")
    whole = server.client.get(url).json()
    assert [one["channels"] for one in whole["media"]] == [{"0": "agent", "1": "customer"}]
    kept = next((server.settings.media_dir).glob("*/*"))
    assert not kept.name.startswith("live")
    sound, rate = soundfile.read(kept)
    assert (sound.shape, rate) == ((4 * RATE, 2), RATE)


def test_words_that_are_ahead_of_the_sound_wait_for_it(server: Served, listener: Listener) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        send(socket, tone(200, 1), tone(500, 1))
        until(socket, 1.0)
        # A recogniser whose clock is ahead: the sound never comes, the words are scored alone.
        assert say(server, url, 30.0, 31.0)["reason"] != ""
        assert say(server, url, 0.5, 9.0)["reason"] == ""
    assert len(listener.heard[-1]) == RATE // 2  # type: ignore[arg-type]


@pytest.mark.parametrize("roles", [{}, {"0": "unknown"}, {"0": "agent"}])
def test_a_channel_that_is_not_the_customers_alone_is_not_heard(
    server: Served, listener: Listener, roles: dict[str, str]
) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(START | {"channels": 1, "roles": roles}))
        send(socket, tone(500, 2))
        until(socket, 2.0)
        assert say(server, url, 0.5, 1.5)["reason"].startswith("policy")
    assert listener.heard == [None]


def test_a_mono_call_on_two_channels_is_not_heard(server: Served, listener: Listener) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        send(socket, tone(500, 2), tone(500, 2))
        until(socket, 2.0)
        assert say(server, url, 0.5, 1.5)["reason"].startswith("policy")
    assert listener.heard == [None]


def test_twilio(server: Served, listener: Listener) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
        form = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
        start = {"tracks": ["inbound", "outbound"], "mediaFormat": form, "customParameters": {}}
        socket.send(json.dumps({"event": "start", "streamSid": "MZ1", "start": start}))
        for index in range(100):  # 2 s in messages of 20 ms; the agent's come only at first.
            for track, code in (("inbound", 0x10 if index % 2 else 0x90), ("outbound", 0xFF)):
                if track == "outbound" and index > 50:
                    continue
                payload = base64.b64encode(bytes([code]) * 160).decode()
                media = {"track": track, "timestamp": str(20 * index), "payload": payload}
                socket.send(json.dumps({"event": "media", "streamSid": "MZ1", "media": media}))
        socket.send(json.dumps({"event": "mark", "mark": {"name": "x"}}))
        socket.send(json.dumps({"event": "stop", "streamSid": "MZ1"}))
        assert closed_with(socket)[0] == 1000
    assert say(server, url, 0.5, 1.5)["reason"] == ""
    assert pitch(listener.heard[0]) == 25  # A square wave of 40 ms.


@pytest.mark.parametrize(
    ("messages", "code", "says"),
    [
        (["garbage"], 1007, "not JSON"),
        (["[]"], 1007, "not a JSON object"),
        ([json.dumps({"event": "media"})], 1007, "not expected"),
        ([json.dumps(BOTH | {"rate": 44100})], 1007, "rate"),
        ([json.dumps(BOTH | {"roles": {"7": "customer"}})], 1007, "roles"),
        ([json.dumps(BOTH), b"odd"], 1007, "multiple of 4"),
        ([b"\0\0"], 1007, "without a start"),
        ([json.dumps(BOTH), bytes(300 * 1024)], 1009, ""),
        ([json.dumps({"event": "start", "streamSid": "x", "start": 3})], 1007, "start object"),
    ],
)
def test_garbage_closes_with_its_reason(
    server: Served, messages: list[str | bytes], code: int, says: str
) -> None:
    with stream(server, call(server)) as socket:
        for message in messages:
            socket.send(message)
        found, reason = closed_with(socket)
    assert found == code
    assert says in reason


def test_what_stalls_or_never_ends_is_ended(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "STALL_SECONDS", 0.5)
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        send(socket, tone(200, 1), tone(500, 1))
        assert closed_with(socket)[0] == 4408
    # What came is kept, and the next stream follows on it.
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        assert json.loads(socket.recv(10))["offset"] >= 1.0
    with stream(server, f"{API}/conversations/999") as socket:
        assert closed_with(socket)[0] == 4404


def test_closing_the_conversation_ends_its_stream(server: Served) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        send(socket, tone(200, 1), tone(500, 1))
        until(socket, 1.0)
        server.client.post(f"{url}/close")
        assert closed_with(socket) == (1000, "the conversation was closed")
    with stream(server, url) as socket:
        assert closed_with(socket)[0] == 4409


def test_erasing_leaves_no_sound(server: Served) -> None:
    url = call(server)
    with stream(server, url) as socket:
        socket.send(json.dumps(BOTH))
        send(socket, tone(200, 1), tone(500, 1))
        until(socket, 1.0)
        assert server.client.delete(url).status_code == 204
        assert closed_with(socket)[0] == 1000
    assert not [path for path in server.settings.media_dir.rglob("*") if path.is_file()]


def test_nobody_without_a_key_is_heard(server: Served) -> None:
    address = server.url.replace("http", "ws") + call(server) + "/audio"
    with pytest.raises(Exception, match="403|1008"), connect(address, proxy=None) as socket:
        socket.recv(10)


def test_a_turn_with_a_recording(server: Served, listener: Listener, tmp_path: Path) -> None:
    url = call(server)
    clip = tmp_path / "say.wav"
    soundfile.write(clip, tone(700, 1.5), RATE)

    def post(turn: dict[str, Any], key: str) -> Any:
        return server.client.post(
            f"{url}/turns/recorded",
            data={"turn": json.dumps(turn)},
            files={"file": ("say.wav", clip.read_bytes())},
            headers={"Idempotency-Key": key},
        )

    turn = {"role": "customer", "text": "喂", "start": 12.0}
    first = post(turn, "k1")
    assert first.status_code == 201, first.text
    assert first.json()["turn"]["end"] == 13.5
    assert pitch(listener.heard[0]) == pytest.approx(700, abs=1)
    again = post(turn, "k1")
    assert (again.status_code, again.json()["turn"]) == (200, first.json()["turn"])
    assert "only a customer's" in problem(post(turn | {"role": "agent"}, "k2"), 422)["what"]
    assert "no start" in problem(post({"role": "customer"}, "k3"), 422)["what"]
    assert len(server.client.get(url).json()["media"]) == 1
    clip.write_bytes(b"no sound")
    assert post(turn | {"start": 20.0}, "k4").status_code == 422
    assert len([path for path in server.settings.media_dir.rglob("*") if path.is_file()]) == 1
