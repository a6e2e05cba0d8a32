"""Sends one request to a webhook, and nowhere that it should not go.

A person who may add webhooks must not reach what the server can reach and they cannot (server-side
request forgery): the receiver's name is resolved once, every address must be a public one, the
connection goes to exactly the address that was checked, and no redirect is followed. No proxy is
used. However slowly the receiver answers, it is over after a few seconds.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from app.alerts.messages import Request
from multimodal.errors import InvalidInputError

MAX_ANSWER = 64 * 1024
_NAT64 = IPv6Network("64:ff9b::/96")
_INTERNAL = "the webhook's address is one of this machine or of a local network"
_ALLOW = "Use a public address, or set EMOTION_MONITOR_WEBHOOK_INTERNAL=true."

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """How an attempt went.

    Attributes:
        status: HTTP status; None where there was no answer.
        body: The first bytes of the answer.
        error: What was wrong, empty where the status says all.
        seconds: How long it took.
    """

    status: int | None
    body: bytes
    error: str
    seconds: float


def check_url(url: str, *, internal: bool) -> SplitResult:
    """Checks an address as far as that goes without asking for its name.

    Args:
        url: The address.
        internal: Whether local addresses are allowed.

    Raises:
        InvalidInputError: If it is none for a webhook.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInputError("the webhook's address is no URL.", where="url") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidInputError(
            "the webhook's address does not begin with http:// or https:// and a host.",
            where="url",
            remedy="Copy it from the robot's settings.",
        )
    if parts.username is not None or any(ord(c) <= 32 or ord(c) > 126 for c in url):
        raise InvalidInputError(
            "the webhook's address has a user name, spaces or other characters in it.", where="url"
        )
    try:
        known = ip_address(parts.hostname)
    except ValueError:
        known = None
    local = parts.hostname == "localhost" or parts.hostname.endswith(".localhost")
    if not internal and (local or (known is not None and not is_public(known))):
        raise InvalidInputError(_INTERNAL + ".", where="url", remedy=_ALLOW)
    return parts


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet at large.

    An IPv6 address that stands for an IPv4 one (mapped, 6to4, Teredo, NAT64) is as public as that.
    """
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour
        if inside is None and address.teredo is not None:
            inside = address.teredo[1]
        if inside is None and address in _NAT64:
            inside = IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(inside)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int, *, internal: bool) -> list[Address]:
    """The addresses of a host.

    Raises:
        OSError: If it has none.
        InvalidInputError: If one of them is local and that is not allowed.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not internal:
        for address in addresses:
            if not is_public(ip_address(address.partition("%")[0])):
                raise InvalidInputError(_INTERNAL + ".", where=f"host {host[:80]}", remedy=_ALLOW)
    return [(address, port) for address in addresses]


def post(request: Request, *, internal: bool, seconds: float) -> Answer:
    """Sends a request and waits for its answer; never raises for what a receiver does.

    Args:
        request: What is sent.
        internal: Whether local addresses are allowed.
        seconds: How long everything together may take, once the receiver's name is resolved.
    """
    began = time.monotonic()
    late = threading.Event()
    try:
        parts = check_url(request.url, internal=internal)
        with _connection(parts, internal=internal, seconds=seconds) as connection:
            assert connection.sock is not None
            with _deadline(connection.sock, late, seconds):
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                connection.request("POST", target, request.body, dict(request.headers))
                answer = connection.getresponse()
                body = answer.read(MAX_ANSWER)
        status, error = answer.status, _complaint(answer.status)
    except (InvalidInputError, OSError, http.client.HTTPException, ValueError) as problem:
        status, body, error = None, b"", _words(problem)
    if late.is_set():
        status, body, error = None, b"", f"no answer within {seconds:g} s"
    return Answer(status, body, error, time.monotonic() - began)


@contextmanager
def _connection(
    parts: SplitResult, *, internal: bool, seconds: float
) -> Iterator[http.client.HTTPConnection]:
    """A connection to the address that was checked, whatever the name stands for a moment later."""
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(host, port, timeout=seconds)
    try:
        plain = _connected(resolve(host, port, internal=internal), seconds)
        connection.sock = plain
        if secure:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        yield connection
    finally:
        connection.close()


def _connected(addresses: list[Address], seconds: float) -> socket.socket:
    refused: OSError = OSError("the host has no address")
    for address in addresses[:3]:
        try:
            return socket.create_connection(address, timeout=seconds / 2)
        except OSError as error:
            refused = error
    raise refused


@contextmanager
def _deadline(sock: socket.socket, late: threading.Event, seconds: float) -> Iterator[None]:
    """Cuts the connection when the time is over: a timeout alone starts anew with each byte."""

    def cut() -> None:
        late.set()
        with suppress(OSError):  # It may have ended by itself.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"HTTP {status}: redirects are not followed"
    return f"HTTP {status}"


def _words(problem: Exception) -> str:
    if isinstance(problem, InvalidInputError):
        return problem.what
    if isinstance(problem, TimeoutError):
        return "no answer in time"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({problem.verify_message})"
    if isinstance(problem, socket.gaierror):
        return "the host's name is not known"
    return type(problem).__name__
