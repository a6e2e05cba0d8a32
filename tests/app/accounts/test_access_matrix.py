"""Every route, for every role, for one's own team and another: generated from the routes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from starlette.status import WS_1008_POLICY_VIOLATION
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.accounts.sign_in import make_key
from app.api import create_app
from app.api.access import ACCESS, EVERYBODY, WEBSOCKET, named_routes
from app.api.services import Services
from app.dashboard.accounts.audit import ACTIONS
from app.settings import Settings
from app.store import LOCAL, Scope, Store
from app.store.accounts import ROLES
from app.store.alerts import Met
from app.store.batches import NewItem
from app.store.keys import KEY_SCOPES, NewKey
from app.store.sampling import Draw
from app.store.writing import State
from multimodal.conversation import Conversation, Media, Role, Turn
from multimodal.pipeline import EmotionMonitor
from tests.app.accounts.samples import OTHER, OWN, SAMPLES, Sample
from tests.app.conftest import OneFuser, WordScorer, session_token, signed_in

_V1 = "/api/v1"
_HOST = {"host": "localhost"}
"""The test client names another one in front of a WebSocket."""
ROUTES = sorted(
    f"{method} {path}" for _, method, path in named_routes(create_app(Settings()).routes)
)
"""Making the application opens nothing and loads nothing."""
OWNED = ("conversation", "batch", "alert", "task", "verdict", "appeal")
"""What belongs to a team."""


def sample_of(route: str) -> Sample:
    return SAMPLES[route.replace(_V1, "", 1)]


class Answer(NamedTuple):
    """What came back: a status and its text."""

    status_code: int
    text: str


class World:
    """What the routes work on: each request gets things of its own, of one team."""

    def __init__(self, client: TestClient, folder: Path) -> None:
        self.client = client
        self.store: Store = self.services.store
        self._numbers = count(1)
        self._recording = folder / "call.wav"
        soundfile.write(self._recording, np.zeros(800, dtype=np.float32), 8000)
        # A batch that runs is to stay so until the request comes.
        self.services.batch_worker.stop()
        # A stream of events ends when it has told what there is.
        self.services.hub.end()

    @property
    def services(self) -> Services:
        services: Services = cast(FastAPI, self.client.app).state.services
        return services

    def bearer(self, role: str, team: str = OWN) -> tuple[str, Scope]:
        """A signed-in person's token and scope; an admin is bound to no team."""
        teams = None if role == "admin" else [team]
        name = f"{role}-{'own' if team == OWN else 'other'}"
        token = session_token(self.services.settings, name, role, teams)
        return token, Scope(name, None if teams is None else frozenset(teams))

    def key(self, scopes: list[str]) -> tuple[str, Scope]:
        """A program's key, of one's own team, and its scope."""
        name = f"key{next(self._numbers)}"
        _, secret = make_key(self.store, NewKey(name, scopes, [OWN]), LOCAL)
        return secret, Scope(f"key:{name}", frozenset([OWN]))

    def send(self, route: str, token: str, owner: Scope, team: str = OWN) -> Answer:
        """Sends a route's sample, about things of that team and batches of that owner."""
        method, path = route.split(" ")
        sample = sample_of(route)
        number = next(self._numbers)
        names = {"{n}": str(number)}
        body = json.dumps(sample.json)
        if any(one in path + body for one in ("{conversation_id}", "{customer}", "{source}")):
            names |= self._conversation(number, team, "open" if sample.open else "closed")
        if "{alert_id}" in path:
            names["{alert_id}"] = str(self._alert(number, team))
        for name, make in (
            ("{task_id}", self._task),
            ("{verdict_id}", self._verdict),
            ("{appeal_id}", self._appeal),
        ):
            if name in path:
                names[name] = str(make(number, team))
        if route == f"POST {_V1}/reviews/draws":
            self._conversation(number, team, "closed")
        if "{rule_id}" in path:
            names["{rule_id}"] = str(self._rule())
        if "{webhook_id}" in path:
            names["{webhook_id}"] = str(self._webhook())
        if "{batch_id}" in path:
            names["{batch_id}"] = str(self._batch(owner, sample.batch))
        if "{name}" in path:
            names["{name}"] = self._named(path, number, owner)
        if "{notice}" in body:
            self.store.add_notice(f"notice-{number}", "告知", LOCAL)
            names["{notice}"] = f"notice-{number}"
        names["{number}"] = "0" if "media" in path else "1" if "batch_id" in path else "2"
        arguments: dict[str, Any] = {
            "json": None if sample.json is None else json.loads(_filled(sample.json, names)),
            "files": sample.files,
            "data": sample.data,
            "headers": {"Authorization": f"Bearer {token}"} if token else {},
        }
        url = json.loads(_filled(path, names)) + sample.query
        if method == WEBSOCKET:
            return self._open(url, arguments["headers"], arguments["json"])
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = self.client.request(method, url, **given)
        return Answer(answer.status_code, answer.text)

    def _open(self, url: str, headers: dict[str, str], message: Any) -> Answer:
        """What a WebSocket's close code says, as the status of a request."""
        try:
            with self.client.websocket_connect(url, headers=headers | _HOST) as socket:
                socket.send_json(message)
                closed = socket.receive()
        except WebSocketDisconnect as refused:
            status = 403 if headers else 401
            expected = refused.code == WS_1008_POLICY_VIOLATION
            return Answer(status if expected else 500, refused.reason)
        return Answer({1000: 200, 4404: 404}[closed["code"]], closed["reason"])

    def _conversation(self, number: int, team: str, state: State) -> dict[str, str]:
        turns = (Turn(Role.AGENT, "您好"), Turn(Role.CUSTOMER, "还没发货！！"))
        name = f"matrix-{number}"
        conversation = Conversation(
            name,
            turns,
            source=name,
            team=team,
            customer_ref=self.services.masker.reference(name),
            media=(Media(self._recording),),
        )
        saved = self.store.save(self.services.monitor.score(conversation), state=state)
        made = self.store.correct(saved.id, 2, "sad", "", LOCAL)
        return {
            "{conversation_id}": str(saved.id),
            "{correction_id}": str(made.id),
            "{source}": name,
            "{customer}": name,
        }

    def _alert(self, number: int, team: str) -> int:
        names = self._conversation(number, team, "open")
        conversation = int(names["{conversation_id}"])
        met = Met(self._rule(), "退款", "", "notice", 0.0, 1, "退款")
        self.store.alerts.meet(conversation, [met])
        found, _ = self.store.alerts.page(LOCAL, is_open=True, limit=500)
        return next(one.alert.id for one in found if one.conversation.id == conversation)

    def _task(self, number: int, team: str) -> int:
        call = int(self._conversation(number, team, "closed")["{conversation_id}"])
        self.store.queues.draw(Draw("random", share=1.0), LOCAL)
        found, _ = self.store.queues.page(LOCAL, queue="random", done=False, limit=10_000, offset=0)
        return next(one.row.id for one in found if one.row.conversation_id == call)

    def _verdict(self, number: int, team: str) -> int:
        task = self._task(number, team)
        return self.store.verdicts.judge(task, LOCAL, dissatisfied=True).verdict.id

    def _appeal(self, number: int, team: str) -> int:
        judged = self.store.appeals.appeal(self._verdict(number, team), "不对", Scope("leader"))
        assert judged.appeal is not None
        return judged.appeal.id

    def _rule(self) -> int:
        definition = {"name": "退款", "metric": "words", "words": ["退款"]}
        return self.store.rules.add(definition, LOCAL, enabled=False).id

    def _webhook(self) -> int:
        values = {
            "name": "群", "vendor": "wecom", "url": "https://robot.invalid/", "secret": "",
            "least_severity": "notice", "teams": [], "with_words": True, "enabled": False,
        }  # fmt: skip
        return self.store.webhooks.add(values, LOCAL).id

    def _batch(self, owner: Scope, state: str) -> int:
        number = self.store.batches.create(owner)
        item = NewItem(1, "a.txt", "a.txt", "transcript", "", 9, str(number), "todo")
        self.store.batches.add(number, [item], owner)
        if state != "draft":
            self.store.batches.start(number, {}, owner)
        if state == "paused":
            self.store.batches.pause(number, owner)
        return number

    def _named(self, path: str, number: int, owner: Scope) -> str:
        if "/keys/" in path:
            make_key(self.store, NewKey(f"made{number}", ["read"], [OWN]), LOCAL)
        elif "/searches/" in path:
            self.store.searches.keep(f"made{number}", {}, owner)
        elif "/users/" in path:
            session_token(self.services.settings, f"made{number}", "viewer", [OWN])
        return f"made{number}"


