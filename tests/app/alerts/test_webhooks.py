"""Webhooks: every vendor's body arrives, signed; nothing internal is reached; nobody waits."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from app.alerts import sender
from app.alerts.messages import Request, refusal_of
from app.alerts.posting import check_url, is_public, post, resolve
from app.settings import Settings
from app.store import LOCAL, Store
from app.store.alerts import Met
from multimodal.conversation import Conversation, Role, Turn
from multimodal.errors import InvalidInputError
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, problem, signed_in


class Receiver:
    """A server on this machine that keeps what it is sent and answers as it is told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, bytes]] = []
        self.arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver.arrived:
                    receiver.requests.append((self.path, headers, body))
                    status, answer = (
                        receiver.answers.pop(0)
                        if receiver.answers
                        else (200, b'{"errcode":0,"code":0}')
                    )
                    receiver.arrived.notify_all()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def wait(self, count: int) -> list[tuple[str, dict[str, str], bytes]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.requests) >= count, 30), self.requests
            return list(self.requests)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def local(tmp_path: Path, monitor: EmotionMonitor) -> Iterator[TestClient]:
    """The API of a site that allows receivers on its own network."""
    settings = Settings(
        data_dir=tmp_path / "data", webhook_internal=True, dashboard_url="https://em.example/x/"
    )
    with signed_in(settings, monitor) as client:
        yield client


