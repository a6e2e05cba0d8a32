"""What comes in wrong is answered in one shape, never with 500, and harms nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.store.migrate import downgrade
from tests.app.conftest import API, chat, problem


@pytest.mark.parametrize(
    "query",
    ["limit=201", "limit=0", "offset=-1", "offset=9223372036854775808", "sort=text", "min_risk=nan",
     "min_risk=2", "channel=fax", "started_from=yesterday", "id=0", "id=x", "q=" + "x" * 201],
)  # fmt: skip
def test_wrong_filters(sqlite_client: TestClient, query: str) -> None:
    problem(sqlite_client.get(f"{API}/conversations?{query}"), 422)


@pytest.mark.parametrize("number", ["0", "-1", "9223372036854775808", "x", "1.5", "1e3"])
def test_wrong_ids(sqlite_client: TestClient, number: str) -> None:
    problem(sqlite_client.get(f"{API}/conversations/{number}"), 422)
    problem(sqlite_client.delete(f"{API}/conversations/{number}"), 422)


def test_ids_that_are_not_there(client: TestClient) -> None:
    for method, path in (
        ("GET", ""), ("DELETE", ""), ("POST", "/close"), ("GET", "/media/0"),
        ("DELETE", "/turns/1/corrections/1"),
    ):  # fmt: skip
        problem(client.request(method, f"{API}/conversations/9223372036854775807{path}"), 404)
    problem(client.get("/nothing"), 404)
    problem(client.put(f"{API}/conversations"), 405)


TURN = b'{"turns": [%s]}'


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 422, "body"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 400, "UTF-8"),
        (b'{"turns": [{"role": "customer", "te', 400, "ends in the middle"),
        (b'{"turns": []', 400, "ends in the middle"),
        (b"[" * 100_000, 400, "nested"),
        (b"[]", 422, ""),
        (b"{}", 422, "turns"),
        (b'{"turns": [], "turns": []}', 400, "twice"),
        (TURN % b'{"role": "boss"}', 422, "turns.0.role"),
        (TURN % b'{"role": "customer", "text": 5}', 422, "turns.0.text"),
        (TURN % b'{"role": "customer", "start": 3, "end": 2}', 422, "start"),
        (TURN % b'{"role": "customer", "start": NaN}', 400, "NaN"),
        (TURN % b'{"role": "customer", "start": 1e999}', 400, ""),
        (TURN % b'{"role": "customer", "channel": 5000}', 422, "channel"),
        (TURN % b'{"role": "customer", "txt": "x"}', 422, "txt"),
        (TURN % (b'{"role": "customer", "text": "%s"}' % (b"x" * 2_000_000)), 422, "100,000"),
        (TURN % b",".join([b'{"role":"customer","text":"x"}'] * 100_000), 422, "20000"),
        (b'{"external_id": "x", "turns": [], "started_at": "yesterday"}', 422, "started_at"),
        (
            b'{"external_id": "x", "turns": [], "started_at": "0001-01-01T00:00:00+08:00"}',
            422,
            "1-9999",
        ),
        (b'{"external_id": "x", "turns": [], "timezone": "Mars"}', 422, "Mars"),
        (b'{"external_id": "x", "turns": [], "media": [{"path": "/etc/passwd"}]}', 422, "Upload"),
        (b'{"turns": [], "external_id": "%s"}' % (b"x" * 201), 422, "external_id"),
    ],
)
def test_bad_bodies(sqlite_client: TestClient, body: bytes, status: int, says: str) -> None:
    json_type = {"content-type": "application/json"}
    answer = sqlite_client.post(f"{API}/conversations", content=body, headers=json_type)
    error = problem(answer, status)
    assert says in " ".join(error.values()), error
    assert sqlite_client.get(f"{API}/conversations").json()["count"] == 0


def test_what_no_database_stores(client: TestClient) -> None:
    body = (
        b'{"external_id": "e\\u0000", "attributes": {"a\\ud800": "b\\u0000"},'
        b' "turns": [{"role": "customer", "text": "half \\ud83d nul \\u0000 \xf0\xa0\x80\x80"}]}'
    )
    answer = client.post(
        f"{API}/conversations", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert found["external_id"] == "e\ufffd"
    assert found["attributes"] == {"a\ufffd": "b\ufffd"}
    assert found["turns"][0]["text"] == "half \ufffd nul \ufffd 𠀀"


def test_other_content_types_and_sizes(sqlite_client: TestClient) -> None:
    url = f"{API}/conversations"
    problem(sqlite_client.post(url, content=b"{}", headers={"content-type": "text/plain"}), 415)
    problem(sqlite_client.post(url, data={"a": "b"}), 415)
    problem(sqlite_client.post(f"{API}/imports", json={}), 422)
    too_long = {"content-type": "application/json", "content-length": str(51 * 2**20)}
    problem(sqlite_client.post(url, content=b"{}", headers=too_long), 413)

    def endless() -> Iterator[bytes]:
        for _ in range(60):
            yield b" " * 2**20

    chunked = {"content-type": "application/json"}
    problem(sqlite_client.post(url, content=endless(), headers=chunked), 413)


def test_only_local_pages_may_call(sqlite_client: TestClient) -> None:
    rebound = sqlite_client.get(f"{API}/conversations", headers={"host": "evil.example:8600"})
    problem(rebound, 421)
    form = {"origin": "https://evil.example"}
    problem(sqlite_client.post(f"{API}/imports", headers=form), 403)
    for host in ("127.0.0.1:8600", "[::1]:8600", "localhost"):
        assert sqlite_client.get("/healthz", headers={"host": host}).status_code == 200
    for origin, allowed in (
        ("http://localhost:8601", "http://localhost:8601"),  # The dashboard's.
        ("http://localhost:8602", None),
        ("https://evil.example", None),
    ):
        answer = sqlite_client.get(f"{API}/conversations", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers["cache-control"] == "no-store"


def test_system(client: TestClient, settings: Settings) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    models = client.get(f"{API}/models").json()
    assert {one["modality"] for one in models["data"]} == {"text", "fusion"}
    assert models["stored"] == []
    downgrade(settings, "base")
    assert client.get("/healthz").status_code == 200
    problem(client.get("/readyz"), 409)
    problem(client.get(f"{API}/conversations"), 503)


def test_no_text_in_logs(sqlite_client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = chat()
    secret["turns"][1]["text"] = "我的密码是四二四二"
    sqlite_client.post(f"{API}/conversations", json=secret)
    sqlite_client.post(f"{API}/conversations", json=secret | {"queue": 5})
    assert "四二四二" not in caplog.text


def test_openapi_has_examples_of_every_body(sqlite_client: TestClient) -> None:
    document = sqlite_client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    seen = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), (method, path)
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                schema = body.get("content", {}).get("application/json", {}).get("schema", {})
                for one in schema.get("anyOf", [schema]):
                    if "$ref" in one:
                        seen += 1
                        name = one["$ref"].rpartition("/")[2]
                        if name == "HTTPValidationError":
                            continue
                        assert schemas[name].get("examples"), (method, path, name)
    assert seen > 20
    example = schemas["ConversationIn"]["examples"][0]
    assert sqlite_client.post(f"{API}/conversations", json=example).status_code == 201