def _filled(value: Any, names: dict[str, str]) -> str:
    text = json.dumps(value, ensure_ascii=False)
    for name, one in names.items():
        text = text.replace(name, one)
    return text


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    monitor = EmotionMonitor([WordScorer()], OneFuser())
    with signed_in(Settings(data_dir=folder / "data"), monitor) as client:
        del client.headers["Authorization"]
        yield World(client, folder)


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert set(ROUTES) == set(ACCESS)
    assert {route.replace(_V1, "", 1) for route in ROUTES} == set(SAMPLES)
    for route, access in ACCESS.items():
        assert access == EVERYBODY or access.least in ROLES, route
        assert access.key_scope in ("", *KEY_SCOPES), route


@pytest.mark.parametrize("route", ROUTES)
def test_each_role_may_do_what_the_table_says(world: World, route: str) -> None:
    access, sample = ACCESS[route], sample_of(route)
    out = world.send(route, "", LOCAL)
    assert out.status_code == (sample.status if access == EVERYBODY else 401), out.text
    if access == EVERYBODY:
        return
    for role in ROLES:
        answer = world.send(route, *world.bearer(role))
        allowed = ROLES.index(role) >= ROLES.index(access.least)
        assert answer.status_code == (sample.status if allowed else 403), (role, answer.text)


