"""A real SQLite, a real PostgreSQL, and a small deterministic monitor."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest
from httpx2 import Response
from psycopg import sql
from starlette.testclient import TestClient

from app.accounts.sign_in import open_session
from app.api import create_app
from app.settings import Settings
from app.store import LOCAL, Store, upgrade
from app.store.accounts import NewUser
from multimodal.conversation import Conversation
from multimodal.emotions import EMOTIONS, Emotion, EmotionScores, Evidence, ModelInfo
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import FusedAnswer, Need, Trajectory, TurnInput
from tests.conftest import require

if TYPE_CHECKING:
    from tests.app.wall.site import Site

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
"""Debian's place; the newest version is the last."""
MEMORY = Path("/dev/shm")


API = "/api/v1"


def chat(external_id: str = "c1", **more: Any) -> dict[str, Any]:
    """A chat as the API takes it: its second turn is angry."""
    turns = [
        {"role": "agent", "text": "您好", "start": 0.0, "end": 1.0, "agent_id": "1007"},
        {"role": "customer", "text": "还没发货！！", "start": 1.5, "end": 3.0},
        {"role": "customer", "text": "好的", "start": 4.0},
    ]
    return {"external_id": external_id, "source": "test", "turns": turns, **more}


def problem(answer: Response, status: int) -> dict[str, str]:
    """The inside of an error answer, which always has the one shape."""
    assert answer.status_code == status, answer.text[:500]
    error: dict[str, str] = answer.json()["error"]
    assert error.keys() == {"type", "what", "where", "remedy"}
    assert all(isinstance(value, str) for value in error.values())
    return error


class WordScorer:
    """Angry from the share of exclamation marks, and counts the speaker's turns in its state."""

    modality = "text"
    needs: frozenset[Need] = frozenset({"text"})
    stateful = True

    def __init__(self, version: str = "1") -> None:
        self.info = ModelInfo("words", version, "ab" * 32, "open")

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        return [self._one(given) for given in inputs]

    def _one(self, given: TurnInput) -> EmotionScores:
        state = {"turns": (given.state or {"turns": 0})["turns"] + 1}
        text = given.turn.text
        if not text.strip():
            return EmotionScores.missing("empty text", model=self.info, state=state)
        anger = min(0.9, 0.1 + 0.4 * len(re.findall("[!！]", text)))
        probabilities = np.full(7, (1 - anger) / 10, dtype=np.float32)
        probabilities[EMOTIONS.index(Emotion.ANGRY)] = anger
        probabilities[0] = (1 - anger) / 2
        return EmotionScores(
            probabilities,
            0.8,
            valence=-anger,
            heads={"polarity": np.array([anger, 1 - anger, 0], dtype=np.float32)},
            evidence=(Evidence("word", text[:2], 0.5, 0, 2),),
            model=self.info,
            state=state,
        )


class OneFuser:
    """Passes one modality's answer on; the risk is the running mean of anger."""

    info = ModelInfo("one", "1", terms="open")

    def fuse(self, turns: Sequence[Mapping[str, EmotionScores]]) -> list[FusedAnswer]:
        answers = []
        for scores in turns:
            usable = {name: one for name, one in scores.items() if not one.is_missing}
            if not usable:
                answers.append(FusedAnswer.unknown("no modality is usable"))
                continue
            name, one = next(iter(usable.items()))
            confidence = float(one.probabilities.max())
            answers.append(
                FusedAnswer(
                    one.probabilities,
                    one.label,
                    confidence,
                    one.valence or 0.0,
                    {name: 1.0},
                    model=self.info,
                )
            )
        return answers

    def track(
        self,
        conversation: Conversation,
        scores: Sequence[Mapping[str, EmotionScores]],
        answers: Sequence[FusedAnswer],
    ) -> Trajectory:
        risk: list[float] = []
        for count, answer in enumerate(answers, start=1):
            anger = float(answer.probabilities[3]) if answer.model else 0.0
            risk.append(((risk[-1] if risk else 0.0) * (count - 1) + anger) / count)
        return Trajectory(tuple(risk), (0.5, None, None, -1.5), -2.0, model=self.info)