def add(client: TestClient, vendor: str, url: str, **more: Any) -> dict[str, Any]:
    body = {"name": "班长群", "vendor": vendor, "url": url, **more}
    answer = client.post(f"{API}/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def alarm(client: TestClient, external_id: str = "c 1/ä", text: str = "我要投诉<b>") -> None:
    turns = [{"role": "customer", "text": text, "start": 83.2, "end": 85.0}]
    body = {"external_id": external_id, "source": "pbx", "queue": "售后", "turns": turns}
    answer = client.post(f"{API}/conversations", params={"state": "open"}, json=body)
    assert answer.status_code == 201, answer.text


def log_of(client: TestClient, number: int) -> list[dict[str, Any]]:
    return list(client.get(f"{API}/webhooks/{number}/deliveries").json()["data"])


def until(what: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


LINK = "https://em.example/x/replay?source=pbx&external_id=c%201%2F%C3%A4&t=83.2"


def test_the_generic_body_is_signed_as_standard_webhooks(
    local: TestClient, receiver: Receiver
) -> None:
    made = add(local, "generic", receiver.url)
    assert made["secret"].startswith("whsec_")
    shown = local.get(f"{API}/webhooks").json()["data"][0]
    assert (shown["secret"], shown["signed"]) == ("", True)
    assert shown["url"] == "http://127.0.0.1/…hook"
    alarm(local)
    ((path, headers, body),) = receiver.wait(1)
    assert path == "/hook"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(made["secret"].removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    event = json.loads(body)
    assert event["type"] == "alert.opened"
    data = event["data"]
    assert (data["rule"], data["severity"], data["turn"]) == ("投诉或监管用语", "warning", 1)
    assert (data["words"], data["url"], data["queue"]) == ("我要投诉<b>", LINK, "售后")
    until(lambda: log_of(local, made["id"])[0]["state"] == "sent")
    (entry,) = log_of(local, made["id"])
    assert (entry["status"], entry["attempts"], entry["error"]) == (200, 1, "")


def test_wecom(local: TestClient, receiver: Receiver) -> None:
    add(local, "wecom", receiver.url + "?key=abc")
    alarm(local)
    ((path, _, body),) = receiver.wait(1)
    assert path == "/hook?key=abc"
    message = json.loads(body)
    assert message["msgtype"] == "text"
    text = message["text"]["content"]
    assert text.startswith("【警告 Warning】投诉或监管用语")
    assert "我要投诉＜b＞" in text
    assert text.endswith(LINK)
    assert len(text.encode()) < 2048


def test_dingtalk(local: TestClient, receiver: Receiver) -> None:
    add(local, "dingtalk", receiver.url + "?access_token=t", secret="SECx")
    alarm(local)
    ((path, _, body),) = receiver.wait(1)
    query = parse_qs(urlsplit(path).query)
    stamp = query["timestamp"][0]
    digest = hmac.new(b"SECx", f"{stamp}\nSECx".encode(), hashlib.sha256).digest()
    assert query["sign"][0] == base64.b64encode(digest).decode()
    assert query["access_token"] == ["t"]
    assert abs(int(stamp) / 1000 - time.time()) < 60
    assert "投诉" in json.loads(body)["text"]["content"]


def test_feishu(local: TestClient, receiver: Receiver) -> None:
    add(local, "feishu", receiver.url, secret="fs", with_words=False)
    alarm(local)
    ((_, _, body),) = receiver.wait(1)
    message = json.loads(body)
    key = f"{message['timestamp']}\nfs".encode()
    expected = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert message["sign"] == expected
    assert message["msg_type"] == "text"
    assert "我要投诉" not in message["content"]["text"]  # It is not told the words.


def test_the_test_button_says_how_it_went(local: TestClient, receiver: Receiver) -> None:
    number = add(local, "wecom", receiver.url)["id"]
    url = f"{API}/webhooks/{number}/test"
    assert local.post(url).json()["state"] == "sent"
    receiver.answers = [(200, b'{"errcode":93000,"errmsg":"invalid webhook url"}')]
    failed = local.post(url).json()
    assert (failed["state"], failed["error"]) == ("failed", "wecom 93000: invalid webhook url")
    receiver.answers = [(302, b"")]
    assert "redirects are not followed" in local.post(url).json()["error"]
    assert len(receiver.requests) == 3
    problem(local.post(f"{API}/webhooks/99/test"), 404)
    assert [entry["change"] for entry in log_of(local, number)] == ["test"] * 3


def test_failures_are_tried_again_and_refusals_are_not(
    local: TestClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "BACKOFF_SECONDS", (0.1, 0.2, 0.2))
    number = add(local, "generic", receiver.url)["id"]
    receiver.answers = [(503, b""), (429, b""), (200, b"")]
    alarm(local, "a")
    receiver.wait(3)
    until(lambda: log_of(local, number)[0]["state"] == "sent")
    assert log_of(local, number)[0]["attempts"] == 3
    receiver.answers = [(404, b"")]
    alarm(local, "b")
    until(lambda: log_of(local, number)[0]["state"] == "failed")
    assert (log_of(local, number)[0]["attempts"], log_of(local, number)[0]["status"]) == (1, 404)
    receiver.answers = [(500, b"")] * 9
    alarm(local, "c")
    until(lambda: log_of(local, number)[0]["state"] == "failed")
    assert log_of(local, number)[0]["attempts"] == 4


def test_who_is_told_of_what(local: TestClient, receiver: Receiver) -> None:
    grave = add(local, "generic", receiver.url, least_severity="critical")["id"]
    others = add(local, "generic", receiver.url, teams=["二班"])["id"]
    off = add(local, "generic", receiver.url, enabled=False)["id"]
    all_of_it = add(local, "generic", receiver.url, least_severity="notice")["id"]
    for index in range(8):
        alarm(local, f"c{index}")
    until(lambda: len(log_of(local, all_of_it)) == 8)
    states = [entry["state"] for entry in log_of(local, all_of_it)]
    if states.count("over_budget"):  # Unless the clock struck meanwhile.
        assert states[:2] == ["over_budget"] * 2
    receiver.wait(6)
    for number in (grave, others, off):
        assert log_of(local, number) == []
    body = {"name": "x", "vendor": "generic", "least_severity": "warning"}
    changed = local.put(f"{API}/webhooks/{all_of_it}", json=body).json()
    assert (changed["url"], changed["signed"]) == ("http://127.0.0.1/…hook", True)
    assert local.delete(f"{API}/webhooks/{all_of_it}").status_code == 204
    problem(local.get(f"{API}/webhooks/{all_of_it}/deliveries"), 404)


@pytest.fixture
def hanging() -> Iterator[str]:
    """A receiver that takes the connection, and then sends a byte a second, for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        server.settimeout(0.2)
        kept = []
        while not stopping.is_set():
            with suppress(TimeoutError):
                kept.append(server.accept()[0])
            for one in kept:
                with suppress(OSError):
                    one.send(b"H")
        for one in kept:
            one.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    stopping.set()
    thread.join()
    server.close()


def test_a_hanging_receiver_is_over_in_time(hanging: str) -> None:
    answer = post(Request(hanging, {}, b"{}"), internal=True, seconds=1.0)
    assert (answer.status, answer.error) == (None, "no answer within 1 s")
    assert answer.seconds < 3


def test_a_hanging_receiver_delays_nobody(
    local: TestClient, receiver: Receiver, hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "RECEIVER_SECONDS", 3.0)
    slow = add(local, "generic", hanging)["id"]
    add(local, "generic", receiver.url)
    began = time.monotonic()
    for index in range(3):
        alarm(local, f"c{index}")
    receiver.wait(3)  # While the other one hangs.
    assert log_of(local, slow)[-1]["state"] == "sending"
    assert time.monotonic() - began < 3
    until(lambda: log_of(local, slow)[-1]["attempts"] == 1)
    assert log_of(local, slow)[-1]["error"] == "no answer within 3 s"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:7f00:1::", "2002:a00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_internal_addresses(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/", "http://127.0.0.1:8600/", "http://[::1]/", "http://a.localhost/",
        "http://10.0.0.1/", "file:///etc/passwd", "ftp://example.com/", "gopher://example.com/",
        "http:///x", "//example.com", "http://user:secret@example.com/", "http://example.com:0/",
        "http://example.com:99999/", "http://exa mple.com/", "http://example.com/\r\nX: y",
        "http://例.com/", "http://[::ffff:7f00:1]/", "",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="address"):
        check_url(url, internal=False)


def test_a_name_of_this_machine_is_refused_when_it_is_resolved(
    sqlite_client: TestClient, receiver: Receiver
) -> None:
    problem(
        sqlite_client.post(
            f"{API}/webhooks", json={"name": "x", "vendor": "generic", "url": receiver.url}
        ),
        422,
    )
    name = socket.gethostname()
    if any(not is_public(ip_address(a)) for a, _ in resolve(name, 80, internal=True)):
        with pytest.raises(InvalidInputError, match="local network"):
            resolve(name, 80, internal=False)
    # Decimal, octal and short forms of 127.0.0.1 are names that resolve to it.
    port = receiver.server.server_port
    for host in ("2130706433", "0x7f000001", "127.1", "0177.0.0.1"):
        sent = post(Request(f"http://{host}:{port}/hook", {}, b"{}"), internal=False, seconds=5)
        assert sent.status is None, host
        assert sent.error, host
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("vendor", "body", "said"),
    [
        ("generic", b"whatever", ""),
        ("wecom", b'{"errcode":0,"errmsg":"ok"}', ""),
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}', "dingtalk 310000"),
        ("feishu", b'{"code":0,"msg":"success"}', ""),
        ("feishu", b'{"StatusCode":0,"StatusMessage":"success"}', ""),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}', "feishu 19021"),
        ("feishu", b"<html>", "not the robot's JSON"),
        ("wecom", b"[]", "not the robot's JSON"),
        ("wecom", b"{}", "wecom None"),
    ],
)
def test_what_robots_answer(vendor: str, body: bytes, said: str) -> None:
    found = refusal_of(vendor, body)
    assert said in found
    assert bool(found) == bool(said)


def test_a_message_that_was_being_sent_is_sent_again(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    with Store(settings) as store:
        hook = {
            "name": "x", "vendor": "generic", "url": "https://example.com/", "secret": "s",
            "least_severity": "notice", "teams": [], "with_words": True, "enabled": True,
        }  # fmt: skip
        webhook = store.webhooks.add(hook, LOCAL)
        rule = store.rules.add({"name": "x"}, LOCAL, enabled=True)
        call = Conversation("c", (Turn(Role.CUSTOMER, "a"),))
        number = store.save(monitor.score(call), state="open").id
        store.alerts.meet(number, [Met(rule.id, "x", "", "warning", 0.0, 1, "a")])
        (message,) = store.webhooks.claim(5)
        assert message.webhook.id == webhook.id
        assert store.webhooks.claim(5) == []  # Its process has it.
        assert store.webhooks.record(
            message.delivery.id, state="sending", status=None, error="", seconds=0.0,
            due_at=datetime.now(UTC) - timedelta(seconds=1),
        )  # fmt: skip
        assert store.webhooks.claim(5, [webhook.id]) == []  # One at a time.
        assert [one.delivery.id for one in store.webhooks.claim(5)] == [message.delivery.id]
        store.delete(number, LOCAL)
        gone = store.webhooks.record(
            message.delivery.id, state="sent", status=200, error="", seconds=0.1
        )
        assert gone is None
