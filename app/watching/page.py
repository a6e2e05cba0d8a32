"""A page that shows drawn pictures as they come, for a browser on this machine alone.

It is bound to the loopback address, and its address holds a secret: other people of the machine,
and pages of other sites, cannot guess it.
"""

from __future__ import annotations

import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

_PAGE = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>实时观看 Watch</title>
<style>
body { margin: 0; background: #1d2129; display: grid; place-items: center; min-height: 100vh; }
img { max-width: 100vw; max-height: 100vh; width: 960px; }
</style>
<img src="video" alt="视频和客户的情绪 video with the customer's emotion">
"""
_BOUNDARY = "picture"


class Page:
    """Serves the latest picture; a context manager that ends it.

    Attributes:
        address: What to open in a browser.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latest: tuple[int, bytes] = (0, b"")
        self._over = False
        secret = secrets.token_urlsafe(16)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(secret))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}/{secret}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Page:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def show(self, image: NDArray[np.uint8]) -> None:
        """Shows a picture, RGB uint8 (height, width, 3), to whoever looks."""
        good, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        assert good
        with self._changed:
            self._latest = (self._latest[0] + 1, jpeg.tobytes())
            self._changed.notify_all()

    def _after(self, number: int) -> tuple[int, bytes] | None:
        """The latest picture once it is not that one any more; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._over or self._latest[0] > number)
            return None if self._latest[0] <= number else self._latest

    def _handler(self, secret: str) -> type[BaseHTTPRequestHandler]:
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # as http.server calls it
                if self.path == f"/{secret}/":
                    self._begin("text/html; charset=utf-8")
                    self.wfile.write(_PAGE.encode())
                elif self.path == f"/{secret}/video":
                    self._begin(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
                    self._stream()
                else:
                    self.send_error(404)

            def _begin(self, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()

            def _stream(self) -> None:
                number = 0
                try:
                    while (latest := page._after(number)) is not None:
                        number, jpeg = latest
                        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\n"
                        head += f"Content-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                except ConnectionError:
                    return  # whoever looked has gone

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing: the terminal shows the answers."""

        return Handler