@pytest.fixture
def monitor() -> EmotionMonitor:
    return EmotionMonitor([WordScorer()], OneFuser())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of our own on a free port, stopped at the end; gives its URL up to the /."""
    require(bool(POSTGRES), "PostgreSQL is not installed")
    programs = POSTGRES[-1].parent
    # In memory where there is such a place: hundreds of databases are made and dropped.
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="emotion-monitor-postgres-", dir=place))
    user: list[str | Path] = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        user = ["setpriv", "--reuid=nobody", f"--regid={nobody.pw_gid}", "--clear-groups"]
    data = folder / "data"
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "tester",
        "-A",
        "trust",
        "-E",
        "UTF8",
    ]
    subprocess.run(
        [*user, *initdb, "--locale=C.UTF-8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options: list[str | Path] = [
        "-p",
        str(port),
        "-k",
        folder,
        "-c",
        "listen_addresses=127.0.0.1",
        "-F",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [*user, programs / "postgres", "-D", data, *options], stderr=log, cwd=folder
        )
    url = f"postgresql://tester@127.0.0.1:{port}/"
    try:
        for _ in range(100):
            try:
                psycopg.connect(url + "postgres").close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        else:
            pytest.fail((folder / "log").read_text())
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)  # At once: nothing of it is kept.
        server.wait(30)
        shutil.rmtree(folder)


def _create_database(server: str, template: str = "template1") -> str:
    name = f"test_{uuid.uuid4().hex}"
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
    return name


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """Name of a database with the tables in it, to be copied."""
    name = _create_database(postgres_server)
    upgrade(Settings(database_url=postgres_server + name))
    return name


@contextmanager
def _database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, which is dropped afterwards."""
    name = _create_database(server, template)
    yield server + name
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """An empty database of each kind, without any tables."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path / "data")
        return
    with _database(request.getfixturevalue("postgres_server")) as url:
        yield Settings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose SQLite database has the tables in it, to be copied."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("template"))
    upgrade(settings)
    return settings.data_dir


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database of each kind with the tables in it."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield Settings(data_dir=shutil.copytree(template, tmp_path / "data"))
        return
    server = request.getfixturevalue("postgres_server")
    with _database(server, request.getfixturevalue("postgres_template")) as url:
        yield Settings(data_dir=tmp_path / "data", database_url=url)


@pytest.fixture(scope="session")
def live_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One API and dashboard for every browser test of live supervision and of accounts."""
    from tests.app.wall.site import CHROMIUM, Site

    require(CHROMIUM.is_file(), "Chromium is not installed")
    site = Site(
        tmp_path_factory.mktemp("site"),
        EMOTION_MONITOR_LISTEN_URL="https://pbx.example/listen?callId={external_id}",
    )
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    with Store(settings) as store:
        yield store


def session_token(
    settings: Settings,
    name: str = "tester",
    role: str = "admin",
    teams: Sequence[str] | None = None,
    queues: Sequence[str] | None = None,
) -> str:
    """The token of a person's session; they are added where they are not there."""
    with Store(settings) as store:
        if store.accounts.find(name) is None:
            store.accounts.add(NewUser(name, role, teams, queues), "no password", LOCAL)
        return open_session(store, settings, name)


@contextmanager
def signed_in(settings: Settings, monitor: EmotionMonitor) -> Iterator[TestClient]:
    """The API, with the client signed in as an admin called tester."""
    with TestClient(create_app(settings, monitor), base_url="http://localhost") as client:
        client.headers["Authorization"] = f"Bearer {session_token(settings)}"
        yield client


@pytest.fixture
def client(settings: Settings, monitor: EmotionMonitor) -> Iterator[TestClient]:
    """The API over each kind of database, signed in."""
    with signed_in(settings, monitor) as client:
        yield client


@pytest.fixture
def sqlite_client(
    tmp_path: Path, sqlite_template: Path, monitor: EmotionMonitor
) -> Iterator[TestClient]:
    """The API over SQLite, for what does not depend on the database, signed in."""
    data = shutil.copytree(sqlite_template, tmp_path / "data")
    with signed_in(Settings(data_dir=data), monitor) as client:
        yield client
