"""The dashboard as it is served: the pages, and a guard before what Streamlit leaves open.

Streamlit takes uploads into its memory from whoever knows a live session's id, and asks nobody who
they are. Here an upload needs a person who is signed in, whom the API knows.
"""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.accounts import SESSION_COOKIE

UPLOADS = "/_stcore/upload_file/"
ASK_SECONDS = 10.0


class UploadGuard:
    """Refuses uploads of whoever is not signed in, before anything of them is read.

    Args:
        app: What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on, or answers that nobody is signed in."""
        uploads = scope["type"] == "http" and UPLOADS in scope["path"]
        if uploads and scope["method"] != "OPTIONS":
            status = await _session_status(HTTPConnection(scope).cookies.get(SESSION_COOKIE, ""))
            if status != httpx.codes.OK:
                await PlainTextResponse("not signed in", status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def _session_status(token: str) -> int:
    """What the API answers of a session: 200, 401, or 503 where it does not answer."""
    if not token:
        return httpx.codes.UNAUTHORIZED
    base = os.environ.get("EMOTION_MONITOR_API_URL", "http://127.0.0.1:8600")
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx.AsyncClient(timeout=ASK_SECONDS) as client:
            answer = await client.get(f"{base}/api/v1/session", headers=headers)
    except httpx.HTTPError:
        return httpx.codes.SERVICE_UNAVAILABLE
    return answer.status_code


app = st.App(Path(__file__).with_name("main.py"), middleware=[Middleware(UploadGuard)])
