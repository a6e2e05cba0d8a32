"""`make smoke`: score the samples, serve, check that everything answers, stop. No dev tools."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

SECONDS = 90
COMMAND = Path(sys.executable).with_name("emotion-monitor")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(
    url: str, server: subprocess.Popen[bytes], client: httpx.Client | None = None
) -> httpx.Response:
    """The first good answer of a URL; an error if the server ends or stays silent."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"smoke: the server ended with status {server.returncode}")
        try:
            answer = (client or httpx).get(url, timeout=10)
            if answer.is_success:
                return answer
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise SystemExit(f"smoke: {url} did not answer within {SECONDS} s")


def signed_in(base: str, said: str) -> httpx.Client:
    """A client that is signed in as the admin of the first start, whose password was said once."""
    found = re.search(r"password (\S+) \(shown this once\)", said)
    if found is None:
        raise SystemExit("smoke: the demo did not say the password of the first admin")
    client = httpx.Client()
    own = "a password of my own"
    form = {"name": "admin", "password": found[1], "new": own, "again": own}
    answer = client.post(f"{base}/sign-in", data=form, headers={"Origin": base})
    if answer.status_code != httpx.codes.SEE_OTHER:
        raise SystemExit(f"smoke: signing in was answered with {answer.status_code}")
    return client


def main() -> None:
    """Runs the whole product once on a data folder of its own."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        api, pages = free_port(), free_port()
        env = {
            **os.environ,
            "EMOTION_MONITOR_DATA_DIR": folder,
            "EMOTION_MONITOR_PORT": str(api),
            "EMOTION_MONITOR_DASHBOARD_PORT": str(pages),
        }
        subprocess.run([COMMAND, "doctor"], env=env, check=True)
        demo = subprocess.run([COMMAND, "demo"], env=env, check=True, stderr=subprocess.PIPE)
        said = demo.stderr.decode()
        sys.stderr.write(said)
        scored = time.monotonic() - start
        server = subprocess.Popen([COMMAND, "serve"], env=env)
        try:
            base = f"http://127.0.0.1:{api}"
            wait_for(f"{base}/healthz", server)
            wait_for(f"{base}/readyz", server)
            refused = httpx.get(f"{base}/api/v1/conversations")
            if refused.status_code != httpx.codes.UNAUTHORIZED:
                raise SystemExit(f"smoke: a stranger was answered with {refused.status_code}")
            client = signed_in(base, said)
            listed = wait_for(f"{base}/api/v1/conversations", server, client).json()
            if listed["count"] < 7:
                raise SystemExit(f"smoke: {listed['count']} conversations are stored, expected 7+")
            for row in listed["data"]:
                url = f"{base}/api/v1/conversations/{row['id']}"
                whole = wait_for(url, server, client).json()
                labels = {turn["answer"]["label"] for turn in whole["turns"]}
                if labels <= {"unknown"}:
                    raise SystemExit(f"smoke: nothing was scored in {row['external_id']}")
            wait_for(f"http://127.0.0.1:{pages}/_stcore/health", server)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
    sys.stdout.write(
        f"smoke: {listed['count']} conversations scored in {scored:.1f} s, API and dashboard "
        f"answered; {time.monotonic() - start:.1f} s in all\n"
    )


if __name__ == "__main__":
    main()
