"""What stands before every route: who may call at all, and what no cache may keep."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.errors import answer

_PORT = re.compile(r":\d*$")
_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses other host names and other sites' pages, and forbids caches to keep answers.

    A page of another site can reach a server on this machine: by a name of its own that resolves to
    127.0.0.1 (DNS rebinding), which the `Host` header shows, and by a form that it submits, which
    the `Origin` header shows.

    Args:
        app: The application behind.
        hosts: Host names under which it may be called, without port; `*` for any.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if not self._known(headers.get("host", "")):
            refusal = answer(
                421,
                "the service may not be called by this host name.",
                "header Host",
                "Call it by localhost, or name the host in EMOTION_MONITOR_ALLOWED_HOSTS.",
            )
            await refusal(scope, receive, send)
        elif (
            origin is not None
            and scope["method"] not in _SAFE
            and not self._known(origin.partition("://")[2])
        ):
            refusal = answer(403, "pages of other sites may not write here.", "header Origin")
            await refusal(scope, receive, send)
        else:
            await self.app(scope, receive, _uncached(send))

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
