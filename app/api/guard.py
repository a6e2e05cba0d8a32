"""What stands before every route: from where it may be called, and what no cache may keep."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.accounts import SESSION_COOKIE
from app.api.errors import answer

_PORT = re.compile(r":\d*$")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses other host names and other sites' pages, and forbids caches to keep answers.

    A page of another site, or of another server on this host, can reach this one: by a name of its
    own that resolves to 127.0.0.1 (DNS rebinding), which the `Host` header shows, and by what it
    sends in the name of whoever is signed in (CSRF), which the `Origin` header shows: browsers send
    it with every write and every WebSocket. A write by the cookie alone therefore has to have one.

    Args:
        app: The application behind.
        hosts: Host names under which it may be called, without port; `*` for any.
        origins: Origins whose pages may write, beside the service's own.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request, or one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(HTTPConnection(scope))
        if refusal is None:
            await self.app(scope, receive, _uncached(send) if scope["type"] == "http" else send)
        elif scope["type"] == "http":
            await refusal(scope, receive, send)
        else:  # Closed before it is accepted: the server answers 403.
            await send({"type": "websocket.close", "code": WS_1008_POLICY_VIOLATION})

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        host = connection.headers.get("host", "")
        if not self._known(host):
            return answer(
                421,
                "the service may not be called by this host name.",
                "header Host",
                "Call it by localhost, or name the host in EMOTION_MONITOR_ALLOWED_HOSTS.",
            )
        if connection.scope.get("method") in _SAFE:
            return None
        origin = connection.headers.get("origin")
        if origin is None:
            if SESSION_COOKIE not in connection.cookies or "authorization" in connection.headers:
                return None
            return answer(
                403,
                "what is written by the cookie of a session has to say from which page.",
                "header Origin",
                "A program sends a key as `Authorization: Bearer ...`.",
            )
        if origin.partition("://")[2] == host or origin in self.origins:
            return None
        return answer(403, "pages of other sites may not write here.", "header Origin")

    def _known(self, host: str) -> bool:
        return "*" in self.hosts or _PORT.sub("", host).lower() in self.hosts


def _uncached(send: Send) -> Send:
    replaced = False

    async def send_with_headers(message: Message) -> None:
        nonlocal replaced
        if replaced:
            return
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("X-Content-Type-Options", "nosniff")
            if message["status"] == 413 and headers.get("content-type", "").startswith("text/"):
                # The framework's own words for a body over the limit, in the one shape of errors.
                replaced = True
                refusal = answer(
                    413,
                    "the request is larger than what the service takes.",
                    remedy="Send it in parts; files go to /api/v1/imports, whose limit is the"
                    " setting EMOTION_MONITOR_MAX_UPLOAD_MB.",
                )
                await send({**message, "headers": refusal.raw_headers})
                await send({"type": "http.response.body", "body": refusal.body})
                return
        await send(message)

    return send_with_headers
