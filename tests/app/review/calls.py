"""Conversations to be reviewed, and the people who do it."""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.services import Services
from tests.app.conftest import API, session_token

ANGRY = "还没发货！！！！"
CALM = "好的"


def services(client: TestClient) -> Services:
    found: Services = cast(FastAPI, client.app).state.services
    return found


def call(client: TestClient, name: str, *texts: str, **more: Any) -> int:
    """A closed conversation in which the customer said these things, by its id."""
    turns = [{"role": "agent", "text": "您好"}]
    turns += [{"role": "customer", "text": text} for text in texts]
    body = {"external_id": name, "source": "test", "turns": turns, **more}
    answer = client.post(f"{API}/conversations", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


class Person:
    """Somebody who is signed in."""

    def __init__(self, client: TestClient, name: str, role: str, teams: list[str] | None) -> None:
        self._client = client
        token = session_token(services(client).settings, name, role, teams)
        self._headers = {"Authorization": f"Bearer {token}"}
        self.name = name

    def ask(self, method: str, path: str, json: Any = None, **query: Any) -> Response:
        given = {} if json is None else {"json": json}
        return self._client.request(
            method, f"{API}{path}", headers=self._headers, params=query, **given
        )

    def next(self, queue: str, **more: Any) -> Any:
        answer = self.ask("POST", "/reviews/next", {"queue": queue, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()["task"]

    def label(self, task: int, turn: int, label: str) -> Any:
        answer = self.ask("PUT", f"/reviews/tasks/{task}/turns/{turn}", {"label": label})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def judge(self, task: int, **verdict: Any) -> Any:
        answer = self.ask("PUT", f"/reviews/tasks/{task}/verdict", verdict)
        assert answer.status_code == 200, answer.text
        return answer.json()


def person(client: TestClient, role: str, name: str, *teams: str) -> Person:
    """Somebody with a role, who sees these teams, or all."""
    return Person(client, name, role, list(teams) or None)
