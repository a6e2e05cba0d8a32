"""The API on a port of this machine, in a thread: streams and sockets need a real server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.api import create_app
from app.server import Server, configured
from app.settings import Settings
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import session_token


@dataclass
class Served:
    url: str
    client: httpx.Client
    settings: Settings


@contextmanager
def served(folder: Path, monitor: EmotionMonitor, **more: object) -> Iterator[Served]:
    """Serves until the block ends, and stops as the product does when it is told to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(data_dir=folder / "data", port=port, **more)  # type: ignore[arg-type]
    server = Server(configured(create_app(settings, monitor), settings))
    thread = threading.Thread(target=server.run)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        headers = {"Authorization": f"Bearer {session_token(settings)}"}
        with httpx.Client(base_url=url, timeout=30, headers=headers) as client:
            yield Served(url, client, settings)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()
