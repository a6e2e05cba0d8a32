"""Signing in, staying so, and no more; on SQLite and PostgreSQL."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import Response
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text, update
from starlette.testclient import TestClient

from app.accounts import SESSION_COOKIE, passwords
from app.accounts.first_admin import first_admin
from app.accounts.sign_in import digest, reset_password
from app.api.routes.sign_in import inside
from app.settings import Settings
from app.store import LOCAL, Scope, Store
from app.store.account_tables import SessionRow, SignInTryRow
from app.store.accounts import NewUser
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat, problem, session_token, signed_in

PASSWORD = "correct horse battery"


@pytest.fixture
def stranger(client: TestClient, store: Store) -> TestClient:
    """A browser in which nobody is signed in; lin may, with PASSWORD."""
    del client.headers["Authorization"]
    new = NewUser("lin", "supervisor", ["甲班"], display="林")
    store.accounts.add(new, "of somebody else", LOCAL)
    store.accounts.set_password("lin", passwords.hashed(PASSWORD), Scope("lin"))
    client.follow_redirects = False
    return client


def attempt(client: TestClient, name: str, password: str, **more: str) -> Response:
    form = {"name": name, "password": password, **more}
    answer: Response = client.post("/sign-in", data=form, headers={"Origin": "http://localhost"})
    return answer


def test_from_the_name_and_password_to_the_place_that_was_wanted(stranger: TestClient) -> None:
    problem(stranger.get(f"{API}/conversations"), 401)
    place = "/replay?source=pbx&external_id=a%26b&t=83.2"
    page = stranger.get("/sign-in", params={"next": place, "expired": "1"})
    assert 'value="/replay?source=pbx&amp;external_id=a%26b&amp;t=83.2"' in page.text
    assert "登录已过期" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    answer = attempt(stranger, " LIN ", PASSWORD, next=place)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://localhost:8601{place}"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    me = stranger.get(f"{API}/session").json()
    assert me == {
        "name": "lin", "display": "林", "role": "supervisor", "teams": ["甲班"], "queues": None,
    }  # fmt: skip


def test_whose_password_somebody_else_set_chooses_their_own(
    stranger: TestClient, store: Store
) -> None:
    """After an admin's reset; no session is opened before."""
    reset = reset_password(store, "lin", LOCAL)
    assert store.accounts.user("lin").must_change
    asked = attempt(stranger, "lin", reset)
    assert asked.status_code == 403
    assert "这个密码是别人设的" in asked.text
    assert 'name="again"' in asked.text
    for new, again, said in (
        ("wo ai chi lao gan ma", "wo ai chi", "不一致"),
        ("short", "short", "12 到 128"),
        (reset, reset, "与当前密码相同"),
    ):
        refused = attempt(stranger, "lin", reset, new=new, again=again)
        assert refused.status_code == 422
        assert said in refused.text
        assert SESSION_COOKIE not in stranger.cookies
    mine = "wo ai chi lao gan ma"
    assert attempt(stranger, "lin", "wrong", new=mine, again=mine).status_code == 401
    chosen = attempt(stranger, "lin", reset, new=mine, again=mine, next="/alerts")
    assert chosen.headers["location"] == "http://localhost:8601/alerts"
    assert stranger.get(f"{API}/session").json()["name"] == "lin"
    assert attempt(stranger, "lin", reset).status_code == 401
    assert attempt(stranger, "lin", mine).status_code == 303
    # Who needs no new one changes none by the form.
    other = "nothing that I wanted"
    assert attempt(stranger, "lin", mine, new=other, again=other).status_code == 303
    assert attempt(stranger, "lin", other).status_code == 401


def test_signing_out_ends_the_session(stranger: TestClient, store: Store) -> None:
    attempt(stranger, "lin", PASSWORD)
    token = stranger.cookies[SESSION_COOKIE]
    origin = {"Origin": "http://localhost:8601"}
    assert stranger.delete(f"{API}/session", headers=origin).status_code == 204
    problem(stranger.get(f"{API}/session"), 401)
    bearer = {"Authorization": f"Bearer {token}"}
    problem(stranger.get(f"{API}/session", headers=bearer), 401)
    assert [entry.action for entry in store.audit(2)] == ["sign_out", "sign_in"]


