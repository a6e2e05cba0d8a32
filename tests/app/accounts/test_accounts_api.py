"""People and keys over the API, what they bound, and what the audit says; on both databases."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from app.accounts.principal import NOBODY, Principal
from app.api.watch import Watch
from app.settings import Settings
from app.store import LOCAL, Store
from app.store.accounts import ROLES
from tests.app.conftest import API, chat, problem, session_token
from tests.app.intake.test_batches import finished


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_person_from_added_to_disabled(client: TestClient, store: Store) -> None:
    given = {"name": "Zhang.Wei", "display": "张伟", "role": "reviewer", "teams": ["乙班", "甲班"]}
    made = client.post(f"{API}/users", json=given).json()
    assert (made["name"], made["teams"], made["queues"]) == ("zhang.wei", ["乙班", "甲班"], None)
    first, second = "first of my own", "second of my own"
    form = {"name": "zhang.wei", "password": made["password"], "new": first, "again": first}
    assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303
    problem(client.post(f"{API}/users", json=given), 409)
    changed = client.patch(f"{API}/users/zhang.wei", json={"role": "admin"})
    problem(client.patch(f"{API}/users/zhang.wei", json={"teams": ["甲班"]}), 422)
    assert changed.json()["teams"] is None
    reset = client.post(f"{API}/users/zhang.wei/password").json()["password"]
    assert client.post("/sign-in", data=form).status_code == 401
    form = {"name": "zhang.wei", "password": reset, "new": second, "again": second}
    assert client.get(f"{API}/users").json()["data"][1]["must_change"] is True
    assert client.post("/sign-in", data=form, follow_redirects=False).status_code == 303
    assert client.get(f"{API}/users").json()["data"][1]["must_change"] is False
    form = {"name": "zhang.wei", "password": second}
    client.patch(f"{API}/users/zhang.wei", json={"disabled": True})
    assert client.post("/sign-in", data=form).status_code == 401
    listed = client.get(f"{API}/users").json()["data"]
    assert [(one["name"], one["disabled"]) for one in listed] == [
        ("tester", False),
        ("zhang.wei", True),
    ]
    assert "password" not in listed[1]
    problem(client.patch(f"{API}/users/nobody", json={"role": "viewer"}), 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "local"},
        {"name": "a b"},
        {"name": "张伟"},
        {"name": "key:crm"},
        {"name": ""},
        {"role": "owner"},
        {"role": "admin", "teams": ["甲班"]},
        {"teams": [""]},
        {"teams": ["x" * 201]},
        {"display": "名" * 101},
        {"password": "mine"},
    ],
)
def test_what_is_no_person(sqlite_client: TestClient, wrong: dict[str, object]) -> None:
    given = {"name": "lin", "role": "viewer", "teams": ["甲班"]} | wrong
    problem(sqlite_client.post(f"{API}/users", json=given), 422)


def test_whose_conversations_are_to_be_seen_has_to_be_said(sqlite_client: TestClient) -> None:
    problem(sqlite_client.post(f"{API}/users", json={"name": "lin", "role": "viewer"}), 422)
    problem(sqlite_client.post(f"{API}/keys", json={"name": "crm", "scopes": ["read"]}), 422)


def test_the_last_admin_stays(client: TestClient) -> None:
    problem(client.patch(f"{API}/users/tester", json={"disabled": True}), 409)
    problem(client.patch(f"{API}/users/tester", json={"role": "viewer"}), 409)
    assert client.get(f"{API}/session").json()["role"] == "admin"


def test_a_key_is_shown_once_and_worthless_when_it_is_revoked(
    client: TestClient, store: Store
) -> None:
    given = {"name": "CRM", "scopes": ["read"], "teams": ["甲班"]}
    made = client.post(f"{API}/keys", json=given).json()
    assert made["key"].startswith("em_")
    problem(client.post(f"{API}/keys", json=given), 409)
    headers = bearer(made["key"])
    assert client.get(f"{API}/session", headers=headers).status_code == 403
    assert client.get(f"{API}/conversations", headers=headers).status_code == 200
    (listed,) = client.get(f"{API}/keys").json()["data"]
    assert "key" not in listed
    assert listed["used_at"] is not None
    assert made["key"].startswith(listed["hint"])
    assert client.delete(f"{API}/keys/crm").json()["revoked_at"] is not None
    refused = client.get(f"{API}/conversations", headers=headers)
    assert "revoked" in problem(refused, 401)["what"]
    problem(client.delete(f"{API}/keys/nothing"), 404)


def test_a_team_sees_and_writes_its_own(settings: Settings, client: TestClient) -> None:
    for name, team, queue in (
        ("mine", "甲班", "售后"),
        ("other", "乙班", "售后"),
        ("queue", "甲班", "售前"),
    ):
        client.post(f"{API}/conversations", json=chat(name, team=team, queue=queue))
    lin = bearer(session_token(settings, "lin", "supervisor", ["甲班"], ["售后"]))
    listed = client.get(f"{API}/conversations", headers=lin).json()
    assert [one["external_id"] for one in listed["data"]] == ["mine"]
    exported = client.get(f"{API}/results?format=jsonl", headers=lin).text
    assert "mine" in exported
    assert "other" not in exported
    assert client.get(f"{API}/groups", headers=lin).json() == {
        "teams": ["甲班"],
        "queues": ["售后"],
    }
    theirs = chat("new", team="乙班", queue="售后")
    problem(client.post(f"{API}/conversations", json=theirs, headers=lin), 422)
    taken = chat("other", team="甲班", queue="售后")
    refused = problem(client.post(f"{API}/conversations", json=taken, headers=lin), 409)
    assert "another team" in refused["what"]
    swap = client.post(f"{API}/sources/roles/swap", json={"source": "test"}, headers=lin)
    assert swap.json()["queued"] == 1


def test_who_has_no_team_sees_nothing(settings: Settings, client: TestClient) -> None:
    client.post(f"{API}/conversations", json=chat("none"))
    client.post(f"{API}/conversations", json=chat("some", team="甲班"))
    new = bearer(session_token(settings, "new", "viewer", []))
    assert client.get(f"{API}/conversations", headers=new).json()["count"] == 0


def test_a_batch_writes_as_whoever_made_it(settings: Settings, client: TestClient) -> None:
    lin = session_token(settings, "lin", "reviewer", ["甲班"])
    lines = [chat("in", team="甲班"), chat("out", team="乙班")]
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    admin = client.headers["Authorization"]
    client.headers.update(bearer(lin))
    batch = client.post(f"{API}/batches").json()["id"]
    client.post(f"{API}/batches/{batch}/files", files=[("files", ("a.jsonl", body))])
    client.post(f"{API}/batches/{batch}/start", json={})
    assert finished(client, batch)["state"] == "finished"
    (file,) = client.get(f"{API}/batches/{batch}/files").json()["data"]
    assert len(file["conversations"]) == 1
    assert "may write" in file["error"]["what"]
    other = bearer(session_token(settings, "wu", "reviewer", ["乙班"]))
    problem(client.get(f"{API}/batches/{batch}", headers=other), 404)
    assert client.get(f"{API}/batches", headers=other).json()["data"] == []
    client.headers["Authorization"] = admin
    listed = client.get(f"{API}/conversations").json()["data"]
    assert [one["external_id"] for one in listed] == ["in"]
    assert client.get(f"{API}/batches/{batch}").status_code == 200


def test_the_audit_says_who_viewed_and_exported_what(
    settings: Settings, client: TestClient, store: Store
) -> None:
    number = client.post(f"{API}/conversations", json=chat("a", team="甲班")).json()["id"]
    lin = bearer(session_token(settings, "lin", "reviewer", ["甲班"]))
    for _ in range(3):
        client.get(f"{API}/conversations/{number}", headers=lin)
    client.get(f"{API}/conversations/{number}")
    client.get(f"{API}/results", params={"format": "csv", "q": "13800138000"}, headers=lin)
    found = client.get(f"{API}/audit", params={"who": "lin"}).json()["data"]
    assert [(one["action"], one["detail"]) for one in found[:2]] == [
        ("export", {"format": "csv", "filters": ["text"], "conversations": 0}),
        ("view", {"conversation": number}),
    ]
    assert [one["action"] for one in found].count("view") == 1
    viewed = client.get(f"{API}/audit", params={"action": "view"}).json()["data"]
    assert [one["who"] for one in viewed] == ["tester", "lin"]
    assert "13800138000" not in client.get(f"{API}/audit").text


def test_a_look_is_noted_once_by_each(store: Store) -> None:
    watch = Watch(store)
    for action in ("view", "view", "replay"):
        watch.looked(LOCAL, action, 7)
    watch.looked(LOCAL, "view", 8)
    assert [entry.action for entry in store.audit()] == ["view", "replay", "view"]


def test_nobody_may_do_nothing() -> None:
    assert not any(NOBODY.may(role, "read") for role in ROLES)
    assert NOBODY.scope.teams == frozenset()
    admin = Principal("a", "a", "admin", None, None)
    assert all(admin.may(role, "") for role in ROLES)