@pytest.mark.parametrize("route", [r for r in ROUTES if ACCESS[r] != EVERYBODY])
def test_each_key_may_do_what_it_is_for(world: World, route: str) -> None:
    access, sample = ACCESS[route], sample_of(route)
    others = [scope for scope in KEY_SCOPES if scope != access.key_scope]
    refused = world.send(route, *world.key(others))
    assert refused.status_code == 403, refused.text
    if access.key_scope:
        answer = world.send(route, *world.key([access.key_scope]))
        assert answer.status_code == sample.status, answer.text


@pytest.mark.parametrize(
    "route",
    [r for r in ROUTES if any(f"{{{one}_id}}" in r for one in OWNED)],
)
def test_what_is_anothers_is_not_there(world: World, route: str) -> None:
    access = ACCESS[route]
    bound = [role for role in ROLES[ROLES.index(access.least) :] if role != "admin"]
    somebody = Scope("somebody", frozenset([OTHER]))
    for role in bound:
        token, _ = world.bearer(role)
        answer = world.send(route, token, somebody, OTHER)
        assert answer.status_code == 404, (role, answer.text)
    if access.key_scope:
        token, _ = world.key([access.key_scope])
        answer = world.send(route, token, somebody, OTHER)
        assert answer.status_code == 404, answer.text
    token, _ = world.bearer("admin")
    answer = world.send(route, token, somebody, OTHER)
    assert answer.status_code == sample_of(route).status, answer.text


def test_whatever_was_done_has_a_name_in_the_audit(world: World) -> None:
    for route in ROUTES:
        if not route.startswith(("GET", WEBSOCKET)) and ACCESS[route] != EVERYBODY:
            world.send(route, *world.bearer("admin"))
    done = {entry.action for entry in world.store.audit(10_000)}
    assert {"rule", "webhook", "notice", "review_draw", "appeal", "user", "key"} <= done
    assert done <= set(ACTIONS)