def test_an_unknown_name_is_answered_as_a_wrong_password(stranger: TestClient) -> None:
    wrong, unknown = attempt(stranger, "lin", "wrong"), attempt(stranger, "nil", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text.replace('value="nil"', 'value="lin"')
    assert wrong.headers.keys() == unknown.headers.keys()
    assert SESSION_COOKIE not in stranger.cookies


def test_it_takes_as_long_too(store: Store) -> None:
    expected = passwords.hashed(PASSWORD)
    passwords.is_right("warm", None)

    def seconds(against: str | None) -> float:
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            assert not passwords.is_right("wrong", against)
            taken.append(time.perf_counter() - start)
        return min(taken)

    known, unknown = seconds(expected), seconds(None)
    assert unknown > 0.4 * known > 0.4 * 0.4 * unknown


@pytest.mark.parametrize("name", ["lin", "nobody"])
def test_five_tries_lock_a_name_whether_anybody_has_it(
    stranger: TestClient, store: Store, name: str
) -> None:
    assert [attempt(stranger, name, "wrong").status_code for _ in range(5)] == [401] * 5
    locked = attempt(stranger, name, PASSWORD)
    assert locked.status_code == 403
    assert "已锁定 15 分钟" in locked.text
    assert SESSION_COOKIE not in stranger.cookies
    assert [entry.action for entry in store.audit(1)] == ["lock"]
    with store._writing() as session:  # A quarter of an hour later.
        ago = datetime.now(UTC) - timedelta(minutes=15, seconds=1)
        session.execute(update(SignInTryRow).values(began_at=ago))
    assert attempt(stranger, name, PASSWORD).status_code == (303 if name == "lin" else 401)


def test_tries_at_once_are_counted_one_by_one(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: store.accounts.count_try("lin"), range(12)))
    assert sum(allowed) == 5


def test_the_right_password_forgets_the_wrong_ones(stranger: TestClient) -> None:
    for _ in range(3):
        assert [attempt(stranger, "lin", "wrong").status_code for _ in range(4)] == [401] * 4
        assert attempt(stranger, "lin", PASSWORD).status_code == 303


def test_a_session_that_is_idle_or_old_is_over(
    settings: Settings, store: Store, client: TestClient
) -> None:
    token = session_token(settings, "lin", "viewer")
    bearer = {"Authorization": f"Bearer {token}"}

    def move(**moved: timedelta) -> None:
        values = {name: datetime.now(UTC) - by for name, by in moved.items()}
        with store._writing() as session:
            mine = SessionRow.digest == digest(token)
            session.execute(update(SessionRow).where(mine).values(**values))

    move(seen_at=timedelta(minutes=29))
    assert client.get(f"{API}/session", headers=bearer).status_code == 200
    assert client.get(f"{API}/session", headers=bearer).status_code == 200  # It slid.
    move(seen_at=timedelta(minutes=31))
    problem(client.get(f"{API}/session", headers=bearer), 401)
    move(seen_at=timedelta(), made_at=timedelta(hours=12, minutes=1))
    problem(client.get(f"{API}/session", headers=bearer), 401)


def test_the_settings_say_how_long(tmp_path: object, monitor: EmotionMonitor) -> None:
    given = Settings(data_dir=tmp_path, session_idle_minutes=0.0001)  # type: ignore[arg-type]
    with signed_in(given, monitor) as client:
        time.sleep(0.1)
        problem(client.get(f"{API}/session"), 401)


