"""What the wall says of open conversations, on both databases."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.api.sweeper import IdleCloser
from app.settings import Settings
from app.store import LOCAL, Scope, Store
from app.store.alert_tables import AlertRow
from app.store.tables import ConversationRow
from multimodal.errors import NotFoundError
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat, problem, signed_in

ANGRY = {"role": "customer", "text": "等了五天还没发货！！"}
CALM = {"role": "customer", "text": "好的"}
ANSWER = {"role": "agent", "text": "您好", "agent_id": "1007"}


def opened(client: TestClient, external_id: str, *turns: dict[str, Any], **more: Any) -> int:
    """An open conversation with these turns, given one by one."""
    body = chat(external_id, **more) | {"turns": []}
    number = int(client.post(f"{API}/conversations?state=open", json=body).json()["id"])
    for turn in turns:
        answer = client.post(f"{API}/conversations/{number}/turns", json=turn)
        assert answer.status_code == 201, answer.text
    return number


def rows(client: TestClient, **given: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{API}/wall", params=given)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def test_one_row_per_open_conversation_with_what_caused_its_level(client: TestClient) -> None:
    client.post(f"{API}/conversations", json=chat("closed"))
    number = opened(client, "hot", CALM, ANGRY, ANGRY, team="一组", queue="售后",
                    customer_display="138****1234")  # fmt: skip
    (row,) = rows(client)
    assert (row["id"], row["level"], row["view_state"]) == (number, "heated", "anger")
    assert (row["words"], row["turn"], row["start"]) == ("等了五天还没发货！！", 3, None)
    assert (row["team"], row["queue"], row["customer"]) == ("一组", "售后", "138****1234")
    assert row["basis"] == ["text"]
    assert len(row["trend"]) == 3
    assert row["trend"][0] > row["trend"][1]
    assert 0 <= row["level_seconds"] <= row["duration"] < 60


def test_the_worst_comes_first_and_what_is_handled_sinks(client: TestClient) -> None:
    calm = opened(client, "calm", CALM)
    hot = opened(client, "hot", ANGRY, ANGRY)
    watch = opened(client, "watch", CALM, CALM, CALM, ANGRY)
    assert [row["id"] for row in rows(client)] == [hot, watch, calm]
    taken = client.post(f"{API}/conversations/{hot}/handling").json()
    assert taken["handled_by"] == "tester"
    assert [row["id"] for row in rows(client)] == [watch, calm, hot]
    assert client.post(f"{API}/conversations/{hot}/handling").json() == taken
    assert client.delete(f"{API}/conversations/{hot}/handling").json()["handled_by"] == ""
    assert [row["id"] for row in rows(client)] == [hot, watch, calm]
    client.post(f"{API}/conversations/{hot}/close")
    assert [row["id"] for row in rows(client)] == [watch, calm]
    problem(client.post(f"{API}/conversations/{hot}/handling"), 409)
    problem(client.delete(f"{API}/conversations/999/handling"), 404)


def test_time_in_a_level_begins_when_it_changes(store: Store, client: TestClient) -> None:
    number = opened(client, "c", CALM)
    since = store.get(number, Scope("x")).row.level_since
    assert since is not None
    client.post(f"{API}/conversations/{number}/turns", json=CALM)
    assert store.get(number, Scope("x")).row.level_since == since
    for _ in range(2):
        client.post(f"{API}/conversations/{number}/turns", json=ANGRY)
    changed = store.get(number, Scope("x")).row.level_since
    assert changed is not None
    assert changed > since
    later = datetime.now(UTC) + timedelta(seconds=90)
    (found,), _ = store.wall.rows(Scope("x"), limit=9, now=later)
    assert found.urgency.level_seconds == pytest.approx(90, abs=10)
    assert found.duration >= 90


def test_a_customer_waits_until_an_agent_answers(store: Store, client: TestClient) -> None:
    number = opened(client, "c", CALM)
    client.post(f"{API}/conversations/{number}/turns", json=CALM)
    later = datetime.now(UTC) + timedelta(seconds=60)
    (found,), _ = store.wall.rows(Scope("x"), limit=9, now=later)
    assert found.waiting == pytest.approx(60, abs=10)
    client.post(f"{API}/conversations/{number}/turns", json=ANSWER)
    (row,) = rows(client)
    assert row["waiting"] is None
    assert row["agent_id"] == "1007"


def test_what_nobody_closes_times_out(store: Store, client: TestClient) -> None:
    silent = opened(client, "silent")
    forgotten = opened(client, "forgotten", ANGRY)
    now = datetime.now(UTC)
    with Session(store._engine) as session, session.begin():
        for number in (silent, forgotten):
            row = session.get_one(ConversationRow, number)
            row.received_at = now - timedelta(hours=3)
            row.scored_at = row.scored_at and now - timedelta(minutes=121)
    alive = opened(client, "alive", CALM)
    idle = timedelta(hours=2)
    assert store.wall.close_idle(now - idle) == 2
    assert store.wall.close_idle(now - idle) == 0
    assert [row["id"] for row in rows(client)] == [alive]
    told = [event for event in store.events_after(0, LOCAL) if event.kind == "conversation"]
    assert [(one.conversation_id, one.payload["change"]) for one in told[-2:]] == [
        (silent, "timed_out"),
        (forgotten, "timed_out"),
    ]
    problem(client.post(f"{API}/conversations/{forgotten}/turns", json=CALM), 409)
    assert client.get(f"{API}/conversations/{forgotten}").json()["state"] == "closed"


def test_the_service_closes_what_is_idle_by_itself(store: Store, client: TestClient) -> None:
    opened(client, "forgotten", CALM)
    settings = Settings(idle_minutes=1e-4)
    closer = IdleCloser(store, settings, every=0.01)
    closer.start()
    try:
        deadline = time.monotonic() + 10
        while rows(client) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        closer.stop()
    assert rows(client) == []


@pytest.mark.parametrize("began", ["1970-01-01T00:00:00Z", "2999-12-31T23:59:59+14:00"])
def test_a_sources_wrong_clock_changes_no_time_and_no_order(client: TestClient, began: str) -> None:
    """Times of the wall are this machine's; only the order of turns is the source's."""
    hot = opened(client, "right", ANGRY, ANGRY)
    skewed = opened(
        client,
        "skewed",
        {**ANGRY, "start": 50_000.0, "end": 50_001.0},
        {**ANGRY, "start": 3.0, "end": 4.0},
        started_at=began,
        channel="chat",
    )
    found = {row["id"]: row for row in rows(client)}
    assert [row["id"] for row in rows(client)] == [hot, skewed]
    assert 0 <= found[skewed]["level_seconds"] <= found[hot]["level_seconds"] < 60
    assert 0 <= found[skewed]["waiting"] < 60
    assert found[skewed]["repeats"] == 0
    whole = client.get(f"{API}/conversations/{skewed}").json()
    assert [turn["start"] for turn in whole["turns"]] == [3.0, 50_000.0]


def test_who_speaks_for_the_house(client: TestClient) -> None:
    named = {"attributes": {"agent_name": "王芳"}}
    opened(client, "c", ANSWER, CALM, ANSWER | {"agent_id": "1008"} | named)
    (row,) = rows(client)
    assert (row["agent_id"], row["agent_name"]) == ("1008", "王芳")


def test_a_customer_who_comes_back_within_a_week(client: TestClient) -> None:
    now = datetime.now(UTC)
    for days, reference in ((1, "k1"), (6, "k1"), (8, "k1"), (2, "k2"), (2, "")):
        began = (now - timedelta(days=days)).isoformat()
        body = chat(f"{reference}-{days}", customer_ref=reference, started_at=began)
        assert client.post(f"{API}/conversations", json=body).status_code == 201
    opened(client, "again", CALM, customer_ref="k1")
    opened(client, "unknown", CALM)
    found = {row["external_id"]: row["repeats"] for row in rows(client)}
    assert found == {"again": 2, "unknown": 0}


def test_silence_and_overlap_are_those_of_turns_with_times(client: TestClient) -> None:
    opened(client, "chat", CALM)
    (row,) = rows(client)
    assert (row["silence"], row["overlap"]) == (None, None)


def test_a_big_screen_names_nobody(client: TestClient) -> None:
    answer = ANSWER | {"agent_id": "desk-1007"}
    opened(client, "call-4711", ANGRY, ANGRY, answer, team="一组", queue="售后",
           customer_display="138****1234", source="pbx")  # fmt: skip
    shown = client.get(f"{API}/wall", params={"screen": True})
    assert shown.json()["data"][0]["level"] == "heated"
    for secret in ("call-4711", "desk-1007", "138****1234", "五天", "pbx"):
        assert secret not in shown.text


def test_another_team_is_not_there(store: Store, client: TestClient) -> None:
    mine = opened(client, "mine", CALM, team="一组", customer_ref="k")
    other = opened(client, "other", CALM, team="二组", customer_ref="k")
    scope = Scope("lin", teams=frozenset({"一组"}))
    found, count = store.wall.rows(scope, limit=9)
    assert ([one.row.id for one in found], count) == ([mine], 1)
    assert found[0].repeats == 0
    with pytest.raises(NotFoundError):
        store.wall.take(other, scope)


def test_links_are_of_the_settings_templates(settings: Settings, monitor: EmotionMonitor) -> None:
    given = settings.model_copy(
        update={"listen_url": "https://pbx.example/listen?callId={external_id}"}
    )
    with signed_in(given, monitor) as client:
        opened(client, "a&b=<c>", CALM)
        (row,) = rows(client)
    assert row["links"] == {"listen": "https://pbx.example/listen?callId=a%26b%3D%3Cc%3E"}


def test_the_dashboard_alone_may_read_from_a_page(sqlite_client: TestClient) -> None:
    for origin, allowed in (("http://localhost:8601", True), ("http://evil.example", False)):
        answer = sqlite_client.get(f"{API}/wall", headers={"Origin": origin})
        assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_the_most_urgent_are_given_when_there_are_more(client: TestClient) -> None:
    for index in range(3):
        opened(client, f"calm-{index}", CALM)
    hot = opened(client, "hot", ANGRY, ANGRY)
    answer = client.get(f"{API}/wall", params={"limit": 2}).json()
    assert (answer["count"], len(answer["data"]), answer["data"][0]["id"]) == (4, 2, hot)


def alert(store: Store, number: int, severity: str = "critical") -> int:
    """An open alert, as a rule makes it, caused by the first turn."""
    now = datetime.now(UTC)
    with Session(store._engine) as session, session.begin():
        row = AlertRow(
            conversation_id=number, rule_id=None, rule_name="辱骂", rule_name_en="Abuse",
            severity=severity, turn=1, words="什么态度", rules={}, hits=1, opened_at=now, hour=0,
            raised_at=now, acknowledged_by="", acknowledged_at=None, closed_by="", closed_at=None,
            outcome="", comment="",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def test_an_unacknowledged_critical_alert_comes_before_all(
    store: Store, client: TestClient
) -> None:
    worse = opened(client, "worse", ANGRY)
    calm = opened(client, "calm", CALM)
    warned = opened(client, "warned", CALM)
    number = alert(store, calm)
    alert(store, warned, "warning")
    first, second, third = rows(client)
    assert [first["id"], second["id"], third["id"]] == [calm, worse, warned]
    assert first["alert"] == {
        "id": number, "severity": "critical", "rule": "辱骂", "rule_en": "Abuse",
        "acknowledged_by": "",
    }  # fmt: skip
    assert (first["words"], first["turn"]) == ("什么态度", 1)
    client.post(f"{API}/conversations/{calm}/handling")
    assert [row["id"] for row in rows(client)] == [worse, warned, calm]
    assert rows(client)[2]["alert"]["acknowledged_by"] == "tester"
    told = [one.payload["change"] for one in store.events_after(0, Scope("x"), 99)
            if one.kind != "turn"]  # fmt: skip
    assert told[-2:] == ["acknowledged", "handled"]
