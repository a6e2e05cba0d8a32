"""`emotion-monitor serve`: the API in this process, the dashboard beside it, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sqlalchemy.engine import make_url

from app.accounts.first_admin import first_admin, welcome
from app.api import create_app
from app.settings import Settings
from app.store import DatabaseUnavailableError, Store, upgrade

DASHBOARD = Path(__file__).parent / "dashboard" / "guarded.py"
MAX_MESSAGE_BYTES = 256 * 2**10
"""Of a WebSocket: 4 s of sound at the highest rate; what waits to be read is bounded by it."""
STOP_SECONDS = 10
"""How long what is being asked, and the dashboard, may take before they are cut off."""


class Server(uvicorn.Server):
    """Ends the streams of events when it is told to stop; it would wait for them else."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers what is being asked, and stops."""
        app = self.config.app
        assert isinstance(app, FastAPI)
        app.state.services.hub.end()
        await super().shutdown(sockets)


def serve(settings: Settings, *, dashboard: bool) -> None:
    """Runs the API, and the dashboard as its client, until the process is told to stop.

    Args:
        settings: Addresses, ports, database.
        dashboard: Whether to serve the dashboard too.
    """
    _say_first_admin(settings)
    # The API's server ends itself by the signal that it was stopped with; with this handler it ends
    # by an exception, so that the dashboard is stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    beside = _start_dashboard(settings) if dashboard else None
    try:
        Server(configured(create_app(settings), settings)).run()
    finally:
        if beside is not None:
            beside.terminate()
            try:
                beside.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                beside.kill()


def _say_first_admin(settings: Settings) -> None:
    if make_url(settings.url).get_backend_name() == "sqlite":
        upgrade(settings)
    try:
        with Store(settings) as store:
            password = first_admin(store)
    except DatabaseUnavailableError as error:
        sys.stderr.write(f"{error}\n")  # The service waits for it; an admin is made at a start.
        return
    if password:
        sys.stderr.write(f"{welcome(password)}\n")


def configured(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the application is served."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=STOP_SECONDS,
        ws_max_size=MAX_MESSAGE_BYTES,
    )


def _start_dashboard(settings: Settings) -> subprocess.Popen[bytes]:
    options = {
        "server.address": settings.host,
        "server.port": settings.dashboard_port,
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.maxUploadSize": settings.max_upload_mb,
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(DASHBOARD)]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    # A listener on all addresses is reached on this machine through loopback.
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    sys.stderr.write(
        f"dashboard: http://{host}:{settings.dashboard_port}\n"
        f"API:       http://{host}:{settings.port}/docs\nCtrl-C stops both.\n"
    )
    env = {
        **os.environ,
        "EMOTION_MONITOR_API_URL": f"http://{host}:{settings.port}",
        "EMOTION_MONITOR_PUBLIC_API_URL": settings.public_api_url,
    }
    return subprocess.Popen(command, env=env)  # noqa: S603