def test_who_is_disabled_is_out_at_once(settings: Settings, client: TestClient) -> None:
    bearer = {"Authorization": f"Bearer {session_token(settings, 'lin', 'viewer')}"}
    assert client.patch(f"{API}/users/lin", json={"disabled": True}).status_code == 200
    problem(client.get(f"{API}/session", headers=bearer), 401)
    client.patch(f"{API}/users/lin", json={"disabled": False})
    problem(client.get(f"{API}/session", headers=bearer), 401)


def test_ones_own_password(stranger: TestClient) -> None:
    attempt(stranger, "lin", PASSWORD)
    here = {"Authorization": f"Bearer {stranger.cookies[SESSION_COOKIE]}"}
    attempt(stranger, "lin", PASSWORD)
    elsewhere = {"Authorization": f"Bearer {stranger.cookies[SESSION_COOKIE]}"}
    url, new = f"{API}/session/password", "a new one, and long"
    problem(stranger.put(url, json={"old": "wrong", "new": new}, headers=here), 403)
    for bad in ("short", "x" * 129, "aaaaaaaaaaaaaaa", "lin lin lin lin 1"):
        problem(stranger.put(url, json={"old": PASSWORD, "new": bad}, headers=here), 422)
    answer = stranger.put(url, json={"old": PASSWORD, "new": new}, headers=here)
    assert answer.status_code == 204
    assert stranger.get(f"{API}/session", headers=here).status_code == 200
    problem(stranger.get(f"{API}/session", headers=elsewhere), 401)
    stranger.cookies.clear()
    assert attempt(stranger, "lin", PASSWORD).status_code == 401
    assert attempt(stranger, "lin", new).status_code == 303


def test_a_cookie_writes_from_the_sites_own_pages_alone(
    stranger: TestClient, settings: Settings
) -> None:
    stranger.cookies.set(SESSION_COOKIE, session_token(settings), domain="localhost.local")
    stranger.cookies.set(SESSION_COOKIE, session_token(settings))
    url = f"{API}/conversations"
    for origin in ("https://evil.example", "http://localhost:9999", "null"):
        problem(stranger.post(url, json=chat(), headers={"Origin": origin}), 403)
    problem(stranger.post(url, json=chat()), 403)
    for number, origin in enumerate(("http://localhost", "http://localhost:8601")):
        sent = stranger.post(url, json=chat(f"c{number}"), headers={"Origin": origin})
        assert sent.status_code == 201, sent.text


def test_only_the_dashboard_may_read_with_the_cookie(sqlite_client: TestClient) -> None:
    for origin, allowed in (("http://localhost:8601", True), ("http://localhost:9999", False)):
        answer = sqlite_client.get(f"{API}/session", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed
    asked = {"Origin": "http://localhost:8601", "Access-Control-Request-Method": "POST"}
    preflight = sqlite_client.options(f"{API}/conversations", headers=asked)
    assert preflight.headers["access-control-allow-credentials"] == "true"


@given(st.text(max_size=40))
@example("//evil.example")
@example("/\\evil.example")
@example("https://evil.example")
@example("/\n/evil.example")
def test_it_never_leads_to_another_site(place: str) -> None:
    found = inside(place)
    assert found in ("/", place)
    assert found.startswith("/")
    assert found[1:2] not in ("/", "\\")
    assert not set(found) & set("\\\r\n\t\0")


def test_the_first_admin_is_made_once(store: Store) -> None:
    password = first_admin(store)
    assert passwords.is_right(password, store.accounts.user("admin").password)
    assert first_admin(store) == ""
    assert len({passwords.made() for _ in range(100)}) == 100


def test_secrets_are_not_in_the_database(stranger: TestClient, store: Store) -> None:
    attempt(stranger, "lin", PASSWORD)
    attempt(stranger, "my-password-by-mistake", "x")
    secrets = (PASSWORD, stranger.cookies[SESSION_COOKIE], "my-password-by-mistake")
    with store._reading() as session:
        for table in ('"user"', "session", "sign_in_try", "audit"):
            kept = str(session.execute(text(f"SELECT * FROM {table}")).all())
            assert not any(secret in kept for secret in secrets), table
